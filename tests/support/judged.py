"""Credentials as verification gets them, built by hand; everything about them verifies unless a test says otherwise."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from provenance.credentials.crjson import Action, Ingredient, Manifest, Signer, Status, Validation
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.origin import DIGITAL_CAPTURE
from provenance.credentials.reading import Credential
from provenance.keys import SigningKey
from provenance.pki import make_authority, make_claim_certificate

ISSUER = "Studio Lümen"
TRUST_LIST = "urn:example:trust"
SIGNED = "claimSignature.validated"
STAMPED_AT = "2026-11-23T21:07Z"

_MADE = datetime(2026, 11, 23, tzinfo=UTC)
_AUTHORITY_KEY, _CLAIM_KEY = SigningKey.generate("ES256"), SigningKey.generate("ES256")

# An authority's certificate may not sign claims itself.
AUTHORITY = make_authority(key=_AUTHORITY_KEY, name=ISSUER, country="DE", now=_MADE)
CERTIFICATE = make_claim_certificate(
    key=_CLAIM_KEY, authority=AUTHORITY, authority_key=_AUTHORITY_KEY, name=ISSUER, country="DE", now=_MADE
)

CAPTURE = Action("c2pa.created", DIGITAL_CAPTURE, None, ())


def statuses(codes: Iterable[str]) -> tuple[Status, ...]:
    """Return a status for each code."""
    return tuple(Status(code, "self#jumbf=/c2pa/urn:c2pa:1", "what the SDK says of it") for code in codes)


def validation(
    failure: Iterable[str] = (), *, success: Iterable[str] = (SIGNED,), informational: Iterable[str] = ()
) -> Validation:
    """Return what was found about a manifest, by the codes."""
    return Validation(statuses(success), statuses(informational), statuses(failure))


def manifest(
    label: str = "urn:c2pa:1",
    *,
    found: Validation | None = None,
    assertions: Mapping[str, Any] | None = None,
    actions: Iterable[Action] = (CAPTURE,),
    ingredients: Iterable[Ingredient] = (),
    issuer: str | None = ISSUER,
    certificate: x509.Certificate | None = CERTIFICATE,
    time: datetime | None = None,
) -> Manifest:
    """Return a manifest."""
    return Manifest(
        label=label,
        generator="Headshot Provenance 0.1.0",
        signer=Signer(issuer, None, None),
        certificate=certificate,
        actions=tuple(actions),
        actions_complete=True,
        ingredients=tuple(ingredients),
        assertions=assertions or {},
        created=frozenset(),
        time=time,
        validation=validation() if found is None else found,
    )


def ingredient(
    manifest_label: str | None = "urn:c2pa:parent",
    *,
    relationship: str = "parentOf",
    recorded: Iterable[str] = (),
    since: Iterable[str] = (),
) -> Ingredient:
    """Return an ingredient, with the failures that were recorded about it and those that were found since."""
    return Ingredient(
        label="c2pa.ingredient.v3",
        relationship=relationship,
        manifest=manifest_label,
        source_type=None,
        recorded=validation(recorded),
        since=validation(since),
    )


def credential(*manifests: Manifest, trust_list: str | None = TRUST_LIST, flaw: str | None = None) -> Credential:
    """Return credentials of which the first manifest is the active one."""
    held = manifests or (manifest(),)
    return Credential({found.label: found for found in held}, held[0].label, trust_list, flaw, {})


def stamp(*, stamped_at: object = STAMPED_AT) -> dict[str, Any]:
    """Return assertions in which something lies where a stamp has its consent."""
    return {CONSENT_LABEL: {"v": 1, "stamped_at": stamped_at}}
