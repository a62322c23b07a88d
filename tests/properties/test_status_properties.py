from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.consents import NOW, decisions, signed_event, signed_record
from support.tries import tries

from provenance.consent.disclosures import Disclosure
from provenance.consent.events import ConsentEvent, EventType, parse_event
from provenance.consent.grants import decide
from provenance.consent.parties import Terms
from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission, authorised, worst

# The scopes that are asked about: permitted, denied and never mentioned in one record or another.
SCOPES = (Scope.CAPTURE, Scope.PUBLISH_WEB, Scope.MINE, Scope.AI_TRAIN)
PLACES = (None, "DE", "AT", "FR", "WORLD")

FIRST, LAST = date(2026, 11, 24), date(2026, 11, 27)

CONTRACT = "eu-gdpr:A6-1-b-contract-performance"

RECORDS = (
    signed_record(decisions("capture")),
    signed_record(decisions("capture", "publish.web", since=FIRST, until=LAST, territory=["DE", "AT"])),
    signed_record(decisions("capture", "ai.train", deny=["mine"], until=LAST, territory=["FR"])),
    signed_record(decisions("publish.web", "mine", since=FIRST)),
    signed_record(
        decide(
            permit=[Scope.CAPTURE, Scope.PUBLISH_WEB, Scope.MINE],
            deny=[],
            since=NOW.date(),
            until=date(2026, 12, 1),
            territory=[],
            use=None,
            bases={Scope.CAPTURE: CONTRACT, Scope.PUBLISH_WEB: CONTRACT},
            revocability={Scope.CAPTURE: "notice:P2D", Scope.PUBLISH_WEB: f"irrevocable_until:{LAST}"},
        )
    ),
    signed_record(
        decisions("capture", "publish.web", until=LAST),
        terms=Terms(age_class="minor", relationship="dpv:ParentOfDataSubject"),
    ),
)
REFUSED_RECORD = signed_record(decisions(deny=["capture", "publish.web"]))

PAUSES = st.sampled_from([timedelta(seconds=seconds) for seconds in (0, 1, 3599, 25_000, 86_400, 3 * 86_400)])
MOMENTS = st.integers(-86_400, 9 * 86_400).map(lambda seconds: NOW + timedelta(seconds=seconds))
TOUCHED = st.none() | st.lists(st.sampled_from(SCOPES), min_size=1, max_size=3, unique=True)
RECIPIENT = Disclosure.make("recipient", "Acme GmbH")
ENDS: tuple[EventType, ...] = ("revoked", "invalidated", "superseded")
NEUTRAL: tuple[EventType, ...] = ("disclosed", "source-photos-deleted", "model-destroyed", "erased")
DETAILS: dict[str, dict[str, Any]] = {"superseded": {"superseded_by": bytes(32)}, "disclosed": {"recipient": RECIPIENT}}


@dataclass(frozen=True)
class Happened:
    """What was done, in the test's own words."""

    kind: str
    at: datetime
    scopes: tuple[Scope, ...] | None
    until: date | None = None


def takes_effect(one: Happened, revocability: str) -> datetime:
    """Return when something that was done counts: a withdrawal after its notice, or after the irrevocable time."""
    if one.kind in ("withdrawn", "withdrawal-requested"):
        if revocability.startswith("notice:P2D"):
            return one.at + timedelta(days=2)
        if revocability.startswith("irrevocable_until:"):
            return max(one.at, datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC) + timedelta(days=1))
    return one.at


def permitted(record: ConsentRecord, happened: list[Happened], scope: Scope, at: datetime, place: str | None) -> bool:
    """Return whether a use is permitted, by the sentences that the consent model rests on."""
    grants = {grant.scope: grant for grant in record.grants}
    if scope not in grants:
        return False
    grant = grants[scope]
    touching = [one for one in happened if one.scopes is None or scope in one.scopes]
    timed = sorted(((takes_effect(one, grant.revocability), one) for one in touching), key=lambda pair: pair[0])
    counts = [one for moment, one in timed if moment <= at]
    given = [place for place, one in enumerate(counts) if one.kind == "given"]
    if not given:
        return False
    taken_back = ("withdrawn", "withdrawal-requested", "withdrawal-granted", "refused", *ENDS)
    if any(one.kind in taken_back for one in counts):
        return False
    if any(one.kind == "majority-reached" for one in counts[given[0] :]):
        return False
    ends = [one.until for one in counts[given[0] :] if one.kind == "renewed" and one.until is not None]
    until = None if grant.until is None else max([grant.until, *ends])
    in_term = grant.since <= at.date() and (until is None or at.date() <= until)
    in_place = place is None or "WORLD" in grant.territory or place in grant.territory
    return grant.decision == "permit" and in_term and in_place


