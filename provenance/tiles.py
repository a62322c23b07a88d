"""Tiles: a log cut into pieces that never change, for proofs without rehashing and for static hosts.

Geometry and paths are those of c2sp.org/tlog-tiles: a tile of level L and number N holds up to 256 hashes, each the
root of a complete subtree of 256^L entries. Here a *full* tile also keeps the nodes between its hashes and its root,
so that any node within is one read. The lowest row of these, half as large as the hashes, is left out: each of its
nodes is one hash away.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from provenance.errors import InputError
from provenance.merkle import HASH_BYTES, LeafRange, node_hash, root_hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
NODES_PER_TILE = 2 * TILE_WIDTH - 2 - TILE_WIDTH // 2  # without the root, and without the row that is left out
TILE_BYTES = TILE_WIDTH * HASH_BYTES
MAX_LEVEL = 63
MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + 0xFFFF)

_ROW_LEFT_OUT = 1

_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x(?!000/)[0-9]{3}/(?:x[0-9]{3}/){0,4})?[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


class Subtree(NamedTuple):
    """A complete subtree: it covers the leaves from `number` · 2^`height`, 2^`height` of them."""

    height: int
    number: int


class TileName(NamedTuple):
    """What the path of a tile names.

    `level` is None for a bundle of entries, `number` counts from 0, and `width` is 256 for a full tile.
    """

    level: int | None
    number: int
    width: int

    def to_path(self) -> str:
        """Return the path under the log's prefix."""
        if self.level is None:
            return entries_path(self.number, width=self.width)
        return tile_path(self.level, self.number, width=self.width)


class OpenTile(NamedTuple):
    """A tile that is not full yet, with the `width` hashes that it holds, from 1 to 255."""

    level: int
    number: int
    width: int


class Place(NamedTuple):
    """Where a node lies: the tile, how many rows above its hashes, and how many nodes lie before it in its row."""

    level: int
    tile: int
    within: int
    position: int


def subtrees(leaves: LeafRange) -> list[Subtree]:
    """Return the complete subtrees that make up a range of a proof, the largest first.

    Args:
        leaves: as `inclusion_ranges` and `consistency_ranges` give them: each starts at a multiple of a power of two
            that is not smaller than its length.
    """
    found = []
    start, length = leaves.start, leaves.end - leaves.start
    while length:
        height = length.bit_length() - 1
        found.append(Subtree(height, start >> height))
        start += 1 << height
        length -= 1 << height
    return found


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees, the largest first (RFC 9162, 2.1.1)."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def place_of(subtree: Subtree) -> Place:
    """Return where the root of a complete subtree lies: among the hashes of a tile, or among the nodes above them."""
    level, within = divmod(subtree.height, TILE_HEIGHT)
    tile, position = divmod(subtree.number, TILE_WIDTH >> within)
    return Place(level, tile, within, position)


