"""Reading and writing the rows of consents, of the vault, and of stamps."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from provenance.storage.driver import Driver, Value
from provenance.storage.interface import ConsentRow, Needle, RecordTimestampRow, Searched, StampRow

_CONSENT = "SELECT record_id, code, secret_digest, envelope, entry_idx FROM consent"
_STAMPS = (
    "SELECT s.key, s.picture_digest, s.declaration, s.image_randomness, s.entry_idx, s.note, r.entry_idx, "
    "p.record_id, p.handle FROM stamp s LEFT JOIN stamp_revocation r ON r.stamp_id = s.id "
    "LEFT JOIN stamp_subject p ON p.stamp_id = s.id WHERE "
)
_IN_ORDER = " ORDER BY s.id, p.handle"
_TIMESTAMP = "SELECT record_id, tsa, token FROM record_timestamp"


class ConsentRows:
    """The private rows of a studio in one database; within a transaction of it, or each statement by itself."""

    _driver: Driver

    def add_consent(self, row: ConsentRow, *, wrapped_key: bytes) -> None:
        """Keep a signed record and its sealed data key."""
        self._driver.execute(
            "INSERT INTO consent (record_id, code, secret_digest, envelope, entry_idx) VALUES (?, ?, ?, ?, ?)",
            (row.record_id, row.code, row.secret_digest, row.envelope, row.entry_index),
        )
        self._driver.execute("INSERT INTO data_key (record_id, wrapped) VALUES (?, ?)", (row.record_id, wrapped_key))

    def find_consent(self, code: str) -> ConsentRow | None:
        """Return the record with this code."""
        row = self._driver.one(f"{_CONSENT} WHERE code = ?", (code,))
        return None if row is None else ConsentRow(*row)

    def find_consent_by_secret(self, secret_digest: bytes) -> ConsentRow | None:
        """Return the record that the secret with this digest withdraws."""
        row = self._driver.one(f"{_CONSENT} WHERE secret_digest = ?", (secret_digest,))
        return None if row is None else ConsentRow(*row)

    def consent(self, record_id: str) -> ConsentRow | None:
        """Return the record with this id."""
        row = self._driver.one(f"{_CONSENT} WHERE record_id = ?", (record_id,))
        return None if row is None else ConsentRow(*row)

    def consents(self) -> Iterator[ConsentRow]:
        """Yield every record, the newest first."""
        yield from (ConsentRow(*row) for row in self._driver.all(f"{_CONSENT} ORDER BY entry_idx DESC"))

    def add_event(self, record_id: str, number: int, envelope: bytes, entry_index: int) -> None:
        """Keep a signed event, numbered from 1 within its record."""
        self._driver.execute(
            "INSERT INTO consent_event (record_id, number, envelope, entry_idx) VALUES (?, ?, ?, ?)",
            (record_id, number, envelope, entry_index),
        )

    def events(self, record_id: str) -> list[tuple[bytes, int]]:
        """Return the signed events of a record in order, each with the index of its ledger entry."""
        rows = self._driver.all(
            "SELECT envelope, entry_idx FROM consent_event WHERE record_id = ? ORDER BY number", (record_id,)
        )
        return [(row[0], row[1]) for row in rows]

    # --- time-stamps

    def add_record_timestamp(self, record_id: str, tsa: str) -> None:
        """Keep that a record is to be dated by the authority at this address."""
        self._driver.execute("INSERT INTO record_timestamp (record_id, tsa) VALUES (?, ?)", (record_id, tsa))

    def set_record_token(self, record_id: str, tsa: str, token: bytes) -> None:
        """Keep the token of a record that waited, and who gave it; a record that was dated stays as it is."""
        self._driver.execute(
            "UPDATE record_timestamp SET tsa = ?, token = ? WHERE record_id = ? AND token IS NULL",
            (tsa, token, record_id),
        )

    def record_timestamp(self, record_id: str) -> RecordTimestampRow | None:
        """Return what is known of a record's time-stamp, or None where none was asked for."""
        row = self._driver.one(f"{_TIMESTAMP} WHERE record_id = ?", (record_id,))
        return None if row is None else RecordTimestampRow(*row)

    def waiting_timestamps(self) -> list[RecordTimestampRow]:
        """Return every record that is still to be dated, in the order of their ids."""
        rows = self._driver.all(f"{_TIMESTAMP} WHERE token IS NULL ORDER BY record_id")
        return [RecordTimestampRow(*row) for row in rows]

    # --- vault

    def wrapped_key(self, record_id: str) -> bytes | None:
        """Return a record's sealed data key, or None once it was destroyed."""
        row = self._driver.one("SELECT wrapped FROM data_key WHERE record_id = ?", (record_id,))
        return None if row is None else bytes(row[0])

    def add_sealed(self, record_id: str, name: str, data: bytes) -> None:
        """Keep a sealed datum."""
        self._driver.execute("INSERT INTO sealed (record_id, name, data) VALUES (?, ?, ?)", (record_id, name, data))

    def sealed(self, record_id: str, name: str) -> bytes | None:
        """Return a sealed datum."""
        row = self._driver.one("SELECT data FROM sealed WHERE record_id = ? AND name = ?", (record_id, name))
        return None if row is None else bytes(row[0])

    def sealed_names(self, record_id: str) -> list[str]:
        """Return the names of what is sealed for a record, in order."""
        rows = self._driver.all("SELECT name FROM sealed WHERE record_id = ? ORDER BY name", (record_id,))
        return [str(row[0]) for row in rows]

    # --- erasure

    def remove_sealed(self, record_id: str, names: Sequence[str]) -> None:
        """Destroy sealed data."""
        for name in names:
            self._driver.execute("DELETE FROM sealed WHERE record_id = ? AND name = ?", (record_id, name))

    def replace_wrapped_key(self, record_id: str, wrapped_key: bytes) -> None:
        """Destroy the data key of a record, and keep another one in its place."""
        self._driver.execute("DELETE FROM data_key WHERE record_id = ?", (record_id,))
        self._driver.execute("INSERT INTO data_key (record_id, wrapped) VALUES (?, ?)", (record_id, wrapped_key))

    def remove_stamp_notes(self, record_id: str) -> None:
        """Destroy the sealed notes of every stamp that rests on a consent, whoever else is shown."""
        self._driver.execute(
            "UPDATE stamp SET note = NULL WHERE note IS NOT NULL "
            "AND id IN (SELECT stamp_id FROM stamp_subject WHERE record_id = ?)",
            (record_id,),
        )

    def scrub(self) -> bool:
        """Let what was removed leave the files, too; return whether all of it did.

        False says that somebody else is using the database, or that the disk has no room: the rows are gone, but
        their old bytes may still lie in the files. It can be done again at any time.
        """
        return self._driver.scrub(("sealed", "data_key", "stamp", "fingerprint"))

    def search_files(self, needles: Sequence[Needle]) -> Searched | None:
        """Search the bytes of every file of the database; None where these lie on a server."""
        return self._driver.search(needles)

    # --- stamps

    def add_stamp(self, row: StampRow) -> None:
        """Keep a logged stamp."""
        self._driver.execute(
            "INSERT INTO stamp (key, picture_digest, declaration, image_randomness, entry_idx, note) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (row.key, row.picture_digest, row.declaration, row.image_randomness, row.entry_index, row.note),
        )
        for record_id, handle in row.handles.items():
            self._driver.execute(
                "INSERT INTO stamp_subject (stamp_id, record_id, handle) SELECT id, ?, ? FROM stamp WHERE key = ?",
                (record_id, handle, row.key),
            )

    def revoke_stamp(self, key: bytes, entry_index: int) -> None:
        """Keep that an entry of the log retracts the stamp with this key."""
        self._driver.execute(
            "INSERT INTO stamp_revocation (stamp_id, entry_idx) SELECT id, ? FROM stamp WHERE key = ?",
            (entry_index, key),
        )

    def find_stamp(self, key: bytes) -> StampRow | None:
        """Return the stamp with this key."""
        return next(self._stamps("s.key = ?", key), None)

    def find_stamp_by_handle(self, handle: bytes) -> StampRow | None:
        """Return the stamp that carries this handle."""
        return next(self._stamps("s.id IN (SELECT stamp_id FROM stamp_subject WHERE handle = ?)", handle), None)

    def find_stamp_by_entry(self, index: int) -> StampRow | None:
        """Return the stamp that an entry of the log covers."""
        return next(self._stamps("s.entry_idx = ?", index), None)

    def stamps_of_entries(self, start: int, end: int) -> list[StampRow]:
        """Return every stamp that an entry from `start` to `end`, not included, covers; the oldest first."""
        return list(self._stamps("s.entry_idx >= ? AND s.entry_idx < ?", start, end))

    def find_stamps_of(self, picture_digest: bytes) -> list[StampRow]:
        """Return every stamp of one picture, the oldest first."""
        return list(self._stamps("s.picture_digest = ?", picture_digest))

    def find_stamps_under(self, record_id: str) -> list[StampRow]:
        """Return every stamp that rests on a consent, the oldest first."""
        return list(self._stamps("s.id IN (SELECT stamp_id FROM stamp_subject WHERE record_id = ?)", record_id))

    def count_stamps(self, record_id: str) -> int:
        """Return how many stamps rest on a consent."""
        row = self._driver.one("SELECT count(*) FROM stamp_subject WHERE record_id = ?", (record_id,))
        return int(row[0]) if row else 0

    def _stamps(self, condition: str, *values: Value) -> Iterator[StampRow]:
        rows = self._driver.all(f"{_STAMPS}{condition}{_IN_ORDER}", values)
        for key, found in groupby(rows, key=lambda row: bytes(row[0])):
            people = list(found)
            _, picture_digest, declaration, randomness, entry_index, note, revoked_by, *_ = people[0]
            handles = {row[7]: row[8] for row in people if row[7] is not None}
            yield StampRow(key, picture_digest, declaration, handles, randomness, entry_index, note, revoked_by)
