from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from support.consents import NOW, decisions, signed_event, signed_record
from support.refusals import refused

from provenance.consent.events import ConsentEvent, EventType
from provenance.consent.grants import decide
from provenance.consent.scopes import Scope
from provenance.consent.status import (
    ConsentCode,
    Permission,
    Standing,
    State,
    authorised,
    check_chain,
    stand,
    worst,
)
from provenance.errors import VerificationError

# Begins on the 24th, ends on the 30th, in two countries.
RECORD = signed_record(
    decisions(
        "capture",
        "publish.web",
        deny=["mine"],
        since=date(2026, 11, 24),
        until=date(2026, 11, 30),
        territory=["DE", "AT"],
    )
)
WORLDWIDE = signed_record(decisions("capture", since=date(2026, 11, 24)))
REFUSED = signed_record(decisions(deny=["capture"], since=date(2026, 11, 24)))

DURING = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)

# What happens: a type, the hours after `NOW`, and scopes.
Step = tuple[EventType, float, tuple[Scope, ...] | None]

GIVEN: Step = ("given", 0, None)
WITHDRAWN: Step = ("withdrawn", 48, None)
WEB_WITHDRAWN: Step = ("withdrawn", 36, (Scope.PUBLISH_WEB,))
BOTH_WITHDRAWN: Step = ("withdrawn", 36, (Scope.MINE, Scope.PUBLISH_WEB))


@cache
def history(*steps: Step) -> tuple[ConsentEvent, ...]:
    events: list[ConsentEvent] = []
    for event_type, hours, scopes in steps:
        previous = events[-1] if events else None
        at = NOW + timedelta(hours=hours)
        events.append(signed_event(RECORD, event_type, scopes=scopes, previous=previous, now=at))
    return tuple(events)


def ask(
    *steps: Step, scope: Scope = Scope.PUBLISH_WEB, at: datetime = DURING, territory: str | None = None
) -> Permission:
    return authorised(RECORD, history(*steps), scope=scope, at=at, territory=territory)


IN_FORCE = Permission(ConsentCode.IN_FORCE, "the grant publish.web says permit in DE, AT until 2026-11-30")
NOT_GIVEN = Permission(ConsentCode.UNKNOWN, "no consent had been given at that time")
WHOLE_GONE = Permission(ConsentCode.WITHDRAWN, "the consent was withdrawn on 2026-11-25", NOW + timedelta(hours=48))
WEB_GONE = Permission(
    ConsentCode.WITHDRAWN, "the grant publish.web was withdrawn on 2026-11-25", NOW + timedelta(hours=36)
)


