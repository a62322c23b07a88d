"""The tables, described once with SQLModel; `database` creates them and speaks to the driver.

Loading this costs a third of a second, so only the creation of a database does.
"""

from sqlalchemy import DDL, CheckConstraint, Column, Index, LargeBinary, MetaData, event
from sqlmodel import Field, SQLModel

MAX_ENTRY_BYTES = 65_535


class StudioTable(SQLModel):
    """Base of all tables, with a catalogue of its own, so that a host program's tables stay out of it."""

    metadata = MetaData()


class EntryTable(StudioTable, table=True):
    """The ledger's entries, in order; never changed, never deleted."""

    __tablename__ = "entry"
    __table_args__ = (CheckConstraint("length(leaf_hash) = 32"), CheckConstraint(f"length(body) <= {MAX_ENTRY_BYTES}"))

    idx: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    leaf_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    record_id: str = Field(unique=True, max_length=36)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class HeadTable(StudioTable, table=True):
    """Size and frontier of the ledger: the one row that changes."""

    __tablename__ = "head"
    __table_args__ = (CheckConstraint("id = 1"),)

    id: int = Field(default=1, primary_key=True)
    size: int
    frontier: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CheckpointTable(StudioTable, table=True):
    """Every checkpoint that was signed; never changed, never deleted."""

    __tablename__ = "checkpoint"

    size: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    note: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class TileTable(StudioTable, table=True):
    """Full tiles with the nodes between their hashes and their root; never changed, never deleted."""

    __tablename__ = "tile"
    __table_args__ = (CheckConstraint("length(root) = 32"),)

    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    root: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    nodes: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ConsentTable(StudioTable, table=True):
    """Signed consent records: no personal data, only digests of them."""

    __tablename__ = "consent"

    record_id: str = Field(primary_key=True, max_length=36)
    code: str = Field(unique=True, max_length=9)
    secret_digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    envelope: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    entry_idx: int = Field(foreign_key="entry.idx")


class ConsentEventTable(StudioTable, table=True):
    """Signed events of consents; never changed, never deleted."""

    __tablename__ = "consent_event"
    __table_args__ = (Index("consent_event_by_record", "record_id", "number", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    record_id: str = Field(foreign_key="consent.record_id", max_length=36)
    number: int
    envelope: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    entry_idx: int = Field(foreign_key="entry.idx")


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


class StampTable(StudioTable, table=True):
    """Stamps that were logged: the private link from a handle to its consent."""

    __tablename__ = "stamp"
    __table_args__ = (
        Index("stamp_by_key", "key", unique=True),
        Index("stamp_by_handle", "handle"),
        Index("stamp_by_picture", "picture_digest"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    picture_digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    declaration: str = Field(max_length=32)
    record_id: str | None = Field(default=None, foreign_key="consent.record_id", max_length=36)
    handle: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    image_randomness: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    entry_idx: int = Field(foreign_key="entry.idx")


# What makes a row of each the same row: to insert it again would replace it, which no trigger on deletion sees.
APPEND_ONLY = {
    "entry": "idx = NEW.idx OR record_id = NEW.record_id",
    "checkpoint": "size = NEW.size",
    "tile": "level = NEW.level AND number = NEW.number",
    "consent_event": "id = NEW.id OR (record_id = NEW.record_id AND number = NEW.number)",
}

for _name, _same in APPEND_ONLY.items():
    for _verb, _condition in {
        "UPDATE": "",
        "DELETE": "",
        "INSERT": f"WHEN EXISTS (SELECT 1 FROM {_name} WHERE {_same}) ",  # noqa: S608 both are written above
    }.items():
        _trigger = DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER {_name}_no_{_verb.lower()} BEFORE {_verb} ON {_name} {_condition}"
            f"BEGIN SELECT RAISE(ABORT, 'the table {_name} is append-only'); END"
        )
        event.listen(StudioTable.metadata.tables[_name], "after_create", _trigger)
