"""Bringing a database up to date, and that it then is as if it had been created today."""

import os
import random
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from support.commands import environment
from support.databases import kept_fingerprints
from support.ledgers import numbered
from support.logs import Log
from support.postgres import Server
from support.refusals import refused
from support.state_one import TABLES, create_state_one, fill_state_one
from support.state_three import turn_back as turn_back_to_three
from support.state_three import turn_server_back
from support.state_two import turn_back

from provenance.errors import StudioError
from provenance.merkle import Frontier
from provenance.storage import creation, postgresql
from provenance.storage.database import Database, create_database
from provenance.storage.driver import VERSION_TABLE
from provenance.storage.interface import ConsentRow, EntryRow, FingerprintRow, LogKeyRow, ManifestRow, StampRow
from provenance.storage.tables import APPEND_ONLY, StudioTable
from provenance.tiles import TILE_WIDTH, fill_tile

LOG = Log()
SIZE = 600
SOMEBODY = StampRow(b"1", bytes(32), "camera", {"record-1": b"handle"}, b"", 1, b"note")
NOBODY = StampRow(b"2", bytes(32), "ai-generated", {}, b"", 1)
NEWER_HINT = "use the version of provenance that wrote it"
UNCHANGED = ("checkpoint", "consent", "consent_event", "data_key", "sealed")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("old") / "studio.db"
    create_state_one(path)
    fill_state_one(path, LOG, [numbered(number) for number in range(1, SIZE)])
    return path


@pytest.fixture
def old(original: Path, tmp_path: Path) -> Path:
    """A database of state 1 with two full tiles, a consent and a stamp."""
    return Path(shutil.copyfile(original, tmp_path / "studio.db"))


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def schema(path: Path) -> set[str]:
    """Return everything that a database is made of, without the white space."""
    found = rows(path, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {re.sub(r"\s*([(),])\s*", r"\1", " ".join(sql.split())) for (sql,) in found}


def contents(path: Path, tables: Sequence[str]) -> dict[str, list[tuple[Any, ...]]]:
    return {table: sorted(rows(path, f"SELECT * FROM {table}"), key=repr) for table in tables}


def check_upgraded(path: Path, old: Path) -> None:
    """Check that everything is there that was in `old`."""
    assert contents(path, UNCHANGED) == contents(old, UNCHANGED)
    # A stamp has no note of what was found in its picture yet.
    kept = "id, key, picture_digest, declaration, image_randomness, entry_idx"
    assert rows(path, f"SELECT {kept}, note FROM stamp") == [
        (*row, None) for row in rows(old, f"SELECT {kept} FROM stamp")
    ]
    assert rows(path, "SELECT * FROM stamp_subject") == rows(
        old, "SELECT id, record_id, handle FROM stamp WHERE record_id IS NOT NULL"
    )
    assert rows(path, "SELECT * FROM stamp_revocation") == rows(path, "SELECT * FROM fingerprint") == []
    assert rows(path, "SELECT * FROM manifest") == []
    with closing(Database(path)) as database:
        found = list(database.entries(0, 10_000))
        assert [(row.index, row.leaf_hash, str(uuid.UUID(bytes=row.entry_id)), row.body) for row in found] == rows(
            old, "SELECT idx, leaf_hash, record_id, body FROM entry ORDER BY idx"
        )
        assert database.head() == Frontier().extend([row.leaf_hash for row in found])
        assert database.head().size == SIZE
        hashes = [row.leaf_hash for row in found]
        assert [(tile.nodes, tile.root) for tile in database.tiles()] == [
            fill_tile(hashes[:TILE_WIDTH]),
            fill_tile(hashes[TILE_WIDTH : 2 * TILE_WIDTH]),
        ]
        assert database.log_keys() == [LogKeyRow(LOG.key.to_text(), 1, None)]
        assert database.anchors() == []
        assert database.latest_cosigned() is None
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "PRAGMA foreign_key_check") == []


# --- upgrade


