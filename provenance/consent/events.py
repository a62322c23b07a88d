"""What happens to a consent after it was signed: signed events, each naming the one before it."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeAlias, get_args

from provenance import jws
from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.clock import from_seconds, to_seconds
from provenance.consent.disclosures import Disclosure
from provenance.consent.grants import parse_scope
from provenance.consent.records import ASSURANCES, ConsentRecord
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import parse_day
from provenance.errors import InputError, VerificationError
from provenance.keys import SigningKey

SCHEMA = "urn:headshot-provenance:schema:consent-event:1"
MAX_EVENT_BYTES = 64 * 1024

EventType: TypeAlias = Literal[
    "given",
    "refused",
    "renewed",
    "superseded",
    "withdrawn",
    "revoked",
    "invalidated",
    "withdrawal-requested",
    "withdrawal-answered",
    "disclosed",
    "source-photos-deleted",
    "model-destroyed",
    "erased",
    "majority-reached",
]
Actor: TypeAlias = Literal["subject", "guardian", "controller", "authority"]
Proof = Literal["signature", "receipt-secret", "studio"]
Answer = Literal["granted", "declined"]

EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)
PROOFS: Final[tuple[Proof, ...]] = ("signature", "receipt-secret", "studio")
ANSWERS: Final[tuple[Answer, ...]] = ("granted", "declined")

_PERSON: Final[tuple[Actor, ...]] = ("subject", "guardian")
_STUDIO: Final[tuple[Actor, ...]] = ("controller",)
# Who can bring each event about (DPV: withdrawn by the data subject only, revoked by anyone else).
ACTORS: Final[dict[EventType, tuple[Actor, ...]]] = {
    "given": _PERSON,
    "refused": _PERSON,
    "renewed": _PERSON,
    "superseded": _STUDIO,
    "withdrawn": _PERSON,
    "revoked": _STUDIO,
    "invalidated": ("authority",),
    "withdrawal-requested": _PERSON,
    "withdrawal-answered": _STUDIO,
    "disclosed": _STUDIO,
    "source-photos-deleted": _STUDIO,
    "model-destroyed": _STUDIO,
    "erased": _STUDIO,
    "majority-reached": _STUDIO,
}
# The member that an event of this type has beside those of all events.
DETAILS: Final[dict[EventType, str]] = {
    "renewed": "until",
    "superseded": "superseded_by",
    "withdrawal-answered": "answer",
    "disclosed": "_sd",
}
_MEMBERS: Final = {"schema", "type", "at", "by", "record_digest", "scopes", "proof", "previous"}


@dataclass(frozen=True, slots=True)
class Detail:
    """What single types of events say beside the rest.

    Attributes:
        until: the new last day of what was renewed.
        superseded_by: digest of the record that takes the place of this one, 32 bytes.
        answer: to a requested withdrawal.
        disclosed_to: `_sd` digests of the recipient.
    """

    until: date | None = None
    superseded_by: bytes | None = None
    answer: Answer | None = None
    disclosed_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One event whose signatures were checked.

    Attributes:
        type: what happened.
        at: when, by the studio's clock.
        by: who brought it about.
        scopes: what it touches; None for the whole record.
        proof: what the studio saw: signatures, the receipt's secret, or the person.
        detail: what events of this type say beside that.
        digest: SHA-256 of the event's canonical bytes, 32 bytes.
        previous: digest of the event before it, or None for the first.
        envelope: the JWS that says all this.
    """

    type: EventType
    at: datetime
    by: Actor
    scopes: tuple[Scope, ...] | None
    proof: Proof
    detail: Detail
    digest: bytes
    previous: bytes | None
    envelope: Mapping[str, Json]

    def touches(self, scope: Scope) -> bool:
        """Tell whether it is about `scope`."""
        return self.scopes is None or scope in self.scopes

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
    by: Actor | None = None,
    until: date | None = None,
    superseded_by: bytes | None = None,
    answer: Answer | None = None,
    recipient: Disclosure | None = None,
    person_key: SigningKey | None = None,
) -> ConsentEvent:
    """Return a new event, signed by the controller, and a renewal also by who consents.

    Args:
        record: what it is about.
        event_type: what happened.
        scopes: what it touches; None for the whole record.
        proof: what the studio saw.
        previous: the newest event of the record, or None.
        controller_key: of the record's controller.
        now: when it happened.
        by: who brought it about; by default the one who usually does.
        until: of a renewal.
        superseded_by: of a supersession.
        answer: to a requested withdrawal.
        recipient: of a disclosure to somebody.
        person_key: who consents to a renewal with a key of their own; without it, they draw or type their name
            here, and sign with a key that is made for it and thrown away.

    Raises:
        InputError: the members do not fit the type.
        VerificationError: a renewal is worth less than the record, or signed with another key.
    """
    body: dict[str, Json] = {
        "schema": SCHEMA,
        "type": event_type,
        "at": to_seconds(now),
        "by": by or _usual(event_type, record),
        "record_digest": to_base64url(record.digest),
        "scopes": None if scopes is None else [scope.value for scope in scopes],
        "proof": proof,
        "previous": None if previous is None else to_base64url(previous.digest),
    }
    details: dict[str, Json] = {
        "until": None if until is None else until.isoformat(),
        "superseded_by": None if superseded_by is None else to_base64url(superseded_by),
        "answer": answer,
        "_sd": None if recipient is None else [recipient.digest()],
    }
    body |= {name: value for name, value in details.items() if value is not None}
    at = to_seconds(now)
    signers: list[tuple[SigningKey, Mapping[str, Json]]] = []
    if event_type == "renewed":
        assurance = "drawn" if person_key is None else "session-key"
        fields: dict[str, Json] = {"role": record.principal, "assurance": assurance, "signed_at": at}
        signers.append((person_key or SigningKey.generate("Ed25519"), fields))
    signers.append((controller_key, {"role": "controller", "signed_at": at}))
    return parse_event(canonical_bytes(jws.sign(canonical_bytes(body), signers)), record=record)


