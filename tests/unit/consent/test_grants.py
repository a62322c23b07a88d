import dataclasses
from datetime import date
from typing import Any

import pytest
from support.consents import TODAY, USE, YEAR_END, decisions
from support.refusals import refused

from provenance.canonical import Json
from provenance.consent.grants import (
    MIN_USE_CHARACTERS,
    WORLD,
    Grant,
    check_grants,
    decide,
    parse_scope,
    parse_territory,
)
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import ANY, CONSENT_BASES, parse_day
from provenance.errors import InputError, RefusedError

AI_SCOPES = [scope for scope in Scope if scope.is_ai]
MEMBERS = "grant: expected decision, legal_basis, media, purposes, revocability, scope, term, territory"
SCOPES = "scopes: " + ", ".join(Scope)

FULL = Grant(
    scope=Scope.AI_GENERATE,
    decision="permit",
    since=TODAY,
    until=YEAR_END,
    territory=("DE", "AT"),
    use=USE,
    media=("web", "print"),
    purposes=("dpv:PublicRelations",),
    constraints=("AL-MRG", "no-political"),
    grantee=("Conference Ltd",),
)
WRITTEN: dict[str, Any] = {
    "scope": "ai.generate",
    "decision": "permit",
    "legal_basis": "eu-gdpr:A6-1-a",
    "revocability": "any_time",
    "territory": ["DE", "AT"],
    "media": ["web", "print"],
    "purposes": ["dpv:PublicRelations"],
    "term": {"from": "2026-11-23", "until": "2026-12-31"},
    "use_description": USE,
    "constraints": ["AL-MRG", "no-political"],
    "grantee": ["Conference Ltd"],
}
SHORT = Grant(scope=Scope.CAPTURE, decision="deny", since=TODAY)
SHORT_WRITTEN: dict[str, Any] = {
    "scope": "capture",
    "decision": "deny",
    "legal_basis": "eu-gdpr:A6-1-a",
    "revocability": "any_time",
    "territory": ["WORLD"],
    "media": ["ANY"],
    "purposes": ["ANY"],
    "term": {"from": "2026-11-23"},
}


def decided(scope: Scope, grants: tuple[Grant, ...]) -> Grant:
    (grant,) = (grant for grant in grants if grant.scope is scope)
    return grant


@pytest.mark.parametrize(("grant", "document"), [(FULL, WRITTEN), (SHORT, SHORT_WRITTEN)])
def test_a_grant_is_written_in_its_one_form_and_read_again(grant: Grant, document: dict[str, Any]) -> None:
    assert grant.to_json() == document
    assert Grant.from_json(document) == grant


def test_a_legal_basis_and_a_revocability_are_kept() -> None:
    grant = dataclasses.replace(SHORT, legal_basis="eu-gdpr:A6-1-f", revocability="notice:P30D")
    assert Grant.from_json(grant.to_json()) == grant


@pytest.mark.parametrize("name", sorted(SHORT_WRITTEN))
def test_a_grant_without_one_of_its_members_is_refused(name: str) -> None:
    with refused(InputError, MEMBERS):
        Grant.from_json({key: value for key, value in SHORT_WRITTEN.items() if key != name})


@pytest.mark.parametrize("document", [None, 5, "capture", [], {}, {**SHORT_WRITTEN, "more": 1}])
def test_another_document_than_a_grant_is_refused(document: Json) -> None:
    with refused(InputError, MEMBERS):
        Grant.from_json(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decision": "Permit"}, "grant: expected the decision permit or deny, got 'Permit'"),
        ({"decision": ["permit"]}, "grant: expected the decision permit or deny, got ['permit']"),
        ({"decision": None}, "grant: expected the decision permit or deny, got None"),
        ({"territory": "DE"}, "grant.territory: expected a list of at least one, and none twice"),
        ({"territory": None}, "grant.territory: expected a list of at least one, and none twice"),
        ({"territory": []}, "grant.territory: expected a list of at least one, and none twice"),
        ({"territory": ["de"]}, "grant.territory: expected every word as the vocabulary writes it"),
        ({"media": ["web", "web"]}, "grant.media: expected a list of at least one, and none twice"),
        ({"purposes": ["PublicRelations"]}, "grant.purposes: expected every word as the vocabulary writes it"),
        ({"constraints": []}, "grant.constraints: expected a list of at least one, and none twice"),
        ({"grantee": [5]}, "grant.grantee: expected every word as the vocabulary writes it"),
        (
            {"legal_basis": "A6-1-a"},
            "grant.legal_basis: expected the word as the vocabulary writes it, 'eu-gdpr:A6-1-a'",
        ),
        ({"term": []}, "grant.term: expected from and, where it ends, until"),
        ({"term": {"until": "2026-12-31"}}, "grant.term: expected from and, where it ends, until"),
        ({"term": {"from": "2026-12-31", "for": "ever"}}, "grant.term: expected from and, where it ends, until"),
        ({"use_description": 5}, "grant.use_description: expected text"),
    ],
)
def test_a_member_of_another_kind_is_refused(change: dict[str, Any], message: str) -> None:
    with refused(InputError, message):
        Grant.from_json({**WRITTEN, **change})


