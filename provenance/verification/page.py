"""Reports as one page of HTML: whole in itself, without a script, good on paper and in the dark.

Every string may come from a file: it is escaped, cut, and written out where it could act instead of show.
"""

import html
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Final

from provenance import __version__
from provenance.clock import to_seconds
from provenance.verification.chain import ChainStep
from provenance.verification.labelling import label_of
from provenance.verification.publishing import Answer, Publication
from provenance.verification.report import Axis, Report, Verdict

MAX_TEXT: Final = 400
_SIGNS: Final = {
    "PASSED": "✓",
    "FAILED": "✕",
    "INDETERMINATE": "?",
    "ok": "✓",
    "do-not-publish": "✕",
    "check-first": "?",
}
_TONES: Final = {
    **{Verdict.PASSED.value: "good", Verdict.FAILED.value: "bad", Verdict.INDETERMINATE.value: "open"},
    **{Answer.OK.value: "good", Answer.DO_NOT_PUBLISH.value: "bad", Answer.CHECK_FIRST.value: "open"},
}
_ROLES: Final = {
    "active": "this file",
    "parentOf": "made from",
    "componentOf": "contains",
    "inputTo": "was given to the program",
}
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def report_page(reports: Sequence[tuple[Report, Publication | None]], *, at: datetime) -> str:
    """Return one page for `reports`, each with what a policy says of it, or None.

    The page names no other resource and holds no picture.

    Args:
        reports: in the order in which they are to be read.
        at: when the check was made, in UTC.
    """
    style = (files("provenance.verification") / "page.css").read_text("utf-8")
    title = "Provenance report"
    if len(reports) == 1:
        title = f"{_plain(_name(reports[0][0]))} – {title}"
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">',
            f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>",
            *(part for report, said in reports for part in _article(report, said)),
            f"<footer>Checked on {to_seconds(at)} by Headshot Provenance {__version__}.",
            "No report says that a picture is true: it says what was checked, and what came of it.</footer>",
            "</main>\n</body>\n</html>\n",
        ]
    )


def _article(report: Report, said: Publication | None) -> Iterator[str]:
    yield f"<article>\n<header>\n<p class=file>{_text(report.file)}</p>"
    if said is not None:
        yield _answer(said.answer.value, said.answer.words, f"{said.sentence} ({said.policy}: {said.rule})", top=True)
    yield _answer(report.verdict.value, report.verdict.value.capitalize(), report.reason, top=said is None)
    yield "</header>"
    yield "<section>\n<h2>What was found</h2>\n<dl>"
    yield from (_row(label, axis) for label, axis in _axes(report))
    label = label_of(report)
    if label is not None:
        yield f"<dt>Label</dt><dd><b>{_text(label.wording)}.</b> {_text(label.reason)}</dd>"
    yield "</dl>\n</section>"
    yield from _disclosed(report)
    if report.chain:
        yield "<section>\n<h2>What it went through</h2>\n<p>As its credentials tell it, the newest first.</p>\n<ol>"
        yield from (_step(step) for step in report.chain)
        yield "</ol>\n</section>"
    if report.findings:
        yield "<section>\n<h2>Notes of the check</h2>\n<table><tr><th>Step<th>Code<th>What</tr>"
        for found in report.findings:
            yield f"<tr><td>{found.step}<td><code>{_text(found.code)}</code><td>{_text(found.message)}</tr>"
        yield "</table>\n</section>"
    digest = "not known: it could not be read" if report.sha256 is None else f"<code>{report.sha256}</code>"
    yield f"<section class=facts>\n<dl><dt>Consent judged for</dt><dd>{_text(report.checked_at)}</dd>"
    yield f"<dt>SHA-256 of the file</dt><dd>{digest}</dd></dl>\n</section>\n</article>"


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


def _answer(code: str, words: str, sentence: str, *, top: bool) -> str:
    tag = "h1" if top else "h3"
    sign = f"<span class=sign aria-hidden=true>{_SIGNS[code]}</span>"
    return f'<div class="answer {_TONES[code]}"><{tag}>{sign} {_text(words)}</{tag}>\n<p>{_text(sentence)}</p></div>'


def _row(label: str, axis: Axis) -> str:
    return f"<dt>{label}</dt><dd><b>{_text(axis.headline)}.</b> {_text(axis.sentence)}</dd>"


def _disclosed(report: Report) -> Iterator[str]:
    shown = report.consent_opened
    if shown is None:
        return
    yield "<section>\n<h2>The consent, as it was disclosed</h2>\n<dl>"
    yield f"<dt>Made for</dt><dd>{_text(shown.recipient)}, {_text(shown.made_at)}</dd>"
    for person in shown.people:
        yield f"<dt>Signed</dt><dd>By the {_text(person.signed_by)}, {_text(person.signed_at)}"
        yield f"(assurance: {_text(person.assurance)})</dd>"
        for name, value in person.revealed.items():
            yield f"<dt>Revealed</dt><dd>{_text(name)}: {_text(value)}</dd>"
    yield "</dl>\n</section>"


def _step(step: ChainStep) -> str:
    actions = ", ".join(step.actions) or "no action"
    rest = [f"with {_text(step.generator)}", f"time-stamp {step.at}" if step.at else "", _bare(step.bare)]
    flaw = "" if step.verifies else " <em>not verified</em>"
    told = " · ".join(part for part in rest if part)
    role = _text(_ROLES.get(step.role, step.role))
    return f"<li><b>{_text(step.issuer)}</b> <span class=role>{role}</span>{flaw}<br>{_text(actions)}<br>{told}</li>"


def _bare(number: int) -> str:
    return "" if not number else f"made from {number} without a credential"


def _name(report: Report) -> str:
    return report.file.replace("\\", "/").rpartition("/")[2] or report.file


def _text(text: str) -> str:
    return f"<bdi>{_plain(text)}</bdi>"


def _plain(text: str) -> str:
    shown = "".join(c if not _acts(c) else f"\\u{{{ord(c):x}}}" for c in text[:MAX_TEXT])
    return html.escape(shown if len(text) <= MAX_TEXT else f"{shown}…")


def _acts(character: str) -> bool:
    return character != "\u200d" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
