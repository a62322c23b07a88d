from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.metadata import png_text, with_exif
from support.pictures import DRAWERS, draw_any, draw_jpeg, jpeg_segment, with_changed_pixels, with_png_chunk
from support.studios import make_studio, open_keys, record_consent, stamped, verify

from provenance.studio import ConsentDesk, Studio
from provenance.verification import Question, Report, Verdict, verify_file

HEADLINE = "Picture data unchanged, details edited"
SENTENCE = (
    "The picture data are those that Studio Lumen stamped; its text, colour profile or orientation may have been "
    "edited since."
)
NOT_CONFIRMED = " It cannot be confirmed who Studio Lumen is."

Change = Callable[[bytes], bytes]


@dataclass
class World:
    studio: Studio
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("text-edits")
    with closing(make_studio(folder / "studio", name="Studio Lumen")) as studio:
        code = record_consent(studio).code
        files = {}
        for ending in sorted(DRAWERS):
            source = draw_any(folder, ending)
            files[ending] = stamped(studio, source, folder / f"stamped.{ending}", code=code).read_bytes()
        yield World(studio, files)


def caption(data: bytes) -> bytes:
    """Put a comment behind the first marker, as an editor does that does not know of credentials."""
    return data[:2] + jpeg_segment(0xFE, b"Zoe at the harbour") + data[2:]


def exif(data: bytes) -> bytes:
    return with_exif(data, {0x010E: "Zoe at the harbour"})


def trailer(data: bytes) -> bytes:
    return data + b"something else"


def png_caption(data: bytes) -> bytes:
    return with_png_chunk(data, png_text("Description", b"Zoe at the harbour"))


EDITS = [("jpg", caption), ("jpg", exif), ("jpg", trailer), ("png", png_caption)]


def check(world: World, tmp_path: Path, data: bytes) -> Report:
    path = tmp_path / "edited"
    path.write_bytes(data)
    return verify(world.studio, path)


def codes(report: Report) -> set[tuple[int, str]]:
    return {(finding.step, finding.code) for finding in report.findings}


@pytest.mark.parametrize(("ending", "edit"), EDITS)
def test_a_picture_whose_text_was_edited_is_still_the_one_that_was_stamped(
    world: World, tmp_path: Path, ending: str, edit: Change
) -> None:
    report = check(world, tmp_path, edit(world.files[ending]))
    axis = report.credential
    assert (axis.code, axis.headline, axis.sentence) == ("text-edited", HEADLINE, SENTENCE)
    assert axis.facts["recognised"] is True
    assert (report.verdict, report.reason) == (Verdict.INDETERMINATE, SENTENCE)
    assert report.origin.code == "camera-declared"
    assert (report.ledger.code, report.consent_then.code, report.consent_now.code) == ("proven", "in-force", "in-force")
    assert codes(report) == {
        (2, "assertion.dataHash.mismatch"),
        (2, "picture-proven"),
        (3, "revocation-not-checked"),
    }


def test_who_stamped_it_is_not_confirmed_to_those_who_do_not_know_the_studio(world: World, tmp_path: Path) -> None:
    path = tmp_path / "edited.jpg"
    path.write_bytes(caption(world.files["jpg"]))
    report = verify_file(path, question=Question(world.studio.clock.now()))
    assert (report.credential.code, report.credential.facts["recognised"]) == ("text-edited", False)
    assert (report.verdict, report.reason) == (Verdict.INDETERMINATE, SENTENCE + NOT_CONFIRMED)


@pytest.mark.parametrize("ending", sorted(DRAWERS))
def test_changed_pixels_are_no_edited_text(world: World, tmp_path: Path, ending: str) -> None:
    report = check(world, tmp_path, with_changed_pixels(world.files[ending]))
    assert (report.verdict, report.credential.code) == (Verdict.FAILED, "invalid")
    assert report.ledger.code == "absent"
    assert codes(report) == {(2, "assertion.dataHash.mismatch")}


def test_a_credential_put_on_another_picture_proves_nothing(world: World, tmp_path: Path) -> None:
    stamp, other = world.files["jpg"], draw_jpeg(tmp_path / "other.jpg", seed=9).read_bytes()
    start = stamp.index(b"\xff\xeb")
    end = start
    while stamp[end : end + 2] == b"\xff\xeb":
        end += 2 + int.from_bytes(stamp[end + 2 : end + 4], "big")
    report = check(world, tmp_path, other[:2] + stamp[start:end] + other[2:])
    assert (report.verdict, report.credential.code) == (Verdict.FAILED, "invalid")


@pytest.mark.parametrize("name", [b"handles", b"digitalCapture", b"stamped_at"])
def test_an_altered_credential_is_no_edited_text(world: World, tmp_path: Path, name: bytes) -> None:
    data = world.files["jpg"]
    at = data.find(name)
    assert at > 0
    altered = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    report = check(world, tmp_path, caption(altered))
    assert (report.verdict, report.credential.code) == (Verdict.FAILED, "invalid")


def test_a_withdrawal_reaches_a_picture_whose_text_was_edited(tmp_path: Path) -> None:
    with closing(make_studio(tmp_path / "studio", name="Studio Lumen")) as studio:
        recorded = record_consent(studio)
        path = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=recorded.code)
        ConsentDesk(studio, open_keys(studio)).withdraw(recorded, scopes=None, proof="studio")
        path.write_bytes(caption(path.read_bytes()))
        report = verify(studio, path)
    assert (report.credential.code, report.consent_now.code, report.verdict) == (
        "text-edited",
        "withdrawn",
        Verdict.FAILED,
    )


def test_where_the_studio_has_another_log_the_file_counts_as_changed(world: World, tmp_path: Path) -> None:
    path = tmp_path / "edited.jpg"
    path.write_bytes(caption(world.files["jpg"]))
    anchors = [replace(world.studio.anchors(), logs=("log.example/other",))]
    report = verify_file(path, question=Question(world.studio.clock.now()), anchors=anchors)
    assert (report.verdict, report.credential.code) == (Verdict.FAILED, "invalid")