@pytest.mark.parametrize("scope", ["", "Capture", "publish", "ai.*", 5, None])
def test_a_grant_on_an_unknown_scope_is_refused(scope: Json) -> None:
    with refused(InputError, f"scope: expected a known one, got {str(scope)!r}", code="scope-unknown", hint=SCOPES):
        Grant.from_json({**WRITTEN, "scope": scope})


@pytest.mark.parametrize("code", ["", "D", "DEU", "world wide", 49])
def test_a_grant_for_an_unknown_territory_is_refused(code: Json) -> None:
    message = f"territory: expected two letters such as DE, or WORLD, got {str(code)!r}"
    with refused(InputError, message, code="territory"):
        Grant.from_json({**WRITTEN, "territory": ["DE", code]})


@pytest.mark.parametrize("value", ["", "2026-11-31", "23.11.2026", "20261123", "2026-W48-1", 20261123, True])
@pytest.mark.parametrize("end", ["from", "until"])
def test_a_term_with_something_else_than_days_is_refused(end: str, value: Json) -> None:
    term = {**WRITTEN["term"], end: value}
    with refused(InputError, f"date: expected a day such as 2027-12-31, got {value!r}", code="date"):
        Grant.from_json({**WRITTEN, "term": term})


def test_the_grants_stand_in_the_order_of_the_scopes() -> None:
    grants = decisions("post_mortem", "capture", deny=["publish.web"])
    order = [*Scope]
    places = [order.index(grant.scope) for grant in grants]
    assert places == sorted(places)
    assert len({*places}) == len(places)


def test_what_was_permitted_is_permitted_and_what_was_denied_is_denied() -> None:
    grants = decisions("capture", "publish.web", deny=["mine"])
    assert decided(Scope.CAPTURE, grants).decision == "permit"
    assert decided(Scope.PUBLISH_WEB, grants).decision == "permit"
    assert decided(Scope.MINE, grants).decision == "deny"


def test_every_scope_of_ai_that_was_not_permitted_is_recorded_as_denied() -> None:
    grants = decisions("capture")
    assert [grant.scope for grant in grants if grant.decision == "deny"] == AI_SCOPES
    assert {grant.scope for grant in grants} == {Scope.CAPTURE, *AI_SCOPES}


def test_only_the_permitted_scope_of_ai_is_not_denied() -> None:
    grants = decisions("ai.train", until=YEAR_END)
    assert {grant.scope: grant.decision for grant in grants} == {
        scope: "permit" if scope is Scope.AI_TRAIN else "deny" for scope in AI_SCOPES
    }


def test_a_scope_of_ai_may_be_denied_in_so_many_words() -> None:
    assert decisions("capture", deny=["ai.train"]) == decisions("capture")


def test_a_subject_may_deny_everything_that_was_asked() -> None:
    grants = decisions(deny=["capture"])
    assert {grant.decision for grant in grants} == {"deny"}


def test_term_and_territory_hold_for_every_grant() -> None:
    grants = decisions("capture", deny=["mine"], until=YEAR_END, territory=["DE", "AT"])
    assert {(grant.since, grant.until, grant.territory) for grant in grants} == {(TODAY, YEAR_END, ("DE", "AT"))}


def test_without_a_territory_a_consent_is_for_the_world() -> None:
    assert {grant.territory for grant in decisions("capture")} == {(WORLD,)}
    assert {grant.territory for grant in decisions("capture", territory=[WORLD])} == {(WORLD,)}


def test_a_territory_that_is_named_twice_counts_once() -> None:
    assert decisions("capture", territory=["DE", "AT", "DE"])[0].territory == ("DE", "AT")
    assert decisions("capture", territory=[WORLD, WORLD])[0].territory == (WORLD,)


def test_a_scope_that_is_named_twice_counts_once() -> None:
    assert decisions("capture", "capture") == decisions("capture")


