import dataclasses
import itertools
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.consents import NOW, YEAR_END, decisions, signed_event, signed_record

from provenance.consent.derived import (
    PLUS,
    UNLIMITED,
    DataMining,
    Person,
    data_mining,
    model_release_ids,
    model_release_status,
    training_mining,
    training_mining_of,
)
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


# --- what PLUS calls it


MINED = {Scope.AI_TRAIN: "AI training", Scope.AI_INFER: "AI analysis", Scope.MINE: "data mining"}
# What each code leaves allowed, as the PLUS vocabulary (2.0.1, Data Mining) describes it.
LEAVES: dict[str, set[Scope]] = {
    "DMI-ALLOWED": {Scope.AI_TRAIN, Scope.AI_INFER, Scope.MINE},
    "DMI-PROHIBITED-AIMLTRAINING": {Scope.AI_INFER, Scope.MINE},
    "DMI-PROHIBITED": set(),
}


def permitted_by(entries: dict[str, str]) -> set[Scope]:
    assert entries["cawg.ai_training"] == entries["cawg.ai_generative_training"]
    return {Scope(scope) for name, scope in SCOPE_OF.items() if entries[name] == "allowed"}


def told_by(said: DataMining | None) -> set[Scope]:
    assert said is not None
    code = said.code.removeprefix("http://ns.useplus.org/ldf/vocab/")
    if code != "DMI-PROHIBITED-SEECONSTRAINT":
        assert said.constraint is None
        return LEAVES[code]
    parts = (said.constraint or "").split("; ")
    assert [part.removesuffix(" not allowed").removesuffix(" allowed") for part in parts] == [*MINED.values()]
    return {scope for scope, part in zip(MINED, parts, strict=True) if not part.endswith(" not allowed")}


STATES = ("permit", "deny", "silence", "withdrawn", "expired", "not-begun", "superseded")


def standing_so(states: dict[Scope, str]) -> Person:
    """Return somebody whose grants stand as is said; what is AI has an end, as it must."""
    permit = [scope for scope, state in states.items() if state not in ("deny", "silence")]
    silent = [scope for scope, state in states.items() if state == "silence"]
    grants = []
    for grant in decisions(
        "capture", *permit, deny=[s for s, state in states.items() if state == "deny"], until=YEAR_END
    ):
        state = states.get(grant.scope)
        if grant.scope in silent and not grant.scope.is_ai:
            continue
        if state == "expired":
            grant = dataclasses.replace(grant, since=date(2026, 1, 1), until=date(2026, 1, 31))
        elif state == "not-begun":
            grant = dataclasses.replace(grant, since=date(2026, 12, 24))
        grants.append(grant)
    record = signed_record(grants)
    events = [signed_event(record)]
    if gone := [scope for scope, state in states.items() if state == "withdrawn"]:
        events.append(signed_event(record, "withdrawn", scopes=gone, previous=events[-1]))
    if gone := [scope for scope, state in states.items() if state == "superseded"]:
        events.append(signed_event(record, "superseded", scopes=gone, previous=events[-1], superseded_by=bytes(32)))
    return Person(record, events)


@pytest.mark.parametrize("train", STATES)
def test_plus_and_cawg_never_disagree(train: str) -> None:
    for infer, mine in itertools.product(STATES, STATES):
        states = {Scope.AI_TRAIN: train, Scope.AI_INFER: infer, Scope.MINE: mine}
        person = standing_so(states)
        entries = training_mining_of([person], at=NOW)
        assert permitted_by(entries) == told_by(data_mining([person], at=NOW)), states
        assert permitted_by(entries) == {scope for scope, state in states.items() if state == "permit"}, states


def test_of_several_people_the_most_restrictive_wins() -> None:
    everyone = [
        standing_so(dict(zip(MINED, states, strict=True))) for states in itertools.product(("permit", "deny"), repeat=3)
    ]
    for one, two in itertools.product(everyone, everyone):
        both = training_mining_of([one, two], at=NOW)
        alone = [permitted_by(training_mining_of([person], at=NOW)) for person in (one, two)]
        assert permitted_by(both) == alone[0] & alone[1] == told_by(data_mining([one, two], at=NOW))


