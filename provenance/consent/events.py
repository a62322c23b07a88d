"""What happens to a consent after it was signed: signed events, each naming the one before it."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from provenance import jws
from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.clock import from_seconds, to_seconds
from provenance.consent.grants import parse_scope
from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope
from provenance.errors import InputError, VerificationError
from provenance.keys import SigningKey

SCHEMA = "urn:headshot-provenance:schema:consent-event:1"
MAX_EVENT_BYTES = 64 * 1024

EventType = Literal["given", "refused", "withdrawn"]
Proof = Literal["signature", "receipt-secret", "studio"]

_TYPES: tuple[EventType, ...] = ("given", "refused", "withdrawn")
_PROOFS: tuple[Proof, ...] = ("signature", "receipt-secret", "studio")


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One event whose signature was checked.

    Attributes:
        type: what happened.
        at: when, by the studio's clock.
        scopes: what it touches; None for the whole record.
        proof: what the studio saw: the record's own signatures, the receipt's secret, or the person.
        digest: SHA-256 of the event's canonical bytes, 32 bytes.
        previous: digest of the event before it, or None for the first.
        envelope: the JWS that says all this.
    """

    type: EventType
    at: datetime
    scopes: tuple[Scope, ...] | None
    proof: Proof
    digest: bytes
    previous: bytes | None
    envelope: Mapping[str, Json]

    def to_bytes(self) -> bytes:
        """Return the signed document as it is stored and handed out."""
        return canonical_bytes(self.envelope)


def make_event(
    record: ConsentRecord,
    event_type: EventType,
    *,
    scopes: Sequence[Scope] | None,
    proof: Proof,
    previous: ConsentEvent | None,
    controller_key: SigningKey,
    now: datetime,
) -> ConsentEvent:
    """Return a new event, signed by the controller."""
    body: dict[str, Json] = {
        "schema": SCHEMA,
        "type": event_type,
        "at": to_seconds(now),
        "record_digest": to_base64url(record.digest),
        "scopes": None if scopes is None else [scope.value for scope in scopes],
        "proof": proof,
        "previous": None if previous is None else to_base64url(previous.digest),
    }
    envelope = jws.sign(canonical_bytes(body), [(controller_key, {"role": "controller", "signed_at": to_seconds(now)})])
    return parse_event(canonical_bytes(envelope), record=record)


def parse_event(data: bytes, *, record: ConsentRecord) -> ConsentEvent:
    """Return the event in a signed document after checking that it speaks of `record` and that its controller signed.

    Raises:
        InputError: it is malformed.
        VerificationError: it speaks of another record, or another key signed it.
    """
    return _parse(data, record_digest=record.digest, controller=record.controller)


@functools.lru_cache(maxsize=512)
def _parse(data: bytes, *, record_digest: bytes, controller: str) -> ConsentEvent:
    # The same bytes have the same signature: a shoot asks for the events of one record hundreds of times.
    if len(data) > MAX_EVENT_BYTES:
        raise InputError(f"consent event: expected at most {MAX_EVENT_BYTES} bytes, got {len(data)}")
    envelope = parse_object(data, place="consent event")
    signed = jws.verify(envelope)
    if signed.by("controller").key_urn != controller:
        raise VerificationError("consent event: signed by another controller", code="controller-mismatch")
    body = parse_object(signed.payload, place="consent event body")
    if canonical_bytes(body) != signed.payload or body.get("schema") != SCHEMA:
        raise InputError(f"consent event: expected canonical json of schema {SCHEMA}")
    if from_base64url(body.get("record_digest"), place="event.record_digest") != record_digest:
        raise VerificationError("consent event: speaks of another record", code="event-foreign")
    event_type = next((known for known in _TYPES if known == body.get("type")), None)
    proof = next((known for known in _PROOFS if known == body.get("proof")), None)
    scopes, previous = body.get("scopes"), body.get("previous")
    if event_type is None or proof is None or not isinstance(scopes, list | None):
        raise InputError("consent event: expected a known type and proof, and scopes as a list")
    return ConsentEvent(
        type=event_type,
        at=from_seconds(str(body.get("at"))),
        scopes=None if scopes is None else tuple(parse_scope(str(scope)) for scope in scopes),
        proof=proof,
        digest=sha256(signed.payload),
        previous=None if previous is None else from_base64url(previous, place="event.previous", size=32),
        envelope=envelope,
    )
