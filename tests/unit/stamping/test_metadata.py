"""What stamping writes into the metadata of a picture, what it takes out, and what it leaves alone."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.makers import Maker
from support.metadata import EXIF_INTO, encoded, tiff, xmp
from support.pictures import XMP_HEADER, draw_any, with_segment
from support.studios import make_studio, open_keys, record_consent, verify

from provenance.consent.derived import HANDLE_URN, PLUS
from provenance.credentials.labels import METADATA_LABEL
from provenance.credentials.manifest import Declaration, Tool
from provenance.credentials.origin import DIGITAL_CAPTURE, TRAINED_MEDIA
from provenance.credentials.reading import read_credential
from provenance.evidence.xmp import read_xmp
from provenance.picture import BlockKind, read_metadata, read_picture
from provenance.picture.location import find_location
from provenance.picture.properties import PictureProperties
from provenance.stamping import Stamper, StampRequest, StampResult
from provenance.stamping.metadata import prepare_metadata, state_properties
from provenance.studio import Studio, StudioStampDesk
from provenance.verification.report import Verdict

COMPUTATIONAL = "http://cv.iptc.org/newscodes/digitalsourcetype/computationalCapture"
SOURCE_TYPE = "xmp:Iptc4xmpExt:DigitalSourceType"
EXIF = tiff({0x010F: "Maker", 0x0110: "Camera"}, {0xA431: "4001234"}, gps={1: "N", 2: (48, 1)})
ONE = PictureProperties(digital_source_type=DIGITAL_CAPTURE)
MIXED = PictureProperties(data_mining=f"{PLUS}DMI-PROHIBITED-SEECONSTRAINT", other_constraints="no AI training")


def said(data: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for block in read_metadata(data):
        if block.kind is BlockKind.XMP:
            for field in read_xmp(block.data, "here"):
                found.setdefault(field.name, []).append(field.value)
    return found


def jpeg(packet: bytes) -> bytes:
    return with_segment(encoded("JPEG"), 0xE1, XMP_HEADER + packet)


# --- what is said


def test_ai_that_made_a_picture_is_named_and_a_camera_is_not() -> None:
    tool = Tool("Portrait Maker", "2")
    generated = state_properties(Declaration.AI_GENERATED, tool=tool, consent=None, handles=())
    assert generated == PictureProperties(
        digital_source_type=TRAINED_MEDIA,
        model_release_status=f"{PLUS}MR-NAP",
        ai_system="Portrait Maker",
        ai_system_version="2",
    )
    consent = PictureProperties(model_release_status=f"{PLUS}MR-LMR")
    captured = state_properties(Declaration.CAMERA, tool=tool, consent=consent, handles=[bytes(32)])
    assert captured == PictureProperties(
        digital_source_type=DIGITAL_CAPTURE,
        model_release_status=f"{PLUS}MR-LMR",
        model_release_ids=(f"{HANDLE_URN}{'A' * 43}",),
    )


def test_the_name_of_a_tool_without_end_is_cut() -> None:
    stated = state_properties(Declaration.AI_GENERATED, tool=Tool("a" * 900, "b" * 900), consent=None, handles=())
    assert (stated.ai_system, stated.ai_system_version) == ("a" * 500, "b" * 500)


# --- what stays


def test_what_the_file_says_of_its_source_stays() -> None:
    data = jpeg(xmp(("Iptc4xmpExt:DigitalSourceType", COMPUTATIONAL)))
    prepared = prepare_metadata(data, ONE, has_credentials=False, strip=False)
    assert (prepared.data, prepared.properties) == (data, PictureProperties())


def test_constraints_that_the_file_states_stay_and_no_code_refers_to_them() -> None:
    first = prepare_metadata(encoded("JPEG"), MIXED, has_credentials=False, strip=False).data
    prepared = prepare_metadata(first, MIXED, has_credentials=False, strip=False)
    assert (prepared.data, prepared.properties) == (first, PictureProperties())


def test_a_packet_that_cannot_be_edited_stays() -> None:
    data = jpeg(b"<a>")
    assert prepare_metadata(data, ONE, has_credentials=False, strip=False).data == data


def test_a_picture_with_credentials_keeps_its_metadata() -> None:
    data = Maker().sign(encoded("JPEG"))
    prepared = prepare_metadata(data, MIXED, has_credentials=True, strip=False)
    assert (prepared.data, prepared.properties) == (data, MIXED)
    assert prepare_metadata(data, ONE, has_credentials=True, strip=False).properties == PictureProperties()


# --- stamps


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio")) as made:
        yield made


@pytest.fixture
def code(studio: Studio) -> str:
    return record_consent(studio).code


def stamp(
    studio: Studio, source: Path, code: str, *, strip: bool = False, to: Path | None = None, why: str | None = None
) -> StampResult:
    keys = open_keys(studio)
    destination = to or source.with_name(f"stamped-{source.name}")
    request = StampRequest(source, destination, Declaration.CAMERA, (code,), confirmation=why, strip_location=strip)
    (result,) = Stamper(StudioStampDesk(keys), signer=keys.claim_signer()).stamp([request])
    return result


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_xmp_and_an_assertion_say_what_the_stamp_says(studio: Studio, code: str, tmp_path: Path, ending: str) -> None:
    source = draw_any(tmp_path, ending)
    result = stamp(studio, source, code)
    assert result.destination is not None
    data = result.destination.read_bytes()
    found = said(data)
    assert found[SOURCE_TYPE] == [DIGITAL_CAPTURE]
    assert found["xmp:{http://ns.useplus.org/ldf/xmp/1.0/}ModelReleaseStatus"] == [f"{PLUS}MR-LMR"]
    picture = read_picture(data)
    assert picture.digest == read_picture(source.read_bytes()).digest
    active = read_credential(data, picture.format.media_type, anchors=[], store=picture.store).active_manifest
    stated = active.assertions[METADATA_LABEL]
    assert METADATA_LABEL not in active.created
    assert stated["Iptc4xmpExt:DigitalSourceType"] == DIGITAL_CAPTURE
    (release,) = stated["plus:ModelReleaseID"]
    assert found["xmp:{http://ns.useplus.org/ldf/xmp/1.0/}ModelReleaseID"] == [release]
    assert release.startswith(HANDLE_URN)
    assert verify(studio, result.destination).verdict is Verdict.PASSED


def test_a_place_is_told_and_taken_out_when_asked(studio: Studio, code: str, tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(EXIF_INTO["JPEG"](EXIF) + b"behind")
    kept = stamp(studio, source, code)
    assert (kept.outcome, kept.located, kept.removed, kept.unread) == ("stamped", True, (), ())
    refused = stamp(studio, source, code, strip=True)
    assert (refused.outcome, refused.code) == ("refused", "output-exists")
    stripped = stamp(studio, source, code, strip=True, to=tmp_path / "b.jpg")
    assert (stripped.outcome, stripped.located, len(stripped.unread)) == ("stamped", False, 1)
    assert {datum.name for datum in stripped.removed} == {"exif:GPS", "exif:BodySerialNumber"}
    assert find_location((tmp_path / "b.jpg").read_bytes()) == ()
    assert b"4001234" not in (tmp_path / "b.jpg").read_bytes()
    assert stripped.to_json()["location"] == {
        "present": False,
        "removed": [{"where": datum.place, "name": datum.name} for datum in stripped.removed],
        "unread": list(stripped.unread),
    }
    assert stamp(studio, source, code, strip=True, to=tmp_path / "b.jpg").outcome == "already-stamped"


def test_nothing_is_taken_out_of_a_stamped_picture(studio: Studio, code: str, tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(EXIF_INTO["JPEG"](EXIF))
    assert stamp(studio, source, code, to=source).outcome == "stamped"
    before = source.read_bytes()
    result = stamp(studio, source, code, strip=True, to=source)
    assert (result.outcome, result.code) == ("refused", "picture-sealed")
    assert source.read_bytes() == before
    assert stamp(studio, source, code, to=source).outcome == "already-stamped"


def test_what_cannot_be_looked_through_is_not_stamped_where_something_was_to_go(
    studio: Studio, code: str, tmp_path: Path
) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(with_segment(encoded("JPEG"), 0xE1, b"http://ns.adobe.com/xmp/extension/\x00" + bytes(39)))
    result = stamp(studio, source, code, strip=True, why="noise only")
    assert (result.outcome, result.code) == ("failed", "picture-damaged")
    assert not source.with_name("stamped-a.jpg").exists()
