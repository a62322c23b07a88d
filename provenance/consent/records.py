"""Consent records: the body that is signed, by whom, and reading it back.

Field names follow ISO/IEC TS 27560 and the W3C Data Privacy Vocabulary. The body is immutable; its RFC 8785 bytes
hash to the record's digest `D`. Personal data enter it as salted digests only (see `disclosures`).
"""

import functools
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from provenance import jws
from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.clock import from_seconds, to_seconds
from provenance.consent import notice
from provenance.consent.disclosures import Disclosure
from provenance.consent.grants import Grant
from provenance.consent.scopes import Scope
from provenance.errors import InputError, VerificationError
from provenance.keys import SigningKey, thumbprint_urn

SCHEMA = "urn:headshot-provenance:schema:consent-record:1"
MAX_RECORD_BYTES = 256 * 1024

SigningMethod = Literal["drawn", "typed"]

# From weakest to strongest; a record is worth what its weakest subject signature is worth.
ASSURANCES = ("recorded", "drawn", "session-key", "passkey", "ades")


@dataclass(frozen=True, slots=True)
class Controller:
    """Who is responsible: a business, not a data subject."""

    name: str
    key_urn: str
    country: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A signed consent record whose signatures were checked.

    Attributes:
        record_id: a random UUID.
        digest: SHA-256 of the body's canonical bytes, 32 bytes.
        grants: every decision.
        controller: the RFC 9278 name of the controller's key.
        controller_name: as the record gives it.
        assurance: how surely the subject signed.
        created_at: by the studio's clock.
        secret_digest: of the withdrawal secret, 32 bytes.
        disclosure_digests: of the personal data, base64url.
        envelope: the JWS that says all this.
    """

    record_id: str
    digest: bytes
    grants: tuple[Grant, ...]
    controller: str
    controller_name: str
    assurance: str
    created_at: datetime
    secret_digest: bytes
    disclosure_digests: tuple[str, ...]
    envelope: Mapping[str, Json]

    def grant(self, scope: Scope) -> Grant | None:
        """Return the decision on `scope`, or None where nothing was decided."""
        return next((grant for grant in self.grants if grant.scope == scope), None)

    def to_bytes(self) -> bytes:
        """Return the signed document as it is stored and handed out."""
        return canonical_bytes(self.envelope)


def make_record(
    *,
    grants: Sequence[Grant],
    disclosures: Sequence[Disclosure],
    method: SigningMethod,
    controller: Controller,
    controller_key: SigningKey,
    secret_digest: bytes,
    now: datetime,
) -> ConsentRecord:
    """Return a new record, signed by the subject with a one-time key and by the controller.

    The subject drew or typed their signature on the studio's device, so the key is made here and discarded:
    the assurance is `drawn`, and nothing may call it more.
    """
    body = _body(
        grants=grants,
        disclosures=disclosures,
        method=method,
        controller=controller,
        secret_digest=secret_digest,
        now=now,
    )
    subject_key = SigningKey.generate("Ed25519")
    at = to_seconds(now)
    envelope = jws.sign(
        canonical_bytes(body),
        [
            (subject_key, {"role": "subject", "assurance": "drawn", "signed_at": at}),
            (controller_key, {"role": "controller", "signed_at": at}),
        ],
    )
    return parse_record(canonical_bytes(envelope))


# The same bytes have the same signatures: a shoot asks for one record hundreds of times.
@functools.lru_cache(maxsize=128)
def parse_record(data: bytes) -> ConsentRecord:
    """Return the record in a signed document after checking its signatures.

    Raises:
        InputError: it is malformed.
        VerificationError: a signature does not verify, the subject's or controller's is missing, or the controller
            who signed is not the one that the body names.
    """
    if len(data) > MAX_RECORD_BYTES:
        raise InputError(f"consent record: expected at most {MAX_RECORD_BYTES} bytes, got {len(data)}")
    envelope = parse_object(data, place="consent record")
    signed = jws.verify(envelope)
    body = parse_object(signed.payload, place="consent record body")
    if canonical_bytes(body) != signed.payload:
        raise InputError("consent record body: expected canonical json")
    if body.get("schema") != SCHEMA:
        raise InputError(f"consent record: expected schema {SCHEMA}, got {str(body.get('schema'))[:80]!r}")
    subject, by_controller = signed.by("subject"), signed.by("controller")
    if subject.assurance not in ASSURANCES:
        raise InputError(f"consent record: expected a known assurance, got {subject.assurance!r}")
    named = _first(body.get("controllers"), "controllers")
    controller = _member(named, "id")
    if by_controller.key_urn != controller:
        raise VerificationError(
            "consent record: signed by another controller than it names", code="controller-mismatch"
        )
    grants = body.get("grants")
    digests = body.get("_sd")
    if not isinstance(grants, list) or not grants or not isinstance(digests, list):
        raise InputError("consent record: expected grants and _sd digests")
    decisions = tuple(Grant.from_json(grant) for grant in grants)
    if len({grant.scope for grant in decisions}) != len(decisions):
        raise InputError("consent record: expected one decision on each scope, got two on one")
    return ConsentRecord(
        record_id=_member(body, "record_id"),
        digest=sha256(signed.payload),
        grants=decisions,
        controller=controller,
        controller_name=_member(named, "name"),
        assurance=subject.assurance,
        created_at=from_seconds(_member(body, "created_at")),
        secret_digest=from_base64url(
            _member(body.get("withdrawal"), "secret_hash"), place="withdrawal.secret_hash", size=32
        ),
        disclosure_digests=tuple(str(digest) for digest in digests),
        envelope=envelope,
    )


def controller_urn(key: SigningKey) -> str:
    """Return the name of a controller's key, as records and stamps carry it."""
    return thumbprint_urn(key.public_jwk())


