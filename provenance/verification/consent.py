"""Steps 9 and 10: what the consent allowed when the picture was stamped, and what it allows now."""

from collections.abc import Sequence
from datetime import datetime

from provenance.canonical import Json
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission
from provenance.credentials.manifest import ConsentAssertion
from provenance.credentials.origin import Origin
from provenance.credentials.reading import Credential
from provenance.verification.ledger import notices_of
from provenance.verification.report import Axis, Finding, LedgerCode
from provenance.verification.sources import StampedPicture, StatusSource

NOT_LINKED = Axis(ConsentCode.NOT_LINKED, "No consent linked", "The file refers to no consent.")
NOT_READ = Axis(ConsentCode.UNKNOWN, "Consent not known", "Nothing that can be relied on says anything about consent.")

_NOBODY_ASKED = Permission(
    ConsentCode.UNKNOWN, "whether the consent still stands is not known, as nobody who holds it was asked"
)
_HEADLINES = {
    ConsentCode.IN_FORCE: "Consent in force",
    ConsentCode.LIMITED: "Consent does not cover this use",
    ConsentCode.WITHDRAWN: "Consent withdrawn",
    ConsentCode.EXPIRED: "Consent expired",
    ConsentCode.NOT_NEEDED: "No consent needed",
    ConsentCode.NOT_FOUND: "Consent not found",
    ConsentCode.NOT_LINKED: "No consent linked",
    ConsentCode.UNKNOWN: "Consent not known",
}


def judge_then(
    assertion: ConsentAssertion,
    *,
    digest: bytes | None,
    origin: str,
    ledger: str,
    source: StatusSource | None,
    findings: list[Finding],
) -> tuple[Axis, str | None]:
    """Step 9: whether the stamp was authorised when it was made; return the axis and what it rests on."""
    special = _without_consent(assertion, origin, findings, step=9)
    if special is not None:
        return special, None if special is NOT_LINKED else "sealed"
    if source is not None:
        picture = StampedPicture(assertion.handles, digest, assertion.entry)
        permission = source.when_stamped(picture, scopes=_scopes(assertion, findings, step=9))
        if permission.code is not ConsentCode.NOT_FOUND:
            return axis_of(permission, "When it was stamped: "), source.basis
    if ledger != LedgerCode.PROVEN:
        return axis_of(
            Permission(ConsentCode.UNKNOWN, "the ledger does not prove that a consent was recorded")
        ), "sealed"
    if not assertion.scopes:
        return axis_of(Permission(ConsentCode.UNKNOWN, "the stamp does not say what the consent covered")), "sealed"
    scopes = ", ".join(assertion.scopes)
    return Axis(
        ConsentCode.IN_FORCE,
        _HEADLINES[ConsentCode.IN_FORCE],
        f"The studio states, and logged, that a signed consent ({assertion.assurance}) covered {scopes}.",
        {"scopes": list(assertion.scopes), "assurance": assertion.assurance},
    ), "sealed"


def judge_now(
    assertion: ConsentAssertion,
    *,
    digest: bytes | None,
    origin: str,
    scope: Scope | None,
    territory: str | None,
    medium: str | None,
    at: datetime,
    source: StatusSource | None,
    findings: list[Finding],
) -> Axis:
    """Step 10: whether the consent allows the use that is asked for, at the time that is asked for."""
    special = _without_consent(assertion, origin, findings, step=10)
    if special is not None:
        return special
    if source is None:
        return axis_of(_NOBODY_ASKED)
    scopes = [scope] if scope is not None else _scopes(assertion, findings, step=10)
    return axis_of(
        source.permission(
            StampedPicture(assertion.handles, digest, assertion.entry),
            scopes=scopes,
            territory=territory,
            medium=medium,
            at=at,
        )
    )


def heed_withdrawal(now: Axis, credential: Credential) -> Axis:
    """Step 10: where nobody else answers, heed what the studio says in the file, in a notice on top of the stamp."""
    withdrawn = next((notice for notice in notices_of(credential) if notice.says == "consent-withdrawn"), None)
    if withdrawn is None or now.code not in (ConsentCode.UNKNOWN, ConsentCode.NOT_FOUND):
        return now
    reason = f"the studio says in the file that the consent was withdrawn on {withdrawn.at[:10]}"
    return axis_of(Permission(ConsentCode.WITHDRAWN, reason))


def _without_consent(assertion: ConsentAssertion, origin: str, findings: list[Finding], *, step: int) -> Axis | None:
    if assertion.subject_kind == "synthetic":
        if assertion.handles or origin in (Origin.CAMERA_SIGNED, Origin.CAMERA_DECLARED, Origin.EDITED):
            findings.append(Finding(step, "subject-contradiction", "says that nobody real is shown in a photograph"))
            return axis_of(Permission(ConsentCode.UNKNOWN, "the credential contradicts itself about who is shown"))
        return axis_of(Permission(ConsentCode.NOT_NEEDED, "the issuer states that nobody real is shown"))
    if not assertion.handles:
        return NOT_LINKED
    return None


def _scopes(assertion: ConsentAssertion, findings: list[Finding], *, step: int) -> Sequence[Scope]:
    known = [scope for scope in Scope if scope.value in assertion.scopes]
    if len(known) != len(assertion.scopes) or not known:
        findings.append(Finding(step, "scope-unknown", "the stamp names scopes that this version does not know"))
    return known


def axis_of(permission: Permission, opening: str = "") -> Axis:
    """Return the axis of an answer."""
    reason = permission.reason
    sentence = f"{opening}{reason}." if opening else f"{reason[:1].upper()}{reason[1:]}."
    since = None if permission.since is None else permission.since.isoformat()
    facts: dict[str, Json] = {"since": since}
    if permission.erased is not None:
        sentence += f" The person's data were erased on {permission.erased.date()}."
        facts["erased"] = permission.erased.isoformat()
    return Axis(permission.code, _HEADLINES[permission.code], sentence, facts)
