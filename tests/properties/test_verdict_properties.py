import contextlib
import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import InputError
from provenance.verification import Verdict
from provenance.verification.publishing import Answer
from provenance.verification.verdicts import AXES, ShortVerdict, parse_verdict

codes = st.from_regex(r"[a-z-]{1,40}", fullmatch=True)
verdicts = st.builds(
    ShortVerdict,
    file=st.text(st.characters(), max_size=80),
    sha256=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    checked_at=st.datetimes().map(lambda moment: moment.isoformat()),
    verdict=st.sampled_from(Verdict),
    answer=st.none() | st.sampled_from(Answer),
    reason=st.text(max_size=400),
    codes=st.tuples(*[codes] * len(AXES)),
)


@given(verdicts)
def test_every_verdict_is_read_as_it_was_written(verdict: ShortVerdict) -> None:
    assert parse_verdict(json.dumps(verdict.to_json()).encode()) == verdict
    assert verdict.changes_since(verdict) == ()


@given(verdicts, verdicts)
def test_what_changed_is_told_exactly_where_something_that_counts_differs(
    verdict: ShortVerdict, before: ShortVerdict
) -> None:
    same = dataclasses.replace(verdict, file=before.file, checked_at=before.checked_at, reason=before.reason)
    assert bool(verdict.changes_since(before)) == (same != before)
    assert set(verdict.changes_since(before)) == set(before.changes_since(verdict))


@given(st.binary(max_size=200) | verdicts.map(lambda verdict: json.dumps(verdict.to_json()).encode()), st.data())
def test_nothing_else_than_a_verdict_or_a_refusal_comes_of_a_line(line: bytes, data: st.DataObject) -> None:
    if line:
        at = data.draw(st.integers(0, len(line) - 1))
        line = line[:at] + data.draw(st.binary(max_size=3)) + line[at + 1 :]
    with contextlib.suppress(InputError):
        assert isinstance(parse_verdict(line), ShortVerdict)
