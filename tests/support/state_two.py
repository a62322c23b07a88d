"""A server's database as state 2 had it (headshot-provenance 0.1.0)."""

from support.postgres import Server

from provenance.storage.driver import VERSION_TABLE

_STATEMENTS = (
    "ALTER TABLE stamp ADD COLUMN record_id VARCHAR(36) REFERENCES consent (record_id), ADD COLUMN handle BYTEA",
    "UPDATE stamp SET record_id = p.record_id, handle = p.handle FROM stamp_subject p WHERE p.stamp_id = stamp.id",
    "DROP TABLE manifest",
    "DROP TABLE fingerprint",
    "DROP TABLE stamp_subject",
    "DROP TABLE stamp_revocation",
    "DROP INDEX stamp_by_entry",
    "CREATE INDEX stamp_by_handle ON stamp (handle)",
    "CREATE INDEX stamp_by_record ON stamp (record_id)",
    f"UPDATE {VERSION_TABLE} SET version_num = '2'",
)


def turn_back(postgres: Server, name: str) -> None:
    """Make the database of this name, which was created today, one of state 2; each stamp has one person at most."""
    for statement in _STATEMENTS:
        postgres.run(statement, name)
