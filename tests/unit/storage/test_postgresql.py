"""What holds of a studio's database on a server of PostgreSQL: which servers are taken, and what a broken wire does."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from support.commands import environment
from support.postgres import Server, running
from support.proxies import Cut, Proxy, wired
from support.refusals import refused

from provenance.errors import InputError, LedgerError, StudioError
from provenance.merkle import Frontier
from provenance.storage import postgresql
from provenance.storage.address import check_url, place
from provenance.storage.database import Database, create_database
from provenance.storage.driver import VERSION_TABLE
from provenance.storage.interface import ConsentRow, EntryRow
from provenance.storage.postgresql import PostgresDriver, check_durable

ROWS = [EntryRow(number, bytes(32), number.to_bytes(16, "big"), b"%d" % number) for number in range(5)]
HEAD = Frontier().extend([row.leaf_hash for row in ROWS])
EMPTY_HINT = "give each studio a database of its own"
MOVE_HINT = "move a studio there with provenance studio migrate"
REACH_HINT = "see that the server runs, and that psql opens the same address"
LOG_HINT = "see that the server runs, and what its log says"
NEWER_HINT = "use the version of provenance that wrote it"
DISK_HINT = "see that the disk has room and is sound, then run the same command again"
AGAIN_HINT = "run the same command again when the disk or the server is back; what was finished stays finished"
DURABLE_HINT = "a server that can lose acknowledged entries would let the ledger fork; change the setting"
PASSWORD_HINT = "keep the password in PGPASSWORD, a service or the file .pgpass, as for psql"


def name_in(url: str) -> str:
    return urlsplit(url).path.strip("/")


def backend(database: Database) -> int:
    driver = database._driver
    assert isinstance(driver, PostgresDriver)
    return driver._connection.info.backend_pid


# --- addresses


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example/studio",
        "postgres://db.example/studio",
        "postgresql://anna@db.example:5433/studio?sslmode=verify-full",
        "postgresql:///studio?host=/run/postgresql",
        "postgresql://",
        "postgresql://a,b/studio?target_session_attrs=read-write",
    ],
)
def test_an_address_is_taken_as_it_is(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:secret@db.example/studio",
        "postgresql://anna:@db.example/studio",
        "postgresql://db.example/studio?password=secret",
        "postgresql://db.example/studio?sslmode=require&password=secret",
        "postgresql://db.example/studio?%70assword=secret",
        "postgresql://db.example/studio?sslpassword=secret",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(url: str) -> None:
    message = "database: expected an address without a password in it"
    with refused(InputError, message, code="database-password", hint=PASSWORD_HINT):
        check_url(url)
    with refused(InputError, message, code="database-password", hint=PASSWORD_HINT):
        Database(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "studio.db",
        "sqlite:///studio.db",
        "mysql://db.example/studio",
        "host=db.example",
        "postgresql:studio",
        "postgresql://db.example/a b",
        "postgresql://db.example/a\nb",
        "postgresql://db.example/ä",
        "postgresql://[::1/studio",
    ],
)
def test_another_address_is_refused(url: str) -> None:
    message = "database: expected an address that starts with postgresql://"
    with refused(InputError, message, code="database-url"):
        check_url(url)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://anna@db.example/studio?host=/x", "postgresql database studio"),
        ("postgresql://", "postgresql"),
        ("postgresql://db.example/", "postgresql"),
    ],
)
def test_a_message_calls_a_database_by_its_name_only(url: str, name: str) -> None:
    assert place(url) == name


# --- servers that cannot be used


def test_a_server_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    with refused(
        StudioError,
        "postgresql database studio: cannot be reached: …",
        code="database-unusable",
        hint=REACH_HINT,
    ):
        Database(f"postgresql:///studio?host={tmp_path}")
    with refused(
        StudioError, "postgresql database studio: cannot be reached: …", code="database-unusable", hint=REACH_HINT
    ):
        create_database("postgresql://127.0.0.1:9/studio")


def test_a_database_that_is_not_there_is_told(postgres: Server) -> None:
    with pytest.raises(StudioError, match=r"postgresql database nowhere: cannot be reached: .* does not exist"):
        Database(postgres.url("nowhere"))


def test_an_empty_database_is_no_studio(postgres: Server) -> None:
    with postgres.database() as name:
        message = f"postgresql database {name}: expected a studio's database, got one without"
        with refused(StudioError, message, hint=MOVE_HINT):
            Database(postgres.url(name))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE entry (id int)",
        "CREATE TABLE head (id int)",
        "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('2')",
        "CREATE VIEW contact AS SELECT 1 AS id",
        "CREATE TABLE contact (id int) PARTITION BY RANGE (id)",
    ],
)
def test_the_database_of_another_program_is_refused_and_left_as_it_was(postgres: Server, statement: str) -> None:
    with postgres.database() as name:
        postgres.run(statement, name)
        listed = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        before = postgres.run(listed, name)
        message = f"postgresql database {name}: expected a studio's database, got one without"
        with refused(StudioError, message, hint=MOVE_HINT):
            Database(postgres.url(name))
        message = f"postgresql database {name}: expected an empty database, got one with tables of another program"
        with refused(StudioError, message, code="database-used", hint=EMPTY_HINT):
            create_database(postgres.url(name))
        assert postgres.run(listed, name) == before


def test_a_studio_is_not_created_over_another(postgres_url: str) -> None:
    message = f"postgresql database {name_in(postgres_url)}: expected an empty database, got one with a studio"
    with refused(StudioError, message, code="database-used", hint=EMPTY_HINT):
        create_database(postgres_url)


@pytest.mark.parametrize(
    ("version", "hint"), [("5", NEWER_HINT), ("none", NEWER_HINT), ("3", "run provenance studio upgrade")]
)
def test_a_database_of_another_version_is_refused(postgres: Server, version: str, hint: str) -> None:
    with postgres.database() as name:
        create_database(postgres.url(name))
        change = f"UPDATE {VERSION_TABLE} SET version_num = '{version}'"
        postgres.run(f"DELETE FROM {VERSION_TABLE}" if version == "none" else change, name)
        message = f"postgresql database {name}: expected state version 4, got {version}"
        with refused(StudioError, message, code="state-version", hint=hint):
            Database(postgres.url(name))


@pytest.mark.parametrize(("setting", "value"), [("synchronous_commit", "off"), ("synchronous_commit", "local")])
def test_a_database_that_does_not_wait_for_the_disk_is_refused(postgres: Server, setting: str, value: str) -> None:
    with postgres.database() as name:
        create_database(postgres.url(name))
        postgres.run(f"ALTER DATABASE {name} SET {setting} = {value}")
        message = f"postgresql database {name}: expected {setting} = on, got {value}"
        with refused(StudioError, message, code="database-not-durable", hint=DURABLE_HINT):
            Database(postgres.url(name))


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_a_power_cut_damages_is_refused(setting: str) -> None:
    with running(settings={setting: "off"}) as server:
        message = f"postgresql database postgres: expected {setting} = on, got off"
        with refused(StudioError, message, code="database-not-durable", hint=DURABLE_HINT):
            create_database(server.url())
        with refused(StudioError, message, code="database-not-durable", hint=DURABLE_HINT):
            Database(server.url())


def test_a_database_of_another_encoding_is_refused(postgres: Server) -> None:
    postgres.run("CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
    message = "postgresql database latin: expected server_encoding = utf8, got latin1"
    try:
        with pytest.raises(StudioError, match=message.replace("utf8, got latin1", "UTF8, got LATIN1")):
            create_database(postgres.url("latin"))
    finally:
        postgres.run("DROP DATABASE latin")


def test_what_was_checked_stays_so_for_the_session(postgres: Server, postgres_url: str) -> None:
    name = name_in(postgres_url)
    with closing(Database(postgres_url)) as database:
        try:
            postgres.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
            postgres.run("ALTER SYSTEM SET synchronous_commit = off")
            postgres.run("SELECT pg_reload_conf()")
            # The other session sees the new setting, this one keeps the one that was checked.
            for _ in range(500):
                if postgres.run("SHOW synchronous_commit") == [("off",)]:
                    break
            assert postgres.run("SHOW synchronous_commit") == [("off",)]
            assert database._driver.one("SHOW synchronous_commit") == ("on",)
        finally:
            postgres.run(f"ALTER DATABASE {name} RESET synchronous_commit")
            postgres.run("ALTER SYSTEM RESET synchronous_commit")
            postgres.run("SELECT pg_reload_conf()")


class OldConnection:
    """Stands for a server that is too old to be installed anywhere here."""

    class info:
        server_version = 120022


def test_a_server_that_is_too_old_is_refused() -> None:
    message = "postgresql: expected a server of version 13 or newer, got 12"
    with refused(StudioError, message, code="database-old"):
        check_durable(OldConnection(), "postgresql")  # type: ignore[arg-type]


def test_without_the_library_it_is_told_what_to_install(tmp_path: Path) -> None:
    code = """