def _body(
    *,
    grants: Sequence[Grant],
    disclosures: Sequence[Disclosure],
    method: SigningMethod,
    controller: Controller,
    secret_digest: bytes,
    now: datetime,
) -> dict[str, Json]:
    at = to_seconds(now)
    replica = any(g.scope is Scope.AI_GENERATE and g.decision == "permit" for g in grants)
    places: list[Json] = [controller.country] if controller.country else []
    contact: dict[str, Json] = {"contact": controller.url} if controller.url else {}
    return {
        "schema": SCHEMA,
        "record_id": str(uuid.uuid4()),
        "kind": "digital_replica" if replica else "model_release",
        "created_at": at,
        "subject": {
            "ref": to_base64url(secrets.token_bytes(16)),
            "kind": "real",
            "age_class": "not-recorded",
        },
        "controllers": [{"id": controller.key_urn, "name": controller.name, "role": "controller", **contact}],
        "recipients": [],
        "notice": {
            "sha256": to_base64url(notice.digest(controller.name)),
            "language": notice.LANGUAGE,
            "version": notice.VERSION,
            "presented_at": at,
        },
        "jurisdictions": places,
        "data_types": ["pd:Picture"],
        "grants": [grant.to_json() for grant in grants],
        "withdrawal": {
            "secret_hash": to_base64url(secret_digest),
            "channels": ["receipt-secret", "studio"],
            "notice_period": "none",
        },
        "retention": {"rule": "until withdrawn, expired or erased"},
        "storage_locations": places,
        "compensation": {"kind": "not-recorded"},
        "esign": {"method": method, "intent_sha256": to_base64url(notice.intent_digest())},
        "_sd_alg": "sha-256",
        # In order of the digests, so that their place says nothing of the field.
        "_sd": sorted(disclosure.digest() for disclosure in disclosures),
    }


def _first(value: Json, name: str) -> Json:
    if not isinstance(value, list) or not value:
        raise InputError(f"consent record.{name}: expected a list")
    first: Json = value[0]
    return first


def _member(value: Json, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise InputError(f"consent record.{name}: expected text")
    return found
