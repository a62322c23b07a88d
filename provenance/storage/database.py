"""The studio's SQLite database: opened safely, spoken to through the driver.

WAL with `synchronous=FULL`: with less, a power cut loses entries that were already promised, and a ledger that
signed and forgot them has forked. `secure_delete` overwrites what is deleted.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from provenance.errors import CorruptLedgerError, StudioError
from provenance.merkle import HASH_BYTES, Frontier, LeafRange
from provenance.storage.interface import ConsentRow, EntryRow, StampRow, TileRow

APPLICATION_ID = 0x48505256  # "HPRV", in the header of the file
STATE_VERSION = 1
BUSY_SECONDS = 30.0

_CONSENT = "SELECT record_id, code, secret_digest, envelope, entry_idx FROM consent"
_STAMP = "SELECT key, picture_digest, declaration, record_id, handle, image_randomness, entry_idx FROM stamp"
_ENTRY = "SELECT idx, leaf_hash, record_id, body FROM entry"


def create_database(path: Path) -> None:
    """Create an empty database with all tables at `path`, readable by its owner only.

    Raises:
        StudioError: there is a file already.
    """
    if path.exists():
        raise StudioError(f"{path.name}: expected no database, got one")
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError

    from provenance.storage.tables import StudioTable

    path.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            StudioTable.metadata.create_all(connection)
            connection.exec_driver_sql("INSERT INTO head (id, size, frontier) VALUES (1, 0, x'')")
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version={STATE_VERSION}")
    except DBAPIError as error:
        raise _unusable(path, error.orig) from error
    finally:
        engine.dispose()


class Database:
    """One connection to a studio's database."""

    def __init__(self, path: Path) -> None:
        """Open the database at `path`.

        Raises:
            StudioError: there is none, it is not a database, or a newer version wrote it.
        """
        if not path.is_file():
            raise StudioError(f"{path.name}: no such database", hint="run provenance init")
        # Transactions are begun and ended here, never behind our back.
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            self._prepare(path)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, path: Path) -> None:
        """Check whose database it is before anything in it is touched, then set how it is used."""
        try:
            (application,) = self._connection.execute("PRAGMA application_id").fetchone()
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.OperationalError as error:
            raise _unusable(path, error) from error
        except sqlite3.DatabaseError as error:
            raise StudioError(f"{path.name}: expected a studio's database, got something else") from error
        if application != APPLICATION_ID:
            raise StudioError(f"{path.name}: expected a studio's database, got another program's")
        if version != STATE_VERSION:
            raise StudioError(
                f"{path.name}: expected state version {STATE_VERSION}, got {version}",
                code="state-version",
                hint="use the version of provenance that wrote it" if version > STATE_VERSION else None,
            )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            try:
                self._connection.execute(f"PRAGMA {pragma}")
            except sqlite3.OperationalError as error:
                raise _unusable(path, error) from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin, holding the one write lock; commit at the end of the block, durably, or undo everything."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    # --- ledger

    def head(self) -> Frontier:
        """Return the ledger's frontier.

        Raises:
            CorruptLedgerError: the row does not hold one.
        """
        row = self._connection.execute("SELECT size, frontier FROM head WHERE id = 1").fetchone()
        if row is None:
            raise CorruptLedgerError("head: expected one row, got none")
        size, joined = row
        try:
            hashes = tuple(joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES))
            return Frontier(size, hashes)
        except (ValueError, TypeError, AttributeError) as error:
            raise CorruptLedgerError("head: the frontier does not fit its size") from error

    def set_head(self, frontier: Frontier) -> None:
        """Replace the frontier."""
        self._connection.execute(
            "UPDATE head SET size = ?, frontier = ? WHERE id = 1", (frontier.size, b"".join(frontier.hashes))
        )

    def add_entries(self, rows: Sequence[EntryRow]) -> None:
        """Append entries."""
        self._connection.executemany(
            "INSERT INTO entry (idx, leaf_hash, record_id, body) VALUES (?, ?, ?, ?)",
            [(row.index, row.leaf_hash, row.record_id, row.body) for row in rows],
        )

    def find_entry(self, record_id: str) -> EntryRow | None:
        """Return the entry that was appended under this id."""
        row = self._connection.execute(f"{_ENTRY} WHERE record_id = ?", (record_id,)).fetchone()
        return None if row is None else EntryRow(*row)

    def entry(self, index: int) -> EntryRow | None:
        """Return the entry at `index`."""
        row = self._connection.execute(f"{_ENTRY} WHERE idx = ?", (index,)).fetchone()
        return None if row is None else EntryRow(*row)

    def entries(self, start: int, end: int) -> Iterator[EntryRow]:
        """Yield the entries from `start` to `end`, not included, in order."""
        cursor = self._connection.execute(f"{_ENTRY} WHERE idx >= ? AND idx < ? ORDER BY idx", (start, end))
        yield from (EntryRow(*row) for row in cursor)

    def stray_entry(self, size: int) -> int | None:
        """Return the place of an entry that stands outside of a log of `size` entries, or None."""
        row = self._connection.execute(
            "SELECT idx FROM entry WHERE idx < 0 UNION ALL SELECT idx FROM entry WHERE idx >= ? LIMIT 1", (size,)
        ).fetchone()
        return None if row is None else int(row[0])

    def leaf_hashes(self, leaves: LeafRange) -> list[bytes]:
        """Return the leaf hashes of a range, in order."""
        cursor = self._connection.execute(
            "SELECT leaf_hash FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", (leaves.start, leaves.end)
        )
        return [row[0] for row in cursor]

    def add_tile(self, row: TileRow) -> None:
        """Keep a full tile."""
        self._connection.execute(
            "INSERT INTO tile (level, number, root, nodes) VALUES (?, ?, ?, ?)",
            (row.level, row.number, row.root, row.nodes),
        )

    def tile_node(self, level: int, number: int, offset: int) -> bytes | None:
        """Return one node of a tile, or None while the tile is not full."""
        row = self._connection.execute(
            "SELECT substr(nodes, ?, ?) FROM tile WHERE level = ? AND number = ?",
            (offset * HASH_BYTES + 1, HASH_BYTES, level, number),
        ).fetchone()
        return None if row is None else bytes(row[0])

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the roots of the full tiles from `start` to `end`, not included, in order."""
        cursor = self._connection.execute(
            "SELECT root FROM tile WHERE level = ? AND number >= ? AND number < ? ORDER BY number", (level, start, end)
        )
        return [row[0] for row in cursor]

    def tiles(self) -> Iterator[TileRow]:
        """Yield every full tile, the lowest level first, in order."""
        cursor = self._connection.execute("SELECT level, number, root, nodes FROM tile ORDER BY level, number")
        yield from (TileRow(*row) for row in cursor)

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a signed checkpoint; one of the same size is kept as it was."""
        known = self._connection.execute("SELECT 1 FROM checkpoint WHERE size = ?", (size,)).fetchone()
        if known is None:
            self._connection.execute("INSERT INTO checkpoint (size, note) VALUES (?, ?)", (size, note))

    def latest_checkpoint(self) -> bytes | None:
        """Return the newest signed checkpoint."""
        row = self._connection.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        return None if row is None else bytes(row[0])

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Yield every signed checkpoint with its size, the smallest first."""
        yield from self._connection.execute("SELECT size, note FROM checkpoint ORDER BY size")

    # --- consent

    def add_consent(self, row: ConsentRow, *, wrapped_key: bytes) -> None:
        """Keep a signed record and its sealed data key."""
        self._connection.execute(
            "INSERT INTO consent (record_id, code, secret_digest, envelope, entry_idx) VALUES (?, ?, ?, ?, ?)",
            (row.record_id, row.code, row.secret_digest, row.envelope, row.entry_index),
        )
        self._connection.execute(
            "INSERT INTO data_key (record_id, wrapped) VALUES (?, ?)", (row.record_id, wrapped_key)
        )

    def find_consent(self, code: str) -> ConsentRow | None:
        """Return the record with this code."""
        row = self._connection.execute(f"{_CONSENT} WHERE code = ?", (code,)).fetchone()
        return None if row is None else ConsentRow(*row)

    def find_consent_by_secret(self, secret_digest: bytes) -> ConsentRow | None:
        """Return the record that the secret with this digest withdraws."""
        row = self._connection.execute(f"{_CONSENT} WHERE secret_digest = ?", (secret_digest,)).fetchone()
        return None if row is None else ConsentRow(*row)

    def consent(self, record_id: str) -> ConsentRow | None:
        """Return the record with this id."""
        row = self._connection.execute(f"{_CONSENT} WHERE record_id = ?", (record_id,)).fetchone()
        return None if row is None else ConsentRow(*row)

    def consents(self) -> Iterator[ConsentRow]:
        """Yield every record, the newest first."""
        yield from (ConsentRow(*row) for row in self._connection.execute(f"{_CONSENT} ORDER BY entry_idx DESC"))

    def add_event(self, record_id: str, number: int, envelope: bytes, entry_index: int) -> None:
        """Keep a signed event, numbered from 1 within its record."""
        self._connection.execute(
            "INSERT INTO consent_event (record_id, number, envelope, entry_idx) VALUES (?, ?, ?, ?)",
            (record_id, number, envelope, entry_index),
        )

    def events(self, record_id: str) -> list[tuple[bytes, int]]:
        """Return the signed events of a record in order, each with the index of its ledger entry."""
        return self._connection.execute(
            "SELECT envelope, entry_idx FROM consent_event WHERE record_id = ? ORDER BY number", (record_id,)
        ).fetchall()

    # --- vault

    def wrapped_key(self, record_id: str) -> bytes | None:
        """Return a record's sealed data key, or None once it was destroyed."""
        row = self._connection.execute("SELECT wrapped FROM data_key WHERE record_id = ?", (record_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def add_sealed(self, record_id: str, name: str, data: bytes) -> None:
        """Keep a sealed datum."""
        self._connection.execute("INSERT INTO sealed (record_id, name, data) VALUES (?, ?, ?)", (record_id, name, data))

    def sealed(self, record_id: str, name: str) -> bytes | None:
        """Return a sealed datum."""
        row = self._connection.execute(
            "SELECT data FROM sealed WHERE record_id = ? AND name = ?", (record_id, name)
        ).fetchone()
        return None if row is None else bytes(row[0])

    # --- stamps

    def add_stamp(self, row: StampRow) -> None:
        """Keep a logged stamp."""
        self._connection.execute(
            "INSERT INTO stamp (key, picture_digest, declaration, record_id, handle, image_randomness, entry_idx) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                row.key,
                row.picture_digest,
                row.declaration,
                row.record_id,
                row.handle,
                row.image_randomness,
                row.entry_index,
            ),
        )

    def find_stamp(self, key: bytes) -> StampRow | None:
        """Return the stamp with this key."""
        row = self._connection.execute(f"{_STAMP} WHERE key = ?", (key,)).fetchone()
        return None if row is None else StampRow(*row)

    def find_stamp_by_handle(self, handle: bytes) -> StampRow | None:
        """Return the stamp that carries this handle."""
        row = self._connection.execute(f"{_STAMP} WHERE handle = ?", (handle,)).fetchone()
        return None if row is None else StampRow(*row)

    def find_stamps_of(self, picture_digest: bytes) -> list[StampRow]:
        """Return every stamp of one picture."""
        cursor = self._connection.execute(f"{_STAMP} WHERE picture_digest = ? ORDER BY id", (picture_digest,))
        return [StampRow(*row) for row in cursor]

    def count_stamps(self, record_id: str) -> int:
        """Return how many stamps rest on a consent."""
        (count,) = self._connection.execute("SELECT count(*) FROM stamp WHERE record_id = ?", (record_id,)).fetchone()
        return int(count)


def _unusable(path: Path, error: BaseException | None) -> StudioError:
    return StudioError(
        f"{path.name}: cannot be used: {str(error).lower()}",
        code="database-unusable",
        hint="the studio's folder must be writable, and not be in use by another program",
    )
