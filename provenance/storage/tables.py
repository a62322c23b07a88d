"""The tables, described once with SQLModel; everything else speaks to the driver.

Loading this costs a third of a second, so only the creation and the migration of a database do.
"""

from collections.abc import Iterator

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
)
from sqlmodel import Field, SQLModel

MAX_ENTRY_BYTES = 65_535

# On SQLite a whole number has 64 bits anyhow, and only an INTEGER key is the row's own place.
_BIG = BigInteger().with_variant(Integer, "sqlite")


class StudioTable(SQLModel):
    """Base of all tables, with a catalogue of its own, so that a host program's tables stay out of it."""

    metadata = MetaData()


class EntryTable(StudioTable, table=True):
    """The ledger's entries, in order; never changed, never deleted."""

    __tablename__ = "entry"
    __table_args__ = (
        CheckConstraint("length(leaf_hash) = 32"),
        CheckConstraint("length(entry_id) = 16"),
        CheckConstraint(f"length(body) <= {MAX_ENTRY_BYTES}"),
    )

    idx: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    leaf_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    entry_id: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class HeadTable(StudioTable, table=True):
    """Size, root and frontier of the ledger: the one row that changes."""

    __tablename__ = "head"
    __table_args__ = (CheckConstraint("id = 1"),)

    id: int = Field(default=1, primary_key=True)
    size: int = Field(sa_column=Column(_BIG, nullable=False))
    root: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    frontier: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CheckpointTable(StudioTable, table=True):
    """Every checkpoint that was signed; never changed, never deleted."""

    __tablename__ = "checkpoint"

    size: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    note: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class TileTable(StudioTable, table=True):
    """Full tiles with the nodes between their hashes and their root; made of the entries, and never changed."""

    __tablename__ = "tile"
    __table_args__ = (CheckConstraint("length(root) = 32"), {"sqlite_with_rowid": False})

    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    root: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    nodes: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CosignatureTable(StudioTable, table=True):
    """What witnesses signed over checkpoints; never changed, never deleted."""

    __tablename__ = "cosignature"
    # Not the line: one of ML-DSA-44 is longer than what an index of PostgreSQL takes.
    __table_args__ = (Index("cosignature_by_size", "size"),)

    id: int | None = Field(default=None, primary_key=True)
    size: int = Field(sa_column=Column(_BIG, ForeignKey("checkpoint.size"), nullable=False))
    line: str


class AnchorTable(StudioTable, table=True):
    """Checkpoints that a time-stamp authority dated, or is to date once it can be reached."""

    __tablename__ = "anchor"

    id: int | None = Field(default=None, primary_key=True)
    note: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    tsa: str
    token: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class LogKeyTable(StudioTable, table=True):
    """The log's keys, each with the sizes that it signs; made of the genesis entry and the key entries."""

    __tablename__ = "log_key"

    vkey: str = Field(primary_key=True)
    first_size: int = Field(sa_column=Column(_BIG, nullable=False))
    last_size: int | None = Field(default=None, sa_column=Column(_BIG))


class ConsentTable(StudioTable, table=True):
    """Signed consent records: no personal data, only digests of them."""

    __tablename__ = "consent"

    record_id: str = Field(primary_key=True, max_length=36)
    code: str = Field(unique=True, max_length=9)
    secret_digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    envelope: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    entry_idx: int = Field(sa_column=Column(_BIG, ForeignKey("entry.idx"), nullable=False))


