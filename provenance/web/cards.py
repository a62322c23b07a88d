"""What a report looks like to people: the verdict and its reason, the steps behind it, and what else was found."""

from dataclasses import dataclass
from typing import Final

from provenance.verification import Report, Verdict
from provenance.verification.report import Axis

# How each code is shown: `good`, `bad`, `open` (not known, or to be looked at) or `plain` (neither).
_BAD: Final = "invalid revoked conflict damaged inconsistent withdrawn expired limited".split()
_GOOD: Final = "trusted proven in-force clean not-needed".split()
_PLAIN: Final = (
    "camera-signed camera-declared edited ai-edited ai-generated none absent not-linked stated not-checked".split()
)
_WITHOUT: Final = ("none", "recovered", "unreadable", "remote", "invalid")
_MARKS: Final = {"good": "✓", "bad": "✕", "open": "?", "plain": "·"}


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the chain behind a verdict.

    Attributes:
        name: what it is about.
        state: `good`, `bad`, `open` or `plain`.
        mark: for eyes that do not see colours.
        headline: a few words.
        sentence: one plain sentence.
    """

    name: str
    state: str
    mark: str
    headline: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Card:
    """A report for people.

    Attributes:
        name: of the file; hostile.
        verdict: in capitals, as everywhere.
        state: of the whole: `good`, `bad` or `open`.
        mark: for eyes that do not see colours.
        reason: the one thing that decided.
        advice: what to do.
        steps: the chain, from the picture to the use that was asked for.
        notes: what else was found, in sentences.
        label: whether it may have to be labelled as AI.
        document: the report itself.
    """

    name: str
    verdict: str
    state: str
    mark: str
    reason: str
    advice: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    label: bool
    document: str


def make_card(report: Report, *, document: str, asked: bool) -> Card:
    """Return a report for people.

    Args:
        report: what was found.
        document: the report as JSON.
        asked: whether a use was asked for.
    """
    state = {Verdict.PASSED: "good", Verdict.FAILED: "bad"}.get(report.verdict, "open")
    notes = [f"{finding.message[:1].upper()}{finding.message[1:]}." for finding in report.findings]
    return Card(
        report.file,
        report.verdict.value,
        state,
        _MARKS[state],
        report.reason,
        _advice(report, asked=asked),
        tuple(_step(name, axis) for name, axis in _axes(report)),
        tuple(dict.fromkeys(notes)),
        bool(report.label_required),
        document,
    )


def _axes(report: Report) -> list[tuple[str, Axis]]:
    axes = [("Credential", report.credential)]
    if report.credential.code in _WITHOUT:
        return axes
    axes += [("Origin", report.origin), ("History", report.history), ("Ledger", report.ledger)]
    if report.time.code == "proven":
        axes.append(("Time", report.time))
    then, now = report.consent_then, report.consent_now
    if then.code == now.code == "not-linked":
        return [*axes, ("Consent", now)]
    return [*axes, ("Consent then", then), ("Consent now", now)]


def _step(name: str, axis: Axis) -> Step:
    state = "bad" if axis.code in _BAD else "good" if axis.code in _GOOD else "plain" if axis.code in _PLAIN else "open"
    return Step(name, state, _MARKS[state], axis.headline, axis.sentence)


def _advice(report: Report, *, asked: bool) -> str:
    """Return what to do; a PASSED is of the use that was asked for, and of no other."""
    if report.verdict is Verdict.FAILED:
        return "Do not publish it."
    if report.verdict is Verdict.PASSED:
        if report.consent_now.code == "not-needed":
            return "Nothing here speaks against using it."
        return "Nothing here speaks against this use." if asked else "Now name the use that you plan."
    if report.credential.code == "none":
        return "Ask for the stamped original."
    if report.credential.code == "valid":
        return "Find out who the issuer is."
    return "Check first."
