"""Signed consent records and events without a studio, and documents that are signed but say something else."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from provenance import jws
from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object
from provenance.clock import to_seconds
from provenance.consent.codes import secret_digest
from provenance.consent.disclosures import Disclosure
from provenance.consent.events import ConsentEvent, EventType, Proof, make_event
from provenance.consent.grants import Grant, decide
from provenance.consent.parties import Terms
from provenance.consent.records import ConsentRecord, Controller, controller_urn, make_record
from provenance.consent.scopes import Scope
from provenance.keys import SigningKey

NOW = datetime(2026, 11, 23, 21, 7, 5, tzinfo=UTC)
TODAY = NOW.date()
YEAR_END = date(2026, 12, 31)

# As specific as consent to generation by AI must be.
USE = "three head-and-shoulder portraits for the speakers' page of one conference"

SECRET = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV"

ADULT = Terms(age_class="adult")

KEY = SigningKey.generate("Ed25519")
OTHER_KEY = SigningKey.generate("Ed25519")
CONTROLLER = Controller("Studio Lümen", controller_urn(KEY), "DE", "https://studio.example/contact")


def decisions(
    *permit: str,
    deny: Sequence[str] = (),
    since: date = TODAY,
    until: date | None = None,
    territory: Sequence[str] = (),
    use: str | None = USE,
) -> tuple[Grant, ...]:
    """Return the grants that permit and deny these scopes."""
    return decide(
        permit=[Scope(scope) for scope in permit],
        deny=[Scope(scope) for scope in deny],
        since=since,
        until=until,
        territory=territory,
        use=use,
    )


def signed_record(
    grants: Sequence[Grant] | None = None,
    *,
    disclosures: Sequence[Disclosure] = (),
    controller: Controller = CONTROLLER,
    key: SigningKey = KEY,
    terms: Terms = ADULT,
    now: datetime = NOW,
) -> ConsentRecord:
    """Return a new record, of an adult's consent to `capture` unless something else is given, with all initials."""
    grants = decisions("capture") if grants is None else grants
    return make_record(
        grants=grants,
        disclosures=disclosures,
        method="typed",
        controller=controller,
        controller_key=key,
        secret_digest=secret_digest(SECRET),
        terms=terms,
        initialled=[grant.scope for grant in grants if grant.scope.is_ai and grant.decision == "permit"],
        now=now,
    )


def signed_event(
    record: ConsentRecord,
    event_type: EventType = "given",
    *,
    scopes: Sequence[Scope] | None = None,
    proof: Proof = "studio",
    previous: ConsentEvent | None = None,
    key: SigningKey = KEY,
    now: datetime = NOW,
    **details: Any,
) -> ConsentEvent:
    """Return a new event of a record."""
    return make_event(
        record, event_type, scopes=scopes, proof=proof, previous=previous, controller_key=key, now=now, **details
    )


def body_of(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a signed document says."""
    return dict(parse_object(from_base64url(envelope["payload"], place="payload"), place="body"))


def subject_fields() -> dict[str, Json]:
    """Return the header fields of a subject's signature."""
    return {"role": "subject", "assurance": "drawn", "signed_at": to_seconds(NOW)}


def controller_fields() -> dict[str, Json]:
    """Return the header fields of a controller's signature."""
    return {"role": "controller", "signed_at": to_seconds(NOW)}


def signed_document(
    body: Mapping[str, Any] | bytes, signers: Sequence[tuple[SigningKey, Mapping[str, Json]]] | None = None
) -> bytes:
    """Return any body, rightly signed: by a subject and the controller unless other signers are given."""
    payload = body if isinstance(body, bytes) else canonical_bytes(body)
    both = [(OTHER_KEY, subject_fields()), (KEY, controller_fields())]
    return canonical_bytes(jws.sign(payload, both if signers is None else signers))
