"""`provenance studio fingerprints`, and stamping with it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from support.commands import Terminal
from support.workshops import Workshop

from provenance.storage import sqlite

SAID = "They are personal data: say in your notice that you keep them. `provenance erase` destroys them, too.\n"
HINT = "pip install 'headshot-provenance[recovery]'"
MISSING = "recovery: needs the library not_there_at_all, which is not installed"


def test_a_studio_keeps_none_until_it_asks(terminal: Terminal, workshop: Workshop) -> None:
    terminal("studio", "fingerprints").says(0, "No fingerprints are kept.\n")
    none_yet = "Fingerprints are kept of the pictures that you stamp: 0 fingerprints so far.\n"
    terminal("studio", "fingerprints", "keep").says(0, none_yet, SAID)
    assert Path("provenance.toml").read_text().endswith("\n[recovery]\nfingerprints = true\n")
    stamp: list[str | Path] = ["stamp", workshop.picture, "--as", "camera", "--consent", workshop.code, "-o", "out"]
    assert terminal(*stamp, "--json").document()["fingerprints"] == 4
    some = "Fingerprints are kept of the pictures that you stamp: 4 fingerprints so far.\n"
    terminal("studio", "fingerprints").says(0, some)
    ran = terminal("erase", workshop.code, "--dry-run")
    assert "  4 fingerprints of pictures that show the person\n" in ran.out
    assert terminal("erase", workshop.code, "--json").document()["destroyed"]["fingerprints"] == 4
    terminal("studio", "fingerprints").says(0, none_yet)


def test_they_are_destroyed_once_they_are_not_to_be_kept(terminal: Terminal, workshop: Workshop) -> None:
    stamp: list[str | Path] = ["stamp", workshop.picture, "--as", "camera", "--consent", workshop.code]
    assert terminal("studio", "fingerprints", "keep").code == 0
    assert terminal(*stamp, "-o", "one").code == 0
    terminal("studio", "fingerprints", "drop").says(0, "No fingerprints are kept any more: 4 fingerprints destroyed.\n")
    terminal("studio", "fingerprints").says(0, "No fingerprints are kept.\n")
    assert terminal(*stamp, "-o", "two", "--json").document()["fingerprints"] is None


def test_old_bytes_that_may_be_left_are_told(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "SCRUB_SECONDS", 0.05)
    with closing(sqlite3.connect("studio.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM stamp").fetchall()
        terminal("studio", "fingerprints", "drop").says(
            3,
            "No fingerprints are kept any more: 0 fingerprints destroyed.\n",
            "provenance: error: database: the fingerprints are deleted, but old bytes of them may lie in its files "
            "until whoever uses it ends\n"
            "hint: end the other programs that use this studio, see that the disk has room, run the same "
            "command again\n",
        )


def test_fingerprints_that_are_left_although_no_more_are_kept_are_told(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("studio", "fingerprints", "keep").code == 0
    stamp: list[str | Path] = ["stamp", workshop.picture, "--as", "camera", "--consent", workshop.code, "-o", "out"]
    assert terminal(*stamp).code == 0
    settings = Path("provenance.toml")
    settings.write_text(settings.read_text().replace("fingerprints = true", "fingerprints = false"))
    terminal("studio", "fingerprints").says(0, "No more are kept; there are 4 of before.\n")


def test_pictures_of_which_none_could_be_made_are_counted(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("studio", "fingerprints", "keep").code == 0
    Image.new("I;16", (40, 40), 4000).save("deep.png")
    terminal("stamp", "deep.png", "--as", "camera", "--consent", workshop.code, "-o", "out").says(
        0,
        "stamped         out/deep.png\n",
        "pictures of which no fingerprint is kept, as they cannot be decoded or may not be: 1\n1 stamped\n",
    )


def test_without_what_makes_them_nothing_is_begun(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("provenance.recovery.fingerprints.NEEDS", ("not_there_at_all",))
        terminal("studio", "fingerprints", "keep").refuses(3, MISSING, HINT)
    assert terminal("studio", "fingerprints", "keep").code == 0
    monkeypatch.setattr("provenance.recovery.fingerprints.NEEDS", ("not_there_at_all",))
    stamp: list[str | Path] = ["stamp", workshop.picture, "--as", "camera", "--consent", workshop.code, "-o", "out"]
    terminal(*stamp).refuses(3, MISSING, HINT)
    assert not Path("out").exists()
    assert len(terminal("ledger", "show").out.splitlines()) == 4
    # What was kept can be destroyed all the same.
    assert terminal("studio", "fingerprints", "drop").code == 0