def fill_tile(hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the nodes that a full tile keeps, row by row from its 256 hashes up, and its root.

    The first 8,192 bytes of the nodes are the tile as it is served.
    """
    if len(hashes) != TILE_WIDTH:
        raise ValueError(f"tile: expected {TILE_WIDTH} hashes, got {len(hashes)}")
    rows = [list(hashes)]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)])
    return join_rows(rows), rows[-1][0]


def join_rows(rows: Sequence[Sequence[bytes]]) -> bytes:
    """Return the nodes that a full tile keeps, of all its rows from the 256 hashes to the root."""
    return b"".join([b"".join(row) for within, row in enumerate(rows[:TILE_HEIGHT]) if within != _ROW_LEFT_OUT])


def node_at(nodes: bytes, within: int, position: int) -> bytes:
    """Return one node of a full tile, 32 bytes.

    Args:
        nodes: what the tile keeps.
        within: how many rows above its hashes, from 0 to 7.
        position: in the row.
    """
    if within == _ROW_LEFT_OUT:
        left = 2 * position * HASH_BYTES
        return node_hash(nodes[left : left + HASH_BYTES], nodes[left + HASH_BYTES : left + 2 * HASH_BYTES])
    # Below this one lie rows of 256, 64, 32, … nodes.
    before = 0 if within == 0 else 2 * TILE_WIDTH - 2 * (TILE_WIDTH >> within) - (TILE_WIDTH >> _ROW_LEFT_OUT)
    start = (before + position) * HASH_BYTES
    return nodes[start : start + HASH_BYTES]


def tile_path(level: int, tile: int, *, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile of hashes under a log's prefix, such as `tile/0/x001/x234/067` or `tile/1/000.p/5`."""
    return f"tile/{level}/{_number(tile)}{_partial(width)}"


def entries_path(tile: int, *, width: int = TILE_WIDTH) -> str:
    """Return the path of a bundle of entries, such as `tile/entries/x001/x234/067`."""
    return f"tile/entries/{_number(tile)}{_partial(width)}"


def parse_tile_path(path: str) -> TileName:
    """Return what a path under a log's prefix names.

    Raises:
        InputError: it is not the one path that the specification gives to a tile: a level over 63, a number with
            groups that it does not need, a width outside of 1 to 255.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise InputError(f"tile path: expected one such as tile/0/x001/x234/067.p/8, got {path[:80]!r}")
    level, number, width = match.groups()
    if level != "entries" and int(level) > MAX_LEVEL:
        raise InputError(f"tile path: expected a level from 0 to {MAX_LEVEL}, got {level}")
    if width is not None and int(width) >= TILE_WIDTH:
        raise InputError(f"tile path: expected a width from 1 to {TILE_WIDTH - 1}, got {width}")
    digits = number.replace("x", "").replace("/", "")
    return TileName(
        None if level == "entries" else int(level), int(digits), TILE_WIDTH if width is None else int(width)
    )


def open_tiles(size: int) -> list[OpenTile]:
    """Return the tiles of hashes that a log of `size` entries leaves open, the lowest level first.

    The one of level l holds ⌊size / 256^l⌋ mod 256 hashes; where that is none, there is no tile.
    """
    found = []
    level = 0
    while size:
        size, width = divmod(size, TILE_WIDTH)
        if width:
            found.append(OpenTile(level, size, width))
        level += 1
    return found


def bundle_to_bytes(entries: Iterable[bytes]) -> bytes:
    """Return entries as they are served together: each with its length before it, as two bytes, big-endian."""
    pieces = []
    for entry in entries:
        pieces.append(len(entry).to_bytes(2, "big"))
        pieces.append(entry)
    return b"".join(pieces)


def parse_bundle(data: bytes, *, width: int, place: str) -> list[bytes]:
    """Return the entries of a bundle.

    Args:
        data: the bundle.
        width: how many entries it must hold, from 1 to 256.
        place: names the bundle in a refusal.

    Raises:
        InputError: it holds fewer or more, or ends within one.
    """
    entries: list[bytes] = []
    start, end = 0, len(data)
    while start < end and len(entries) < width:
        first = start + 2
        start = first + int.from_bytes(data[start:first], "big")
        if start > end or first > end:
            raise InputError(f"{place}: ends within entry {len(entries)}")
        entries.append(data[first:start])
    if len(entries) != width:
        raise InputError(f"{place}: expected {width} entries, got {len(entries)}")
    if start != end:
        raise InputError(f"{place}: expected its end behind entry {width - 1}, got {end - start} bytes more")
    return entries


def range_hashes(ranges: Iterable[LeafRange], *, row: Callable[[int, int, int], Sequence[bytes]]) -> list[bytes]:
    """Return the hashes of a proof's ranges.

    Args:
        ranges: as `inclusion_ranges` and `consistency_ranges` give them.
        row: returns the hashes of a level from a start to an end, not included; they lie in one tile.
    """
    return [fold([_subtree_hash(subtree, row) for subtree in subtrees(leaves)]) for leaves in ranges]


def _subtree_hash(subtree: Subtree, row: Callable[[int, int, int], Sequence[bytes]]) -> bytes:
    level, within = divmod(subtree.height, TILE_HEIGHT)
    return root_hash(row(level, subtree.number << within, (subtree.number + 1) << within))


def _number(number: int) -> str:
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups)


def _partial(width: int) -> str:
    if not 1 <= width <= TILE_WIDTH:
        raise ValueError(f"tile: expected a width from 1 to {TILE_WIDTH}, got {width}")
    return "" if width == TILE_WIDTH else f".p/{width}"
