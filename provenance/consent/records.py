"""Consent records: who signs a body, and reading a signed one back.

Field names follow ISO/IEC TS 27560 and the W3C Data Privacy Vocabulary; `fields` has them all. Personal data enter
the body as salted digests only (see `disclosures`).
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from provenance import jws
from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object, sha256
from provenance.clock import from_seconds, to_seconds
from provenance.consent import body as bodies
from provenance.consent.disclosures import Disclosure
from provenance.consent.fields import SCHEMA, check_fields
from provenance.consent.grants import Grant
from provenance.consent.parties import Controller, Notice, Terms
from provenance.consent.rules import check_initials, check_rules
from provenance.consent.scopes import Scope
from provenance.errors import InputError, VerificationError
from provenance.keys import SigningKey, thumbprint_urn

__all__ = [
    "ASSURANCES",
    "MAX_RECORD_BYTES",
    "ROLES",
    "SCHEMA",
    "ConsentRecord",
    "Controller",
    "Role",
    "SigningMethod",
    "check_passkeys",
    "complete_record",
    "controller_urn",
    "make_record",
    "parse_body",
    "parse_record",
]

MAX_RECORD_BYTES = 256 * 1024

SigningMethod = Literal["drawn", "typed"]
Role = Literal["subject", "guardian", "witness", "photographer", "controller"]

ROLES: Final[tuple[Role, ...]] = ("subject", "guardian", "witness", "photographer", "controller")
# From weakest to strongest; a record is worth what the weakest signature of a consenting party is worth.
ASSURANCES: Final = ("recorded", "drawn", "session-key", "passkey", "ades")
# What each method of signing can be worth at most: no more than what is checked here.
_AT_MOST: Final = {
    "scanned": "recorded",
    "typed": "drawn",
    "drawn": "drawn",
    "browser-key": "session-key",
    "own-key": "session-key",
    "passkey": "passkey",
}


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A signed consent record whose signatures and rules were checked.

    Attributes:
        record_id: a random UUID.
        digest: SHA-256 of the body's canonical bytes, 32 bytes.
        grants: every decision.
        controller: the RFC 9278 name of the controller's key.
        controller_name: as the record gives it.
        assurance: how surely the subject, or the guardian for them, signed.
        created_at: by the studio's clock.
        secret_digest: of the withdrawal secret, 32 bytes.
        disclosure_digests: of the personal data, base64url.
        principal: who consents: the subject, or a minor's guardian.
        signatures: every one, verified.
        body: what was signed.
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
    principal: Literal["subject", "guardian"]
    signatures: tuple[jws.Signature, ...]
    body: Mapping[str, Json]
    envelope: Mapping[str, Json]

    def grant(self, scope: Scope) -> Grant | None:
        """Return the decision on `scope`, or None where nothing was decided."""
        return next((grant for grant in self.grants if grant.scope == scope), None)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Who gets the pictures, as the record says."""
        return bodies.texts(self.body, "recipients")

    @property
    def principal_key(self) -> str | None:
        """The name of the key that the consenting person holds; None where it was thrown away, or there is none.

        That of a key which a browser made is named too, although it is gone: nobody can renew such a record, and its
        person signs a new one.
        """
        if self.assurance in ("recorded", "drawn"):
            return None
        return next(signature.key_urn for signature in self.signatures if signature.role == self.principal)

    def to_bytes(self) -> bytes:
        """Return the signed document as it is stored and handed out."""
        return canonical_bytes(self.envelope)


