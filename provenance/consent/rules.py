"""The rules between the parts of a record: enforced when it is made, when it is signed, and when it is read.

What a grant must keep by itself stands in `grants`.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from provenance.canonical import JsonObject
from provenance.consent.grants import Grant, check_grants
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import notice_days, parse_day
from provenance.errors import RefusedError

MAX_SHOOT = timedelta(days=366)
# 740 ILCS 14/15(a): a face template lives no longer than three years after the last contact.
_BIOMETRIC_YEARS = timedelta(days=3 * 365)


def permitted(grants: Sequence[Grant]) -> list[Scope]:
    """Return the scopes that are permitted, in order."""
    return [grant.scope for grant in grants if grant.decision == "permit"]


def kind_of(grants: Sequence[Grant], *, minor: bool) -> str:
    """Return what a record with these grants is called: by the strictest regime that applies to it."""
    scopes = permitted(grants)
    if minor:
        return "guardian_release"
    if Scope.AI_GENERATE in scopes:
        return "digital_replica"
    return "biometric_release" if any(scope.is_biometric for scope in scopes) else "model_release"


def notice_period(grants: Sequence[Grant]) -> str:
    """Return the longest notice that withdrawing one of the permitted grants needs, such as `P30D`, or `none`."""
    days = max((notice_days(grant.revocability) for grant in grants if grant.decision == "permit"), default=0)
    return f"P{days}D" if days else "none"


def biometric_destroy_by(grants: Sequence[Grant], *, made: date) -> date | None:
    """Return the day by which any face template must be gone, or None where none is permitted."""
    ends = [grant.until for grant in grants if grant.decision == "permit" and grant.scope.is_biometric]
    if not ends:
        return None
    latest = made + _BIOMETRIC_YEARS
    return min(latest, max(end or latest for end in ends))


def check_rules(body: JsonObject, grants: Sequence[Grant]) -> None:
    """Check what a body, whose fields were checked, must keep as a whole.

    Raises:
        RefusedError: a rule is broken; the message names the place and the rule.
    """
    check_grants(grants)
    age_class = _text(body, "subject", "age_class")
    ai = [scope for scope in permitted(grants) if scope.is_ai]
    if ai and age_class == "minor":
        raise RefusedError(f"scope {ai[0]}: the subject is a minor, for whom AI is never permitted", code="minor-ai")
    if ai and age_class != "adult":
        raise RefusedError(
            f"scope {ai[0]}: expected a subject who is known to be an adult, got no age",
            code="age-unknown",
            hint="add --born YYYY-MM-DD, or --adult if you saw proof of it",
        )
    if age_class == "minor" and "guardian" not in body:
        raise RefusedError(
            "guardian: expected one with their relationship, as the subject is a minor",
            code="guardian-missing",
            hint="add --guardian NAME and --relationship parent or guardian",
        )
    if age_class != "minor" and "guardian" in body:
        raise RefusedError("guardian: expected none, as the subject is not recorded as a minor", code="guardian-stray")
    minor = age_class == "minor"
    if body["kind"] != (kind := kind_of(grants, minor=minor)):
        raise RefusedError(f"kind: expected {kind} for these grants, got {body['kind']}", code="kind-mismatch")
    if _text(body, "withdrawal", "notice_period") != (period := notice_period(grants)):
        raise RefusedError(f"withdrawal.notice_period: expected {period} for these grants", code="notice-mismatch")
    _check_biometrics(body, grants)
    if "shoot" in body:
        start, end = parse_day(_text(body, "shoot", "start")), parse_day(_text(body, "shoot", "end"))
        if not timedelta(0) <= end - start <= MAX_SHOOT:
            raise RefusedError(
                f"shoot: expected at most a year from {start} on, got an end on {end}", code="shoot-span"
            )


def check_initials(grants: Sequence[Grant], initialled: Sequence[str]) -> None:
    """Check that every permitted `ai.*` scope was initialled by itself, and nothing that was not permitted.

    Raises:
        RefusedError: one was not.
    """
    scopes = permitted(grants)
    for scope in scopes:
        if scope.is_ai and scope.value not in initialled:
            raise RefusedError(
                f"scope {scope}: expected initials of its own, beside the signature",
                code="initials-missing",
                hint=f"add --initials {scope}=INITIALS, or --initial {scope} to consent sign",
            )
    if strays := sorted(set(initialled) - {scope.value for scope in scopes}):
        raise RefusedError(f"scope {strays[0]}: has initials, and was not permitted", code="initials-stray")


def _check_biometrics(body: JsonObject, grants: Sequence[Grant]) -> None:
    data_types, retention = body["data_types"], body["retention"]
    assert isinstance(data_types, list)  # noqa: S101 the fields were checked
    assert isinstance(retention, dict)  # noqa: S101
    biometric = any(scope.is_biometric for scope in permitted(grants))
    if ("pd:FacialPrint" in data_types) != biometric:
        raise RefusedError(
            "data_types: expected pd:FacialPrint exactly where measuring a face is permitted", code="data-types"
        )
    if ("biometric_destroy_by" in retention) != biometric:
        raise RefusedError(
            "retention.biometric_destroy_by: expected exactly where measuring a face is permitted", code="retention"
        )
    if biometric:
        parse_day(str(retention["biometric_destroy_by"]))


def _text(body: JsonObject, name: str, member: str) -> str:
    value = body[name]
    return str(value[member]) if isinstance(value, dict) else ""
