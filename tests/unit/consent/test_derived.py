from datetime import date, datetime, timedelta

import pytest
from support.consents import NOW, YEAR_END, decisions, signed_event, signed_record

from provenance.consent.derived import training_mining
from provenance.consent.events import ConsentEvent
from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope

SCOPE_OF = {
    "cawg.ai_generative_training": "ai.train",
    "cawg.ai_inference": "ai.infer",
    "cawg.ai_training": "ai.train",
    "cawg.data_mining": "mine",
}
NOTHING = dict.fromkeys(SCOPE_OF, "notAllowed")
EVERYTHING = dict.fromkeys(SCOPE_OF, "allowed")

ALL = signed_record(decisions("ai.train", "ai.infer", "mine", until=YEAR_END))


def derived(record: ConsentRecord, *later: ConsentEvent, at: datetime = NOW) -> dict[str, str]:
    return training_mining(record, [signed_event(record), *later], at=at)


def test_silence_is_not_permission() -> None:
    assert derived(signed_record(decisions("capture"))) == NOTHING


def test_everything_that_was_permitted_is_allowed() -> None:
    assert derived(ALL) == EVERYTHING


@pytest.mark.parametrize("scope", Scope)
def test_each_scope_allows_its_own_entries_and_no_others(scope: Scope) -> None:
    assert derived(signed_record(decisions(scope.value, until=YEAR_END))) == {
        name: "allowed" if decided == scope.value else "notAllowed" for name, decided in SCOPE_OF.items()
    }


@pytest.mark.parametrize("scope", ["ai.train", "ai.infer", "mine"])
def test_what_was_denied_is_not_allowed(scope: str) -> None:
    assert derived(signed_record(decisions("capture", deny=[scope]))) == NOTHING


def test_the_entries_stand_in_one_order() -> None:
    assert [*derived(ALL)] == [*SCOPE_OF]


def test_what_was_not_given_yet_or_has_ended_is_not_allowed() -> None:
    assert training_mining(ALL, [], at=NOW) == NOTHING
    assert derived(ALL, at=NOW - timedelta(seconds=1)) == NOTHING
    assert derived(ALL, at=NOW.replace(month=12, day=31)) == EVERYTHING
    assert derived(ALL, at=NOW.replace(year=2027, month=1, day=1)) == NOTHING


def test_what_has_not_begun_is_not_allowed() -> None:
    later = signed_record(decisions("mine", since=date(2026, 12, 1)))
    assert derived(later) == NOTHING
    assert derived(later, at=NOW.replace(month=12))["cawg.data_mining"] == "allowed"


def test_what_was_withdrawn_is_not_allowed() -> None:
    given = signed_event(ALL)
    mining = signed_event(ALL, "withdrawn", scopes=[Scope.MINE], previous=given)
    assert training_mining(ALL, [given, mining], at=NOW) == {**EVERYTHING, "cawg.data_mining": "notAllowed"}
    whole = signed_event(ALL, "withdrawn", previous=given)
    assert training_mining(ALL, [given, whole], at=NOW) == NOTHING
