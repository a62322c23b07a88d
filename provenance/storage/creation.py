"""Creating a database, and bringing one of an older version up to date (Alembic)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event, insert, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from provenance import durable
from provenance.errors import StudioError
from provenance.merkle import EMPTY_ROOT
from provenance.storage import sqlite
from provenance.storage.address import check_installed, place
from provenance.storage.driver import VERSION_TABLE
from provenance.storage.tables import HeadTable, create_tables

if TYPE_CHECKING:
    import psycopg

    from provenance.storage.driver import Row

# No older version ever wrote to a server.
_SERVER_VERSIONS = ("2", "3", "4")
_MIGRATIONS = Path(__file__).with_name("migrations")


def create(location: Path | str) -> None:
    """Create an empty database with all tables.

    Raises:
        StudioError: there is one already, or it cannot be created.
    """
    if isinstance(location, Path):
        _create_file(location)
        return
    with new_tables(location) as connection:
        connection.execute(insert(HeadTable).values(id=1, size=0, root=EMPTY_ROOT, frontier=b""))


def upgrade(location: Path | str) -> tuple[int, int]:
    """Bring the database of an older version up to date, and return both versions.

    Of a file, a copy as it was stays beside it, named after its version. What is interrupted leaves the database as
    it was, and can be run again.

    Raises:
        StudioError: it is no studio's database, it cannot be used, or a newer version wrote it.
    """
    if isinstance(location, Path):
        return _upgrade_file(location)
    return _upgrade_server(location)


@contextmanager
def new_tables(url: str) -> Iterator[Connection]:
    """Create all tables but no row in an empty database of a server, in a transaction that ends with the block.

    Raises:
        StudioError: the database is not empty, or cannot be used.
    """
    check_installed()
    from provenance.storage import postgresql

    with _server(url) as (connection, raw):
        postgresql.check_durable(raw, place(url))
        _check_empty(raw, place(url))
        # The driver commits each statement by itself unless a transaction is begun.
        raw.execute("BEGIN")
        create_tables(connection)
        command.stamp(_config(connection), "head")
        yield connection
        raw.execute("COMMIT")


@contextmanager
def _server(url: str) -> Iterator[tuple[Connection, "psycopg.Connection[Row]"]]:
    import psycopg

    from provenance.storage import postgresql

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: postgresql.connect(url), poolclass=NullPool, use_native_hstore=False
    )
    try:
        with engine.connect() as connection:
            yield connection, _driver_of(connection)
    except psycopg.Error as error:
        raise postgresql.failed(place(url), error) from error
    except DBAPIError as error:
        raise postgresql.failed(place(url), error.orig or error) from error
    finally:
        engine.dispose()


def _driver_of(connection: Connection) -> "psycopg.Connection[Row]":
    raw: psycopg.Connection[Row] = connection.connection.driver_connection  # type: ignore[assignment]
    return raw


def _check_empty(raw: "psycopg.Connection[Row]", name: str) -> None:
    rows = raw.execute(
        "SELECT relname FROM pg_class "
        "WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')"
    ).fetchall()
    found = {row[0] for row in rows}
    if found:
        raise StudioError(
            f"{name}: expected an empty database, got one with "
            + ("a studio" if VERSION_TABLE in found else "tables of another program"),
            code="database-used",
            hint="give each studio a database of its own",
        )


def _upgrade_server(url: str) -> tuple[int, int]:
    check_installed()
    from provenance.storage import postgresql

    name, now = place(url), postgresql.STATE_VERSION
    with _server(url) as (connection, raw):
        postgresql.check_durable(raw, name)
        raw.execute("BEGIN")
        before = postgresql.read_state_version(raw, name)
        if before not in _SERVER_VERSIONS:
            raise postgresql.other_version(name, before)
        # Whoever writes takes the head first; and of two who upgrade, the second finds it done.
        raw.execute("LOCK TABLE head IN ACCESS EXCLUSIVE MODE")
        if postgresql.read_state_version(raw, name) != now:
            command.upgrade(_config(connection), "head")
        raw.execute("COMMIT")
    return int(before), int(now)


def _create_file(path: Path) -> None:
    if path.exists():
        raise StudioError(f"{path.name}: expected no database, got one")
    path.touch(mode=0o600)
    try:
        with _sqlite(path) as connection:
            connection.connection.driver_connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[union-attr]
            with connection.begin():
                create_tables(connection)
                connection.execute(insert(HeadTable).values(id=1, size=0, root=EMPTY_ROOT, frontier=b""))
                command.stamp(_config(connection), "head")
                connection.exec_driver_sql(f"PRAGMA application_id={sqlite.APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version={sqlite.STATE_VERSION}")
    except DBAPIError as error:
        raise sqlite.unusable(path, error.orig) from error


def _upgrade_file(path: Path) -> tuple[int, int]:
    sqlite.check_there(path)
    with closing(sqlite3.connect(path)) as reading:
        before = sqlite.read_state_version(reading, path)
    if before > sqlite.STATE_VERSION:
        raise sqlite.other_version(path, before)
    if before == sqlite.STATE_VERSION:
        return before, before
    try:
        # Begun before the copy is made, so that nothing is written between the two.
        with _sqlite(path) as connection, connection.begin():
            _copy(path, path.with_name(f"{path.name}.state-{before}"))
            config = _config(connection)
            if not inspect(connection).has_table(VERSION_TABLE):
                command.stamp(config, str(before))
            command.upgrade(config, "head")
            connection.exec_driver_sql(f"PRAGMA user_version={sqlite.STATE_VERSION}")
    except DBAPIError as error:
        raise sqlite.unusable(path, error.orig) from error
    return before, sqlite.STATE_VERSION


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _sqlite(path: Path) -> Iterator[Connection]:
    engine = create_engine(
        f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": sqlite.BUSY_SECONDS, "isolation_level": None}
    )
    # The driver would begin no transaction before DDL; so transactions are begun here, and hold DDL, too.
    event.listen(engine, "connect", _make_durable)
    event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _make_durable(raw: sqlite3.Connection, _: object) -> None:
    for pragma in sqlite.DURABLE:
        raw.execute(f"PRAGMA {pragma}")


def _copy(path: Path, destination: Path) -> None:
    """Copy a database in use, whole and flushed."""
    partial = destination.with_name(f".{destination.name}.provenance-partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as copy:
        source.backup(copy)
    durable.flush(partial)
    partial.replace(destination)
    durable.flush(destination.parent)
