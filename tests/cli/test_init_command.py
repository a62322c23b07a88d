"""`provenance init`, and the passphrase that it is given."""

import hashlib
import os
import shutil
import stat
from pathlib import Path

import pytest
from support.commands import Terminal
from support.studios import PASSPHRASE

OPEN = """\
The keys are not sealed: whoever can read these files can sign as this studio.
Your stamps are signed with a certificate of your own, valid until <day>. Other validators will call their issuer \
unrecognised until you have one from a listed authority; hand out `provenance trust export` meanwhile.
Next: provenance consent new --subject NAME --permit capture --permit publish.web --typed
"""
SEALED = OPEN.replace(
    "The keys are not sealed: whoever can read these files can sign as this studio.",
    "The keys are sealed. Without the passphrase nobody can sign again, and nobody can bring it back.",
)
NOBODY_TO_ASK = "passphrase: expected one, and there is no terminal to ask in"
NEW_CONSENT = ["consent", "new", "--subject", "Zoë", "--permit", "capture", "--typed"]


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    """Return digest and mode of everything in a folder."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            stat.S_IMODE(path.stat().st_mode),
        )
        for path in folder.rglob("*")
    }


def test_a_studio_is_created_in_a_folder_that_is_named(terminal: Terminal, nowhere: Path) -> None:
    ran = terminal("init", "lumen", "--name", "Studio Lumen", "--no-passphrase")
    ran.says(0, "Created the studio “Studio Lumen” in lumen\n", OPEN)
    assert (nowhere / "lumen" / "provenance.toml").is_file()


def test_a_studio_is_created_here_and_with_all_that_can_be_said_of_it(terminal: Terminal, nowhere: Path) -> None:
    arguments = ["--country", "de", "--url", "https://studio.example", "--no-passphrase"]
    ran = terminal("init", "--name", "Atelier Lümen 写真館", *arguments)
    ran.says(0, "Created the studio “Atelier Lümen 写真館” in .\n", OPEN)
    settings = (nowhere / "provenance.toml").read_text()
    assert 'country = "DE"' in settings
    assert 'url = "https://studio.example"' in settings
    terminal("ledger", "show").says(0, "0  <minute>  genesis\n")


def test_a_studio_is_created_in_folders_that_are_not_there_yet(terminal: Terminal, nowhere: Path) -> None:
    terminal("init", "a/b/c", "--name", "A", "--no-passphrase").says(0, "Created the studio “A” in a/b/c\n", OPEN)


@pytest.mark.parametrize("again", [["--no-passphrase"], ["--name", "Another", "--country", "FR"]])
def test_a_second_studio_in_the_same_place_is_refused_and_changes_no_byte(
    terminal: Terminal, nowhere: Path, again: list[str]
) -> None:
    assert terminal("init", "lumen", "--name", "Studio Lumen", "--no-passphrase").code == 0
    before = contents(nowhere)
    message, hint = "lumen: there is a studio already", "use it as it is; nothing was changed"
    terminal("init", "lumen", "--name", "Studio Lumen", *again).refuses(1, message, hint)
    assert contents(nowhere) == before


@pytest.mark.parametrize("leftover", ["keys", "receipts", "studio.db"])
def test_a_folder_with_something_of_a_studio_is_refused(terminal: Terminal, nowhere: Path, leftover: str) -> None:
    (nowhere / "lumen" / leftover).mkdir(parents=True)
    before = contents(nowhere)
    terminal("init", "lumen", "--name", "A", "--no-passphrase").refuses(
        1,
        f"lumen: holds {leftover}, but no provenance.toml",
        "move these files away, or choose another folder; nothing was changed",
    )
    assert contents(nowhere) == before


def test_a_folder_with_other_files_is_taken_and_they_stay(terminal: Terminal, nowhere: Path) -> None:
    (nowhere / "notes.txt").write_text("mine")
    assert terminal("init", "--name", "A", "--no-passphrase").code == 0
    assert (nowhere / "notes.txt").read_text() == "mine"


def test_a_file_is_no_place_for_a_studio(terminal: Terminal, nowhere: Path) -> None:
    (nowhere / "file").write_text("")
    terminal("init", "file", "--name", "A", "--no-passphrase").refuses(1, "file: expected a folder, got a file")


def test_a_place_below_a_file_is_none_for_a_studio(terminal: Terminal, nowhere: Path) -> None:
    (nowhere / "file").write_text("")
    ran = terminal("init", "file/studio", "--name", "A", "--no-passphrase")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("provenance: error: ")
    assert "not a directory" in ran.err
    assert [path.name for path in nowhere.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write to every folder")
def test_a_folder_that_cannot_be_written_to_is_told(terminal: Terminal, nowhere: Path) -> None:
    folder = nowhere / "locked"
    folder.mkdir(mode=0o500)
    terminal("init", "locked", "--name", "A", "--no-passphrase").refuses(3, "locked: cannot be written to")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", ""], "studio name: expected a name, got nothing"),
        (["--name", " "], "studio name: expected a name, got nothing"),
        (["--name", "A\x1b[31m"], "studio name: expected printable text"),
        (["--name", "A\u202eB"], "studio name: expected printable text"),
        (["--name", "A", "--country", "DEU"], "country: expected two letters such as DE, got 'DEU'"),
        (["--name", "A", "--country", "D1"], "country: expected two letters such as DE, got 'D1'"),
        (["--name", "A", "--url", "ftp://a"], "url: expected an address that starts with https://, got 'ftp://a'"),
        (["--name", "A", "--url", "https://a b"], "url: expected an address without spaces, got 'https://a b'"),
    ],
)
def test_a_studio_that_cannot_be_called_so_is_not_created(
    terminal: Terminal, nowhere: Path, arguments: list[str], message: str
) -> None:
    terminal("init", "lumen", "--no-passphrase", *arguments).refuses(2, message, "see provenance init --help")
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize(("name", "size"), [("x" * 65, 65), ("写" * 22, 66)])
def test_a_name_that_does_not_fit_into_a_certificate_is_refused(
    terminal: Terminal, nowhere: Path, name: str, size: int
) -> None:
    message = f"studio name: expected at most 64 bytes of text, got {size}"
    hint = "letters beyond a to z take two to four bytes each"
    terminal("init", "lumen", "--name", name, "--no-passphrase").refuses(2, message, hint)
    assert list(nowhere.iterdir()) == []


# --- the passphrase


def test_the_passphrase_comes_from_a_file_and_opens_the_studio_again(terminal: Terminal, nowhere: Path) -> None:
    (nowhere / "passphrase").write_text(f"{PASSPHRASE}\r\n")
    file = ["--passphrase-file", "passphrase"]
    terminal("init", "lumen", "--name", "A", *file).says(0, "Created the studio “A” in lumen\n", SEALED)
    assert terminal(*NEW_CONSENT, "--studio", "lumen", *file).code == 0
    for path in (nowhere / "lumen").rglob("*"):
        assert path.is_dir() or PASSPHRASE.encode() not in path.read_bytes()


def test_the_passphrase_comes_from_the_environment(
    terminal: Terminal, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVENANCE_PASSPHRASE", PASSPHRASE)
    terminal("init", "lumen", "--name", "A").says(0, "Created the studio “A” in lumen\n", SEALED)
    assert terminal(*NEW_CONSENT, "--studio", "lumen").code == 0
    # What the command line says goes before it.
    terminal("init", "open", "--name", "A", "--no-passphrase").says(0, "Created the studio “A” in open\n", OPEN)
    (nowhere / "wrong").write_text("wrong")
    ran = terminal(*NEW_CONSENT, "--studio", "lumen", "--passphrase-file", "wrong")
    ran.refuses(3, "root key: the passphrase is wrong", "try again with the right one")


def test_without_a_passphrase_and_a_terminal_no_studio_is_created(terminal: Terminal, nowhere: Path) -> None:
    hint = "set PROVENANCE_PASSPHRASE, name a file with --passphrase-file, or add --no-passphrase, which leaves the "
    hint += "keys readable by whoever reads these files"
    terminal("init", "lumen", "--name", "A").refuses(3, NOBODY_TO_ASK, hint)
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize("content", ["", "\n", "\r\n"])
def test_an_empty_passphrase_is_refused(terminal: Terminal, nowhere: Path, content: str) -> None:
    (nowhere / "passphrase").write_text(content)
    ran = terminal("init", "lumen", "--name", "A", "--passphrase-file", "passphrase")
    ran.refuses(3, "passphrase: expected one, got nothing")
    assert not (nowhere / "lumen").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "none: no such file"),
        ("folder", "folder: expected a file, got a directory"),
        ("long", "long: expected at most 4096 bytes, got more"),
    ],
)
def test_a_passphrase_file_that_cannot_be_read_is_told(
    terminal: Terminal, nowhere: Path, name: str, message: str
) -> None:
    (nowhere / "folder").mkdir()
    (nowhere / "long").write_text("x" * 4097)
    ran = terminal("init", "lumen", "--name", "A", "--passphrase-file", name)
    if name == "folder":
        # Named by the usage library, which looks for folders itself.
        ran.refuses(
            2, "invalid value for '--passphrase-file': File 'folder' is a directory", "see provenance init --help"
        )
    else:
        ran.refuses(3, message)
    assert not (nowhere / "lumen").exists()


def test_a_passphrase_in_another_encoding_is_refused_as_input(terminal: Terminal, nowhere: Path) -> None:
    (nowhere / "passphrase").write_bytes("pässwört".encode("latin-1"))
    ran = terminal("init", "lumen", "--name", "A", "--passphrase-file", "passphrase")
    ran.refuses(3, "passphrase: expected text in utf-8")
    assert not (nowhere / "lumen").exists()


# --- a sealed studio


def test_without_its_passphrase_a_sealed_studio_signs_nothing_and_can_be_read(terminal: Terminal, sealed: Path) -> None:
    before = contents(sealed)
    hint = "set PROVENANCE_PASSPHRASE, name a file with --passphrase-file, or run this in a terminal"
    terminal(*NEW_CONSENT).refuses(3, NOBODY_TO_ASK, hint)
    terminal("stamp", "a.jpg", "--as", "ai-generated", "--synthetic-person").refuses(3, NOBODY_TO_ASK, hint)
    terminal("consent", "withdraw", "8F3K-QX2P").refuses(3, NOBODY_TO_ASK, hint)
    terminal("consent", "list").says(0, "", "No consents yet. Record one with provenance consent new.\n")
    terminal("ledger", "show").says(0, "0  <minute>  genesis\n")
    assert contents(sealed) == before


def test_a_wrong_passphrase_signs_nothing(terminal: Terminal, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(sealed)
    monkeypatch.setenv("PROVENANCE_PASSPHRASE", PASSPHRASE + " ")
    for arguments in (NEW_CONSENT, ["consent", "list"]):
        terminal(*arguments).refuses(3, "root key: the passphrase is wrong", "try again with the right one")
    assert contents(sealed) == before


@pytest.mark.slow
def test_a_sealed_studio_shows_names_only_with_its_passphrase(
    terminal: Terminal, sealed: Path, tmp_path: Path, template: Path
) -> None:
    file = ["--passphrase-file", str(tmp_path / "passphrase")]
    code = terminal(*NEW_CONSENT, "--json", *file).document()["code"]
    terminal("consent", "list").says(0, f"{code}  <day>  in-force  0 stamps  sealed\n")
    terminal("consent", "list", *file).says(0, f"{code}  <day>  in-force  0 stamps  Zoë\n")
    without = terminal("consent", "show", code)
    assert without.out.splitlines()[1] == "  person     sealed; give the passphrase to see it"
    assert terminal("consent", "show", code, *file).out.splitlines()[1] == "  person     Zoë"
    # Verifying needs no key at all.
    shutil.copyfile(template / "portrait.jpg", "portrait.jpg")
    stamp = ["stamp", "portrait.jpg", "--as", "camera", "--consent", code]
    terminal(*stamp, *file).says(0, "stamped         stamped/portrait.jpg\n", "1 stamped\n")
    assert terminal("verify", "stamped/portrait.jpg").code == 0
    terminal("consent", "withdraw", code, *file).says(
        0,
        f"Consent {code} withdrawn on <second>: all of it\n"
        "It reaches 1 stamped picture; whoever asks this studio about one learns of it.\n"
        f"Receipt: receipts/{code}-withdrawal-1.json\n",
    )
    assert terminal("verify", "stamped/portrait.jpg").code == 1