def test_a_database_of_state_one_is_refused_until_it_is_upgraded(old: Path) -> None:
    message = "studio.db: expected state version 4, got 1"
    with refused(StudioError, message, code="state-version", hint="run provenance studio upgrade"):
        Database(old)
    creation.upgrade(old)
    Database(old).close()


def test_an_upgraded_database_holds_everything(original: Path, old: Path) -> None:
    assert creation.upgrade(old) == (1, 4)
    check_upgraded(old, original)


def test_an_upgraded_database_is_made_as_a_new_one(old: Path, tmp_path: Path) -> None:
    creation.upgrade(old)
    create_database(tmp_path / "new.db")
    assert schema(old) == schema(tmp_path / "new.db")
    for pragma in ("application_id", "user_version", "journal_mode"):
        assert rows(old, f"PRAGMA {pragma}") == rows(tmp_path / "new.db", f"PRAGMA {pragma}")
    assert contents(old, [VERSION_TABLE]) == contents(tmp_path / "new.db", [VERSION_TABLE])


def test_an_upgraded_database_is_append_only(old: Path) -> None:
    creation.upgrade(old)
    with closing(Database(old)) as database:
        database.add_checkpoint(SIZE + 1, b"note")
        database.revoke_stamp(b"\x06", 5)
    for table in set(APPEND_ONLY) - {"cosignature"}:
        with pytest.raises(sqlite3.IntegrityError, match=f"the table {table} is append-only"):
            rows(old, f"DELETE FROM {table}")


def test_an_empty_database_is_upgraded(tmp_path: Path) -> None:
    create_state_one(tmp_path / "studio.db")
    assert creation.upgrade(tmp_path / "studio.db") == (1, 4)
    with closing(Database(tmp_path / "studio.db")) as database:
        assert (database.head(), database.log_keys()) == (Frontier(), [])


