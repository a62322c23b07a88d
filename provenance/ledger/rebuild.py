"""The rebuild: what derives from the entries, written anew where it does not follow from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.checkpoint import Checkpoint, LogKey, open_checkpoint
from provenance.errors import CorruptLedgerError, ProvenanceError
from provenance.ledger.checked import read_checked
from provenance.ledger.regrowth import Regrowth, node_rows
from provenance.ledger.rules import EntryRules
from provenance.merkle import Frontier, LeafRange
from provenance.note import NoteKey
from provenance.storage.interface import LedgerStore, LogKeyRow, TileRow
from provenance.tiles import TILE_HEIGHT, TILE_WIDTH

AUDIT_HINT = "nothing was changed; run provenance ledger audit, and compare with a backup"

_ALL = 2**63 - 1
_TILES_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild found and wrote.

    Attributes:
        entries: how many there are.
        tiles: how many full tiles were missing, wrong or too many; all were written anew if any was.
        head: whether size and frontier were written anew.
        log_keys: whether the keys of the log were written anew.
    """

    entries: int
    tiles: int
    head: bool
    log_keys: bool


def rebuild(store: LedgerStore, *, keys: Sequence[NoteKey | LogKey]) -> RebuildReport:
    """Restore tiles, head and keys of the log from its entries, in one transaction.

    Only what does not follow from the entries is written. The entries themselves, their leaf hashes and what was signed
    are never changed: an audit tells whether all of that is whole.

    Args:
        store: the ledger's.
        keys: the log's keys.

    Raises:
        CorruptLedgerError: the entries do not lead to the root of the newest checkpoint, so that there is nothing to
            restore from; nothing was changed.
    """
    try:
        with store.transaction():
            return _rebuild(store, keys)
    except CorruptLedgerError as error:
        raise CorruptLedgerError(str(error), hint=AUDIT_HINT) from error


def _rebuild(store: LedgerStore, keys: Sequence[NoteKey | LogKey]) -> RebuildReport:
    signed = _newest_checkpoint(store, keys)
    rules = EntryRules(store, keys=keys)
    frontier, wrong = _follow_entries(store, signed, rules)
    wrong += _count_surplus(store, frontier.size)
    head = _stored_head(store) != frontier
    log_keys = store.log_keys() != rules.log_keys
    if wrong or log_keys:
        store.remove_derived()
        for batch in _tiles(store, frontier.size):
            store.add_tiles(batch)
        _write_log_keys(store, rules.log_keys)
    if head:
        store.set_head(frontier)
    if store.head() != frontier or store.log_keys() != rules.log_keys:
        raise CorruptLedgerError("ledger: the head or the keys of the log could not be written anew")
    return RebuildReport(frontier.size, wrong, head, log_keys)


def _newest_checkpoint(store: LedgerStore, keys: Sequence[NoteKey | LogKey]) -> Checkpoint:
    note = store.latest_checkpoint()
    if note is None:
        raise CorruptLedgerError("ledger: expected a signed checkpoint, got none")
    try:
        signed = open_checkpoint(note, keys=keys)
    except ProvenanceError as error:
        raise CorruptLedgerError(f"newest checkpoint: {error}") from error
    if signed.size == 0:
        raise CorruptLedgerError("checkpoint 0: was signed over no entries")
    return signed


def _follow_entries(store: LedgerStore, signed: Checkpoint, rules: EntryRules) -> tuple[Frontier, int]:
    """Return the frontier of all entries, which the checkpoint confirms, and how many of their tiles are not stored."""
    tree, frontier, wrong = Regrowth(), Frontier(), 0
    # The head may be what is wrong: the entries alone say how many there are.
    for stretch in read_checked(store, _ALL, rules=rules):
        if stretch.problem is not None:
            raise stretch.problem
        rows, width = node_rows(stretch.hashes), len(stretch.hashes)
        frontier = tree.frontier(rows, width)
        if width == TILE_WIDTH:
            wrong += sum(store.tile(tile.level, tile.number) != tile for tile in tree.close(rows))
    stray = store.stray_entry(frontier.size)
    if stray is not None:
        raise CorruptLedgerError(f"entry {frontier.size}: missing; there is one at {stray}")
    if frontier.size < signed.size:
        raise CorruptLedgerError(
            f"entry {frontier.size}: missing; the newest checkpoint says that there are {signed.size}"
        )
    if frontier.size > signed.size:
        raise CorruptLedgerError(f"entry {signed.size}: lies beyond the newest checkpoint, of size {signed.size}")
    if frontier.root() != signed.root_hash:
        raise CorruptLedgerError(f"checkpoint {signed.size}: does not follow from the entries")
    return frontier, wrong


def _count_surplus(store: LedgerStore, size: int) -> int:
    """Return how many tiles stand for entries that are not there."""
    return sum(
        not (tile.level >= 0 and 0 <= tile.number < size >> TILE_HEIGHT * (tile.level + 1)) for tile in store.tiles()
    )


def _stored_head(store: LedgerStore) -> Frontier | None:
    try:
        return store.head()
    except CorruptLedgerError:
        return None


def _tiles(store: LedgerStore, size: int) -> Iterator[list[TileRow]]:
    """Yield every full tile of the log a few at a time, from leaf hashes that were checked before."""
    tree = Regrowth()
    full = size // TILE_WIDTH * TILE_WIDTH
    for start in range(0, full, _TILES_AT_ONCE * TILE_WIDTH):
        leaves = store.leaf_hashes(LeafRange(start, min(start + _TILES_AT_ONCE * TILE_WIDTH, full)))
        yield [
            tile
            for first in range(0, len(leaves), TILE_WIDTH)
            for tile in tree.close(node_rows(leaves[first : first + TILE_WIDTH]))
        ]


def _write_log_keys(store: LedgerStore, rows: Sequence[LogKeyRow]) -> None:
    present = {row.vkey: row.last_size for row in store.log_keys()}
    for row in rows:
        if row.vkey not in present:
            store.add_log_key(row.vkey, row.first_size)
        if row.last_size is not None and row.last_size != present.get(row.vkey):
            store.retire_log_key(row.vkey, row.last_size)
