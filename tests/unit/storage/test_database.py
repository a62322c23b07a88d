import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, LargeBinary, Table
from sqlalchemy.types import Integer
from support.refusals import refused

from provenance.errors import CorruptLedgerError, StudioError
from provenance.merkle import Frontier, LeafRange, leaf_hash
from provenance.storage.database import STATE_VERSION, Database, create_database
from provenance.storage.interface import ConsentRow, EntryRow, StampRow, TileRow
from provenance.storage.tables import APPEND_ONLY, MAX_ENTRY_BYTES, StudioTable

IDS = [f"00000000-0000-7000-8000-00000000000{number}" for number in range(10)]
NEWER = "use the version of provenance that wrote it"
TABLES = ["checkpoint", "consent", "consent_event", "data_key", "entry", "head", "sealed", "stamp", "tile"]


def entry(index: int, body: bytes | None = None) -> EntryRow:
    data = f"entry {index}".encode() if body is None else body
    return EntryRow(index, leaf_hash(data), IDS[index], data)


ENTRIES = [entry(number) for number in range(5)]
CONSENT = ConsentRow("record-1", "8F3K-QX2P", bytes([1]) * 32, b'{"one":1}', 1)
TILE_PLACES = [(0, 0), (0, 1), (0, 2), (1, 0)]
OTHER_CONSENT = ConsentRow("record-2", "ABCD-EFGH", bytes([2]) * 32, b'{"two":2}', 3)
TILES = [TileRow(level, number, bytes([16 * level + number]) * 32, bytes(range(96))) for level, number in TILE_PLACES]
STAMP = StampRow(bytes([4]) * 32, bytes([5]) * 32, "camera", "record-1", bytes([6]) * 32, bytes([7]) * 32, 2)
NOBODY = StampRow(bytes([8]) * 32, bytes([5]) * 32, "ai-generated", None, None, bytes([9]) * 32, 4)


