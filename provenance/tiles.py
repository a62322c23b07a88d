"""Tiles: a log cut into pieces that never change, for proofs without rehashing and for static hosts.

Geometry and paths are those of c2sp.org/tlog-tiles: a tile of level L and number N holds up to 256 hashes, each the
root of a complete subtree of 256^L entries. Here a *full* tile also keeps the 254 nodes between its hashes and its
root, so that any node within is one read.
"""

from collections.abc import Sequence
from typing import NamedTuple

from provenance.merkle import HASH_BYTES, LeafRange, node_hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
NODES_PER_TILE = 2 * TILE_WIDTH - 2  # all but the root


class Subtree(NamedTuple):
    """A complete subtree: it covers the leaves from `number` · 2^`height`, 2^`height` of them."""

    height: int
    number: int


class Place(NamedTuple):
    """Where a node lies: the tile, and how many nodes lie before it there."""

    level: int
    tile: int
    offset: int


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
    width = TILE_WIDTH >> within
    tile, position = divmod(subtree.number, width)
    # Below this height lie rows of 256, 128, … nodes.
    return Place(level, tile, 2 * TILE_WIDTH - 2 * width + position)


def fill_tile(hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return all nodes of a full tile below its root, row by row from its 256 hashes up, and its root.

    The first 8,192 bytes of the nodes are the tile as it is served.
    """
    if len(hashes) != TILE_WIDTH:
        raise ValueError(f"tile: expected {TILE_WIDTH} hashes, got {len(hashes)}")
    nodes: list[bytes] = []
    row = list(hashes)
    while len(row) > 1:
        nodes += row
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return b"".join(nodes), row[0]


def node_at(nodes: bytes, offset: int) -> bytes:
    """Return one node of a full tile, 32 bytes."""
    return nodes[offset * HASH_BYTES : (offset + 1) * HASH_BYTES]


def tile_path(level: int, tile: int, *, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile of hashes under a log's prefix, such as `tile/0/x001/x234/067` or `tile/1/000.p/5`."""
    return f"tile/{level}/{_number(tile)}{_partial(width)}"


def entries_path(tile: int, *, width: int = TILE_WIDTH) -> str:
    """Return the path of a bundle of entries, such as `tile/entries/x001/x234/067`."""
    return f"tile/entries/{_number(tile)}{_partial(width)}"


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
