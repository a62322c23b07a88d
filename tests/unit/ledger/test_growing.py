"""Entries, tiles and head in one step, against plain hashing."""

import pytest
from support.logs import Log
from support.plain_store import PlainStore
from support.published import body, extend, make_store

from provenance.ledger.growing import grow
from provenance.ledger.log import new_entry_id
from provenance.ledger.stored import stored_root
from provenance.merkle import Frontier, leaf_hash, root_hash
from provenance.storage.interface import EntryRow, TileRow
from provenance.tiles import fill_tile

LOG = Log()


def row(index: int) -> EntryRow:
    return EntryRow(index, leaf_hash(body(index)), new_entry_id(), body(index))


@pytest.mark.parametrize(
    "steps", [[1], [255, 1], [256], [257], [100, 156], [100, 157, 300], [512], [1] * 300, [700], [256, 256, 1]]
)
def test_a_log_that_grows_in_steps_has_the_tiles_of_one_that_grew_at_once(steps: list[int]) -> None:
    store = PlainStore()
    for step in steps:
        with store.transaction():
            size = store.head().size
            grown = grow(store, store.head(), [row(index) for index in range(size, size + step)])
        assert store.head() == grown
    size = sum(steps)
    leaves = [leaf_hash(body(number)) for number in range(size)]
    assert store.head() == Frontier().extend(leaves)
    assert [entry.body for entry in store.rows] == [body(number) for number in range(size)]
    expected = {}
    for number in range(size // 256):
        nodes, root = fill_tile(leaves[256 * number : 256 * number + 256])
        expected[0, number] = TileRow(0, number, root, nodes)
    assert store.full_tiles == expected


@pytest.mark.slow
@pytest.mark.parametrize("steps", [[65_535, 1, 1], [65_537], [65_280, 300], [131_072]])
def test_tiles_of_the_second_level_close_too(steps: list[int]) -> None:
    store = PlainStore()
    size = 0
    for step in steps:
        size += step
        extend(store, LOG, size)
    roots = store.tile_roots(0, 0, 256)
    assert (1, 0) in store.full_tiles
    assert store.full_tiles[1, 0] == TileRow(1, 0, root_hash(roots), fill_tile(roots)[0])
    assert len(store.full_tiles) == size // 256 + size // 65_536
    assert stored_root(store, size) == store.head().root()


def test_nothing_grows_by_nothing() -> None:
    store = make_store(LOG, 3)
    with store.transaction():
        assert grow(store, store.head(), []) == store.head()
