"""What the rest of the product stores and finds, as frozen rows and one protocol."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from provenance.merkle import Frontier, LeafRange


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry of the ledger.

    Attributes:
        index: its place, from 0.
        leaf_hash: 32 bytes.
        entry_id: the private UUIDv7 that makes an append idempotent, 16 bytes; never in the entry.
        body: its canonical bytes, at most 65,535.
    """

    index: int
    leaf_hash: bytes
    entry_id: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class TileRow:
    """One full tile.

    Attributes:
        level: 0 for leaf hashes.
        number: from 0.
        root: over its 256 hashes, 32 bytes.
        nodes: what it keeps of its hashes and the nodes above them, 382 · 32 bytes; the first 8,192 are served.
    """

    level: int
    number: int
    root: bytes
    nodes: bytes


@dataclass(frozen=True, slots=True)
class CosignatureRow:
    """What a witness signed over a checkpoint.

    Attributes:
        size: of the checkpoint.
        line: the signature line of the note, with its newline.
    """

    size: int
    line: str


@dataclass(frozen=True, slots=True)
class AnchorRow:
    """A checkpoint that a time-stamp authority dated, or is to date.

    Attributes:
        id: of the row, from 1.
        note: the signed checkpoint, whose bytes are what is dated.
        tsa: the authority's address.
        token: the RFC 3161 time-stamp token in DER; None while the authority was not reached yet.
    """

    id: int
    note: bytes
    tsa: str
    token: bytes | None


@dataclass(frozen=True, slots=True)
class LogKeyRow:
    """A key of the log, and the checkpoints that it speaks for.

    Attributes:
        vkey: the C2SP verifier key.
        first_size: the smallest tree that it signs.
        last_size: the largest tree that it signed; None while it is in use.
    """

    vkey: str
    first_size: int
    last_size: int | None


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One signed consent record."""

    record_id: str
    code: str
    secret_digest: bytes
    envelope: bytes
    entry_index: int


@dataclass(frozen=True, slots=True)
class RecordTimestampRow:
    """A record that a time-stamp authority dated, or is to date.

    Attributes:
        record_id: of the record, whose signed bytes are what is dated.
        tsa: the authority's address.
        token: the RFC 3161 time-stamp token in DER; None while the authority was not reached yet.
    """

    record_id: str
    tsa: str
    token: bytes | None


@dataclass(frozen=True, slots=True)
class StampRow:
    """One logged stamp.

    Attributes:
        key: what makes a stamp the same stamp, 32 bytes.
        picture_digest: 32 bytes.
        declaration: the word of `--as`.
        handles: of the people shown, 32 bytes each, by the record ids of their consents; empty where nobody real is.
        image_randomness: opens the image commitment of the entry, 32 bytes.
        entry_index: of the entry that covers it.
        note: what was found in the picture, and why it was stamped all the same; sealed. None where that is nothing.
        revoked_by: index of the entry that retracts it; None while the studio stands by it.
    """

    key: bytes
    picture_digest: bytes
    declaration: str
    handles: Mapping[str, bytes]
    image_randomness: bytes
    entry_index: int
    note: bytes | None = None
    revoked_by: int | None = None

    def record_id_of(self, handle: bytes) -> str:
        """Return the record id of the consent behind one of the stamp's handles."""
        return next(record_id for record_id, its in self.handles.items() if its == handle)


@dataclass(frozen=True, slots=True)
class FingerprintRow:
    """What a part of a stamped picture looks like.

    Attributes:
        entry_index: of the entry that covers the stamp.
        part: which part of the picture.
        code: 32 bytes.
    """

    entry_index: int
    part: str
    code: bytes


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """The manifest store that was signed into a stamped picture.

    Attributes:
        entry_index: of the entry that covers the stamp.
        label: of its active manifest, at most 128 characters.
        store: its bytes, as they lie in the picture.
    """

    entry_index: int
    label: str
    store: bytes


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes that must not lie in the files of a database any more.

    Attributes:
        data: at least one byte.
        alone: whether they do not count in the midst of a run of base64, where a short word occurs by chance.
    """

    data: bytes
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search through the files of a database found.

    Attributes:
        size: how many bytes were read.
        found: which of the needles were met, in the order in which they were given.
    """

    size: int
    found: tuple[Needle, ...]


