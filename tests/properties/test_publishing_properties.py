from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from support.mutations import edited
from support.reports import AT, report

from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode
from provenance.credentials.origin import Origin
from provenance.errors import InputError
from provenance.verification import Finding, Question, Verdict
from provenance.verification.publishing import ALLOWABLE, Answer, PublishingPolicy, judge_publication
from provenance.verification.publishing_files import SHIPPED, parse_publishing_policy, shipped_text
from provenance.verification.report import CredentialCode, HistoryCode, LedgerCode

CODES: dict[str, list[str]] = {
    "credential": list(CredentialCode),
    "origin": list(Origin),
    "history": list(HistoryCode),
    "ledger": list(LedgerCode),
    "consent_then": list(ConsentCode),
    "consent_now": list(ConsentCode),
}
FINDINGS = st.sampled_from([(), (Finding(2, "unsigned-bytes", "x"),), (Finding(3, "revocation-not-checked", "x"),)])
POLICIES = st.builds(
    PublishingPolicy,
    name=st.just("mine"),
    description=st.just(""),
    allowed=st.fixed_dictionaries(
        {part: st.frozensets(st.sampled_from([*codes]), min_size=1) for part, codes in ALLOWABLE.items()}
    ),
    missing=st.sampled_from(["check", "refuse"]),
    issuers=st.frozensets(st.sampled_from(["Studio Lumen", "Other"])),
    label=st.sampled_from(["tell", "check"]),
    scope=st.none() | st.sampled_from(Scope),
    territory=st.none() | st.just("DE"),
    max_age=st.none() | st.just(timedelta(hours=48)),
)


@given(
    st.fixed_dictionaries({name: st.sampled_from(codes) for name, codes in CODES.items()}),
    POLICIES,
    st.sampled_from([True, False, None]),
    FINDINGS,
)
def test_no_policy_publishes_what_failed_or_what_it_does_not_allow(
    codes: dict[str, str], policy: PublishingPolicy, label: bool | None, findings: tuple[Finding, ...]
) -> None:
    found = replace(report(**codes), label_required=label, findings=findings)
    said = judge_publication(found, policy=policy, question=policy.question(Question(AT)))
    if found.verdict is Verdict.FAILED:
        assert (said.answer, said.rule) == (Answer.DO_NOT_PUBLISH, "verdict")
    if said.answer is Answer.OK:
        parts = {"consent_then": "consent", "consent_now": "consent"}
        assert all(code in policy.allowed[parts.get(name, name)] for name, code in codes.items())
    assert said.rule
    assert said.sentence


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_reading_a_policy_refuses_or_reads(data: bytes) -> None:
    with suppress(InputError):
        parse_publishing_policy(data, name="mine.toml")


@given(st.sampled_from(SHIPPED).flatmap(lambda name: edited(shipped_text(name))))
def test_a_shipped_policy_after_a_few_edits_is_refused_or_read(text: str) -> None:
    with suppress(InputError):
        parse_publishing_policy(text.encode("utf-8", "surrogatepass"), name="mine.toml")
