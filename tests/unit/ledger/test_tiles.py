"""Proofs from stored tiles at every edge of a tile, and tiles that do not follow from the entries."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.checkpoint import open_checkpoint
from provenance.entries import ConsentEntry
from provenance.errors import CorruptLedgerError
from provenance.keys import SigningKey
from provenance.ledger import Ledger, audit
from provenance.ledger.log import new_entry_id
from provenance.merkle import verify_consistency
from provenance.note import NoteKey, NoteSigner
from provenance.storage.database import Database, create_database

AT = datetime(2026, 11, 24, 2, 40, tzinfo=UTC)
KEY = SigningKey.generate("Ed25519")
NOTE_KEY = NoteKey("example.org/log", KEY.public_bytes())
SIZES = [1, 2, 255, 256, 257, 511, 512, 513, 700]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "studio.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    create_database(path)
    opened = Database(path)
    yield opened
    opened.close()


def grow(database: Database, sizes: list[int]) -> Ledger:
    ledger = Ledger(database, log_origin=NOTE_KEY.name, signers=[NoteSigner(NOTE_KEY, KEY.sign)])
    ledger.create(AT)
    for size in sizes:
        present = database.head().size
        ledger.append([(new_entry_id(), ConsentEntry(AT, n.to_bytes(32, "big"))) for n in range(present, size)])
    return ledger


def test_every_entry_is_proved_and_every_size_extends_the_one_before(database: Database) -> None:
    ledger = grow(database, SIZES)
    newest = open_checkpoint(ledger.checkpoint(), keys=[NOTE_KEY])
    assert newest.size == 700
    for index in range(newest.size):
        row = database.entry(index)
        assert row is not None
        ledger.prove(index).verify(row.body, keys=[NOTE_KEY])
    for size, note in database.checkpoints():
        old = open_checkpoint(note, keys=[NOTE_KEY])
        verify_consistency(
            old_size=size,
            old_root=old.root_hash,
            new_size=newest.size,
            new_root=newest.root_hash,
            proof=ledger.prove_consistency(old_size=size),
        )


def test_tiles_are_the_same_however_the_log_grew(tmp_path: Path) -> None:
    tiles = []
    for name, sizes in (("steps.db", SIZES), ("once.db", [700]), ("one.db", list(range(2, 701)))):
        create_database(tmp_path / name)
        database = Database(tmp_path / name)
        grow(database, sizes)
        tiles.append(list(database.tiles()))
        assert audit(database, keys=[NOTE_KEY]).entries == 700
        database.close()
    assert tiles[0] == tiles[1] == tiles[2]
    assert [(tile.level, tile.number) for tile in tiles[0]] == [(0, 0), (0, 1)]


@pytest.mark.slow
def test_a_log_that_is_two_levels_of_tiles_deep(database: Database) -> None:
    ledger = grow(database, [65_535, 65_536, 65_537])
    assert [(t.level, t.number) for t in database.tiles() if t.level] == [(1, 0)]
    for index in random.Random(1).sample(range(65_537), 200):
        row = database.entry(index)
        assert row is not None
        ledger.prove(index).verify(row.body, keys=[NOTE_KEY])
    assert audit(database, keys=[NOTE_KEY]).entries == 65_537


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE tile SET root = zeroblob(32) WHERE number = 1", "tile 0/1: does not follow from the entries"),
        ("UPDATE tile SET nodes = zeroblob(12224) WHERE number = 0", "tile 0/0: does not follow from the entries"),
        ("DELETE FROM tile WHERE number = 1", "tile 0/1: does not follow from the entries"),
        ("INSERT INTO tile VALUES (0, 2, zeroblob(32), x'00')", "tile 0/2: stands for entries that are not there"),
        ("INSERT INTO tile VALUES (1, 0, zeroblob(32), x'00')", "tile 1/0: stands for entries that are not there"),
    ],
)
def test_a_tile_that_does_not_follow_is_found_and_named(
    database: Database, path: Path, change: str, message: str
) -> None:
    grow(database, [600])
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(change)
        raw.commit()
    with pytest.raises(CorruptLedgerError, match=f"^{message}$"):
        audit(database, keys=[NOTE_KEY])
