"""SQLite: one file, opened safely.

WAL with `synchronous=FULL`: with less, a power cut loses entries that were already promised, and a ledger that
signed and forgot them has forked. `secure_delete` overwrites what is deleted.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from provenance.errors import CorruptLedgerError, StudioError
from provenance.storage.driver import Row, UnknownOutcomeError, Value
from provenance.storage.interface import Needle, Searched
from provenance.storage.remains import search

APPLICATION_ID = 0x48505256  # "HPRV", in the header of the file
STATE_VERSION = 4
BUSY_SECONDS = 30.0
SCRUB_SECONDS = 5.0
_SIDE_FILES = ("-wal", "-shm", "-journal")
_PIECE_BYTES = 1 << 20

# The last two flush the disk's own cache on macOS, and are nothing elsewhere.
DURABLE = ("synchronous=FULL", "fullfsync=ON", "checkpoint_fullfsync=ON")
_PRAGMAS = ("journal_mode=WAL", *DURABLE, "foreign_keys=ON", "secure_delete=ON")


class SQLiteDriver:
    """One connection to a database file."""

    def __init__(self, path: Path) -> None:
        """Open the database at `path`.

        Raises:
            StudioError: there is none, it is not a database, or another version wrote it.
            CorruptLedgerError: what describes its tables is damaged.
        """
        self._path = path
        self._connection = open_file(path)
        self._lost = False
        self._named = False

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return not self._lost and self._connection.in_transaction

    def begin(self) -> None:
        """Begin a transaction, holding the one write lock.

        Raises:
            StudioError: the disk refuses.
        """
        self._recover()
        if not self._named:
            # The first query of a connection makes the log beside the database, and it is there until the last one
            # closes. SQLite flushes its name, too, but takes no notice where the disk fails to.
            try:
                _flush(self._path.parent)
            except OSError as error:
                raise unusable(self._path, error) from error
            self._named = True
        self._connection.execute("BEGIN IMMEDIATE")

    def begin_snapshot(self) -> None:
        """Begin a transaction that only reads; what it sees is fixed by its first read."""
        self._recover()
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        """Make the transaction durable.

        Raises:
            UnknownOutcomeError: the disk failed while it was made so.
        """
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise UnknownOutcomeError(str(error)) from error

    def rollback(self) -> None:
        """Undo the transaction."""
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def reopen(self) -> None:
        """Drop the connection and open a new one, to which everything that it shows is durable.

        A failed flush must not be tried again: what it left out looks written. So the log beside the database is
        written anew, moved into the database, and emptied, each flushed before the next; else an outage could bring
        back a log that is older than the database, or one that holds what was said not to be there.

        Raises:
            StudioError: the disk refuses.
        """
        self._lost, self._named = True, False
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._connection = open_file(self._path)
        log = self._path.with_name(f"{self._path.name}-wal")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            _flush(log, anew=True)
            self._connection.execute("ROLLBACK")
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            _flush(log)
            _flush(self._path.parent)
        except (sqlite3.Error, OSError) as error:
            self.rollback()
            raise unusable(self._path, error) from error
        if busy:
            raise unusable(self._path, sqlite3.OperationalError("another program is using it"))
        self._lost, self._named = False, True

    def _recover(self) -> None:
        """Do again what `reopen` could not do, so that a program that goes on can use a disk that is well again."""
        if self._lost:
            self.reopen()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def execute(self, statement: str, values: Sequence[Value] = ()) -> None:
        """Run a statement."""
        self._connection.execute(statement, values)

    def one(self, statement: str, values: Sequence[Value] = ()) -> Row | None:
        """Return the first row of what a statement finds."""
        row: Row | None = self._connection.execute(statement, values).fetchone()
        return row

    def all(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Return every row of what a statement finds."""
        return self._connection.execute(statement, values).fetchall()

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
        """Insert rows."""
        self._connection.executemany(_insertion(table, tuple(columns)), rows)

    def read_head(self) -> Row | None:
        """Return size, root and frontier of the ledger; a transaction that writes holds the whole database."""
        return self.one("SELECT size, root, frontier FROM head WHERE id = 1")

    def find_damage(self) -> str | None:
        """Return the first thing that is wrong with the pages and indexes of the file, or None."""
        try:
            # What a row must be is for the audit to say, which names the row.
            self.execute("PRAGMA ignore_check_constraints=ON")
            row = self.one("PRAGMA integrity_check(1)")
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            return str(error)
        finally:
            self.execute("PRAGMA ignore_check_constraints=OFF")
        # Some of it stands under a headline.
        return None if row == ("ok",) else str(row[0] if row else "").strip().splitlines()[-1]

    def scrub(self, tables: Sequence[str]) -> bool:
        """Write the whole file anew, move the log into it, and empty the log; see `Driver.scrub`."""
        self._recover()
        self._connection.execute(f"PRAGMA busy_timeout={round(SCRUB_SECONDS * 1000)}")
        try:
            self._connection.execute("VACUUM")
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            # Another program is using it, or there is no room for a second copy.
            return False
        finally:
            self._connection.execute(f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1000)}")
        return not busy

    def search(self, needles: Sequence[Needle]) -> Searched:
        """Search the file and what SQLite keeps beside it.

        Raises:
            StudioError: a file cannot be read, or the database not be opened again.
        """
        # Closing a file that SQLite has open, in the same process, would take its locks away.
        self._connection.close()
        self._lost = True
        try:
            beside = (self._path.with_name(self._path.name + suffix) for suffix in _SIDE_FILES)
            return search([self._path, *(path for path in beside if path.exists())], needles)
        except OSError as error:
            raise unusable(self._path, error) from error
        finally:
            self._connection = open_file(self._path)
            self._lost, self._named = False, False


