import io
import json
import os
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.makers import Maker
from support.metadata import box
from support.pictures import (
    DRAWERS,
    PNG_SIGNATURE,
    draw,
    draw_any,
    draw_jpeg,
    draw_png,
    with_changed_pixels,
    with_segment,
)
from support.studios import make_studio, record_consent, stamped

from provenance import schemas
from provenance.consent.scopes import Scope
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.reading import read_credential
from provenance.errors import InputError
from provenance.picture import read_picture
from provenance.studio import Studio
from provenance.verification import Finding, Question, Report, Verdict, verify_file

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
QUESTION = Question(AT)
ISSUER = "Studio Lümen"

NOTHING = "No credential in this file says where it comes from. That is common and proves nothing."
CHANGED = f"This file is not as it was when {ISSUER} issued its credential. Do not rely on it."
REMOTE = "the file only names a place on the network where its content credentials lie; nothing was fetched"

# Where a file names a place on the network for its credentials (C2PA 2.4, 11.4; XMP part 3, 1.1.3).
REMOTE_XMP = (
    b"http://ns.adobe.com/xap/1.0/\x00"
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/"'
    b' dcterms:provenance="https://credentials.example/picture.c2pa"/></rdf:RDF></x:xmpmeta>'
)


@dataclass(frozen=True)
class World:
    """A studio, and a stamped file of each kind; nothing in it is changed."""

    studio: Studio
    files: Mapping[str, bytes]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("verifier")
    with closing(make_studio(folder / "studio", name=ISSUER)) as studio:
        code = record_consent(studio).code
        files = {
            ending: stamped(studio, draw_any(folder, ending), folder / f"stamped.{ending}", code=code).read_bytes()
            for ending in DRAWERS
        }
        yield World(studio, files)


def verify(path: Path, world: World | None = None, question: Question = QUESTION) -> Report:
    """Verify a file, as somebody who trusts the studio where there is one, and check the report's form."""
    anchors = [] if world is None else [world.studio.anchors()]
    known = [] if world is None else [world.studio.log_key]
    report = verify_file(path, question=question, anchors=anchors, known_logs=known)
    document = json.loads(json.dumps(report.to_json()))
    schemas.validate(document, "verification-report")
    assert (document["file"], document["checked_at"]) == (str(path), "2026-11-24T09:30:00Z")
    assert [finding["step"] for finding in document["findings"]] == sorted(f.step for f in report.findings)
    return report


def written(folder: Path, data: bytes, name: str = "picture.jpg") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def check_unreadable(report: Report, reason: str, *findings: tuple[int, str, str]) -> None:
    """Check that a file could not be checked, and that its report claims nothing else."""
    assert (report.verdict, report.reason) == (Verdict.INDETERMINATE, reason)
    assert (report.credential.code, report.credential.headline) == ("unreadable", "Could not check")
    assert report.credential.sentence == reason
    assert [(f.step, f.code, f.message) for f in report.findings] == list(findings)
    check_claims_nothing(report)
    assert report.consent_then.code == report.consent_now.code == "unknown"


def check_claims_nothing(report: Report) -> None:
    told = [
        (axis.code, axis.headline, axis.sentence)
        for axis in (report.origin, report.ledger, report.history, report.time, report.identity)
    ]
    assert told == [
        ("unknown", "Origin not stated", "Nothing that can be relied on says where the picture comes from."),
        ("absent", "Not in a ledger", "The file names no entry in a public ledger."),
        ("unknown", "History not known", "Nothing that can be relied on says what it was made from."),
        ("none", "Time not stated", "Nothing trustworthy says when it was signed."),
        ("none", "No named actor", "No person or organisation is named beside the issuer."),
    ]
    assert (report.consent_basis, report.label_required) == (None, None)


# --- no file at all


def test_a_file_that_is_not_there_cannot_be_checked(tmp_path: Path) -> None:
    report = verify(tmp_path / "none.jpg")
    check_unreadable(report, "No such file.", (0, "file-missing", "none.jpg: no such file"))


@pytest.mark.parametrize("target", ["none.jpg", "link.jpg"])
def test_a_link_that_leads_nowhere_cannot_be_checked(tmp_path: Path, target: str) -> None:
    link = tmp_path / "link.jpg"
    link.symlink_to(tmp_path / target)
    check_unreadable(verify(link), "No such file.", (0, "file-missing", "link.jpg: no such file"))


