"""Reports on paper: what is on them, what goes with them, and nothing that a file says acts there."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.papers import attached, needs_poppler, poppler, text_of
from support.reports import AT, everything, report

from provenance.errors import InputError
from provenance.paper.report import typeset_report
from provenance.verification.chain import ChainStep
from provenance.verification.publishing import Answer, Publication
from provenance.verification.report import Finding, Report
from provenance.verification.told import FOOTER, MAX_TEXT, Told

SAID = Publication("newsroom", Answer.CHECK_FIRST, "origin.allowed", "The origin is not stated.")
MARKUP = [
    '#read("/etc/passwd")',
    "*bold*",
    "$x$",
    "#panic()",
    "<script>",
    "= title",
    "- list",
    "// comment",
    "`raw`",
    "@label",
    "{page}",
    '#link("https://example.org")',
    "\\ \\u{41}",
]


def printed(*reports: Report, said: Publication | None = None, documents: bytes = b"{}\n") -> bytes:
    told = [Told.of(one, said).to_json() for one in reports]
    return typeset_report(told, closing=FOOTER, documents=documents, at=AT)


@needs_poppler
def test_the_answers_stand_before_what_was_found_and_how_it_was_checked_at_the_end(tmp_path: Path) -> None:
    chain = (ChainStep("Studio Lumen", "Maker 1", ("c2pa.created", "c2pa.edited"), "active", "2026-11-27", True, 2),)
    finding = Finding(8, "log-key-unpinned", "the log's key is known from the credential only")
    one = replace(report(), chain=chain, findings=(finding,), sha256="5e" * 32)
    text = text_of(printed(one, said=SAID), tmp_path)
    told = [
        "Provenance report",
        "portrait.jpg",
        "Check first",
        "The origin is not stated. (newsroom: origin.allowed)",
        "Passed",
        "What was found",
        "Headline trusted. Of credential it is said: trusted.",
        "Headline clean. Of history it is said: clean.",
        "What it went through",
        "Studio Lumen this file",
        "c2pa.created, c2pa.edited",
        "with Maker 1 · time-stamp 2026-11-27 · made from 2 without a credential",
        "Notes of the check",
        "the log's key is known from the credential only",
        "Consent judged for 2026-11-27T12:00:00Z",
        "5e" * 32,
        "How it was checked",
        FOOTER,
    ]
    places = [text.index(part) for part in told]
    assert places == sorted(places)


@needs_poppler
def test_of_what_nobody_answers_for_nothing_is_printed(tmp_path: Path) -> None:
    text = text_of(printed(report(credential="invalid")), tmp_path)
    assert "Of credential it is said: invalid." in text
    assert "Of origin" not in text
    assert "not known: it could not be read" in text


@needs_poppler
def test_several_files_are_each_on_a_page_of_their_own(tmp_path: Path) -> None:
    document = printed(*(replace(report(), file=f"{number}.jpg") for number in range(5)))
    for number in range(5):
        page = poppler("pdftotext", document, tmp_path, "-f", str(number + 1), "-l", str(number + 1))
        assert page == ""
        shown = (tmp_path / "judged.txt").read_text("utf-8")
        assert [f"{other}.jpg" in shown for other in range(5)] == [other == number for other in range(5)]


@needs_poppler
@pytest.mark.parametrize("text", MARKUP)
def test_what_a_file_says_is_never_markup(text: str, tmp_path: Path) -> None:
    shown = text_of(printed(everything(text)), tmp_path)
    assert shown.count(" ".join(text.split())) >= 20
    assert "root:" not in shown


@needs_poppler
def test_what_could_act_is_written_out_and_long_texts_are_cut(tmp_path: Path) -> None:
    shown = text_of(printed(everything("a\u202eb\x1b[2J\x00c")), tmp_path)
    assert "a\\u{202e}b\\u{1b}[2J\\u{0}c" in shown
    assert not set(shown) & set("\x00\x1b\u202e")
    long = printed(everything("x" * 10_000_000))
    assert len(long) < 500_000
    assert "x" * MAX_TEXT not in text_of(printed(report()), tmp_path)


@needs_poppler
def test_a_character_that_no_font_has_keeps_nobody_from_a_report(tmp_path: Path) -> None:
    shown = text_of(printed(everything("ሀ山\U0001f600é")), tmp_path)
    assert "\\u{1200}山\\u{1f600}é" in shown


@needs_poppler
def test_nothing_runs_beyond_the_margin(tmp_path: Path) -> None:
    poppler("pdftotext", printed(everything("W" * 390)), tmp_path, "-bbox")
    words = (tmp_path / "judged.html").read_text("utf-8").split("xMax=")[1:]
    edges = [float(word.split('"')[1]) for word in words]
    assert edges
    assert max(edges) <= 595.3 - 26 * 72 / 25.4 + 1


@needs_poppler
def test_it_keeps_the_standards_for_keeping_and_for_everybody_and_no_seal(tmp_path: Path) -> None:
    document = printed(report(), said=SAID)
    described = poppler("pdfinfo", document, tmp_path, "-meta")
    for mark in ("<pdfaid:part>3<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<", "<rdf:li>en<"):
        assert mark in described
    assert "does not contain any signatures" in poppler("pdfsig", document, tmp_path)
    fonts = poppler("pdffonts", document, tmp_path).splitlines()[2:]
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts), fonts


def test_the_documents_go_with_it_and_the_same_reports_give_the_same_bytes() -> None:
    documents = b'{"a":1}\n{"b":2}\n'
    document = printed(report(), documents=documents)
    assert attached(document) == {"reports.jsonl": documents}
    assert printed(report(), documents=documents) == document


def test_another_fault_of_the_typesetter_is_told() -> None:
    with pytest.raises(InputError) as caught:
        typeset_report([{"file": "a"}], closing="", documents=b"", at=AT)
    assert caught.value.code == "paper-unprintable"
