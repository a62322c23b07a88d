"""Tiles beside a checkpoint, read as they lie, against hashing without tiles."""

from pathlib import Path

import pytest
from support.logs import Log
from support.published import body, place, publish_sizes
from support.refusals import refused
from support.trees import naive_consistency, naive_root

from provenance.errors import CorruptLedgerError, InputError, LedgerError
from provenance.ledger.beside import TilesBeside
from provenance.merkle import LeafRange, consistency_ranges
from provenance.tiles import range_hashes

LOG = Log()


@pytest.mark.parametrize(("old_size", "size"), [(1, 2), (3, 7), (255, 257), (256, 513), (300, 700), (700, 700)])
def test_the_hashes_are_those_of_plain_hashing(tmp_path: Path, old_size: int, size: int) -> None:
    publish_sizes(tmp_path, LOG, [size])
    bodies = [body(number) for number in range(size)]
    row = TilesBeside(place(tmp_path), size)
    assert range_hashes([LeafRange(0, old_size)], row=row) == [naive_root(bodies[:old_size])]
    ranges = consistency_ranges(old_size=old_size, new_size=size)
    assert range_hashes(ranges, row=row) == naive_consistency(old_size, bodies)


def test_a_full_tile_may_stand_for_the_partial_one_that_it_outgrew(tmp_path: Path) -> None:
    publish_sizes(tmp_path, LOG, [300])
    assert not (tmp_path / "tile/0/000.p").exists()
    row = TilesBeside(place(tmp_path), 7)
    assert range_hashes([LeafRange(0, 7)], row=row) == [naive_root([body(number) for number in range(7)])]


def test_a_tile_is_read_once(tmp_path: Path) -> None:
    publish_sizes(tmp_path, LOG, [7])
    row = TilesBeside(place(tmp_path), 7)
    before = row(0, 0, 7)
    (tmp_path / "tile/0/000.p/7").unlink()
    assert row(0, 0, 7) == before


def test_a_tile_that_is_missing_is_told(tmp_path: Path) -> None:
    with refused(LedgerError, f"tile/0/000.p/7: missing at {tmp_path}", code="tile-missing"):
        TilesBeside(place(tmp_path), 7)(0, 0, 4)
    with refused(LedgerError, f"tile/0/000: missing at {tmp_path}", code="tile-missing"):
        TilesBeside(place(tmp_path), 256)(0, 0, 4)


def test_a_tile_of_another_length_is_told(tmp_path: Path) -> None:
    publish_sizes(tmp_path, LOG, [7])
    tile = tmp_path / "tile/0/000.p/7"
    tile.write_bytes(tile.read_bytes()[:-1])
    message = "tile/0/000.p/7: expected 224 bytes, got 223"
    with refused(CorruptLedgerError, message, code="tile-malformed"):
        TilesBeside(place(tmp_path), 7)(0, 0, 4)


def test_a_tile_without_an_end_is_not_read(tmp_path: Path) -> None:
    publish_sizes(tmp_path, LOG, [7])
    (tmp_path / "tile/0/000.p/7").write_bytes(bytes(9000))
    message = "tile/0/000.p/7: expected at most 8192 bytes, got more"
    with refused(InputError, message, code="file-too-large"):
        TilesBeside(place(tmp_path), 7)(0, 0, 4)
