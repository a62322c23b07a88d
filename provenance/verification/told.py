"""What a whole report tells people, in the order in which it is read: the same on a page and on paper.

Every string may come from a file: it is cut, and written out where it could act instead of show.
"""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final, Literal

from provenance.canonical import Json
from provenance.verification.chain import ChainStep
from provenance.verification.labelling import label_of
from provenance.verification.publishing import Answer, Publication
from provenance.verification.report import Axis, Report, Shown, Verdict

MAX_TEXT: Final = 400
FOOTER: Final = "No report says that a picture is true: it says what was checked, and what came of it."
Tone = Literal["good", "bad", "open"]
_TONES: Final[dict[str, Tone]] = {
    **{Verdict.PASSED.value: "good", Verdict.FAILED.value: "bad", Verdict.INDETERMINATE.value: "open"},
    **{Answer.OK.value: "good", Answer.DO_NOT_PUBLISH.value: "bad", Answer.CHECK_FIRST.value: "open"},
}
_ROLES: Final = {
    "active": "this file",
    "parentOf": "made from",
    "componentOf": "contains",
    "inputTo": "was given to the program",
}


@dataclass(frozen=True, slots=True)
class ToldAnswer:
    """One answer: the policy's or the verdict.

    Attributes:
        tone: how it reads.
        words: what it says.
        sentence: why.
    """

    tone: Tone
    words: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ToldStep:
    """One step of what a picture went through.

    Attributes:
        issuer: who told it.
        role: what it is to the picture.
        verifies: whether nothing about it failed.
        actions: what was done.
        generator: with which program.
        rest: when, and from how much without a credential; in our words.
    """

    issuer: str
    role: str
    verifies: bool
    actions: str
    generator: str
    rest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """All of it.

    Attributes:
        file: as it was named.
        name: the last part of that.
        answers: the policy's if one was asked, then the verdict.
        found: each axis by its label, headline and sentence, and the label that the picture may need.
        disclosed: what disclosures show: a label, then our words and a file's in turn, so that they are kept apart.
        chain: what it went through, the newest first.
        findings: of the check, by step, code and message.
        checked_at: the time that the consent was judged for.
        sha256: of the file, or None where it could not be read.
    """

    file: str
    name: str
    answers: tuple[ToldAnswer, ...]
    found: tuple[tuple[str, str, str], ...]
    disclosed: tuple[tuple[str, tuple[str, ...]], ...]
    chain: tuple[ToldStep, ...]
    findings: tuple[tuple[int, str, str], ...]
    checked_at: str
    sha256: str | None

    @classmethod
    def of(cls, report: Report, said: Publication | None = None) -> "Told":
        """Return what a report tells, and what a policy says of it."""
        label = label_of(report)
        found = [(name, shown(axis.headline), shown(axis.sentence)) for name, axis in _axes(report)]
        if label is not None:
            found.append(("Label", shown(label.wording), shown(label.reason)))
        return cls(
            file=shown(report.file),
            name=shown(report.file.replace("\\", "/").rpartition("/")[2] or report.file),
            answers=tuple(_answers(report, said)),
            found=tuple(found),
            disclosed=tuple(_disclosed(report.consent_opened)),
            chain=tuple(_step(step) for step in report.chain),
            findings=tuple((found.step, shown(found.code), shown(found.message)) for found in report.findings),
            checked_at=shown(report.checked_at),
            sha256=report.sha256,
        )

    def to_json(self) -> dict[str, Json]:
        """Return it as plain data, by the names of the attributes, for what is filled into a template."""
        plain: dict[str, Json] = json.loads(json.dumps(asdict(self)))
        return plain


def shown(text: str) -> str:
    r"""Return a text cut to a decent length, with what could act instead of show written out as `\u{…}`."""
    plain = "".join(c if not _acts(c) else f"\\u{{{ord(c):x}}}" for c in text[:MAX_TEXT])
    return plain if len(text) <= MAX_TEXT else f"{plain}…"


def _answers(report: Report, said: Publication | None) -> Iterator[ToldAnswer]:
    if said is not None:
        sentence = f"{said.sentence} ({said.policy}: {said.rule})"
        yield ToldAnswer(_TONES[said.answer.value], said.answer.words, shown(sentence))
    verdict, label = report.verdict, label_of(report)
    # Whoever reads no further must not take it for a photograph.
    told = "" if label is None or verdict is Verdict.FAILED else f" Label it: {label.wording}."
    yield ToldAnswer(_TONES[verdict.value], verdict.value.capitalize(), shown(f"{report.reason}{told}"))


def _axes(report: Report) -> list[tuple[str, Axis]]:
    axes = [("Credential", report.credential)]
    if report.credential.code in ("none", "recovered", "unreadable", "remote", "invalid"):
        # What nobody answers for is not shown (C2PA 2.4, 14.3).
        return axes
    return [
        *axes,
        ("Origin", report.origin),
        ("Consent then", report.consent_then),
        ("Consent now", report.consent_now),
        ("Ledger", report.ledger),
        ("History", report.history),
        ("Time", report.time),
        ("Identity", report.identity),
    ]


def _disclosed(opened: Shown | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    if opened is None:
        return
    yield "Made for", ("", shown(opened.recipient), ", ", shown(opened.made_at))
    for person in opened.people:
        signed = ("By the ", shown(person.signed_by), ", ", shown(person.signed_at))
        yield "Signed", (*signed, " (assurance: ", shown(person.assurance), ")")
        for name, value in person.revealed.items():
            yield "Revealed", ("", shown(name), ": ", shown(value))


def _step(step: ChainStep) -> ToldStep:
    rest = [
        f"time-stamp {shown(step.at)}" if step.at else "",
        f"made from {step.bare} without a credential" if step.bare else "",
    ]
    return ToldStep(
        shown(step.issuer),
        shown(_ROLES.get(step.role, step.role)),
        step.verifies,
        shown(", ".join(step.actions) or "no action"),
        shown(step.generator),
        tuple(filter(None, rest)),
    )


def _acts(character: str) -> bool:
    return character != "\u200d" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
