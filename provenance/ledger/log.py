"""Appending to the ledger, its checkpoints, and proofs of what it holds."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from provenance.checkpoint import Checkpoint, LogKey, open_checkpoint, sign_checkpoint
from provenance.entries import Entry, GenesisEntry
from provenance.errors import CorruptLedgerError, LedgerError
from provenance.ledger.growing import grow
from provenance.ledger.proving import Prover
from provenance.ledger.stored import cosigned
from provenance.merkle import Frontier, consistency_ranges, inclusion_ranges, leaf_hash
from provenance.note import NoteKey, NoteSigner
from provenance.proof import LedgerProof
from provenance.storage.interface import EntryRow, LedgerStore


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry that the ledger holds durably.

    Attributes:
        index: its place, from 0.
        body: its canonical bytes.
    """

    index: int
    body: bytes


class Watch(Protocol):
    """What remembers, outside of the database, how far the log has signed."""

    def check(self) -> None:
        """Refuse a log that is older than what it signed before; asked once, before the first signature.

        Raises:
            RolledBackError: it is.
        """
        ...

    def signed(self, size: int, note: bytes) -> None:
        """Remember a checkpoint that has become durable."""
        ...


class Ledger:
    """One log in one store.

    Without signers it can be read, proved and audited, but not appended to.
    """

    def __init__(
        self, store: LedgerStore, *, log_origin: str, signers: Sequence[NoteSigner] = (), watch: Watch | None = None
    ) -> None:
        self.log_origin = log_origin
        self._store = store
        self._signers = {signer.key: signer for signer in signers}
        self._watch = watch
        self._watched = watch is None
        self._prover = Prover(store)
        # The newest checkpoint that was seen to be right, and the keys of that time; another writer's differs.
        self._seen: tuple[bytes, Checkpoint] | None = None
        self._keys: list[LogKey] = []
        self._tried = False

    def create(self, now: datetime) -> None:
        """Write the genesis entry, which names the log and its key.

        Raises:
            LedgerError: the log has entries already, or there is not one signer.
        """
        if len(self._signers) != 1:
            raise LedgerError(f"ledger: expected one key to begin with, got {len(self._signers)}")
        (key,) = self._signers
        with self._store.transaction():
            if self._store.head().size:
                raise LedgerError("ledger: expected an empty log, got one with entries")
            self._store.add_log_key(key.to_text(), 1)
            self.append([(new_entry_id(), GenesisEntry(now, key.name, key.to_text()))])

    def log_keys(self) -> list[LogKey]:
        """Return every key of the log, each with the sizes that it speaks for."""
        return [LogKey(NoteKey.from_text(row.vkey), row.first_size, row.last_size) for row in self._store.log_keys()]

    def add_signer(self, signer: NoteSigner) -> None:
        """Take the private half of a further key of the log."""
        self._tried = False
        self._signers[signer.key] = signer

    def append(self, entries: Sequence[tuple[bytes, Entry]]) -> list[Appended]:
        """Append entries with one new checkpoint, and return their places once both are durable.

        Within a transaction of the store they become durable when that ends; until then nothing may leave.

        Args:
            entries: each with its private id; an id that the ledger holds already is not appended again, which makes
                a repeated call safe.

        Raises:
            LedgerError: this ledger cannot sign, or the disk did not take the entries.
            CorruptLedgerError: an id stands for other bytes, or the stored checkpoint contradicts the head.
            RolledBackError: the ledger is older than what it has signed.
        """
        if not self._signers:
            raise LedgerError("ledger: opened for reading, and cannot be appended to")
        if not self._watched and self._watch is not None:
            self._watch.check()
            self._watched = True
        bodies = [(entry_id, entry.to_bytes()) for entry_id, entry in entries]
        with self._store.transaction(landed=lambda: self._landed(bodies)):
            before = self._store.head()
            self._check_head(before)
            known = self._store.find_entries([entry_id for entry_id, _ in bodies])
            rows: dict[bytes, EntryRow] = {}
            for entry_id, body in bodies:
                row = rows.get(entry_id) or known.get(entry_id)
                if row is None:
                    rows[entry_id] = EntryRow(before.size + len(rows), leaf_hash(body), entry_id, body)
                elif row.body != body:
                    raise CorruptLedgerError(f"entry {row.index}: its id stands for other bytes")
            if rows:
                self._sign(grow(self._store, before, list(rows.values())))
        return [Appended((rows.get(entry_id) or known[entry_id]).index, body) for entry_id, body in bodies]

    def checkpoint(self) -> bytes:
        """Return the newest signed checkpoint.

        Raises:
            LedgerError: there is none yet.
        """
        note = self._store.latest_checkpoint()
        if note is None:
            raise LedgerError("ledger: no checkpoint was signed yet")
        return note

    def cosigned_checkpoint(self) -> bytes:
        """Return the newest signed checkpoint with the newest line of each witness that cosigned it.

        Raises:
            LedgerError: there is none yet.
        """
        return cosigned(self._store, self.checkpoint())

    def prove(self, index: int, *, extra: bytes | None = None, size: int | None = None) -> LedgerProof:
        """Return the proof that a checkpoint covers the entry at `index`.

        Args:
            index: from 0 to the checkpoint's size − 1.
            extra: goes with the proof, unauthenticated.
            size: of the checkpoint; without it, the newest. Its cosignatures go with it.

        Raises:
            LedgerError: there is no such entry or checkpoint.
        """
        note = self.checkpoint() if size is None else self._store.checkpoint_of(size)
        if note is None:
            raise LedgerError(f"checkpoint {size}: there is none of this size", code="checkpoint-missing")
        covered = self._open(note).size
        if not 0 <= index < covered:
            raise LedgerError(f"entry {index}: expected an index from 0 to {covered - 1}", code="entry-missing")
        hashes = self._prover.hashes(inclusion_ranges(index=index, size=covered))
        return LedgerProof(index, tuple(hashes), cosigned(self._store, note), extra)

    def prove_consistency(self, *, old_size: int) -> list[bytes]:
        """Return the proof that the newest checkpoint extends the log of `old_size` entries.

        Raises:
            LedgerError: `old_size` is not within 1 and the newest size.
        """
        size = self._open(self.checkpoint()).size
        if not 0 < old_size <= size:
            raise LedgerError(f"ledger: expected a size from 1 to {size}, got {old_size}", code="size-range")
        return self._prover.hashes(consistency_ranges(old_size=old_size, new_size=size))

    def _landed(self, bodies: Sequence[tuple[bytes, bytes]]) -> bool:
        """Tell whether a commit whose outcome was unknown left the entries behind."""
        self._seen = None
        return len(self._store.find_entries([entry_id for entry_id, _ in bodies])) == len(dict(bodies))

    def _open(self, note: bytes) -> Checkpoint:
        """Return a checkpoint of this log; the one that was seen last is not verified again."""
        if self._seen is not None and self._seen[0] == note:
            return self._seen[1]
        self._keys = self.log_keys()
        checkpoint = open_checkpoint(note, keys=self._keys)
        if checkpoint.log_origin != self.log_origin:
            raise CorruptLedgerError(f"checkpoint: expected the log {self.log_origin}, got {checkpoint.log_origin!r}")
        self._seen = note, checkpoint
        return checkpoint

    def _check_head(self, head: Frontier) -> None:
        """Refuse to sign over a head that the last signed checkpoint contradicts."""
        note = self._store.latest_checkpoint()
        if note is None:
            if head.size:
                raise CorruptLedgerError(f"head: has size {head.size}, but no checkpoint was signed")
            return
        checkpoint = self._open(note)
        if (checkpoint.size, checkpoint.root_hash) != (head.size, head.root()):
            raise CorruptLedgerError(
                f"head: expected size {checkpoint.size} and root {checkpoint.root_hash.hex()[:16]}… as signed, "
                f"got size {head.size} and root {head.root().hex()[:16]}…",
                hint="run provenance ledger audit; do not use this studio until it is understood",
            )

    def _sign(self, head: Frontier) -> None:
        """Sign the head with every key that speaks for its size, within the caller's transaction."""
        self._keys = self._keys or self.log_keys()
        active = [key.key for key in self._keys if _speaks_for(key, head.size)]
        missing = [key.to_text() for key in active if key not in self._signers]
        if missing or not active:
            raise LedgerError(
                f"ledger: the private half of {missing[0] if missing else 'a key for this size'} is not at hand",
                code="log-key-missing",
                hint="restore the studio's keys from their backup",
            )
        checkpoint = Checkpoint(self.log_origin, head.size, head.root())
        first, *others = (self._signers[key] for key in active)
        note = sign_checkpoint(checkpoint, key=first.key, sign=first.sign, also=others).to_bytes()
        if not self._tried:
            # A private half that is not that of its key would sign what nobody can check.
            open_checkpoint(note, keys=active)
            self._tried = True
        self._store.add_checkpoint(head.size, note)
        self._store.after_commit(lambda: self._remember(note, checkpoint))

    def _remember(self, note: bytes, checkpoint: Checkpoint) -> None:
        self._seen = note, checkpoint
        if self._watch is not None:
            self._watch.signed(checkpoint.size, note)

    def forget_keys(self) -> None:
        """Read the log's keys anew before the next signature; for when they change within a transaction."""
        self._keys = []


def _speaks_for(key: LogKey, size: int) -> bool:
    return key.first_size <= size and (key.last_size is None or size <= key.last_size)


def new_entry_id() -> bytes:
    """Return a UUIDv7 (RFC 9562, 5.7), 16 bytes: random, but ordered by time, so that its index stays quick."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0b10 << 62) | secrets.randbits(62)
    return value.to_bytes(16, "big")
