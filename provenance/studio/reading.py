"""Finding and opening the consents of a studio; reading needs no keys, opening what is sealed does."""

import re
from dataclasses import dataclass
from datetime import datetime

from provenance.canonical import Json, parse_json
from provenance.consent import codes
from provenance.consent.dated import RecordTime
from provenance.consent.disclosures import Disclosure, verify_disclosures
from provenance.consent.events import ConsentEvent, parse_event
from provenance.consent.receipts import Receipt
from provenance.consent.records import ConsentRecord, parse_record
from provenance.consent.withdrawals import WithdrawalReceipt, make_withdrawal_receipt
from provenance.errors import CorruptLedgerError, RefusedError, VaultError
from provenance.storage.interface import ConsentRow, StampRow
from provenance.studio.dating import RecordDating
from provenance.studio.studio import Studio, UnlockedStudio
from provenance.vault import DataKey

DISCLOSURES = "disclosures"
RECORD_KEY = "record-key"
RANDOMNESS = "commitment"
SECRET = "withdrawal-secret"  # noqa: S105 the name of a datum
SCAN = "scan"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A consent as the studio holds it.

    Attributes:
        code: the short code that people use.
        record: the signed record.
        events: in order, each with the index of its ledger entry.
        row: as it is stored.
    """

    code: str
    record: ConsentRecord
    events: tuple[tuple[ConsentEvent, int], ...]
    row: ConsentRow

    @property
    def history(self) -> list[ConsentEvent]:
        """The events alone."""
        return [event for event, _ in self.events]


@dataclass(frozen=True, slots=True)
class Recall:
    """Whom and what a withdrawal reaches.

    Attributes:
        stamps: every picture that was stamped under the consent, the oldest first.
        recipients: whom the record names, and to whom the studio noted a disclosure.
        erased: how many recipients there were whose names were erased.
    """

    stamps: tuple[StampRow, ...]
    recipients: tuple[str, ...]
    erased: int = 0


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was destroyed of a consent.

    Attributes:
        at: when, as the newest `erased` event says.
        full: whether everything that was sealed went, and not only the personal data.
    """

    at: datetime
    full: bool