import sys
from importlib.abc import MetaPathFinder

class Without(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "psycopg":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "psycopg" else found(name, *more)
sys.meta_path.insert(0, Without())
from pathlib import Path
from provenance.errors import MissingExtraError
from provenance.storage.database import Database, create_database

for use in (Database, create_database):
    try:
        use("postgresql://db.example/studio")
    except MissingExtraError as error:
        print(error.code, "|", error, "|", error.hint)
create_database(Path("studio.db"))
Database(Path("studio.db")).close()
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**environment(), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    reason = "postgresql: needs the library psycopg, which is not installed"
    line = f"extra-missing | {reason} | pip install 'headshot-provenance[postgres]'\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, line * 2, "")


# --- statements that fail


def test_what_the_server_refuses_is_told(postgres_url: str) -> None:
    message = f"postgresql database {name_in(postgres_url)}: duplicate key value violates unique constraint …"
    with closing(Database(postgres_url)) as database:
        database.add_entries(ROWS[:1])
        for rows in ([ROWS[0]], [ROWS[1], ROWS[0]]):
            with refused(StudioError, message, code="database-unusable", hint=LOG_HINT):
                database.add_entries(rows)
        assert list(database.entries(0, 9)) == ROWS[:1]


def test_a_failure_that_was_passed_over_is_no_success(postgres_url: str) -> None:
    def pass_over(database: Database) -> None:
        with database.transaction(landed=lambda: database.entry(0) is not None):
            database.add_entries(ROWS[:1])
            with pytest.raises(StudioError):
                database.add_entries(ROWS[:1])

    message = "database: nothing was written: a statement within it had failed"
    with closing(Database(postgres_url)) as database:
        with refused(LedgerError, message, code="commit-failed", hint=DISK_HINT):
            pass_over(database)
        assert list(database.entries(0, 9)) == []
        with database.transaction():
            database.add_entries(ROWS)
        assert list(database.entries(0, 9)) == ROWS


def test_a_writer_waits_for_another_and_then_sees_its_work(postgres_url: str) -> None:
    with closing(Database(postgres_url)) as first, closing(Database(postgres_url)) as second:
        seen: list[Frontier] = []

        def write() -> None:
            with second.transaction():
                seen.append(second.head())
                second.set_head(second.head().append(bytes(32)))

        with first.transaction():
            first.set_head(first.head().append(bytes(32)))
            thread = threading.Thread(target=write)
            thread.start()
            thread.join(0.2)
            assert seen == []
        thread.join(10)
        assert [frontier.size for frontier in seen] == [1]
        assert first.head().size == 2


def test_a_writer_does_not_wait_for_ever(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    message = f"postgresql database {name_in(postgres_url)}: canceling statement due to lock timeout"
    with closing(Database(postgres_url)) as first, closing(Database(postgres_url)) as second:
        assert first._driver.one("SHOW lock_timeout") == ("30s",)
        second._driver.execute("SET lock_timeout = '50ms'")
        with first.transaction():
            first.head()
            with (
                refused(StudioError, message, code="database-unusable", hint=LOG_HINT),
                second.transaction(),
            ):
                second.head()
        with second.transaction():
            assert second.head().size == 0


# --- a wire that breaks


@pytest.fixture
def proxy(postgres: Server) -> Iterator[Proxy]:
    with wired(postgres.port) as found:
        yield found


@pytest.fixture
def wire(proxy: Proxy, postgres_url: str) -> str:
    """The address of the database by way of the proxy."""
    return f"postgresql://tester@127.0.0.1:{proxy.port}/{name_in(postgres_url)}?sslmode=disable&gssencmode=disable"


def append(database: Database, done: list[str]) -> None:
    def landed() -> bool:
        done.append("asked")
        return database.entry(0) is not None

    with database.transaction(landed=landed):
        database.head()
        database.add_entries(ROWS)
        database.set_head(HEAD)
        database.after_commit(lambda: done.append("committed"))


def test_where_the_commit_was_kept_but_not_answered_it_has_succeeded(proxy: Proxy, wire: str) -> None:
    done: list[str] = []
    with closing(Database(wire)) as database:
        proxy.cut("after")
        append(database, done)
        assert (proxy.cuts, done) == (1, ["asked", "committed"])
        assert list(database.entries(0, 9)) == ROWS
        assert database.head().size == 5


def test_where_the_commit_never_arrived_it_is_told_that_nothing_was_written(proxy: Proxy, wire: str) -> None:
    done: list[str] = []
    with closing(Database(wire)) as database:
        proxy.cut("before")
        with refused(LedgerError, "database: nothing was written: …", code="commit-failed", hint=DISK_HINT):
            append(database, done)
        assert (proxy.cuts, done) == (1, ["asked"])
        assert list(database.entries(0, 9)) == []
        append(database, done)
        assert list(database.entries(0, 9)) == ROWS


@pytest.mark.parametrize("attempt", range(20))
def test_where_the_wire_breaks_at_the_commit_what_is_told_is_true(proxy: Proxy, wire: str, attempt: int) -> None:
    done: list[str] = []
    with closing(Database(wire)) as database:
        proxy.cut("at once")
        with contextlib.suppress(LedgerError):
            append(database, done)
        expected = (ROWS, ["asked", "committed"]) if list(database.entries(0, 9)) else ([], ["asked"])
        assert (list(database.entries(0, 9)), done) == expected
    assert proxy.cuts == 1


@pytest.mark.parametrize("how", ["before", "after"])
def test_where_the_server_is_gone_the_outcome_stays_unknown(
    proxy: Proxy, wire: str, postgres_url: str, how: Cut
) -> None:
    def append_and_lose(done: list[str]) -> None:
        with database.transaction(landed=lambda: pytest.fail("asked")):
            database.add_entries(ROWS)
            database.after_commit(lambda: done.append("committed"))
            proxy.cut(how)
            proxy.reachable = False

    done: list[str] = []
    message = "database: whether the last change was kept is not known: …"
    with closing(Database(wire)) as database:
        with refused(LedgerError, message, code="commit-unknown", hint=AGAIN_HINT):
            append_and_lose(done)
        assert done == []
        # Nothing was tried again behind its back, and once the server is back, it can be used as before.
        proxy.reachable = True
        assert list(database.entries(0, 9)) == (ROWS if how == "after" else [])
    with closing(Database(postgres_url)) as direct:
        assert list(direct.entries(0, 9)) == (ROWS if how == "after" else [])


@pytest.mark.parametrize("statement", [b"UPDATE head", b"FOR UPDATE", b"COPY entry"])
def test_where_the_wire_breaks_within_the_transaction_nothing_is_kept(
    proxy: Proxy, wire: str, postgres_url: str, statement: bytes
) -> None:
    done: list[str] = []
    with closing(Database(wire)) as database:
        proxy.cut("at once", statement)
        with pytest.raises(StudioError, match="postgresql database"):
            append(database, done)
        assert (proxy.cuts, done) == (1, [])
        assert list(database.entries(0, 9)) == []
        append(database, done)
        assert done == ["committed"]
    with closing(Database(postgres_url)) as direct:
        assert list(direct.entries(0, 9)) == ROWS


def test_after_a_broken_wire_no_statement_is_kept_without_those_before_it(postgres: Server, postgres_url: str) -> None:
    def go_on() -> None:
        with database.transaction():
            database.add_entries(ROWS[:2])
            postgres.run(f"SELECT pg_terminate_backend({backend(database)}, 5000)")
            # Whoever passes over the first failure meets the next one.
            for row in ROWS[2:]:
                with pytest.raises(StudioError):
                    database.add_entries([row])

    with closing(Database(postgres_url)) as database:
        message = "database: whether the last change was kept is not known: …"
        with refused(LedgerError, message, code="commit-unknown", hint=AGAIN_HINT):
            go_on()
        assert list(database.entries(0, 9)) == []


STEPS: list[Callable[[Database], object]] = [
    lambda database: database.head(),
    lambda database: database.add_entries(ROWS),
    lambda database: database.set_head(HEAD),
    # Nothing more, so that the session is ended before the commit.
    lambda database: None,
]


def append_and_be_ended(database: Database, server: Server, step: int) -> None:
    with database.transaction(landed=lambda: database.entry(0) is not None):
        for number, action in enumerate(STEPS):
            if number == step:
                server.run(f"SELECT pg_terminate_backend({backend(database)}, 5000)")
            action(database)


@pytest.mark.parametrize("step", range(4))
def test_a_session_that_the_server_ends_keeps_nothing(postgres: Server, postgres_url: str, step: int) -> None:
    with closing(Database(postgres_url)) as database:
        with pytest.raises(LedgerError if step == 3 else StudioError) as caught:
            append_and_be_ended(database, postgres, step)
        assert caught.value.code == ("commit-failed" if step == 3 else "database-unusable")
        assert (list(database.entries(0, 9)), database.head()) == ([], Frontier())
        append(database, [])
        assert list(database.entries(0, 9)) == ROWS


def test_a_session_that_ended_while_nothing_was_asked_is_opened_again(postgres: Server, postgres_url: str) -> None:
    with closing(Database(postgres_url)) as database:
        for block in (database.transaction, database.snapshot):
            postgres.run(f"SELECT pg_terminate_backend({backend(database)}, 5000)")
            with block():
                assert database.head() == Frontier()


def write_and_be_killed(database: Database) -> None:
    with database.transaction():
        os.kill(backend(database), signal.SIGKILL)
        time.sleep(0.2)
        database.add_checkpoint(9, b"nine")


def test_a_server_that_was_killed_and_is_back_keeps_what_was_acknowledged() -> None:
    with running() as server:
        create_database(server.url())
        with closing(Database(server.url())) as database:
            append(database, [])
            # The server ends every session and recovers where one of them is killed.
            with pytest.raises(StudioError):
                write_and_be_killed(database)
            server.wait()
            assert list(database.entries(0, 9)) == ROWS
            assert (database.head().size, database.latest_checkpoint()) == (5, None)


# --- scrubbing


@pytest.mark.parametrize("read", ["head", "sealed"])
def test_rows_that_an_older_snapshot_can_see_are_not_said_to_be_gone(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    monkeypatch.setattr(postgresql, "SCRUB_SECONDS", 0.05)
    with closing(Database(postgres_url)) as database, closing(psycopg.connect(postgres_url, autocommit=True)) as reader:
        with database.transaction():
            database.add_entries([EntryRow(0, bytes(32), bytes(16), b"entry")])
            database.add_consent(ConsentRow("a", "8F3K-QX2P", bytes(32), b"", 0), wrapped_key=b"wrapped")
            database.add_sealed("a", "email", b"sealed")
        assert database.scrub()
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        # One holds nothing but its snapshot; the other the table itself.
        reader.execute(f"SELECT * FROM {read}".encode()).fetchall()
        database.remove_sealed("a", ["email"])
        assert not database.scrub()
        assert database._driver.one("SHOW lock_timeout") == ("30s",)
        reader.execute("ROLLBACK")
        assert database.scrub()
