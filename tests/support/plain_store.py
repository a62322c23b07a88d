"""A ledger's store in memory, until the database has every method of the protocol."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from provenance.merkle import Frontier, LeafRange
from provenance.storage.interface import AnchorRow, CosignatureRow, EntryRow, LogKeyRow, TileRow


@dataclass
class PlainStore:
    """All that a `LedgerStore` keeps; a block that raises leaves it as it was."""

    frontier: Frontier = Frontier()  # noqa: RUF009 it is frozen
    rows: list[EntryRow] = field(default_factory=list)
    full_tiles: dict[tuple[int, int], TileRow] = field(default_factory=dict)
    notes: dict[int, bytes] = field(default_factory=dict)
    lines: list[CosignatureRow] = field(default_factory=list)
    in_transaction: bool = False

    @contextmanager
    def transaction(self, *, landed: Callable[[], bool] | None = None) -> Iterator[None]:
        if self.in_transaction:
            yield
            return
        before = copy.copy((self.frontier, [*self.rows], {**self.full_tiles}, {**self.notes}, [*self.lines]))
        self.in_transaction = True
        try:
            yield
        except BaseException:
            self.frontier, self.rows, self.full_tiles, self.notes, self.lines = before
            raise
        finally:
            self.in_transaction = False

    def after_commit(self, action: Callable[[], None]) -> None:
        raise NotImplementedError

    def check_intact(self) -> None:
        """Find nothing: there are no pages."""

    def head(self) -> Frontier:
        return self.frontier

    def set_head(self, frontier: Frontier) -> None:
        assert self.in_transaction
        self.frontier = frontier

    def add_entries(self, rows: Sequence[EntryRow]) -> None:
        assert self.in_transaction
        assert [row.index for row in rows] == list(range(len(self.rows), len(self.rows) + len(rows)))
        self.rows += rows

    def find_entries(self, entry_ids: Sequence[bytes]) -> dict[bytes, EntryRow]:
        return {row.entry_id: row for row in self.rows if row.entry_id in entry_ids}

    def entry(self, index: int) -> EntryRow | None:
        return self.rows[index] if 0 <= index < len(self.rows) else None

    def entries(self, start: int, end: int) -> Iterator[EntryRow]:
        yield from self.rows[start:end]

    def bodies(self, start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
        yield from ((row.index, row.leaf_hash, row.body) for row in self.rows[start:end])

    def stray_entry(self, size: int) -> int | None:
        return size if len(self.rows) > size else None

    def leaf_hashes(self, leaves: LeafRange) -> list[bytes]:
        return [row.leaf_hash for row in self.rows[leaves.start : leaves.end]]

    def add_tiles(self, rows: Sequence[TileRow]) -> None:
        assert self.in_transaction
        for row in rows:
            assert (row.level, row.number) not in self.full_tiles
            self.full_tiles[row.level, row.number] = row

    def tile(self, level: int, number: int) -> TileRow | None:
        return self.full_tiles.get((level, number))

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        found = (self.full_tiles.get((level, number)) for number in range(start, end))
        return [row.root for row in found if row is not None]

    def tiles(self) -> Iterator[TileRow]:
        yield from (self.full_tiles[place] for place in sorted(self.full_tiles))

    def remove_derived(self) -> None:
        self.full_tiles.clear()

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
        raise NotImplementedError

    def set_anchor_token(self, anchor_id: int, token: bytes) -> None:
        raise NotImplementedError

    def anchors(self) -> list[AnchorRow]:
        raise NotImplementedError

    def add_log_key(self, vkey: str, first_size: int) -> None:
        raise NotImplementedError

    def retire_log_key(self, vkey: str, last_size: int) -> None:
        raise NotImplementedError

    def log_keys(self) -> list[LogKeyRow]:
        raise NotImplementedError
