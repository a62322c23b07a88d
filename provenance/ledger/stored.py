"""What the store keeps of the tree's hashes and signatures: rows of a level, roots from them, cosigned checkpoints."""

from provenance.checkpoint import parse_checkpoint_text
from provenance.errors import CorruptLedgerError
from provenance.merkle import HASH_BYTES, Frontier, LeafRange
from provenance.note import MAX_SIGNATURES, parse_note, parse_signatures
from provenance.storage.interface import LedgerStore
from provenance.tiles import TILE_WIDTH, range_hashes


def stored_hashes(store: LedgerStore, level: int, start: int, end: int) -> list[bytes]:
    """Return the hashes of a level from `start` to `end`, not included: leaf hashes, or the roots of tiles below.

    Raises:
        CorruptLedgerError: the store does not hold them all.
    """
    if start == end:
        return []
    hashes = store.leaf_hashes(LeafRange(start, end)) if level == 0 else store.tile_roots(level - 1, start, end)
    if len(hashes) != end - start or any(len(value) != HASH_BYTES for value in hashes):
        raise CorruptLedgerError(
            f"tile {level}/{start // TILE_WIDTH}: expected {end - start} hashes in the store, got {len(hashes)}",
            hint="run provenance ledger audit",
        )
    return hashes


def stored_root(store: LedgerStore, size: int) -> bytes:
    """Return the root over the first `size` entries, 32 bytes, from what the store keeps of their hashes.

    Raises:
        CorruptLedgerError: the store does not hold these.
    """
    if size == 0:
        return Frontier().root()

    def row(level: int, start: int, end: int) -> list[bytes]:
        return stored_hashes(store, level, start, end)

    return range_hashes([LeafRange(0, size)], row=row)[0]


def cosigned(store: LedgerStore, note: bytes) -> bytes:
    """Return a stored checkpoint with the newest line of each witness that cosigned it, as many as a note may have."""
    signed = parse_note(note)
    lines = store.cosignatures(parse_checkpoint_text(signed.text).size)
    if not lines:
        return note
    parsed = [line for text in lines for line in parse_signatures(text)]
    newest = list({(line.name, line.key_id): line for line in parsed}.values())
    return signed.with_signatures(newest[: MAX_SIGNATURES - len(signed.signatures)]).to_bytes()
