"""`provenance studio`: upgrade and migrate."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.commands import Terminal, start
from support.databases import Place
from support.postgres import Server
from support.state_one import create_state_one
from support.workshops import Workshop

LEFT = (
    "The database as it was is kept as {}. What is erased from now on stays in it: delete it once you have seen that "
    "everything is there.\n"
)
PASSWORD_HINT = "keep the password in PGPASSWORD, a service or the file .pgpass, as for psql"


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """The address of an empty database."""
    with postgres.database() as name:
        yield postgres.url(name)


def name_in(url: str) -> str:
    return urlsplit(url).path.strip("/")


# --- migrate


def test_a_studio_is_moved_and_is_the_same_studio(terminal: Terminal, workshop: Workshop, url: str) -> None:
    same = [
        ["ledger", "show"],
        ["ledger", "checkpoint"],
        ["ledger", "prove", workshop.code],
        ["ledger", "audit"],
        ["trust", "export"],
        ["consent", "list"],
        ["verify", "stamped/portrait.jpg"],
    ]
    before = [terminal(*arguments) for arguments in same]
    said = f"The studio is in the postgresql database {name_in(url)} now: 4 entries moved.\n"
    terminal("studio", "migrate", "--to", url).says(0, said, LEFT.format("studio.db.moved"))
    assert [terminal(*arguments) for arguments in same] == before
    assert {ran.code for ran in before} == {0}
    # It goes on where it is now.
    assert terminal("consent", "new", "--subject", "Zoë", "--permit", "capture", "--typed").code == 0
    assert len(terminal("ledger", "show").out.splitlines()) == 6
    assert not Path("studio.db").exists()
    assert Path("studio.db.moved").is_file()
    assert Path("provenance.toml").read_text().endswith(f'\n[database]\nurl = "{url}"\n')


@pytest.mark.slow
def test_a_studio_is_moved_from_elsewhere(terminal: Terminal, workshop: Workshop, url: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    ran = start("studio", "migrate", "--to", url, "--studio", workshop.path, cwd=tmp_path / "elsewhere")
    said = f"The studio is in the postgresql database {name_in(url)} now: 4 entries moved.\n"
    assert (ran.code, ran.out) == (0, said)
    # A machine that is busy may have had the time to say how far it was.
    assert re.sub(r"^[0-9]+ of [0-9]+ rows \(about [0-9]+ s left\)\n", "", ran.err, flags=re.MULTILINE) == LEFT.format(
        "studio.db.moved"
    )


def test_a_long_copy_says_how_far_it_is(
    terminal: Terminal, workshop: Workshop, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance_cli._output.SECONDS_BETWEEN_LINES", 0.0)
    ran = terminal("studio", "migrate", "--to", url)
    first, *_ = ran.err.splitlines()
    assert (ran.code, first.split()[1], first.split()[3]) == (0, "of", "rows")


def test_a_short_copy_says_nothing_in_between(
    terminal: Terminal, workshop: Workshop, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance_cli._output.SECONDS_BETWEEN_LINES", 1000.0)
    assert len(terminal("studio", "migrate", "--to", url).err.splitlines()) == 1


def test_a_moved_studio_is_not_moved_again(terminal: Terminal, workshop: Workshop, url: str) -> None:
    assert terminal("studio", "migrate", "--to", url).code == 0
    message = f"studio: its database is on a server already, the postgresql database {name_in(url)}"
    terminal("studio", "migrate", "--to", url).refuses(1, message)


def test_a_studio_is_not_moved_over_another(terminal: Terminal, workshop: Workshop, postgres_url: str) -> None:
    before = Place(postgres_url).dump()
    message = f"postgresql database {name_in(postgres_url)}: expected an empty database, got one with a studio"
    hint = "give each studio a database of its own"
    terminal("studio", "migrate", "--to", postgres_url).refuses(3, message, hint)
    assert Place(postgres_url).dump() == before
    assert terminal("ledger", "audit").code == 0


def test_an_address_with_a_password_is_wrong_use(terminal: Terminal, workshop: Workshop) -> None:
    message = "database: expected an address without a password in it"
    ran = terminal("studio", "migrate", "--to", "postgresql://anna:geheim@db.example/studio")
    ran.refuses(2, message, PASSWORD_HINT)


@pytest.mark.parametrize("address", ["", "studio.db", "mysql://db.example/studio"])
def test_an_address_of_another_kind_is_wrong_use(terminal: Terminal, workshop: Workshop, address: str) -> None:
    message = "database: expected an address that starts with postgresql://"
    terminal("studio", "migrate", "--to", address).refuses(2, message, "see provenance studio migrate --help")


def test_a_server_that_cannot_be_reached_is_told(terminal: Terminal, workshop: Workshop, tmp_path: Path) -> None:
    ran = terminal("studio", "migrate", "--to", f"postgresql:///studio?host={tmp_path}")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("provenance: error: postgresql database studio: cannot be reached: ")
    assert ran.err.endswith("\nhint: see that the server runs, and that psql opens the same address\n")
    assert terminal("ledger", "show").code == 0


@pytest.mark.parametrize("name", ["upgrade", "migrate"])
def test_without_a_studio_there_is_nothing_to_do(terminal: Terminal, nowhere: Path, name: str) -> None:
    arguments = ["--to", "postgresql://db.example/studio"] if name == "migrate" else []
    hint = "create one with provenance init, or name it with --studio DIR"
    terminal("studio", name, *arguments).refuses(3, "no studio here or in a folder above", hint)


def test_a_server_that_is_gone_later_is_told(
    terminal: Terminal, workshop: Workshop, postgres: Server, tmp_path: Path
) -> None:
    with postgres.database() as name:
        assert terminal("studio", "migrate", "--to", postgres.url(name)).code == 0
    ran = terminal("ledger", "show")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(f"provenance: error: postgresql database {name}: cannot be reached: ")


# --- upgrade


def test_a_studio_that_is_up_to_date_is_left_as_it_is(terminal: Terminal, workshop: Workshop) -> None:
    terminal("studio", "upgrade").says(0, "The studio is up to date: its state has version 4.\n")


def test_an_older_studio_is_brought_up_to_date(terminal: Terminal, workshop: Workshop) -> None:
    Path("studio.db").unlink()
    create_state_one(Path("studio.db"))
    message = "studio.db: expected state version 4, got 1"
    terminal("ledger", "show").refuses(3, message, "run provenance studio upgrade")
    said = "The studio was brought from state version 1 to 4.\n"
    terminal("studio", "upgrade").says(0, said, LEFT.format("studio.db.state-1"))
    assert terminal("ledger", "show").code == 0
    terminal("studio", "upgrade").says(0, "The studio is up to date: its state has version 4.\n")


def test_a_newer_studio_is_not_brought_down(terminal: Terminal, workshop: Workshop) -> None:
    with closing(sqlite3.connect("studio.db")) as connection:
        connection.execute("PRAGMA user_version=5")
    message = "studio.db: expected state version 4, got 5"
    terminal("studio", "upgrade").refuses(3, message, "use the version of provenance that wrote it")


def test_a_moved_studio_is_up_to_date(terminal: Terminal, workshop: Workshop, url: str) -> None:
    assert terminal("studio", "migrate", "--to", url).code == 0
    terminal("studio", "upgrade").says(0, "The studio is up to date: its state has version 4.\n")