def open_file(path: Path) -> sqlite3.Connection:
    """Return a new connection to a studio's database, set so that what it commits is durable.

    Raises:
        StudioError: there is none, it is not a database, or another version wrote it.
        CorruptLedgerError: what describes its tables is damaged.
    """
    check_there(path)
    # Transactions are begun and ended here, never behind our back.
    # Several threads may ask, one at a time; who writes sees to that.
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        version = read_state_version(connection, path)
        if version != STATE_VERSION:
            raise other_version(path, version)
        for pragma in _PRAGMAS:
            try:
                connection.execute(f"PRAGMA {pragma}")
            except sqlite3.OperationalError as error:
                raise unusable(path, error) from error
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                # The text of an error may quote what is damaged.
                raise CorruptLedgerError(f"{path.name}: damaged: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def check_there(path: Path) -> None:
    """Check that there is a file at `path`, which opening it would otherwise make.

    Raises:
        StudioError: there is none.
    """
    if not path.is_file():
        raise StudioError(f"{path.name}: no such database", hint="run provenance init")


def other_version(path: Path, version: int) -> StudioError:
    """Return the error that another version of this program wrote a database."""
    return StudioError(
        f"{path.name}: expected state version {STATE_VERSION}, got {version}",
        code="state-version",
        hint="use the version of provenance that wrote it"
        if version > STATE_VERSION
        else "run provenance studio upgrade",
    )


def read_state_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the state in a database, before anything in it is touched.

    Raises:
        StudioError: it is no studio's database.
    """
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError as error:
        raise unusable(path, error) from error
    except sqlite3.DatabaseError as error:
        raise StudioError(f"{path.name}: expected a studio's database, got something else") from error
    if application != APPLICATION_ID:
        raise StudioError(f"{path.name}: expected a studio's database, got another program's")
    return int(version)


def unusable(path: Path, error: BaseException | None) -> StudioError:
    """Return the error that a database cannot be used."""
    return StudioError(
        f"{path.name}: cannot be used: {str(error).lower()}",
        code="database-unusable",
        hint="the studio's folder must be writable, and not be in use by another program",
    )


def _flush(path: Path, *, anew: bool = False) -> None:
    """Make a file durable, or the names in a folder; of a file, even what an earlier flush has left out.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(path, os.O_RDWR if anew else os.O_RDONLY)
    try:
        if anew:
            offset = 0
            while piece := os.pread(descriptor, _PIECE_BYTES, offset):
                offset += os.pwrite(descriptor, piece, offset)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@cache
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 names of this package only