def test_a_directory_cannot_be_checked(tmp_path: Path) -> None:
    folder = tmp_path / "folder.jpg"
    folder.mkdir()
    message = "folder.jpg: expected a file, got a directory"
    check_unreadable(verify(folder), "Expected a file, got a directory.", (0, "file-directory", message))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_that_may_not_be_read_cannot_be_checked(tmp_path: Path) -> None:
    path = draw_jpeg(tmp_path / "secret.jpg")
    path.chmod(0)
    message = "secret.jpg: cannot be read: permission denied"
    check_unreadable(verify(path), "Cannot be read: permission denied.", (0, "file-unreadable", message))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    message = "pipe.jpg: expected a regular file"
    check_unreadable(verify(pipe), "Expected a regular file.", (0, "file-special", message))


def test_a_device_without_an_end_is_not_read() -> None:
    message = "zero: expected a regular file"
    check_unreadable(verify(Path("/dev/zero")), "Expected a regular file.", (0, "file-special", message))


def test_a_name_that_no_file_can_have_cannot_be_checked(tmp_path: Path) -> None:
    name = "x" * 300
    message = f"{name}: cannot be read: file name too long"
    check_unreadable(verify(tmp_path / name), "Cannot be read: file name too long.", (0, "file-unreadable", message))


# --- no picture


def test_an_empty_file_cannot_be_checked(tmp_path: Path) -> None:
    report = verify(written(tmp_path, b""))
    check_unreadable(report, "The file is empty.", (0, "file-empty", "picture.jpg: the file is empty"))


@pytest.mark.parametrize(
    "data",
    [
        b"a text that calls itself a picture\n",
        b"%PDF-1.7\n",
        b"RIFF\x04\x00\x00\x00WAVE",
        b"\x00\x00\x00\x14ftypmp42" + bytes(8),
        b"\xff",
        bytes(64),
    ],
)
def test_a_file_of_another_kind_cannot_be_checked_whatever_its_name(tmp_path: Path, data: bytes) -> None:
    message = "picture.jpg: expected a picture, got something else"
    check_unreadable(
        verify(written(tmp_path, data)), "Expected a picture, got something else.", (0, "picture-kind", message)
    )


def test_a_picture_is_one_whatever_its_name(tmp_path: Path, world: World) -> None:
    report = verify(written(tmp_path, world.files["png"], "picture.txt"), world)
    assert (report.credential.code, report.ledger.code) == ("trusted", "proven")


# --- damaged pictures


def test_a_jpeg_that_breaks_off_is_called_damaged_and_not_without_credential(tmp_path: Path) -> None:
    whole = draw_jpeg(tmp_path / "whole.jpg").read_bytes()
    report = verify(written(tmp_path, whole[:-200]))
    damage = f"jpeg at byte {len(whole) - 200}: the file ends before the picture does"
    check_unreadable(report, f"The picture is damaged: {damage}.", (0, "picture-damaged", damage))


@pytest.mark.parametrize("length", [60, -20])
def test_a_png_that_breaks_off_is_called_damaged(tmp_path: Path, length: int) -> None:
    whole = draw_png(tmp_path / "whole.png").read_bytes()
    report = verify(written(tmp_path, whole[:length]))
    assert report.reason.startswith("The picture is damaged: png at byte ")


def test_a_stamped_jpeg_that_breaks_off_is_not_as_it_was_stamped(tmp_path: Path, world: World) -> None:
    whole = world.files["jpg"]
    report = verify(written(tmp_path, whole[:-200]), world)
    assert (report.verdict, report.reason) == (Verdict.FAILED, CHANGED)
    assert report.credential.code == "invalid"
    assert [(f.step, f.code) for f in report.findings] == [(0, "picture-damaged"), (2, "assertion.dataHash.mismatch")]


@pytest.mark.parametrize("ending", sorted(DRAWERS))
@pytest.mark.parametrize("part", [0.02, 0.5, 0.99])
def test_a_stamped_file_that_breaks_off_anywhere_is_never_intact(
    tmp_path: Path, world: World, ending: str, part: float
) -> None:
    whole = world.files[ending]
    report = verify(written(tmp_path, whole[: int(len(whole) * part)]), world)
    assert report.credential.code in ("invalid", "unreadable")
    assert report.verdict is not Verdict.PASSED
    assert report.findings[0].code == "picture-damaged"


