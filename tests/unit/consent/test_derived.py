from datetime import date

import pytest
from support.consents import YEAR_END, decisions, signed_record

from provenance.consent.derived import training_mining
from provenance.consent.scopes import Scope

SCOPE_OF = {
    "cawg.ai_generative_training": "ai.train",
    "cawg.ai_inference": "ai.infer",
    "cawg.ai_training": "ai.train",
    "cawg.data_mining": "mine",
}


def test_silence_is_not_permission() -> None:
    assert training_mining(signed_record(decisions("capture"))) == dict.fromkeys(SCOPE_OF, "notAllowed")


def test_everything_that_was_permitted_is_allowed() -> None:
    record = signed_record(decisions("ai.train", "ai.infer", "mine", until=YEAR_END))
    assert training_mining(record) == dict.fromkeys(SCOPE_OF, "allowed")


@pytest.mark.parametrize("scope", Scope)
def test_each_scope_allows_its_own_entries_and_no_others(scope: Scope) -> None:
    record = signed_record(decisions(scope.value, until=YEAR_END))
    assert training_mining(record) == {
        name: "allowed" if decided == scope.value else "notAllowed" for name, decided in SCOPE_OF.items()
    }


@pytest.mark.parametrize("scope", ["ai.train", "ai.infer", "mine"])
def test_what_was_denied_is_not_allowed(scope: str) -> None:
    record = signed_record(decisions("capture", deny=[scope]))
    assert training_mining(record) == dict.fromkeys(SCOPE_OF, "notAllowed")


def test_the_entries_stand_in_one_order() -> None:
    assert [*training_mining(signed_record())] == [*SCOPE_OF]


@pytest.mark.xfail(strict=True, reason="the terms of a grant are not looked at")
def test_what_was_permitted_until_a_day_that_has_passed_is_not_allowed() -> None:
    record = signed_record(decisions("mine", since=date(2026, 1, 1), until=date(2026, 6, 30)))
    assert training_mining(record)["cawg.data_mining"] == "notAllowed"
