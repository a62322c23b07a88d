"""Moving a studio's whole database from a file to a server, so that only one of the two can be written to.

The file is held against writers from the first row that is read, and closed to them for good before the copy is
committed: at no moment do two databases of one log take entries.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import cast

import psycopg
from sqlalchemy import String, Table

from provenance.errors import StudioError
from provenance.merkle import Frontier
from provenance.storage import postgresql, sqlite
from provenance.storage.address import place
from provenance.storage.creation import new_tables
from provenance.storage.driver import VERSION_TABLE, Row
from provenance.storage.tables import StudioTable

# Called with how many rows were copied, and of how many.
Progress = Callable[[int, int], None]

_PIECE = 10_000
_HEAD = "SELECT size, root, frontier FROM head WHERE id = 1"
_CLOSING_TRIGGER = "closed_head_update"


def move(path: Path, url: str, *, told: Progress) -> None:
    """Copy the database in a file to an empty one of a server, and close the file to writers.

    What was interrupted can be run again; a copy that was complete is not made again.

    Args:
        path: of the file.
        url: of the server's database.
        told: is told how far it is, every ten thousand rows.

    Raises:
        StudioError: either cannot be used, the server's is not empty, or the copy differs.
    """
    with closing(sqlite.open_file(path)) as source:
        source.execute("BEGIN IMMEDIATE")
        if _is_closed(source) and _holds_copy(source, url):
            return
        try:
            with new_tables(url) as connection:
                target = cast("psycopg.Connection[Row]", connection.connection.driver_connection)
                _copy(source, target, told)
                _compare(source, target, place(url))
                _close_to_writers(source)
        except StudioError:
            if _settle(source, url):
                return
            raise


def flush_log(path: Path) -> None:
    """Bring everything that a file's log holds into the file, so that it can be renamed by itself.

    Raises:
        StudioError: another program is reading, and does not end.
    """
    with closing(sqlite.open_file(path)) as connection:
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite.unusable(path, sqlite3.OperationalError("another program is using it"))


def _settle(source: sqlite3.Connection, url: str) -> bool:
    """Tell whether the copy was committed although the server did not say so; open the file again where it was not.

    Where the server cannot be asked, the file stays closed until this is run again.
    """
    if source.in_transaction:
        source.execute("ROLLBACK")
    if not _is_closed(source):
        return False
    try:
        landed = _holds_copy(source, url)
    except StudioError:
        return False
    if not landed:
        source.execute("BEGIN IMMEDIATE")
        for table, verb in _changes():
            source.execute(f"DROP TRIGGER closed_{table}_{verb.lower()}")
        source.execute("COMMIT")
    return landed


def _close_to_writers(source: sqlite3.Connection) -> None:
    """Let the file refuse every change, also by those who opened it before."""
    for table, verb in _changes():
        source.execute(
            f"CREATE TRIGGER IF NOT EXISTS closed_{table}_{verb.lower()} BEFORE {verb} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the studio is moving to a server; run provenance studio migrate again'); END"
        )
    source.execute("COMMIT")


def _is_closed(source: sqlite3.Connection) -> bool:
    found = source.execute("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = ?", (_CLOSING_TRIGGER,))
    return found.fetchone() is not None


def _changes() -> Iterator[tuple[str, str]]:
    for table in StudioTable.metadata.sorted_tables:
        for verb in ("INSERT", "UPDATE", "DELETE"):
            yield table.name, verb


def _holds_copy(source: sqlite3.Connection, url: str) -> bool:
    with closing(postgresql.connect(url)) as target:
        try:
            known = target.execute("SELECT to_regclass(%s)", (VERSION_TABLE,)).fetchone()
            if known is None or known[0] is None:
                return False
            queries = [_HEAD, *(_count(table) for table in StudioTable.metadata.sorted_tables)]
            return all(
                target.execute(query.encode()).fetchone() == source.execute(query).fetchone() for query in queries
            )
        except psycopg.Error as error:
            raise postgresql.failed(place(url), error) from error


def _copy(source: sqlite3.Connection, target: "psycopg.Connection[Row]", told: Progress) -> None:
    tables = StudioTable.metadata.sorted_tables
    total = sum(source.execute(_count(table)).fetchone()[0] for table in tables)
    done = 0
    for table in tables:
        columns = [column.name for column in table.columns]
        for piece in _pieces(source.execute(_ordered(table, text_collation=""))):
            postgresql.copy_rows(target, table.name, columns, piece)
            done += len(piece)
            told(done, total)
        counted = table.autoincrement_column
        if counted is not None:
            target.execute(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', '{counted.name}'), max({counted.name})) "  # noqa: S608
                f"FROM {table.name} HAVING max({counted.name}) > 0".encode()
            )


def _compare(source: sqlite3.Connection, target: "psycopg.Connection[Row]", name: str) -> None:
    """Read everything back, compare it row by row, and recompute the root of what arrived."""
    frontier = Frontier()
    for table in StudioTable.metadata.sorted_tables:
        expected = source.execute(_ordered(table, text_collation=""))
        with target.cursor(f"copied_{table.name}") as cursor:
            cursor.itersize = _PIECE
            cursor.execute(_ordered(table, text_collation=' COLLATE "C"').encode())
            for piece in _pieces(zip_longest(expected, cursor)):
                if any(ours != theirs for ours, theirs in piece):
                    raise StudioError(f"{name}: the copy of the table {table.name} differs", code="copy-differs")
                if table.name == "entry":
                    frontier = frontier.extend([theirs[1] for _, theirs in piece])
    size, root, joined = source.execute(_HEAD).fetchone()
    if (frontier.size, frontier.root(), b"".join(frontier.hashes)) != (size, root, joined):
        raise StudioError(
            f"head: expected size {frontier.size} and the root of its entries, got size {size} and another",
            code="ledger-corrupt",
            hint="run provenance ledger audit",
        )


def _count(table: Table) -> str:
    return f"SELECT count(*) FROM {table.name}"  # noqa: S608 a name of this package


def _ordered(table: Table, *, text_collation: str) -> str:
    order = (
        f"{column.name}{text_collation if isinstance(column.type, String) else ''}" for column in table.primary_key
    )
    columns = ", ".join(column.name for column in table.columns)
    return f"SELECT {columns} FROM {table.name} ORDER BY {', '.join(order)}"  # noqa: S608 names of this package


def _pieces(rows: Iterable[Row]) -> Iterator[list[Row]]:
    piece = []
    for row in rows:
        piece.append(row)
        if len(piece) == _PIECE:
            yield piece
            piece = []
    if piece:
        yield piece
