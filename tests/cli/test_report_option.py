"""`provenance verify --report`: one page for people, of one or several files, and nothing replaced."""

import hashlib
import json
from pathlib import Path

import pytest
from support.commands import Terminal
from support.papers import attached, needs_poppler, text_of
from support.pictures import draw_jpeg, with_changed_pixels
from support.workshops import Workshop


def test_a_report_is_written_beside_what_is_printed(terminal: Terminal, workshop: Workshop) -> None:
    Path("changed.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    named = ["stamped/portrait.jpg", "changed.jpg", "none.jpg"]
    without = terminal("verify", *named)
    ran = terminal("verify", *named, "--report", "report.html")
    assert (ran.code, ran.out, ran.err) == (1, without.out, without.err)
    page = Path("report.html").read_text("utf-8")
    assert page.count("<article>") == 3
    positions = [page.index(f"<bdi>{name}</bdi>") for name in named]
    assert positions == sorted(positions)
    assert hashlib.sha256(workshop.stamped.read_bytes()).hexdigest() in page
    assert "not known: it could not be read" in page
    assert "In the ledger" in page


def test_a_report_says_first_what_the_policy_says(terminal: Terminal, workshop: Workshop) -> None:
    options = ["--policy", "corporate-web", "--report", "report.html", "--json"]
    document = terminal("verify", "stamped/portrait.jpg", *options).document()
    page = Path("report.html").read_text("utf-8")
    assert document["policy"]["sentence"] in page
    assert page.index("corporate-web: all") < page.index("Passed")


def test_the_document_names_the_file_by_its_digest_and_tells_the_chain(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("plain.jpg"), seed=5)
    stamped, plain, none = terminal("verify", "stamped/portrait.jpg", "plain.jpg", "none.jpg", "--json").documents()
    assert stamped["sha256"] == hashlib.sha256(workshop.stamped.read_bytes()).hexdigest()
    assert [(step["issuer"], step["role"], step["verifies"]) for step in stamped["chain"]] == [
        ("Studio Lumen", "active", True)
    ]
    assert (plain["sha256"], plain["chain"]) == (hashlib.sha256(Path("plain.jpg").read_bytes()).hexdigest(), [])
    assert (none["sha256"], none["chain"]) == (None, [])


@needs_poppler
def test_a_report_is_printed_with_the_documents_in_it(terminal: Terminal, workshop: Workshop, tmp_path: Path) -> None:
    Path("changed.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    named = ["stamped/portrait.jpg", "changed.jpg"]
    ran = terminal("verify", *named, "--policy", "corporate-web", "--report", "report.pdf", "--json")
    assert ran.code == 1
    document = Path("report.pdf").read_bytes()
    text = text_of(document, tmp_path)
    assert [text.index(name) for name in named] == sorted(text.index(name) for name in named)
    for report in ran.documents():
        assert report["sha256"] in text
        assert report["policy"]["sentence"] in text
    within = [json.loads(line) for line in attached(document)["reports.jsonl"].splitlines()]
    assert within == ran.documents()


def test_paper_that_cannot_be_set_is_told_before_anything_is_checked(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.paper.NEEDS", ("typst", "not_there_at_all"))
    terminal("verify", "stamped/portrait.jpg", "--report", "report.pdf").refuses(
        3, "pdf: needs the library not_there_at_all, which is not installed", "pip install 'headshot-provenance[pdf]'"
    )


def test_a_report_replaces_nothing(terminal: Terminal, workshop: Workshop) -> None:
    Path("report.html").write_text("mine")
    terminal("verify", "stamped/portrait.jpg", "--report", "report.html").refuses(
        1, "report.html: exists already", "name another file"
    )
    assert Path("report.html").read_text() == "mine"


def test_a_report_of_another_kind_is_wrong_use(terminal: Terminal, workshop: Workshop) -> None:
    terminal("verify", "stamped/portrait.jpg", "--report", "report.txt").refuses(
        2, "report: expected a file named .html or .pdf, got 'report.txt'", "such as report.html"
    )
    terminal("verify", "stamped/portrait.jpg", "--report", "no/report.html").refuses(
        3, "report: no such folder as no", "make it, or name another file"
    )
