"""What a consent allows, and when: a fold over its signed events. Status is never stored.

A scope is permitted at a time if and only if the record was given by then, its grant says permit, nothing that ended
it had taken effect, the time lies in the grant's term (as last renewed), and the place, purpose and medium in its
bounds. Everything else is a no, or unknown; unknown is never a yes. The same table stands in
`docs/concepts/consent.md`, and a test compares the two.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from provenance.consent.events import ConsentEvent, EventType
from provenance.consent.grants import WORLD, Grant
from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import ANY, withdrawn_from
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


class State(enum.StrEnum):
    """Where one grant stands after its events, in the words of DPV's consent status; the clock comes on top."""

    NOTHING = "nothing"  # dpv:ConsentUnknown
    REQUESTED = "requested"
    GIVEN = "given"
    REFUSED = "refused"
    RENEWED = "renewed"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    INVALIDATED = "invalidated"
    SUPERSEDED = "superseded"


LIVE: Final = frozenset({State.GIVEN, State.RENEWED})

_ENDED: Final[dict[EventType, State]] = {
    "withdrawn": State.WITHDRAWN,
    "revoked": State.REVOKED,
    "invalidated": State.INVALIDATED,
    "superseded": State.SUPERSEDED,
}

_ANSWERS: Final = {
    State.WITHDRAWN: (ConsentCode.WITHDRAWN, "{what} was withdrawn on {day}"),
    State.REVOKED: (ConsentCode.WITHDRAWN, "{what} was revoked by the controller on {day}"),
    State.INVALIDATED: (ConsentCode.WITHDRAWN, "{what} was declared invalid on {day}"),
    State.SUPERSEDED: (ConsentCode.EXPIRED, "{what} was replaced by a newer record on {day}"),
    State.REQUESTED: (ConsentCode.EXPIRED, "the subject came of age by {day}, and has not consented themselves"),
}

# Every transition that there is; any other event leaves a grant where it stands. What has ended has no way out.
TRANSITIONS: Final[dict[tuple[State, EventType], State]] = {
    (State.NOTHING, "given"): State.GIVEN,
    (State.NOTHING, "refused"): State.REFUSED,
    (State.GIVEN, "refused"): State.REFUSED,
    (State.RENEWED, "refused"): State.REFUSED,
    (State.GIVEN, "renewed"): State.RENEWED,
    (State.GIVEN, "majority-reached"): State.REQUESTED,
    (State.RENEWED, "majority-reached"): State.REQUESTED,
    **{
        (state, event): ended
        for state in (State.NOTHING, State.REQUESTED, State.GIVEN, State.REFUSED, State.RENEWED)
        for event, ended in _ENDED.items()
    },
}