@pytest.mark.parametrize(
    ("steps", "scope", "at", "territory", "expected"),
    [
        # given
        ([GIVEN], Scope.PUBLISH_WEB, DURING, None, IN_FORCE),
        ([GIVEN], Scope.PUBLISH_WEB, DURING, "DE", IN_FORCE),
        ([GIVEN], Scope.PUBLISH_WEB, DURING, "AT", IN_FORCE),
        # another territory
        (
            [GIVEN],
            Scope.PUBLISH_WEB,
            DURING,
            "FR",
            Permission(ConsentCode.LIMITED, "the grant publish.web is for DE, AT, not for FR"),
        ),
        # denied, denied because it concerns AI, not decided
        ([GIVEN], Scope.MINE, DURING, None, Permission(ConsentCode.LIMITED, "the grant mine says deny")),
        ([GIVEN], Scope.AI_TRAIN, DURING, None, Permission(ConsentCode.LIMITED, "the grant ai.train says deny")),
        (
            [GIVEN],
            Scope.PUBLISH_PRESS,
            DURING,
            None,
            Permission(ConsentCode.LIMITED, "nothing was decided on publish.press, and silence is not permission"),
        ),
        # before it was given, before its term, on its first and last day, and after it
        ([], Scope.PUBLISH_WEB, DURING, None, NOT_GIVEN),
        ([GIVEN], Scope.PUBLISH_WEB, NOW - timedelta(seconds=1), None, NOT_GIVEN),
        (
            [GIVEN],
            Scope.PUBLISH_WEB,
            NOW,
            None,
            Permission(ConsentCode.LIMITED, "the grant publish.web begins on 2026-11-24"),
        ),
        ([GIVEN], Scope.PUBLISH_WEB, DURING.replace(day=24, hour=0, minute=0, second=0), None, IN_FORCE),
        ([GIVEN], Scope.PUBLISH_WEB, DURING.replace(day=30, hour=23, minute=59, second=59), None, IN_FORCE),
        (
            [GIVEN],
            Scope.PUBLISH_WEB,
            DURING.replace(month=12, day=1, hour=0, minute=0, second=0),
            None,
            Permission(ConsentCode.EXPIRED, "the grant publish.web ended on 2026-11-30"),
        ),
        # withdrawn as a whole
        ([GIVEN, WITHDRAWN], Scope.PUBLISH_WEB, DURING, None, WHOLE_GONE),
        ([GIVEN, WITHDRAWN], Scope.MINE, DURING, None, WHOLE_GONE),
        ([GIVEN, WITHDRAWN], Scope.PUBLISH_PRESS, DURING, None, WHOLE_GONE),
        ([GIVEN, WITHDRAWN], Scope.PUBLISH_WEB, DURING + timedelta(days=365), "FR", WHOLE_GONE),
        ([GIVEN, WITHDRAWN], Scope.PUBLISH_WEB, NOW + timedelta(hours=48), None, WHOLE_GONE),
        ([GIVEN, WITHDRAWN], Scope.PUBLISH_WEB, NOW + timedelta(hours=48, seconds=-1), None, IN_FORCE),
        # withdrawn for one scope
        ([GIVEN, WEB_WITHDRAWN], Scope.PUBLISH_WEB, DURING, None, WEB_GONE),
        (
            [GIVEN, WEB_WITHDRAWN],
            Scope.CAPTURE,
            DURING,
            None,
            Permission(ConsentCode.IN_FORCE, "the grant capture says permit in DE, AT until 2026-11-30"),
        ),
        ([GIVEN, BOTH_WITHDRAWN], Scope.PUBLISH_WEB, DURING, None, WEB_GONE),
        # withdrawn twice: the first one that touched it counts
        ([GIVEN, WEB_WITHDRAWN, WITHDRAWN], Scope.PUBLISH_WEB, DURING, None, WEB_GONE),
        ([GIVEN, WEB_WITHDRAWN, WITHDRAWN], Scope.CAPTURE, DURING, None, WHOLE_GONE),
        # what was withdrawn is not given again
        ([GIVEN, WITHDRAWN, ("given", 50, None)], Scope.PUBLISH_WEB, DURING, None, WHOLE_GONE),
        # a withdrawal of something that was never given
        ([WITHDRAWN], Scope.PUBLISH_WEB, DURING, None, NOT_GIVEN),
    ],
)
def test_a_consent_allows_what_its_events_leave_of_it(
    steps: list[Step], scope: Scope, at: datetime, territory: str | None, expected: Permission
) -> None:
    assert ask(*steps, scope=scope, at=at, territory=territory) == expected


def test_a_consent_for_the_world_covers_every_country() -> None:
    given = signed_event(WORLDWIDE)
    for territory in (None, "DE", "FR", "WORLD"):
        permission = authorised(WORLDWIDE, [given], scope=Scope.CAPTURE, at=DURING, territory=territory)
        assert permission == Permission(ConsentCode.IN_FORCE, "the grant capture says permit")


def test_a_consent_for_two_countries_does_not_cover_the_world() -> None:
    assert ask(GIVEN, territory="WORLD").code is ConsentCode.LIMITED


def test_a_consent_without_an_end_goes_on() -> None:
    given = signed_event(WORLDWIDE)
    later = DURING + timedelta(days=365 * 50)
    assert authorised(WORLDWIDE, [given], scope=Scope.CAPTURE, at=later).code is ConsentCode.IN_FORCE


def test_a_refusal_is_answered_by_its_grants() -> None:
    refusal = signed_event(REFUSED, "refused")
    assert authorised(REFUSED, [refusal], scope=Scope.CAPTURE, at=DURING) == Permission(
        ConsentCode.LIMITED, "the grant capture says deny"
    )


