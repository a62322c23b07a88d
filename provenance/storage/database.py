"""A studio's database, on SQLite or PostgreSQL: transactions that are durable when they end, and all its rows."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from provenance.errors import LedgerError
from provenance.storage.address import check_installed
from provenance.storage.consent_rows import ConsentRows
from provenance.storage.driver import Driver, UnknownOutcomeError
from provenance.storage.fingerprint_rows import FingerprintRows
from provenance.storage.ledger_rows import LedgerRows


class Database(LedgerRows, ConsentRows, FingerprintRows):
    """One connection to a studio's database."""

    def __init__(self, location: Path | str) -> None:
        """Open the database in a file, or at the address of a PostgreSQL server.

        Raises:
            StudioError: there is none, it cannot be used, or another version wrote it.
        """
        self._driver = _open(location)
        self._afterwards: list[Callable[[], None]] = []
        self._reading = False

    def close(self) -> None:
        """Close the connection."""
        self._driver.close()

    @contextlib.contextmanager
    def transaction(self, *, landed: Callable[[], bool] | None = None) -> Iterator[None]:
        """Begin, holding the ledger against other writers; commit at the end, durably, or undo everything.

        Where the outcome of the commit is unknown (the disk failed, the connection broke), the database is opened
        anew and `landed` is asked, which reads whether the block's work is there; the commit is never tried again.
        A transaction within another is part of it.

        Raises:
            LedgerError: the outcome is unknown and there is nobody to ask, or the work did not land.
            RuntimeError: this is within a `snapshot`, which writes nothing.
        """
        if self._driver.in_transaction:
            if self._reading:
                raise RuntimeError("a snapshot only reads")
            yield
            return
        self._driver.begin()
        self._afterwards = []
        try:
            yield
            self._driver.commit()
        except UnknownOutcomeError as error:
            self._find_out(error, landed)
        except BaseException:
            self._driver.rollback()
            raise
        actions, self._afterwards = self._afterwards, []
        for action in actions:
            action()

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something once the transaction has become durable, and never if it does not; at once outside of one."""
        if self._driver.in_transaction:
            self._afterwards.append(action)
        else:
            action()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let everything that is read within the block be of one moment."""
        if self._driver.in_transaction:
            yield
            return
        self._driver.begin_snapshot()
        self._reading = True
        try:
            yield
        finally:
            self._reading = False
            self._driver.rollback()

    def _find_out(self, error: UnknownOutcomeError, landed: Callable[[], bool] | None) -> None:
        self._driver.rollback()
        try:
            self._driver.reopen()
            there = None if landed is None else landed()
        except Exception as second:
            raise _unknown(error) from second
        if there is None:
            raise _unknown(error) from error
        if not there:
            raise LedgerError(
                f"database: nothing was written: {error}",
                code="commit-failed",
                hint="see that the disk has room and is sound, then run the same command again",
            ) from error


def create_database(location: Path | str) -> None:
    """Create an empty database with all tables: a file that only its owner may read, or in one of a server.

    Raises:
        StudioError: there is one already, or it cannot be created.
    """
    from provenance.storage import creation

    creation.create(location)


def _open(location: Path | str) -> Driver:
    if isinstance(location, Path):
        from provenance.storage.sqlite import SQLiteDriver

        return SQLiteDriver(location)
    check_installed()
    from provenance.storage.postgresql import PostgresDriver

    return PostgresDriver(location)


def _unknown(error: UnknownOutcomeError) -> LedgerError:
    return LedgerError(
        f"database: whether the last change was kept is not known: {error}",
        code="commit-unknown",
        hint="run the same command again when the disk or the server is back; what was finished stays finished",
    )
