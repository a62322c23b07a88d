"""Recording consents and what happens to them, in one studio: vault, database and ledger in one transaction each."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.canonical import canonical_bytes, parse_json
from provenance.consent import codes
from provenance.consent.disclosures import Disclosure, verify_disclosures
from provenance.consent.events import ConsentEvent, Proof, make_event, parse_event
from provenance.consent.grants import Grant
from provenance.consent.handles import RECORD_KEY_BYTES
from provenance.consent.receipts import Receipt
from provenance.consent.records import ConsentRecord, SigningMethod, make_record, parse_record
from provenance.consent.scopes import Scope
from provenance.entries import (
    RANDOMNESS_BYTES,
    TAG_CONSENT,
    TAG_CONSENT_EVENT,
    ConsentEntry,
    ConsentEventEntry,
    commit,
)
from provenance.errors import CorruptLedgerError, InputError, RefusedError, VaultError
from provenance.ledger.log import new_record_id
from provenance.storage.interface import ConsentRow
from provenance.studio.studio import Studio, UnlockedStudio
from provenance.vault import DataKey

MAX_INK_BYTES = 1024 * 1024
MAX_NAME_CHARACTERS = 200

_DISCLOSURES = "disclosures"
_RECORD_KEY = "record-key"
_RANDOMNESS = "commitment"
_SECRET = "withdrawal-secret"  # noqa: S105 the name of a datum


@dataclass(frozen=True, slots=True)
class Subject:
    """The person who signs; every field of this is personal data and goes to the vault.

    Attributes:
        name: in any script.
        email: or None.
        witness: who saw them sign, or None.
        ink: the drawn signature as SVG or PNG, or None where the name was typed.
    """

    name: str
    email: str | None = None
    witness: str | None = None
    ink: bytes | None = None

    @property
    def method(self) -> SigningMethod:
        """How they signed."""
        return "typed" if self.ink is None else "drawn"

    def disclosures(self) -> list[Disclosure]:
        """Return every datum with a new salt.

        Raises:
            InputError: a datum cannot be one.
        """
        found = {"legal_name": _line(self.name, "subject"), "signature": _line(self.name, "subject")}
        if self.ink is not None:
            found["signature"] = f"data:{_ink_type(self.ink)};base64,{base64.b64encode(self.ink).decode('ascii')}"
        if self.email is not None:
            address = _line(self.email, "email")
            if address.count("@") != 1 or " " in address or address.startswith("@") or address.endswith("@"):
                raise InputError("email: expected an address such as name@example.org", code="email")
            found["email"] = address
        if self.witness is not None:
            found["witness_name"] = _line(self.witness, "witness")
        return [Disclosure.make(name, value) for name, value in found.items()]


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


class ConsentDesk:
    """Finds and lists the consents of a studio; with its keys at hand, records and withdraws them."""

    def __init__(self, studio: Studio, unlocked: UnlockedStudio | None = None) -> None:
        self._studio = studio
        self._database = studio.database
        self._unlocked = unlocked

    # --- reading

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
        opened = parse_json(self._open(recorded.record.record_id, _DISCLOSURES), place="disclosures")
        items = opened if isinstance(opened, list) else []
        found = [Disclosure.from_text(str(item)) for item in items]
        verify_disclosures(found, digests=recorded.record.disclosure_digests)
        return {disclosure.name: disclosure.value for disclosure in found}

    def record_key(self, recorded: Recorded) -> bytes:
        """Return the key that makes the handles of a consent, 32 bytes.

        Raises:
            VaultError: it cannot be opened, or was erased.
        """
        return self._open(recorded.record.record_id, _RECORD_KEY)

    def receipt(self, recorded: Recorded) -> Receipt:
        """Return the subject's receipt, with a proof from the newest checkpoint.

        Raises:
            VaultError: its secrets cannot be opened, or were erased.
        """
        record_id, index = recorded.record.record_id, recorded.row.entry_index
        entry = self._database.entry(index)
        if entry is None:
            raise CorruptLedgerError(f"entry {index}: missing, although a consent refers to it")
        proof = self._studio.ledger.prove(index, extra=self._open(record_id, _RANDOMNESS))
        secret = self._open(record_id, _SECRET).decode()
        key = self._studio.settings.log_key
        return Receipt(recorded.code, recorded.record, entry.body, proof.to_text(), key, secret)

    # --- writing

    def record(self, subject: Subject, grants: Sequence[Grant]) -> Recorded:
        """Record a signed consent: record, sealed data and ledger entries become durable together.

        Raises:
            InputError: a datum of the subject cannot be one.
        """
        unlocked = self._keys()
        now = self._studio.clock.now()
        secret, code = codes.new_secret(), codes.new_code()
        disclosures = subject.disclosures()
        record = make_record(
            grants=grants,
            disclosures=disclosures,
            method=subject.method,
            controller=unlocked.controller,
            controller_key=unlocked.controller_key,
            secret_digest=codes.secret_digest(secret),
            now=now,
        )
        given = any(grant.decision == "permit" for grant in grants)
        event = make_event(
            record,
            "given" if given else "refused",
            scopes=None,
            proof="signature",
            previous=None,
            controller_key=unlocked.controller_key,
            now=now,
        )
        randomness, event_randomness = secrets.token_bytes(RANDOMNESS_BYTES), secrets.token_bytes(RANDOMNESS_BYTES)
        commitment = commit(TAG_CONSENT, randomness=randomness, digest=record.digest)
        event_commitment = commit(TAG_CONSENT_EVENT, randomness=event_randomness, digest=event.digest)
        data_key = DataKey.generate(record.record_id)
        private = {
            _DISCLOSURES: canonical_bytes([disclosure.to_text() for disclosure in disclosures]),
            _RECORD_KEY: secrets.token_bytes(RECORD_KEY_BYTES),
            _RANDOMNESS: randomness,
            _event_name(1): event_randomness,
            _SECRET: secret.encode(),
        }
        with self._database.transaction():
            entry, event_entry = unlocked.ledger.append(
                [
                    (new_record_id(), ConsentEntry(now, commitment)),
                    (new_record_id(), ConsentEventEntry(event.at, event_commitment)),
                ]
            )
            row = ConsentRow(record.record_id, code, record.secret_digest, record.to_bytes(), entry.index)
            self._database.add_consent(row, wrapped_key=data_key.wrap(unlocked.master_key))
            self._database.add_event(record.record_id, 1, event.to_bytes(), event_entry.index)
            for name, data in private.items():
                self._database.add_sealed(record.record_id, name, data_key.seal(name, data))
        return Recorded(code, record, ((event, event_entry.index),), row)

    def withdraw(self, recorded: Recorded, *, scopes: Sequence[Scope] | None, proof: Proof) -> ConsentEvent:
        """Record a withdrawal, of the whole consent or of some scopes; it holds from this moment on.

        Raises:
            RefusedError: there is nothing left of it to withdraw.
        """
        unlocked = self._keys()
        with self._database.transaction():
            # Read again inside the transaction, so that two withdrawals cannot both be the next event.
            current = self.by_record_id(recorded.record.record_id)
            self._check_withdrawable(current, scopes)
            event = make_event(
                current.record,
                "withdrawn",
                scopes=scopes,
                proof=proof,
                previous=current.history[-1],
                controller_key=unlocked.controller_key,
                now=max(self._studio.clock.now(), current.history[-1].at),
            )
            randomness = secrets.token_bytes(RANDOMNESS_BYTES)
            commitment = commit(TAG_CONSENT_EVENT, randomness=randomness, digest=event.digest)
            (entry,) = unlocked.ledger.append([(new_record_id(), ConsentEventEntry(event.at, commitment))])
            record_id, number = current.record.record_id, len(current.events) + 1
            self._database.add_event(record_id, number, event.to_bytes(), entry.index)
            name = _event_name(number)
            self._database.add_sealed(record_id, name, self._data_key(record_id).seal(name, randomness))
        return event

    # --- within

    def _check_withdrawable(self, recorded: Recorded, scopes: Sequence[Scope] | None) -> None:
        if scopes is not None and not scopes:
            raise RefusedError("withdrawal: expected at least one scope, got none", code="withdrawal-empty")
        withdrawn = [event for event in recorded.history if event.type == "withdrawn"]
        if any(event.scopes is None for event in withdrawn):
            raise RefusedError("consent: it was withdrawn as a whole already", code="already-withdrawn")
        for scope in scopes or ():
            grant = recorded.record.grant(scope)
            if grant is None or grant.decision == "deny":
                raise RefusedError(f"scope {scope}: was never permitted", code="scope-not-permitted")
            if any(scope in (event.scopes or ()) for event in withdrawn):
                raise RefusedError(f"scope {scope}: was withdrawn already", code="already-withdrawn")

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
            raise VaultError(f"vault: {name} of this consent was erased", code="erased")
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


def _event_name(number: int) -> str:
    return f"event-{number}"


def _line(text: str, name: str) -> str:
    cleaned = text.strip()
    if not cleaned or not cleaned.isprintable() or len(cleaned) > MAX_NAME_CHARACTERS:
        raise InputError(f"{name}: expected 1 to {MAX_NAME_CHARACTERS} printable characters", code="text")
    return cleaned


def _ink_type(ink: bytes) -> str:
    if len(ink) > MAX_INK_BYTES:
        raise InputError(f"ink: expected at most {MAX_INK_BYTES} bytes, got {len(ink)}", code="ink-size")
    if ink.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if b"<svg" in ink[:1024]:
        return "image/svg+xml"
    raise InputError("ink: expected an svg or png file", code="ink-kind")


def _not_found(message: str) -> RefusedError:
    return RefusedError(message, code="consent-not-found", hint="see provenance consent list")
