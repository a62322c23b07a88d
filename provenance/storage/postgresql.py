"""PostgreSQL: many processes on many machines, one dense log.

The head row, locked `FOR UPDATE`, orders the writers. A server that acknowledges what a power cut can take back would
let the log fork; it is refused.
"""

import contextlib
import re
from collections.abc import Iterable, Sequence
from functools import cache

import psycopg

from provenance.errors import StudioError
from provenance.storage.address import check_url, place
from provenance.storage.driver import VERSION_TABLE, Row, UnknownOutcomeError, Value
from provenance.storage.interface import Needle, Searched

STATE_VERSION = "4"
OLDEST_SERVER = 130000
CONNECT_SECONDS = 10
BUSY_SECONDS = 30
SCRUB_SECONDS = 5.0

_HEAD = "SELECT size, root, frontier FROM head WHERE id = 1"
_BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED"
_BEGIN_SNAPSHOT = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

# Each setting of the server, and the values with which an acknowledged commit is durable.
_DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply", "remote_write"),
    "server_encoding": ("UTF8",),
}
# This session keeps the setting that was checked, whatever the server is told later.
_PREPARE = (
    "SELECT set_config('synchronous_commit', current_setting('synchronous_commit'), false), "
    f"set_config('lock_timeout', '{BUSY_SECONDS}s', false)"
)


