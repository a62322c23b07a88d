"""Consent that is signed elsewhere: a studio requests it, a person signs with their own key, the studio completes it.

A request file holds what the person must see, and nothing in it can be changed without being noticed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from provenance import jws
from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.clock import to_seconds
from provenance.consent import body as bodies
from provenance.consent import notice as shipped
from provenance.consent.disclosures import Disclosure, verify_disclosures
from provenance.consent.grants import Grant
from provenance.consent.records import ROLES, Role, parse_body
from provenance.consent.rules import check_initials
from provenance.consent.scopes import Scope
from provenance.errors import InputError, RefusedError, VerificationError
from provenance.keys import SigningKey

SCHEMA = "urn:headshot-provenance:schema:consent-request:1"
MAX_REQUEST_BYTES = 512 * 1024

_MEMBERS = {"schema", "payload", "notice", "intent", "disclosures", "studio", "signatures"}


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """A record that waits for signatures.

    Attributes:
        payload: the canonical bytes of the body.
        grants: every decision in it.
        notice: the text to read first.
        disclosures: the personal data behind the body's digests; the file is as private as they are.
        studio: sealed for the studio that wrote the request; nobody else can open it.
        signatures: JWS signatures over the body, verified.
        intent: the sentence that signing confirms.
    """

    payload: bytes
    grants: tuple[Grant, ...]
    notice: str
    disclosures: tuple[Disclosure, ...]
    studio: str
    signatures: tuple[Json, ...] = ()
    intent: str = shipped.INTENT

    @property
    def principal(self) -> Role:
        """Who must sign: the subject, or a minor's guardian."""
        return "guardian" if "guardian" in parse_object(self.payload, place="body") else "subject"

    @property
    def origin(self) -> str | None:
        """The origin of the page on which a passkey signs; None where a plain key does."""
        return bodies.text(parse_object(self.payload, place="body"), "esign", "origin")

    @property
    def roles(self) -> tuple[str, ...]:
        """Who signed already."""
        if not self.signatures:
            return ()
        return tuple(signature.role for signature in jws.verify(self._envelope(), passkeys=True).signatures)

    def sign(self, key: SigningKey, *, role: Role, initialled: Sequence[Scope], now: datetime) -> "ConsentRequest":
        """Return the request with one more signature: of a key that its holder keeps, hence `session-key`.

        Raises:
            RefusedError: somebody signed in this role already, it is not theirs to sign here, or initials are missing.
        """
        if role == "controller" or (role in ("subject", "guardian") and role != self.principal):
            raise RefusedError(f"request: the {role} does not sign here", code="role-unfit")
        if role == self.principal and self.origin is not None:
            raise RefusedError(f"request: the {role} signs with a passkey, in a browser", code="passkey-needed")
        if role in self.roles:
            raise RefusedError(f"request: the {role} signed already", code="signed-already")
        fields: dict[str, Json] = {"role": role, "assurance": "session-key", "signed_at": to_seconds(now)}
        if role == self.principal:
            check_initials(self.grants, initialled)
            if initialled:
                fields["initialled_scopes"] = [scope.value for scope in initialled]
        elif initialled:
            raise RefusedError(f"request: the {role} has nothing to put initials to", code="initials-stray")
        added = jws.sign(self.payload, [(key, fields)])["signatures"]
        return replace(self, signatures=(*self.signatures, *(added if isinstance(added, list) else [])))

    def to_bytes(self) -> bytes:
        """Return the request as it is written to a file, laid out for a person to read."""
        document: dict[str, Json] = {
            "schema": SCHEMA,
            "notice": self.notice,
            "intent": self.intent,
            "disclosures": [disclosure.to_text() for disclosure in self.disclosures],
            "payload": to_base64url(self.payload),
            "studio": self.studio,
            "signatures": list(self.signatures),
        }
        return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"

    def _envelope(self) -> dict[str, Json]:
        return {"payload": to_base64url(self.payload), "signatures": list(self.signatures)}


def parse_request(data: bytes) -> ConsentRequest:
    """Return the request in a file, checked: its body and rules, that the texts are those named in it, every signature.

    Raises:
        InputError: it is malformed.
        RefusedError: its body breaks a rule.
        VerificationError: a text or datum is not the one that the body names, or a signature does not verify.
    """
    if len(data) > MAX_REQUEST_BYTES:
        raise InputError(f"request: expected at most {MAX_REQUEST_BYTES} bytes, got {len(data)}")
    document = parse_object(data, place="request")
    if document.get("schema") != SCHEMA or set(document) != _MEMBERS:
        raise InputError(f"request: expected schema {SCHEMA} and the members {', '.join(sorted(_MEMBERS))}")
    notice, intent, studio = document["notice"], document["intent"], document["studio"]
    items, signatures = document["disclosures"], document["signatures"]
    if not isinstance(notice, str) or not isinstance(intent, str) or not isinstance(studio, str):
        raise InputError("request: expected notice, intent and studio as text")
    if not isinstance(items, list) or not isinstance(signatures, list):
        raise InputError("request: expected disclosures and signatures as lists")
    payload = from_base64url(document["payload"], place="request.payload")
    body, grants = parse_body(payload)
    if bodies.text(body, "esign", "method") not in ("browser-key", "own-key", "passkey"):
        raise InputError("request: expected a body that is signed with a key of one's own")
    for place, shown, named in (
        ("notice", notice, bodies.text(body, "notice", "sha256")),
        ("intent", intent, bodies.text(body, "esign", "intent_sha256")),
    ):
        if to_base64url(sha256(shown.encode("utf-8", "replace"))) != named:
            raise VerificationError(f"request.{place}: is not the text that would be signed", code="text-mismatch")
    disclosures = tuple(Disclosure.from_text(str(item)) for item in items)
    digests = bodies.texts(body, "_sd")
    verify_disclosures(disclosures, digests=digests)
    if {disclosure.digest() for disclosure in disclosures} != {*digests}:
        raise VerificationError("request: a datum that would be signed is not shown", code="disclosure-missing")
    request = ConsentRequest(payload, grants, notice, disclosures, studio, tuple(signatures), intent)
    if signatures:
        strangers = set(request.roles) - set(ROLES)
        if strangers:
            raise InputError("request: expected known roles only")
    return request


def make_request(
    body: Json,
    grants: Sequence[Grant],
    *,
    notice: str,
    disclosures: Sequence[Disclosure],
    studio: str,
    intent: str = shipped.INTENT,
) -> ConsentRequest:
    """Return a request over a body that was just made; read back, so that what is written is what can be read."""
    made = ConsentRequest(canonical_bytes(body), tuple(grants), notice, tuple(disclosures), studio, intent=intent)
    return parse_request(made.to_bytes())