def parse_event(data: bytes, *, record: ConsentRecord) -> ConsentEvent:
    """Return the event in a signed document after checking that it speaks of `record`, and who signed.

    Raises:
        InputError: it is malformed.
        VerificationError: it speaks of another record, another key signed it, or a renewal lacks the signature of
            who consents, is worth less than the record, or was signed with another key than theirs.
    """
    return _parse(data, record_digest=record.digest, controller=record.controller, person=_person(record))


@dataclass(frozen=True, slots=True)
class _Person:
    """Who can renew a record, and how surely they must sign."""

    role: Actor
    assurance: str
    key: str | None


def _person(record: ConsentRecord) -> _Person:
    return _Person(record.principal, record.assurance, record.principal_key)


@functools.lru_cache(maxsize=512)
def _parse(data: bytes, *, record_digest: bytes, controller: str, person: _Person) -> ConsentEvent:
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
    event_type = next((known for known in EVENT_TYPES if known == body.get("type")), None)
    proof = next((known for known in PROOFS if known == body.get("proof")), None)
    scopes, previous = body.get("scopes"), body.get("previous")
    if event_type is None or proof is None or not isinstance(scopes, list | None):
        raise InputError("consent event: expected a known type and proof, and scopes as a list")
    expected = _MEMBERS | ({DETAILS[event_type]} if event_type in DETAILS else set())
    if set(body) != expected:
        raise InputError(f"consent event {event_type}: expected the members {', '.join(sorted(expected))}")
    by = next((known for known in ACTORS[event_type] if known == body["by"]), None)
    if by is None:
        raise InputError(f"consent event {event_type}: expected it by {' or '.join(ACTORS[event_type])}")
    if scopes is not None and (not scopes or len(set(map(str, scopes))) != len(scopes)):
        raise InputError(f"consent event {event_type}: expected at least one scope, and none twice")
    if event_type == "renewed":
        _check_renewal(signed, person, by=by)
    return ConsentEvent(
        type=event_type,
        at=from_seconds(str(body.get("at"))),
        by=by,
        scopes=None if scopes is None else tuple(parse_scope(str(scope)) for scope in scopes),
        proof=proof,
        detail=_detail(body),
        digest=sha256(signed.payload),
        previous=None if previous is None else from_base64url(previous, place="event.previous", size=32),
        envelope=envelope,
    )


def _check_renewal(signed: jws.Signed, person: _Person, *, by: Actor) -> None:
    """Check that who consents signed a renewal themselves, as surely as the record: it is a new permission."""
    if by != person.role:
        raise InputError(f"consent event renewed: expected it by the {person.role}")
    signature = signed.by(person.role)
    if signature.key_urn == signed.by("controller").key_urn:
        raise VerificationError("consent event renewed: the controller signed for the person", code="signer-doubled")
    worth = signature.assurance if signature.assurance in ("drawn", "session-key") else None
    if worth is None or ASSURANCES.index(worth) < ASSURANCES.index(person.assurance):
        raise VerificationError(
            f"consent event renewed: expected a signature worth {person.assurance}, as the record's is",
            code="renewal-weaker",
        )
    if person.key is not None and signature.key_urn != person.key:
        raise VerificationError("consent event renewed: signed with another key than the record", code="renewal-key")


def _detail(body: Mapping[str, Json]) -> Detail:
    until, by, digests = body.get("until"), body.get("superseded_by"), body.get("_sd")
    answer = next((known for known in ANSWERS if known == body.get("answer")), None)
    if "answer" in body and answer is None:
        raise InputError("event.answer: expected granted or declined")
    if "_sd" in body and (not isinstance(digests, list) or len(digests) != 1):
        raise InputError("event._sd: expected one digest")
    listed = digests if isinstance(digests, list) else []
    for digest in listed:
        from_base64url(digest, place="event._sd", size=32)
    return Detail(
        until=None if "until" not in body else parse_day(str(until)),
        superseded_by=None if "superseded_by" not in body else from_base64url(by, place="event.superseded_by", size=32),
        answer=answer,
        disclosed_to=tuple(str(digest) for digest in listed),
    )


def _usual(event_type: EventType, record: ConsentRecord) -> Actor:
    first = ACTORS[event_type][0]
    return record.principal if first == "subject" else first
