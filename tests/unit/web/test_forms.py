import pytest

from provenance.errors import RefusedError
from provenance.web.forms import MARK_SECONDS, FormMarks


def test_a_mark_is_good_for_twelve_hours_in_the_process_that_made_it() -> None:
    now = 1000.0
    marks = FormMarks(clock=lambda: now)
    mark = marks.new()
    marks.check(mark)
    now += MARK_SECONDS
    marks.check(mark)
    now += 1
    with pytest.raises(RefusedError) as refused:
        marks.check(mark)
    assert (refused.value.code, refused.value.hint) == ("form-mark", "open the page again")


@pytest.mark.parametrize("mark", ["", ".", "..", "a.b.c", "a.1.c", "\ud800", "é.1.é"])
def test_what_is_no_mark_is_refused(mark: str) -> None:
    with pytest.raises(RefusedError):
        FormMarks().check(mark)


def test_a_mark_of_another_process_or_with_another_time_is_refused() -> None:
    marks = FormMarks(clock=lambda: 5.0)
    for mark in (FormMarks(clock=lambda: 5.0).new(), marks.new().replace(".5.", ".6.")):
        with pytest.raises(RefusedError):
            marks.check(mark)


def test_no_two_marks_are_the_same() -> None:
    marks = FormMarks()
    assert len({marks.new() for _ in range(100)}) == 100
