"""The tiles that lie beside a checkpoint, read as they lie: nothing of them is checked here, or believed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from provenance.errors import CorruptLedgerError, LedgerError
from provenance.ledger.places import Source
from provenance.merkle import HASH_BYTES
from provenance.tiles import TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, tile_path


@dataclass(slots=True)
class TilesBeside:
    """Hashes of a tree, as `provenance.tiles.range_hashes` asks for them; can be handed to another process.

    What it returns has to be compared with the root that is signed. It raises what reading a place may raise,
    LedgerError where a tile is missing, and CorruptLedgerError where one has another length than its place says.

    Attributes:
        source: where the log is published or mirrored.
        size: of the tree.
    """

    source: Source
    size: int
    _known: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def __call__(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Return the hashes from `start` to `end` of one level, which lie in one tile."""
        number, first = divmod(start, TILE_WIDTH)
        if (level, number) not in self._known:
            width = min(TILE_WIDTH, (self.size >> TILE_HEIGHT * level) - number * TILE_WIDTH)
            self._known[level, number] = _read(self.source, level, number, width)
        tile = self._known[level, number]
        return [tile[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(first, first + end - start)]


def _read(source: Source, level: int, number: int, width: int) -> bytes:
    path = tile_path(level, number, width=width)
    (data,) = source.read([path], max_bytes=TILE_BYTES)
    if data is None and width < TILE_WIDTH:
        # The log may have grown since, and then a full tile may stand for the partial one.
        (whole,) = source.read([tile_path(level, number)], max_bytes=TILE_BYTES)
        data = None if whole is None else whole[: width * HASH_BYTES]
    if data is None:
        raise LedgerError(f"{path}: missing at {source.name}", code="tile-missing")
    if len(data) != width * HASH_BYTES:
        raise CorruptLedgerError(f"{path}: expected {width * HASH_BYTES} bytes, got {len(data)}", code="tile-malformed")
    return data