@pytest.mark.parametrize("scope", Scope)
def test_nothing_is_in_force_without_a_grant_that_permits_it(scope: Scope) -> None:
    grant = RECORD.grant(scope)
    permitted = grant is not None and grant.decision == "permit"
    assert (ask(GIVEN, scope=scope).code is ConsentCode.IN_FORCE) is permitted


def test_a_grant_that_permits_is_not_in_force_where_the_consent_was_refused() -> None:
    refused_whole = Permission(ConsentCode.LIMITED, "the consent as a whole was refused")
    assert ask(("refused", 0, None)) == refused_whole
    assert ask(("refused", 0, None), GIVEN) == ask(GIVEN, ("refused", 0, None)) == refused_whole
    assert ask(GIVEN, ("refused", 100, None)) == IN_FORCE
    assert ask(("refused", 0, None), scope=Scope.MINE).reason == "the grant mine says deny"
    assert ask(("refused", 0, None), WITHDRAWN) == WHOLE_GONE


def test_an_unknown_consent_is_never_a_yes() -> None:
    assert authorised(RECORD, [], scope=Scope.CAPTURE, at=DURING).code is ConsentCode.UNKNOWN


# --- the chain


def test_no_events_form_a_chain() -> None:
    check_chain([])


def test_events_in_order_form_a_chain() -> None:
    check_chain(history(GIVEN, WEB_WITHDRAWN, WITHDRAWN))


def test_events_of_one_second_form_a_chain() -> None:
    check_chain(history(GIVEN, ("withdrawn", 0, None)))


CHAIN = history(GIVEN, WEB_WITHDRAWN, WITHDRAWN)


@pytest.mark.parametrize(
    ("events", "number"),
    [
        (CHAIN[1:], 1),
        (CHAIN[2:], 1),
        ((CHAIN[0], CHAIN[2]), 2),
        ((CHAIN[0], CHAIN[0]), 2),
        ((CHAIN[0], CHAIN[1], CHAIN[1]), 3),
        ((CHAIN[1], CHAIN[0]), 1),
        ((CHAIN[0], CHAIN[2], CHAIN[1]), 2),
        ((*CHAIN, CHAIN[0]), 4),
    ],
    ids=[
        "no first",
        "no first two",
        "no second",
        "doubled",
        "last doubled",
        "turned",
        "swapped",
        "begun anew",
    ],
)
def test_a_chain_with_a_missing_or_misplaced_event_is_refused(events: Sequence[ConsentEvent], number: int) -> None:
    message = f"consent event {number}: does not follow the one before it"
    with refused(VerificationError, message, code="event-chain"):
        check_chain(events)
    with refused(VerificationError, message, code="event-chain"):
        authorised(RECORD, events, scope=Scope.CAPTURE, at=DURING)


def test_an_event_older_than_the_one_before_it_is_refused() -> None:
    events = history(WITHDRAWN, GIVEN)
    with refused(VerificationError, "consent event 2: is older than the one before it", code="event-chain"):
        check_chain(events)


def test_a_missing_withdrawal_is_found_although_it_lies_behind_the_time_asked_for() -> None:
    with refused(VerificationError, "consent event 2: does not follow the one before it", code="event-chain"):
        authorised(RECORD, [CHAIN[0], CHAIN[2]], scope=Scope.CAPTURE, at=NOW + HOUR)


# --- purpose and medium

BOUND = signed_record(
    decide(
        permit=[Scope.PUBLISH_WEB],
        deny=[],
        since=NOW.date(),
        until=None,
        territory=[],
        use=None,
        media=["web", "print"],
        purposes=["dpv:PublicRelations"],
    )
)