def test_the_database_as_it_was_stays_beside_it(original: Path, old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as holder:
        # What is not in the file yet, only in its log, is in the copy, too.
        holder.execute("INSERT INTO checkpoint VALUES (9999, x'00')")
        assert (old.with_name("studio.db-wal")).stat().st_size > 0
        creation.upgrade(old)
    copy = old.with_name("studio.db.state-1")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert rows(copy, "PRAGMA user_version") == [(1,)]
    assert rows(copy, "PRAGMA integrity_check") == [("ok",)]
    tables = [statement.split()[2] for statement in TABLES if statement.startswith("CREATE TABLE")]
    before = contents(original, tables)
    before["checkpoint"] = sorted([*before["checkpoint"], (9999, b"\0")], key=repr)
    assert contents(copy, tables) == before
    assert not list(old.parent.glob(".*"))


def test_what_is_up_to_date_is_left_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    assert creation.upgrade(path) == (4, 4)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*state*"))


@pytest.mark.parametrize("version", [5, 999])
def test_a_newer_database_is_refused_with_both_versions(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={version}")
    message = f"studio.db: expected state version 4, got {version}"
    with refused(StudioError, message, code="state-version", hint=NEWER_HINT):
        creation.upgrade(path)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    with refused(StudioError, "studio.db: no such database", hint="run provenance init"):
        creation.upgrade(tmp_path / "studio.db")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "studio.db").write_bytes(b"something else")
    with refused(StudioError, "studio.db: expected a studio's database, got something else"):
        creation.upgrade(tmp_path / "studio.db")


def test_a_database_that_another_program_writes_into_is_not_upgraded(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.storage.sqlite.BUSY_SECONDS", 0.0)
    hint = "the studio's folder must be writable, and not be in use by another program"
    with closing(sqlite3.connect(old, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        message = "studio.db: cannot be used: database is locked"
        with refused(StudioError, message, code="database-unusable", hint=hint):
            creation.upgrade(old)
        holder.execute("ROLLBACK")
    assert rows(old, "PRAGMA user_version") == [(1,)]
    assert creation.upgrade(old) == (1, 4)


def test_a_database_of_state_three_is_upgraded_with_all_its_rows(path: Path, tmp_path: Path) -> None:
    with closing(Database(path)) as database, database.transaction():
        database.add_entries([EntryRow(index, bytes(32), bytes([index]) * 16, b"body") for index in range(2)])
        database.add_consent(ConsentRow("record-1", "8F3K-QX2P", b"", b"", 1), wrapped_key=b"")
        database.add_stamp(SOMEBODY)
        database.revoke_stamp(SOMEBODY.key, 1)
    turn_back_to_three(path)
    message = "studio.db: expected state version 4, got 3"
    with refused(StudioError, message, code="state-version", hint="run provenance studio upgrade"):
        Database(path)
    assert creation.upgrade(path) == (3, 4)
    create_database(tmp_path / "new.db")
    assert schema(path) == schema(tmp_path / "new.db")
    with closing(Database(path)) as database:
        assert database.find_stamps_of(bytes(32)) == [replace(SOMEBODY, revoked_by=1)]
        assert kept_fingerprints(database) == []
        database.add_fingerprints([FingerprintRow(1, "full", bytes(32))])
        assert database.count_fingerprints() == 1
        database.add_manifest(ManifestRow(1, "urn:c2pa:1", b"store"))
        assert database.manifest_of(1) == ManifestRow(1, "urn:c2pa:1", b"store")


UPGRADE = """
import sys
from pathlib import Path
from provenance.storage import creation
print("READY", flush=True)
creation.upgrade(Path(sys.argv[1]))
print("DONE", flush=True)
"""


def run_upgrade(path: Path, *, killed_after: float | None) -> float:
    command = [sys.executable, "-c", UPGRADE, str(path)]
    env = {**environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "READY\n"
        start = time.perf_counter()
        if killed_after is None:
            assert process.stdout.readline() == "DONE\n"
        else:
            time.sleep(killed_after)
            process.send_signal(signal.SIGKILL)
        return time.perf_counter() - start


def kill_and_check(original: Path, old: Path, moments: int, seed: int) -> None:
    seconds = run_upgrade(Path(shutil.copyfile(original, old.with_name("undisturbed.db"))), killed_after=None)
    for moment in range(moments):
        path = old.with_name(f"killed-{moment}.db")
        shutil.copyfile(original, path)
        share = (moment + random.Random(seed + moment).random()) / moments
        run_upgrade(path, killed_after=share * seconds * 1.1)
        ((version,),) = rows(path, "PRAGMA user_version")
        if version == 1:
            assert schema(path) == schema(original)
            assert contents(path, [*UNCHANGED, "entry", "head"]) == contents(original, [*UNCHANGED, "entry", "head"])
            assert creation.upgrade(path) == (1, 4)
        check_upgraded(path, original)


@pytest.mark.slow
def test_an_upgrade_that_is_killed_leaves_either_version_whole(original: Path, old: Path) -> None:
    kill_and_check(original, old, 6, 1)


@pytest.mark.slow
def test_an_upgrade_that_is_killed_at_any_moment_leaves_either_version_whole(original: Path, old: Path) -> None:
    kill_and_check(original, old, 60, 2)


# --- servers


def test_a_server_is_up_to_date(postgres_url: str) -> None:
    assert creation.upgrade(postgres_url) == (4, 4)


@pytest.fixture
def old_server(postgres: Server) -> Iterator[tuple[str, str]]:
    """A database of state 2 on a server, by name and by address, with a stamp of somebody and one of nobody."""
    with postgres.database() as name:
        url = postgres.url(name)
        create_database(url)
        with closing(Database(url)) as database, database.transaction():
            database.add_entries([EntryRow(index, bytes(32), bytes([index]) * 16, b"body") for index in range(2)])
            database.add_consent(ConsentRow("record-1", "8F3K-QX2P", b"", b"", 1), wrapped_key=b"")
            database.add_stamp(SOMEBODY)
            database.add_stamp(NOBODY)
        turn_back(postgres, name)
        yield name, url


def test_an_older_database_of_a_server_is_refused_until_it_is_upgraded(old_server: tuple[str, str]) -> None:
    name, url = old_server
    message = f"postgresql database {name}: expected state version 4, got 2"
    with refused(StudioError, message, code="state-version", hint="run provenance studio upgrade"):
        Database(url)
    assert creation.upgrade(url) == (2, 4)
    assert creation.upgrade(url) == (4, 4)
    with closing(Database(url)) as database:
        assert database.find_stamps_of(bytes(32)) == [SOMEBODY, NOBODY]
        assert database.find_stamps_under("record-1") == [SOMEBODY]
        database.revoke_stamp(SOMEBODY.key, 1)
        assert database.find_stamp(SOMEBODY.key) == replace(SOMEBODY, revoked_by=1)


def test_a_server_of_state_three_is_upgraded(postgres: Server) -> None:
    with postgres.database() as name, postgres.database() as new:
        create_database(postgres.url(name))
        create_database(postgres.url(new))
        turn_server_back(postgres, name)
        assert creation.upgrade(postgres.url(name)) == (3, 4)
        assert described(postgres, name) == described(postgres, new)


def test_an_upgraded_server_is_made_as_a_new_one(old_server: tuple[str, str], postgres: Server) -> None:
    name, url = old_server
    creation.upgrade(url)
    with postgres.database() as new:
        create_database(postgres.url(new))
        assert described(postgres, name) == described(postgres, new)


def test_an_upgrade_of_a_server_that_fails_leaves_it_as_it_was(
    old_server: tuple[str, str], postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, url = old_server
    before = described(postgres, name)
    postgres.run("CREATE TABLE stamp_revocation (id INTEGER)", name)
    with pytest.raises(StudioError, match=f'postgresql database {name}: relation "stamp_revocation" already exists'):
        creation.upgrade(url)
    postgres.run("DROP TABLE stamp_revocation", name)
    assert described(postgres, name) == before
    assert creation.upgrade(url) == (2, 4)


def described(postgres: Server, name: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return columns, indexes, constraints and triggers of a server's database."""
    tables = "WHERE c.relnamespace = 'public'::regnamespace"
    queries = {
        "columns": "SELECT c.relname, attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute "
        f"JOIN pg_class c ON c.oid = attrelid {tables} AND attnum > 0 AND NOT attisdropped",
        "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "constraints": "SELECT conname, pg_get_constraintdef(o.oid) FROM pg_constraint o "
        f"JOIN pg_class c ON c.oid = conrelid {tables}",
        "triggers": f"SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid {tables} "
        "AND NOT tgisinternal",
        "version": f"SELECT version_num FROM {VERSION_TABLE}",
    }
    return {what: sorted(map(tuple, postgres.run(query, name))) for what, query in queries.items()}


def test_a_newer_database_of_a_server_is_refused(postgres: Server) -> None:
    with postgres.database() as name:
        create_database(postgres.url(name))
        postgres.run(f"UPDATE {VERSION_TABLE} SET version_num = '5'", name)
        message = f"postgresql database {name}: expected state version 4, got 5"
        with refused(StudioError, message, code="state-version", hint=NEWER_HINT):
            creation.upgrade(postgres.url(name))


def test_a_creation_that_fails_leaves_the_server_as_it_was(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.storage.creation.EMPTY_ROOT", None)
    with postgres.database() as name:
        with pytest.raises(StudioError, match=f"postgresql database {name}: null value in column"):
            create_database(postgres.url(name))
        assert postgres.run("SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace", name) == []


# --- as it is described


def test_a_new_database_is_as_it_is_described(path: Path, postgres_url: str) -> None:
    for engine in (
        create_engine(f"sqlite:///{path}"),
        create_engine("postgresql+psycopg://", creator=lambda: postgresql.connect(postgres_url)),
    ):
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
            assert compare_metadata(context, StudioTable.metadata) == []
            assert context.get_current_revision() == "4"
        engine.dispose()


def test_a_difference_would_be_seen(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP INDEX stamp_by_picture")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert len(compare_metadata(context, StudioTable.metadata)) == 1
    engine.dispose()


def test_an_upgraded_database_is_as_it_is_described(old: Path) -> None:
    creation.upgrade(old)
    engine = create_engine(f"sqlite:///{old}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, StudioTable.metadata) == []
    engine.dispose()
