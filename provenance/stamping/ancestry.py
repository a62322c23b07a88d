"""The gate for what a picture was made from: what its parent, inputs and background allow to be said about it."""

from collections.abc import Sequence

from provenance.credentials.manifest import Declaration
from provenance.credentials.origin import Origin, find_origin
from provenance.credentials.reading import Credential
from provenance.errors import RefusedError
from provenance.evidence import Claim, Evidence, Says, find_contradictions
from provenance.stamping.gate import (
    AS_AI_EDITED,
    check_evidence,
    check_intact,
    check_without_ai,
    claim_of,
    told,
    words_of,
)

_STAMP_FIRST = "stamp it first as what it is, and name the stamped file"
_PHOTOGRAPH = frozenset({Origin.CAMERA_SIGNED, Origin.CAMERA_DECLARED, Origin.EDITED})


def check_parent(
    credential: Credential | None,
    evidence: Sequence[Evidence],
    declaration: Declaration,
    *,
    stamped: bool,
    confirmation: str | None,
) -> str | None:
    """Check that a picture may be declared as made from this one; return the confirmation if one was needed.

    Raises:
        RefusedError: the parent is damaged, is no photograph where one is declared, or is not stamped where it must
            be; or the evidence in it says so.
    """
    origin: Origin | None = None
    if credential is not None:
        check_intact(credential)
        origin = find_origin(credential).origin
    if declaration is Declaration.DERIVATIVE:
        if not stamped or origin in (None, Origin.UNKNOWN):
            raise RefusedError(
                "it carries no stamp, so that nothing says what a copy of it is",
                code="parent-unstamped",
                hint=_STAMP_FIRST,
            )
        return check_evidence(
            evidence, declaration, confirmation=confirmation, claim=claim_of(declaration, parent=origin)
        )
    if declaration is Declaration.RETOUCHED and credential is not None:
        check_without_ai(credential, hint=AS_AI_EDITED)
    allowed = _PHOTOGRAPH if declaration is Declaration.RETOUCHED else _PHOTOGRAPH | {Origin.AI_EDITED}
    if origin is not None and origin not in allowed:
        raise RefusedError(
            f"its content credentials do not say that it is a photograph: its origin is {words_of(origin)}",
            code="parent-no-photograph",
            hint="a copy of a stamped picture is stamped with --as derivative; what AI made, with --as ai-generated",
        )
    claim = Claim.AI_EDITED if origin is Origin.AI_EDITED else Claim.CAPTURED
    hint = None if declaration is Declaration.RETOUCHED else _STAMP_FIRST
    return check_evidence(evidence, declaration, confirmation=confirmation, claim=claim, hint=hint)


def check_input(credential: Credential | None, evidence: Sequence[Evidence], *, confirmation: str | None) -> str | None:
    """Check that a photograph may be named as given to a generator; return the confirmation if one was needed.

    Raises:
        RefusedError: it is damaged; or it has no credentials, and the evidence says that it is no photograph.
    """
    if credential is not None:
        check_intact(credential)
        return None
    return check_evidence(evidence, Declaration.CAMERA, confirmation=confirmation, hint=_STAMP_FIRST)


def check_background(
    credential: Credential | None, evidence: Sequence[Evidence], declaration: Declaration, *, generated: bool
) -> None:
    """Check that something may be named as placed into a picture.

    Args:
        credential: what it carries, or None.
        evidence: the markers in it.
        declaration: what the picture is said to be.
        generated: whether it is said that AI made it.

    Raises:
        RefusedError: it is damaged, or AI made it where the picture is to be without AI, or a camera where AI is said
            to have made it.
    """
    if credential is not None:
        check_intact(credential)
    if declaration is Declaration.RETOUCHED:
        if credential is not None:
            check_without_ai(credential, hint=AS_AI_EDITED)
        by_ai = (
            e for e in find_contradictions(evidence, Claim.CAPTURED) if e.marker.says in (Says.AI, Says.AI_CHANGED)
        )
        _refuse(next(by_ai, None), AS_AI_EDITED)
    if generated and credential is None:
        by_camera = find_contradictions(evidence, Claim.AI_GENERATED)
        _refuse(next(iter(by_camera), None), "say background instead of ai-background for what AI did not make")


def _refuse(found: Evidence | None, hint: str) -> None:
    if found is not None:
        raise RefusedError(f"the evidence says that {told(found)}", code="evidence-contradicts", hint=hint)
