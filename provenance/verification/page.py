"""Reports as one page of HTML: whole in itself, without a script, good on paper and in the dark.

Every string may come from a file: it is escaped, cut, and written out where it could act instead of show.
"""

import html
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Final

from provenance import __version__
from provenance.clock import to_seconds
from provenance.verification.publishing import Publication
from provenance.verification.report import Report
from provenance.verification.told import FOOTER, MAX_TEXT, Told, ToldAnswer, ToldStep

__all__ = ["MAX_TEXT", "report_page"]

_SIGNS: Final = {"good": "✓", "bad": "✕", "open": "?"}
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def report_page(reports: Sequence[tuple[Report, Publication | None]], *, at: datetime) -> str:
    """Return one page for `reports`, each with what a policy says of it, or None.

    The page names no other resource and holds no picture.

    Args:
        reports: in the order in which they are to be read.
        at: when the check was made, in UTC.
    """
    all_told = [Told.of(report, said) for report, said in reports]
    style = (files("provenance.verification") / "page.css").read_text("utf-8")
    title = "Provenance report"
    if len(all_told) == 1:
        title = f"{html.escape(all_told[0].name)} – {title}"
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">',
            f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>",
            *(part for told in all_told for part in _article(told)),
            f"<footer>Checked on {to_seconds(at)} by Headshot Provenance {__version__}.",
            f"{FOOTER}</footer>",
            "</main>\n</body>\n</html>\n",
        ]
    )


def _article(told: Told) -> Iterator[str]:
    yield f"<article>\n<header>\n<p class=file>{_text(told.file)}</p>"
    for number, answer in enumerate(told.answers):
        yield _answer(answer, top=not number)
    yield "</header>"
    yield "<section>\n<h2>What was found</h2>\n<dl>"
    for label, headline, sentence in told.found:
        yield f"<dt>{label}</dt><dd><b>{_text(headline)}.</b> {_text(sentence)}</dd>"
    yield "</dl>\n</section>"
    if told.disclosed:
        yield "<section>\n<h2>The consent, as it was disclosed</h2>\n<dl>"
        yield from (f"<dt>{label}</dt><dd>{_in_turn(parts)}</dd>" for label, parts in told.disclosed)
        yield "</dl>\n</section>"
    if told.chain:
        yield "<section>\n<h2>What it went through</h2>\n<p>As its credentials tell it, the newest first.</p>\n<ol>"
        yield from (_step(step) for step in told.chain)
        yield "</ol>\n</section>"
    if told.findings:
        yield "<section>\n<h2>Notes of the check</h2>\n<table><tr><th>Step<th>Code<th>What</tr>"
        for step, code, message in told.findings:
            yield f"<tr><td>{step}<td><code>{_text(code)}</code><td>{_text(message)}</tr>"
        yield "</table>\n</section>"
    digest = "not known: it could not be read" if told.sha256 is None else f"<code>{told.sha256}</code>"
    yield f"<section class=facts>\n<dl><dt>Consent judged for</dt><dd>{_text(told.checked_at)}</dd>"
    yield f"<dt>SHA-256 of the file</dt><dd>{digest}</dd></dl>\n</section>\n</article>"


def _answer(answer: ToldAnswer, *, top: bool) -> str:
    tag = "h1" if top else "h3"
    sign = f"<span class=sign aria-hidden=true>{_SIGNS[answer.tone]}</span>"
    words = f"<{tag}>{sign} {_text(answer.words)}</{tag}>"
    return f'<div class="answer {answer.tone}">{words}\n<p>{_text(answer.sentence)}</p></div>'


def _step(step: ToldStep) -> str:
    flaw = "" if step.verifies else " <em>not verified</em>"
    who = f"<b>{_text(step.issuer)}</b> <span class=role>{_text(step.role)}</span>{flaw}"
    rest = " · ".join([f"with {_text(step.generator)}", *map(html.escape, step.rest)])
    return f"<li>{who}<br>{_text(step.actions)}<br>{rest}</li>"


def _in_turn(parts: Sequence[str]) -> str:
    return "".join(_text(part) if number % 2 else html.escape(part) for number, part in enumerate(parts))


def _text(text: str) -> str:
    return f"<bdi>{html.escape(text)}</bdi>"