@pytest.mark.parametrize("scope", AI_SCOPES)
def test_the_use_is_recorded_with_the_scopes_of_ai_that_it_describes(scope: Scope) -> None:
    grants = decisions("capture", scope.value, until=YEAR_END, use=USE)
    assert {grant.scope for grant in grants if grant.use is not None} == {scope}
    assert decided(scope, grants).use == USE


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_that_is_permitted_and_denied_is_refused(scope: Scope) -> None:
    with refused(RefusedError, f"scope {scope}: permitted and denied at once", code="grant-contradiction"):
        decisions(scope.value, deny=[scope.value], until=YEAR_END)


def test_no_decision_at_all_is_refused() -> None:
    with refused(
        RefusedError,
        "consent: expected at least one decision",
        code="grant-none",
        hint="add --permit SCOPE or --deny SCOPE",
    ):
        decisions()


def test_a_term_that_ends_before_it_begins_is_refused() -> None:
    message = "term: ends on 2026-11-22, before it begins on 2026-11-23"
    with refused(RefusedError, message, code="grant-term"):
        decisions("capture", until=date(2026, 11, 22))


def test_a_term_may_be_a_single_day() -> None:
    assert decisions("capture", until=TODAY)[0].until == TODAY


@pytest.mark.parametrize("scope", AI_SCOPES)
def test_consent_to_ai_without_an_end_date_is_refused(scope: Scope) -> None:
    with refused(
        RefusedError,
        f"scope {scope}: expected an end date, as consent to AI never lasts forever",
        code="grant-ai-term",
        hint="add --until YYYY-MM-DD",
    ):
        decisions("capture", scope.value)


def test_what_does_not_concern_ai_needs_no_end_date() -> None:
    everything_else = [scope.value for scope in Scope if not scope.is_ai]
    assert {grant.until for grant in decisions(*everything_else)} == {None}


@pytest.mark.parametrize("use", [None, "", "x" * 39, "  " + "x" * 39 + "  ", " " * 100])
def test_consent_to_generation_without_a_description_of_40_characters_is_refused(use: str | None) -> None:
    assert MIN_USE_CHARACTERS == 40
    with refused(
        RefusedError,
        "scope ai.generate: expected a description of the use of at least 40 characters",
        code="grant-ai-use",
        hint='add --use "what will be made, for whom, and where it will be shown"',
    ):
        decisions("ai.generate", until=YEAR_END, use=use)


@pytest.mark.parametrize("use", ["x" * 40, "ü" * 40, "写" * 40])
def test_a_description_of_40_characters_in_any_script_is_enough(use: str) -> None:
    assert decided(Scope.AI_GENERATE, decisions("ai.generate", until=YEAR_END, use=use)).use == use


@pytest.mark.parametrize("scope", [scope for scope in AI_SCOPES if scope is not Scope.AI_GENERATE])
def test_other_scopes_of_ai_need_no_description(scope: Scope) -> None:
    assert decided(scope, decisions(scope.value, until=YEAR_END, use=None)).decision == "permit"


@pytest.mark.parametrize("places", [[WORLD, "DE"], ["DE", WORLD]])
def test_the_world_and_a_country_at_once_are_refused(places: list[str]) -> None:
    with refused(RefusedError, "territory: WORLD and single countries at once", code="grant-territory"):
        decisions("capture", territory=places)


# --- the rules of a grant

CONTRACT = "eu-gdpr:A6-1-b-contract-performance"
CAPTURE_ONLY = {"permit": [Scope.CAPTURE], "deny": [], "since": TODAY, "until": YEAR_END, "territory": [], "use": None}


def contract(revocability: str, **changes: Any) -> tuple[Grant, ...]:
    terms = {"bases": {Scope.CAPTURE: CONTRACT}, "revocability": {Scope.CAPTURE: revocability}}
    return decide(**{**CAPTURE_ONLY, **terms, **changes})


@pytest.mark.parametrize("basis", CONSENT_BASES)
@pytest.mark.parametrize("revocability", ["notice:P30D", "irrevocable_until:2026-12-01"])
def test_consent_that_cannot_be_withdrawn_at_any_time_is_refused(basis: str, revocability: str) -> None:
    with refused(
        RefusedError,
        f"scope capture: consent ({basis}) can be withdrawn at any time, got {revocability}",
        code="grant-revocability",
        hint="name another legal basis for it, or leave it revocable at any time",
    ):
        contract(revocability, bases={Scope.CAPTURE: basis})


