"""Consent records that a passkey signed, without a studio."""

from collections.abc import Mapping, Sequence
from typing import Any

from support.authenticators import ORIGIN, Authenticator
from support.consents import ADULT, CONTROLLER, KEY, NOW, SECRET, decisions

from provenance.canonical import Json, canonical_bytes
from provenance.clock import to_seconds
from provenance.consent.body import Method, make_body
from provenance.consent.codes import secret_digest
from provenance.consent.grants import Grant
from provenance.consent.parties import Notice, Terms
from provenance.consent.records import complete_record

SUBJECT: Mapping[str, Json] = {"role": "subject", "assurance": "passkey", "signed_at": to_seconds(NOW)}


def passkey_body(
    grants: Sequence[Grant] | None = None,
    *,
    method: Method = "passkey",
    origin: str | None = ORIGIN,
    terms: Terms = ADULT,
) -> dict[str, Any]:
    """Return the body of a record for a passkey to sign."""
    return make_body(
        grants=decisions("capture") if grants is None else grants,
        disclosures=[],
        method=method,
        controller=CONTROLLER,
        notice=Notice.shipped(CONTROLLER.name, presented_at=NOW),
        terms=terms,
        secret_digest=secret_digest(SECRET),
        now=NOW,
        origin=origin,
    )


def signed_by_passkey(
    phone: Authenticator, body: Mapping[str, Any] | None = None, *, fields: Mapping[str, Json] = SUBJECT
) -> bytes:
    """Return a record that a passkey and the controller signed."""
    payload = canonical_bytes(passkey_body() if body is None else dict(body))
    return complete_record(payload, [phone.sign(payload, fields)], controller_key=KEY, now=NOW)
