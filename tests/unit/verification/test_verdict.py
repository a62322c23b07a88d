import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from provenance.consent.status import ConsentCode
from provenance.credentials.origin import Origin
from provenance.verification.report import Axis, CredentialCode, Finding, HistoryCode, LedgerCode, Verdict
from provenance.verification.verdict import decide

Change = tuple[str, str]

USE = "publish.web"
PASSED = "Intact, from an issuer whom you trust, in the ledger, and with consent to publish.web."
NOBODY_REAL = "Intact, from an issuer whom you trust, in the ledger, and shows nobody real."

WRONG_CREDENTIALS = [CredentialCode.INVALID, CredentialCode.REVOKED]
REFUSALS = [ConsentCode.WITHDRAWN, ConsentCode.EXPIRED, ConsentCode.LIMITED]
YES = [ConsentCode.IN_FORCE, ConsentCode.NOT_NEEDED]
OPEN_CONSENTS = sorted(set(ConsentCode) - {*REFUSALS, *YES})
OPEN_CREDENTIALS = sorted(set(CredentialCode) - {*WRONG_CREDENTIALS, CredentialCode.TRUSTED})

# The axes in the order in which they decide, each with a value that leaves nothing to say.
GOOD = {
    "credential": CredentialCode.TRUSTED,
    "origin": Origin.CAMERA_DECLARED,
    "history": HistoryCode.CLEAN,
    "ledger": LedgerCode.PROVEN,
    "consent_now": ConsentCode.IN_FORCE,
    "consent_then": ConsentCode.IN_FORCE,
}
# What fails, in the order in which it is told.
WRONG = [
    *(("credential", code) for code in WRONG_CREDENTIALS),
    ("origin", Origin.CONFLICT),
    ("history", HistoryCode.DAMAGED),
    ("ledger", LedgerCode.INCONSISTENT),
    *(("consent_now", code) for code in REFUSALS),
    *(("consent_then", code) for code in REFUSALS),
]
# What is missing, in the order in which it is told.
MISSING = [
    *(("credential", code) for code in OPEN_CREDENTIALS),
    *(("ledger", code) for code in (LedgerCode.UNPROVEN, LedgerCode.ABSENT)),
    *(("consent_then", code) for code in OPEN_CONSENTS),
    *(("consent_now", code) for code in OPEN_CONSENTS),
]

# What may well stand beside a yes.
SIDE_NOTES = [
    Finding(3, "revocation-not-checked", "whether the certificate was revoked was not checked"),
    Finding(8, "log-key-unpinned", "the log's key is known from the credential only"),
    Finding(4, "timeStamp.untrusted", "the time stamp proves no time", "c2pa-rs"),
    Finding(5, "signingCredential.untrusted", "an ingredient: the issuer is not recognised", "c2pa-rs"),
    Finding(1, "org.example.novelty", "a code of this program's own", "provenance"),
]
OPEN_FINDINGS = [
    Finding(2, "unsigned-bytes", "APP11 segment at byte 2: expected sequence number 1"),
    Finding(9, "scope-unknown", "the stamp names scopes that this version does not know"),
    Finding(10, "subject-contradiction", "says that nobody real is shown in a photograph"),
]
UNKNOWN_FAILURES = [
    Finding(2, "org.example.novelty", "this version does not know the code", "c2pa-rs"),
    Finding(5, "assertion.novelty", "an ingredient: this version does not know the code", "c2pa-rs"),
    Finding(2, "", "this version does not know the code", "c2pa-rs"),
    Finding(2, "org.example.novelty", "this version does not know the code", "another SDK"),
]


def verdict(*changes: Change, findings: Sequence[Finding] = (), use: str = USE) -> tuple[Verdict, str]:
    """Return the verdict where all is well but for the changes; the sentence of an axis is its name and code."""
    codes = {**GOOD, **dict(changes)}
    axes = {name: Axis(code, "A headline", f"{name}: {code}.") for name, code in codes.items()}
    return decide(
        credential=axes["credential"],
        origin=axes["origin"],
        history=axes["history"],
        ledger=axes["ledger"],
        consent_then=axes["consent_then"],
        consent_now=axes["consent_now"],
        use=use,
        findings=list(findings),
    )


def of_two_axes(pairs: Iterable[tuple[Change, Change]]) -> list[tuple[Change, Change]]:
    """Return the pairs of changes that one report can hold, as one axis cannot say two things."""
    return [(first, second) for first, second in pairs if first[0] != second[0]]


def told(change: Change) -> str:
    return f"{change[0]}: {change[1]}."


def test_where_all_is_well_a_picture_passes() -> None:
    assert verdict() == (Verdict.PASSED, PASSED)
    assert verdict(findings=SIDE_NOTES) == (Verdict.PASSED, PASSED)


def test_a_pass_names_the_use_that_was_asked_for_where_there_is_one() -> None:
    expected = "Intact, from an issuer whom you trust, in the ledger, and with consent."
    assert verdict(use="") == (Verdict.PASSED, expected)
    assert verdict(use="capture") == (Verdict.PASSED, expected.replace("consent.", "consent to capture."))
    assert verdict(("consent_now", ConsentCode.NOT_NEEDED), use="capture") == (Verdict.PASSED, NOBODY_REAL)


