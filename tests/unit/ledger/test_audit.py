import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.consents import NOW
from support.ledgers import disarm, empty_database, identified, numbered, open_ledger, tamper
from support.logs import LOG_ORIGIN, Log
from support.refusals import assert_plain_message, refused
from support.trees import naive_root
from support.tries import tries

from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.entries import ConsentEntry, GenesisEntry
from provenance.errors import CorruptLedgerError
from provenance.ledger import AuditReport, audit
from provenance.merkle import EMPTY_ROOT, Frontier, leaf_hash
from provenance.storage.database import Database
from provenance.tiles import NODES_PER_TILE

LOG = Log()
SIZE = 7
FRESH = ConsentEntry(NOW, bytes([9]) * 32).to_bytes()
NOT_FOLLOWED = "does not follow from the entries"

Statement = str | tuple[str, Sequence[object]]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The database of a ledger of seven entries."""
    path = tmp_path_factory.mktemp("clean") / "studio.db"
    with open_ledger(path, LOG, size=SIZE):
        pass
    return path.read_bytes()


@pytest.fixture
def path(clean: bytes, tmp_path: Path) -> Path:
    file = tmp_path / "studio.db"
    file.write_bytes(clean)
    return file


def audited(path: Path, log: Log = LOG) -> AuditReport:
    with closing(Database(path)) as database:
        return audit(database, keys=[log.key])


def bodies(path: Path) -> list[bytes]:
    with closing(Database(path)) as database:
        return [row.body for row in database.entries(0, 1000)]


def signed(size: int, root: bytes, *, log: Log = LOG) -> bytes:
    checkpoint = Checkpoint(log.key.name, size, root)
    return sign_checkpoint(checkpoint, key=log.key, sign=log.signing_key.sign).to_bytes()


def with_body(index: int, body: bytes) -> Statement:
    """Change an entry so that its leaf hash fits."""
    return "UPDATE entry SET body = ?, leaf_hash = ? WHERE idx = ?", [body, leaf_hash(body), index]


def rebuilt(entries: Sequence[bytes]) -> list[Statement]:
    """Change everything that is not signed so that it fits `entries`."""
    frontier = Frontier().extend(leaf_hash(body) for body in entries)
    return [*(with_body(index, body) for index, body in enumerate(entries)), with_head(frontier)]


def with_head(frontier: Frontier) -> Statement:
    """Change the head, which fits itself."""
    columns = [frontier.size, frontier.root(), b"".join(frontier.hashes)]
    return "UPDATE head SET size = ?, root = ?, frontier = ?", columns


# --- what is whole


@pytest.mark.parametrize("size", range(1, 21))
def test_a_ledger_as_it_was_written_is_clean(tmp_path: Path, size: int) -> None:
    with open_ledger(tmp_path / "studio.db", LOG, size=size) as (database, _):
        entries = [row.body for row in database.entries(0, size)]
        report = audit(database, keys=[LOG.key])
    assert (report.entries, report.checkpoints) == (size, size)
    assert report.root_hash == naive_root(entries)


def test_a_ledger_written_in_groups_is_clean(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "studio.db", LOG, size=1) as (database, ledger):
        for count in (3, 1, 8, 2):
            ledger.append(identified(*(numbered(number) for number in range(count))))
        report = audit(database, keys=[LOG.key])
    assert (report.entries, report.checkpoints) == (15, 5)


def test_an_audit_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    audited(path)
    assert path.read_bytes() == before


# Entries are appended in groups with one checkpoint each, so that no size but the last has to have one.
def test_a_checkpoint_missing_between_others_shows_in_their_number_only(path: Path) -> None:
    tamper(path, "DELETE FROM checkpoint WHERE size = 5")
    report = audited(path)
    assert (report.entries, report.checkpoints) == (SIZE, SIZE - 1)


@pytest.mark.parametrize(("statement", "newest"), [("size = 7", 6), ("size > 1", 1)])
def test_entries_behind_the_newest_checkpoint_are_found(path: Path, statement: str, newest: int) -> None:
    tamper(path, f"DELETE FROM checkpoint WHERE {statement}")
    with refused(CorruptLedgerError, f"checkpoint {newest}: the newest one does not cover {SIZE} entries"):
        audited(path)


# --- nothing there


def test_a_ledger_without_anything_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "studio.db").write_bytes(empty_database())
    with refused(CorruptLedgerError, "ledger: expected a signed checkpoint, got none"):
        audited(tmp_path / "studio.db")


def test_a_ledger_with_nothing_but_a_checkpoint_of_nothing_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "studio.db").write_bytes(empty_database())
    tamper(tmp_path / "studio.db", ("INSERT INTO checkpoint VALUES (0, ?)", [signed(0, EMPTY_ROOT)]))
    with refused(CorruptLedgerError, "checkpoint 0: covers more than the 0 entries there are"):
        audited(tmp_path / "studio.db")


# --- tampering

TAMPERS: dict[str, tuple[list[Statement], str]] = {
    # entries
    "body": (
        ["UPDATE entry SET body = CAST(replace(body, '2026', '2027') AS BLOB) WHERE idx = 3"],
        "entry 3: its bytes do not hash to its leaf hash",
    ),
    "empty body": (["UPDATE entry SET body = x'' WHERE idx = 6"], "entry 6: its bytes do not hash to its leaf hash"),
    "leaf hash": (
        ["UPDATE entry SET leaf_hash = zeroblob(32) WHERE idx = 0"],
        "entry 0: its bytes do not hash to its leaf hash",
    ),
    "short leaf hash": (
        ["UPDATE entry SET leaf_hash = x'00' WHERE idx = 2"],
        "entry 2: its bytes do not hash to its leaf hash",
    ),
    "no leaf hash": (
        ["UPDATE entry SET leaf_hash = 'text' WHERE idx = 2"],
        "entry 2: its bytes do not hash to its leaf hash",
    ),
    "body and leaf hash": ([with_body(3, FRESH)], f"checkpoint 4: {NOT_FOLLOWED}"),
    "last body and leaf hash": ([with_body(6, FRESH)], f"checkpoint 7: {NOT_FOLLOWED}"),
    "two entries exchanged": (
        [
            "UPDATE entry SET idx = 100 WHERE idx = 2",
            "UPDATE entry SET idx = 2 WHERE idx = 3",
            "UPDATE entry SET idx = 3 WHERE idx = 100",
        ],
        f"checkpoint 3: {NOT_FOLLOWED}",
    ),
    "no entry": ([with_body(4, b"")], "entry 4: entry: expected json, got something else at line 1 column 1"),
    "another form of an entry": (
        [with_body(4, b" " + FRESH)],
        "entry 4: entry of type consent: expected canonical bytes with no further members",
    ),
    "first missing": (["DELETE FROM entry WHERE idx = 0"], "entry 0: missing"),
    "middle missing": (["DELETE FROM entry WHERE idx = 3"], "entry 3: missing"),
    "last missing": (["DELETE FROM entry WHERE idx = 6"], "entry 6: missing; the head says that there are 7"),
    "all missing": (["DELETE FROM entry"], "entry 0: missing; the head says that there are 7"),
    "moved": (["UPDATE entry SET idx = 8 WHERE idx = 6"], "entry 6: missing; the head says that there are 7"),
    "beyond the head": (
        [("INSERT INTO entry VALUES (7, ?, 'more', ?)", [leaf_hash(FRESH), FRESH])],
        "entry 7: lies beyond the head of size 7",
    ),
    "far beyond the head": (
        [("INSERT INTO entry VALUES (1000000, ?, 'more', ?)", [leaf_hash(FRESH), FRESH])],
        "entry 1000000: lies beyond the head of size 7",
    ),
    "second genesis": (
        [with_body(3, GenesisEntry(NOW, LOG.key.name, LOG.key.to_text()).to_bytes())],
        "entry 3: the genesis entry comes first and only once",
    ),
    "no genesis": ([with_body(0, FRESH)], "entry 0: the genesis entry comes first and only once"),
    "genesis of another log": (
        [with_body(0, GenesisEntry(NOW, "another", LOG.key.to_text()).to_bytes())],
        "entry 0: names another log or key than this studio's",
    ),
    "genesis of another key": (
        [with_body(0, GenesisEntry(NOW, LOG.key.name, Log().key.to_text()).to_bytes())],
        "entry 0: names another log or key than this studio's",
    ),
    # head
    "head size": (["UPDATE head SET size = 11"], "entry 7: missing; the head says that there are 11"),
    "unfitting head size": (["UPDATE head SET size = 6"], "head: the frontier does not fit its size"),
    "negative head size": (
        [with_head(Frontier(-7, (bytes(32),) * 3))],
        "entry 0: missing; the head says that there are -7",
    ),
    "smaller head": (
        [with_head(Frontier(4, (bytes(32),)))],
        "checkpoint 5: covers more than the 4 entries there are",
    ),
    "empty head": (
        [with_head(Frontier())],
        "checkpoint 1: covers more than the 0 entries there are",
    ),
    "frontier": (
        [with_head(Frontier(7, (bytes(32),) * 3))],
        "head: the frontier does not follow from the entries",
    ),
    "frontier of another root": (
        ["UPDATE head SET frontier = zeroblob(96)"],
        "head: the root does not follow from the frontier",
    ),
    "root": (["UPDATE head SET root = zeroblob(32)"], "head: the root does not follow from the frontier"),
    "short frontier": (["UPDATE head SET frontier = zeroblob(95)"], "head: the frontier does not fit its size"),
    "no head": (["DELETE FROM head"], "head: expected one row, got none"),
    # checkpoints
    "checkpoint note": (
        [("UPDATE checkpoint SET note = CAST(replace(note, ?, ?) AS BLOB) WHERE size = 5", ["\n5\n", "\n6\n"])],
        f"checkpoint 5: note: the signature of {LOG_ORIGIN} does not verify",
    ),
    "no checkpoint": (
        ["UPDATE checkpoint SET note = x'' WHERE size = 5"],
        "checkpoint 5: note: expected an empty line before the signatures, got none",
    ),
    "checkpoint of another size": (
        ["UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 4) WHERE size = 5"],
        f"checkpoint 5: {NOT_FOLLOWED}",
    ),
    "checkpoints exchanged": (
        [
            "UPDATE checkpoint SET size = 100 WHERE size = 2",
            "UPDATE checkpoint SET size = 2 WHERE size = 3",
            "UPDATE checkpoint SET size = 3 WHERE size = 100",
        ],
        f"checkpoint 2: {NOT_FOLLOWED}",
    ),
    "checkpoint of another key": (
        [("UPDATE checkpoint SET note = ? WHERE size = 1", [signed(1, EMPTY_ROOT, log=Log())])],
        f"checkpoint 1: note: expected a signature of {LOG_ORIGIN}+{LOG.key.key_id.hex()}, got those of …",
    ),
    "checkpoint of another log": (
        [("UPDATE checkpoint SET note = ? WHERE size = 1", [signed(1, EMPTY_ROOT, log=Log("another"))])],
        f"checkpoint 1: note: expected a signature of {LOG_ORIGIN}, got those of 'another'",
    ),
    "another root, rightly signed": (
        [("UPDATE checkpoint SET note = ? WHERE size = 5", [signed(5, bytes(32))])],
        f"checkpoint 5: {NOT_FOLLOWED}",
    ),
    "all checkpoints missing": (
        ["DELETE FROM checkpoint"],
        "ledger: expected a signed checkpoint, got none",
    ),
    "checkpoint of a larger size": (
        [("INSERT INTO checkpoint VALUES (8, ?)", [signed(8, bytes(32))])],
        "checkpoint 8: covers more than the 7 entries there are",
    ),
    "checkpoint of no size": (
        [("INSERT INTO checkpoint VALUES (0, ?)", [signed(0, EMPTY_ROOT)])],
        f"checkpoint 0: {NOT_FOLLOWED}",
    ),
    "checkpoint of a negative size": (
        [("INSERT INTO checkpoint VALUES (-1, ?)", [signed(1, EMPTY_ROOT)])],
        f"checkpoint -1: {NOT_FOLLOWED}",
    ),
}


@pytest.mark.parametrize(("statements", "message"), TAMPERS.values(), ids=TAMPERS)
def test_whatever_was_changed_is_found_and_named(path: Path, statements: list[Statement], message: str) -> None:
    before = path.read_bytes()
    tamper(path, *statements)
    assert path.read_bytes() != before
    with refused(CorruptLedgerError, message):
        audited(path)


def test_a_history_that_was_written_anew_is_found_by_what_was_signed(path: Path) -> None:
    entries = bodies(path)
    entries[3] = FRESH
    tamper(path, *rebuilt(entries))
    with refused(CorruptLedgerError, f"checkpoint 4: {NOT_FOLLOWED}"):
        audited(path)


@pytest.mark.parametrize(("place", "size", "root_of"), [(5, 6, 5), (5, 4, 5), (0, 0, 1), (0, 1, 1), (-3, 1, 1)])
def test_a_right_root_at_another_size_is_found(path: Path, place: int, size: int, root_of: int) -> None:
    note = signed(size, naive_root(bodies(path)[:root_of]))
    tamper(path, ("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)", [place, note]))
    with refused(CorruptLedgerError, f"checkpoint {place}: {NOT_FOLLOWED}"):
        audited(path)


def test_an_entry_left_out_of_the_history_is_found_by_what_was_signed(path: Path) -> None:
    entries = bodies(path)
    tamper(path, "DELETE FROM entry WHERE idx = 6", "DELETE FROM checkpoint WHERE size = 7", *rebuilt(entries[:6]))
    assert audited(path).entries == 6
    tamper(path, ("INSERT INTO checkpoint VALUES (7, ?)", [signed(7, naive_root(entries))]))
    with refused(CorruptLedgerError, "checkpoint 7: covers more than the 6 entries there are"):
        audited(path)


def test_an_entry_added_to_the_history_is_found_by_what_was_signed(path: Path) -> None:
    entries = bodies(path)
    signed_later = signed(8, naive_root([*entries, entries[6]]))
    tamper(
        path,
        ("INSERT INTO entry VALUES (7, ?, 'more', ?)", [leaf_hash(FRESH), FRESH]),
        *rebuilt([*entries, FRESH]),
    )
    with refused(CorruptLedgerError, "checkpoint 7: the newest one does not cover 8 entries"):
        audited(path)
    tamper(path, ("INSERT INTO checkpoint VALUES (8, ?)", [signed_later]))
    with refused(CorruptLedgerError, f"checkpoint 8: {NOT_FOLLOWED}"):
        audited(path)


def test_a_ledger_is_audited_with_its_own_key_only(path: Path) -> None:
    with refused(CorruptLedgerError, "entry 0: names another log or key than this studio's"):
        audited(path, Log())


def test_the_first_of_two_contradictions_is_named(path: Path) -> None:
    tamper(path, "UPDATE entry SET body = x'00' WHERE idx = 5", "UPDATE checkpoint SET note = x'00' WHERE size = 3")
    with refused(CorruptLedgerError, "checkpoint 3: note: expected no control characters other than newline"):
        audited(path)


@pytest.mark.parametrize("index", [-1, -(2**63), 2**63 - 1])
def test_an_entry_at_an_impossible_place_is_found(path: Path, index: int) -> None:
    tamper(path, ("INSERT INTO entry VALUES (?, ?, 'more', ?)", [index, leaf_hash(FRESH), FRESH]))
    with refused(CorruptLedgerError, f"entry {index}: lies beyond the head of size 7"):
        audited(path)


NO_HASH = "entry 3: its bytes do not hash to its leaf hash"
NO_BYTES = "checkpoint 3: expected bytes"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE entry SET body = CAST(body AS TEXT) WHERE idx = 3", NO_HASH),
        ("UPDATE entry SET body = 5 WHERE idx = 3", NO_HASH),
        ("UPDATE checkpoint SET note = CAST(note AS TEXT) WHERE size = 3", NO_BYTES),
        ("UPDATE checkpoint SET note = 5 WHERE size = 3", NO_BYTES),
        ("UPDATE head SET frontier = 5", "head: the frontier does not fit its size"),
        ("UPDATE head SET size = 'seven'", "head: the frontier does not fit its size"),
    ],
)
def test_a_column_of_another_kind_is_found(path: Path, statement: str, message: str) -> None:
    tamper(path, statement)
    with refused(CorruptLedgerError, message):
        audited(path)


# --- every byte


class Bench:
    """A database to audit, and a connection of another program that changes it and puts it right again."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA synchronous=OFF")
        disarm(self.connection)

    def close(self) -> None:
        self.connection.close()
        self.database.close()

    def blobs(self) -> list[tuple[str, str, int, bytes]]:
        """Return table, column, row and content of what an audit looks at."""
        columns = [("entry", "body"), ("entry", "leaf_hash"), ("head", "frontier"), ("checkpoint", "note")]
        return [
            (table, column, row, content)
            for table, column in columns
            for row, content in self.connection.execute(f"SELECT rowid, {column} FROM {table} ORDER BY rowid")
        ]

    def assert_found(self, table: str, column: str, where: str, content: bytes) -> None:
        ((before,),) = self.connection.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchall()
        self.connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (content,))
        try:
            with pytest.raises(CorruptLedgerError) as caught:
                audit(self.database, keys=[LOG.key])
            assert_plain_message(caught.value)
        finally:
            self.connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (before,))