@pytest.mark.parametrize("ending", sorted(DRAWERS))
def test_a_stamped_file_whose_pixels_were_changed_is_not_as_it_was_stamped(
    tmp_path: Path, world: World, ending: str
) -> None:
    report = verify(written(tmp_path, with_changed_pixels(world.files[ending])), world)
    assert (report.verdict, report.reason) == (Verdict.FAILED, CHANGED)
    assert report.findings == (
        Finding(2, "assertion.dataHash.mismatch", "the file was changed after it was signed", "c2pa-rs"),
    )


def test_what_an_invalid_credential_says_is_not_shown(tmp_path: Path, world: World) -> None:
    report = verify(written(tmp_path, with_changed_pixels(world.files["jpg"])), world)
    check_claims_nothing(report)
    for axis in (report.consent_then, report.consent_now):
        assert (axis.code, axis.sentence) == ("unknown", "Nothing that can be relied on says anything about consent.")


def claiming(size: int) -> Callable[[bytes], bytes]:
    """Return a change of the size that the first box of a JPEG's manifest store claims."""

    def change(data: bytes) -> bytes:
        start = data.index(b"jumb") - 4
        return data[:start] + struct.pack(">I", size) + data[start + 4 :]

    return change


def inner_claiming(data: bytes) -> bytes:
    start = data.index(b"jumb", data.index(b"jumb") + 4) - 4
    return data[:start] + b"\xff\xff\xff\xf0" + data[start + 4 :]


@pytest.mark.parametrize("change", [claiming(0xFFFFFFFF), claiming(0), claiming(1), claiming(7), inner_claiming])
def test_a_store_that_claims_another_size_is_never_intact(
    tmp_path: Path, world: World, change: Callable[[bytes], bytes]
) -> None:
    report = verify(written(tmp_path, change(world.files["jpg"])), world)
    assert report.credential.code in ("invalid", "unreadable")
    assert report.verdict is not Verdict.PASSED


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("jpeg segment", b"\xff\xd8\xff\xe0\xff\xff"),
        ("jpeg start", b"\xff\xd8\xff"),
        ("png chunk", PNG_SIGNATURE + b"\x7f\xff\xff\xffIHDR" + bytes(32)),
        ("png chunk, negative", PNG_SIGNATURE + b"\xff\xff\xff\xffIHDR" + bytes(32)),
        ("webp file", b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff"),
        ("webp chunk", b"RIFF\x10\x00\x00\x00WEBPVP8 \xff\xff\xff\xff"),
        ("webp of nothing", b"RIFF\x00\x00\x00\x00WEBP"),
        ("gif", b"GIF89a\xff\xff\xff\xff" + bytes(16)),
        ("tiff offset", b"II*\x00\xff\xff\xff\xff"),
        ("tiff count", b"MM\x00*\x00\x00\x00\x08\xff\xff"),
        ("heic box", b"\xff\xff\xff\xffftypheic" + bytes(32)),
        ("heic long box", b"\x00\x00\x00\x01ftypheic" + b"\xff" * 8),
        ("avif inner box", struct.pack(">I", 24) + b"ftypavif" + bytes(12) + b"\xff\xff\xff\xf0meta"),
    ],
)
def test_a_container_that_claims_a_huge_size_cannot_be_checked(tmp_path: Path, name: str, data: bytes) -> None:
    report = verify(written(tmp_path, data, f"{name}.bin"))
    assert (report.verdict, report.credential.code) == (Verdict.INDETERMINATE, "unreadable")
    assert [finding.step for finding in report.findings if finding.code == "credential-unreadable"] in ([], [1])
    check_claims_nothing(report)


def test_a_tiff_that_breaks_off_is_called_damaged(tmp_path: Path) -> None:
    report = verify(written(tmp_path, b"II*\x00\xff\xff\xff\xff", "picture.tiff"))
    damage, unreadable = report.findings
    assert (damage.step, damage.code) == (0, "picture-damaged")
    assert (unreadable.step, unreadable.code, unreadable.source) == (1, "credential-unreadable", "provenance")
    assert unreadable.message.startswith("its content credentials cannot be read: ")
    assert report.reason == "The picture is damaged: tiff at byte 8: the directory lies outside of the file."


