"""State 3: stamps of several people, and stamps that were retracted.

What it writes is written out here, and not taken from the tables of today, which may belong to a later state.
"""

from alembic import op
from sqlalchemy import Connection

revision = "3"
down_revision = "2"

_OLD_INDEXES = ("stamp_by_key", "stamp_by_handle", "stamp_by_picture", "stamp_by_record")
_NEW_INDEXES = (
    'CREATE UNIQUE INDEX stamp_by_key ON stamp ("key")',
    "CREATE INDEX stamp_by_picture ON stamp (picture_digest)",
)
_STAMP = (
    'CREATE TABLE stamp (id INTEGER NOT NULL, "key" BLOB NOT NULL, picture_digest BLOB NOT NULL, '
    "declaration VARCHAR(32) NOT NULL, image_randomness BLOB NOT NULL, entry_idx INTEGER NOT NULL, note BLOB, "
    "PRIMARY KEY (id), FOREIGN KEY(entry_idx) REFERENCES entry (idx))"
)
_KEPT = "id, key, picture_digest, declaration, image_randomness, entry_idx, note"


def upgrade() -> None:
    """Move who is shown into a table of its own, and create the one of retractions."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        _upgrade_postgresql(connection)
    else:
        _upgrade_sqlite(connection)


def downgrade() -> None:
    """Refuse: an older version must not write into a newer ledger."""
    raise NotImplementedError("state 3 is not turned back into state 2")


def _upgrade_sqlite(connection: Connection) -> None:
    # A column that refers to another table cannot be dropped, so that the table is written anew. Renaming it must not
    # let those that refer to it follow.
    connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
    connection.exec_driver_sql("ALTER TABLE stamp RENAME TO old_stamp")
    for index in _OLD_INDEXES:
        connection.exec_driver_sql(f"DROP INDEX {index}")
    connection.exec_driver_sql(_STAMP)
    connection.exec_driver_sql(f"INSERT INTO stamp ({_KEPT}) SELECT {_KEPT} FROM old_stamp ORDER BY id")  # noqa: S608
    for index in _NEW_INDEXES:
        connection.exec_driver_sql(index)
    _create(connection, integer="INTEGER", binary="BLOB")
    _fill(connection, "old_stamp")
    connection.exec_driver_sql("DROP TABLE old_stamp")
    connection.exec_driver_sql("PRAGMA legacy_alter_table=OFF")
    refusal = "BEGIN SELECT RAISE(ABORT, 'the table stamp_revocation is append-only'); END"
    for verb, condition in {
        "UPDATE": "",
        "DELETE": "",
        "INSERT": "WHEN EXISTS (SELECT 1 FROM stamp_revocation WHERE stamp_id = NEW.stamp_id) ",
    }.items():
        connection.exec_driver_sql(
            f"CREATE TRIGGER stamp_revocation_no_{verb.lower()} BEFORE {verb} ON stamp_revocation {condition}{refusal}"
        )


def _upgrade_postgresql(connection: Connection) -> None:
    _create(connection, integer="BIGINT", binary="BYTEA")
    _fill(connection, "stamp")
    connection.exec_driver_sql("ALTER TABLE stamp DROP COLUMN record_id, DROP COLUMN handle")
    connection.exec_driver_sql(
        "CREATE TRIGGER stamp_revocation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stamp_revocation "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _create(connection: Connection, *, integer: str, binary: str) -> None:
    connection.exec_driver_sql("CREATE INDEX stamp_by_entry ON stamp (entry_idx)")
    connection.exec_driver_sql(
        f"CREATE TABLE stamp_subject (stamp_id INTEGER NOT NULL, record_id VARCHAR(36) NOT NULL, "
        f"handle {binary} NOT NULL, PRIMARY KEY (stamp_id, record_id), FOREIGN KEY(stamp_id) REFERENCES stamp (id), "
        "FOREIGN KEY(record_id) REFERENCES consent (record_id))"
    )
    connection.exec_driver_sql("CREATE INDEX stamp_subject_by_handle ON stamp_subject (handle)")
    connection.exec_driver_sql("CREATE INDEX stamp_subject_by_record ON stamp_subject (record_id)")
    connection.exec_driver_sql(
        f"CREATE TABLE stamp_revocation (stamp_id INTEGER NOT NULL, entry_idx {integer} NOT NULL, "
        "PRIMARY KEY (stamp_id), FOREIGN KEY(stamp_id) REFERENCES stamp (id), "
        "FOREIGN KEY(entry_idx) REFERENCES entry (idx))"
    )


def _fill(connection: Connection, stamps: str) -> None:
    connection.exec_driver_sql(
        "INSERT INTO stamp_subject (stamp_id, record_id, handle) SELECT id, record_id, handle "  # noqa: S608
        f"FROM {stamps} WHERE record_id IS NOT NULL ORDER BY id"
    )
