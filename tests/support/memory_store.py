"""A ledger's store in memory: what the protocol asks for and nothing else, with every row within reach of a knife."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

from support.consents import NOW
from support.logs import Log

from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.entries import ConsentEntry, ConsentEventEntry, GenesisEntry, StampEntry
from provenance.errors import CorruptLedgerError
from provenance.ledger.regrowth import Regrowth, node_rows
from provenance.merkle import Frontier, LeafRange, leaf_hash
from provenance.storage.interface import AnchorRow, CosignatureRow, EntryRow, LogKeyRow, TileRow

_Place = tuple[int, int]


@dataclass
class MemoryStore:
    """Rows as they are; `kept` is what a transaction may undo."""

    rows: dict[int, EntryRow] = field(default_factory=dict)
    full: dict[_Place, TileRow] = field(default_factory=dict)
    notes: dict[int, bytes] = field(default_factory=dict)
    lines: list[CosignatureRow] = field(default_factory=list)
    dated: list[AnchorRow] = field(default_factory=list)
    vkeys: list[LogKeyRow] = field(default_factory=list)
    frontier: Frontier | None = field(default_factory=Frontier)

    @contextmanager
    def transaction(self, *, landed: Callable[[], bool] | None = None) -> Iterator[None]:
        before = deepcopy(self.__dict__)
        try:
            yield
        except BaseException:
            self.__dict__.update(before)
            raise

    def after_commit(self, action: Callable[[], None]) -> None:
        action()

    def check_intact(self) -> None:
        """Find nothing: there are no pages."""

    def head(self) -> Frontier:
        if self.frontier is None:
            raise CorruptLedgerError("head: expected one row, got none")
        return self.frontier

    def set_head(self, frontier: Frontier) -> None:
        self.frontier = frontier

    def add_entries(self, rows: Sequence[EntryRow]) -> None:
        self.rows.update((row.index, row) for row in rows)

    def find_entries(self, entry_ids: Sequence[bytes]) -> dict[bytes, EntryRow]:
        return {row.entry_id: row for row in self.rows.values() if row.entry_id in entry_ids}

    def entry(self, index: int) -> EntryRow | None:
        return self.rows.get(index)

    def entries(self, start: int, end: int) -> Iterator[EntryRow]:
        end = min(end, max(self.rows, default=-1) + 1)
        yield from (self.rows[index] for index in range(start, end) if index in self.rows)

    def bodies(self, start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
        yield from ((row.index, row.leaf_hash, row.body) for row in self.entries(start, end))

    def stray_entry(self, size: int) -> int | None:
        return next((index for index in sorted(self.rows) if not 0 <= index < size), None)

    def leaf_hashes(self, leaves: LeafRange) -> list[bytes]:
        return [row.leaf_hash for row in self.entries(leaves.start, leaves.end)]

    def add_tiles(self, rows: Sequence[TileRow]) -> None:
        self.full.update(((row.level, row.number), row) for row in rows)

    def tile(self, level: int, number: int) -> TileRow | None:
        return self.full.get((level, number))

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        return [self.full[level, number].root for number in range(start, end) if (level, number) in self.full]

    def tiles(self) -> Iterator[TileRow]:
        yield from (self.full[place] for place in sorted(self.full))

    def remove_derived(self) -> None:
        self.full.clear()
        self.vkeys.clear()

    def add_checkpoint(self, size: int, note: bytes) -> None:
        self.notes.setdefault(size, note)

    def latest_checkpoint(self) -> bytes | None:
        return self.notes[max(self.notes)] if self.notes else None

    def checkpoint_of(self, size: int) -> bytes | None:
        return self.notes.get(size)

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        yield from sorted(self.notes.items())

    def add_cosignature(self, row: CosignatureRow) -> None:
        self.lines.append(row)

    def cosignatures(self, size: int) -> list[str]:
        return [row.line for row in self.lines if row.size == size]

    def latest_cosigned(self) -> int | None:
        return max((row.size for row in self.lines), default=None)

    def add_anchor(self, note: bytes, tsa: str) -> int:
        self.dated.append(AnchorRow(len(self.dated) + 1, note, tsa, None))
        return len(self.dated)

    def set_anchor_token(self, anchor_id: int, token: bytes) -> None:
        row = self.dated[anchor_id - 1]
        self.dated[anchor_id - 1] = AnchorRow(row.id, row.note, row.tsa, token)

    def anchors(self) -> list[AnchorRow]:
        return list(self.dated)

    def add_log_key(self, vkey: str, first_size: int) -> None:
        self.vkeys.append(LogKeyRow(vkey, first_size, None))

    def retire_log_key(self, vkey: str, last_size: int) -> None:
        self.vkeys = [LogKeyRow(row.vkey, row.first_size, last_size) if row.vkey == vkey else row for row in self.vkeys]

    def log_keys(self) -> list[LogKeyRow]:
        return list(self.vkeys)


def in_turn(*changes: Callable[[MemoryStore], object]) -> Callable[[MemoryStore], object]:
    """Return all of these changes as one."""

    def change(store: MemoryStore) -> None:
        for each in changes:
            each(store)

    return change


def bodies_of(log: Log, size: int) -> list[bytes]:
    """Return the bytes of a log's first entries, of one kind or another, the genesis entry first."""
    kinds = [GenesisEntry(NOW, log.key.name, log.key.to_text()).to_bytes()]
    for number in range(1, size):
        value = number.to_bytes(32, "big")
        entry = (ConsentEntry(NOW, value), ConsentEventEntry(NOW, value), StampEntry(NOW, value, (value,)))[number % 3]
        kinds.append(entry.to_bytes())
    return kinds[:size]


def signed(log: Log, size: int, root: bytes) -> bytes:
    """Return a checkpoint that the log's key signed, whether it is true or not."""
    checkpoint = Checkpoint(log.key.name, size, root)
    return sign_checkpoint(checkpoint, key=log.key, sign=log.signing_key.sign).to_bytes()


def store_of(log: Log, bodies: Sequence[bytes], *, signed_sizes: Sequence[int]) -> MemoryStore:
    """Return a store as a ledger leaves it that appended these entries and signed at these sizes."""
    store = MemoryStore()
    leaves = [leaf_hash(body) for body in bodies]
    store.add_entries(
        [
            EntryRow(index, leaf, index.to_bytes(16, "big"), body)
            for index, (leaf, body) in enumerate(zip(leaves, bodies, strict=True))
        ]
    )
    tree = Regrowth()
    for start in range(0, len(leaves) // 256 * 256, 256):
        store.add_tiles(tree.close(node_rows(leaves[start : start + 256])))
    store.set_head(Frontier().extend(leaves))
    for size in signed_sizes:
        store.add_checkpoint(size, signed(log, size, Frontier().extend(leaves[:size]).root()))
    store.add_log_key(log.key.to_text(), 1)
    return store
