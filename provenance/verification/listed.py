"""Steps 8 and 10 from status lists that the caller has: what a studio says for everybody who holds its pictures.

A list is believed only where the key signed it that the stamp names as its controller's. It says no more than what it
says: a bounded consent, or a use that lists do not tell of, stays unknown.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from provenance.clock import to_minutes, to_seconds
from provenance.consent.answers import Answer, Answers
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission, worst
from provenance.credentials.manifest import ConsentAssertion
from provenance.status_lists import STALE_AFTER, StatusList
from provenance.verification.consent import axis_of
from provenance.verification.report import Axis, CredentialCode, Finding

# A caller's clock may be a little behind the studio's.
_SKEW = timedelta(minutes=5)
_SAYS = {
    Answer.YES: (ConsentCode.IN_FORCE, "says that the consent covers"),
    Answer.NO: (ConsentCode.LIMITED, "says that the consent does not cover"),
    Answer.ENDED: (ConsentCode.EXPIRED, "says that the consent has run out for"),
    Answer.ASK: (ConsentCode.UNKNOWN, "leaves it to the studio to say whether the consent covers"),
}
_UNANSWERED = (ConsentCode.UNKNOWN, ConsentCode.NOT_FOUND)


def choose_lists(
    lists: Sequence[StatusList], assertion: ConsentAssertion, *, at: datetime, findings: list[Finding]
) -> list[StatusList]:
    """Return the newest list that tells of a stamp at a time, all of that second; or none, and the findings say why.

    Args:
        lists: each checked by `parse_status_list`.
        assertion: what the stamp says.
        at: the time that is asked about.
        findings: told why none is used, where some were given.
    """
    if not lists:
        return []
    place = assertion.status
    if place is None:
        findings.append(Finding(10, "status-place", "the stamp names no place in a status list"))
        return []
    about = [
        one
        for one in lists
        if (one.controller, one.log_origin, one.number) == (assertion.controller, assertion.log_origin, place.list)
    ]
    if not about:
        findings.append(Finding(10, "status-other", "the status list is of other pictures, and was not used"))
        return []
    newest = max(about, key=lambda one: one.issued_at)
    # Of what the studio promised in the stamp and says in the list, the shorter counts.
    ends = min(newest.ends_at, newest.issued_at + STALE_AFTER * timedelta(seconds=place.refresh))
    if not newest.issued_at - _SKEW <= at < ends:
        day = to_minutes(newest.issued_at)
        findings.append(Finding(10, "status-stale", f"the status list of {day} does not tell of the time asked about"))
        return []
    return [one for one in about if one.issued_at == newest.issued_at]


def heed_lists(
    credential: Axis,
    now: Axis,
    lists: Sequence[StatusList],
    assertion: ConsentAssertion,
    *,
    scope: Scope | None,
    findings: list[Finding],
) -> tuple[Axis, Axis]:
    """Return both axes, as they are after lists say of the stamp: the worst of it and of what was known.

    Args:
        credential: as it was judged.
        now: the consent now, as somebody else answered, or as unknown.
        lists: of one time, as chosen; perhaps none.
        assertion: what the stamp says.
        scope: the use that is asked for, or None for what the stamp rests on.
        findings: told of a revocation.
    """
    if assertion.status is None or not lists:
        return credential, now
    answers = [Answers.from_values(one.values(assertion.status.index)) for one in lists]
    day = to_minutes(lists[0].issued_at)
    if any(one.stamp is Answer.NO for one in answers) and credential.code != CredentialCode.REVOKED:
        findings.append(
            Finding(8, "stamp-revoked", f"the studio's status list of {day} says that it revoked this stamp")
        )
        credential = Axis(
            CredentialCode.REVOKED,
            "Stamp revoked",
            f"The studio's list of {day} says that it revoked the stamp: it no longer stands by what it says.",
            credential.facts,
        )
    if not assertion.handles or now.code not in (*_UNANSWERED, ConsentCode.IN_FORCE):
        return credential, now
    listed = worst([_permission(one, scope, f"the studio's list of {day}") for one in answers])
    if now.code == ConsentCode.IN_FORCE and listed.code in _UNANSWERED:
        return credential, now
    told = axis_of(listed)
    return credential, replace(told, facts={**told.facts, "as_of": to_seconds(lists[0].issued_at)})


def _permission(answers: Answers, scope: Scope | None, list_of_day: str) -> Permission:
    if answers.consent is Answer.NO:
        return Permission(ConsentCode.WITHDRAWN, f"{list_of_day} says that the consent no longer stands")
    if answers.consent is Answer.ENDED:
        return Permission(ConsentCode.EXPIRED, f"{list_of_day} says that the consent has run out")
    answer = answers.about(scope)
    if answer is None:
        return Permission(ConsentCode.UNKNOWN, f"{list_of_day} does not tell of {scope}")
    code, says = _SAYS[answer]
    return Permission(code, f"{list_of_day} {says} {'what the stamp rests on' if scope is None else scope.value}")
