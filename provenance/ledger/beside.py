"""The tiles that lie beside a checkpoint, read as they lie: nothing of them is checked here, or believed."""

from collections.abc import Callable, Sequence

from provenance.errors import CorruptLedgerError, LedgerError
from provenance.ledger.places import Source
from provenance.merkle import HASH_BYTES
from provenance.tiles import TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, tile_path


def tiles_beside(source: Source, size: int) -> Callable[[int, int, int], Sequence[bytes]]:
    """Return a function that reads hashes of a tree, as `provenance.tiles.range_hashes` asks for them.

    What it returns has to be compared with the root that is signed. It raises what reading a place may raise,
    LedgerError where a tile is missing, and CorruptLedgerError where one has another length than its place says.

    Args:
        source: where the log is published or mirrored.
        size: of the tree.
    """
    known: dict[tuple[int, int], bytes] = {}

    def row(level: int, start: int, end: int) -> Sequence[bytes]:
        number, first = divmod(start, TILE_WIDTH)
        if (level, number) not in known:
            known[level, number] = _read(
                source, level, number, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - number * TILE_WIDTH)
            )
        tile = known[level, number]
        return [tile[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(first, first + end - start)]

    return row


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
