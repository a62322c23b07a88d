"""Named actors: who a manifest says had a part in the picture, beside its signer (CAWG Identity Assertion 1.3).

What an identity assertion proves is judged apart from the claim, in a reading of its own with no anchors but those for
identities: the SDK would let anchors of one kind vouch for the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from provenance.credentials.crjson import Status, Validation, parse_validation
from provenance.credentials.reading import Credential
from provenance.pki import TrustAnchors, may_sign_documents

LABEL = "cawg.identity"
X509 = "cawg.x509.cose"
UNTRUSTED = "cawg.x509.credential.untrusted"

_TRUSTED = "cawg.x509.credential.trusted"
_SIGNED = "cawg.x509.signature.validated"


@dataclass(frozen=True, slots=True)
class NamedActor:
    """One identity assertion of the active manifest.

    Attributes:
        name: the organisation or person that its certificate names; None where there is none.
        roles: what it says of its part, such as `creator`.
        signature_type: how it is signed.
        signed: its own signature was found good, over the picture's hash.
        fit: its certificate is one for signing documents, which is what the SDK does not insist on.
        trusted: it chains to an anchor for identities.
        failures: what is wrong with it, apart from its not being recognised.
    """

    name: str | None
    roles: tuple[str, ...]
    signature_type: str
    signed: bool
    fit: bool
    trusted: bool
    failures: tuple[Status, ...]


def read_actors(
    credential: Credential, data: bytes, media_type: str, *, anchors: Sequence[TrustAnchors]
) -> tuple[NamedActor, ...]:
    """Return the named actors of a file's active manifest, in its order.

    Args:
        credential: of the file.
        data: the file.
        media_type: of the file.
        anchors: certificates that may vouch for named actors; without any, none is trusted.

    Raises:
        CredentialError: the credentials cannot be read.
    """
    named = {
        label: document
        for label, document in credential.active_manifest.assertions.items()
        if label.startswith(LABEL) and isinstance(document, dict)
    }
    if not named:
        return ()
    # As where the credential itself is read.
    from provenance.credentials import _engine

    crjson = _engine.read_identities(data, media_type, anchors=anchors)
    results = (m.get("validationResults") for m in crjson.get("manifests", []) if m.get("label") == credential.active)
    validation = parse_validation(next(results, None))
    return tuple(_actor(label, document, validation, credential.actors.get(label)) for label, document in named.items())


def _actor(
    label: str, document: Mapping[str, Any], validation: Validation, certificate: x509.Certificate | None
) -> NamedActor:
    def about(statuses: Sequence[Status]) -> tuple[Status, ...]:
        return tuple(s for s in statuses if s.code.startswith("cawg.") and s.url.rsplit("/", 1)[-1] == label)

    payload, signature = document.get("signer_payload"), document.get("signature")
    payload = payload if isinstance(payload, dict) else {}
    described = signature.get("certificateInfo") if isinstance(signature, dict) else None
    subject = described.get("subject") if isinstance(described, dict) else None
    subject = subject if isinstance(subject, dict) else {}
    names = [subject[key] for key in ("O", "CN") if isinstance(subject.get(key), str)]
    roles = payload.get("role")
    found = {status.code for status in about(validation.success)}
    return NamedActor(
        name=next(iter(names), None),
        roles=tuple(str(role).removeprefix("cawg.") for role in roles) if isinstance(roles, list) else (),
        signature_type=str(payload.get("sig_type")),
        signed=_SIGNED in found,
        fit=certificate is not None and may_sign_documents(certificate),
        trusted=_TRUSTED in found,
        failures=tuple(status for status in about(validation.failure) if status.code != UNTRUSTED),
    )
