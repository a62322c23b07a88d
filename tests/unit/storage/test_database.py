"""What holds of a studio's database wherever it is; each test runs on SQLite and on PostgreSQL."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from support.databases import REFUSED_ROW, Place, kept_fingerprints
from support.refusals import refused

from provenance.errors import CorruptLedgerError
from provenance.merkle import EMPTY_ROOT, Frontier, LeafRange, leaf_hash
from provenance.storage.database import Database
from provenance.storage.interface import (
    AnchorRow,
    ConsentRow,
    CosignatureRow,
    EntryRow,
    FingerprintRow,
    LogKeyRow,
    ManifestRow,
    Needle,
    StampRow,
    TileRow,
)
from provenance.storage.tables import APPEND_ONLY, MAX_ENTRY_BYTES

IDS = [bytes(15) + bytes([number]) for number in range(10)]


def entry(index: int, body: bytes | None = None) -> EntryRow:
    data = f"entry {index}".encode() if body is None else body
    return EntryRow(index, leaf_hash(data), IDS[index], data)


ENTRIES = [entry(number) for number in range(5)]
FRONTIER = Frontier().extend([row.leaf_hash for row in ENTRIES])
CONSENT = ConsentRow("record-1", "8F3K-QX2P", bytes([1]) * 32, b'{"one":1}', 1)
TILE_PLACES = [(0, 0), (0, 1), (0, 2), (1, 0)]
OTHER_CONSENT = ConsentRow("record-2", "ABCD-EFGH", bytes([2]) * 32, b'{"two":2}', 3)
TILES = [TileRow(level, number, bytes([16 * level + number]) * 32, bytes(range(96))) for level, number in TILE_PLACES]
HANDLE = bytes([6]) * 32
STAMP = StampRow(bytes([4]) * 32, bytes([5]) * 32, "camera", {"record-1": HANDLE}, bytes([7]) * 32, 2)
NOBODY = StampRow(bytes([8]) * 32, bytes([5]) * 32, "ai-generated", {}, bytes([9]) * 32, 4)
RETRACTED = StampRow(bytes([10]) * 32, bytes([11]) * 32, "ai-generated", {}, bytes([12]) * 32, 3, revoked_by=4)
LINES = ["— witness.example/a AAAA\n", "— witness.example/b BBBB\n"]


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction():
        database.add_entries(ENTRIES)
        database.set_head(FRONTIER)
        database.add_checkpoint(1, b"one")
        database.add_checkpoint(5, b"five")
        database.add_tiles(TILES[::-1])
        database.add_cosignature(CosignatureRow(1, LINES[0]))
        database.add_anchor(b"one", "https://tsa.example")
        database.add_log_key("vkey 1", 1)
        database.add_consent(CONSENT, wrapped_key=b"wrapped 1")
        database.add_consent(OTHER_CONSENT, wrapped_key=b"wrapped 2")
        database.add_stamp(RETRACTED)
        database.revoke_stamp(RETRACTED.key, 4)
        database.add_event("record-1", 1, b"given", 2)
        database.add_event("record-1", 2, b"withdrawn", 4)
        database.add_sealed("record-1", "email", b"sealed")
        database.add_stamp(STAMP)
        database.add_stamp(NOBODY)
    return database


def test_a_new_database_is_empty(database: Database) -> None:
    assert database.head() == Frontier()
    for rows in (
        database.entries(0, 100),
        database.bodies(0, 100),
        database.checkpoints(),
        database.tiles(),
        database.consents(),
        database.anchors(),
        database.log_keys(),
        database.cosignatures(0),
        database.find_entries(IDS),
    ):
        assert not [*rows]
    assert database.latest_checkpoint() is None
    assert database.latest_cosigned() is None


def test_what_was_written_is_there_when_it_is_opened_again(place: Place) -> None:
    with closing(Database(place.location)) as database:
        database.add_entries(ENTRIES)
    with closing(Database(place.location)) as database:
        assert list(database.entries(0, 100)) == ENTRIES


# --- transactions


def test_a_transaction_keeps_all_of_it(place: Place, database: Database) -> None:
    with database.transaction():
        database.add_entries(ENTRIES)
        database.add_checkpoint(5, b"five")
    with closing(Database(place.location)) as other:
        assert len(list(other.entries(0, 100))) == 5
        assert other.latest_checkpoint() == b"five"


def fail(error: BaseException) -> None:
    raise error


def fill_and_fail(database: Database, error: BaseException) -> None:
    with database.transaction():
        database.add_entries(ENTRIES)
        database.set_head(FRONTIER)
        database.add_checkpoint(5, b"five")
        database.add_consent(CONSENT, wrapped_key=b"wrapped")
        database.add_stamp(RETRACTED)
        database.revoke_stamp(RETRACTED.key, 4)
        database.add_event("record-1", 1, b"given", 2)
        database.add_sealed("record-1", "email", b"sealed")
        database.add_stamp(STAMP)
        database.add_fingerprints([FingerprintRow(2, "full", bytes(32))])
        database.add_manifest(ManifestRow(2, "urn:c2pa:2", b"store"))
        fail(error)


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), sqlite3.IntegrityError()], ids=type)
def test_a_transaction_that_fails_keeps_nothing(place: Place, database: Database, error: BaseException) -> None:
    before = place.dump()
    with pytest.raises(type(error)):
        fill_and_fail(database, error)
    assert place.dump() == before
    assert database.head() == Frontier()


def test_after_a_failure_the_next_transaction_is_as_any_other(database: Database) -> None:
    with pytest.raises(ValueError, match="no"):
        fill_and_fail(database, ValueError("no"))
    with database.transaction():
        database.add_entries(ENTRIES[:2])
    assert list(database.entries(0, 100)) == ENTRIES[:2]


def test_a_transaction_within_another_ends_with_it(place: Place, database: Database) -> None:
    with closing(Database(place.location)) as other, database.transaction():
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


def test_nobody_sees_a_transaction_before_it_ends(place: Place, database: Database) -> None:
    with closing(Database(place.location)) as other:
        with database.transaction():
            database.add_entries(ENTRIES)
            assert list(other.entries(0, 100)) == []
        assert list(other.entries(0, 100)) == ENTRIES


def test_what_was_to_be_done_after_the_commit_is_done_once_and_in_order(place: Place, database: Database) -> None:
    done: list[object] = []
    with closing(Database(place.location)) as other:
        with database.transaction():
            database.add_checkpoint(1, b"one")
            database.after_commit(lambda: done.append(other.latest_checkpoint()))
            with database.transaction():
                database.after_commit(lambda: done.append("second"))
            assert done == []
        assert done == [b"one", "second"]
        with database.transaction():
            database.add_checkpoint(2, b"two")
    assert done == [b"one", "second"]


def test_what_was_to_be_done_after_the_commit_is_not_done_without_it(database: Database) -> None:
    done: list[str] = []

    def fail_within() -> None:
        with database.transaction():
            database.after_commit(lambda: done.append("never"))
            fail(ValueError("no"))

    with pytest.raises(ValueError, match="no"):
        fail_within()
    with database.transaction():
        database.add_checkpoint(1, b"one")
    assert done == []


def test_outside_of_a_transaction_it_is_done_at_once(database: Database) -> None:
    done: list[str] = []
    database.after_commit(lambda: done.append("now"))
    assert done == ["now"]


def test_after_the_commit_another_transaction_may_begin(database: Database) -> None:
    def write_more() -> None:
        with database.transaction():
            database.add_checkpoint(2, b"two")

    with database.transaction():
        database.add_checkpoint(1, b"one")
        database.after_commit(write_more)
    assert [size for size, _ in database.checkpoints()] == [1, 2]


def test_nobody_is_asked_where_the_outcome_is_known(database: Database) -> None:
    with database.transaction(landed=lambda: pytest.fail("asked")):
        database.add_checkpoint(1, b"one")


def test_what_a_snapshot_shows_is_of_one_moment(place: Place, database: Database) -> None:
    with closing(Database(place.location)) as other:
        with database.snapshot():
            assert database.head().size == 0
            with other.transaction():
                other.add_entries(ENTRIES)
                other.set_head(FRONTIER)
            assert database.head().size == 0
            with database.snapshot():
                assert list(database.entries(0, 100)) == []
            assert list(database.entries(0, 100)) == []
        assert database.head() == FRONTIER
        assert list(database.entries(0, 100)) == ENTRIES


def test_a_snapshot_is_left_in_order_when_the_block_fails(database: Database) -> None:
    def fail_within() -> None:
        with database.snapshot():
            database.head()
            fail(ValueError("no"))

    with pytest.raises(ValueError, match="no"):
        fail_within()
    with database.transaction():
        database.add_checkpoint(1, b"one")
    assert database.latest_checkpoint() == b"one"


def test_nothing_is_written_within_a_snapshot(database: Database) -> None:
    with database.snapshot(), refused(RuntimeError, "a snapshot only reads"), database.transaction():
        pytest.fail("a transaction that would be undone")


def test_a_snapshot_within_a_transaction_shows_what_it_wrote(database: Database) -> None:
    with database.transaction():
        database.add_entries(ENTRIES)
        with database.snapshot():
            assert len(list(database.entries(0, 100))) == 5
    assert len(list(database.entries(0, 100))) == 5


# --- what is never changed


STATEMENTS = {
    "entry": "body = leaf_hash",
    "checkpoint": "note = note",
    "cosignature": "line = line",
    "consent_event": "envelope = envelope",
    "stamp_revocation": "entry_idx = entry_idx",
}


def test_the_append_only_tables_are_these() -> None:
    assert sorted(APPEND_ONLY) == sorted(STATEMENTS)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_row_of_an_append_only_table_is_changed_or_deleted_by_anybody(place: Place, table: str) -> None:
    before = place.dump()
    statements = [f"UPDATE {table} SET {STATEMENTS[table]}", f"DELETE FROM {table}"]
    if not place.is_file:
        statements += [f"TRUNCATE {table} CASCADE", f"MERGE INTO {table} t USING head ON true WHEN MATCHED THEN DELETE"]
    for statement in statements:
        with pytest.raises(Exception, match=f"the table {table} is append-only"):
            place.run(statement)
    assert place.dump() == before


def test_a_change_of_other_tables_is_possible(place: Place, filled: Database) -> None:
    place.run("DELETE FROM data_key WHERE record_id = 'record-1'")
    assert filled.wrapped_key("record-1") is None


# --- head


def test_a_head_is_read_as_it_was_written(database: Database) -> None:
    frontier = Frontier()
    for row in ENTRIES:
        frontier = frontier.append(row.leaf_hash)
        database.set_head(frontier)
        assert database.head() == frontier


@pytest.mark.parametrize(
    ("size", "frontier"),
    [(1, b""), (0, bytes(32)), (1, bytes(31)), (1, bytes(33)), (1, bytes(64)), (3, bytes(32)), (3, bytes(63))],
)
def test_a_head_that_cannot_be_one_is_refused(place: Place, database: Database, size: int, frontier: bytes) -> None:
    place.run("UPDATE head SET size = ?, frontier = ?", (size, frontier))
    with refused(CorruptLedgerError, "head: the frontier does not fit its size"):
        database.head()


@pytest.mark.parametrize("root", [bytes(32), b"", EMPTY_ROOT])
def test_a_head_with_another_root_is_refused(place: Place, filled: Database, root: bytes) -> None:
    place.run("UPDATE head SET root = ?", (root,))
    with refused(CorruptLedgerError, "head: the root does not follow from the frontier"):
        filled.head()


def test_the_head_of_another_writer_is_seen(place: Place, filled: Database) -> None:
    more = FRONTIER.append(bytes(32))
    with closing(Database(place.location)) as other:
        other.set_head(more)
    assert filled.head() == more
    filled.set_head(FRONTIER)
    assert filled.head() == FRONTIER


def test_a_head_that_was_undone_is_not_remembered(database: Database) -> None:
    with pytest.raises(ValueError, match="no"):
        fill_and_fail(database, ValueError("no"))
    assert database.head() == Frontier()


def test_a_missing_head_is_refused(place: Place, database: Database) -> None:
    place.run("DELETE FROM head")
    with refused(CorruptLedgerError, "head: expected one row, got none"):
        database.head()


def test_there_is_one_head_only(place: Place, database: Database) -> None:
    statement = "INSERT INTO head (id, size, root, frontier) VALUES (2, 0, ?, ?)"
    with pytest.raises(Exception, match=r"(?i)check constraint"):
        place.run(statement, (EMPTY_ROOT, b""))


# --- entries


def test_entries_are_read_in_order(filled: Database) -> None:
    assert list(filled.entries(0, 5)) == ENTRIES
    assert list(filled.entries(0, 100)) == ENTRIES
    assert list(filled.entries(1, 3)) == ENTRIES[1:3]
    assert list(filled.entries(3, 3)) == list(filled.entries(5, 9)) == []


def test_bodies_are_read_in_order(filled: Database) -> None:
    assert list(filled.bodies(0, 100)) == [(row.index, row.leaf_hash, row.body) for row in ENTRIES]
    assert list(filled.bodies(1, 3)) == [(row.index, row.leaf_hash, row.body) for row in ENTRIES[1:3]]
    assert list(filled.bodies(3, 3)) == list(filled.bodies(5, 9)) == []


@pytest.mark.parametrize("count", [4096, 4097, 9000])
def test_long_reads_are_whole(database: Database, count: int) -> None:
    rows = [EntryRow(number, bytes(32), number.to_bytes(16, "big"), b"%d" % number) for number in range(count)]
    with database.transaction():
        database.add_entries(rows)
    assert list(database.entries(0, count)) == rows
    assert [body for _, _, body in database.bodies(1, count - 1)] == [row.body for row in rows[1:-1]]


def test_an_entry_is_found_by_its_place(filled: Database) -> None:
    assert [filled.entry(index) for index in range(5)] == ENTRIES
    assert filled.entry(5) is None
    assert filled.entry(-1) is None


def test_entries_are_found_by_their_ids(filled: Database) -> None:
    assert filled.find_entries([IDS[3]]) == {IDS[3]: ENTRIES[3]}
    assert filled.find_entries([IDS[4], IDS[9], IDS[0]]) == {IDS[4]: ENTRIES[4], IDS[0]: ENTRIES[0]}
    assert filled.find_entries([IDS[9]]) == filled.find_entries([b""]) == filled.find_entries([]) == {}


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
        EntryRow(5, bytes(32), bytes(15), b"body"),
        EntryRow(5, bytes(32), bytes(17), b"body"),
    ],
    ids=["too large", "short hash", "long hash", "taken place", "taken id", "short id", "long id"],
)
@pytest.mark.parametrize("beside", [0, 1])
def test_an_entry_that_cannot_be_one_is_not_kept(filled: Database, row: EntryRow, beside: int) -> None:
    with pytest.raises(REFUSED_ROW), filled.transaction():
        filled.add_entries([entry(6)] * beside + [row])
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


def test_many_tiles_are_read_in_order(database: Database) -> None:
    rows = [TileRow(level, number, bytes(32), bytes([level])) for level in range(3) for number in range(70)]
    with database.transaction():
        database.add_tiles(rows[::-1])
    assert list(database.tiles()) == rows


def test_a_tile_is_found_by_its_place(filled: Database) -> None:
    assert [filled.tile(level, number) for level, number in TILE_PLACES] == TILES
    assert filled.tile(0, 3) is filled.tile(2, 0) is filled.tile(-1, 0) is None


def test_tiles_can_be_forgotten_and_written_again(filled: Database) -> None:
    filled.remove_derived()
    assert list(filled.tiles()) == []
    filled.add_tiles(TILES)
    assert list(filled.tiles()) == TILES


def test_the_roots_of_tiles_are_read_in_order(filled: Database) -> None:
    assert filled.tile_roots(0, 0, 3) == [tile.root for tile in TILES[:3]]
    assert filled.tile_roots(0, 1, 2) == [TILES[1].root]
    assert filled.tile_roots(1, 0, 9) == [TILES[3].root]
    assert filled.tile_roots(0, 3, 9) == filled.tile_roots(2, 0, 9) == []


@pytest.mark.parametrize("row", [TILES[0], TileRow(2, 0, bytes(31), b"")], ids=["taken place", "short root"])
def test_a_tile_that_cannot_be_one_is_not_kept(filled: Database, row: TileRow) -> None:
    with pytest.raises(REFUSED_ROW):
        filled.add_tiles([row])
    assert list(filled.tiles()) == TILES


# --- checkpoints


def test_checkpoints_are_read_the_smallest_first(filled: Database) -> None:
    filled.add_checkpoint(3, b"three")
    assert list(filled.checkpoints()) == [(1, b"one"), (3, b"three"), (5, b"five")]
    assert filled.latest_checkpoint() == b"five"


def test_a_checkpoint_of_the_same_size_is_kept_as_it_was(filled: Database) -> None:
    filled.add_checkpoint(5, b"another")
    assert list(filled.checkpoints()) == [(1, b"one"), (5, b"five")]


def test_a_checkpoint_is_found_by_its_size(filled: Database) -> None:
    assert filled.checkpoint_of(1) == b"one"
    assert filled.checkpoint_of(5) == b"five"
    assert filled.checkpoint_of(3) is filled.checkpoint_of(0) is filled.checkpoint_of(6) is None


def test_many_checkpoints_are_read_the_smallest_first(database: Database) -> None:
    with database.transaction():
        for size in range(1, 5001):
            database.add_checkpoint(size, b"%d" % size)
    assert list(database.checkpoints()) == [(size, b"%d" % size) for size in range(1, 5001)]


# --- cosignatures


def test_cosignatures_are_read_as_they_came(filled: Database) -> None:
    filled.add_cosignature(CosignatureRow(5, LINES[1]))
    filled.add_cosignature(CosignatureRow(5, LINES[0]))
    filled.add_cosignature(CosignatureRow(5, LINES[1]))
    assert filled.cosignatures(5) == [LINES[1], LINES[0]]
    assert filled.cosignatures(1) == [LINES[0]]
    assert filled.cosignatures(3) == []


def test_the_largest_size_that_was_cosigned_is_known(filled: Database) -> None:
    assert filled.latest_cosigned() == 1
    filled.add_cosignature(CosignatureRow(5, LINES[0]))
    assert filled.latest_cosigned() == 5


def test_a_cosignature_of_ml_dsa_is_kept(filled: Database) -> None:
    # 8 bytes of time and 2,420 of signature behind 4 of key id, in base64; told apart only at their end.
    lines = [f"— witness.example/pq {'Zm9v' * 810}{end}\n" for end in ("AAAA", "BBBB")]
    for line in lines:
        filled.add_cosignature(CosignatureRow(5, line))
    assert filled.cosignatures(5) == lines


def test_a_cosignature_over_no_checkpoint_is_not_kept(filled: Database) -> None:
    with pytest.raises(REFUSED_ROW):
        filled.add_cosignature(CosignatureRow(3, LINES[0]))
    assert filled.cosignatures(3) == []


# --- anchors


def test_an_anchor_waits_for_its_token(filled: Database) -> None:
    (first,) = filled.anchors()
    second = filled.add_anchor(b"five", "https://other.example")
    assert second > first.id >= 1
    assert filled.anchors() == [first, AnchorRow(second, b"five", "https://other.example", None)]
    filled.set_anchor_token(first.id, b"token")
    assert filled.anchors()[0] == AnchorRow(first.id, b"one", "https://tsa.example", b"token")
    assert filled.anchors()[1].token is None


def test_an_anchor_outside_of_a_transaction_is_kept_at_once(place: Place, database: Database) -> None:
    database.add_anchor(b"one", "https://tsa.example")
    with closing(Database(place.location)) as other:
        assert [row.note for row in other.anchors()] == [b"one"]


# --- keys of the log


def test_keys_of_the_log_are_read_as_they_came(filled: Database) -> None:
    filled.add_log_key("vkey 0", 5)
    filled.retire_log_key("vkey 1", 6)
    assert filled.log_keys() == [LogKeyRow("vkey 1", 1, 6), LogKeyRow("vkey 0", 5, None)]


def test_a_key_of_the_log_is_kept_once(filled: Database) -> None:
    with pytest.raises(REFUSED_ROW):
        filled.add_log_key("vkey 1", 5)
    assert filled.log_keys() == [LogKeyRow("vkey 1", 1, None)]


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
    with pytest.raises(REFUSED_ROW), filled.transaction():
        filled.add_consent(row, wrapped_key=b"wrapped")
    assert len(list(filled.consents())) == 2


def test_events_are_read_in_order_with_their_entries(filled: Database) -> None:
    assert filled.events("record-1") == [(b"given", 2), (b"withdrawn", 4)]
    assert filled.events("record-2") == filled.events("record-3") == []


@pytest.mark.parametrize(("record_id", "number", "index"), [("record-1", 2, 4), ("record-3", 1, 4), ("record-1", 3, 9)])
def test_an_event_that_cannot_be_one_is_not_kept(filled: Database, record_id: str, number: int, index: int) -> None:
    with pytest.raises(REFUSED_ROW):
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
    with pytest.raises(REFUSED_ROW):
        filled.add_sealed(record_id, name, b"other")
    assert filled.sealed("record-1", "email") == b"sealed"


def test_what_is_sealed_is_listed_by_name(filled: Database) -> None:
    filled.add_sealed("record-1", "address", b"sealed, too")
    assert filled.sealed_names("record-1") == ["address", "email"]
    assert filled.sealed_names("record-2") == []


# --- erasure


def test_sealed_data_are_removed_by_record_and_name(filled: Database) -> None:
    for record_id, name in (("record-1", "address"), ("record-2", "email")):
        filled.add_sealed(record_id, name, b"sealed")
    filled.remove_sealed("record-1", ["email", "absent"])
    assert filled.sealed_names("record-1") == ["address"]
    assert filled.sealed_names("record-2") == ["email"]


def test_a_wrapped_key_is_replaced(filled: Database) -> None:
    filled.replace_wrapped_key("record-1", b"another")
    assert (filled.wrapped_key("record-1"), filled.wrapped_key("record-2")) == (b"another", b"wrapped 2")


def test_the_notes_of_stamps_under_one_consent_are_removed(filled: Database) -> None:
    shown = [("record-1",), ("record-2",), (), ("record-1", "record-2")]
    keys = [bytes([20 + number]) * 32 for number in range(len(shown))]
    for key, people in zip(keys, shown, strict=True):
        handles = dict.fromkeys(people, key)
        filled.add_stamp(StampRow(key, bytes(32), "camera", handles, bytes(32), 2, b"note"))
    filled.remove_stamp_notes("record-1")
    notes = [filled.find_stamp(key) for key in keys]
    assert [row.note for row in notes if row is not None] == [None, b"note", b"note", None]
    assert filled.find_stamp(STAMP.key) == replace(STAMP, note=None)


# --- fingerprints


def keep_fingerprints(database: Database) -> list[FingerprintRow]:
    """Keep two fingerprints of one stamp and one of another, and return them."""
    rows = [FingerprintRow(2, "centre-square", b"c" * 32), FingerprintRow(2, "full", b"f" * 32)]
    rows += [FingerprintRow(3, "full", b"r" * 32)]
    with database.transaction():
        database.add_fingerprints(rows[::-1])
    return rows


def test_fingerprints_are_kept_with_their_stamps(filled: Database) -> None:
    assert (kept_fingerprints(filled), filled.count_fingerprints()) == ([], 0)
    assert filled.fingerprint_columns() == ([], [], b"")
    rows = keep_fingerprints(filled)
    assert kept_fingerprints(filled) == rows
    assert filled.count_fingerprints() == 3
    assert (filled.fingerprints_of(2), filled.fingerprints_of(4)) == (rows[:2], [])


@pytest.mark.parametrize(
    "row", [FingerprintRow(2, "full", bytes(32)), FingerprintRow(2, "face", bytes(31))], ids=["again", "short"]
)
def test_what_cannot_be_a_fingerprint_is_not_kept(filled: Database, row: FingerprintRow) -> None:
    keep_fingerprints(filled)
    with pytest.raises(REFUSED_ROW):
        filled.add_fingerprints([row])
    assert filled.count_fingerprints() == 3


def test_a_fingerprint_belongs_to_a_stamp(filled: Database) -> None:
    filled.add_fingerprints([FingerprintRow(0, "full", bytes(32))])
    assert filled.count_fingerprints() == 0


def test_the_fingerprints_of_pictures_that_show_a_person_are_removed(filled: Database) -> None:
    rows = keep_fingerprints(filled)
    other, both = (StampRow(bytes([number]) * 32, bytes([number]) * 32, "camera", {}, b"", number) for number in (0, 1))
    filled.add_stamp(replace(other, handles={"record-2": bytes(32)}))
    filled.add_stamp(replace(both, handles={"record-1": bytes(32), "record-2": bytes([1]) * 32}))
    later = [FingerprintRow(0, "full", b"f" * 32), FingerprintRow(1, "full", b"b" * 32)]
    # Nobody is said to be shown in this one, but it is the same picture as one that shows somebody.
    same = FingerprintRow(4, "full", b"n" * 32)
    filled.add_fingerprints([*later, same])
    assert filled.fingerprints_showing("record-1") == [*rows[:2], same, later[1]]
    assert filled.codes_elsewhere("record-1") == {b"f" * 32}
    filled.remove_fingerprints("record-1")
    assert kept_fingerprints(filled) == [later[0], rows[2]]
    assert filled.fingerprints_showing("record-1") == []
    assert filled.codes_elsewhere("record-1") == set()
    assert filled.find_stamp(STAMP.key) == STAMP


def test_every_fingerprint_is_removed(filled: Database) -> None:
    keep_fingerprints(filled)
    filled.remove_all_fingerprints()
    assert kept_fingerprints(filled) == []


# --- the manifests beside them


def manifest(entry: int) -> ManifestRow:
    return ManifestRow(entry, f"urn:c2pa:{entry}", bytes([entry]) * 9)


def test_a_manifest_is_kept_with_its_stamp_and_found_by_its_label(filled: Database) -> None:
    filled.add_manifest(manifest(2))
    filled.add_manifest(manifest(3))
    # One that no stamp has.
    filled.add_manifest(manifest(0))
    assert [filled.manifest_of(entry) for entry in (2, 3, 0)] == [manifest(2), manifest(3), None]
    assert [filled.find_manifest(f"urn:c2pa:{entry}") for entry in (2, 3, 0)] == [manifest(2), manifest(3), None]


@pytest.mark.parametrize(
    "row", [replace(manifest(2), label="urn:c2pa:9"), replace(manifest(3), label="urn:c2pa:2")], ids=["stamp", "label"]
)
def test_no_second_manifest_is_kept_of_a_stamp_or_under_a_label(filled: Database, row: ManifestRow) -> None:
    filled.add_manifest(manifest(2))
    with pytest.raises(REFUSED_ROW):
        filled.add_manifest(row)


def test_manifests_go_with_the_fingerprints_of_a_person(filled: Database) -> None:
    for entry in (2, 3):
        filled.add_manifest(manifest(entry))
    assert filled.manifests_showing("record-1") == ["urn:c2pa:2"]
    filled.remove_fingerprints("record-1")
    assert filled.manifests_showing("record-1") == []
    assert [filled.manifest_of(entry) for entry in (2, 3)] == [None, manifest(3)]
    filled.remove_all_fingerprints()
    assert filled.manifest_of(3) is None


def test_a_scrubbed_database_is_the_same_and_goes_on(filled: Database, place: Place) -> None:
    before = place.dump()
    assert filled.scrub()
    assert place.dump() == before
    with filled.transaction():
        filled.add_sealed("record-2", "email", b"sealed")
    assert filled.sealed_names("record-2") == ["email"]


def test_the_files_of_a_database_are_searched_where_there_are_some(filled: Database, place: Place) -> None:
    needles = [Needle(b"wrapped 1"), Needle(b"wrapped 3")]
    searched = filled.search_files(needles)
    if not place.is_file:
        assert searched is None
        return
    assert isinstance(place.location, Path)
    assert searched is not None
    assert searched.found == (needles[0],)
    assert searched.size >= place.location.stat().st_size
    assert filled.wrapped_key("record-1") == b"wrapped 1"
    with filled.transaction():
        filled.add_sealed("record-2", "email", b"sealed")


# --- stamps


def test_a_stamp_is_found_by_its_key(filled: Database) -> None:
    assert filled.find_stamp(STAMP.key) == STAMP
    assert filled.find_stamp(NOBODY.key) == NOBODY
    assert filled.find_stamp(bytes(32)) is None


def test_a_stamp_is_found_by_its_handle(filled: Database) -> None:
    assert filled.find_stamp_by_handle(HANDLE) == STAMP
    assert filled.find_stamp_by_handle(bytes(32)) is None


def test_a_stamp_is_found_by_its_entry(filled: Database) -> None:
    assert filled.find_stamp_by_entry(STAMP.entry_index) == STAMP
    assert filled.find_stamp_by_entry(1) is None


def test_a_stamp_of_several_people_is_found_by_each_and_whole(filled: Database) -> None:
    handles = {"record-2": bytes([20]) * 32, "record-1": bytes([21]) * 32}
    group = StampRow(bytes(32), bytes(32), "camera", handles, bytes(32), 2)
    filled.add_stamp(group)
    for record_id, handle in handles.items():
        found = filled.find_stamp_by_handle(handle)
        assert found == group
        # By the handles, whoever was named first.
        assert list(found.handles) == ["record-2", "record-1"]
        assert found.record_id_of(handle) == record_id
    assert filled.find_stamps_under("record-1") == [STAMP, group]
    assert filled.find_stamps_under("record-2") == [group]
    assert (filled.count_stamps("record-1"), filled.count_stamps("record-2")) == (2, 1)


def test_a_retracted_stamp_names_the_entry_that_retracts_it(filled: Database) -> None:
    assert filled.find_stamp(RETRACTED.key) == RETRACTED
    filled.revoke_stamp(STAMP.key, 3)
    assert filled.find_stamps_of(STAMP.picture_digest) == [replace(STAMP, revoked_by=3), NOBODY]
    with pytest.raises(REFUSED_ROW):
        filled.revoke_stamp(STAMP.key, 4)


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
        StampRow(bytes(32), bytes(32), "camera", {"record-3": bytes(32)}, bytes(32), 2),
        StampRow(bytes(32), bytes(32), "camera", {"record-1": bytes(32)}, bytes(32), 9),
    ],
    ids=["taken key", "no such consent", "no such entry"],
)
def test_a_stamp_that_cannot_be_one_is_not_kept(filled: Database, row: StampRow) -> None:
    with pytest.raises(REFUSED_ROW):
        filled.add_stamp(row)


def test_one_handle_may_stand_for_two_stamps(filled: Database) -> None:
    again = StampRow(bytes(32), STAMP.picture_digest, "camera", STAMP.handles, bytes(32), 4)
    filled.add_stamp(again)
    assert filled.count_stamps("record-1") == 2
