"""Reading and writing the rows of the ledger."""

from collections.abc import Iterator, Sequence

from provenance.errors import CorruptLedgerError
from provenance.merkle import HASH_BYTES, Frontier, LeafRange
from provenance.storage.driver import Driver, Row
from provenance.storage.interface import AnchorRow, CosignatureRow, EntryRow, LogKeyRow, TileRow

# Long reads go in pieces, so that none of them holds the database or the memory for long.
_PIECE = 4096
_TILE_PIECE = 64

_ENTRY = "SELECT idx, leaf_hash, entry_id, body FROM entry"
_CHECKPOINT = "SELECT size, note FROM checkpoint"
_TILE = "SELECT level, number, root, nodes FROM tile"


class LedgerRows:
    """The ledger's rows in one database; within a transaction of it, or each statement by itself."""

    _driver: Driver
    # The head row that was read or written last, with what it means; most appends find it as they left it.
    _known_head: tuple[Row, Frontier] | None = None

    def head(self) -> Frontier:
        """Return the ledger's frontier; within a transaction, the one that no other writer can move.

        Raises:
            CorruptLedgerError: the row is missing, or contradicts itself.
        """
        row = self._driver.read_head()
        if row is None:
            raise CorruptLedgerError("head: expected one row, got none")
        if self._known_head is not None and self._known_head[0] == row:
            return self._known_head[1]
        size, root, joined = row
        try:
            hashes = tuple(joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES))
            frontier = Frontier(size, hashes)
        except (ValueError, TypeError, AttributeError) as error:
            raise CorruptLedgerError("head: the frontier does not fit its size") from error
        if frontier.root() != root:
            raise CorruptLedgerError("head: the root does not follow from the frontier")
        self._known_head = row, frontier
        return frontier

    def set_head(self, frontier: Frontier) -> None:
        """Replace the frontier."""
        row = (frontier.size, frontier.root(), b"".join(frontier.hashes))
        self._driver.execute("UPDATE head SET size = ?, root = ?, frontier = ? WHERE id = 1", row)
        self._known_head = row, frontier

    def check_intact(self) -> None:
        """Check that the database can be read at all: rows lie on its pages in their order, and indexes tell the truth.

        Where they do not, a query may give rows twice, or never end.

        Raises:
            CorruptLedgerError: something is damaged; the message says what.
        """
        damage = self._driver.find_damage()
        if damage is not None:
            raise CorruptLedgerError(f"database: damaged: {damage}")

    # --- entries

    def add_entries(self, rows: Sequence[EntryRow]) -> None:
        """Append entries."""
        self._driver.insert(
            "entry",
            ("idx", "leaf_hash", "entry_id", "body"),
            [(row.index, row.leaf_hash, row.entry_id, row.body) for row in rows],
        )

    def find_entries(self, entry_ids: Sequence[bytes]) -> dict[bytes, EntryRow]:
        """Return those entries that were appended under these ids, by id."""
        # Ids are ordered by time, so that one look at the newest answers for all that are newer.
        newest = self._driver.one("SELECT entry_id FROM entry ORDER BY entry_id DESC LIMIT 1")
        found = {}
        for entry_id in entry_ids:
            if newest is not None and entry_id <= newest[0]:
                row = self._driver.one(f"{_ENTRY} WHERE entry_id = ?", (entry_id,))
                if row is not None:
                    found[entry_id] = EntryRow(*row)
        return found

    def entry(self, index: int) -> EntryRow | None:
        """Return the entry at `index`."""
        row = self._driver.one(f"{_ENTRY} WHERE idx = ?", (index,))
        return None if row is None else EntryRow(*row)

    def entries(self, start: int, end: int) -> Iterator[EntryRow]:
        """Yield the entries from `start` to `end`, not included, in order."""
        for low in range(start, end, _PIECE):
            rows = self._driver.all(f"{_ENTRY} WHERE idx >= ? AND idx < ? ORDER BY idx", (low, min(low + _PIECE, end)))
            yield from (EntryRow(*row) for row in rows)

    def bodies(self, start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield index, leaf hash and body of the entries from `start` to `end`, not included, in order."""
        for low in range(start, end, _PIECE):
            yield from self._driver.all(
                "SELECT idx, leaf_hash, body FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx",
                (low, min(low + _PIECE, end)),
            )

    def stray_entry(self, size: int) -> int | None:
        """Return the place of an entry that stands outside of a log of `size` entries, or None."""
        row = self._driver.one("SELECT idx FROM entry WHERE idx < 0 ORDER BY idx LIMIT 1") or self._driver.one(
            "SELECT idx FROM entry WHERE idx >= ? ORDER BY idx LIMIT 1", (size,)
        )
        return None if row is None else int(row[0])

    def leaf_hashes(self, leaves: LeafRange) -> list[bytes]:
        """Return the leaf hashes of a range, in order."""
        rows = self._driver.all(
            "SELECT leaf_hash FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", (leaves.start, leaves.end)
        )
        return [row[0] for row in rows]

    # --- tiles

    def add_tiles(self, rows: Sequence[TileRow]) -> None:
        """Keep full tiles."""
        self._driver.insert(
            "tile",
            ("level", "number", "root", "nodes"),
            [(row.level, row.number, row.root, row.nodes) for row in rows],
        )

    def tile(self, level: int, number: int) -> TileRow | None:
        """Return a full tile, or None while it is not full."""
        row = self._driver.one(f"{_TILE} WHERE level = ? AND number = ?", (level, number))
        return None if row is None else TileRow(*row)

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the roots of the full tiles from `start` to `end`, not included, in order."""
        rows = self._driver.all(
            "SELECT root FROM tile WHERE level = ? AND number >= ? AND number < ? ORDER BY number", (level, start, end)
        )
        return [row[0] for row in rows]

    def tiles(self) -> Iterator[TileRow]:
        """Yield every full tile, the lowest level first, in order."""
        level, number = -(2**31), -(2**62)
        while rows := self._driver.all(
            f"{_TILE} WHERE (level, number) > (?, ?) ORDER BY level, number LIMIT {_TILE_PIECE}", (level, number)
        ):
            yield from (TileRow(*row) for row in rows)
            level, number = rows[-1][0], rows[-1][1]

    def remove_derived(self) -> None:
        """Forget the tiles, so that they can be written anew from the entries."""
        self._driver.execute("DELETE FROM tile")

    # --- what was signed

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a signed checkpoint; one of the same size is kept as it was."""
        self._driver.execute(
            "INSERT INTO checkpoint (size, note) "
            "SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM checkpoint WHERE size = ?)",
            (size, note, size),
        )

    def latest_checkpoint(self) -> bytes | None:
        """Return the newest signed checkpoint."""
        row = self._driver.one("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return None if row is None else bytes(row[0])

    def checkpoint_of(self, size: int) -> bytes | None:
        """Return the signed checkpoint of this size."""
        row = self._driver.one("SELECT note FROM checkpoint WHERE size = ?", (size,))
        return None if row is None else bytes(row[0])

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Yield every signed checkpoint with its size, the smallest first."""
        size = -(2**62)
        while rows := self._driver.all(f"{_CHECKPOINT} WHERE size > ? ORDER BY size LIMIT {_PIECE}", (size,)):
            yield from ((row[0], row[1]) for row in rows)
            size = rows[-1][0]

    def add_cosignature(self, row: CosignatureRow) -> None:
        """Keep a cosignature; a later one of the same witness over the same checkpoint stands beside it."""
        known = self._driver.one("SELECT 1 FROM cosignature WHERE size = ? AND line = ?", (row.size, row.line))
        if known is None:
            self._driver.insert("cosignature", ("size", "line"), [(row.size, row.line)])

    def cosignatures(self, size: int) -> list[str]:
        """Return the signature lines over the checkpoint of this size, in the order in which they came."""
        rows = self._driver.all("SELECT line FROM cosignature WHERE size = ? ORDER BY id", (size,))
        return [row[0] for row in rows]

    def latest_cosigned(self) -> int | None:
        """Return the largest size that a witness has cosigned."""
        row = self._driver.one("SELECT size FROM cosignature ORDER BY size DESC LIMIT 1")
        return None if row is None else int(row[0])

    def add_anchor(self, note: bytes, tsa: str) -> int:
        """Keep a checkpoint that is to be dated, and return the row's id."""
        ((anchor_id,),) = self._driver.all("INSERT INTO anchor (note, tsa) VALUES (?, ?) RETURNING id", (note, tsa))
        return int(anchor_id)

    def set_anchor_token(self, anchor_id: int, token: bytes) -> None:
        """Keep the token of a checkpoint that was dated."""
        self._driver.execute("UPDATE anchor SET token = ? WHERE id = ?", (token, anchor_id))

    def anchors(self) -> list[AnchorRow]:
        """Return every anchor, the oldest first."""
        return [AnchorRow(*row) for row in self._driver.all("SELECT id, note, tsa, token FROM anchor ORDER BY id")]

    def add_log_key(self, vkey: str, first_size: int) -> None:
        """Keep a key that signs from this size on."""
        self._driver.insert("log_key", ("vkey", "first_size"), [(vkey, first_size)])

    def retire_log_key(self, vkey: str, last_size: int) -> None:
        """Note the largest size that a key signs."""
        self._driver.execute("UPDATE log_key SET last_size = ? WHERE vkey = ?", (last_size, vkey))

    def log_keys(self) -> list[LogKeyRow]:
        """Return every key of the log, in the order in which they came."""
        rows = self._driver.all("SELECT vkey, first_size, last_size FROM log_key ORDER BY first_size, vkey")
        return [LogKeyRow(*row) for row in rows]