class ConsentReader:
    """Finds, lists and opens the consents of a studio."""

    def __init__(self, studio: Studio, unlocked: UnlockedStudio | None = None) -> None:
        self._studio = studio
        self._database = studio.database
        self._unlocked = unlocked
        self._dating = RecordDating(studio)

    def find(self, code: str) -> Recorded:
        """Return the consent with this code, with all signatures checked.

        Raises:
            RefusedError: there is none.
            InputError: it cannot be a code.
        """
        row = self._database.find_consent(codes.parse_code(code))
        if row is None:
            raise _not_found("consent code: no such consent in this studio")
        return self._load(row)

    def find_by_secret(self, secret: str) -> Recorded:
        """Return the consent that this secret withdraws.

        Raises:
            RefusedError: there is none.
            InputError: it cannot be a secret.
        """
        row = self._database.find_consent_by_secret(codes.secret_digest(secret))
        if row is None:
            raise _not_found("withdrawal secret: belongs to no consent in this studio")
        return self._load(row)

    def by_record_id(self, record_id: str) -> Recorded:
        """Return the consent with this record id.

        Raises:
            CorruptLedgerError: there is none, although something refers to it.
        """
        row = self._database.consent(record_id)
        if row is None:
            raise CorruptLedgerError("consent: a stamp refers to a record that is not there")
        return self._load(row)

    def all(self) -> list[Recorded]:
        """Return every consent, the newest first."""
        return [self._load(row) for row in self._database.consents()]

    def disclosures(self, recorded: Recorded) -> dict[str, str]:
        """Return the personal data of a consent, by field.

        Raises:
            VaultError: they cannot be opened, or were erased.
            VerificationError: they are not the ones that were signed.
        """
        return {disclosure.name: disclosure.value for disclosure in self.salted_disclosures(recorded)}

    def salted_disclosures(self, recorded: Recorded) -> list[Disclosure]:
        """Return the personal data of a consent with their salts, so that others can check them too.

        Raises:
            VaultError: they cannot be opened, or were erased.
            VerificationError: they are not the ones that were signed.
        """
        return self._disclosed(recorded, DISCLOSURES, recorded.record.disclosure_digests)

    def record_key(self, recorded: Recorded) -> bytes:
        """Return the key that makes the handles of a consent, 32 bytes.

        Raises:
            VaultError: it cannot be opened, or was erased.
        """
        return self._open(recorded.record.record_id, RECORD_KEY)

    def scan(self, recorded: Recorded) -> bytes:
        """Return the scanned form of a consent that was signed in wet ink.

        Raises:
            VaultError: there is none, or it was erased.
        """
        return self._open(recorded.record.record_id, SCAN)

    def receipt(self, recorded: Recorded) -> Receipt:
        """Return the subject's receipt, with a proof from the newest checkpoint.

        Raises:
            RefusedError: everything that was sealed for the consent was erased.
            VaultError: its secrets cannot be opened.
        """
        erasure = self.erasure(recorded)
        if erasure is not None and erasure.full:
            raise RefusedError(
                f"consent {recorded.code}: all that was sealed for it was erased on {erasure.at.date()}, "
                "its withdrawal secret too",
                code="consent-erased",
                hint="the copy that the person has stays valid, and goes on to withdraw the consent",
            )
        entry, proof = self._proven(recorded, recorded.row.entry_index, RANDOMNESS)
        secret = self._open(recorded.record.record_id, SECRET).decode()
        log_key, time = self._studio.signing_log_key().to_text(), self.time_of(recorded)
        return Receipt(recorded.code, recorded.record, entry, proof, log_key, secret, time)

    def erasure(self, recorded: Recorded) -> Erasure | None:
        """Return what was destroyed of a consent, or None where its personal data are still there; needs no keys."""
        events = [event for event in recorded.history if event.type == "erased"]
        names = self._database.sealed_names(recorded.record.record_id) if events else []
        # An event alone erases nothing: a backup that was restored, or an older version that let it be noted.
        if not events or DISCLOSURES in names:
            return None
        return Erasure(events[-1].at, full=RECORD_KEY not in names)

    def time_of(self, recorded: Recorded) -> RecordTime | None:
        """Return what a time-stamp authority says of a consent; None where none was to date it.

        Raises:
            InputError: the stored token, or the file of roots, is malformed.
            VerificationError: the stored token is about something else.
        """
        return self._dating.time_of(recorded.record)

    def withdrawal_receipt(self, recorded: Recorded, event: ConsentEvent) -> WithdrawalReceipt:
        """Return the signed receipt of a withdrawal, with a proof from the newest checkpoint.

        Args:
            recorded: as it is after the withdrawal.
            event: what `withdraw` returned.

        Raises:
            VaultError: what opens its commitment was erased.
        """
        number = next(number for number, known in enumerate(recorded.history, 1) if known.digest == event.digest)
        entry, proof = self._proven(recorded, recorded.events[number - 1][1], event_name(number))
        return make_withdrawal_receipt(
            recorded.record,
            event,
            code=recorded.code,
            controller_key=self._keys().controller_key,
            entry=entry,
            proof=proof,
            log_key=self._studio.signing_log_key().to_text(),
        )

    def recall(self, recorded: Recorded) -> Recall:
        """Return the stamps and the recipients that a withdrawal reaches.

        Raises:
            VaultError: the names of recipients cannot be opened.
        """
        names = self._database.sealed_names(recorded.record.record_id)
        erased = 0
        recipients = list(recorded.record.recipients)
        recipients += [name for grant in recorded.record.grants for name in grant.grantee]
        for number, event in enumerate(recorded.history, 1):
            if event.type == "disclosed" and event_data(number) not in names and self.erasure(recorded):
                erased += 1
            elif event.type == "disclosed":
                found = self._disclosed(recorded, event_data(number), event.detail.disclosed_to)
                recipients += [disclosure.value for disclosure in found]
        stamps = self._database.find_stamps_under(recorded.record.record_id)
        return Recall(tuple(stamps), tuple(dict.fromkeys(recipients)), erased)

    # --- within

    def _disclosed(self, recorded: Recorded, name: str, digests: tuple[str, ...]) -> list[Disclosure]:
        opened: Json = parse_json(self._open(recorded.record.record_id, name), place="disclosures")
        items = opened if isinstance(opened, list) else []
        found = [Disclosure.from_text(str(item)) for item in items]
        verify_disclosures(found, digests=digests)
        return found

    def _proven(self, recorded: Recorded, index: int, randomness: str) -> tuple[bytes, str]:
        entry = self._database.entry(index)
        if entry is None:
            raise CorruptLedgerError(f"entry {index}: missing, although a consent refers to it")
        extra = self._open(recorded.record.record_id, randomness)
        return entry.body, self._studio.ledger.prove(index, extra=extra).to_text()

    def _load(self, row: ConsentRow) -> Recorded:
        record = parse_record(row.envelope)
        if (row.record_id, row.secret_digest) != (record.record_id, record.secret_digest):
            raise CorruptLedgerError("consent: the database names another id or secret than the signed record does")
        if self._unlocked is not None and record.controller != self._unlocked.controller.key_urn:
            raise CorruptLedgerError("consent: the record was signed by another controller than this studio")
        events = tuple(
            (parse_event(data, record=record), index) for data, index in self._database.events(row.record_id)
        )
        return Recorded(row.code, record, events, row)

    def _open(self, record_id: str, name: str) -> bytes:
        sealed = self._database.sealed(record_id, name)
        if sealed is None:
            raise VaultError(f"vault: {name}: erased with the data of this consent", code="erased")
        return self._data_key(record_id).open(name, sealed)

    def _data_key(self, record_id: str) -> DataKey:
        wrapped = self._database.wrapped_key(record_id)
        if wrapped is None:
            raise VaultError("vault: the data key of this consent was erased", code="erased")
        return DataKey.unwrap(wrapped, master=self._keys().master_key, record_id=record_id)

    def _keys(self) -> UnlockedStudio:
        if self._unlocked is None:
            raise VaultError("vault: the studio's keys are locked", code="locked")
        return self._unlocked


def event_name(number: int) -> str:
    """Return the name under which the randomness of an event's commitment is sealed."""
    return f"event-{number}"


def event_data(number: int) -> str:
    """Return the name under which the personal data of an event are sealed."""
    return f"event-{number}-disclosures"


def is_personal(name: str) -> bool:
    """Tell whether personal data are sealed under this name."""
    return name in (DISCLOSURES, SCAN) or re.fullmatch(r"event-\d+-disclosures", name) is not None


def _not_found(message: str) -> RefusedError:
    return RefusedError(message, code="consent-not-found", hint="see provenance consent list")