class ConsentEventTable(StudioTable, table=True):
    """Signed events of consents; never changed, never deleted."""

    __tablename__ = "consent_event"
    __table_args__ = (Index("consent_event_by_record", "record_id", "number", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    record_id: str = Field(foreign_key="consent.record_id", max_length=36)
    number: int
    envelope: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    entry_idx: int = Field(sa_column=Column(_BIG, ForeignKey("entry.idx"), nullable=False))


class DataKeyTable(StudioTable, table=True):
    """The data key of each consent, sealed under the studio's master key."""

    __tablename__ = "data_key"

    record_id: str = Field(primary_key=True, foreign_key="consent.record_id", max_length=36)
    wrapped: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SealedTable(StudioTable, table=True):
    """Personal data and secrets, sealed under a data key."""

    __tablename__ = "sealed"

    record_id: str = Field(primary_key=True, foreign_key="consent.record_id", max_length=36)
    name: str = Field(primary_key=True, max_length=64)
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class RecordTimestampTable(StudioTable, table=True):
    """Records that a time-stamp authority dated, or is to date once it can be reached."""

    __tablename__ = "record_timestamp"

    record_id: str = Field(primary_key=True, foreign_key="consent.record_id", max_length=36)
    tsa: str
    token: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class StampTable(StudioTable, table=True):
    """Stamps that were logged."""

    __tablename__ = "stamp"
    __table_args__ = (
        Index("stamp_by_key", "key", unique=True),
        Index("stamp_by_picture", "picture_digest"),
        Index("stamp_by_entry", "entry_idx"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    picture_digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    declaration: str = Field(max_length=32)
    image_randomness: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    entry_idx: int = Field(sa_column=Column(_BIG, ForeignKey("entry.idx"), nullable=False))
    note: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class StampSubjectTable(StudioTable, table=True):
    """The people shown in stamped pictures: the private link from a handle to its consent."""

    __tablename__ = "stamp_subject"
    __table_args__ = (
        Index("stamp_subject_by_handle", "handle"),
        Index("stamp_subject_by_record", "record_id"),
    )

    stamp_id: int = Field(primary_key=True, foreign_key="stamp.id")
    record_id: str = Field(primary_key=True, foreign_key="consent.record_id", max_length=36)
    handle: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class StampRevocationTable(StudioTable, table=True):
    """Stamps that the studio no longer stands by; never changed, never deleted."""

    __tablename__ = "stamp_revocation"

    stamp_id: int = Field(primary_key=True, foreign_key="stamp.id")
    entry_idx: int = Field(sa_column=Column(_BIG, ForeignKey("entry.idx"), nullable=False))


class FingerprintTable(StudioTable, table=True):
    """What parts of stamped pictures look like, where the studio keeps that: personal data, erased with any consent."""

    __tablename__ = "fingerprint"
    __table_args__ = (CheckConstraint("length(code) = 32"),)

    stamp_id: int = Field(primary_key=True, foreign_key="stamp.id")
    part: str = Field(primary_key=True, max_length=16)
    code: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ManifestTable(StudioTable, table=True):
    """The signed manifest store of stamps, where the studio keeps fingerprints; goes with these."""

    __tablename__ = "manifest"
    __table_args__ = (Index("manifest_by_label", "label", unique=True),)

    stamp_id: int = Field(primary_key=True, foreign_key="stamp.id")
    label: str = Field(max_length=128)
    store: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


# What makes a row of each the same row: SQLite can be told to insert it again in the place of the old one, which no
# trigger on deletion sees.
APPEND_ONLY = {
    "entry": "idx = NEW.idx OR entry_id = NEW.entry_id",
    "checkpoint": "size = NEW.size",
    "cosignature": "id = NEW.id OR (size = NEW.size AND line = NEW.line)",
    "consent_event": "id = NEW.id OR (record_id = NEW.record_id AND number = NEW.number)",
    "stamp_revocation": "stamp_id = NEW.stamp_id",
}


def create_tables(connection: Connection) -> None:
    """Create every table, and what keeps the append-only ones from being changed; none may be there already."""
    StudioTable.metadata.create_all(connection, checkfirst=False)
    guard_tables(connection)


def guard_tables(connection: Connection) -> None:
    """Let the database itself refuse to change or delete rows of the append-only tables."""
    for statement in _guards(connection.dialect.name):
        connection.execute(DDL(statement))  # type: ignore[no-untyped-call]


def _guards(dialect: str) -> Iterator[str]:
    if dialect == "postgresql":
        yield (
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'the table %% is append-only', TG_TABLE_NAME; END $$"
        )
        for name in APPEND_ONLY:
            yield (
                f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        return
    for name, same in APPEND_ONLY.items():
        for verb, condition in {
            "UPDATE": "",
            "DELETE": "",
            "INSERT": f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {same}) ",  # noqa: S608 both are written above
        }.items():
            yield (
                f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name} {condition}"
                f"BEGIN SELECT RAISE(ABORT, 'the table {name} is append-only'); END"
            )
