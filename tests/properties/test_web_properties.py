"""Whatever a browser sends: it is read, or refused by an error of ours."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.studios import USE

from provenance.consent.shelf import shipped
from provenance.consent.templates import Template
from provenance.errors import InputError, ProvenanceError, RefusedError
from provenance.web.forms import FormMarks
from provenance.web.ink import draw
from provenance.web.sitting import HOW, Job, read_form
from provenance.web.words import direction_of, words_for

NOW = datetime(2026, 11, 23, 21, 7, 5, tzinfo=UTC)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)
POINTS = st.lists(st.tuples(*[st.integers(0, 40_960)] * 3).map(list), min_size=1, max_size=20)
SIDES = st.integers(0, 40_960)
FIELDS = (
    "permit deny name email age born guardian relationship authority how typed ink witness representation "
    "initials.ai.edit initials.ai.generate initials.ai.train"
).split()
WORDS = st.sampled_from(
    ["adult", "minor", *HOW, "capture", "ai.edit", "ai.generate", "1990-05-06", "2020-01-01", "parent", "none", "a@b"]
)
FORMS = st.dictionaries(st.sampled_from(FIELDS), st.lists(WORDS | st.text(max_size=12), max_size=3))


def drawn(text: str) -> bytes | None:
    """Return the picture of a drawing; None where it is too little to be a signature."""
    try:
        return draw(text)
    except InputError as error:
        if error.code != "ink-short":
            raise
        return None


@given(st.text() | JSON.map(json.dumps))
def test_what_is_no_drawing_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(InputError):
        draw(text)


@given(st.lists(POINTS, min_size=1, max_size=5), SIDES, SIDES)
def test_strokes_become_a_picture_of_numbers_or_are_too_short(
    strokes: list[list[list[int]]], width: int, height: int
) -> None:
    svg = drawn(json.dumps({"width": width, "height": height, "strokes": strokes}))
    if svg is None:
        return
    assert re.fullmatch(rb'<svg [^<>]*><path d="[MLQ0-9 ]+" [^<>]*/></svg>', svg)
    assert svg.partition(b' d="')[2].partition(b'"')[0].count(b"M") == len(strokes)


@given(FORMS, st.sampled_from(shipped()))
def test_a_form_is_a_sitting_or_an_error_of_ours(form: dict[str, list[str]], template: Template) -> None:
    job = Job(template, "A job", USE)
    try:
        sitting = read_form(form, job, language="en", studio="Studio", now=NOW)
    except ProvenanceError:
        return
    permitted = {grant.scope.value for grant in sitting.grants if grant.decision == "permit"}
    assert permitted <= {*form.get("permit", [])}
    assert sitting.subject.name == form["name"][0].strip()


@given(st.text())
def test_no_text_is_a_mark(text: str) -> None:
    with pytest.raises(RefusedError):
        FormMarks().check(text)


@given(st.text(max_size=20))
def test_every_language_has_words_and_a_direction(language: str) -> None:
    assert words_for(language).table.keys() == words_for("en").table.keys()
    assert direction_of(language) in ("ltr", "rtl")
