"""Databases of either kind, to be spoken to by the product and behind its back."""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from provenance.errors import StudioError
from provenance.storage.database import Database
from provenance.storage.interface import FingerprintRow

# How either kind says that a row cannot be one.
REFUSED_ROW = (sqlite3.IntegrityError, StudioError)


@dataclass(frozen=True)
class Place:
    """Where a database is: a file, or an address of a server."""

    location: Path | str

    @property
    def is_file(self) -> bool:
        """Whether it is one of SQLite."""
        return isinstance(self.location, Path)

    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run a statement, with `?` for each value, behind the back of the product."""
        if isinstance(self.location, Path):
            with closing(sqlite3.connect(self.location, isolation_level=None)) as connection:
                return connection.execute(statement, values).fetchall()
        with closing(psycopg.connect(self.location, autocommit=True)) as server:
            cursor = server.execute(statement.replace("?", "%s").encode(), values)
            return cursor.fetchall() if cursor.description else []

    def dump(self) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of every table."""
        listed = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if self.is_file
            else "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        names = sorted(str(name) for (name,) in self.run(listed))
        assert all(re.fullmatch("[a-z_]+", name) for name in names)
        return {name: sorted(self.run(f"SELECT * FROM {name}"), key=repr) for name in names}


def kept_fingerprints(database: Database) -> list[FingerprintRow]:
    """Return every fingerprint, by entry and part."""
    entries, parts, codes = database.fingerprint_columns()
    each = [codes[at : at + 32] for at in range(0, len(codes), 32)]
    return sorted(map(FingerprintRow, entries, parts, each), key=lambda row: (row.entry_index, row.part))
