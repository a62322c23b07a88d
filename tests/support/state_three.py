"""A database as state 3 had it (headshot-provenance 0.1.0)."""

import sqlite3
from contextlib import closing
from pathlib import Path

from support.postgres import Server

from provenance.storage.driver import VERSION_TABLE

_STATEMENTS = ("DROP TABLE manifest", "DROP TABLE fingerprint", f"UPDATE {VERSION_TABLE} SET version_num = '3'")


def turn_back(path: Path) -> None:
    """Make a database in a file, which was created today, one of state 3."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in (*_STATEMENTS, "PRAGMA user_version=3"):
            connection.execute(statement)


def turn_server_back(postgres: Server, name: str) -> None:
    """Make the database of this name, which was created today, one of state 3."""
    for statement in _STATEMENTS:
        postgres.run(statement, name)
