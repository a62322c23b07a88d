"""A database as state 1 had it (headshot-provenance 0.1.0), written out so that no later change reaches it."""

import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from support.consents import NOW
from support.logs import Log

from provenance.checkpoint import Checkpoint
from provenance.entries import Entry, GenesisEntry
from provenance.merkle import Frontier, leaf_hash, node_hash
from provenance.note import sign_note
from provenance.tiles import TILE_WIDTH

TABLES = (
    "CREATE TABLE entry (idx INTEGER NOT NULL, leaf_hash BLOB NOT NULL, record_id VARCHAR(36) NOT NULL, body "
    "BLOB NOT NULL, PRIMARY KEY (idx), CHECK (length(leaf_hash) = 32), CHECK (length(body) <= 65535), UNIQUE "
    "(record_id))",
    "CREATE TABLE head (id INTEGER NOT NULL, size INTEGER NOT NULL, frontier BLOB NOT NULL, PRIMARY KEY (id), "
    "CHECK (id = 1))",
    "CREATE TABLE checkpoint (size INTEGER NOT NULL, note BLOB NOT NULL, PRIMARY KEY (size))",
    "CREATE TABLE tile (level INTEGER NOT NULL, number INTEGER NOT NULL, root BLOB NOT NULL, nodes BLOB NOT "
    "NULL, PRIMARY KEY (level, number), CHECK (length(root) = 32))",
    "CREATE TABLE consent (record_id VARCHAR(36) NOT NULL, code VARCHAR(9) NOT NULL, secret_digest BLOB NOT "
    "NULL, envelope BLOB NOT NULL, entry_idx INTEGER NOT NULL, PRIMARY KEY (record_id), UNIQUE (code), UNIQUE "
    "(secret_digest), FOREIGN KEY(entry_idx) REFERENCES entry (idx))",
    "CREATE TABLE consent_event (id INTEGER NOT NULL, record_id VARCHAR(36) NOT NULL, number INTEGER NOT NULL, "
    "envelope BLOB NOT NULL, entry_idx INTEGER NOT NULL, PRIMARY KEY (id), FOREIGN KEY(record_id) REFERENCES "
    "consent (record_id), FOREIGN KEY(entry_idx) REFERENCES entry (idx))",
    "CREATE UNIQUE INDEX consent_event_by_record ON consent_event (record_id, number)",
    "CREATE TABLE data_key (record_id VARCHAR(36) NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (record_id), "
    "FOREIGN KEY(record_id) REFERENCES consent (record_id))",
    "CREATE TABLE sealed (record_id VARCHAR(36) NOT NULL, name VARCHAR(64) NOT NULL, data BLOB NOT NULL, "
    "PRIMARY KEY (record_id, name), FOREIGN KEY(record_id) REFERENCES consent (record_id))",
    'CREATE TABLE stamp (id INTEGER NOT NULL, "key" BLOB NOT NULL, picture_digest BLOB NOT NULL, declaration '
    "VARCHAR(32) NOT NULL, record_id VARCHAR(36), handle BLOB, image_randomness BLOB NOT NULL, entry_idx "
    "INTEGER NOT NULL, PRIMARY KEY (id), FOREIGN KEY(record_id) REFERENCES consent (record_id), FOREIGN "
    "KEY(entry_idx) REFERENCES entry (idx))",
    "CREATE INDEX stamp_by_handle ON stamp (handle)",
    "CREATE INDEX stamp_by_picture ON stamp (picture_digest)",
    'CREATE UNIQUE INDEX stamp_by_key ON stamp ("key")',
)
GUARDS = {
    "entry": "idx = NEW.idx OR record_id = NEW.record_id",
    "checkpoint": "size = NEW.size",
    "tile": "level = NEW.level AND number = NEW.number",
    "consent_event": "id = NEW.id OR (record_id = NEW.record_id AND number = NEW.number)",
}
APPLICATION_ID = 0x48505256


def create_state_one(path: Path) -> None:
    """Create an empty database as the program of state 1 did."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for statement in TABLES:
            connection.execute(statement)
        for table, same in GUARDS.items():
            refusal = f"BEGIN SELECT RAISE(ABORT, 'the table {table} is append-only'); END"
            connection.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refusal}")
            connection.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refusal}")
            again = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
            connection.execute(f"CREATE TRIGGER {table}_no_insert BEFORE INSERT ON {table} {again} {refusal}")
        connection.execute("INSERT INTO head (id, size, frontier) VALUES (1, 0, x'')")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute("PRAGMA user_version=1")


def fill_state_one(path: Path, log: Log, entries: Sequence[Entry]) -> None:
    """Write a ledger of a genesis entry and these, a checkpoint after each tenth entry, a consent and a stamp."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        frontier, leaves = Frontier(), []
        for index, entry in enumerate([GenesisEntry(NOW, log.key.name, log.key.to_text()), *entries]):
            body = entry.to_bytes()
            leaves.append(leaf_hash(body))
            record_id = str(uuid.UUID(int=(0x7 << 76) | (0b10 << 62) | (index << 80) | 5))
            connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", (index, leaves[-1], record_id, body))
            frontier = frontier.append(leaves[-1])
            if index % 10 == 0 or index == len(entries):
                text = Checkpoint(log.key.name, frontier.size, frontier.root()).to_text()
                note = sign_note(text, key=log.key, sign=log.signing_key.sign).to_bytes()
                connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (frontier.size, note))
        level, hashes = 0, leaves
        while len(hashes) >= TILE_WIDTH:
            full = [
                _fill_tile(hashes[at : at + TILE_WIDTH]) for at in range(0, len(hashes) - TILE_WIDTH + 1, TILE_WIDTH)
            ]
            connection.executemany(
                "INSERT INTO tile VALUES (?, ?, ?, ?)",
                [(level, number, root, nodes) for number, (nodes, root) in enumerate(full)],
            )
            level, hashes = level + 1, [root for _, root in full]
        connection.execute("UPDATE head SET size = ?, frontier = ?", (frontier.size, b"".join(frontier.hashes)))
        connection.execute("INSERT INTO consent VALUES ('record-1', '8F3K-QX2P', x'01', x'02', 1)")
        connection.execute("INSERT INTO data_key VALUES ('record-1', x'03')")
        connection.execute("INSERT INTO sealed VALUES ('record-1', 'email', x'04')")
        connection.execute("INSERT INTO consent_event VALUES (7, 'record-1', 1, x'05', 2)")
        connection.execute("INSERT INTO stamp VALUES (9, x'06', x'07', 'camera', 'record-1', x'08', x'09', 3)")
        connection.execute("COMMIT")


def _fill_tile(hashes: list[bytes]) -> tuple[bytes, bytes]:
    """Return the nodes that a full tile kept then, all 510 of them, and its root."""
    nodes = b""
    while len(hashes) > 1:
        nodes += b"".join(hashes)
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return nodes, hashes[0]
