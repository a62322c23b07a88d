"""What a file was found to be, in one short line, and what is different in a later one.

Lines make a record: by it a publisher learns each night which of the published pictures is not what it was.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from provenance.canonical import Json
from provenance.errors import InputError
from provenance.verification.publishing import Answer, Publication
from provenance.verification.report import Report, Verdict

SCHEMA: Final = "urn:headshot-provenance:schema:verdict:1"
AXES: Final = ("credential", "origin", "consent_then", "consent_now", "ledger", "history")
MAX_LINE: Final = 64 * 1024
_MAX_TEXT: Final = 400
_CODE: Final = re.compile(r"[a-z-]{1,40}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ShortVerdict:
    """One line.

    Attributes:
        file: as it was named.
        sha256: of the whole file, in hexadecimal; None where it could not be read.
        checked_at: the time that the consent was judged for, RFC 3339.
        verdict: by the default policy.
        answer: by the publisher's policy, or None without one.
        reason: the one thing that decided, in a plain sentence, at most 400 characters.
        codes: of every axis in `AXES`, in this order.
    """

    file: str
    sha256: str | None
    checked_at: str
    verdict: Verdict
    answer: Answer | None
    reason: str
    codes: tuple[str, ...]

    @classmethod
    def of(cls, report: Report, said: Publication | None = None) -> "ShortVerdict":
        """Return the line for a report, and for what a policy says of it."""
        reason = report.reason if said is None else f"{said.sentence} ({said.policy}: {said.rule})"
        return cls(
            report.file,
            report.sha256,
            report.checked_at,
            report.verdict,
            None if said is None else said.answer,
            reason[:_MAX_TEXT],
            tuple(str(getattr(report, axis).code) for axis in AXES),
        )

    @property
    def words(self) -> str:
        """The answer, for people: the policy's, else the verdict."""
        return self.verdict.value if self.answer is None else self.answer.words.upper()

    def changes_since(self, before: "ShortVerdict") -> tuple[str, ...]:
        """Return what differs: `verdict`, `answer`, names of axes, and `file` where its bytes are others."""
        pairs = {
            "verdict": (before.verdict, self.verdict),
            "answer": (before.answer, self.answer),
            **dict(zip(AXES, zip(before.codes, self.codes, strict=True), strict=True)),
            "file": (before.sha256, self.sha256),
        }
        return tuple(name for name, (then, now) in pairs.items() if then != now)

    def to_json(self) -> dict[str, Json]:
        """Return the line as a document that validates against `verdict.schema.json`."""
        return {
            "schema": SCHEMA,
            "file": self.file,
            "sha256": self.sha256,
            "checked_at": self.checked_at,
            "verdict": self.verdict.value,
            "answer": None if self.answer is None else self.answer.value,
            "reason": self.reason,
            "codes": dict(zip(AXES, self.codes, strict=True)),
        }


def parse_verdict(line: bytes) -> ShortVerdict:
    """Return what a line of a record says; members that this version does not know are left aside.

    Raises:
        InputError: it is not one, with the code `verdict`.
    """
    document = _object(line)
    codes = document.get("codes")
    if not isinstance(codes, dict):
        raise _wrong("codes")
    return ShortVerdict(
        file=_text(document, "file", most=MAX_LINE),
        sha256=None if document.get("sha256") is None else _matching(document, "sha256", _DIGEST),
        checked_at=_text(document, "checked_at"),
        verdict=Verdict(_one_of(document, "verdict", [verdict.value for verdict in Verdict])),
        answer=None
        if document.get("answer") is None
        else Answer(_one_of(document, "answer", [answer.value for answer in Answer])),
        reason=_text(document, "reason"),
        codes=tuple(_matching(codes, axis, _CODE) for axis in AXES),
    )


def _object(line: bytes) -> Mapping[str, Json]:
    if len(line) > MAX_LINE:
        raise InputError(f"verdict: expected at most {MAX_LINE} bytes, got more", code="verdict")
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError("expected a verdict, got something else", code="verdict")
    return document


def _text(document: Mapping[str, Json], name: str, *, most: int = _MAX_TEXT) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not len(value) <= most:
        raise _wrong(name)
    return value


def _matching(document: Mapping[str, Json], name: str, pattern: re.Pattern[str]) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _wrong(name)
    return value


def _one_of(document: Mapping[str, Json], name: str, values: list[str]) -> str:
    value = document.get(name)
    if not isinstance(value, str) or value not in values:
        raise _wrong(name)
    return value


def _wrong(name: str) -> InputError:
    return InputError(f"expected a verdict, got something else in {name}", code="verdict")