@pytest.mark.parametrize(
    ("purpose", "medium", "reason"),
    [
        (None, None, "the grant publish.web says permit"),
        ("dpv:PublicRelations", "print", "the grant publish.web says permit"),
        ("dpv:Marketing", None, "the grant publish.web is for dpv:PublicRelations, not for dpv:Marketing"),
        ("dpv:PublicRelations", "social", "the grant publish.web is for web, print, not for social"),
        (None, "ANY", "the grant publish.web is for web, print, not for ANY"),
    ],
)
def test_a_use_outside_of_its_purpose_or_medium_is_a_no(purpose: str | None, medium: str | None, reason: str) -> None:
    events = [signed_event(BOUND)]
    answer = authorised(BOUND, events, scope=Scope.PUBLISH_WEB, at=DURING, purpose=purpose, medium=medium)
    assert answer.reason == reason
    assert (answer.code is ConsentCode.IN_FORCE) is reason.endswith("permit")


def test_any_purpose_and_medium_are_covered_where_none_is_named() -> None:
    asked = {"purpose": "dpv:Marketing", "medium": "outdoor"}
    given = [signed_event(WORLDWIDE)]
    answer = authorised(WORLDWIDE, given, scope=Scope.CAPTURE, at=DURING, **asked)
    assert answer.code is ConsentCode.IN_FORCE


# --- every end has its answer


@pytest.mark.parametrize(
    ("kind", "details", "code", "reason"),
    [
        ("revoked", {}, ConsentCode.WITHDRAWN, "the consent was revoked by the controller on 2026-11-24"),
        ("invalidated", {}, ConsentCode.WITHDRAWN, "the consent was declared invalid on 2026-11-24"),
        (
            "superseded",
            {"superseded_by": bytes(32)},
            ConsentCode.EXPIRED,
            "the consent was replaced by a newer record on 2026-11-24",
        ),
        (
            "majority-reached",
            {},
            ConsentCode.EXPIRED,
            "the subject came of age by 2026-11-24, and has not consented themselves",
        ),
    ],
)
def test_an_end_is_named(kind: EventType, details: dict[str, Any], code: ConsentCode, reason: str) -> None:
    given = signed_event(WORLDWIDE)
    end = signed_event(WORLDWIDE, kind, previous=given, now=NOW + timedelta(days=1), **details)
    answer = authorised(WORLDWIDE, [given, end], scope=Scope.CAPTURE, at=DURING)
    assert answer == Permission(code, reason, NOW + timedelta(days=1))
    assert authorised(WORLDWIDE, [given, end], scope=Scope.CAPTURE, at=NOW + HOUR * 12).code is ConsentCode.IN_FORCE


def test_what_was_given_for_one_scope_says_nothing_of_another() -> None:
    given = signed_event(WORLDWIDE, scopes=[Scope.MINE])
    answer = authorised(WORLDWIDE, [given], scope=Scope.CAPTURE, at=DURING)
    assert answer == NOT_GIVEN


def test_a_renewal_of_an_endless_grant_gives_it_no_end() -> None:
    given = signed_event(WORLDWIDE)
    renewed = signed_event(WORLDWIDE, "renewed", previous=given, until=date(2026, 11, 25), now=NOW)
    later = NOW + timedelta(days=900)
    assert authorised(WORLDWIDE, [given, renewed], scope=Scope.CAPTURE, at=later).code is ConsentCode.IN_FORCE


def test_where_a_grant_stands_is_told_with_what_brought_it_there() -> None:
    given = signed_event(RECORD)
    renewed = signed_event(RECORD, "renewed", previous=given, until=date(2027, 1, 1), now=NOW + HOUR)
    standing = stand(RECORD, [given, renewed], scope=Scope.CAPTURE, at=DURING)
    assert standing == Standing(State.RENEWED, renewed, NOW + HOUR, date(2027, 1, 1), None)


# --- several answers

WORST_FIRST = [
    ConsentCode.WITHDRAWN,
    ConsentCode.EXPIRED,
    ConsentCode.LIMITED,
    ConsentCode.NOT_FOUND,
    ConsentCode.NOT_LINKED,
    ConsentCode.UNKNOWN,
    ConsentCode.IN_FORCE,
    ConsentCode.NOT_NEEDED,
]


def test_every_code_has_its_place_in_the_order() -> None:
    assert sorted(WORST_FIRST) == sorted(ConsentCode)


