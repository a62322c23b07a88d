import pytest
from support.trees import leaf, root

from provenance.ledger.regrowth import OpenRow, Regrowth, node_rows
from provenance.merkle import Frontier, root_hash
from provenance.tiles import fill_tile

LEAVES = [leaf(number) for number in range(1000)]


def grown(tiles: int) -> Regrowth:
    tree = Regrowth()
    for number in range(tiles):
        tree.close(node_rows(LEAVES[256 * number : 256 * number + 256]))
    return tree


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 100, 255, 256])
def test_each_row_holds_the_roots_of_the_complete_subtrees(width: int) -> None:
    for height, row in enumerate(node_rows(LEAVES[:width])):
        assert list(row) == [root_hash(LEAVES[at << height : (at + 1) << height]) for at in range(width >> height)]


@pytest.mark.parametrize("tiles", [0, 1, 2, 3])
@pytest.mark.parametrize("width", [1, 2, 3, 127, 128, 200, 231])
def test_the_frontier_at_any_size_is_that_of_the_leaves(tiles: int, width: int) -> None:
    tree = grown(tiles)
    rows = node_rows(LEAVES[256 * tiles : 256 * tiles + 256])
    assert tree.frontier(rows, width) == Frontier().extend(LEAVES[: 256 * tiles + width])
    assert tree.frontier(rows, width).root() == root(256 * tiles + width)


@pytest.mark.parametrize("tiles", [0, 1, 2])
def test_the_frontier_of_full_tiles_is_that_of_the_leaves(tiles: int) -> None:
    rows = node_rows(LEAVES[256 * tiles : 256 * tiles + 256])
    assert grown(tiles).frontier(rows, 256) == Frontier().extend(LEAVES[: 256 * tiles + 256])


def test_a_tile_is_closed_with_all_its_nodes() -> None:
    tree = grown(2)
    (tile,) = tree.close(node_rows(LEAVES[512:768]))
    assert (tile.level, tile.number, tree.size) == (0, 2, 768)
    assert (tile.nodes, tile.root) == fill_tile(LEAVES[512:768])


def test_the_256th_tile_closes_one_of_the_level_above() -> None:
    tree = Regrowth()
    rows = node_rows(LEAVES[:256])
    closed = [tree.close(rows) for _ in range(513)]
    assert [(tile.level, tile.number) for tile in closed[255]] == [(0, 255), (1, 0)]
    assert [(tile.level, tile.number) for tile in closed[511]] == [(0, 511), (1, 1)]
    assert sum(map(len, closed)) == 513 + 2
    assert (closed[255][1].nodes, closed[255][1].root) == fill_tile([root(256)] * 256)
    upper = closed[255][1].root
    assert tree.open_tiles([]) == [OpenRow(1, 2, [root(256)]), OpenRow(2, 0, [upper, upper])]
    assert tree.frontier(rows, 1).size == 513 * 256 + 1


def test_the_open_tiles_are_those_with_hashes() -> None:
    assert Regrowth().open_tiles([]) == []
    assert Regrowth().open_tiles(LEAVES[:3]) == [OpenRow(0, 0, LEAVES[:3])]
    assert grown(2).open_tiles(LEAVES[512:515]) == [
        OpenRow(0, 2, LEAVES[512:515]),
        OpenRow(1, 0, [root(256), root_hash(LEAVES[256:512])]),
    ]
