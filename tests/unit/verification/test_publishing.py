from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.reports import AT, report

from provenance.canonical import Json
from provenance.consent.scopes import Scope
from provenance.errors import InputError
from provenance.verification import Question
from provenance.verification.publishing import ALLOWABLE, Answer, Publication, PublishingPolicy, judge_publication
from provenance.verification.report import Axis, Finding, Report, Shown

POLICY = PublishingPolicy(
    "mine",
    "",
    {
        "credential": frozenset({"trusted"}),
        "origin": frozenset({"camera-signed", "camera-declared", "ai-generated"}),
        "history": frozenset({"clean"}),
        "ledger": frozenset({"proven"}),
        "consent": frozenset({"in-force"}),
    },
    scope=Scope.PUBLISH_WEB,
)


def judge(found: Report, **changes: Any) -> Publication:
    policy = replace(POLICY, **changes)
    return judge_publication(found, policy=policy, question=policy.question(Question(AT)))


def answer(found: Report, **changes: Any) -> tuple[str, str]:
    said = judge(found, **changes)
    return said.answer.value, said.rule


def test_where_every_rule_holds_it_is_ok() -> None:
    said = judge(report())
    assert said == Publication("mine", Answer.OK, "all", "Everything that the policy mine asks for holds.")
    assert said.to_json()["answer"] == "ok"


@pytest.mark.parametrize(
    "changes",
    [
        {"credential": "invalid"},
        {"credential": "revoked"},
        {"origin": "conflict"},
        {"history": "damaged"},
        {"ledger": "inconsistent"},
        {"consent_now": "withdrawn"},
        {"consent_now": "limited"},
        {"consent_then": "expired"},
    ],
)
def test_what_failed_is_never_published(changes: Mapping[str, str]) -> None:
    allowed = {part: frozenset(codes) for part, codes in ALLOWABLE.items()}
    found = report(**changes)
    said = judge(found, allowed=allowed, label="tell")
    assert (said.answer, said.rule, said.sentence) == (Answer.DO_NOT_PUBLISH, "verdict", found.reason)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"credential": "none"}, "credential.allowed"),
        ({"credential": "valid"}, "credential.allowed"),
        ({"credential": "unreadable"}, "credential.allowed"),
        ({"origin": "unknown"}, "origin.allowed"),
        ({"history": "unknown"}, "history.allowed"),
        ({"ledger": "absent"}, "ledger.allowed"),
        ({"ledger": "unproven"}, "ledger.allowed"),
        ({"consent_then": "unknown"}, "consent.allowed"),
        ({"consent_now": "not-found"}, "consent.allowed"),
    ],
)
def test_what_is_missing_is_looked_at_or_refused_as_the_policy_says(changes: Mapping[str, str], rule: str) -> None:
    assert answer(report(**changes)) == ("check-first", rule)
    assert answer(report(**changes), missing="refuse") == ("do-not-publish", rule)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"credential": "expired"}, "credential.allowed"),
        ({"origin": "ai-edited"}, "origin.allowed"),
        ({"consent_now": "not-needed"}, "consent.allowed"),
    ],
)
def test_what_is_known_and_not_allowed_is_refused(changes: Mapping[str, str], rule: str) -> None:
    assert answer(report(**changes)) == ("do-not-publish", rule)


def test_a_refusal_comes_before_what_is_to_be_looked_at() -> None:
    assert answer(report(credential="none", origin="edited")) == ("do-not-publish", "origin.allowed")


def test_only_an_issuer_whose_name_is_confirmed_counts_as_named() -> None:
    issuers = frozenset({"Studio Lumen"})
    assert answer(report(), issuers=issuers) == ("ok", "all")
    assert answer(report(), issuers=frozenset({"Other"})) == ("do-not-publish", "credential.issuers")
    allowed = {**POLICY.allowed, "credential": frozenset({"trusted", "valid"})}
    assert answer(report(credential="valid"), allowed=allowed) == ("ok", "all")
    assert answer(report(credential="valid"), allowed=allowed, issuers=issuers) == (
        "check-first",
        "credential.issuers",
    )


