"""The document inside a release: the signed record, what opens its personal data, and what became of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provenance.canonical import Json, canonical_bytes, parse_object
from provenance.consent.codes import parse_code
from provenance.consent.disclosures import Disclosure, verify_disclosures
from provenance.consent.events import ConsentEvent, parse_event
from provenance.consent.records import ConsentRecord, parse_record
from provenance.errors import InputError

SCHEMA: Final = "urn:headshot-provenance:schema:consent-form:1"
MAX_FORM_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """All that a release prints.

    Attributes:
        code: the short code that people use.
        record: the signed record.
        disclosures: every personal datum with its salt.
        events: in order, the first of which gave or refused the consent.
        log_origin: names the ledger.
        entry: index of the ledger entry.
    """

    code: str
    record: ConsentRecord
    disclosures: tuple[Disclosure, ...]
    events: tuple[ConsentEvent, ...]
    log_origin: str
    entry: int

    def personal(self) -> dict[str, str]:
        """Return the personal data, by field."""
        return {disclosure.name: disclosure.value for disclosure in self.disclosures}

    def to_bytes(self) -> bytes:
        """Return the form as a document, laid out for a person to read."""
        document: dict[str, Json] = {
            "schema": SCHEMA,
            "code": self.code,
            "record": self.record.envelope,
            "disclosures": [disclosure.to_text() for disclosure in self.disclosures],
            "events": [event.envelope for event in self.events],
            "ledger": {"origin": self.log_origin, "entry": self.entry},
        }
        return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def parse_form(data: bytes) -> Form:
    """Return the form in a document, with all signatures checked, and every datum against what was signed.

    Raises:
        InputError: it is malformed.
        RefusedError: the record breaks a rule.
        VerificationError: a signature does not verify, or a datum or an event belongs to another record.
    """
    if len(data) > MAX_FORM_BYTES:
        raise InputError(f"consent form: expected at most {MAX_FORM_BYTES} bytes, got {len(data)}")
    document = parse_object(data, place="consent form")
    if document.get("schema") != SCHEMA:
        raise InputError(f"consent form: expected schema {SCHEMA}")
    ledger = document.get("ledger")
    if not isinstance(ledger, dict) or not isinstance(document.get("record"), dict):
        raise InputError("consent form: expected record and ledger")
    origin, entry = ledger.get("origin"), ledger.get("entry")
    if not isinstance(origin, str) or not isinstance(entry, int) or isinstance(entry, bool) or entry < 0:
        raise InputError("consent form: expected the ledger's origin and an entry")
    record = parse_record(canonical_bytes(document["record"]))
    disclosures = tuple(Disclosure.from_text(str(text)) for text in _list(document.get("disclosures")))
    verify_disclosures(disclosures, digests=record.disclosure_digests)
    events = tuple(parse_event(canonical_bytes(event), record=record) for event in _list(document.get("events")))
    _check_chain(events)
    return Form(parse_code(str(document.get("code"))), record, disclosures, events, origin, entry)


def _check_chain(events: Sequence[ConsentEvent]) -> None:
    previous = None
    for event in events:
        if event.previous != previous:
            raise InputError("consent form: expected every event after the one that it names", code="form-events")
        previous = event.digest
    if not events:
        raise InputError("consent form: expected at least one event", code="form-events")


def _list(value: Json) -> Sequence[Json]:
    if not isinstance(value, list):
        raise InputError("consent form: expected disclosures and events as lists")
    return value
