"""Step 12: the verdict by the default policy, and the one reason that decided it."""

from provenance.consent.status import ConsentCode
from provenance.credentials.origin import Origin
from provenance.verification.checkpoints import NOT_COMPARED
from provenance.verification.codes import Meaning, meaning_of
from provenance.verification.report import Axis, CredentialCode, Finding, HistoryCode, LedgerCode, Verdict

_REFUSED_NOW = frozenset({ConsentCode.WITHDRAWN, ConsentCode.EXPIRED, ConsentCode.LIMITED})
_AGREED = frozenset({ConsentCode.IN_FORCE, ConsentCode.NOT_NEEDED})


def decide(
    *,
    credential: Axis,
    origin: Axis,
    history: Axis,
    ledger: Axis,
    consent_then: Axis,
    consent_now: Axis,
    use: str = "",
    findings: list[Finding],
) -> tuple[Verdict, str]:
    """Return the verdict and its reason; `use`, if given, names what the consent was asked for.

    FAILED if something is wrong, PASSED if everything that matters was shown to be right, and INDETERMINATE
    otherwise: evidence that is missing is neither.
    """
    wrong = [
        (credential, credential.code in (CredentialCode.INVALID, CredentialCode.REVOKED)),
        (origin, origin.code == Origin.CONFLICT),
        (history, history.code == HistoryCode.DAMAGED),
        (ledger, ledger.code == LedgerCode.INCONSISTENT),
        (consent_now, consent_now.code in _REFUSED_NOW),
        (consent_then, consent_then.code in _REFUSED_NOW),
    ]
    for axis, failed in wrong:
        if failed:
            return Verdict.FAILED, axis.sentence
    missing = [
        (credential, credential.code != CredentialCode.TRUSTED),
        (ledger, ledger.code != LedgerCode.PROVEN),
        (consent_then, consent_then.code not in _AGREED),
        (consent_now, consent_now.code not in _AGREED),
    ]
    for axis, open_question in missing:
        if open_question:
            return Verdict.INDETERMINATE, axis.sentence
    for finding in findings:
        if finding.code == NOT_COMPARED:
            # The caller asked for it, and a question that is open is no yes.
            return Verdict.INDETERMINATE, f"{finding.message[:1].upper()}{finding.message[1:]}."
        if finding.code in _OPEN_FINDINGS or _unknown_failure(finding):
            return Verdict.INDETERMINATE, f"Something about it could not be judged: {finding.code}."
    consent = f"and with consent to {use}" if use else "and with consent"
    if consent_now.code == ConsentCode.NOT_NEEDED:
        consent = "and shows nobody real"
    return Verdict.PASSED, f"Intact, from an issuer whom you trust, in the ledger, {consent}."


_OPEN_FINDINGS = frozenset({"unsigned-bytes", "scope-unknown", "subject-contradiction"})


def _unknown_failure(finding: Finding) -> bool:
    return finding.source != "provenance" and meaning_of(finding.code) is Meaning.UNKNOWN
