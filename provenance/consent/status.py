"""What a consent allows, and when: a fold over its signed events. Status is never stored.

A scope is permitted at a time if and only if the record was given by then, its grant says permit, the time lies in
the grant's term, the place lies in its territory, and no withdrawal touched it by then. Everything else is a no, or
unknown; unknown is never a yes. The transitions are drawn in `docs/concepts/consent.md`.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from provenance.consent.events import ConsentEvent
from provenance.consent.grants import WORLD, Grant
from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope
from provenance.errors import VerificationError


class ConsentCode(enum.StrEnum):
    """The answer to whether a consent covers a use."""

    IN_FORCE = "in-force"
    LIMITED = "limited"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    NOT_NEEDED = "not-needed"
    NOT_FOUND = "not-found"
    NOT_LINKED = "not-linked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Permission:
    """An answer, with its reason.

    Attributes:
        code: `in-force` is the only yes.
        reason: names the grant and the rule, in one plain sentence without a full stop.
        since: when a withdrawal or an end took effect, where there is one.
    """

    code: ConsentCode
    reason: str
    since: datetime | None = None


def check_chain(events: Sequence[ConsentEvent]) -> None:
    """Check that events are in order and none between them is missing.

    Raises:
        VerificationError: one is.
    """
    previous: ConsentEvent | None = None
    for number, event in enumerate(events, 1):
        if event.previous != (None if previous is None else previous.digest):
            raise VerificationError(f"consent event {number}: does not follow the one before it", code="event-chain")
        if previous is not None and event.at < previous.at:
            raise VerificationError(f"consent event {number}: is older than the one before it", code="event-chain")
        previous = event


def authorised(
    record: ConsentRecord,
    events: Sequence[ConsentEvent],
    *,
    scope: Scope,
    at: datetime,
    territory: str | None = None,
) -> Permission:
    """Answer whether `scope` is permitted at `at`, in `territory` if one is given.

    Args:
        record: checked by `parse_record`.
        events: all events of the record, each checked by `parse_event`, in order.
        scope: the use that is asked for.
        at: the time that is asked for.
        territory: an ISO 3166 code.

    Raises:
        VerificationError: the events do not form one chain.
    """
    check_chain(events)
    happened = [event for event in events if event.at <= at]
    if not any(event.type in ("given", "refused") for event in happened):
        return Permission(ConsentCode.UNKNOWN, "no consent had been given at that time")
    for event in happened:
        if event.type == "withdrawn" and (event.scopes is None or scope in event.scopes):
            whole = "the consent" if event.scopes is None else f"the grant {scope}"
            return Permission(ConsentCode.WITHDRAWN, f"{whole} was withdrawn on {event.at.date()}", event.at)
    answer = _by_grant(record.grant(scope), scope, at, territory)
    if answer.code is ConsentCode.IN_FORCE and any(event.type == "refused" for event in happened):
        return Permission(ConsentCode.LIMITED, "the consent as a whole was refused")
    return answer


def _by_grant(grant: Grant | None, scope: Scope, at: datetime, territory: str | None) -> Permission:
    if grant is None:
        return Permission(ConsentCode.LIMITED, f"nothing was decided on {scope}, and silence is not permission")
    if grant.decision == "deny":
        return Permission(ConsentCode.LIMITED, f"the grant {scope} says deny")
    if at.date() < grant.since:
        return Permission(ConsentCode.LIMITED, f"the grant {scope} begins on {grant.since}")
    if grant.until is not None and at.date() > grant.until:
        return Permission(ConsentCode.EXPIRED, f"the grant {scope} ended on {grant.until}")
    if territory is not None and WORLD not in grant.territory and territory not in grant.territory:
        places = ", ".join(grant.territory)
        return Permission(ConsentCode.LIMITED, f"the grant {scope} is for {places}, not for {territory}")
    where = "" if WORLD in grant.territory else f" in {', '.join(grant.territory)}"
    end = "" if grant.until is None else f" until {grant.until}"
    return Permission(ConsentCode.IN_FORCE, f"the grant {scope} says permit{where}{end}")


# Which answer speaks for several: the first of these that any of them gives.
_WORST_FIRST = (
    ConsentCode.WITHDRAWN,
    ConsentCode.EXPIRED,
    ConsentCode.LIMITED,
    ConsentCode.NOT_FOUND,
    ConsentCode.NOT_LINKED,
    ConsentCode.UNKNOWN,
    ConsentCode.IN_FORCE,
    ConsentCode.NOT_NEEDED,
)


def worst(permissions: Sequence[Permission]) -> Permission:
    """Return the answer that speaks for all: the most restrictive one.

    Raises:
        ValueError: there is none.
    """
    return min(permissions, key=lambda permission: _WORST_FIRST.index(permission.code))