@pytest.fixture(scope="module")
def _empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a new database, which cost a third of a second to make."""
    path = tmp_path_factory.mktemp("empty") / "studio.db"
    create_database(path)
    return path.read_bytes()


@pytest.fixture
def path(_empty: bytes, tmp_path: Path) -> Path:
    file = tmp_path / "studio.db"
    file.write_bytes(_empty)
    return file


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database(path)
    yield opened
    opened.close()


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction():
        database.add_entries(ENTRIES)
        database.set_head(Frontier().extend(row.leaf_hash for row in ENTRIES))
        database.add_checkpoint(1, b"one")
        database.add_checkpoint(5, b"five")
        for tile in reversed(TILES):
            database.add_tile(tile)
        database.add_consent(CONSENT, wrapped_key=b"wrapped 1")
        database.add_consent(OTHER_CONSENT, wrapped_key=b"wrapped 2")
        database.add_event("record-1", 1, b"given", 2)
        database.add_event("record-1", 2, b"withdrawn", 4)
        database.add_sealed("record-1", "email", b"sealed")
        database.add_stamp(STAMP)
        database.add_stamp(NOBODY)
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


def test_a_new_database_is_empty(database: Database) -> None:
    assert database.head() == Frontier()
    assert list(database.entries(0, 100)) == []
    assert database.latest_checkpoint() is None
    assert list(database.checkpoints()) == []
    assert list(database.tiles()) == []
    assert list(database.consents()) == []


# --- opening


def test_the_connection_is_safe(database: Database) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
    found = {name: database._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas}
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_the_state_version_is_kept_in_the_database(path: Path) -> None:
    with raw(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (STATE_VERSION,) == (1,)


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
        (2, "use the version of provenance that wrote it"),
        (999, "use the version of provenance that wrote it"),
        (0, None),
        (-1, None),
    ],
)
def test_a_database_of_another_version_is_refused(path: Path, version: int, hint: str | None) -> None:
    with raw(path) as connection:
        connection.execute(f"PRAGMA user_version={version}")
    message = f"studio.db: expected state version 1, got {version}"
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
    monkeypatch.setattr("provenance.storage.database.BUSY_SECONDS", 0.0)
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


def test_what_was_written_is_there_when_it_is_opened_again(path: Path) -> None:
    with closing(Database(path)) as database:
        database.add_entries(ENTRIES)
    with closing(Database(path)) as database:
        assert list(database.entries(0, 100)) == ENTRIES


# --- transactions


def test_a_transaction_keeps_all_of_it(path: Path, database: Database) -> None:
    with database.transaction():
        database.add_entries(ENTRIES)
        database.add_checkpoint(5, b"five")
    with closing(Database(path)) as other:
        assert len(list(other.entries(0, 100))) == 5
        assert other.latest_checkpoint() == b"five"


def fail(error: BaseException) -> None:
    raise error


def fill_and_fail(database: Database, error: BaseException) -> None:
    with database.transaction():
        database.add_entries(ENTRIES)
        database.set_head(Frontier().extend(row.leaf_hash for row in ENTRIES))
        database.add_checkpoint(5, b"five")
        database.add_consent(CONSENT, wrapped_key=b"wrapped")
        database.add_event("record-1", 1, b"given", 2)
        database.add_sealed("record-1", "email", b"sealed")
        database.add_stamp(STAMP)
        fail(error)


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), sqlite3.IntegrityError()], ids=type)
def test_a_transaction_that_fails_keeps_nothing(path: Path, database: Database, error: BaseException) -> None:
    before = dump(path)
    with pytest.raises(type(error)):
        fill_and_fail(database, error)
    assert dump(path) == before
    assert database.head() == Frontier()


def test_after_a_failure_the_next_transaction_is_as_any_other(database: Database) -> None:
    with pytest.raises(ValueError, match="no"):
        fill_and_fail(database, ValueError("no"))
    with database.transaction():
        database.add_entries(ENTRIES[:2])
    assert list(database.entries(0, 100)) == ENTRIES[:2]


def test_a_transaction_within_another_ends_with_it(path: Path, database: Database) -> None:
    with closing(Database(path)) as other, database.transaction():
        with database.transaction():
            database.add_entries(ENTRIES)
        assert list(other.entries(0, 100)) == []


def test_a_transaction_within_another_that_fails_keeps_nothing(database: Database) -> None:
    def fill_within_and_fail() -> None:
        with database.transaction():
            with database.transaction():
                database.add_entries(ENTRIES)
            fail(ValueError("no"))

    with pytest.raises(ValueError, match="no"):
        fill_within_and_fail()
    assert list(database.entries(0, 100)) == []


def test_a_failure_within_both_undoes_both(database: Database) -> None:
    def fill_and_fail_within() -> None:
        with database.transaction():
            database.add_checkpoint(1, b"one")
            with database.transaction():
                fail(ValueError("no"))

    with pytest.raises(ValueError, match="no"):
        fill_and_fail_within()
    assert list(database.checkpoints()) == []


def test_nobody_sees_a_transaction_before_it_ends(path: Path, database: Database) -> None:
    with closing(Database(path)) as other:
        with database.transaction():
            database.add_entries(ENTRIES)
            assert list(other.entries(0, 100)) == []
        assert list(other.entries(0, 100)) == ENTRIES


def test_a_transaction_holds_the_one_write_lock_from_its_beginning(
    path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.storage.database.BUSY_SECONDS", 0.0)
    with closing(Database(path)) as other:
        with database.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"), other.transaction():
            pytest.fail("two transactions at once")
        with other.transaction():
            other.add_checkpoint(1, b"one")


# --- what is never changed


STATEMENTS = {
    "entry": "body = x'00'",
    "checkpoint": "note = x'00'",
    "consent_event": "envelope = x'00'",
    "tile": "nodes = x'00'",
}


def test_the_append_only_tables_are_these() -> None:
    assert sorted(APPEND_ONLY) == sorted(STATEMENTS)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_row_of_an_append_only_table_is_changed_or_deleted_by_anybody(path: Path, table: str) -> None:
    before = dump(path)
    message = f"the table {table} is append-only"
    with raw(path) as connection:
        for statement in (
            f"UPDATE {table} SET {STATEMENTS[table]}",
            f"DELETE FROM {table}",
            f"UPDATE {table} SET rowid = rowid + 100",
            f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})",
        ):
            with pytest.raises(sqlite3.IntegrityError, match=message):
                connection.execute(statement)
    assert dump(path) == before


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO entry (idx, leaf_hash, record_id, body) VALUES (0, zeroblob(32), 'x', x'00')",
        "INSERT OR REPLACE INTO checkpoint (size, note) VALUES (5, x'00')",
        "INSERT OR REPLACE INTO consent_event (id, record_id, number, envelope, entry_idx) "
        "VALUES (1, 'record-1', 1, x'00', 2)",
        "INSERT OR REPLACE INTO entry (idx, leaf_hash, record_id, body) "
        "SELECT 9, leaf_hash, record_id, x'00' FROM entry WHERE idx = 0",
        "INSERT OR REPLACE INTO consent_event (record_id, number, envelope, entry_idx) "
        "VALUES ('record-1', 1, x'00', 2)",
        "INSERT OR REPLACE INTO tile (level, number, root, nodes) VALUES (0, 1, zeroblob(32), x'00')",
        "REPLACE INTO checkpoint (size, note) VALUES (5, x'00')",
        "INSERT INTO checkpoint (size, note) VALUES (5, x'00') ON CONFLICT DO UPDATE SET note = x'00'",
        "UPDATE OR REPLACE entry SET idx = 1 WHERE idx = 0",
    ],
)
def test_no_row_of_an_append_only_table_is_replaced_by_anybody(path: Path, statement: str) -> None:
    with raw(path) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


def test_a_change_of_other_tables_is_possible(filled: Database) -> None:
    filled._connection.execute("DELETE FROM data_key WHERE record_id = 'record-1'")
    assert filled.wrapped_key("record-1") is None


def test_what_was_deleted_is_overwritten(path: Path) -> None:
    secret = b"a datum that was sealed " * 8
    with closing(Database(path)) as database:
        with database.transaction():
            database.add_entries(ENTRIES)
            database.add_consent(CONSENT, wrapped_key=secret)
        database._connection.execute("DELETE FROM data_key")
    assert secret not in path.read_bytes()


# --- the tables as they are described


def described() -> dict[str, Table]:
    return dict(StudioTable.metadata.tables)


def kind(column: Column[object]) -> str:
    if isinstance(column.type, LargeBinary):
        return "BLOB"
    return "INTEGER" if isinstance(column.type, Integer) else f"VARCHAR({column.type.length})"  # type: ignore[attr-defined]


@pytest.mark.usefixtures("database")
def test_the_tables_are_those_that_are_described(path: Path) -> None:
    with raw(path) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    assert [name for (name,) in found] == sorted(described()) == TABLES


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


# --- head


def test_a_head_is_read_as_it_was_written(database: Database) -> None:
    frontier = Frontier()
    for row in ENTRIES:
        frontier = frontier.append(row.leaf_hash)
        database.set_head(frontier)
        assert database.head() == frontier


@pytest.mark.parametrize(
    ("size", "frontier"),
    [
        (1, b""),
        (0, bytes(32)),
        (1, bytes(31)),
        (1, bytes(33)),
        (1, bytes(64)),
        (3, bytes(32)),
        (3, bytes(63)),
        ("many", bytes(32)),
        (1.5, bytes(32)),
        (1, "text"),
    ],
)
def test_a_head_that_cannot_be_one_is_refused(database: Database, size: object, frontier: object) -> None:
    database._connection.execute("UPDATE head SET size = ?, frontier = ?", (size, frontier))
    with refused(CorruptLedgerError, "head: the frontier does not fit its size"):
        database.head()


@pytest.mark.parametrize("frontier", [5, 1.5])
def test_a_head_whose_frontier_is_a_number_is_refused(database: Database, frontier: object) -> None:
    database._connection.execute("UPDATE head SET frontier = ?", (frontier,))
    with refused(CorruptLedgerError, "head: the frontier does not fit its size"):
        database.head()


def test_a_missing_head_is_refused(database: Database) -> None:
    database._connection.execute("DELETE FROM head")
    with refused(CorruptLedgerError, "head: expected one row, got none"):
        database.head()


def test_there_is_one_head_only(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        database._connection.execute("INSERT INTO head (id, size, frontier) VALUES (2, 0, x'')")


# --- entries


def test_entries_are_read_in_order(filled: Database) -> None:
    assert list(filled.entries(0, 5)) == ENTRIES
    assert list(filled.entries(0, 100)) == ENTRIES
    assert list(filled.entries(1, 3)) == ENTRIES[1:3]
    assert list(filled.entries(3, 3)) == list(filled.entries(5, 9)) == []


def test_an_entry_is_found_by_its_place(filled: Database) -> None:
    assert [filled.entry(index) for index in range(5)] == ENTRIES
    assert filled.entry(5) is None
    assert filled.entry(-1) is None


def test_an_entry_is_found_by_its_id(filled: Database) -> None:
    assert filled.find_entry(IDS[3]) == ENTRIES[3]
    assert filled.find_entry(IDS[9]) is None
    assert filled.find_entry("") is None


def test_leaf_hashes_are_read_in_order(filled: Database) -> None:
    assert filled.leaf_hashes(LeafRange(1, 4)) == [row.leaf_hash for row in ENTRIES[1:4]]
    assert filled.leaf_hashes(LeafRange(4, 9)) == [ENTRIES[4].leaf_hash]
    assert filled.leaf_hashes(LeafRange(5, 9)) == []


def test_an_entry_as_large_as_allowed_is_kept(database: Database) -> None:
    row = entry(0, bytes(MAX_ENTRY_BYTES))
    database.add_entries([row])
    assert database.entry(0) == row


@pytest.mark.parametrize(
    "row",
    [
        entry(5, bytes(MAX_ENTRY_BYTES + 1)),
        EntryRow(5, bytes(31), IDS[5], b"body"),
        EntryRow(5, bytes(33), IDS[5], b"body"),
        EntryRow(0, bytes(32), IDS[5], b"body"),
        EntryRow(5, bytes(32), IDS[0], b"body"),
    ],
    ids=["too large", "short hash", "long hash", "taken place", "taken id"],
)
def test_an_entry_that_cannot_be_one_is_not_kept(filled: Database, row: EntryRow) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        filled.add_entries([row])
    assert list(filled.entries(0, 100)) == ENTRIES


def test_an_entry_outside_of_the_log_is_found(filled: Database) -> None:
    assert filled.stray_entry(5) is None
    assert filled.stray_entry(6) is None
    assert filled.stray_entry(4) == 4
    assert filled.stray_entry(0) in range(5)
    filled.add_entries([EntryRow(-1, bytes(32), IDS[7], b"body")])
    assert filled.stray_entry(5) == -1


# --- tiles


def test_tiles_are_read_the_lowest_level_first(filled: Database) -> None:
    assert list(filled.tiles()) == TILES


def test_a_node_of_a_tile_is_read(filled: Database) -> None:
    assert [filled.tile_node(0, 1, offset) for offset in range(3)] == [
        bytes(range(start, start + 32)) for start in (0, 32, 64)
    ]
    assert filled.tile_node(0, 3, 0) is None
    assert filled.tile_node(2, 0, 0) is None


def test_the_roots_of_tiles_are_read_in_order(filled: Database) -> None:
    assert filled.tile_roots(0, 0, 3) == [tile.root for tile in TILES[:3]]
    assert filled.tile_roots(0, 1, 2) == [TILES[1].root]
    assert filled.tile_roots(1, 0, 9) == [TILES[3].root]
    assert filled.tile_roots(0, 3, 9) == filled.tile_roots(2, 0, 9) == []


@pytest.mark.parametrize("row", [TILES[0], TileRow(2, 0, bytes(31), b"")], ids=["taken place", "short root"])
def test_a_tile_that_cannot_be_one_is_not_kept(filled: Database, row: TileRow) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        filled.add_tile(row)
    assert list(filled.tiles()) == TILES


# --- checkpoints


def test_checkpoints_are_read_the_smallest_first(filled: Database) -> None:
    filled.add_checkpoint(3, b"three")
    assert list(filled.checkpoints()) == [(1, b"one"), (3, b"three"), (5, b"five")]
    assert filled.latest_checkpoint() == b"five"


def test_a_checkpoint_of_the_same_size_is_kept_as_it_was(filled: Database) -> None:
    filled.add_checkpoint(5, b"another")
    assert list(filled.checkpoints()) == [(1, b"one"), (5, b"five")]


# --- consents


@pytest.mark.parametrize("row", [CONSENT, OTHER_CONSENT])
def test_a_consent_is_found_by_code_secret_and_id(filled: Database, row: ConsentRow) -> None:
    assert filled.find_consent(row.code) == row
    assert filled.find_consent_by_secret(row.secret_digest) == row
    assert filled.consent(row.record_id) == row


def test_an_unknown_consent_is_not_found(filled: Database) -> None:
    assert filled.find_consent("0000-0000") is None
    assert filled.find_consent_by_secret(bytes(32)) is None
    assert filled.consent("record-3") is None


def test_consents_are_read_the_newest_first(filled: Database) -> None:
    assert list(filled.consents()) == [OTHER_CONSENT, CONSENT]


@pytest.mark.parametrize(
    "row",
    [
        ConsentRow("record-1", "0000-0000", bytes(32), b"", 1),
        ConsentRow("record-3", "8F3K-QX2P", bytes(32), b"", 1),
        ConsentRow("record-3", "0000-0000", bytes([1]) * 32, b"", 1),
        ConsentRow("record-3", "0000-0000", bytes(32), b"", 9),
    ],
    ids=["taken id", "taken code", "taken secret", "no such entry"],
)
def test_a_consent_that_cannot_be_one_is_not_kept(filled: Database, row: ConsentRow) -> None:
    with pytest.raises(sqlite3.IntegrityError), filled.transaction():
        filled.add_consent(row, wrapped_key=b"wrapped")
    assert len(list(filled.consents())) == 2


def test_events_are_read_in_order_with_their_entries(filled: Database) -> None:
    assert filled.events("record-1") == [(b"given", 2), (b"withdrawn", 4)]
    assert filled.events("record-2") == filled.events("record-3") == []


@pytest.mark.parametrize(("record_id", "number", "index"), [("record-1", 2, 4), ("record-3", 1, 4), ("record-1", 3, 9)])
def test_an_event_that_cannot_be_one_is_not_kept(filled: Database, record_id: str, number: int, index: int) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        filled.add_event(record_id, number, b"event", index)


# --- vault


def test_a_wrapped_key_is_found(filled: Database) -> None:
    assert filled.wrapped_key("record-1") == b"wrapped 1"
    assert filled.wrapped_key("record-2") == b"wrapped 2"
    assert filled.wrapped_key("record-3") is None


def test_a_sealed_datum_is_found(filled: Database) -> None:
    assert filled.sealed("record-1", "email") == b"sealed"
    assert filled.sealed("record-1", "name") is None
    assert filled.sealed("record-2", "email") is None


@pytest.mark.parametrize(("record_id", "name"), [("record-1", "email"), ("record-3", "email")])
def test_a_sealed_datum_that_cannot_be_one_is_not_kept(filled: Database, record_id: str, name: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        filled.add_sealed(record_id, name, b"other")
    assert filled.sealed("record-1", "email") == b"sealed"


# --- stamps


def test_a_stamp_is_found_by_its_key(filled: Database) -> None:
    assert filled.find_stamp(STAMP.key) == STAMP
    assert filled.find_stamp(NOBODY.key) == NOBODY
    assert filled.find_stamp(bytes(32)) is None


def test_a_stamp_is_found_by_its_handle(filled: Database) -> None:
    assert STAMP.handle is not None
    assert filled.find_stamp_by_handle(STAMP.handle) == STAMP
    assert filled.find_stamp_by_handle(bytes(32)) is None


def test_every_stamp_of_a_picture_is_found_in_order(filled: Database) -> None:
    assert filled.find_stamps_of(STAMP.picture_digest) == [STAMP, NOBODY]
    assert filled.find_stamps_of(bytes(32)) == []


def test_the_stamps_of_a_consent_are_counted(filled: Database) -> None:
    assert filled.count_stamps("record-1") == 1
    assert filled.count_stamps("record-2") == filled.count_stamps("record-3") == 0


@pytest.mark.parametrize(
    "row",
    [
        STAMP,
        StampRow(bytes(32), bytes(32), "camera", "record-3", bytes(32), bytes(32), 2),
        StampRow(bytes(32), bytes(32), "camera", "record-1", bytes(32), bytes(32), 9),
    ],
    ids=["taken key", "no such consent", "no such entry"],
)
def test_a_stamp_that_cannot_be_one_is_not_kept(filled: Database, row: StampRow) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        filled.add_stamp(row)


def test_one_handle_may_stand_for_two_stamps(filled: Database) -> None:
    again = StampRow(bytes(32), STAMP.picture_digest, "camera", "record-1", STAMP.handle, bytes(32), 4)
    filled.add_stamp(again)
    assert filled.count_stamps("record-1") == 2
