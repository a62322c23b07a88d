"""A report for people, on a terminal: the verdict, one line an axis, and what to do next."""

from collections.abc import Sequence

from provenance.trust_store import TrustList
from provenance.verification import Report, Verdict
from provenance.verification.checkpoints import NOT_COMPARED
from provenance.verification.publishing import Publication
from provenance.verification.report import Shown
from provenance_cli._output import safe, say, wrapped
from provenance_cli._publishing import print_answer, print_label

_TOLD = frozenset(
    "evidence-contradicts evidence-doubtful evidence-found revocation-not-checked log-key-unpinned"
    " disclosure-undecided disclosure-picture disclosure-controller disclosure-handles disclosure-conflict"
    " assurance-overstated status-place status-other status-stale"
    " checkpoint-not-compared cosignature-not-checked log-forked quorum-missing record-not-asked".split()
)
_LEDGER_STEPS = {
    "log-forked": "keep this file and your checkpoint, and show them to others who follow this log: they prove it",
    NOT_COMPARED: "copy the log with `provenance ledger mirror`, and name the checkpoint in that folder",
}
_CREDENTIAL_STEPS = {
    "text-edited": "ask for the file as it was stamped; a studio stamps an edited one anew with provenance restamp",
    "none": "ask the photographer for the stamped original",
}


def print_card(report: Report, *, title: str | None = None, said: Publication | None = None) -> None:
    """Print a report for people: what a policy says, the verdict with its reason, then one line an axis."""
    say(safe(title or report.file))
    if said is not None:
        print_answer(said)
    say(wrapped(report.verdict, report.reason, width=15))
    axes = [("Credential", report.credential)]
    if report.credential.code not in ("none", "recovered", "unreadable", "remote", "invalid"):
        axes += [("Origin", report.origin), ("Ledger", report.ledger)]
    for label, axis in axes:
        say(wrapped(label, f"{axis.headline}. {axis.sentence}", width=15))
    if ("Ledger", report.ledger) in axes:
        if report.time.code == "proven":
            say(wrapped("Time", f"{report.time.headline}. {report.time.sentence}", width=15))
        if report.identity.code != "none":
            say(wrapped("Identity", f"{report.identity.headline}. {report.identity.sentence}", width=15))
        if report.history.code != "clean":
            say(wrapped("History", f"{report.history.headline}. {report.history.sentence}", width=15))
        then, now = report.consent_then, report.consent_now
        if then.code == now.code == "not-linked":
            say(wrapped("Consent", f"{now.headline}. {now.sentence}", width=15))
        else:
            say(wrapped("Consent then", f"{then.headline}. {then.sentence}", width=15))
            say(wrapped("Consent now", f"{now.headline}. {now.sentence}", width=15))
        if report.consent_opened is not None:
            _print_shown(report.consent_opened)
        print_label(report)
    for finding in report.findings:
        if finding.code in _TOLD:
            say(wrapped("Note", f"{finding.message[:1].upper()}{finding.message[1:]}.", width=15))


def print_list(report: Report, lists: Sequence[TrustList]) -> None:
    """Say by which list an issuer is trusted, and of when it is."""
    # Of a file that was changed or revoked, it does not matter any more by whom its issuer would be trusted.
    uri = report.credential.facts.get("trust_list") if report.credential.code == "trusted" else None
    for one in lists:
        if one.uri == uri:
            say(wrapped("Trusted by", f"Your list {one.name}, as of {one.updated_at.date()}.", width=15))


def _print_shown(shown: Shown) -> None:
    say(wrapped("Disclosure", f"Made for {shown.recipient} at {shown.made_at}.", width=15))
    for person in shown.people:
        if person.assurance == "recorded":
            what = f"By the {person.signed_by} on paper at {person.signed_at}, as the studio attests (recorded)."
        else:
            what = f"By the {person.signed_by} at {person.signed_at}; the signature was checked ({person.assurance})."
        say(wrapped("Signed", what, width=15))
        for name, value in person.revealed.items():
            say(wrapped("Revealed", f"{name}: {value}", width=15))


def next_step(report: Report, *, asked: bool, studio: bool) -> str | None:
    """Return the one thing to do next, or None where there is none.

    Args:
        report: of the file.
        asked: whether a use was asked about.
        studio: whether a studio was asked.
    """
    code = report.credential.code
    ledger = next((_LEDGER_STEPS[found.code] for found in report.findings if found.code in _LEDGER_STEPS), None)
    if ledger is not None:
        return ledger
    if code == "valid":
        return "if you know this issuer, ask for its trust file, and add --trust FILE"
    if code == "trusted" and report.consent_now.code == "unknown" and not studio:
        return "ask the studio for its status list, and add --status FILE, before you publish"
    if report.verdict is Verdict.PASSED and not asked and report.consent_now.code != "not-needed":
        return "name the use that you plan, such as --for publish.web: this checked what the stamp names"
    if code == "recovered":
        return f"see which stamps, and under which consents: provenance find {report.file}"
    return _CREDENTIAL_STEPS.get(code)