@pytest.mark.parametrize("one", WORST_FIRST)
@pytest.mark.parametrize("two", WORST_FIRST)
def test_the_more_restrictive_answer_speaks_for_both(one: ConsentCode, two: ConsentCode) -> None:
    expected = WORST_FIRST[min(WORST_FIRST.index(one), WORST_FIRST.index(two))]
    assert worst([Permission(one, "one"), Permission(two, "two")]).code is expected


def test_the_first_of_equally_restrictive_answers_is_given() -> None:
    first, second = Permission(ConsentCode.LIMITED, "first"), Permission(ConsentCode.LIMITED, "second")
    assert worst([Permission(ConsentCode.IN_FORCE, "yes"), first, second]) is first


def test_a_single_answer_speaks_for_itself() -> None:
    assert worst([IN_FORCE]) is IN_FORCE


def test_without_any_answer_there_is_none_to_give() -> None:
    with pytest.raises(ValueError, match="empty"):
        worst([])


# --- the order of taking effect, and answers to what was asked for


NOTICED = signed_record(
    decide(
        permit=[Scope.CAPTURE, Scope.PUBLISH_WEB],
        deny=[],
        since=date(2026, 11, 23),
        until=None,
        territory=(),
        use=None,
        bases={Scope.PUBLISH_WEB: "eu-gdpr:A6-1-b-contract-performance"},
        revocability={Scope.PUBLISH_WEB: "notice:P30D"},
    )
)
LOCKED = signed_record(
    decide(
        permit=[Scope.PUBLISH_WEB],
        deny=[],
        since=date(2026, 11, 23),
        until=None,
        territory=(),
        use=None,
        bases={Scope.PUBLISH_WEB: "eu-gdpr:A6-1-b-contract-performance"},
        revocability={Scope.PUBLISH_WEB: "irrevocable_until:2027-06-30"},
    )
)
WEB = (Scope.PUBLISH_WEB,)


def test_what_takes_effect_later_comes_later_whatever_it_is_called() -> None:
    given = signed_event(NOTICED)
    gone = signed_event(NOTICED, "withdrawn", scopes=WEB, previous=given, now=NOW + HOUR)
    revoked = signed_event(NOTICED, "revoked", scopes=WEB, previous=gone, now=NOW + 2 * HOUR)
    after = stand(NOTICED, [given, gone, revoked], scope=Scope.PUBLISH_WEB, at=NOW + timedelta(days=60))
    assert (after.state, after.since) == (State.REVOKED, NOW + 2 * HOUR)
    invalid = signed_event(
        NOTICED, "invalidated", scopes=WEB, previous=gone, now=NOW + timedelta(days=40), by="authority"
    )
    late = stand(NOTICED, [given, gone, invalid], scope=Scope.PUBLISH_WEB, at=NOW + timedelta(days=60))
    assert late.state is State.WITHDRAWN


@pytest.mark.parametrize(("answer", "code"), [("granted", ConsentCode.WITHDRAWN), ("declined", ConsentCode.IN_FORCE)])
def test_a_requested_withdrawal_takes_effect_by_its_answer(answer: Any, code: ConsentCode) -> None:
    given = signed_event(LOCKED)
    asked = signed_event(LOCKED, "withdrawal-requested", scopes=WEB, previous=given, now=NOW + HOUR)
    answered = signed_event(
        LOCKED, "withdrawal-answered", scopes=WEB, previous=asked, now=NOW + 2 * HOUR, answer=answer
    )
    events = [given, asked, answered]
    for hours, expected in ((1.5, ConsentCode.IN_FORCE), (2.0, code), (24.0, code)):
        at = NOW + hours * HOUR
        assert authorised(LOCKED, events, scope=Scope.PUBLISH_WEB, at=at).code is expected, hours
    # Whatever was answered, it ends with the time that it was irrevocable for.
    end = NOW.replace(year=2027, month=7, day=1, hour=1)
    assert authorised(LOCKED, events, scope=Scope.PUBLISH_WEB, at=end).code is ConsentCode.WITHDRAWN


def test_what_is_over_is_over_wherever_one_asks() -> None:
    answer = ask(GIVEN, at=NOW + timedelta(days=30), territory="FR")
    assert (answer.code, answer.reason) == (ConsentCode.EXPIRED, "the grant publish.web ended on 2026-11-30")
