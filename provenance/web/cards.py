"""What a report looks like to people: the verdict and its reason, the steps behind it, and what else was found."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provenance.verification import Report, Verdict
from provenance.verification.page import report_page
from provenance.verification.report import Axis
from provenance.web.telling import Told, tell
from provenance.web.thumbnails import Source, sources_of
from provenance.web.words import words_for

# How each code is shown: `good`, `bad`, `open` (not known, or to be looked at) or `plain` (neither).
_BAD: Final = "invalid revoked conflict damaged inconsistent withdrawn expired limited".split()
_GOOD: Final = "trusted proven in-force clean not-needed named".split()
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
    headline: Told
    sentence: Told


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
        sources: what it was made from, as pictures.
        label: whether it may have to be labelled as AI.
        document: the report itself.
        page: the report as a page of its own, which needs nothing else.
    """

    name: str
    verdict: Told
    state: str
    mark: str
    reason: Told
    advice: str
    steps: tuple[Step, ...]
    notes: tuple[Told, ...]
    sources: tuple[Source, ...]
    label: bool
    document: str
    page: str


def make_card(report: Report, *, document: str, asked: bool, at: datetime, language: str = "en") -> Card:
    """Return a report for people.

    Args:
        report: what was found.
        document: the report as JSON.
        asked: whether a use was asked for.
        at: the time of the check.
        language: of the page; what has no words in it is told in English.
    """
    words = words_for(language)
    state = {Verdict.PASSED: "good", Verdict.FAILED: "bad"}.get(report.verdict, "open")
    notes = [f"{finding.message[:1].upper()}{finding.message[1:]}." for finding in report.findings]
    return Card(
        report.file,
        tell(report.verdict.value, words.language),
        state,
        _MARKS[state],
        tell(report.reason, words.language),
        words(f"advice_{_advice(report, asked=asked)}"),
        tuple(_step(words(f"step_{name}"), axis, words.language) for name, axis in _axes(report)),
        tuple(tell(note, words.language) for note in dict.fromkeys(notes)),
        () if report.credential.code in _WITHOUT else sources_of(report.chain),
        bool(report.label_required),
        document,
        report_page([(report, None)], at=at),
    )


def _axes(report: Report) -> list[tuple[str, Axis]]:
    axes = [("credential", report.credential)]
    if report.credential.code in _WITHOUT:
        return axes
    axes += [("origin", report.origin), ("history", report.history), ("ledger", report.ledger)]
    if report.time.code == "proven":
        axes.append(("time", report.time))
    if report.identity.code != "none":
        axes.append(("identity", report.identity))
    then, now = report.consent_then, report.consent_now
    if then.code == now.code == "not-linked":
        return [*axes, ("consent", now)]
    return [*axes, ("then", then), ("now", now)]


def _step(name: str, axis: Axis, language: str) -> Step:
    state = "bad" if axis.code in _BAD else "good" if axis.code in _GOOD else "plain" if axis.code in _PLAIN else "open"
    return Step(name, state, _MARKS[state], tell(axis.headline, language), tell(axis.sentence, language))


def _advice(report: Report, *, asked: bool) -> str:
    """Return the name of what to do; a PASSED is of the use that was asked for, and of no other."""
    if report.verdict is Verdict.FAILED:
        return "failed"
    if report.verdict is Verdict.PASSED:
        if report.consent_now.code == "not-needed":
            return "clear"
        return "use" if asked else "name"
    if report.credential.code == "none":
        return "original"
    if report.credential.code == "valid":
        return "issuer"
    return "check"
