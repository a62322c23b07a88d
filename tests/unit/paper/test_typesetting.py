"""What is printed: names in any script, text that is never markup, the same bytes every time."""

import dataclasses
from pathlib import Path

import pytest
from support.consents import NOW, signed_event
from support.papers import CODE, attached, make_form, needs_poppler, poppler, print_form, text_of
from support.refusals import refused

from provenance.consent.events import ConsentEvent
from provenance.consent.parties import Photographer, Terms
from provenance.errors import InputError
from provenance.paper import NEEDS, check_installed
from provenance.paper.fonts import FAMILIES, families, library
from provenance.paper.labels import LANGUAGES, labels_for

MARKUP = ['#read("/etc/passwd")', "*bold*", "$x$", "#panic()", "<script>", "= title", "\\u{41}", "@label", "{studio}"]


@needs_poppler
@pytest.mark.parametrize(
    "name",
    ["Zoë Ångström", "山田太郎", "محمد علي", "Владимир", "김민수", "王小明", "דוד כהן", "Ἀλέξανδρος", "สมชาย"],
)
def test_a_name_in_any_script_is_printed_and_can_be_copied(name: str, tmp_path: Path) -> None:
    assert name in text_of(print_form(make_form({"legal_name": name})), tmp_path)


@needs_poppler
def test_what_people_wrote_is_never_markup(tmp_path: Path) -> None:
    fields = ["legal_name", "email", "phone", "address", "witness_name", "shoot_location", "shoot_description"]
    for text in MARKUP:
        terms = Terms(age_class="adult", photographer=Photographer(text), recipients=(text,), governing_law=text)
        printed = text_of(print_form(make_form(dict.fromkeys([*fields, "signature"], text), terms=terms)), tmp_path)
        assert printed.count(text) >= len(fields) + 3
        assert "root:" not in printed


@needs_poppler
def test_what_could_act_is_written_out(tmp_path: Path) -> None:
    printed = text_of(print_form(make_form({"legal_name": "Zoë\u202egnp\x07"})), tmp_path)
    assert "Zoë\\u{202e}gnp\\u{7}" in printed


def test_a_character_that_no_font_has_is_refused_by_its_number() -> None:
    hint = "the record itself is whole: provenance consent receipt CODE -o FILE.json"
    with refused(
        InputError, "paper: no font at hand can show U+1200 (ethiopic syllable ha)", code="glyph-missing", hint=hint
    ):
        print_form(make_form({"legal_name": "ሀ"}))


def test_the_same_record_is_printed_in_the_same_bytes() -> None:
    form = make_form()
    assert print_form(form) == print_form(form)
    assert print_form(form) != print_form(make_form())


def test_the_document_goes_with_it_byte_for_byte() -> None:
    form = make_form({"email": "zoe@example.org"})
    assert attached(print_form(form)) == {f"consent-{CODE}.json": form.to_bytes()}


@needs_poppler
def test_it_says_which_standards_it_keeps(tmp_path: Path) -> None:
    document = print_form(make_form())
    about = poppler("pdfinfo", document, tmp_path)
    assert "Tagged:          yes" in about
    assert f"Title:           Model release {CODE}" in about
    described = poppler("pdfinfo", document, tmp_path, "-meta")
    for mark in ("<pdfaid:part>3<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<", "<rdf:li>en<"):
        assert mark in described
    fonts = poppler("pdffonts", document, tmp_path).splitlines()[2:]
    assert fonts
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts), fonts


@needs_poppler
def test_nothing_runs_beyond_the_margin(tmp_path: Path) -> None:
    long = {"legal_name": "W" * 200, "address": "m" * 200, "shoot_description": "Ω" * 200}
    boxes = poppler("pdftotext", print_form(make_form(long)), tmp_path, "-bbox")
    assert boxes == ""
    text = (tmp_path / "judged.html").read_text("utf-8")
    edges = [float(part.split('"')[1]) for part in text.split("xMax=")[1:] for part in [f"={part}"]]
    assert edges
    assert max(edges) <= 595.3 - 26 * 72 / 25.4 + 1


@needs_poppler
def test_what_happened_since_stands_on_it(tmp_path: Path) -> None:
    form = make_form()
    assert "Since it was signed" not in text_of(print_form(form), tmp_path)
    first = form.events[0]
    events: tuple[ConsentEvent, ...] = (first, signed_event(form.record, "withdrawn", previous=first, now=NOW))
    printed = text_of(print_form(dataclasses.replace(form, events=events)), tmp_path)
    assert "Since it was signed 2026-11-23T21:07:05Z withdrawn: all of it" in printed


@needs_poppler
def test_the_text_that_was_read_is_printed_only_if_it_is_the_one(tmp_path: Path) -> None:
    printed = text_of(print_form(make_form()), tmp_path)
    assert "You need no account and owe no reason." in printed
    assert "By signing I confirm that I have read the notice" in printed


def test_every_language_has_every_word() -> None:
    english = labels_for("en").tables
    for language in LANGUAGES:
        tables = labels_for(language).tables
        assert {name: set(table) for name, table in tables.items()} == {n: set(t) for n, t in english.items()}
        for name, text in english["words"].items():
            assert tables["words"][name].count("{") == text.count("{"), (language, name)


def test_a_language_without_a_table_is_english_as_a_whole() -> None:
    assert labels_for("de-AT").language == "de"
    assert labels_for("ar").language == "en"


def test_a_value_that_looks_like_a_place_stays_what_it_is() -> None:
    assert "{name}" in labels_for("en")("about_form", name="{studio}", studio="{name}")


def test_the_fonts_are_those_of_the_packages_and_fit_the_text() -> None:
    assert set(families("")) <= set(library().families())
    first = {text: families(text)[len(FAMILIES)] for text in ("山田太郎", "张伟刘", "陳怡君", "김민수")}
    assert first == {
        "山田太郎": "Noto Sans JP",
        "张伟刘": "Noto Sans SC",
        "陳怡君": "Noto Sans JP",
        "김민수": "Noto Sans KR",
    }


def test_what_paper_needs_is_here_and_is_asked_for_by_name() -> None:
    check_installed()
    assert "typst" in NEEDS