# --- pictures without a credential


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF"])
def test_a_picture_without_a_credential_is_told_to_have_none(tmp_path: Path, kind: str) -> None:
    target = io.BytesIO()
    draw().save(target, kind)
    report = verify(written(tmp_path, target.getvalue(), "picture.bin"))
    assert (report.verdict, report.reason) == (Verdict.INDETERMINATE, NOTHING)
    assert (report.credential.code, report.credential.headline) == ("none", "No credential")
    assert report.findings == ()
    check_claims_nothing(report)


def test_a_credential_elsewhere_is_named_and_not_fetched(tmp_path: Path) -> None:
    plain = draw_jpeg(tmp_path / "plain.jpg").read_bytes()
    report = verify(written(tmp_path, with_segment(plain, 0xE1, REMOTE_XMP)))
    assert (report.verdict, report.reason) == (Verdict.INDETERMINATE, f"The{REMOTE[3:]}.")
    assert (report.credential.code, report.credential.headline) == ("remote", "Credential elsewhere")
    assert report.findings == (Finding(1, "remote-credential", REMOTE),)
    check_claims_nothing(report)


# --- pictures with one


@pytest.mark.parametrize("ending", sorted(DRAWERS))
def test_a_stamped_file_is_read_by_whoever_trusts_the_studio(tmp_path: Path, world: World, ending: str) -> None:
    report = verify(written(tmp_path, world.files[ending]), world)
    assert report.credential.code == "trusted"
    assert (report.origin.code, report.history.code, report.ledger.code) == ("camera-declared", "clean", "proven")
    assert (report.time.code, report.identity.code, report.label_required) == ("stated", "none", False)
    assert (report.consent_then.code, report.consent_now.code, report.consent_basis) == (
        "in-force",
        "unknown",
        "sealed",
    )
    assert [finding.code for finding in report.findings] == ["revocation-not-checked"]
    assert report.verdict is Verdict.INDETERMINATE


def consent_of(world: World) -> Any:
    data = world.files["jpg"]
    found = read_credential(data, "image/jpeg", anchors=[], store=read_picture(data).store)
    return found.active_manifest.assertions[CONSENT_LABEL]


def test_a_stamp_in_a_file_that_cannot_be_walked_proves_nothing_of_a_ledger(tmp_path: Path, world: World) -> None:
    target = io.BytesIO()
    draw().save(target, "AVIF")
    borrowed = {"label": CONSENT_LABEL, "data": consent_of(world)}
    sequence = target.getvalue() + box(b"moov", b"")
    report = verify(written(tmp_path, Maker().sign(sequence, "image/avif", assertions=[borrowed])), world)
    assert (report.credential.code, report.ledger.code) == ("valid", "unproven")
    assert report.consent_then.code == "unknown"
    message = "ledger: the picture in this kind of file cannot be compared with the entry"
    assert Finding(8, "malformed-input", message) in report.findings
    assert "picture-damaged" in [finding.code for finding in report.findings]


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("TIFF", "image/tiff"), ("AVIF", "image/avif")],
)
def test_a_consent_that_was_carried_over_to_another_picture_contradicts_the_ledger(
    tmp_path: Path, world: World, kind: str, media_type: str
) -> None:
    target = io.BytesIO()
    draw(seed=7).save(target, kind)
    borrowed = {"label": CONSENT_LABEL, "data": consent_of(world)}
    report = verify(written(tmp_path, Maker().sign(target.getvalue(), media_type, assertions=[borrowed])), world)
    assert (report.verdict, report.ledger.code) == (Verdict.FAILED, "inconsistent")
    assert report.reason == "The ledger proof in this file is wrong. Do not rely on it."
    assert "commitment-mismatch" in [finding.code for finding in report.findings]


def test_a_consent_that_cannot_be_read_proves_nothing_and_links_to_nothing(tmp_path: Path) -> None:
    maker = Maker()
    plain = draw_jpeg(tmp_path / "plain.jpg").read_bytes()
    path = written(tmp_path, maker.sign(plain, assertions=[{"label": CONSENT_LABEL, "data": {"v": 1}}]))
    report = verify_file(path, question=QUESTION, anchors=[maker.anchors])
    assert (report.verdict, report.credential.code, report.ledger.code) == (
        Verdict.INDETERMINATE,
        "trusted",
        "unproven",
    )
    assert (report.consent_then.code, report.consent_now.code, report.consent_basis) == (
        "not-linked",
        "not-linked",
        None,
    )


