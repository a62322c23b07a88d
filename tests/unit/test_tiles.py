"""Tiles against plain hashing, and the paths of c2sp.org/tlog-tiles."""

from collections.abc import Sequence

import pytest
from support.refusals import refused
from support.trees import naive_consistency, naive_inclusion

from provenance.errors import InputError
from provenance.merkle import LeafRange, consistency_ranges, inclusion_ranges, leaf_hash, root_hash
from provenance.tiles import (
    NODES_PER_TILE,
    TILE_WIDTH,
    OpenTile,
    Subtree,
    TileName,
    bundle_to_bytes,
    entries_path,
    fill_tile,
    fold,
    node_at,
    open_tiles,
    parse_bundle,
    parse_tile_path,
    place_of,
    range_hashes,
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
            assert node_at(nodes, place.within, place.position) == subtree_root(Subtree(height, number))


@pytest.mark.parametrize(
    ("subtree", "expected"),
    [
        (Subtree(0, 0), (0, 0, 0, 0)),
        (Subtree(0, 257), (0, 1, 0, 1)),
        (Subtree(7, 3), (0, 1, 7, 1)),
        (Subtree(8, 0), (1, 0, 0, 0)),
        (Subtree(8, 300), (1, 1, 0, 44)),
        (Subtree(9, 0), (1, 0, 1, 0)),
        (Subtree(16, 5), (2, 0, 0, 5)),
    ],
)
def test_a_node_has_one_place(subtree: Subtree, expected: tuple[int, int, int, int]) -> None:
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


# --- reading paths


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tile/0/x001/x234/067", TileName(0, 1_234_067, 256)),
        ("tile/63/000", TileName(63, 0, 256)),
        ("tile/1/x001/000.p/255", TileName(1, 1000, 255)),
        ("tile/entries/273.p/112", TileName(None, 273, 112)),
        ("tile/0/x999/x999/x999/x999/x999/999", TileName(0, 10**18 - 1, 256)),
    ],
)
def test_a_path_is_read(path: str, expected: TileName) -> None:
    assert parse_tile_path(path) == expected
    assert expected.to_path() == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/01/000",
        "tile/-1/000",
        "tile/100/000",
        "tile/entry/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x000",
        "tile/0/001/002",
        "tile/0/x1/002",
        "tile/0/X001/002",
        "tile/0/x001x002/003",
        "tile/0/x001/x001/x001/x001/x001/x001/001",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/1000",
        "tile/0/000.p/1/",
        "tile/0/000.p/-1",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/0/../000",
    ],
)
def test_what_is_no_path_of_a_tile_is_refused(path: str) -> None:
    with refused(InputError, f"tile path: expected one such as tile/0/x001/x234/067.p/8, got {path!r}"):
        parse_tile_path(path)


@pytest.mark.parametrize("level", [64, 99])
def test_a_level_that_no_log_reaches_is_refused(level: int) -> None:
    with refused(InputError, f"tile path: expected a level from 0 to 63, got {level}"):
        parse_tile_path(f"tile/{level}/000")


@pytest.mark.parametrize("width", [256, 257, 999])
def test_a_partial_tile_that_would_be_full_is_refused(width: int) -> None:
    with refused(InputError, f"tile path: expected a width from 1 to 255, got {width}"):
        parse_tile_path(f"tile/0/000.p/{width}")


# --- what a log leaves open


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, [OpenTile(0, 0, 1)]),
        (255, [OpenTile(0, 0, 255)]),
        (256, [OpenTile(1, 0, 1)]),  # c2sp.org/tlog-tiles, "Partial Tiles"
        (257, [OpenTile(0, 1, 1), OpenTile(1, 0, 1)]),
        (65_536, [OpenTile(2, 0, 1)]),
        # The example of the specification.
        (70_000, [OpenTile(0, 273, 112), OpenTile(1, 1, 17), OpenTile(2, 0, 1)]),
    ],
)
def test_a_log_leaves_the_tiles_of_the_specification_open(size: int, expected: list[OpenTile]) -> None:
    assert open_tiles(size) == expected


# --- bundles


def test_a_bundle_has_the_form_of_the_specification() -> None:
    assert bundle_to_bytes([]) == b""
    assert bundle_to_bytes([b"", b"ab", b"x" * 258]) == b"\0\0" + b"\0\2ab" + b"\1\2" + b"x" * 258


def test_an_entry_that_has_no_length_in_two_bytes_is_no_entry() -> None:
    assert len(bundle_to_bytes([bytes(65_535)])) == 65_537
    with pytest.raises(OverflowError):
        bundle_to_bytes([bytes(65_536)])


@pytest.mark.parametrize(
    ("data", "width", "message"),
    [
        (b"", 1, "bundle: expected 1 entries, got 0"),
        (b"\0", 1, "bundle: ends within entry 0"),
        (b"\0\1", 1, "bundle: ends within entry 0"),
        (b"\0\0\0\2a", 2, "bundle: ends within entry 1"),
        (b"\0\0\0", 2, "bundle: ends within entry 1"),
        (b"\0\1a", 2, "bundle: expected 2 entries, got 1"),
        (b"\0\1a\0\1b", 1, "bundle: expected its end behind entry 0, got 3 bytes more"),
        (b"\0\0" * 257, 256, "bundle: expected its end behind entry 255, got 2 bytes more"),
    ],
)
def test_a_bundle_of_another_form_is_refused(data: bytes, width: int, message: str) -> None:
    with refused(InputError, message):
        parse_bundle(data, width=width, place="bundle")


# --- proofs from rows of hashes


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 700])
def test_a_proof_from_rows_is_the_one_of_plain_hashing(size: int) -> None:
    entries = [number.to_bytes(4, "big") for number in range(size)]
    rows: list[Sequence[bytes]] = [LEAVES[:size]]
    while len(rows[-1]) >= TILE_WIDTH:
        below = rows[-1]
        rows.append([root_hash(below[at : at + 256]) for at in range(0, len(below) - 255, 256)])

    def row(level: int, start: int, end: int) -> Sequence[bytes]:
        assert start // TILE_WIDTH == (end - 1) // TILE_WIDTH
        return rows[level][start:end]

    for index in {0, size // 3, size - 1}:
        assert range_hashes(inclusion_ranges(index=index, size=size), row=row) == naive_inclusion(index, entries)
    for old in {1, (size + 1) // 2, size}:
        ranges = consistency_ranges(old_size=old, new_size=size)
        assert range_hashes(ranges, row=row) == naive_consistency(old, entries)