@pytest.mark.parametrize("revocability", ["any_time", "notice:P30D", "irrevocable_until:2026-12-31"])
def test_a_contract_may_bind_longer(revocability: str) -> None:
    grant = decided(Scope.CAPTURE, contract(revocability))
    assert (grant.legal_basis, grant.revocability) == (CONTRACT, revocability)


@pytest.mark.parametrize(
    ("day", "rest"),
    [
        ("2026-11-22", "before its term begins on 2026-11-23"),
        ("2027-01-01", "beyond its term that ends on 2026-12-31"),
    ],
)
def test_an_irrevocable_time_outside_of_the_term_is_refused(day: str, rest: str) -> None:
    message = f"scope capture: irrevocable until {day}, {rest}"
    with refused(RefusedError, message, code="grant-irrevocable"):
        contract(f"irrevocable_until:{day}")


def test_an_irrevocable_time_within_an_endless_term_is_bounded_by_itself() -> None:
    assert decided(Scope.CAPTURE, contract("irrevocable_until:2030-01-01", until=None)).until is None


@pytest.mark.parametrize(("name", "word"), [("media", "web"), ("purposes", "dpv:Marketing")])
def test_any_and_single_ones_at_once_are_refused(name: str, word: str) -> None:
    with refused(RefusedError, f"{name}: ANY and single ones at once", code=f"grant-{name}"):
        decide(**{**CAPTURE_ONLY, name: [ANY, word]})  # type: ignore[arg-type]


def test_terms_of_a_scope_that_was_not_permitted_are_refused() -> None:
    message = "scope mine: has terms, and was not permitted"
    with refused(RefusedError, message, code="grant-stray-terms"):
        decide(**CAPTURE_ONLY, bases={Scope.MINE: CONTRACT})  # type: ignore[arg-type]


@pytest.mark.parametrize("scope", [Scope.BIOMETRIC_TEMPLATE, Scope.BIOMETRIC_MATCH])
def test_measuring_a_face_needs_explicit_consent(scope: Scope) -> None:
    terms = {**CAPTURE_ONLY, "permit": [scope]}
    assert decided(scope, decide(**terms)).legal_basis == "eu-gdpr:A9-2-a"  # type: ignore[arg-type]
    message = f"scope {scope}: expected explicit consent (eu-gdpr:A9-2-a), got {CONTRACT}"
    with refused(RefusedError, message, code="grant-biometric-basis"):
        decide(**terms, bases={scope: CONTRACT})  # type: ignore[arg-type]


def test_retouching_that_its_own_constraint_forbids_is_refused() -> None:
    message = "scope edit.retouch: permits retouching, and its constraint AL-RET forbids it"
    terms = {**CAPTURE_ONLY, "permit": [Scope.EDIT_RETOUCH], "constraints": ["AL-RET"]}
    with refused(RefusedError, message, code="grant-contradiction"):
        decide(**terms)  # type: ignore[arg-type]


def test_grants_that_say_nothing_of_a_scope_of_ai_are_refused() -> None:
    message = "scope ai.infer: expected a decision, as silence on AI is recorded as a denial"
    with refused(RefusedError, message, code="grant-ai-silent"):
        check_grants([grant for grant in decisions("capture") if grant.scope is not Scope.AI_INFER])


def test_no_grants_at_all_are_refused() -> None:
    with refused(RefusedError, "consent: expected at least one decision", code="grant-none"):
        check_grants([])


def test_a_refused_decision_leaves_the_lists_as_they_were() -> None:
    permit, deny, territory = [Scope.CAPTURE], [Scope.MINE], ["DE", "DE"]
    decide(permit=permit, deny=deny, since=TODAY, until=None, territory=territory, use=None)
    assert (permit, deny, territory) == ([Scope.CAPTURE], [Scope.MINE], ["DE", "DE"])


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_is_found_by_its_name(scope: Scope) -> None:
    assert parse_scope(scope.value) is scope


@pytest.mark.parametrize("text", ["", "CAPTURE", " capture", "publish", "ai.", "ai.generate "])
def test_a_scope_of_another_name_is_refused(text: str) -> None:
    with refused(InputError, f"scope: expected a known one, got {text!r}", code="scope-unknown", hint=SCOPES):
        parse_scope(text)


@pytest.mark.parametrize(
    ("text", "code"), [("DE", "DE"), ("de", "DE"), ("gB", "GB"), ("WORLD", WORLD), ("world", WORLD)]
)
def test_a_territory_is_read_in_small_and_capital_letters(text: str, code: str) -> None:
    assert parse_territory(text) == code


