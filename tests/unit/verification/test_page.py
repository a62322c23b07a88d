import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from support.reports import AT, everything, report

from provenance.verification.chain import ChainStep
from provenance.verification.page import MAX_TEXT, report_page
from provenance.verification.publishing import Answer, Publication
from provenance.verification.report import Report

HOSTILE = "<script>alert(1)</script>\"'&\x1b[31m\u202e\u2066\x00\u2028<b"
STEP = ChainStep("Studio Lumen", "Headshot Provenance 0.1.0", ("c2pa.created",), "active", None, True, 0)
OF_MARKUP = frozenset(
    "html head meta title style body main article header p div h1 h3 span section h2 dl dt dd b bdi ol li br em table"
    " tr th td code footer".split()
)


class Reader(HTMLParser):
    """Collects what a page consists of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(*reports: Report, said: Publication | None = None) -> tuple[str, Reader]:
    page = report_page([(one, said) for one in reports], at=AT)
    reader = Reader()
    reader.feed(page)
    reader.close()
    return page, reader


def test_the_verdict_is_the_first_that_is_read() -> None:
    page, reader = read(report())
    words = " ".join(" ".join(reader.text).split())
    assert words.index("Passed") < words.index("Credential")
    assert page.count("<h1>") == 1


@pytest.mark.parametrize(("ledger", "labelled"), [("proven", True), ("absent", True), ("inconsistent", False)])
def test_whoever_reads_no_further_learns_of_the_label(ledger: str, labelled: bool) -> None:
    made = replace(report(origin="ai-generated", ledger=ledger), label_required=True)
    page, _ = read(made)
    head = page[page.index("<h1>") : page.index("</header>")]
    assert ("Label it: AI GENERATED." in head) == labelled


def test_what_a_policy_says_comes_before_the_verdict() -> None:
    said = Publication("newsroom", Answer.CHECK_FIRST, "origin.allowed", "The origin is not stated.")
    page, _ = read(report(), said=said)
    assert page.index("Check first") < page.index("(newsroom: origin.allowed)") < page.index("Passed")
    assert page.count("<h1>") == 1


def test_a_page_is_whole_in_itself_and_runs_nothing() -> None:
    page, reader = read(everything("x"), report())
    assert set(reader.tags) <= OF_MARKUP
    names = {name for name, _ in reader.attributes}
    assert not names & {"src", "href", "srcset", "action", "style", "background"}
    assert not [name for name in names if name.startswith("on")]
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert "://" not in page


def test_nothing_that_a_file_says_acts_on_the_page() -> None:
    page, reader = read(everything(HOSTILE))
    harmless, as_read = read(everything("x"))
    assert reader.tags == as_read.tags
    assert not re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202a-\u202e\u2066-\u2069]", page)
    assert page.count("&lt;script&gt;") == harmless.count("<bdi>x</bdi>")
    assert "\\u{202e}\\u{2066}\\u{0}\\u{2028}" in page


def test_a_text_of_ten_megabytes_is_cut() -> None:
    page, _ = read(everything("a" * 10_000_000))
    assert len(page) < 40_000
    assert f"{'a' * MAX_TEXT}…" in page


def test_letters_of_every_script_stay_as_they_are() -> None:
    page, _ = read(everything("Zoë محمد 山田太郎"))
    assert "<bdi>Zoë محمد 山田太郎</bdi>" in page


def test_the_file_is_named_by_its_digest_and_the_check_by_its_time() -> None:
    page, _ = read(replace(report(), sha256="ab" * 32))
    assert f"<code>{'ab' * 32}</code>" in page
    assert "Checked on 2026-11-27T12:00:00Z by Headshot Provenance" in page
    page, _ = read(report())
    assert "not known: it could not be read" in page


@pytest.mark.parametrize("code", ["none", "recovered", "invalid", "unreadable", "remote"])
def test_of_a_credential_that_nobody_answers_for_nothing_more_is_shown(code: str) -> None:
    page, _ = read(report(credential=code))
    assert "<dt>Credential</dt>" in page
    assert "<dt>Origin</dt>" not in page


def test_a_chain_is_told_step_by_step() -> None:
    older = replace(STEP, issuer="Camera", role="parentOf", at="2026-11-23T21:07:00Z", verifies=False, bare=2)
    page, _ = read(replace(report(), chain=(STEP, older)))
    assert page.index("this file") < page.index("made from</bdi>") < page.index("not verified")
    assert "time-stamp 2026-11-23T21:07:00Z · made from 2 without a credential" in page
    assert page.count("not verified") == 1


def test_the_label_and_its_reason_are_told() -> None:
    page, _ = read(replace(report(origin="ai-edited"), label_required=True))
    assert "<b><bdi>AI MODIFIED</bdi>.</b> <bdi>AI made or changed parts of this picture; in the EU" in page
