"""The tree grown again from its leaf hashes, tile by tile, in memory that only its height bounds."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from provenance.merkle import Frontier
from provenance.storage.interface import TileRow
from provenance.tiles import TILE_HEIGHT, TILE_WIDTH, join_rows


class OpenRow(NamedTuple):
    """A tile as it stands at one size: at least 1 and at most 255 of its hashes."""

    level: int
    number: int
    hashes: Sequence[bytes]


def node_rows(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return, for each height from 0, the roots of the complete subtrees over up to 256 hashes of a tile."""
    rows = [hashes]
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        # Written out and not by `node_hash`: an audit comes by here once for every entry.
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        rows.append(hashes)
    return rows


class Regrowth:
    """The tree over the entries seen so far, which are a multiple of 256.

    Attributes:
        size: how many those are.
    """

    def __init__(self) -> None:
        self.size = 0
        self._above = Frontier()  # over the roots of the full tiles of level 0
        self._open: list[list[bytes]] = []  # by level from 1, the hashes of the tile that is not full yet

    def frontier(self, rows: Sequence[Sequence[bytes]], width: int) -> Frontier:
        """Return the frontier after `width` of the next entries.

        Args:
            rows: the `node_rows` of at least so many, and at most 256, leaf hashes.
            width: from 1 to 256.
        """
        if width == TILE_WIDTH:
            return Frontier(self.size + width, self._above.append(rows[TILE_HEIGHT][0]).hashes)
        heights = [height for height in reversed(range(TILE_HEIGHT)) if width >> height & 1]
        within = tuple(rows[height][(width >> height) - 1] for height in heights)
        return Frontier(self.size + width, self._above.hashes + within)

    def open_tiles(self, hashes: Sequence[bytes]) -> list[OpenRow]:
        """Return every tile that is partial after the next leaf hashes, at most 255 of them, the lowest level first."""
        levels = enumerate([hashes, *self._open])
        return [OpenRow(level, self.size >> TILE_HEIGHT * (level + 1), row) for level, row in levels if row]

    def close(self, rows: Sequence[Sequence[bytes]]) -> list[TileRow]:
        """Let the next 256 entries be part of the tree; return each tile that is full with them, the lowest first."""
        self._above = self._above.append(rows[TILE_HEIGHT][0])
        tiles, level = [], 0
        while True:
            root = rows[TILE_HEIGHT][0]
            tiles.append(TileRow(level, self.size >> TILE_HEIGHT * (level + 1), root, join_rows(rows)))
            if level == len(self._open):
                self._open.append([])
            upper = self._open[level]
            upper.append(root)
            if len(upper) < TILE_WIDTH:
                self.size += TILE_WIDTH
                return tiles
            rows = node_rows(upper)
            self._open[level] = []
            level += 1