def test_a_named_actor_in_a_form_of_its_own_is_told_not_to_have_been_checked(tmp_path: Path) -> None:
    plain = draw_jpeg(tmp_path / "plain.jpg").read_bytes()
    named = {"label": "cawg.identity.example", "data": {"name": "Zoë Ångström"}}
    report = verify(written(tmp_path, Maker().sign(plain, assertions=[named])))
    assert report.credential.code == "valid"
    assert (report.identity.code, report.identity.headline, report.identity.sentence) == (
        "not-checked",
        "Named actor not checked",
        "Somebody is named in a way that this version does not check.",
    )


def test_the_findings_stand_in_the_order_of_the_steps(tmp_path: Path, world: World) -> None:
    # A stranger's picture with a consent that is not theirs, opened from one without a credential.
    plain = draw_jpeg(tmp_path / "plain.jpg", seed=3).read_bytes()
    borrowed = {"label": CONSENT_LABEL, "data": consent_of(world)}
    report = verify(written(tmp_path, Maker().sign(plain, assertions=[borrowed], parent=True)), world)
    assert [finding.step for finding in report.findings] == [3, 8]
    assert report.history.code == "unknown"


# --- the document

AXIS = ["code", "headline", "sentence"]
KEYS = [
    "schema",
    "file",
    "sha256",
    "checked_at",
    "verdict",
    "reason",
    "credential",
    "origin",
    "consent",
    "ledger",
    "history",
    "chain",
    "time",
    "identity",
    "label_required",
    "findings",
]
FULL = {
    "credential": [*AXIS, "issuer", "certificate", "generator", "trust_list"],
    "origin": [*AXIS, "stated_by", "edited", "signals"],
    "ledger": [*AXIS, "log", "entry"],
    "history": AXIS,
    "time": [*AXIS, "at"],
    "identity": AXIS,
}
NONE = {"credential": AXIS, "origin": AXIS, "ledger": AXIS, "history": AXIS, "time": [*AXIS, "at"], "identity": AXIS}


def check_keys(report: Report, axes: Mapping[str, Sequence[str]], then: Sequence[str], now: Sequence[str]) -> None:
    document: Any = report.to_json()
    assert list(document) == KEYS
    assert {name: list(document[name]) for name in axes} == axes
    assert list(document["consent"]) == ["then", "now", "basis"]
    assert (list(document["consent"]["then"]), list(document["consent"]["now"])) == (then, now)
    for finding in document["findings"]:
        assert list(finding) == ["step", "code", "message", "source"]


def test_the_document_of_a_stamped_file_has_the_keys_that_programs_know(tmp_path: Path, world: World) -> None:
    report = verify(written(tmp_path, world.files["jpg"]), world)
    check_keys(report, FULL, [*AXIS, "scopes", "assurance"], [*AXIS, "since"])


def test_the_document_of_any_other_file_has_them_too(tmp_path: Path, world: World) -> None:
    check_keys(verify(tmp_path / "none.jpg"), NONE, AXIS, AXIS)
    check_keys(verify(draw_jpeg(tmp_path / "plain.jpg")), NONE, AXIS, AXIS)
    changed = verify(written(tmp_path, with_changed_pixels(world.files["jpg"])), world)
    check_keys(changed, {**NONE, "credential": FULL["credential"]}, AXIS, AXIS)


def test_a_document_that_says_more_does_not_fit_the_schema(tmp_path: Path) -> None:
    document = {**verify(tmp_path / "none.jpg").to_json(), "confidence": 99}
    with pytest.raises(InputError, match="'confidence' was unexpected"):
        schemas.validate(document, "verification-report")


def test_the_question_is_not_the_answer(tmp_path: Path) -> None:
    path = draw_jpeg(tmp_path / "plain.jpg")
    asked = verify(path, question=Question(AT, Scope.PUBLISH_WEB, "DE"))
    assert asked == verify(path)


def test_a_picture_of_one_pixel_can_be_checked(tmp_path: Path) -> None:
    target = io.BytesIO()
    Image.new("RGB", (1, 1)).save(target, "PNG")
    assert verify(written(tmp_path, target.getvalue())).credential.code == "none"
