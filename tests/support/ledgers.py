"""Ledgers in databases, and knives to cut into them behind the back of the product."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from support.consents import NOW
from support.logs import Log

from provenance.entries import ConsentEntry, ConsentEventEntry, Entry, StampEntry
from provenance.ledger import Ledger
from provenance.ledger.log import new_entry_id
from provenance.storage.database import Database, create_database
from provenance.storage.tables import APPEND_ONLY


@cache
def empty_database() -> bytes:
    """Return the bytes of a new database, which cost a third of a second to make."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "studio.db"
        create_database(path)
        return path.read_bytes()


def numbered(number: int) -> Entry:
    """Return an entry of one kind or another, whose commitments are made of its number."""
    value = number.to_bytes(32, "big")
    kinds: Sequence[Entry] = (
        ConsentEntry(NOW, value),
        ConsentEventEntry(NOW, value),
        StampEntry(NOW, value, (value,)),
        StampEntry(NOW, value, ()),
    )
    return kinds[number % len(kinds)]


def identified(*entries: Entry) -> list[tuple[bytes, Entry]]:
    """Return entries with new ids."""
    return [(new_entry_id(), entry) for entry in entries]


@contextmanager
def open_ledger(path: Path, log: Log, *, size: int = 0) -> Iterator[tuple[Database, Ledger]]:
    """Open a ledger in `path`, made anew with `size` entries if there is none, the first of them the genesis entry."""
    new = not path.exists()
    if new:
        path.write_bytes(empty_database())
    with closing(Database(path)) as database:
        ledger = Ledger(database, log_origin=log.key.name, signers=[log.signer])
        if new and size:
            ledger.create(NOW)
            for number in range(1, size):
                ledger.append(identified(numbered(number)))
        yield database, ledger


def tamper(path: Path, *statements: str | tuple[str, Sequence[object]]) -> None:
    """Run statements on a database whose triggers and references were taken away first."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        disarm(connection)
        for statement in statements:
            text, values = (statement, ()) if isinstance(statement, str) else statement
            connection.execute(text, values)


def disarm(connection: sqlite3.Connection) -> None:
    """Take away what keeps rows from being changed."""
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA ignore_check_constraints=ON")
    for table in APPEND_ONLY:
        for verb in ("insert", "update", "delete"):
            connection.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