def make_record(
    *,
    grants: Sequence[Grant],
    disclosures: Sequence[Disclosure],
    method: Literal["drawn", "typed", "scanned"],
    controller: Controller,
    controller_key: SigningKey,
    secret_digest: bytes,
    now: datetime,
    terms: Terms | None = None,
    notice: Notice | None = None,
    initialled: Sequence[Scope] = (),
    witnessed: bool = False,
    photographer_key: SigningKey | None = None,
) -> ConsentRecord:
    """Return a new record, signed on the studio's device, by the controller, and by a photographer whose key is given.

    Whoever drew or typed their name here signs with a key that is made for it and thrown away: the assurance is
    `drawn`, and nothing may call it more. Where wet ink was scanned, no key signs for the person at all: the
    controller attests it, and the assurance is `recorded`.

    Raises:
        RefusedError: it would break a rule.
        InputError: a field cannot be one.
    """
    terms = terms or Terms()
    body = bodies.make_body(
        grants=grants,
        disclosures=disclosures,
        method=method,
        controller=controller,
        notice=notice or Notice.shipped(controller.name, presented_at=now),
        terms=terms,
        secret_digest=secret_digest,
        now=now,
    )
    at = to_seconds(now)
    initials: dict[str, Json] = {"initialled_scopes": [scope.value for scope in initialled]} if initialled else {}
    scanned = method == "scanned"
    signers: list[tuple[SigningKey, Mapping[str, Json]]] = []
    if not scanned:
        roles = ["guardian" if terms.age_class == "minor" else "subject", *(["witness"] if witnessed else [])]
        for role in roles:
            fields: dict[str, Json] = {"role": role, "assurance": "drawn", "signed_at": at}
            signers.append((SigningKey.generate("Ed25519"), fields if role == "witness" else {**fields, **initials}))
    attests: dict[str, Json] = {"assurance": "recorded", **initials} if scanned else {}
    if photographer_key is not None:
        signers.append((photographer_key, {"role": "photographer", "signed_at": at}))
    signers.append((controller_key, {"role": "controller", "signed_at": at, **attests}))
    return parse_record(canonical_bytes(jws.sign(canonical_bytes(body), signers)))


def complete_record(
    payload: bytes,
    signatures: Sequence[Json],
    *,
    controller_key: SigningKey,
    now: datetime,
    photographer_key: SigningKey | None = None,
) -> bytes:
    """Return the record in which the controller signs beside those who signed elsewhere; `parse_record` checks it.

    The photographer signs, too, where their key is given.
    """
    at = to_seconds(now)
    signers: list[tuple[SigningKey, Mapping[str, Json]]] = [(controller_key, {"role": "controller", "signed_at": at})]
    if photographer_key is not None:
        signers.insert(0, (photographer_key, {"role": "photographer", "signed_at": at}))
    own = jws.sign(payload, signers)
    added = own["signatures"]
    return canonical_bytes({**own, "signatures": [*signatures, *(added if isinstance(added, list) else [])]})


# The same bytes have the same signatures: a shoot asks for one record hundreds of times.
@functools.lru_cache(maxsize=128)
def parse_record(data: bytes) -> ConsentRecord:
    """Return the record in a signed document after checking its signatures, its fields and its rules.

    Raises:
        InputError: it is malformed, or calls a signature worth more than its method can be.
        RefusedError: it breaks a rule.
        VerificationError: a signature does not verify, the one of the consenting person or of the controller is
            missing, or the controller or photographer who signed is not the one that the body names.
    """
    if len(data) > MAX_RECORD_BYTES:
        raise InputError(f"consent record: expected at most {MAX_RECORD_BYTES} bytes, got {len(data)}")
    envelope = parse_object(data, place="consent record")
    signed = jws.verify(envelope, passkeys=True)
    body, grants = parse_body(signed.payload)
    principal = _check_signatures(signed, body)
    check_passkeys(signed, body, principal=principal)
    controller = _controller(body)
    digests = bodies.texts(body, "_sd")
    method = bodies.text(body, "esign", "method") or ""
    attesting = signed.by("controller" if method == "scanned" else principal)
    check_initials(grants, attesting.initialled)
    return ConsentRecord(
        record_id=str(body["record_id"]),
        digest=sha256(signed.payload),
        grants=grants,
        controller=controller["id"],
        controller_name=controller["name"],
        assurance=_assurance(signed, method),
        created_at=from_seconds(str(body["created_at"])),
        secret_digest=from_base64url(
            bodies.text(body, "withdrawal", "secret_hash"), place="consent record.withdrawal.secret_hash", size=32
        ),
        disclosure_digests=digests,
        principal=principal,
        signatures=signed.signatures,
        body=body,
        envelope=envelope,
    )


