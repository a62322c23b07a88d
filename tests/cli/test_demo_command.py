"""`provenance demo`."""

from pathlib import Path

import pytest
from support.commands import Terminal
from support.examples import EXAMPLES
from support.pictures import draw_any, draw_jpeg, with_changed_pixels
from support.shared import shared
from support.workshops import Workshop

from provenance.picture import PictureFormat

TITLES = [
    "1. A studio",
    "2. A consent",
    "3. A stamp",
    "4. A check",
    "5. A refusal",
    "6. An AI picture",
    "7. A forgery",
    "8. A withdrawal",
    "9. The ledger",
]
LAST = "Nothing was kept. Add --keep DIR to look at the files yourself."
WHOLE = "     whole: 6 entries, 5 checkpoints, and nobody's name in any of them"


def check_story(out: str) -> None:
    """Check that the whole story was told, and that each verdict was the one that it should be."""
    lines = out.splitlines()
    assert [line for line in lines if line[:2].rstrip(".").isdecimal()] == TITLES
    verdicts = [line.split()[0] for line in lines if line.startswith(("  PASSED", "  FAILED", "  INDETERMINATE"))]
    assert verdicts == ["PASSED", "PASSED", "FAILED", "FAILED"]
    assert WHOLE in lines


def test_the_whole_job_is_shown_and_nothing_is_kept(
    terminal: Terminal, nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    ran = terminal("demo")
    assert (ran.code, ran.err) == (0, "")
    check_story(ran.out)
    assert " ".join(ran.out.split()).endswith(LAST)
    assert sorted(tmp_path.iterdir()) == before
    assert list(nowhere.iterdir()) == []


def test_everything_is_kept_in_a_folder_and_can_be_looked_at(terminal: Terminal, nowhere: Path) -> None:
    ran = terminal("demo", "--keep", "deep/er")
    assert (ran.code, ran.err) == (0, "")
    check_story(ran.out)
    last = "Everything is kept in deep/er: look around with provenance ledger show --studio deep/er"
    assert " ".join(ran.out.split()).endswith(last)
    terminal("ledger", "audit", "--studio", "deep/er").says(
        0, "The ledger <log> is whole: 6 entries rehashed, 5 checkpoints compared.\n"
    )
    codes = {
        name: terminal("verify", f"deep/er/{name}", "--studio", "deep/er").code
        for name in ("stamped/photo.jpg", "stamped/generated.jpg", "forged.jpg", "photo.jpg")
    }
    assert codes == {"stamped/photo.jpg": 1, "stamped/generated.jpg": 0, "forged.jpg": 1, "photo.jpg": 3}


def test_an_empty_folder_is_taken(terminal: Terminal, nowhere: Path) -> None:
    (nowhere / "empty").mkdir()
    assert terminal("demo", "--keep", "empty").code == 0


def test_a_folder_with_something_in_it_is_refused_and_left_alone(terminal: Terminal, nowhere: Path) -> None:
    (nowhere / "full").mkdir()
    (nowhere / "full" / "mine").write_text("mine")
    terminal("demo", "--keep", "full").refuses(1, "full: expected a new or empty folder", "name another one")
    assert [path.name for path in nowhere.rglob("*")] == ["full", "mine"]


@pytest.mark.parametrize("keep", ["file", "file/folder"])
def test_a_file_is_no_folder_to_keep_things_in(terminal: Terminal, nowhere: Path, keep: str) -> None:
    (nowhere / "file").write_text("mine")
    ran = terminal("demo", "--keep", keep)
    ran.refuses(3, f"{Path(keep).name}: not a directory")
    assert (nowhere / "file").read_text() == "mine"


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_the_job_is_shown_with_a_photograph_of_ones_own(terminal: Terminal, nowhere: Path, ending: str) -> None:
    photo = draw_any(nowhere, ending)
    before = photo.read_bytes()
    ran = terminal("demo", "--photo", photo.name, "--keep", "kept")
    assert (ran.code, ran.err) == (0, "")
    check_story(ran.out)
    assert "(your photograph)" in " ".join(ran.out.split())
    assert photo.read_bytes() == before
    assert (nowhere / "kept" / "stamped" / f"photo.{ending}").is_file()


def test_the_job_is_shown_with_a_photograph_from_a_camera(terminal: Terminal, nowhere: Path) -> None:
    ran = terminal("demo", "--photo", shared("photos", "cameras", "HMD_Nokia_8.3_5G.jpg"))
    assert (ran.code, ran.err) == (0, "")
    check_story(ran.out)


@pytest.mark.parametrize("kind", [PictureFormat.PNG, PictureFormat.WEBP, PictureFormat.TIFF, PictureFormat.AVIF])
def test_the_job_is_shown_with_a_photograph_of_another_kind(
    terminal: Terminal, nowhere: Path, kind: PictureFormat
) -> None:
    (nowhere / "photo").write_bytes(EXAMPLES[kind])
    ran = terminal("demo", "--photo", "photo")
    assert (ran.code, ran.err) == (0, "")
    check_story(ran.out)


def test_a_photograph_that_was_stamped_already_can_be_shown_too(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("demo", "--photo", "stamped/portrait.jpg")
    assert (ran.code, ran.err) == (0, "")
    check_story(ran.out)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("none.jpg", "none.jpg: no such file", None),
        (".", ".: expected a file, got a directory", None),
        (
            "provenance.toml",
            "picture: expected a jpeg, png, webp, tiff, dng, avif, heic or heif file, got something else",
            "export the picture as jpeg, png or webp",
        ),
    ],
)
def test_what_is_no_photograph_is_told(
    terminal: Terminal, workshop: Workshop, name: str, message: str, hint: str | None
) -> None:
    terminal("demo", "--photo", name).refuses(3, message, hint)


def test_a_photograph_that_breaks_off_is_told(terminal: Terminal, nowhere: Path) -> None:
    whole = draw_jpeg(nowhere / "photo.jpg").read_bytes()
    (nowhere / "photo.jpg").write_bytes(whole[:-100])
    hint = "export or download the picture again"
    message = f"jpeg at byte {len(whole) - 100}: the file ends before the picture does"
    terminal("demo", "--photo", "photo.jpg", "--keep", "kept").refuses(3, message, hint)


def test_a_photograph_that_cannot_be_stamped_ends_the_story(terminal: Terminal, workshop: Workshop) -> None:
    Path("changed.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    ran = terminal("demo", "--photo", "changed.jpg")
    assert ran.code == 1
    assert "     refused: its content credentials do not verify: assertion.dataHash.mismatch\n" in ran.out
    expected = "demonstration: this photograph cannot be stamped\nhint: try another photograph\n"
    assert ran.err == f"provenance: error: {expected}"


def test_the_story_fits_a_narrow_terminal(terminal: Terminal, nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = terminal("demo").out.splitlines()
    assert [line for line in lines if len(line) > 40 and " " in line.strip()] == []
