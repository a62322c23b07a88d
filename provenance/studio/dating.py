"""Having consent records dated by the authority that `provenance.toml` names (RFC 3161), now or when it is reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from provenance.consent.dated import RecordTime, read_time
from provenance.consent.records import ConsentRecord, parse_record
from provenance.errors import CorruptLedgerError, NetworkError, ProvenanceError
from provenance.fetch import TIMEOUT_SECONDS
from provenance.studio.logbook import read_roots
from provenance.studio.studio import Studio
from provenance.timestamps import verify_token
from provenance.tsa import request_token

# The person is waiting at the desk; what is not answered by then waits for `provenance consent timestamp`.
DESK_TIMEOUT_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Dated:
    """A record that was asked about.

    Attributes:
        code: of its consent.
        time: as it is known now.
        reason: why it still waits; None where it was dated.
    """

    code: str
    time: RecordTime
    reason: ProvenanceError | None


class RecordDating:
    """Queues records for the studio's time-stamp authority, has them dated, and tells what is known."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._database = studio.database

    def queue(self, record: ConsentRecord) -> None:
        """Note that a record is to be dated, where an authority is configured; nothing is asked yet."""
        tsa = self._studio.settings.tsa
        if tsa is not None:
            self._database.add_record_timestamp(record.record_id, tsa)

    def try_now(self, record: ConsentRecord) -> None:
        """Ask for the time-stamp of a record that was queued; whatever goes wrong, it only goes on waiting."""
        tsa = self._studio.settings.tsa
        if tsa is not None:
            try:
                self._date(record, tsa, self._roots(), timeout=DESK_TIMEOUT_SECONDS)
            except ProvenanceError:
                return

    def complete(self) -> list[Dated]:
        """Ask for the time-stamp of every record that waits.

        Asked is the authority that is configured now, else the one that was when the consent was recorded. One that
        was not reached, or gave no usable answer, is not asked again in the same call.

        Raises:
            InputError: the file of roots cannot be used.
            CorruptLedgerError: a record is missing.
        """
        roots = self._roots()
        unusable: dict[str, NetworkError] = {}
        found = []
        for row in self._database.waiting_timestamps():
            stored = self._database.consent(row.record_id)
            if stored is None:
                raise CorruptLedgerError("time-stamp: a record that waits for one is not there")
            record = parse_record(stored.envelope)
            tsa = self._studio.settings.tsa or row.tsa
            try:
                if tsa in unusable:
                    raise unusable[tsa]
                self._date(record, tsa, roots, timeout=TIMEOUT_SECONDS)
            except ProvenanceError as error:
                if isinstance(error, NetworkError):
                    unusable[tsa] = error
                found.append(Dated(stored.code, RecordTime(row.tsa), error))
                continue
            found.append(Dated(stored.code, self._known(record, roots) or RecordTime(tsa), None))
        return found

    def time_of(self, record: ConsentRecord) -> RecordTime | None:
        """Return what is known of a record's time; None where no authority was to date it.

        Raises:
            InputError: the stored token, or the file of roots, is malformed.
            VerificationError: the stored token is about something else.
        """
        return self._known(record, self._roots())

    def _known(self, record: ConsentRecord, roots: Sequence[x509.Certificate]) -> RecordTime | None:
        row = self._database.record_timestamp(record.record_id)
        return None if row is None else read_time(record, row.tsa, row.token, roots=roots)

    def _date(self, record: ConsentRecord, tsa: str, roots: Sequence[x509.Certificate], *, timeout: float) -> None:
        data = record.to_bytes()
        token = request_token(data, tsa_url=tsa, timeout=timeout)
        if roots:
            verify_token(token, data, roots=roots)
        with self._database.transaction():
            self._database.set_record_token(record.record_id, tsa, token)

    def _roots(self) -> list[x509.Certificate]:
        name = self._studio.settings.tsa_roots
        return [] if name is None else read_roots(self._studio.path / name)
