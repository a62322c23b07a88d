"""State 4: fingerprints of stamped pictures, and their manifests beside them, where a studio asks for them.

What it writes is written out here, and not taken from the tables of today, which may belong to a later state.
"""

from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Create the tables, which are empty: no older version kept any."""
    connection = op.get_bind()
    binary = "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"
    connection.exec_driver_sql(
        f"CREATE TABLE fingerprint (stamp_id INTEGER NOT NULL, part VARCHAR(16) NOT NULL, code {binary} NOT NULL, "
        "PRIMARY KEY (stamp_id, part), CHECK (length(code) = 32), FOREIGN KEY(stamp_id) REFERENCES stamp (id))"
    )
    connection.exec_driver_sql(
        f"CREATE TABLE manifest (stamp_id INTEGER NOT NULL, label VARCHAR(128) NOT NULL, store {binary} NOT NULL, "
        "PRIMARY KEY (stamp_id), FOREIGN KEY(stamp_id) REFERENCES stamp (id))"
    )
    connection.exec_driver_sql("CREATE UNIQUE INDEX manifest_by_label ON manifest (label)")


def downgrade() -> None:
    """Refuse: an older version must not write into a newer ledger."""
    raise NotImplementedError("state 4 is not turned back into state 3")
