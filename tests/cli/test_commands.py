"""What holds of every command: help, usage, exit codes, finding the studio, errors in their one form."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from support.commands import Ran, Terminal
from support.workshops import Workshop

from provenance import __version__
from provenance_cli.main import command as root

HELP = """\
Usage: provenance [OPTIONS] [COMMAND] [ARGS]...

  Consent, origin and proof for headshots.

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Commands:
  demo      See the whole job done, in front of you.
  init      Create a studio in a folder.
  consent   Record, show and withdraw consents.
  erase     Destroy a person's data, and prove it.
  stamp     Stamp pictures with Content Credentials.
  watch     Stamp what arrives in a folder, such as an editor's exports.
  derive    Make smaller copies of stamped pictures, and stamp them.
  restamp   Stamp again what only got other captions.
  disclose  Show one picture's consent to somebody.
  verify    Check pictures: intact, from whom, with consent?
  find      Find the stamps of pictures that lost their credentials.
  kiosk     Let people decide and sign on a screen, at the shoot.
  serve     Show a page that checks pictures, receipts and the ledger.
  policy    Show what `verify --policy` knows by name.
  ledger    Show, prove and audit the ledger.
  keys      Renew the certificate that signs your stamps, or buy one.
  studio    Upgrade a studio, move its database, or keep fingerprints.
  trust     Say whom you trust, and hand out what others need for it.
  witness   Watch the ledgers of others, and cosign them.

  Examples:
    provenance demo
    provenance verify photo.jpg
    provenance init my-studio --name "Studio Lumen"
