"""Tiles against plain hashing, and the paths of c2sp.org/tlog-tiles."""

import pytest

from provenance.merkle import LeafRange, consistency_ranges, inclusion_ranges, leaf_hash, root_hash
from provenance.tiles import (
    NODES_PER_TILE,
    TILE_WIDTH,
    Subtree,
    entries_path,
    fill_tile,
    fold,
    node_at,
    place_of,
    subtrees,
    tile_path,
)

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(700)]


def subtree_root(subtree: Subtree) -> bytes:
    start = subtree.number << subtree.height
    return root_hash(LEAVES[start : start + (1 << subtree.height)])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 700])
def test_a_range_of_a_proof_is_made_of_complete_subtrees(size: int) -> None:
    ranges = [r for index in {0, size // 3, size - 1} for r in inclusion_ranges(index=index, size=size)]
    ranges += consistency_ranges(old_size=max(1, size // 2), new_size=size)
    for leaves in ranges:
        parts = subtrees(leaves)
        assert fold([subtree_root(part) for part in parts]) == root_hash(LEAVES[leaves.start : leaves.end])
        assert [part.height for part in parts] == sorted({part.height for part in parts}, reverse=True)


def test_a_full_tile_holds_every_node_below_its_root() -> None:
    nodes, root = fill_tile(LEAVES[:TILE_WIDTH])
    assert len(nodes) == NODES_PER_TILE * 32
    assert nodes[: TILE_WIDTH * 32] == b"".join(LEAVES[:TILE_WIDTH])
    assert root == root_hash(LEAVES[:TILE_WIDTH])
    for height in range(8):
        for number in range(TILE_WIDTH >> height):
            place = place_of(Subtree(height, number))
            assert (place.level, place.tile) == (0, 0)
            assert node_at(nodes, place.offset) == subtree_root(Subtree(height, number))


@pytest.mark.parametrize(
    ("subtree", "expected"),
    [
        (Subtree(0, 0), (0, 0, 0)),
        (Subtree(0, 257), (0, 1, 1)),
        (Subtree(7, 3), (0, 1, 509)),
        (Subtree(8, 0), (1, 0, 0)),
        (Subtree(8, 300), (1, 1, 44)),
        (Subtree(9, 0), (1, 0, 256)),
        (Subtree(16, 5), (2, 0, 5)),
    ],
)
def test_a_node_has_one_place(subtree: Subtree, expected: tuple[int, int, int]) -> None:
    assert place_of(subtree) == expected


@pytest.mark.parametrize("count", [0, 1, 255, 257])
def test_only_a_full_tile_is_filled(count: int) -> None:
    with pytest.raises(ValueError, match=f"tile: expected 256 hashes, got {count}"):
        fill_tile(LEAVES[:count])


def test_a_range_of_one_leaf_is_that_leaf() -> None:
    assert subtrees(LeafRange(5, 6)) == [Subtree(0, 5)]


# The paths are examples and consequences of c2sp.org/tlog-tiles, "Merkle Tree".
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (tile_path(0, 1234067), "tile/0/x001/x234/067"),
        (tile_path(0, 0), "tile/0/000"),
        (tile_path(2, 999), "tile/2/999"),
        (tile_path(2, 1000), "tile/2/x001/000"),
        (tile_path(1, 0, width=5), "tile/1/000.p/5"),
        (entries_path(273, width=112), "tile/entries/273.p/112"),
        (entries_path(1234067), "tile/entries/x001/x234/067"),
    ],
)
def test_a_tile_has_the_path_of_the_specification(path: str, expected: str) -> None:
    assert path == expected


@pytest.mark.parametrize("width", [0, -1, 257])
def test_a_tile_of_no_or_too_many_hashes_has_no_path(width: int) -> None:
    with pytest.raises(ValueError, match=f"tile: expected a width from 1 to 256, got {width}"):
        tile_path(0, 0, width=width)
