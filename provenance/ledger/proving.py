"""Hashes of subtrees, from stored tiles in a few reads."""

from collections import OrderedDict
from collections.abc import Sequence

from provenance.ledger.stored import stored_hashes
from provenance.merkle import LeafRange, root_hash
from provenance.storage.interface import LedgerStore
from provenance.tiles import TILE_HEIGHT, Subtree, fold, node_at, place_of, subtrees

CACHED_TILES = 512  # of 16 kB
_CACHED_NODES = 4096


class Prover:
    """Answers with hashes of the log's tree; what it keeps never changes, as a complete subtree never does."""

    def __init__(self, store: LedgerStore) -> None:
        self._store = store
        self._tiles: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._nodes: dict[Subtree, bytes] = {}

    def hashes(self, ranges: Sequence[LeafRange]) -> list[bytes]:
        """Return the hash over each of the ranges that make up a proof.

        Args:
            ranges: within the log, as `inclusion_ranges` and `consistency_ranges` give them.
        """
        return [fold([self._node(subtree) for subtree in subtrees(leaves)]) for leaves in ranges]

    def _node(self, subtree: Subtree) -> bytes:
        """Return the root of a complete subtree: out of a full tile, or a few hashes of one that is open."""
        known = self._nodes.get(subtree)
        if known is not None:
            return known
        place = place_of(subtree)
        nodes = self._tile(place.level, place.tile)
        if nodes is not None:
            return node_at(nodes, place.within, place.position)
        width = 1 << (subtree.height % TILE_HEIGHT)
        start = subtree.number * width
        row = stored_hashes(self._store, place.level, start, start + width)
        if len(self._nodes) >= _CACHED_NODES:
            self._nodes.clear()
        return self._nodes.setdefault(subtree, root_hash(row))

    def _tile(self, level: int, number: int) -> bytes | None:
        """Return the nodes of a full tile, or None while it is open."""
        nodes = self._tiles.get((level, number))
        if nodes is not None:
            self._tiles.move_to_end((level, number))
            return nodes
        row = self._store.tile(level, number)
        if row is None:
            return None
        if len(self._tiles) >= CACHED_TILES:
            self._tiles.popitem(last=False)
        self._tiles[level, number] = row.nodes
        return row.nodes
