"""What holds of a studio's database in a file."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, LargeBinary, Table
from sqlalchemy.types import Integer
from support.commands import environment
from support.refusals import refused

from provenance.errors import CorruptLedgerError, LedgerError, StudioError
from provenance.merkle import leaf_hash
from provenance.storage.database import Database, create_database
from provenance.storage.driver import VERSION_TABLE
from provenance.storage.interface import ConsentRow, CosignatureRow, EntryRow
from provenance.storage.sqlite import STATE_VERSION
from provenance.storage.tables import MAX_ENTRY_BYTES, StudioTable

IDS = [bytes(15) + bytes([number]) for number in range(10)]
TABLES = sorted(table.name for table in StudioTable.metadata.sorted_tables)
ENTRIES = [EntryRow(number, leaf_hash(b"body"), IDS[number], b"body") for number in range(5)]
CONSENT = ConsentRow("record-1", "8F3K-QX2P", bytes([1]) * 32, b'{"one":1}', 1)


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with closing(Database(path)) as opened:
        yield opened


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction():
        database.add_entries(ENTRIES)
        database.add_checkpoint(5, b"five")
        database.add_cosignature(CosignatureRow(5, "line"))
        database.add_consent(CONSENT, wrapped_key=b"wrapped 1")
        database.add_event("record-1", 1, b"given", 2)
    return database


def raw(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, isolation_level=None))


def dump(path: Path) -> list[str]:
    with raw(path) as connection:
        return list(connection.iterdump())


# --- creation


def test_a_database_is_created_for_its_owner_only(tmp_path: Path) -> None:
    create_database(tmp_path / "studio.db")
    assert stat.S_IMODE((tmp_path / "studio.db").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["studio.db"]


def test_a_database_is_not_created_twice(path: Path) -> None:
    before = path.read_bytes()
    with refused(StudioError, "studio.db: expected no database, got one"):
        create_database(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"something else"])
def test_a_database_is_not_created_over_another_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "studio.db").write_bytes(content)
    with refused(StudioError, "studio.db: expected no database, got one"):
        create_database(tmp_path / "studio.db")
    assert (tmp_path / "studio.db").read_bytes() == content


# --- opening


def test_the_connection_is_safe(database: Database) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "fullfsync", "checkpoint_fullfsync")
    found = [database._driver.one(f"PRAGMA {name}") for name in pragmas]
    assert found == [("wal",), (2,), (1,), (1,), (1,), (1,)]


def test_the_state_version_is_kept_in_the_database(path: Path) -> None:
    with raw(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (STATE_VERSION,) == (4,)


def test_the_journal_beside_the_database_is_for_its_owner_only(path: Path) -> None:
    path.chmod(0o600)
    with closing(Database(path)) as database:
        database.add_checkpoint(1, b"one")
        beside = [file for file in path.parent.iterdir() if file != path]
        assert sorted(file.name for file in beside) == ["studio.db-shm", "studio.db-wal"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in beside} == {0o600}


def test_a_missing_database_is_refused_and_not_created(tmp_path: Path) -> None:
    with refused(StudioError, "studio.db: no such database", hint="run provenance init"):
        Database(tmp_path / "studio.db")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with refused(StudioError, f"{tmp_path.name}: no such database", hint="run provenance init"):
        Database(tmp_path)


@pytest.mark.parametrize(
    "content", [b"something else", b"x" * 5000, b"SQLite format 3\x00" + bytes(84), b"\xff\xd8\xff" + bytes(2000)]
)
def test_something_else_than_a_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "studio.db").write_bytes(content)
    with refused(StudioError, "studio.db: expected a studio's database, got something else"):
        Database(tmp_path / "studio.db")
    assert (tmp_path / "studio.db").read_bytes() == content


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        (5, "use the version of provenance that wrote it"),
        (999, "use the version of provenance that wrote it"),
        (3, "run provenance studio upgrade"),
        (2, "run provenance studio upgrade"),
        (1, "run provenance studio upgrade"),
        (0, "run provenance studio upgrade"),
        (-1, "run provenance studio upgrade"),
    ],
)
def test_a_database_of_another_version_is_refused(path: Path, version: int, hint: str) -> None:
    with raw(path) as connection:
        connection.execute(f"PRAGMA user_version={version}")
    message = f"studio.db: expected state version 4, got {version}"
    with refused(StudioError, message, code="state-version", hint=hint):
        Database(path)


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with raw(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE contact (name TEXT)")
    with refused(StudioError, "other.db: expected a studio's database, got another program's"):
        Database(tmp_path / "other.db")


def test_the_database_of_another_program_is_left_as_it_was(tmp_path: Path) -> None:
    with raw(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE contact (name TEXT)")
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(StudioError):
        Database(tmp_path / "other.db")
    assert (tmp_path / "other.db").read_bytes() == before


def test_a_database_that_another_program_holds_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.storage.sqlite.BUSY_SECONDS", 0.0)
    with raw(path) as holder:
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        with refused(
            StudioError,
            "studio.db: cannot be used: database is locked",
            code="database-unusable",
            hint="the studio's folder must be writable, and not be in use by another program",
        ):
            Database(path)


# --- one writer at a time


def test_a_transaction_holds_the_one_write_lock_from_its_beginning(
    path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.storage.sqlite.BUSY_SECONDS", 0.0)
    with closing(Database(path)) as other:
        with database.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"), other.transaction():
            pytest.fail("two transactions at once")
        with other.transaction():
            other.add_checkpoint(1, b"one")


# --- what is never changed


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO entry (idx, leaf_hash, entry_id, body) VALUES (0, zeroblob(32), zeroblob(16), x'00')",
        "INSERT OR REPLACE INTO checkpoint (size, note) VALUES (5, x'00')",
        "INSERT OR REPLACE INTO consent_event (id, record_id, number, envelope, entry_idx) "
        "VALUES (1, 'record-1', 1, x'00', 2)",
        "INSERT OR REPLACE INTO entry (idx, leaf_hash, entry_id, body) "
        "SELECT 9, leaf_hash, entry_id, x'00' FROM entry WHERE idx = 0",
        "INSERT OR REPLACE INTO consent_event (record_id, number, envelope, entry_idx) "
        "VALUES ('record-1', 1, x'00', 2)",
        "INSERT OR REPLACE INTO cosignature (id, size, line) VALUES (1, 5, 'another')",
        "INSERT OR REPLACE INTO cosignature (size, line) VALUES (5, 'line')",
        "REPLACE INTO checkpoint (size, note) VALUES (5, x'00')",
        "INSERT INTO checkpoint (size, note) VALUES (5, x'00') ON CONFLICT DO UPDATE SET note = x'00'",
        "UPDATE OR REPLACE entry SET idx = 1 WHERE idx = 0",
        "UPDATE entry SET rowid = rowid + 100",
        "DELETE FROM entry WHERE rowid = (SELECT max(rowid) FROM entry)",
    ],
)
def test_no_row_of_an_append_only_table_is_replaced_by_anybody(path: Path, statement: str) -> None:
    with raw(path) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


def test_what_was_deleted_is_overwritten(path: Path) -> None:
    secret = b"a datum that was sealed " * 8
    with closing(Database(path)) as database:
        with database.transaction():
            database.add_entries(ENTRIES)
            database.add_consent(CONSENT, wrapped_key=secret)
        database._driver.execute("DELETE FROM data_key")
    assert secret not in path.read_bytes()


# --- the tables as they are described


def described() -> dict[str, Table]:
    return dict(StudioTable.metadata.tables)


def kind(column: Column[object]) -> str:
    if isinstance(column.type, LargeBinary):
        return "BLOB"
    if isinstance(column.type, Integer):
        return "INTEGER"
    length = column.type.length  # type: ignore[attr-defined]
    return "VARCHAR" if length is None else f"VARCHAR({length})"


@pytest.mark.usefixtures("database")
def test_the_tables_are_those_that_are_described(path: Path) -> None:
    with raw(path) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    assert [name for (name,) in found] == sorted([*described(), VERSION_TABLE])


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_columns_that_are_described(path: Path, name: str) -> None:
    table = described()[name]
    with raw(path) as connection:
        found = connection.execute(f"PRAGMA table_info({name})").fetchall()
    columns = [(column, declared, bool(needed), bool(key)) for _, column, declared, needed, _, key in found]
    assert columns == [(column.name, kind(column), not column.nullable, column.primary_key) for column in table.columns]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_indexes_that_are_described(path: Path, name: str) -> None:
    table = described()[name]
    with raw(path) as connection:
        found = {
            (tuple(row[2] for row in connection.execute(f"PRAGMA index_info('{index}')")), bool(unique))
            for _, index, unique, origin, _ in connection.execute(f"PRAGMA index_list({name})")
            if origin != "pk"
        }
    expected = {(tuple(column.name for column in index.columns), bool(index.unique)) for index in table.indexes}
    expected |= {((column.name,), True) for column in table.columns if column.unique}
    assert found == expected


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_references_that_are_described(path: Path, name: str) -> None:
    table = described()[name]
    with raw(path) as connection:
        found = {
            (source, f"{target}.{column}")
            for _, _, target, source, column, *_ in connection.execute(f"PRAGMA foreign_key_list({name})")
        }
    assert found == {(key.parent.name, key.target_fullname) for key in table.foreign_keys}


def test_the_largest_entry_is_the_one_of_the_format() -> None:
    from provenance import entries

    assert MAX_ENTRY_BYTES == entries.MAX_ENTRY_BYTES


# --- what can stand in a head that no check holds


@pytest.mark.parametrize(("size", "frontier"), [("many", bytes(32)), (1.5, bytes(32)), (1, "text"), (1, 5), (1, 1.5)])
def test_a_head_of_other_kinds_is_refused(path: Path, database: Database, size: object, frontier: object) -> None:
    with raw(path) as connection:
        connection.execute("UPDATE head SET size = ?, frontier = ?", (size, frontier))
    with refused(CorruptLedgerError, "head: the frontier does not fit its size"):
        database.head()


# --- a disk that is full


FULL = """
import resource, signal, sys
from pathlib import Path
from provenance.errors import ProvenanceError
from provenance.storage.database import Database
from provenance.storage.interface import EntryRow

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
database = Database(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
kept = 0
try:
    for number in range(10_000):
        row = EntryRow(number, bytes(32), number.to_bytes(16, "big"), bytes(5000))
        with database.transaction(landed=lambda: row.entry_id in database.find_entries([row.entry_id])):
            database.add_entries([row])
        kept = number + 1
        print(kept, flush=True)
except Exception as error:
    print(type(error).__name__, error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with database.transaction():
    database.add_entries([EntryRow(kept, bytes(32), kept.to_bytes(16, "big"), b"after")])
print("wrote again")
"""


@pytest.mark.parametrize("room", [200_000, 201_000, 205_000, 210_001, 300_000])
def test_on_a_full_disk_what_was_acknowledged_is_kept_and_nothing_else(path: Path, room: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(room)],
        env={**environment(), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    *acknowledged, failure, again = ran.stdout.splitlines()
    assert failure.split()[0] in ("OperationalError", "LedgerError"), ran.stderr
    assert again == "wrote again"
    kept = len(acknowledged)
    assert kept > 10
    with closing(Database(path)) as database:
        assert [row.index for row in database.entries(0, 10_000)] == list(range(kept + 1))
        assert database.entry(kept) == EntryRow(kept, bytes(32), kept.to_bytes(16, "big"), b"after")


def fill_up(database: Database, path: Path) -> None:
    """Write a transaction that fits until its last page."""
    with database.transaction(landed=lambda: database.entry(9) is not None):
        database._driver.execute("PRAGMA max_page_count=2")
        database.add_entries([EntryRow(9, bytes(32), IDS[9], bytes(60_000))])


def test_a_statement_that_does_not_fit_undoes_the_transaction(path: Path, database: Database) -> None:
    before = dump(path)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        fill_up(database, path)
    assert dump(path) == before
    database._driver.execute("PRAGMA max_page_count=100000")
    with database.transaction():
        database.add_entries(ENTRIES)
    assert len(list(database.entries(0, 100))) == 5


# --- a transaction that ended behind the back of its block


def end_early(database: Database, statement: str, landed: bool | None) -> None:
    asked = None if landed is None else lambda: database.entry(0) is not None
    with database.transaction(landed=asked):
        database.add_entries(ENTRIES)
        database._driver.execute(statement)


def test_where_the_commit_fails_and_the_work_is_there_the_block_has_succeeded(path: Path, database: Database) -> None:
    done: list[int] = []
    with database.transaction(landed=lambda: len(list(database.entries(0, 100))) == 5):
        database.add_entries(ENTRIES)
        database.after_commit(lambda: done.append(1))
        database._driver.execute("COMMIT")
    assert done == [1]


def test_where_the_commit_fails_and_the_work_is_not_there_it_is_told(path: Path, database: Database) -> None:
    message = "database: nothing was written: cannot commit - no transaction is active"
    hint = "see that the disk has room and is sound, then run the same command again"
    with refused(LedgerError, message, code="commit-failed", hint=hint):
        end_early(database, "ROLLBACK", landed=True)
    assert list(database.entries(0, 100)) == []
    with database.transaction():
        database.add_entries(ENTRIES)
    assert len(list(database.entries(0, 100))) == 5


@pytest.mark.parametrize("statement", ["COMMIT", "ROLLBACK"])
def test_where_nobody_can_be_asked_the_outcome_stays_unknown(path: Path, database: Database, statement: str) -> None:
    message = "database: whether the last change was kept is not known: cannot commit - no transaction is active"
    hint = "run the same command again when the disk or the server is back; what was finished stays finished"
    with refused(LedgerError, message, code="commit-unknown", hint=hint):
        end_early(database, statement, landed=None)


def test_where_the_database_cannot_be_opened_again_the_outcome_stays_unknown(path: Path, database: Database) -> None:
    def remove() -> None:
        with database.transaction(landed=lambda: True):
            database.add_entries(ENTRIES)
            database._driver.execute("COMMIT")
            path.rename(path.with_name("away"))

    message = "database: whether the last change was kept is not known: cannot commit - no transaction is active"
    hint = "run the same command again when the disk or the server is back; what was finished stays finished"
    with refused(LedgerError, message, code="commit-unknown", hint=hint):
        remove()


# --- scrubbing


def test_what_another_program_deleted_without_overwriting_it_goes_too(path: Path) -> None:
    secret = b"bytes that were deleted, and stayed where they were"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA secure_delete=OFF")
        other.execute("CREATE TABLE note (data BLOB)")
        other.execute("INSERT INTO note VALUES (?)", [secret])
        other.execute("DELETE FROM note")
    assert secret in path.read_bytes()
    with closing(Database(path)) as database:
        assert database.scrub()
        assert path.with_name(f"{path.name}-wal").stat().st_size == 0
    assert secret not in path.read_bytes()