class PostgresDriver:
    """One connection to a server."""

    def __init__(self, url: str) -> None:
        """Open the database at `url`.

        Raises:
            StudioError: it cannot be reached, is no studio's, would lose what it acknowledged, or another version
                wrote it.
        """
        self.in_transaction = False
        self._writing = False
        self._url = check_url(url)
        self._place = place(url)
        self._connection = self._open()

    def _open(self) -> "psycopg.Connection[Row]":
        connection = connect(self._url)
        try:
            check_durable(connection, self._place)
            version = read_state_version(connection, self._place)
            if version != STATE_VERSION:
                raise other_version(self._place, version)
            connection.execute(_PREPARE)
        except psycopg.Error as error:
            connection.close()
            raise failed(self._place, error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def begin(self) -> None:
        """Begin a transaction; under READ COMMITTED, the head is read anew after the wait for its lock."""
        self._begin(_BEGIN)
        self._writing = True

    def begin_snapshot(self) -> None:
        """Begin a transaction that only reads, and sees one state throughout."""
        self._begin(_BEGIN_SNAPSHOT)

    def _begin(self, statement: bytes) -> None:
        try:
            self._run(statement)
        except StudioError:
            # The server was restarted while nothing was asked of it; nothing can be lost by asking again.
            if not self._connection.closed:
                raise
            self._run(statement)
        self.in_transaction = True

    def commit(self) -> None:
        """Make the transaction durable.

        Raises:
            UnknownOutcomeError: the connection broke before the server's answer, or the server undid it.
        """
        try:
            cursor = self._connection.execute(b"COMMIT")
        except psycopg.Error as error:
            raise UnknownOutcomeError(_first_line(error)) from error
        # A transaction in which a statement failed is undone instead, and that is no error to the server.
        if cursor.statusmessage != "COMMIT":
            raise UnknownOutcomeError("a statement within it had failed")
        self.in_transaction = self._writing = False

    def rollback(self) -> None:
        """Undo the transaction; a connection that is gone has undone it."""
        if self.in_transaction:
            self.in_transaction = self._writing = False
            with contextlib.suppress(psycopg.Error):
                self._connection.execute(b"ROLLBACK")
                return
            # Nobody can say what state it is in; the next statement opens a new one.
            self._connection.close()

    def reopen(self) -> None:
        """Drop the connection and open a new one; what it shows is durable, as the server only shows what is.

        Raises:
            StudioError: the server cannot be reached.
        """
        with contextlib.suppress(psycopg.Error):
            self._connection.close()
        self._connection = self._open()
        # The old session may still be ending; whoever holds the head's lock after it knows how it ended.
        self._run(_BEGIN)
        self._run(f"{_HEAD} FOR UPDATE".encode())
        self._run(b"ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def execute(self, statement: str, values: Sequence[Value] = ()) -> None:
        """Run a statement."""
        self._run(_adapted(statement), values)

    def one(self, statement: str, values: Sequence[Value] = ()) -> Row | None:
        """Return the first row of what a statement finds."""
        return self._run(_adapted(statement), values).fetchone()

    def all(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Return every row of what a statement finds."""
        return self._run(_adapted(statement), values).fetchall()

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
        """Insert rows: one by a statement, many by COPY."""
        names = tuple(columns)
        listed = list(rows)
        if len(listed) == 1:
            self._run(_insertion(table, names), listed[0])
            return
        try:
            copy_rows(self._connection, table, names, listed)
        except psycopg.Error as error:
            raise failed(self._place, error) from error

    def read_head(self) -> Row | None:
        """Return size, root and frontier of the ledger; in a transaction that writes, no other writer can move them."""
        return self.one(f"{_HEAD} FOR UPDATE" if self._writing else _HEAD)

    def find_damage(self) -> str | None:
        """Return None: the server looks after its own pages."""
        return None

    def scrub(self, tables: Sequence[str]) -> bool:
        """Have the server write the tables into new files; see `Driver.scrub`."""
        told: list[str] = []

        def listen(diagnostic: "psycopg.errors.Diagnostic") -> None:
            told.append(diagnostic.message_detail or "")

        try:
            self._run(f"SET lock_timeout = '{round(SCRUB_SECONDS * 1000)}ms'".encode())
            connection = self._connection
            connection.add_notice_handler(listen)
            try:
                self._run(f"VACUUM (FULL, VERBOSE) {', '.join(tables)}".encode())
            finally:
                connection.remove_notice_handler(listen)
        except StudioError:
            return False
        finally:
            with contextlib.suppress(StudioError):
                self._run(f"SET lock_timeout = '{BUSY_SECONDS}s'".encode())
        # A row that somebody's older snapshot can see is written anew, too. Only here does the server say how many; in
        # every language, the detail begins with its one number before the times.
        kept = [int(found[0]) for detail in told if (found := re.search("[0-9]+", detail))]
        return len(kept) == len(tables) and not any(kept)

    def search(self, needles: Sequence[Needle]) -> Searched | None:
        """Return None: its files are the server's own."""
        return None

    def _run(self, statement: bytes, values: Sequence[Value] = ()) -> "psycopg.Cursor[Row]":
        # Never within a transaction: what follows would be kept without what came before.
        if not self.in_transaction and self._connection.closed:
            self._connection = self._open()
        try:
            return self._connection.execute(statement, values)
        except psycopg.Error as error:
            raise failed(self._place, error) from error


def connect(url: str) -> "psycopg.Connection[Row]":
    """Return a new connection that begins no transaction by itself.

    Raises:
        StudioError: the server cannot be reached.
    """
    try:
        return psycopg.connect(check_url(url), autocommit=True, connect_timeout=CONNECT_SECONDS)
    except psycopg.Error as error:
        raise StudioError(
            f"{place(url)}: cannot be reached: {_first_line(error)}",
            code="database-unusable",
            hint="see that the server runs, and that psql opens the same address",
        ) from error


def check_durable(connection: "psycopg.Connection[Row]", name: str) -> None:
    """Check that the server keeps what it acknowledges.

    Raises:
        StudioError: it is too old, or a setting lets a power cut take acknowledged entries back.
    """
    if connection.info.server_version < OLDEST_SERVER:
        raise StudioError(
            f"{name}: expected a server of version {OLDEST_SERVER // 10000} or newer, "
            f"got {connection.info.server_version // 10000}",
            code="database-old",
        )
    values = connection.execute(
        f"SELECT {', '.join(['current_setting(%s)'] * len(_DURABLE))}",
        tuple(_DURABLE),
    ).fetchone()
    for (setting, fit), value in zip(_DURABLE.items(), values or (), strict=True):
        if value not in fit:
            raise StudioError(
                f"{name}: expected {setting} = {fit[0]}, got {value}",
                code="database-not-durable",
                hint="a server that can lose acknowledged entries would let the ledger fork; change the setting",
            )


def read_state_version(connection: "psycopg.Connection[Row]", name: str) -> str:
    """Return the version of the state in a database.

    Raises:
        StudioError: it is no studio's database.
    """
    found = connection.execute("SELECT to_regclass(%s), to_regclass('head')", (VERSION_TABLE,)).fetchone()
    if found is None or None in found:
        raise StudioError(
            f"{name}: expected a studio's database, got one without",
            hint="move a studio there with provenance studio migrate",
        )
    row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608 a name of ours
    return str(row[0]) if row else "none"


def other_version(name: str, version: str) -> StudioError:
    """Return the error that another version of this program wrote a database."""
    older = version.isdecimal() and int(version) < int(STATE_VERSION)
    return StudioError(
        f"{name}: expected state version {STATE_VERSION}, got {version}",
        code="state-version",
        hint="run provenance studio upgrade" if older else "use the version of provenance that wrote it",
    )


def copy_rows(
    connection: "psycopg.Connection[Row]", table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]
) -> None:
    """Insert many rows at once."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row(row)


def failed(name: str, error: BaseException) -> StudioError:
    """Return the error that a server did not do what it was asked."""
    return StudioError(
        f"{name}: {_first_line(error)}",
        code="database-unusable",
        hint="see that the server runs, and what its log says",
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".").lower() if lines else type(error).__name__.lower()


@cache
def _adapted(statement: str) -> bytes:
    # No statement holds a question or percent sign of its own.
    return statement.replace("?", "%s").encode()


@cache
def _insertion(table: str, columns: tuple[str, ...]) -> bytes:
    marks = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})".encode()  # noqa: S608 names of this package
