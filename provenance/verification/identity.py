"""Step 11: who is named beside the issuer, and what of that was verified; no other axis depends on it."""

from collections.abc import Sequence

from provenance.canonical import Json
from provenance.credentials.actors import X509, NamedActor, read_actors
from provenance.credentials.reading import Credential
from provenance.errors import CredentialError
from provenance.pki import TrustAnchors
from provenance.verification.report import Axis, Finding, IdentityCode

NOBODY = Axis(IdentityCode.NONE, "No named actor", "No person or organisation is named beside the issuer.")

_UNNAMED = "Somebody whom the certificate does not name"


def judge_identity(
    credential: Credential,
    data: bytes,
    media_type: str,
    *,
    anchors: Sequence[TrustAnchors],
    findings: list[Finding],
) -> Axis:
    """Step 11: return who is named.

    Args:
        credential: intact, so that what it says is what was signed.
        data: the file.
        media_type: of the file.
        anchors: certificates that may vouch for named actors, and for nothing else.
        findings: added to.
    """
    try:
        actors = read_actors(credential, data, media_type, anchors=anchors)
    except CredentialError as error:
        findings.append(Finding(11, error.code, str(error)))
        return Axis(
            IdentityCode.NOT_CHECKED, "Named actor not checked", "Somebody is named, and that could not be checked."
        )
    for actor in actors:
        if actor.signature_type == X509 and not actor.fit:
            findings.append(Finding(11, "identity-certificate", "the certificate of who is named is for other things"))
        findings.extend(
            Finding(11, s.code, "the identity assertion does not verify", "c2pa-rs") for s in actor.failures
        )
    return judge_actors(actors)


def judge_actors(actors: Sequence[NamedActor]) -> Axis:
    """Return the axis: of several, that of the one of whom the least is sure."""
    if not actors:
        return NOBODY
    codes = {code: actor for actor in reversed(actors) for code in [_code(actor)]}
    code = next(code for code in _ORDER if code in codes)
    facts: dict[str, Json] = {
        "actors": [{"code": _code(actor).value, "name": actor.name, "roles": list(actor.roles)} for actor in actors]
    }
    return Axis(code, *_words(code, codes[code]), facts)


_ORDER = (IdentityCode.INVALID, IdentityCode.NOT_CHECKED, IdentityCode.UNRECOGNISED, IdentityCode.NAMED)


def _code(actor: NamedActor) -> IdentityCode:
    if actor.signature_type != X509:
        return IdentityCode.NOT_CHECKED
    if actor.failures or not (actor.signed and actor.fit):
        return IdentityCode.INVALID
    return IdentityCode.NAMED if actor.trusted else IdentityCode.UNRECOGNISED


def _words(code: IdentityCode, actor: NamedActor) -> tuple[str, str]:
    name = actor.name or _UNNAMED
    part = f" as its {', '.join(actor.roles)}" if actor.roles else ""
    match code:
        case IdentityCode.NAMED:
            return "Named actor confirmed", f"{name}, whom you trust to be named, signed for this picture{part}."
        case IdentityCode.UNRECOGNISED:
            return (
                "Named actor not recognised",
                f"{name} signed for this picture{part}, but it cannot be confirmed who that is.",
            )
        case IdentityCode.NOT_CHECKED:
            return "Named actor not checked", "Somebody is named in a way that this version does not check."
        case _:
            return "Named actor does not verify", "Somebody is named, but what should prove it does not verify."