def parse_body(payload: bytes) -> tuple[dict[str, Json], tuple[Grant, ...]]:
    """Return a body and its grants after checking its form, its fields and its rules.

    Raises:
        InputError: it is not in canonical form, or a field is malformed.
        RefusedError: it breaks a rule.
    """
    body = parse_object(payload, place="consent record body")
    if canonical_bytes(body) != payload:
        raise InputError("consent record body: expected canonical json")
    if body.get("schema") != SCHEMA:
        raise InputError(f"consent record: expected schema {SCHEMA}, got {str(body.get('schema'))[:80]!r}")
    check_fields(body)
    documents = body["grants"]
    grants = tuple(Grant.from_json(grant) for grant in documents) if isinstance(documents, list) else ()
    check_rules(body, grants)
    digests = bodies.texts(body, "_sd")
    if list(digests) != sorted(digests):
        raise InputError("consent record._sd: expected digests in order")
    scan = bodies.text(body, "esign", "scan")
    if (bodies.text(body, "esign", "method") == "scanned") != (scan in digests):
        raise InputError("consent record.esign.scan: expected one of the _sd digests exactly where ink was scanned")
    if (bodies.text(body, "esign", "method") == "passkey") != (bodies.text(body, "esign", "origin") is not None):
        raise InputError("consent record.esign.origin: expected it exactly where a passkey signed")
    return body, grants


def check_passkeys(signed: jws.Signed, body: Mapping[str, Json], *, principal: Role) -> None:
    """Check that a passkey signed exactly where the body says so: for who consents, on the page that it names.

    Raises:
        VerificationError: it did not, or on another page.
    """
    origin = bodies.text(body, "esign", "origin")
    for signature in signed.signatures:
        if (signature.assertion is not None) != (origin is not None and signature.role == principal):
            raise VerificationError(
                f"consent record: expected a passkey to sign for the {principal} exactly where the method says so",
                code="passkey-unfit",
            )
        if signature.assertion is not None and origin is not None:
            signature.assertion.check_origin(origin)


def controller_urn(key: SigningKey) -> str:
    """Return the name of a controller's key, as records and stamps carry it."""
    return thumbprint_urn(key.public_jwk())


def _check_signatures(signed: jws.Signed, body: Mapping[str, Json]) -> Literal["subject", "guardian"]:
    """Check who signed, and return whose consent it is."""
    for signature in signed.signatures:
        if signature.role not in ROLES:
            raise InputError(f"consent record: expected a known role, got {signature.role[:40]!r}")
        from_seconds(signature.signed_at)
    roles = [signature.role for signature in signed.signatures]
    for role in ROLES:
        if role in roles:
            signed.by(role)
    minor = bodies.text(body, "subject", "age_class") == "minor"
    principal: Literal["subject", "guardian"] = "guardian" if minor else "subject"
    if not minor and "guardian" in roles:
        raise VerificationError("consent record: a guardian signed, although the subject is no minor")
    scanned = bodies.text(body, "esign", "method") == "scanned"
    if not scanned:
        signed.by(principal)
    elif {"subject", "guardian"} & {*roles}:
        raise VerificationError("consent record: a key signed for the subject, although ink was scanned")
    controller = signed.by("controller").key_urn
    if controller != _controller(body)["id"]:
        raise VerificationError(
            "consent record: signed by another controller than it names", code="controller-mismatch"
        )
    maker = bodies.text(body, "photographer", "id")
    if "photographer" in roles and signed.by("photographer").key_urn != maker:
        raise VerificationError(
            "consent record: signed by another photographer than it names", code="photographer-mismatch"
        )
    own = [s.key_urn for s in signed.signatures if s.role in ("subject", "guardian", "witness")]
    if len({*own, controller}) != len(own) + 1:
        raise VerificationError(
            "consent record: one key signed for two people who must not be the same", code="signer-doubled"
        )
    return principal


def _assurance(signed: jws.Signed, method: str) -> str:
    """Return the lowest assurance that applies, and refuse one that claims more than the method can be worth."""
    at_most = _AT_MOST[method]
    if method == "scanned":
        return at_most
    claimed = []
    for signature in signed.signatures:
        if signature.role in ("subject", "guardian"):
            if signature.assurance not in ASSURANCES:
                raise InputError(f"consent record: expected a known assurance, got {signature.assurance!r}")
            claimed.append(signature.assurance)
    lowest = min(claimed, key=ASSURANCES.index)
    highest = max(claimed, key=ASSURANCES.index)
    if ASSURANCES.index(highest) > ASSURANCES.index(at_most):
        raise InputError(
            f"consent record: a signature claims to be {highest}, and the method {method} is worth {at_most} at most",
            code="assurance-overstated",
        )
    return lowest


def _controller(body: Mapping[str, Json]) -> dict[str, str]:
    named = body["controllers"]
    if not isinstance(named, list) or len(named) != 1:
        raise InputError("consent record.controllers: expected exactly one")
    return {name: str(value) for name, value in named[0].items()}