"""
NO_STUDIO = "no studio here or in a folder above"
NO_STUDIO_HINT = "create one with provenance init, or name it with --studio DIR"

GROUPS = ["consent", "ledger", "trust", "witness"]
# Commands that do nothing outside a studio, each with all that it needs.
WITHIN_A_STUDIO = [
    ["consent", "new", "--subject", "Zoë", "--permit", "capture", "--typed"],
    ["consent", "show", "8F3K-QX2P"],
    ["consent", "list"],
    ["erase", "8F3K-QX2P"],
    ["consent", "receipt", "8F3K-QX2P"],
    ["consent", "withdraw", "8F3K-QX2P"],
    ["consent", "notice"],
    ["find", "portrait.jpg"],
    ["stamp", "portrait.jpg", "--as", "camera", "--consent", "8F3K-QX2P"],
    ["disclose", "portrait.jpg", "--to", "Daily Bugle", "-o", "portrait.consent.json"],
    ["ledger", "show"],
    ["ledger", "checkpoint"],
    ["ledger", "prove", "0"],
    ["ledger", "audit"],
    ["trust", "export"],
]


def all_commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield (*path, name), found
        if isinstance(found, click.Group):
            yield from all_commands(found, (*path, name))


COMMANDS = dict(all_commands(root))


# --- help


def test_the_commands_are_these() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        *("demo", "init", "consent", "erase", "stamp", "disclose", "verify", "ledger", "trust", "trust export"),
        *(f"trust {name}" for name in ("list", "add", "remove", "update")),
        *(f"consent {name}" for name in ("new", "show", "list", "receipt", "withdraw", "notice")),
        *(f"consent {name}" for name in ("request", "sign", "countersign", "check", "expiring", "renew", "event")),
        *(f"ledger {name}" for name in ("show", "checkpoint", "prove", "verify-proof", "audit", "rebuild")),
        *(f"ledger {name}" for name in ("publish", "mirror", "monitor", "recover", "cosign", "anchor", "key")),
        *(f"ledger key {name}" for name in ("list", "add", "retire")),
        *(
            "studio",
            "studio upgrade",
            "studio migrate",
            "studio fingerprints",
            "watch",
            "derive",
            "restamp",
            "kiosk",
            "serve",
        ),
        *("find", "policy", "policy list", "policy show"),
        *("keys", *(f"keys {name}" for name in ("list", "csr", "import", "renew"))),
        *("consent templates", "consent templates show", "consent timestamp", "consent export", "consent form"),
        *("consent publish-status", "consent card"),
        *("witness", *(f"witness {name}" for name in ("init", "add-log", "show", "serve"))),
    }


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_tells_all_commands(terminal: Terminal, arguments: list[str]) -> None:
    terminal(*arguments).says(0, HELP)


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_names_its_options(
    terminal: Terminal, nowhere: Path, path: tuple[str, ...], flag: str
) -> None:
    ran = terminal(*path, flag)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: provenance {' '.join(path)} [OPTIONS]")
    assert max(map(len, ran.out.splitlines())) <= 80
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            assert all(name in ran.out for name in parameter.opts)
            assert parameter.help
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_help_of_an_option_is_a_whole_sentence(path: tuple[str, ...]) -> None:
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            words = (parameter.help or "").split(" [env:")[0]
            assert words[0].isupper()
            assert words.endswith(".")


@pytest.mark.parametrize("group", ["consent", "ledger", "studio", "trust", "witness"])
def test_the_list_of_a_groups_commands_is_not_cut(terminal: Terminal, group: str) -> None:
    _, commands = terminal(group, "--help").out.split("Commands:")
    assert "..." not in commands


def test_the_version_is_that_of_the_package(terminal: Terminal) -> None:
    terminal("--version").says(0, f"provenance {__version__}\n")


# --- usage


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["frobnicate"], "no such command 'frobnicate'", "see provenance --help"),
        (["consent", "frobnicate"], "no such command 'frobnicate'", "see provenance consent --help"),
        (["--frobnicate"], "no such option '--frobnicate'", "see provenance --help"),
        (["demo", "extra"], "got unexpected extra argument (extra)", "see provenance demo --help"),
        (["demo", "--keep"], "option '--keep' requires an argument", None),
        (["init"], "missing option '--name'", "see provenance init --help"),
        (["init", "a", "b", "--name", "A"], "got unexpected extra argument (b)", "see provenance init --help"),
        (
            ["init", "--name", "A", "--no-passphrase", "--passphrase-file", "p"],
            "--no-passphrase and --passphrase-file exclude each other",
            "see provenance init --help",
        ),
        (["consent", "new", "--typed"], "missing option '--subject'", "see provenance consent new --help"),
        (
            ["consent", "new", "--subject", "A"],
            "say how they signed: either --ink FILE, --typed or --scan FILE",
            "see provenance consent new --help",
        ),
        (
            ["consent", "new", "--subject", "A", "--typed", "--ink", "ink.svg"],
            "say how they signed: either --ink FILE, --typed or --scan FILE",
            "see provenance consent new --help",
        ),
        (["consent", "show"], "missing argument 'CODE'", "see provenance consent show --help"),
        (["consent", "receipt"], "missing argument 'CODE'", "see provenance consent receipt --help"),
        (
            ["consent", "withdraw"],
            "name the consent: either its CODE or --secret SECRET",
            "see provenance consent withdraw --help",
        ),
        (
            ["consent", "withdraw", "8F3K-QX2P", "--secret", "S"],
            "name the consent: either its CODE or --secret SECRET",
            "see provenance consent withdraw --help",
        ),
        (["stamp", "--as", "camera"], "missing argument 'FILES...'", "see provenance stamp --help"),
        (
            ["stamp", "a.jpg", "--as", "painting"],
            "invalid value for '--as': 'painting' is not one of 'camera', 'retouched', 'ai-edited', 'ai-generated', "
            "'derivative'",
            "see provenance stamp --help",
        ),
        (
            ["stamp", "a.jpg", "--as", "camera"],
            "say who is shown: --consent CODE, --consent-from folder, name or card, --map CSV, or --synthetic-person",
            "see provenance stamp --help",
        ),
        (
            ["stamp", "a.jpg", "--as", "camera", "--consent", "8F3K-QX2P", "--synthetic-person"],
            "say who is shown: --consent CODE, --consent-from folder, name or card, --map CSV, or --synthetic-person",
            "see provenance stamp --help",
        ),
        (
            ["stamp", "a.jpg", "--as", "ai-generated", "--synthetic-person", "-o", "out", "--in-place"],
            "-o and --in-place exclude each other",
            "see provenance stamp --help",
        ),
        (["verify"], "missing argument 'FILES...'", "see provenance verify --help"),
        (["ledger", "prove"], "missing argument 'INDEX|CODE|FILE'", "see provenance ledger prove --help"),
        (["ledger", "audit", "extra"], "got unexpected extra argument (extra)", "see provenance ledger audit --help"),
        (["trust", "export", "--frob"], "no such option '--frob'", "see provenance trust export --help"),
    ],
)
def test_wrong_usage_is_told_with_where_to_read_more(
    terminal: Terminal, nowhere: Path, arguments: list[str], message: str, hint: str | None
) -> None:
    terminal(*arguments).refuses(2, message, hint)
    assert list(nowhere.iterdir()) == []


def test_the_choices_that_are_missing_are_told_in_one_line(terminal: Terminal) -> None:
    ran = terminal("stamp", "a.jpg", "--consent", "8F3K-QX2P")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("provenance: error: missing option '--as'")
    assert "\\u{" not in ran.err


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_without_a_command_tells_its_commands(terminal: Terminal, group: str) -> None:
    ran = terminal(group)
    assert "\\u{" not in ran.err
    assert all(name in ran.out + ran.err for name in _names_in(group))


def _names_in(group: str) -> list[str]:
    return [path[1] for path in COMMANDS if len(path) == 2 and path[0] == group]


@pytest.mark.parametrize("name", ["photo.jpg", "my photo.jpg", "--photo.jpg", "it's.jpg"])
def test_a_file_in_the_place_of_a_command_is_taken_for_one_to_verify(
    terminal: Terminal, nowhere: Path, name: str
) -> None:
    (nowhere / name).write_bytes(b"")
    quoted = {"my photo.jpg": "'my photo.jpg'", "it's.jpg": "'it'\"'\"'s.jpg'"}.get(name, name)
    if name.startswith("-"):
        terminal(name).refuses(2, "no such option '--photo.jpg'", "see provenance --help")
    else:
        hint = f"did you mean: provenance verify {quoted}"
        terminal(name).refuses(2, f"expected a command, got the file {name!r}", hint)


def test_a_folder_in_the_place_of_a_command_is_no_command(terminal: Terminal, nowhere: Path) -> None:
    (nowhere / "photos").mkdir()
    terminal("photos").refuses(2, "no such command 'photos'", "see provenance --help")


def test_a_misspelt_option_is_told_with_what_may_be_meant(terminal: Terminal) -> None:
    ran = terminal("verify", "--jsn", "a.jpg")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("provenance: error: no such option '--jsn'")
    assert "--json" in ran.err


# --- where the studio is


@pytest.mark.parametrize("arguments", WITHIN_A_STUDIO, ids=" ".join)
def test_outside_a_studio_a_command_that_needs_one_says_so(
    terminal: Terminal, nowhere: Path, arguments: list[str]
) -> None:
    terminal(*arguments).refuses(3, NO_STUDIO, NO_STUDIO_HINT)
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize("arguments", [*WITHIN_A_STUDIO, ["verify", "portrait.jpg"]], ids=" ".join)
def test_a_named_studio_that_is_not_there_is_told(terminal: Terminal, nowhere: Path, arguments: list[str]) -> None:
    hint = "create one with provenance init"
    terminal(*arguments, "--studio", "elsewhere").refuses(3, "elsewhere: no studio here", hint)
    assert list(nowhere.iterdir()) == []


def shown(terminal: Terminal, *options: str) -> Ran:
    return terminal("ledger", "show", *options)


def test_a_studio_is_found_in_the_folders_above(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = shown(terminal)
    assert expected.code == 0
    inner = Path("some/inner/folder")
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert shown(terminal) == expected


def test_a_studio_is_named_by_an_option_or_by_the_environment(
    terminal: Terminal, template: Path, nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (shutil.copytree(template, tmp_path / name) for name in ("first", "second"))
    expected = shown(terminal, "--studio", str(first))
    assert expected.code == 0
    monkeypatch.setenv("PROVENANCE_STUDIO", str(first))
    assert shown(terminal) == expected
    # The option goes before the environment, and both go before the folder that one is in.
    (second / "provenance.toml").write_text("state = 7\n")
    shown(terminal, "--studio", str(second)).refuses(
        3, "provenance.toml: expected state version 1, got 7", "use the version of provenance that wrote it"
    )
    monkeypatch.chdir(second)
    assert shown(terminal) == expected
    monkeypatch.setenv("PROVENANCE_STUDIO", "elsewhere")
    shown(terminal).refuses(3, "elsewhere: no studio here", "create one with provenance init")


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ("", "provenance.toml: expected the state version", None),
        ("state = 'one'", "provenance.toml: expected the state version", None),
        ("state = 1", "provenance.toml: expected the tables studio and ledger", None),
        ("state = x", "provenance.toml: expected toml: invalid value (at line 1, column 9)", None),
        (
            "state = 2",
            "provenance.toml: expected state version 1, got 2",
            "use the version of provenance that wrote it",
        ),
    ],
)
def test_a_studio_whose_settings_cannot_be_read_is_told(
    terminal: Terminal, workshop: Workshop, settings: str, message: str, hint: str | None
) -> None:
    Path("provenance.toml").write_text(settings)
    shown(terminal).refuses(3, message, hint)


def test_a_database_that_is_none_is_told(terminal: Terminal, workshop: Workshop) -> None:
    Path("studio.db").write_bytes(b"no database" * 100)
    shown(terminal).refuses(3, "studio.db: expected a studio's database, got something else")
    Path("studio.db").unlink()
    shown(terminal).refuses(3, "studio.db: no such database", "run provenance init")


@pytest.mark.parametrize("name", ["root.json", "controller.key", "log.key", "claim.key"])
def test_a_key_that_is_missing_is_told(terminal: Terminal, workshop: Workshop, name: str) -> None:
    (Path("keys") / name).unlink()
    arguments = ["consent", "new", "--subject", "Zoë", "--permit", "capture", "--typed"]
    terminal(*arguments).refuses(3, f"keys: {name}: no such file", "restore the studio from its backup")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_a_key_that_may_not_be_read_is_told(terminal: Terminal, workshop: Workshop) -> None:
    Path("keys/root.json").chmod(0)
    message = "keys: root.json: cannot be read: permission denied"
    terminal("consent", "list").refuses(3, message, "restore the studio from its backup")
