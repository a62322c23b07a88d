"""What the rest of the product stores and finds, as frozen rows and one protocol."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from provenance.merkle import Frontier, LeafRange


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry of the ledger."""

    index: int
    leaf_hash: bytes
    record_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class TileRow:
    """One full tile.

    Attributes:
        level: 0 for leaf hashes.
        number: from 0.
        root: over its 256 hashes, 32 bytes.
        nodes: its hashes and the nodes above them, row by row, 510 · 32 bytes.
    """

    level: int
    number: int
    root: bytes
    nodes: bytes


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One signed consent record."""

    record_id: str
    code: str
    secret_digest: bytes
    envelope: bytes
    entry_index: int


@dataclass(frozen=True, slots=True)
class StampRow:
    """One logged stamp.

    Attributes:
        key: what makes a stamp the same stamp, 32 bytes.
        picture_digest: 32 bytes.
        declaration: the word of `--as`.
        record_id: of the consent; None where nobody real is shown.
        handle: 32 bytes, or None likewise.
        image_randomness: opens the image commitment of the entry, 32 bytes.
        entry_index: of the entry that covers it.
    """

    key: bytes
    picture_digest: bytes
    declaration: str
    record_id: str | None
    handle: bytes | None
    image_randomness: bytes
    entry_index: int


class LedgerStore(Protocol):
    """What the ledger needs: rows in order, one head, and transactions that are durable when they end."""

    def transaction(self) -> AbstractContextManager[None]:
        """Begin; commit at the end of the block, durably, or undo everything if it raises."""
        ...

    def head(self) -> Frontier:
        """Return the ledger's frontier; within a transaction, the one that no other writer can move."""
        ...

    def set_head(self, frontier: Frontier) -> None:
        """Replace the frontier."""
        ...

    def add_entries(self, rows: Sequence[EntryRow]) -> None:
        """Append entries."""
        ...

    def find_entry(self, record_id: str) -> EntryRow | None:
        """Return the entry that was appended under this id."""
        ...

    def entry(self, index: int) -> EntryRow | None:
        """Return the entry at `index`."""
        ...

    def entries(self, start: int, end: int) -> Iterator[EntryRow]:
        """Yield the entries from `start` to `end`, not included, in order."""
        ...

    def stray_entry(self, size: int) -> int | None:
        """Return the place of an entry that stands outside of a log of `size` entries, or None."""
        ...

    def leaf_hashes(self, leaves: LeafRange) -> list[bytes]:
        """Return the leaf hashes of a range, in order."""
        ...

    def add_tile(self, row: TileRow) -> None:
        """Keep a full tile."""
        ...

    def tile_node(self, level: int, number: int, offset: int) -> bytes | None:
        """Return one node of a tile, or None while the tile is not full."""
        ...

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the roots of the full tiles from `start` to `end`, not included, in order."""
        ...

    def tiles(self) -> Iterator[TileRow]:
        """Yield every full tile, the lowest level first, in order."""
        ...

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a signed checkpoint; one of the same size is kept as it was."""
        ...

    def latest_checkpoint(self) -> bytes | None:
        """Return the newest signed checkpoint."""
        ...

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Yield every signed checkpoint with its size, the smallest first."""
        ...
