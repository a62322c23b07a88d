"""A stamped picture of which only texts were changed: its old manifest becomes the parent; the picture is the same."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import encypher_c2pa
import pytest
from support.pictures import (
    draw_any,
    draw_jpeg,
    jpeg_segment,
    png_chunk,
    riff_chunk,
    with_changed_pixels,
    with_png_chunk,
    with_riff_chunk,
    with_segment,
)
from support.studios import FixedClock, make_studio, record_consent, stamp_file, stamped, verify

from provenance.credentials.manifest import Declaration
from provenance.credentials.origin import Origin
from provenance.credentials.reading import read_credential
from provenance.picture import read_picture
from provenance.stamping import Making, StampResult
from provenance.stamping.edits import parse_edits
from provenance.studio import Studio
from provenance.verification.report import CredentialCode, HistoryCode, Verdict

CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "jpg": lambda data: with_segment(data, 0xFE, b"a caption"),
    "png": lambda data: with_png_chunk(data, png_chunk(b"tEXt", b"Description\0a caption")),
    "webp": lambda data: with_riff_chunk(data, riff_chunk(b"note", b"a caption")),
}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def code(studio: Studio) -> str:
    return record_consent(studio).code


def restamp(
    studio: Studio, source: Path, destination: Path, code: str, parent: Path, *, edits: str = "metadata"
) -> StampResult:
    making = Making(parent=parent, edits=parse_edits(edits))
    return stamp_file(studio, source, destination, declaration=Declaration.DERIVATIVE, code=code, making=making)


@pytest.mark.parametrize("ending", CHANGES)
def test_a_changed_caption_is_stamped_on_top_of_the_stamp(
    studio: Studio, code: str, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCYPHER_C2PA_CONFIG_DIR", str(tmp_path / "preferences"))
    monkeypatch.setenv("ENCYPHER_C2PA_TELEMETRY", "off")
    monkeypatch.setenv("ENCYPHER_C2PA_ONLINE", "off")
    before = stamped(studio, draw_any(tmp_path, ending), tmp_path / f"before.{ending}", code=code)
    changed = tmp_path / f"changed.{ending}"
    changed.write_bytes(CHANGES[ending](before.read_bytes()))
    assert verify(studio, changed).credential.code == CredentialCode.TEXT_EDITED
    result = restamp(studio, changed, changed, code, before)
    assert (result.outcome, result.message) == ("stamped", None)
    data = changed.read_bytes()
    assert b"a caption" in data
    report = verify(studio, changed)
    assert (report.verdict, report.origin.code) == (Verdict.PASSED, Origin.CAMERA_DECLARED)
    assert report.history.code == HistoryCode.CLEAN
    picture, old = read_picture(data), read_picture(before.read_bytes())
    assert picture.digest == old.digest
    anchors = [studio.anchors()]
    credential = read_credential(data, picture.format.media_type, anchors=anchors, store=picture.store)
    earlier = read_credential(before.read_bytes(), picture.format.media_type, anchors=anchors, store=old.store)
    # The old manifest is there once, as the parent.
    assert set(credential.manifests) == {credential.active, earlier.active}
    actions = credential.active_manifest.assertions["c2pa.actions.v2"]["actions"]
    assert [action["action"] for action in actions] == ["c2pa.opened", "c2pa.edited.metadata"]
    elsewhere = encypher_c2pa.verify(
        data,
        mime_type=picture.format.media_type,
        trust_pem=studio.anchors().pem,
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    assert (elsewhere["validation_state"], elsewhere["validation_results"]["failure"]) == ("Trusted", [])
    assert restamp(studio, changed, changed, code, before).outcome == "already-stamped"


def test_a_picture_whose_credentials_were_cut_off_is_stamped_likewise(
    studio: Studio, code: str, tmp_path: Path
) -> None:
    source = draw_jpeg(tmp_path / "a.jpg")
    before = stamped(studio, source, tmp_path / "b.jpg", code=code)
    bare = tmp_path / "bare.jpg"
    bare.write_bytes(with_segment(source.read_bytes(), 0xFE, b"a caption"))
    assert restamp(studio, bare, tmp_path / "c.jpg", code, before).outcome == "stamped"
    assert verify(studio, tmp_path / "c.jpg").verdict is Verdict.PASSED


def test_what_was_not_changed_is_refused(studio: Studio, code: str, tmp_path: Path) -> None:
    before = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=code)
    result = restamp(studio, before, tmp_path / "c.jpg", code, before)
    assert (result.outcome, result.code) == ("refused", "unchanged")
    assert result.message == "nothing was changed since it was stamped"


def test_another_picture_is_refused(studio: Studio, code: str, tmp_path: Path) -> None:
    before = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=code)
    other = tmp_path / "other.jpg"
    other.write_bytes(with_changed_pixels(before.read_bytes()))
    result = restamp(studio, other, tmp_path / "c.jpg", code, before)
    assert (result.outcome, result.code) == ("refused", "source-differs")
    assert result.message == (
        "parent b.jpg: it shows another picture than the one that is to be stamped, of which only texts were changed"
    )
    assert result.hint == "name the stamped picture with the same pixels; a smaller copy is made with provenance derive"


def test_a_parent_that_is_changed_itself_is_refused(studio: Studio, code: str, tmp_path: Path) -> None:
    before = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=code)
    changed = tmp_path / "changed.jpg"
    changed.write_bytes(with_segment(before.read_bytes(), 0xFE, b"a caption"))
    result = restamp(studio, changed, tmp_path / "c.jpg", code, changed)
    assert (result.outcome, result.code) == ("refused", "parent-damaged")


def test_the_credentials_of_another_picture_are_not_taken_for_the_parents(
    studio: Studio, code: str, tmp_path: Path
) -> None:
    before = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=code)
    again = stamped(studio, tmp_path / "a.jpg", tmp_path / "again.jpg", code=code, tool="Camera/1")
    changed = tmp_path / "changed.jpg"
    changed.write_bytes(with_segment(again.read_bytes(), 0xFE, b"a caption"))
    result = restamp(studio, changed, tmp_path / "c.jpg", code, before)
    assert (result.outcome, result.code) == ("refused", "parent-second")


def test_texts_that_say_that_ai_made_it_are_refused_on_a_photograph(studio: Studio, code: str, tmp_path: Path) -> None:
    before = stamped(studio, draw_any(tmp_path, "png"), tmp_path / "before.png", code=code)
    changed = tmp_path / "changed.png"
    job = b"Description\0Job ID: 0f5a1c2e-3b4d-4e5f-8a6b-7c8d9e0f1a2b"
    changed.write_bytes(with_png_chunk(before.read_bytes(), png_chunk(b"tEXt", job)))
    result = restamp(studio, changed, tmp_path / "c.png", code, before)
    assert (result.outcome, result.code) == ("refused", "evidence-contradicts")


def test_a_caption_and_a_size_make_another_picture(studio: Studio, code: str, tmp_path: Path) -> None:
    before = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=code)
    small = draw_jpeg(tmp_path / "small.jpg", size=(100, 150))
    small.write_bytes(small.read_bytes()[:2] + jpeg_segment(0xFE, b"a caption") + small.read_bytes()[2:])
    assert restamp(studio, small, tmp_path / "c.jpg", code, before, edits="resize,metadata").outcome == "stamped"