def with_now(facts: Mapping[str, Json], *, basis: str = "sealed", made_at: str | None = None) -> Report:
    now = Axis("in-force", "Consent in force", "The list says so.", facts)
    shown = None if made_at is None else Shown("Daily Bugle", made_at, ())
    return replace(report(), consent_now=now, consent_basis=basis, consent_opened=shown)


def test_an_answer_about_the_consent_grows_old() -> None:
    two_days = timedelta(hours=48)
    old = ("check-first", "consent.max_age_hours")
    assert answer(with_now({"as_of": "2026-11-25T12:00:00Z"}), max_age=two_days) == ("ok", "all")
    assert answer(with_now({"as_of": "2026-11-25T11:59:59Z"}), max_age=two_days) == old
    assert answer(with_now({}, made_at="2026-11-25T12:00:00Z", basis="opened"), max_age=two_days) == ("ok", "all")
    assert answer(with_now({}, made_at="2026-11-25T11:59:59Z", basis="opened"), max_age=two_days) == old
    assert answer(with_now({}, basis="studio"), max_age=two_days) == ("ok", "all")
    assert answer(with_now({}), max_age=two_days) == old
    assert answer(with_now({}), max_age=two_days, missing="refuse") == ("do-not-publish", "consent.max_age_hours")
    assert "older than 48 hours" in judge(with_now({"as_of": "2026-11-01T00:00:00Z"}), max_age=two_days).sentence


def test_where_no_consent_is_needed_no_answer_grows_old() -> None:
    allowed = {**POLICY.allowed, "consent": frozenset({"in-force", "not-needed"})}
    found = report(consent_then="not-needed", consent_now="not-needed")
    assert answer(found, allowed=allowed, max_age=timedelta(hours=1)) == ("ok", "all")


def test_a_label_is_looked_at_or_told_as_the_policy_says() -> None:
    made = replace(report(origin="ai-generated"), label_required=True)
    assert answer(made) == ("check-first", "origin.label")
    assert judge(made, label="tell").sentence.endswith("Label it: AI GENERATED.")


def test_a_finding_that_cannot_be_judged_is_looked_at() -> None:
    found = replace(report(), findings=(Finding(2, "unsigned-bytes", "something between the segments"),))
    assert answer(found) == ("check-first", "findings")


def test_a_policy_asks_its_own_question() -> None:
    policy = replace(POLICY, territory="DE", medium="print")
    asked = policy.question(Question(AT))
    assert asked == Question(AT, Scope.PUBLISH_WEB, "DE", "print")
    assert policy.question(asked) == asked
    with pytest.raises(InputError, match=r"^policy mine: consent\.scope: expected publish\.web, got mine$"):
        policy.question(Question(AT, Scope.MINE))
    with pytest.raises(InputError, match=r"^policy mine: consent\.territory: expected DE, got FR$"):
        policy.question(Question(AT, territory="FR"))
    with pytest.raises(InputError, match=r"^policy mine: consent\.medium: expected print, got web$"):
        policy.question(Question(AT, medium="web"))
    free = replace(POLICY, scope=None).question(Question(AT, Scope.MINE, "FR", "web"))
    assert free == Question(AT, Scope.MINE, "FR", "web")


def test_a_report_on_another_question_is_not_judged() -> None:
    other = replace(POLICY, scope=None).question(Question(datetime(2026, 1, 1, tzinfo=UTC)))
    with pytest.raises(InputError, match="the report answers another question"):
        judge_publication(report(), policy=POLICY, question=other)


def test_an_issuer_may_be_named_by_the_digest_of_its_certificate() -> None:
    digest = "ab" * 32
    issuers = frozenset({f"sha256:{digest}"})
    found = report()
    facts = {**found.credential.facts, "certificate": digest}
    assert answer(replace(found, credential=replace(found.credential, facts=facts)), issuers=issuers)[0] == "ok"
    facts["certificate"] = "cd" * 32
    assert answer(replace(found, credential=replace(found.credential, facts=facts)), issuers=issuers) == (
        "do-not-publish",
        "credential.issuers",
    )