class ConsentLife(RuleBasedStateMachine):
    """One consent, from its signing on, with real signatures; whatever happens to it, its status must follow."""

    def __init__(self) -> None:
        super().__init__()
        self.record = RECORDS[0]
        self.events: list[ConsentEvent] = []
        self.happened: list[Happened] = []
        self.clock = NOW

    @initialize(record=st.sampled_from([*RECORDS, REFUSED_RECORD]))
    def sign(self, record: ConsentRecord) -> None:
        self.record = record

    @rule(pause=PAUSES)
    def wait(self, pause: timedelta) -> None:
        self.clock += pause

    @rule()
    def decide(self) -> None:
        self.happen("refused" if self.record is REFUSED_RECORD else "given", None)

    @rule(scopes=TOUCHED)
    def withdraw(self, scopes: list[Scope] | None) -> None:
        self.happen("withdrawn", scopes)

    @rule(scopes=TOUCHED)
    def ask_to_withdraw(self, scopes: list[Scope] | None) -> None:
        self.happen("withdrawal-requested", scopes)

    @rule(scopes=TOUCHED, answer=st.sampled_from(["granted", "declined"]))
    def answer(self, scopes: list[Scope] | None, answer: str) -> None:
        self.happen("withdrawal-answered", scopes, answer=answer)

    @rule(scopes=TOUCHED, days=st.integers(-5, 9))
    def renew(self, scopes: list[Scope] | None, days: int) -> None:
        self.happen("renewed", scopes, until=LAST + timedelta(days=days))

    @rule(kind=st.sampled_from(ENDS), scopes=TOUCHED)
    def end(self, kind: EventType, scopes: list[Scope] | None) -> None:
        self.happen(kind, scopes, **DETAILS.get(kind, {}))

    @rule(kind=st.sampled_from(NEUTRAL), scopes=TOUCHED)
    def note(self, kind: EventType, scopes: list[Scope] | None) -> None:
        self.happen(kind, scopes, **DETAILS.get(kind, {}))

    @rule()
    def come_of_age(self) -> None:
        self.happen("majority-reached", None)

    def happen(self, kind: EventType, scopes: list[Scope] | None, **details: Any) -> None:
        previous = self.events[-1] if self.events else None
        event = signed_event(self.record, kind, scopes=scopes, previous=previous, now=self.clock, **details)
        self.events.append(parse_event(event.to_bytes(), record=self.record))
        called = f"withdrawal-{details['answer']}" if "answer" in details else kind
        touched = None if scopes is None else tuple(scopes)
        self.happened.append(Happened(called, self.clock, touched, details.get("until")))

    @rule(scope=st.sampled_from(SCOPES), at=MOMENTS, place=st.sampled_from(PLACES))
    def ask(self, scope: Scope, at: datetime, place: str | None) -> None:
        answer = authorised(self.record, self.events, scope=scope, at=at, territory=place)
        expected = permitted(self.record, self.happened, scope, at, place)
        assert (answer.code is ConsentCode.IN_FORCE) is expected
        self.check_only_the_past_counts(answer, scope, at, place)

    def check_only_the_past_counts(self, answer: Permission, scope: Scope, at: datetime, place: str | None) -> None:
        past = [event for event in self.events if event.at <= at]
        assert authorised(self.record, past, scope=scope, at=at, territory=place) == answer

    @invariant()
    def now_follows(self) -> None:
        for scope in SCOPES:
            answer = authorised(self.record, self.events, scope=scope, at=self.clock)
            assert (answer.code is ConsentCode.IN_FORCE) is permitted(
                self.record, self.happened, scope, self.clock, None
            )

    @invariant()
    def what_was_given_and_taken_back_stays_so(self) -> None:
        given = [one.at for one in self.happened if one.kind in ("given", "refused")]
        for one in self.happened:
            if one.kind not in ("withdrawn", "withdrawal-requested", *ENDS) or not given:
                continue
            for scope in one.scopes or SCOPES:
                grant = self.record.grant(scope)
                effect = takes_effect(one, "any_time" if grant is None else grant.revocability)
                later = max(effect, given[0])
                for at in (later, later + timedelta(days=2), later + timedelta(days=10_000)):
                    answer = authorised(self.record, self.events, scope=scope, at=at)
                    assert answer.code in (ConsentCode.WITHDRAWN, ConsentCode.EXPIRED)
                    assert answer.since is not None
                    assert answer.since <= effect


TestConsentLife = ConsentLife.TestCase
TestConsentLife.settings = settings(max_examples=tries(150), stateful_step_count=25, deadline=None)


PERMISSIONS = st.lists(st.builds(Permission, st.sampled_from(ConsentCode), st.just("reason")), min_size=1, max_size=6)


@given(PERMISSIONS, st.randoms(use_true_random=False))
def test_the_answer_for_all_does_not_depend_on_their_order(permissions: list[Permission], chance: Random) -> None:
    shuffled = list(permissions)
    chance.shuffle(shuffled)
    assert worst(shuffled).code is worst(permissions).code


@given(PERMISSIONS)
def test_all_are_a_yes_only_if_each_of_them_is_one(permissions: list[Permission]) -> None:
    agreed = {ConsentCode.IN_FORCE, ConsentCode.NOT_NEEDED}
    assert (worst(permissions).code in agreed) is all(one.code in agreed for one in permissions)
