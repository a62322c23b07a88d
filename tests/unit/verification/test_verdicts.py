"""Short verdicts: what they keep of a report, what is different in a later one, and lines that are none."""

import dataclasses
import json
from typing import Any

import pytest
from support.refusals import refused

from provenance import schemas
from provenance.errors import InputError
from provenance.verification import Verdict
from provenance.verification.publishing import Answer
from provenance.verification.verdicts import AXES, MAX_LINE, ShortVerdict, parse_verdict

CODES = ("trusted", "camera-declared", "in-force", "in-force", "proven", "clean")
FINE = ShortVerdict("a.jpg", "5e" * 32, "2026-11-27T02:00:00Z", Verdict.PASSED, Answer.OK, "All holds.", CODES)


def line(**members: Any) -> bytes:
    return json.dumps({**FINE.to_json(), **members}).encode()


@pytest.mark.parametrize(
    "verdict",
    [FINE, dataclasses.replace(FINE, sha256=None, answer=None), dataclasses.replace(FINE, file="\udcff\n\u202e.jpg")],
)
def test_a_line_says_what_was_written(verdict: ShortVerdict) -> None:
    schemas.validate(verdict.to_json(), "verdict")
    written = json.dumps(verdict.to_json()).encode()
    assert parse_verdict(written) == verdict
    assert parse_verdict(written[:-1] + b', "later": 1}') == verdict


@pytest.mark.parametrize(
    ("members", "changed"),
    [
        ({}, ()),
        ({"reason": "Another.", "checked_at": "2026-11-28T02:00:00Z"}, ()),
        ({"sha256": None}, ("file",)),
        ({"verdict": Verdict.FAILED}, ("verdict",)),
        ({"answer": None}, ("answer",)),
        *(({"codes": (*CODES[:n], "unknown", *CODES[n + 1 :])}, (axis,)) for n, axis in enumerate(AXES)),
        (
            {"verdict": Verdict.FAILED, "answer": Answer.DO_NOT_PUBLISH, "sha256": "00" * 32},
            ("verdict", "answer", "file"),
        ),
    ],
)
def test_what_changed_is_named(members: dict[str, Any], changed: tuple[str, ...]) -> None:
    assert dataclasses.replace(FINE, **members).changes_since(FINE) == changed


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected a verdict, got something else"),
        (b"[]", "expected a verdict, got something else"),
        (b"\xff", "expected a verdict, got something else"),
        (b"[" * 50_000, "expected a verdict, got something else"),
        (line(schema="urn:headshot-provenance:schema:verdict:2"), "expected a verdict, got something else"),
        (b" " * (MAX_LINE + 1), f"verdict: expected at most {MAX_LINE} bytes, got more"),
        (line(file=7), "expected a verdict, got something else in file"),
        (line(sha256="5E" * 32), "expected a verdict, got something else in sha256"),
        (line(checked_at=None), "expected a verdict, got something else in checked_at"),
        (line(verdict="passed"), "expected a verdict, got something else in verdict"),
        (line(answer="perhaps"), "expected a verdict, got something else in answer"),
        (line(reason="x" * 401), "expected a verdict, got something else in reason"),
        (line(codes=None), "expected a verdict, got something else in codes"),
        (line(codes=dict.fromkeys(AXES[:-1], "x")), "expected a verdict, got something else in history"),
        (line(codes=dict.fromkeys(AXES, "\x1b[2J")), "expected a verdict, got something else in credential"),
    ],
    ids=range(15),
)
def test_what_is_no_line_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message, code="verdict"):
        parse_verdict(data)