class LedgerStore(Protocol):
    """What the ledger needs: rows in order, one head, and transactions that are durable when they end."""

    def transaction(self, *, landed: Callable[[], bool] | None = None) -> AbstractContextManager[None]:
        """Begin; commit at the end of the block, durably, or undo everything if it raises.

        Where the outcome of the commit is unknown (the disk failed, the connection broke), the store is opened anew
        and `landed` is asked, which reads whether the block's work is there; the commit is never tried again.

        Raises:
            LedgerError: the outcome is unknown and there is nobody to ask, or the work did not land.
        """
        ...

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something once the transaction has become durable, and never if it does not; at once outside of one."""
        ...

    def check_intact(self) -> None:
        """Check that what the rows lie on is whole, so that every query ends and gives each row once.

        Raises:
            CorruptLedgerError: it is not; the message says where.
        """
        ...

    def head(self) -> Frontier:
        """Return the ledger's frontier; within a transaction, the one that no other writer can move.

        Raises:
            CorruptLedgerError: the row is missing, or contradicts itself.
        """
        ...

    def set_head(self, frontier: Frontier) -> None:
        """Replace the frontier."""
        ...

    def add_entries(self, rows: Sequence[EntryRow]) -> None:
        """Append entries."""
        ...

    def find_entries(self, entry_ids: Sequence[bytes]) -> dict[bytes, EntryRow]:
        """Return those entries that were appended under these ids, by id."""
        ...

    def entry(self, index: int) -> EntryRow | None:
        """Return the entry at `index`."""
        ...

    def entries(self, start: int, end: int) -> Iterator[EntryRow]:
        """Yield the entries from `start` to `end`, not included, in order."""
        ...

    def bodies(self, start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield index, leaf hash and body of the entries from `start` to `end`, not included, in order."""
        ...

    def stray_entry(self, size: int) -> int | None:
        """Return the place of an entry that stands outside of a log of `size` entries, or None."""
        ...

    def leaf_hashes(self, leaves: LeafRange) -> list[bytes]:
        """Return the leaf hashes of a range, in order."""
        ...

    def add_tiles(self, rows: Sequence[TileRow]) -> None:
        """Keep full tiles."""
        ...

    def tile(self, level: int, number: int) -> TileRow | None:
        """Return a full tile, or None while it is not full."""
        ...

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the roots of the full tiles from `start` to `end`, not included, in order."""
        ...

    def tiles(self) -> Iterator[TileRow]:
        """Yield every full tile, the lowest level first, in order."""
        ...

    def remove_derived(self) -> None:
        """Forget the tiles, so that they can be written anew from the entries."""
        ...

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a signed checkpoint; one of the same size is kept as it was."""
        ...

    def latest_checkpoint(self) -> bytes | None:
        """Return the newest signed checkpoint."""
        ...

    def checkpoint_of(self, size: int) -> bytes | None:
        """Return the signed checkpoint of this size."""
        ...

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Yield every signed checkpoint with its size, the smallest first."""
        ...

    def add_cosignature(self, row: CosignatureRow) -> None:
        """Keep a cosignature; a later one of the same witness over the same checkpoint stands beside it."""
        ...

    def cosignatures(self, size: int) -> list[str]:
        """Return the signature lines over the checkpoint of this size, in the order in which they came."""
        ...

    def latest_cosigned(self) -> int | None:
        """Return the largest size that a witness has cosigned."""
        ...

    def add_anchor(self, note: bytes, tsa: str) -> int:
        """Keep a checkpoint that is to be dated, and return the row's id."""
        ...

    def set_anchor_token(self, anchor_id: int, token: bytes) -> None:
        """Keep the token of a checkpoint that was dated."""
        ...

    def anchors(self) -> list[AnchorRow]:
        """Return every anchor, the oldest first."""
        ...

    def add_log_key(self, vkey: str, first_size: int) -> None:
        """Keep a key that signs from this size on."""
        ...

    def retire_log_key(self, vkey: str, last_size: int) -> None:
        """Note the largest size that a key signs."""
        ...

    def log_keys(self) -> list[LogKeyRow]:
        """Return every key of the log, in the order in which they came."""
        ...
