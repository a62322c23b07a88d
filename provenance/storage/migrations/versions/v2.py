"""State 2: ids of entries in 16 bytes, the root in the head, and tables for keys, cosignatures and anchors.

What it writes is written out here, and not taken from the tables of today, which may belong to a later state.
"""

import json
import uuid

from alembic import op
from sqlalchemy import Connection, text

from provenance.merkle import HASH_BYTES, Frontier

revision = "2"
down_revision = "1"

# Old tables of the same name are written anew; on the others, only the triggers are.
_REWRITTEN = ("entry", "head", "tile")
_OLD_GUARDED = ("entry", "checkpoint", "tile", "consent_event")

_TABLES = (
    "CREATE TABLE entry (idx INTEGER NOT NULL, leaf_hash BLOB NOT NULL, entry_id BLOB NOT NULL, body BLOB NOT NULL, "
    "PRIMARY KEY (idx), CHECK (length(leaf_hash) = 32), CHECK (length(entry_id) = 16), "
    "CHECK (length(body) <= 65535), UNIQUE (entry_id))",
    "CREATE TABLE head (id INTEGER NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, frontier BLOB NOT NULL, "
    "PRIMARY KEY (id), CHECK (id = 1))",
    "CREATE TABLE tile (level INTEGER NOT NULL, number INTEGER NOT NULL, root BLOB NOT NULL, nodes BLOB NOT NULL, "
    "PRIMARY KEY (level, number), CHECK (length(root) = 32)) WITHOUT ROWID",
    "CREATE TABLE anchor (id INTEGER NOT NULL, note BLOB NOT NULL, tsa VARCHAR NOT NULL, token BLOB, PRIMARY KEY (id))",
    "CREATE TABLE record_timestamp (record_id VARCHAR(36) NOT NULL, tsa VARCHAR NOT NULL, token BLOB, "
    "PRIMARY KEY (record_id), FOREIGN KEY(record_id) REFERENCES consent (record_id))",
    "CREATE TABLE log_key (vkey VARCHAR NOT NULL, first_size INTEGER NOT NULL, last_size INTEGER, PRIMARY KEY (vkey))",
    "CREATE TABLE cosignature (id INTEGER NOT NULL, size INTEGER NOT NULL, line VARCHAR NOT NULL, PRIMARY KEY (id), "
    "FOREIGN KEY(size) REFERENCES checkpoint (size))",
    "CREATE INDEX cosignature_by_size ON cosignature (size)",
    "ALTER TABLE stamp ADD COLUMN note BLOB",
    "CREATE INDEX stamp_by_record ON stamp (record_id)",
)
_GUARDED = {
    "entry": "idx = NEW.idx OR entry_id = NEW.entry_id",
    "checkpoint": "size = NEW.size",
    "cosignature": "id = NEW.id OR (size = NEW.size AND line = NEW.line)",
    "consent_event": "id = NEW.id OR (record_id = NEW.record_id AND number = NEW.number)",
}


def upgrade() -> None:
    """Write the changed tables anew, and create the new ones; only SQLite has databases of state 1."""
    connection = op.get_bind()
    for table in _OLD_GUARDED:
        for verb in ("update", "delete", "insert"):
            _run(connection, f"DROP TRIGGER {table}_no_{verb}")
    # Renaming a table must not let those that refer to it follow.
    _run(connection, "PRAGMA legacy_alter_table=ON")
    for table in _REWRITTEN:
        _run(connection, f"ALTER TABLE {table} RENAME TO old_{table}")
    for statement in _TABLES:
        _run(connection, statement)
    _fill(connection)
    for table in _REWRITTEN:
        _run(connection, f"DROP TABLE old_{table}")
    _run(connection, "PRAGMA legacy_alter_table=OFF")
    for table, same in _GUARDED.items():
        refusal = f"BEGIN SELECT RAISE(ABORT, 'the table {table} is append-only'); END"
        again = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "  # noqa: S608 both are written above
        _run(connection, f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refusal}")
        _run(connection, f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refusal}")
        _run(connection, f"CREATE TRIGGER {table}_no_insert BEFORE INSERT ON {table} {again}{refusal}")


def downgrade() -> None:
    """Refuse: an older version must not write into a newer ledger."""
    raise NotImplementedError("state 2 is not turned back into state 1")


def _fill(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    driver.create_function("uuid_bytes", 1, lambda value: uuid.UUID(value).bytes, deterministic=True)  # type: ignore[union-attr]
    driver.create_function("kept_nodes", 1, _kept_nodes, deterministic=True)  # type: ignore[union-attr]
    _run(
        connection,
        "INSERT INTO entry (idx, leaf_hash, entry_id, body) "
        "SELECT idx, leaf_hash, uuid_bytes(record_id), body FROM old_entry ORDER BY idx",
    )
    _run(
        connection,
        "INSERT INTO tile (level, number, root, nodes) "
        # The row of 128 nodes above the 256 hashes is left out from here on.
        "SELECT level, number, root, kept_nodes(nodes) FROM old_tile "
        "ORDER BY level, number",
    )
    size, joined = connection.execute(text("SELECT size, frontier FROM old_head")).one()
    hashes = tuple(joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES))
    connection.execute(
        text("INSERT INTO head (id, size, root, frontier) VALUES (1, :size, :root, :frontier)"),
        {"size": size, "root": Frontier(size, hashes).root(), "frontier": joined},
    )
    genesis = connection.execute(text("SELECT body FROM entry WHERE idx = 0")).scalar_one_or_none()
    if genesis is not None:
        connection.execute(
            text("INSERT INTO log_key (vkey, first_size) VALUES (:vkey, 1)"), {"vkey": json.loads(genesis)["key"]}
        )


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)


def _kept_nodes(nodes: bytes) -> bytes:
    """Return what a full tile keeps from here on: its 256 hashes, and the rows of 64 nodes and fewer."""
    return nodes[: 256 * HASH_BYTES] + nodes[(256 + 128) * HASH_BYTES :]
