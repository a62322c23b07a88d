"""Adding entries to the log: their rows, the tiles that they fill, and the head, in the caller's transaction."""

from collections.abc import Sequence

from provenance.ledger.stored import stored_hashes
from provenance.merkle import Frontier
from provenance.storage.interface import EntryRow, LedgerStore, TileRow
from provenance.tiles import TILE_HEIGHT, TILE_WIDTH, fill_tile


def grow(store: LedgerStore, frontier: Frontier, rows: Sequence[EntryRow]) -> Frontier:
    """Add entries behind those that `frontier` stands for, and return the new frontier.

    Args:
        store: within a transaction.
        frontier: the store's head.
        rows: with the indexes that follow.
    """
    store.add_entries(rows)
    leaves = [row.leaf_hash for row in rows]
    grown, tiles = _fill(store, frontier, leaves, level=0)
    if tiles:
        store.add_tiles(tiles)
    store.set_head(grown)
    return grown


def _fill(
    store: LedgerStore, frontier: Frontier, hashes: Sequence[bytes], *, level: int
) -> tuple[Frontier, list[TileRow]]:
    """Return the frontier of a level after more hashes, and the tiles that they fill on it and above.

    The hashes of a level form a tree of their own, whose leaves are the roots of the tiles below.
    """
    number, used = divmod(frontier.size, TILE_WIDTH)
    if used + len(hashes) < TILE_WIDTH:
        return frontier.extend(hashes), []
    row = [*stored_hashes(store, level, frontier.size - used, frontier.size), *hashes]
    tiles: list[TileRow] = []
    for start in range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH):
        nodes, root = fill_tile(row[start : start + TILE_WIDTH])
        tiles.append(TileRow(level, number + len(tiles), root, nodes))
    above = Frontier(number, frontier.hashes[: number.bit_count()])
    above, higher = _fill(store, above, [tile.root for tile in tiles], level=level + 1)
    rest = Frontier().extend(row[len(tiles) * TILE_WIDTH :])
    return Frontier((above.size << TILE_HEIGHT) + rest.size, above.hashes + rest.hashes), [*tiles, *higher]
