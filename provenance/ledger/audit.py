"""The audit: everything recomputed from the entries, and compared with everything that was stored or signed."""

from dataclasses import dataclass

from provenance.checkpoint import open_checkpoint
from provenance.entries import GenesisEntry, parse_entry
from provenance.errors import CorruptLedgerError, ProvenanceError
from provenance.merkle import Frontier, LeafRange, leaf_hash
from provenance.note import NoteKey
from provenance.storage.interface import LedgerStore, TileRow
from provenance.tiles import TILE_WIDTH, fill_tile


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a clean audit saw.

    Attributes:
        entries: how many were hashed.
        checkpoints: how many were compared.
        root_hash: of the whole log, 32 bytes.
    """

    entries: int
    checkpoints: int
    root_hash: bytes


def audit(store: LedgerStore, *, key: NoteKey) -> AuditReport:
    """Rehash every entry and compare with every stored leaf hash, checkpoint and the head.

    Raises:
        CorruptLedgerError: the first contradiction; the message names the entry or checkpoint.
    """
    head = store.head()
    checkpoints = list(store.checkpoints())
    # A negative size could never be reached below.
    pending = iter(checkpoints)
    upcoming = next(pending, None)
    if upcoming is None:
        raise CorruptLedgerError("ledger: expected a signed checkpoint, got none")
    frontier = Frontier()
    for row in store.entries(0, head.size):
        if row.index != frontier.size:
            raise CorruptLedgerError(f"entry {frontier.size}: missing")
        _check_entry(row.index, row.body, row.leaf_hash, key)
        frontier = frontier.append(row.leaf_hash)
        if upcoming is not None and upcoming[0] <= frontier.size:
            _check_checkpoint(upcoming, frontier, key)
            upcoming = next(pending, None)
    if frontier.size != head.size:
        raise CorruptLedgerError(f"entry {frontier.size}: missing; the head says that there are {head.size}")
    if upcoming is not None:
        raise CorruptLedgerError(f"checkpoint {upcoming[0]}: covers more than the {frontier.size} entries there are")
    if frontier != head:
        raise CorruptLedgerError("head: the frontier does not follow from the entries")
    if checkpoints[-1][0] != head.size:
        raise CorruptLedgerError(f"checkpoint {checkpoints[-1][0]}: the newest one does not cover {head.size} entries")
    _check_tiles(store, head.size)
    stray = store.stray_entry(head.size)
    if stray is not None:
        raise CorruptLedgerError(f"entry {stray}: lies beyond the head of size {head.size}")
    return AuditReport(frontier.size, len(checkpoints), frontier.root())


def _check_tiles(store: LedgerStore, size: int) -> None:
    """Recompute every full tile from the entries, level by level, and compare it with the stored one."""
    stored = store.tiles()
    level, hashes = 0, store.leaf_hashes(LeafRange(0, size))
    while len(hashes) >= TILE_WIDTH:
        roots = []
        for number in range(len(hashes) // TILE_WIDTH):
            nodes, root = fill_tile(hashes[number * TILE_WIDTH : (number + 1) * TILE_WIDTH])
            if next(stored, None) != TileRow(level, number, root, nodes):
                raise CorruptLedgerError(f"tile {level}/{number}: does not follow from the entries")
            roots.append(root)
        level, hashes = level + 1, roots
    surplus = next(stored, None)
    if surplus is not None:
        raise CorruptLedgerError(f"tile {surplus.level}/{surplus.number}: stands for entries that are not there")


def _check_entry(index: int, body: bytes, stored_leaf: bytes, key: NoteKey) -> None:
    if not isinstance(body, bytes) or leaf_hash(body) != stored_leaf:
        raise CorruptLedgerError(f"entry {index}: its bytes do not hash to its leaf hash")
    try:
        entry = parse_entry(body)
    except ProvenanceError as error:
        raise CorruptLedgerError(f"entry {index}: {error}") from error
    if (index == 0) != isinstance(entry, GenesisEntry):
        raise CorruptLedgerError(f"entry {index}: the genesis entry comes first and only once")
    if isinstance(entry, GenesisEntry) and (entry.log_origin, entry.log_key) != (key.name, key.to_text()):
        raise CorruptLedgerError("entry 0: names another log or key than this studio's")


def _check_checkpoint(stored: tuple[int, bytes], frontier: Frontier, key: NoteKey) -> None:
    size, note = stored
    if not isinstance(note, bytes):
        raise CorruptLedgerError(f"checkpoint {size}: expected bytes")
    try:
        signed = open_checkpoint(note, keys=[key])
    except ProvenanceError as error:
        raise CorruptLedgerError(f"checkpoint {size}: {error}") from error
    if size != frontier.size or signed.size != size or signed.root_hash != frontier.root():
        raise CorruptLedgerError(f"checkpoint {size}: does not follow from the entries")