@pytest.fixture(scope="module")
def tiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A database of one full tile and a little more."""
    path = tmp_path_factory.mktemp("tiled") / "studio.db"
    with open_ledger(path, LOG, size=1) as (_, ledger):
        ledger.append(identified(*(numbered(number) for number in range(1, 260))))
    with closing(Bench(path)) as bench:
        yield bench


@pytest.fixture(scope="module")
def bench(clean: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    path = tmp_path_factory.mktemp("bench") / "studio.db"
    path.write_bytes(clean)
    with closing(Bench(path)) as opened:
        yield opened


@pytest.mark.slow
def test_a_change_of_any_one_byte_is_found(bench: Bench) -> None:
    for table, column, row, content in bench.blobs():
        for position in range(len(content)):
            changed = bytearray(content)
            changed[position] ^= 1 << position % 8
            bench.assert_found(table, column, f"rowid = {row}", bytes(changed))
    assert audit(bench.database, keys=[LOG.key]).entries == SIZE


@settings(deadline=None, max_examples=tries(60))
@given(st.sampled_from(["nodes", "root"]), st.integers(0, NODES_PER_TILE * 32 * 8))
def test_a_change_of_any_bit_of_a_tile_is_found(tiled: Bench, column: str, bit: int) -> None:
    ((content,),) = tiled.connection.execute(f"SELECT {column} FROM tile").fetchall()
    changed = bytearray(content)
    changed[bit // 8 % len(content)] ^= 1 << bit % 8
    tiled.assert_found("tile", column, "level = 0 AND number = 0", bytes(changed))


@settings(deadline=None, max_examples=tries(400))
@given(st.data())
def test_any_other_content_of_any_one_column_is_found(bench: Bench, data: st.DataObject) -> None:
    table, column, row, content = data.draw(st.sampled_from(bench.blobs()))
    position = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([0, 1, 2]))
    changed = content[:position] + bytes([byte]) + content[position + cut :]
    if changed != content:
        bench.assert_found(table, column, f"rowid = {row}", changed)
