"""The body of a consent record: put together here, and signed elsewhere.

It is immutable; its RFC 8785 bytes hash to the record's digest `D`. Personal data enter it as salted digests only.
"""

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from provenance.canonical import Json, JsonObject, to_base64url
from provenance.clock import to_seconds
from provenance.consent import notice as shipped
from provenance.consent.disclosures import Disclosure
from provenance.consent.fields import SCHEMA, check_fields
from provenance.consent.grants import Grant
from provenance.consent.parties import Controller, Notice, Terms
from provenance.consent.rules import biometric_destroy_by, check_rules, kind_of, notice_period

Method = Literal["drawn", "typed", "browser-key", "own-key", "passkey", "scanned"]

SCAN = "scan_sha256"


def make_body(
    *,
    grants: Sequence[Grant],
    disclosures: Sequence[Disclosure],
    method: Method,
    controller: Controller,
    notice: Notice,
    terms: Terms,
    secret_digest: bytes,
    now: datetime,
    origin: str | None = None,
) -> dict[str, Json]:
    """Return a new body that keeps every rule.

    Args:
        grants: every decision.
        disclosures: the personal data.
        method: how the subject signs.
        controller: who is responsible.
        notice: what the subject read.
        terms: what else it says.
        secret_digest: of the withdrawal secret.
        now: the time.
        origin: of the page on which a passkey signs; None for every other method.

    Raises:
        RefusedError: it would break one.
        InputError: a field cannot be one.
    """
    places: list[Json] = [controller.country] if controller.country else []
    destroy_by = biometric_destroy_by(grants, made=now.date())
    scan = next((disclosure.digest() for disclosure in disclosures if disclosure.name == SCAN), None)
    body: dict[str, Json] = {
        "schema": SCHEMA,
        "record_id": str(uuid.uuid4()),
        "kind": kind_of(grants, minor=terms.age_class == "minor"),
        "created_at": to_seconds(now),
        "subject": {"ref": to_base64url(secrets.token_bytes(16)), "kind": "real", "age_class": terms.age_class},
        "controllers": [
            _present(
                id=controller.key_urn,
                name=controller.name,
                role="controller",
                address=controller.country,
                contact=controller.url,
            )
        ],
        "recipients": list(terms.recipients),
        "notice": {
            "template": notice.template,
            "version": notice.version,
            "language": notice.language,
            "sha256": to_base64url(notice.digest),
            "presented_at": to_seconds(notice.presented_at),
        },
        "jurisdictions": list(dict.fromkeys([*places, *terms.jurisdictions])),
        "data_types": ["pd:Picture"] if destroy_by is None else ["pd:Picture", "pd:FacialPrint"],
        "grants": [grant.to_json() for grant in grants],
        "compensation": {"kind": terms.compensation},
        "withdrawal": _present(
            uri=controller.url,
            secret_hash=to_base64url(secret_digest),
            channels=["receipt-secret", "studio"],
            notice_period=notice_period(grants),
        ),
        "retention": _present(
            rule=terms.retention, biometric_destroy_by=None if destroy_by is None else destroy_by.isoformat()
        ),
        "storage_locations": places,
        "esign": _present(
            method=method,
            intent_sha256=to_base64url(notice.intent or shipped.intent_digest()),
            scan=scan,
            origin=origin,
        ),
        "_sd_alg": "sha-256",
        # In order of the digests, so that their place says nothing of the field.
        "_sd": sorted(disclosure.digest() for disclosure in disclosures),
        **_conditional(terms),
    }
    check_fields(body)
    check_rules(body, grants)
    return body


def _conditional(terms: Terms) -> dict[str, Json]:
    maker, service = terms.photographer, terms.ai_service
    return _present(
        guardian=None if terms.relationship is None else {"relationship": terms.relationship},
        photographer=None if maker is None else _present(name=maker.name, id=maker.key_urn),
        ai_service=None
        if service is None
        else _present(name=service.name, system=service.system, version=service.version),
        governing_law=terms.governing_law,
        shoot=None if terms.shoot is None else {"start": terms.shoot[0].isoformat(), "end": terms.shoot[1].isoformat()},
        source_assets=[to_base64url(digest) for digest in terms.source_assets] or None,
        supersedes=terms.supersedes,
    )


def _present(**members: Json) -> dict[str, Json]:
    """Return the members that are there."""
    return {name: value for name, value in members.items() if value is not None}


def texts(body: JsonObject, name: str) -> tuple[str, ...]:
    """Return a list of texts in a body whose fields were checked; none where it is not there."""
    values = body.get(name, [])
    return tuple(str(value) for value in values) if isinstance(values, list) else ()


def text(body: JsonObject, name: str, member: str) -> str | None:
    """Return a text of an object in a body whose fields were checked, or None where it is not there."""
    value = body.get(name)
    found = value.get(member) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