@pytest.mark.parametrize("origin", sorted(set(Origin) - {Origin.CONFLICT}))
def test_every_origin_passes_but_a_conflict(origin: Origin) -> None:
    assert verdict(("origin", origin)) == (Verdict.PASSED, PASSED)


def test_a_history_that_is_not_known_passes() -> None:
    assert verdict(("history", HistoryCode.UNKNOWN)) == (Verdict.PASSED, PASSED)


@pytest.mark.parametrize("then", YES)
def test_a_pass_tells_whether_there_is_a_consent_or_none_is_needed(then: ConsentCode) -> None:
    assert verdict(("consent_then", then)) == (Verdict.PASSED, PASSED)
    both = verdict(("consent_then", then), ("consent_now", ConsentCode.NOT_NEEDED))
    assert both == (Verdict.PASSED, NOBODY_REAL)


@pytest.mark.parametrize("change", WRONG)
def test_what_is_wrong_fails_and_is_the_reason(change: Change) -> None:
    assert verdict(change) == (Verdict.FAILED, told(change))
    assert verdict(change, findings=OPEN_FINDINGS) == (Verdict.FAILED, told(change))


@pytest.mark.parametrize("change", MISSING)
def test_what_is_missing_leaves_the_question_open_and_is_the_reason(change: Change) -> None:
    assert verdict(change) == (Verdict.INDETERMINATE, told(change))
    assert verdict(change, findings=OPEN_FINDINGS) == (Verdict.INDETERMINATE, told(change))


@pytest.mark.parametrize("finding", OPEN_FINDINGS + UNKNOWN_FAILURES)
def test_a_finding_that_nobody_can_judge_leaves_the_question_open(finding: Finding) -> None:
    reason = f"Something about it could not be judged: {finding.code}."
    assert verdict(findings=[finding]) == (Verdict.INDETERMINATE, reason)
    assert verdict(findings=[*SIDE_NOTES, finding]) == (Verdict.INDETERMINATE, reason)


def test_of_two_findings_that_nobody_can_judge_the_first_is_the_reason() -> None:
    findings = [*UNKNOWN_FAILURES, *OPEN_FINDINGS]
    assert verdict(findings=findings)[1] == "Something about it could not be judged: org.example.novelty."
    findings.reverse()
    assert verdict(findings=findings)[1] == "Something about it could not be judged: subject-contradiction."


@pytest.mark.parametrize("finding", UNKNOWN_FAILURES)
@pytest.mark.parametrize("change", [*WRONG, *MISSING, *((name, code) for name, code in GOOD.items())])
def test_with_a_failure_of_unknown_meaning_nothing_passes(change: Change, finding: Finding) -> None:
    assert verdict(change, findings=[finding])[0] is not Verdict.PASSED


def test_a_checkpoint_that_could_not_be_compared_leaves_it_open_and_says_why() -> None:
    finding = Finding(
        8, "checkpoint-not-compared", "the checkpoint mirror/checkpoint could not be compared: it is older"
    )
    said = "The checkpoint mirror/checkpoint could not be compared: it is older."
    assert verdict(findings=[finding]) == (Verdict.INDETERMINATE, said)
    for change in WRONG:
        assert verdict(change, findings=[finding]) == (Verdict.FAILED, told(change))
    for change in MISSING:
        assert verdict(change, findings=[finding]) == (Verdict.INDETERMINATE, told(change))


def test_a_code_is_unknown_only_where_another_program_gives_it() -> None:
    unknown = UNKNOWN_FAILURES[0]
    assert verdict(findings=[replace(unknown, source="provenance")])[0] is Verdict.PASSED


@pytest.mark.parametrize(("first", "second"), of_two_axes(itertools.combinations(WRONG, 2)))
def test_of_two_wrongs_the_first_axis_is_the_reason(first: Change, second: Change) -> None:
    assert verdict(first, second) == (Verdict.FAILED, told(first))


@pytest.mark.parametrize(("first", "second"), of_two_axes(itertools.combinations(MISSING, 2)))
def test_of_two_things_that_are_missing_the_first_axis_is_the_reason(first: Change, second: Change) -> None:
    assert verdict(first, second) == (Verdict.INDETERMINATE, told(first))


@pytest.mark.parametrize(("wrong", "missing"), of_two_axes(itertools.product(WRONG, MISSING)))
def test_what_is_wrong_outweighs_what_is_missing(wrong: Change, missing: Change) -> None:
    assert verdict(wrong, missing) == (Verdict.FAILED, told(wrong))


def test_the_rules_hold_for_every_report_that_there_can_be() -> None:
    everything = itertools.product(CredentialCode, Origin, HistoryCode, LedgerCode, ConsentCode, ConsentCode)
    seen = dict.fromkeys(Verdict, 0)
    for codes in everything:
        changes = list(zip(GOOD, codes, strict=True))
        found, reason = verdict(*changes)
        seen[found] += 1
        if any(change in WRONG for change in changes):
            assert found is Verdict.FAILED, changes
        elif any(change in MISSING for change in changes):
            assert found is Verdict.INDETERMINATE, changes
        else:
            assert found is Verdict.PASSED, changes
        assert (found is Verdict.PASSED) == (reason in (PASSED, NOBODY_REAL))
    # One credential, six origins, two histories, one ledger, two consents then and now.
    assert seen[Verdict.PASSED] == 1 * 6 * 2 * 1 * 2 * 2
    assert sum(seen.values()) == 10 * 7 * 3 * 4 * 8 * 8
