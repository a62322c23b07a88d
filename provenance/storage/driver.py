"""What the queries need of a database: one connection, spoken to in one dialect of SQL.

Statements are written once, with `?` for each value and in words that SQLite and PostgreSQL both know; a driver adapts
the little that differs.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from provenance.storage.interface import Needle, Searched

Value: TypeAlias = "bytes | str | int | None"
Row: TypeAlias = tuple[Any, ...]

VERSION_TABLE = "provenance_state"  # of Alembic; its name tells a studio's database from another program's


class Driver(Protocol):
    """One connection to a database."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    def begin(self) -> None:
        """Begin a transaction that writes."""
        ...

    def begin_snapshot(self) -> None:
        """Begin a transaction that only reads, and sees one state throughout."""
        ...

    def commit(self) -> None:
        """Make the transaction durable.

        Raises:
            UnknownOutcomeError: nobody can tell whether it is.
        """
        ...

    def rollback(self) -> None:
        """Undo the transaction; nothing is raised where the connection is gone."""
        ...

    def reopen(self) -> None:
        """Drop the connection and open a new one, to which everything that it shows is durable.

        Raises:
            StudioError: it cannot be opened.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...

    def execute(self, statement: str, values: Sequence[Value] = ()) -> None:
        """Run a statement."""
        ...

    def one(self, statement: str, values: Sequence[Value] = ()) -> Row | None:
        """Return the first row of what a statement finds."""
        ...

    def all(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Return every row of what a statement finds."""
        ...

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
        """Insert rows, quickly."""
        ...

    def read_head(self) -> Row | None:
        """Return size, root and frontier of the ledger; in a transaction that writes, hold them against others."""
        ...

    def find_damage(self) -> str | None:
        """Return what is wrong below the rows, in the pages and indexes of the database, or None if nothing is."""
        ...

    def scrub(self, tables: Sequence[str]) -> bool:
        """Write tables anew without what was deleted from them; return whether no old byte of theirs is left."""
        ...

    def search(self, needles: Sequence[Needle]) -> Searched | None:
        """Search every file of the database for bytes; None where they cannot be read from here."""
        ...


class UnknownOutcomeError(Exception):
    """A commit neither succeeded nor failed as far as can be told; the reason is its text."""
