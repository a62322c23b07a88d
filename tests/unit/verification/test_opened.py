"""What disclosures of one picture allow: only for that picture, only from its controller, only as far as they reach."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.consents import (
    CONTROLLER,
    NOW,
    OTHER_KEY,
    YEAR_END,
    decisions,
    signed_event,
    signed_record,
)
from support.openings import NAME, PICTURE, RECORD, disclosed, opening

from provenance.consent.disclosures import Disclosure
from provenance.consent.openings import ConsentDisclosure
from provenance.consent.records import Controller, controller_urn
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission
from provenance.credentials.manifest import ConsentAssertion
from provenance.verification.opened import OpenedStatus, choose_source
from provenance.verification.report import Finding
from provenance.verification.sources import Basis, StampedPicture, StatusSource

MINUTE = NOW.replace(second=0)
HOUR = timedelta(hours=1)
WEB = [Scope.PUBLISH_WEB]
GIVEN = signed_event(RECORD, proof="signature", now=NOW - 24 * HOUR)


def assertion(
    *handles: bytes, assurance: str | None = "drawn", controller: str = CONTROLLER.key_urn
) -> ConsentAssertion:
    return ConsentAssertion(
        handles=handles,
        subject_kind="real",
        scopes=("capture",),
        assurance="drawn",
        controller=CONTROLLER.key_urn,
        stamped_at="2026-11-23T21:07Z",
        entry=b"{}",
        log_origin="log.example/log",
        log_key="key",
        proof="proof",
    )


class Somebody:
    """A source that holds the consents itself, or does not."""

    basis: Basis = "studio"

    def __init__(self, code: ConsentCode) -> None:
        self._answer = Permission(code, "as they say")

    def revoked(self, picture: StampedPicture) -> datetime | None:
        return None

    def when_stamped(self, picture: StampedPicture, *, scopes: Any) -> Permission:
        return self._answer

    def permission(
        self, picture: StampedPicture, *, scopes: Any, territory: str | None, medium: str | None, at: datetime
    ) -> Permission:
        return self._answer


def chosen(
    *disclosures: ConsentDisclosure,
    stated: ConsentAssertion | None = None,
    source: StatusSource | None = None,
    digest: bytes | None = PICTURE,
    logged_at: datetime | None = MINUTE,
) -> tuple[StatusSource | None, list[Finding]]:
    findings: list[Finding] = []
    handles = disclosures[0].openings[0].handle if disclosures else bytes(32)
    found = choose_source(
        source,
        disclosures,
        assertion=stated or assertion(handles),
        digest=digest,
        logged_at=logged_at,
        findings=findings,
    )
    return found, findings


def opened(*disclosures: ConsentDisclosure, **options: Any) -> tuple[OpenedStatus, StampedPicture]:
    found, findings = chosen(*disclosures, **options)
    assert findings == []
    assert isinstance(found, OpenedStatus)
    return found, StampedPicture((disclosures[0].openings[0].handle,), PICTURE)


def codes(findings: list[Finding]) -> list[str]:
    assert {finding.step for finding in findings} <= {9}
    return [finding.code for finding in findings]


# --- what they allow


def test_a_disclosure_answers_for_then_and_now() -> None:
    status, picture = opened(disclosed(opening(events=[GIVEN])))
    assert status.basis == "opened"
    assert status.when_stamped(picture, scopes=WEB).code is ConsentCode.IN_FORCE
    assert status.permission(picture, scopes=WEB, territory=None, medium=None, at=NOW).code is ConsentCode.IN_FORCE
    assert (
        status.permission(picture, scopes=[Scope.MINE], territory=None, medium=None, at=NOW).code is ConsentCode.LIMITED
    )
    both = status.permission(picture, scopes=[Scope.PUBLISH_WEB, Scope.MINE], territory=None, medium=None, at=NOW)
    assert both.code is ConsentCode.LIMITED
    assert status.permission(picture, scopes=[], territory=None, medium=None, at=NOW).code is ConsentCode.UNKNOWN


def test_a_yes_holds_for_twice_the_interval_and_not_a_second_longer() -> None:
    made = disclosed(opening(events=[GIVEN]))
    status, picture = opened(made)
    last = made.made_at + 2 * timedelta(seconds=made.refresh)
    assert status.permission(picture, scopes=WEB, territory=None, medium=None, at=last).code is ConsentCode.IN_FORCE
    late = status.permission(picture, scopes=WEB, territory=None, medium=None, at=last + timedelta(seconds=1))
    assert late == Permission(ConsentCode.UNKNOWN, "as of 2026-11-23 it was in force; ask for a new disclosure")


@pytest.mark.parametrize("hours", [1, 24 * 365])
def test_a_no_holds_for_ever(hours: int) -> None:
    gone = signed_event(RECORD, "withdrawn", previous=GIVEN, now=NOW - HOUR, by="subject")
    status, picture = opened(disclosed(opening(events=[GIVEN, gone])))
    answer = status.permission(picture, scopes=WEB, territory=None, medium=None, at=NOW + hours * HOUR)
    assert answer.code is ConsentCode.WITHDRAWN
    assert status.when_stamped(picture, scopes=WEB).code is ConsentCode.WITHDRAWN


def test_what_ended_it_in_the_minute_of_the_stamp_came_first() -> None:
    end = MINUTE + timedelta(seconds=59)
    for moment, code in ((end, ConsentCode.WITHDRAWN), (end + timedelta(seconds=1), ConsentCode.IN_FORCE)):
        gone = signed_event(RECORD, "withdrawn", previous=GIVEN, now=moment, by="subject")
        status, picture = opened(disclosed(opening(events=[GIVEN, gone]), now=NOW + HOUR))
        assert status.when_stamped(picture, scopes=WEB).code is code, moment


def test_what_renewed_it_in_the_minute_of_the_stamp_came_after() -> None:
    ending = signed_record(
        decisions("publish.web", until=NOW.date() - timedelta(days=1), since=NOW.date() - 9 * timedelta(days=1))
    )
    given = signed_event(ending, proof="signature", now=NOW - 48 * HOUR)
    for moment, code in ((MINUTE, ConsentCode.EXPIRED), (MINUTE - timedelta(seconds=1), ConsentCode.IN_FORCE)):
        renewed = signed_event(ending, "renewed", previous=given, until=YEAR_END, now=moment)
        status, picture = opened(disclosed(opening(ending, [given, renewed]), now=NOW + HOUR))
        assert status.when_stamped(picture, scopes=WEB).code is code, moment


def test_without_a_proven_time_it_is_not_known_what_held_then() -> None:
    status, picture = opened(disclosed(opening(events=[GIVEN])), logged_at=None)
    assert status.when_stamped(picture, scopes=WEB).reason == "the ledger does not prove when it was stamped"


def test_a_picture_with_another_handle_is_not_known() -> None:
    status, _ = opened(disclosed())
    other = StampedPicture((bytes(32),), PICTURE)
    assert status.when_stamped(other, scopes=WEB).code is ConsentCode.NOT_FOUND
    assert status.permission(other, scopes=WEB, territory=None, medium=None, at=NOW).code is ConsentCode.NOT_FOUND
    nobody = StampedPicture((), PICTURE)
    assert status.permission(nobody, scopes=WEB, territory=None, medium=None, at=NOW).code is ConsentCode.NOT_FOUND


def test_of_several_people_the_most_restrictive_speaks() -> None:
    other = signed_record(decisions("capture", deny=["publish.web"]))
    two = disclosed(opening(), opening(other))
    handles = tuple(one.handle for one in two.openings)
    found, findings = chosen(two, stated=assertion(*handles))
    assert (findings, isinstance(found, OpenedStatus)) == ([], True)
    assert found is not None
    answer = found.permission(StampedPicture(handles, PICTURE), scopes=WEB, territory=None, medium=None, at=NOW)
    assert answer.code is ConsentCode.LIMITED


def test_a_name_is_shown_only_where_it_was_revealed() -> None:
    shown = opened(disclosed(opening(revealed=[NAME])))[0].shown()
    assert [person.revealed for person in shown.people] == [{"legal_name": "Zoë Ångström"}]
    assert [person.revealed for person in opened(disclosed())[0].shown().people] == [{}]


# --- which are used at all


def test_who_holds_the_consents_answers_first() -> None:
    studio = Somebody(ConsentCode.IN_FORCE)
    assert chosen(disclosed(), source=studio) == (studio, [])
    assert isinstance(chosen(disclosed(), source=Somebody(ConsentCode.NOT_FOUND))[0], OpenedStatus)
    assert chosen(source=studio) == (studio, [])


def test_a_disclosure_of_another_picture_is_not_used() -> None:
    found, findings = chosen(disclosed(), digest=bytes(32))
    assert (found, codes(findings)) == (None, ["disclosure-picture"])


def test_of_a_picture_without_a_digest_it_is_told_that_nothing_can_be_told() -> None:
    found, findings = chosen(disclosed(), digest=None)
    assert found is None
    message = "which picture it is cannot be told, so that the disclosure was not used"
    assert findings == [Finding(9, "disclosure-undecided", message)]


def test_a_disclosure_of_another_controller_is_not_used() -> None:
    other = Controller("Another", controller_urn(OTHER_KEY), "DE", None)
    record = signed_record(controller=other, key=OTHER_KEY)
    foreign = disclosed(opening(record, key=OTHER_KEY), key=OTHER_KEY)
    found, findings = chosen(foreign)
    assert (found, codes(findings)) == (None, ["disclosure-controller"])


def test_a_disclosure_that_leaves_a_handle_closed_is_not_used() -> None:
    made = disclosed()
    found, findings = chosen(made, stated=assertion(made.openings[0].handle, bytes(32)))
    assert (found, codes(findings)) == (None, ["disclosure-handles"])


def test_two_disclosures_open_a_picture_together_and_the_newer_one_counts() -> None:
    gone = signed_event(RECORD, "withdrawn", previous=GIVEN, now=NOW + HOUR, by="subject")
    older, newer = disclosed(opening(events=[GIVEN])), None
    told = older.openings[0].events
    after = signed_event(RECORD, "withdrawn", previous=told[-1], now=NOW + HOUR, by="subject")
    newer = disclosed(opening(events=[*told, after]), now=NOW + 2 * HOUR)
    for order in ((older, newer), (newer, older)):
        status, picture = opened(*order)
        answer = status.permission(picture, scopes=WEB, territory=None, medium=None, at=NOW + 3 * HOUR)
        assert answer.code is ConsentCode.WITHDRAWN
    different = disclosed(opening(events=[GIVEN, gone]), now=NOW + 2 * HOUR)
    found, findings = chosen(older, different)
    assert (found, codes(findings)) == (None, ["disclosure-conflict"])


def test_of_two_disclosures_of_one_second_the_one_that_tells_more_counts() -> None:
    first = disclosed(opening(events=[GIVEN]))
    second = disclosed(opening(events=first.openings[0].events))
    assert first.made_at == second.made_at
    for order in ((first, second), (second, first)):
        opened(*order)


@pytest.mark.parametrize(("stated", "told"), [("drawn", []), ("recorded", []), ("passkey", ["assurance-overstated"])])
def test_an_assurance_above_the_records_is_told(stated: str, told: list[str]) -> None:
    made = disclosed()
    found, findings = chosen(made, stated=replace(assertion(made.openings[0].handle), assurance=stated))
    assert isinstance(found, OpenedStatus)
    assert codes(findings) == told


def test_a_stamp_that_is_silent_of_assurance_is_told_of_in_words() -> None:
    made = disclosed()
    _, findings = chosen(made, stated=replace(assertion(made.openings[0].handle), assurance=None))
    message = "the stamp says nothing of assurance, and the record drawn"
    assert findings == [Finding(9, "assurance-overstated", message)]


def test_a_later_disclosure_does_not_take_back_what_an_earlier_one_revealed() -> None:
    name, email = Disclosure.make("legal_name", "Zoë Ångström"), Disclosure.make("email", "zoe@example.org")
    record = signed_record(disclosures=(name, email))
    given = signed_event(record, proof="signature", now=NOW - 48 * HOUR)
    first = disclosed(opening(record, [given], revealed=[name]))
    later = disclosed(opening(record, first.openings[0].events, revealed=[email]), now=NOW + HOUR)
    for order in ((first, later), (later, first)):
        (person,) = opened(*order)[0].shown().people
        assert person.revealed == {"legal_name": "Zoë Ångström", "email": "zoe@example.org"}
