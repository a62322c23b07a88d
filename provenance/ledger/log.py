"""Appending to the ledger, its checkpoints, and proofs of what it holds."""

import secrets
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from provenance.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from provenance.entries import Entry, GenesisEntry
from provenance.errors import CorruptLedgerError, LedgerError
from provenance.merkle import Frontier, LeafRange, consistency_ranges, inclusion_ranges, leaf_hash, root_hash
from provenance.note import NoteKey
from provenance.proof import LedgerProof
from provenance.storage.interface import EntryRow, LedgerStore, TileRow
from provenance.tiles import TILE_HEIGHT, TILE_WIDTH, Subtree, fill_tile, fold, place_of, subtrees


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry that the ledger holds durably.

    Attributes:
        index: its place, from 0.
        body: its canonical bytes.
    """

    index: int
    body: bytes


class Ledger:
    """One log in one store.

    Without `sign` it can be read, proved and audited, but not appended to.
    """

    def __init__(self, store: LedgerStore, *, key: NoteKey, sign: Callable[[bytes], bytes] | None = None) -> None:
        self._store = store
        self._sign = sign
        self.key = key

    def create(self, now: datetime) -> None:
        """Write the genesis entry, which names the log and its key.

        Raises:
            LedgerError: the log has entries already.
        """
        with self._store.transaction():
            if self._store.head().size:
                raise LedgerError("ledger: expected an empty log, got one with entries")
            self.append([(new_record_id(), GenesisEntry(now, self.key.name, self.key.to_text()))])

    def append(self, entries: Sequence[tuple[str, Entry]]) -> list[Appended]:
        """Append entries with one new checkpoint, and return their places once both are durable.

        Within a transaction of the store they become durable when that ends; until then nothing may leave.

        Args:
            entries: each with its private id; an id that the ledger holds already is not appended again, which makes
                a repeated call safe.

        Raises:
            LedgerError: this ledger cannot sign.
            CorruptLedgerError: an id stands for other bytes, or the stored checkpoint contradicts the head.
        """
        if self._sign is None:
            raise LedgerError("ledger: opened for reading, and cannot be appended to")
        with self._store.transaction():
            before = self._store.head()
            self._check_head(before)
            frontier, appended = before, []
            rows: dict[str, EntryRow] = {}
            for record_id, entry in entries:
                body = entry.to_bytes()
                known = rows.get(record_id) or self._store.find_entry(record_id)
                if known is not None:
                    if known.body != body:
                        raise CorruptLedgerError(f"entry {known.index}: its id stands for other bytes")
                    appended.append(Appended(known.index, body))
                    continue
                leaf = leaf_hash(body)
                rows[record_id] = EntryRow(frontier.size, leaf, record_id, body)
                appended.append(Appended(frontier.size, body))
                frontier = frontier.append(leaf)
            if rows:
                self._store.add_entries(list(rows.values()))
                self._close_tiles(before.size, frontier.size)
                self._store.set_head(frontier)
                checkpoint = Checkpoint(self.key.name, frontier.size, frontier.root())
                note = sign_checkpoint(checkpoint, key=self.key, sign=self._sign)
                self._store.add_checkpoint(frontier.size, note.to_bytes())
        return appended

    def checkpoint(self) -> bytes:
        """Return the newest signed checkpoint.

        Raises:
            LedgerError: there is none yet.
        """
        note = self._store.latest_checkpoint()
        if note is None:
            raise LedgerError("ledger: no checkpoint was signed yet")
        return note

    def prove(self, index: int, *, extra: bytes | None = None) -> LedgerProof:
        """Return the proof that the newest checkpoint covers the entry at `index`.

        Args:
            index: from 0 to the checkpoint's size − 1.
            extra: goes with the proof, unauthenticated.

        Raises:
            LedgerError: there is no such entry.
        """
        note = self.checkpoint()
        size = open_checkpoint(note, keys=[self.key]).size
        if not 0 <= index < size:
            raise LedgerError(f"entry {index}: expected an index from 0 to {size - 1}", code="entry-missing")
        hashes = self._hash_ranges(inclusion_ranges(index=index, size=size))
        return LedgerProof(index, tuple(hashes), note, extra)

    def prove_consistency(self, *, old_size: int) -> list[bytes]:
        """Return the proof that the newest checkpoint extends the log of `old_size` entries.

        Raises:
            LedgerError: `old_size` is not within 1 and the newest size.
        """
        size = open_checkpoint(self.checkpoint(), keys=[self.key]).size
        if not 0 < old_size <= size:
            raise LedgerError(f"ledger: expected a size from 1 to {size}, got {old_size}", code="size-range")
        return self._hash_ranges(consistency_ranges(old_size=old_size, new_size=size))

    def _check_head(self, head: Frontier) -> None:
        """Refuse to sign over a head that the last signed checkpoint contradicts."""
        note = self._store.latest_checkpoint()
        if note is None:
            if head.size:
                raise CorruptLedgerError(f"head: has size {head.size}, but no checkpoint was signed")
            return
        signed = open_checkpoint(note, keys=[self.key])
        if signed.size != head.size or signed.root_hash != head.root():
            raise CorruptLedgerError(
                f"head: expected size {signed.size} and root {signed.root_hash.hex()[:16]}… as signed, "
                f"got size {head.size} and root {head.root().hex()[:16]}…",
                hint="run provenance ledger audit; do not use this studio until it is understood",
            )

    def _close_tiles(self, before: int, after: int) -> None:
        """Keep every tile that became full as the log grew from `before` to `after` entries."""
        level = 0
        while after // TILE_WIDTH > before // TILE_WIDTH:
            before, after = before // TILE_WIDTH, after // TILE_WIDTH
            for number in range(before, after):
                nodes, root = fill_tile(self._row(level, number * TILE_WIDTH, (number + 1) * TILE_WIDTH))
                self._store.add_tile(TileRow(level, number, root, nodes))
            level += 1

    def _row(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the hashes of a level: leaf hashes, or the roots of the tiles below."""
        if level == 0:
            return self._store.leaf_hashes(LeafRange(start, end))
        return self._store.tile_roots(level - 1, start, end)

    def _hash_ranges(self, ranges: Sequence[LeafRange]) -> list[bytes]:
        return [fold([self._node(subtree) for subtree in subtrees(leaves)]) for leaves in ranges]

    def _node(self, subtree: Subtree) -> bytes:
        """Return the root of a complete subtree: one read from a full tile, or a few hashes of one that is open."""
        place = place_of(subtree)
        known = self._store.tile_node(place.level, place.tile, place.offset)
        if known is not None:
            return known
        width = 1 << (subtree.height % TILE_HEIGHT)
        return root_hash(self._row(place.level, subtree.number * width, (subtree.number + 1) * width))


def new_record_id() -> str:
    """Return a UUIDv7 (RFC 9562, 5.7): random, but ordered by time, so that its index stays quick."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0b10 << 62) | secrets.randbits(62)
    return str(uuid.UUID(int=value))