def test_of_nobody_nothing_is_said() -> None:
    assert training_mining_of([], at=NOW) == {}
    assert data_mining([], at=NOW) is None


def unlimited(**changes: dict[str, Any]) -> Person:
    grants = [
        dataclasses.replace(grant, **changes.get(grant.scope.name, {}))
        for grant in decisions(*(scope.value for scope in UNLIMITED))
    ]
    record = signed_record(grants)
    return Person(record, [signed_event(record)])


def test_a_release_without_any_bound_is_unlimited() -> None:
    assert len(UNLIMITED) == 8
    assert model_release_status([unlimited()], real=True, at=NOW) == f"{PLUS}MR-UMR"


@pytest.mark.parametrize("scope", UNLIMITED)
@pytest.mark.parametrize(
    "bound",
    [
        {"decision": "deny"},
        {"until": YEAR_END},
        {"since": date(2026, 12, 24)},
        {"territory": ("DE",)},
        {"media": ("print",)},
        {"purposes": ("dpv:Marketing",)},
        {"constraints": ("no-political",)},
    ],
)
def test_any_bound_on_any_use_makes_a_release_limited(scope: Scope, bound: dict[str, Any]) -> None:
    person = unlimited(**{scope.name: bound})
    assert model_release_status([person], real=True, at=NOW) == f"{PLUS}MR-LMR"
    assert model_release_status([unlimited(), person], real=True, at=NOW) == f"{PLUS}MR-LMR"


def test_what_is_withdrawn_in_part_or_soon_is_limited() -> None:
    person = unlimited()
    gone = signed_event(person.record, "withdrawn", scopes=[Scope.PUBLISH_PRESS], previous=person.events[0])
    later = Person(person.record, [*person.events, gone])
    assert model_release_status([later], real=True, at=NOW) == f"{PLUS}MR-LMR"
    noticed = unlimited(
        PUBLISH_PRESS={"revocability": "notice:P30D", "legal_basis": "eu-gdpr:A6-1-b-contract-performance"}
    )
    assert model_release_status([noticed], real=True, at=NOW) == f"{PLUS}MR-UMR"
    asked = signed_event(noticed.record, "withdrawn", scopes=[Scope.PUBLISH_PRESS], previous=noticed.events[0])
    ending = Person(noticed.record, [*noticed.events, asked])
    assert ending.permits(Scope.PUBLISH_PRESS, at=NOW)
    assert model_release_status([ending], real=True, at=NOW) == f"{PLUS}MR-LMR"


def test_nobody_real_needs_no_release_and_nobody_known_has_none() -> None:
    assert model_release_status([], real=False, at=NOW) == f"{PLUS}MR-NAP"
    assert model_release_status([], real=True, at=NOW) == f"{PLUS}MR-NON"


def test_a_release_is_called_by_its_handles() -> None:
    assert model_release_ids([bytes(32), bytes([1]) * 32]) == [
        f"urn:headshot-provenance:handle:{'A' * 43}",
        "urn:headshot-provenance:handle:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
    ]


def test_the_table_in_the_documents_is_what_is_computed() -> None:
    text = (Path(__file__).parents[3] / "docs" / "spec" / "stamp.md").read_text("utf-8")
    rows = re.findall(r"^\| (yes|no) \| (yes|no) \| (yes|no) \| `([A-Z-]+)` \|", text, re.MULTILINE)
    assert len(rows) == 8
    for *answers, code in rows:
        person = standing_so({s: "permit" if a == "yes" else "deny" for s, a in zip(MINED, answers, strict=True)})
        said = data_mining([person], at=NOW)
        assert said is not None
        assert said.code == f"{PLUS}{code}"