@dataclass(frozen=True, slots=True)
class Permission:
    """An answer, with its reason.

    Attributes:
        code: `in-force` is the only yes.
        reason: names the grant and the rule, in one plain sentence without a full stop.
        since: when a withdrawal or an end took effect, where there is one.
        erased: when the data of a person concerned were erased, where they were; it changes no answer.
    """

    code: ConsentCode
    reason: str
    since: datetime | None = None
    erased: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one grant stands at a time.

    Attributes:
        state: after all that had taken effect.
        event: the one that brought it there, or None.
        since: when that took effect.
        until: the last day of its term, as last renewed.
        ends: when a withdrawal that was received already will take effect, or None.
    """

    state: State
    event: ConsentEvent | None
    since: datetime | None
    until: date | None
    ends: datetime | None


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


def stand(record: ConsentRecord, events: Sequence[ConsentEvent], *, scope: Scope, at: datetime) -> Standing:
    """Return where the grant on `scope` stands at `at`.

    Raises:
        VerificationError: the events do not form one chain.
    """
    check_chain(events)
    grant = record.grant(scope)
    effects = [effect for event in events if (effect := _effect(event, grant, scope)) is not None]
    state, brought, since = State.NOTHING, None, None
    until = None if grant is None else grant.until
    # The order is that of taking effect; of two at once, the one that was signed first comes first.
    for moment, event, kind in sorted(effects, key=lambda effect: effect[0]):
        if moment > at:
            break
        after = TRANSITIONS.get((state, kind), state)
        if kind == "renewed" and state in LIVE and until is not None and event.detail.until is not None:
            until = max(until, event.detail.until)
        if after is not state:
            state, brought, since = after, event, moment
    coming = [moment for moment, event, kind in effects if kind == "withdrawn" and event.at <= at < moment]
    return Standing(state, brought, since, until, min(coming, default=None))


def authorised(
    record: ConsentRecord,
    events: Sequence[ConsentEvent],
    *,
    scope: Scope,
    at: datetime,
    purpose: str | None = None,
    medium: str | None = None,
    territory: str | None = None,
) -> Permission:
    """Answer whether `scope` is permitted at `at`, for a purpose, in a medium and a territory where these are given.

    Args:
        record: checked by `parse_record`.
        events: all events of the record, each checked by `parse_event`, in order.
        scope: the use that is asked for.
        at: the time that is asked for.
        purpose: a DPV purpose, such as `dpv:Marketing`.
        medium: one of `vocabulary.MEDIA`.
        territory: an ISO 3166 code.

    Raises:
        VerificationError: the events do not form one chain.
    """
    standing = stand(record, events, scope=scope, at=at)
    if not any(event.type in ("given", "refused") for event in events if event.at <= at):
        return Permission(ConsentCode.UNKNOWN, "no consent had been given at that time")
    ended = _by_state(standing, scope)
    if ended is not None and standing.state is not State.REFUSED:
        return ended
    answer = _by_grant(record.grant(scope), standing, scope, at)
    if answer.code is not ConsentCode.IN_FORCE:
        return answer
    grant = record.grant(scope)
    if ended is not None or grant is None:
        return ended or answer
    return _by_bounds(grant, purpose, medium, territory) or answer


def _effect(event: ConsentEvent, grant: Grant | None, scope: Scope) -> tuple[datetime, ConsentEvent, EventType] | None:
    """Return when an event takes effect on a grant, and as what; None where it does not touch it."""
    if not event.touches(scope):
        return None
    if event.type in ("withdrawn", "withdrawal-requested"):
        return withdrawn_from("any_time" if grant is None else grant.revocability, event.at), event, "withdrawn"
    if event.type == "withdrawal-answered":
        return (event.at, event, "withdrawn") if event.detail.answer == "granted" else None
    return event.at, event, event.type


def _by_state(standing: Standing, scope: Scope) -> Permission | None:
    """Return the answer of a grant that is not live, or None where it is."""
    event, since = standing.event, standing.since
    if standing.state in LIVE:
        return None
    if event is None or since is None:
        return Permission(ConsentCode.UNKNOWN, "no consent had been given at that time")
    if standing.state is State.REFUSED:
        return Permission(ConsentCode.LIMITED, "the consent as a whole was refused")
    what = "the consent" if event.scopes is None else f"the grant {scope}"
    code, sentence = _ANSWERS[standing.state]
    return Permission(code, sentence.format(what=what, day=since.date()), since)


def _by_grant(grant: Grant | None, standing: Standing, scope: Scope, at: datetime) -> Permission:
    if grant is None:
        return Permission(ConsentCode.LIMITED, f"nothing was decided on {scope}, and silence is not permission")
    if grant.decision == "deny":
        return Permission(ConsentCode.LIMITED, f"the grant {scope} says deny")
    if at.date() < grant.since:
        return Permission(ConsentCode.LIMITED, f"the grant {scope} begins on {grant.since}")
    if standing.until is not None and at.date() > standing.until:
        return Permission(ConsentCode.EXPIRED, f"the grant {scope} ended on {standing.until}")
    where = "" if WORLD in grant.territory else f" in {', '.join(grant.territory)}"
    end = "" if standing.until is None else f" until {standing.until}"
    coming = "" if standing.ends is None else f", and is withdrawn from {standing.ends.date()} on"
    return Permission(ConsentCode.IN_FORCE, f"the grant {scope} says permit{where}{end}{coming}")


def _by_bounds(grant: Grant, purpose: str | None, medium: str | None, territory: str | None) -> Permission | None:
    """Return a no where what was asked for lies outside of a grant's bounds."""
    for asked, allowed, every in (
        (territory, grant.territory, WORLD),
        (purpose, grant.purposes, ANY),
        (medium, grant.media, ANY),
    ):
        if asked is not None and every not in allowed and asked not in allowed:
            reason = f"the grant {grant.scope} is for {', '.join(allowed)}, not for {asked}"
            return Permission(ConsentCode.LIMITED, reason)
    return None


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