@pytest.mark.parametrize("text", ["", "D", "DEU", " DE", "DE\n", "D1", "ÄÖ", "ДЕ", "WORLDS", "DE,AT"])
def test_another_territory_is_refused(text: str) -> None:
    message = f"territory: expected two letters such as DE, or WORLD, got {text!r}"
    with refused(InputError, message, code="territory"):
        parse_territory(text)


@pytest.mark.parametrize("text", ["ß", "ﬁ", "ﬆ", "ıt", "ſe"])
def test_a_letter_that_is_none_of_ascii_is_no_territory(text: str) -> None:
    message = f"territory: expected two letters such as DE, or WORLD, got {text!r}"
    with refused(InputError, message, code="territory"):
        parse_territory(text)


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2028, 2, 29), date(1, 1, 1), date(9999, 12, 31)])
def test_a_day_is_read(day: date) -> None:
    assert parse_day(day.isoformat()) == day


@pytest.mark.parametrize(
    "text", ["", "today", "2027-02-29", "2026-1-1", "20261123", "2026-11-23T00:00", " 2026-11-23", "2026-11-23\n"]
)
def test_another_day_is_refused(text: str) -> None:
    with refused(InputError, f"date: expected a day such as 2027-12-31, got {text!r}", code="date"):
        parse_day(text)


# --- the first of several is named, and what is only near a rule does not break it


def test_without_a_word_the_basis_is_consent() -> None:
    (capture, *_) = decisions("capture")
    assert capture.legal_basis == "eu-gdpr:A6-1-a"


def test_of_several_contradictions_the_first_is_named() -> None:
    with refused(RefusedError, "scope capture: permitted and denied at once", code="grant-contradiction"):
        decisions("mine", "capture", deny=["mine", "capture"])


@pytest.mark.parametrize(
    ("bases", "revocability"),
    [
        ({Scope.MINE: CONSENT_BASES[0], Scope.CAPTURE: CONSENT_BASES[0]}, {}),
        ({}, {Scope.MINE: "any_time", Scope.CAPTURE: "any_time"}),
        ({Scope.MINE: CONSENT_BASES[0]}, {Scope.CAPTURE: "any_time"}),
        ({Scope.CAPTURE: CONSENT_BASES[0]}, {Scope.CAPTURE: "any_time"}),
    ],
)
def test_terms_of_what_was_not_permitted_are_refused(bases: dict[Scope, str], revocability: dict[Scope, str]) -> None:
    with refused(RefusedError, "scope capture: has terms, and was not permitted", code="grant-stray-terms"):
        decide(
            permit=[Scope.PUBLISH_WEB],
            deny=[],
            since=TODAY,
            until=None,
            territory=(),
            use=None,
            bases=bases,
            revocability=revocability,
        )


def test_what_belongs_to_a_permission_is_not_said_of_a_denial() -> None:
    grants = decide(
        permit=[Scope.CAPTURE],
        deny=[Scope.MINE],
        since=TODAY,
        until=None,
        territory=(),
        use=None,
        constraints=["no-political"],
        grantee=["Example Press"],
    )
    said = {grant.scope: (grant.constraints, grant.grantee) for grant in grants}
    assert said.pop(Scope.CAPTURE) == (("no-political",), ("Example Press",))
    assert set(said.values()) == {((), ())}


@pytest.mark.parametrize("times", [2, 3])
def test_a_scope_that_was_decided_on_more_than_once_is_refused(times: int) -> None:
    capture, *others = decisions("capture", "mine")
    mine = next(grant for grant in others if grant.scope is Scope.MINE)
    message = "scope capture: decided on twice"
    with refused(RefusedError, message, code="grant-doubled"):
        check_grants([*others, *[capture] * times, mine])
    check_grants([capture, *others])


def test_of_the_scopes_of_ai_that_are_silent_the_first_is_named() -> None:
    silent = [grant for grant in decisions("capture") if grant.scope not in (Scope.AI_TRAIN, Scope.AI_EDIT)]
    message = "scope ai.edit: expected a decision, as silence on AI is recorded as a denial"
    with refused(RefusedError, message, code="grant-ai-silent"):
        check_grants(silent)


@pytest.mark.parametrize("scope", ["capture", "edit.basic", "sublicense"])
def test_who_forbids_retouching_may_permit_everything_else(scope: str) -> None:
    (grant,) = [grant for grant in decisions(scope) if grant.scope == scope]
    others = [other for other in decisions(scope) if other.scope != scope]
    check_grants([dataclasses.replace(grant, constraints=("AL-RET",)), *others])
