"""Time: the only place that asks for it, and how it is written down.

Everything here is UTC. Records carry whole seconds (RFC 3339); ledger entries carry whole minutes, so that the
public log says less about when a person sat for a picture.
"""

import re
from datetime import UTC, datetime
from typing import Protocol

from provenance.errors import InputError

_SECONDS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_MINUTES = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Clock(Protocol):
    """Anything that can say what time it is."""

    def now(self) -> datetime:
        """Return the current time in UTC, cut to the second."""
        ...


class SystemClock:
    """The computer's own clock."""

    def now(self) -> datetime:
        """Return the current time in UTC, cut to the second."""
        return datetime.now(UTC).replace(microsecond=0)


def to_seconds(moment: datetime) -> str:
    """Return `moment` as RFC 3339 in UTC with whole seconds, such as `2026-11-23T21:07:05Z`."""
    return _utc(moment).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def to_minutes(moment: datetime) -> str:
    """Return `moment` in UTC cut to the minute, such as `2026-11-23T21:07Z`."""
    return _utc(moment).isoformat(timespec="minutes").removesuffix("+00:00") + "Z"


def from_seconds(text: str) -> datetime:
    """Return the time that `to_seconds` wrote.

    Raises:
        InputError: `text` has any other form or names no real time.
    """
    return _parse(text, _SECONDS, "%Y-%m-%dT%H:%M:%SZ", "a time such as 2026-11-23T21:07:05Z")


def from_minutes(text: str) -> datetime:
    """Return the time that `to_minutes` wrote.

    Raises:
        InputError: `text` has any other form or names no real time.
    """
    return _parse(text, _MINUTES, "%Y-%m-%dT%H:%MZ", "a time such as 2026-11-23T21:07Z")


def from_user(text: str) -> datetime:
    """Return the time that a person typed: a date, a minute or a second, always UTC; a date means its midnight.

    Raises:
        InputError: `text` is none of these.
    """
    for form, pattern in (
        (_SECONDS, "%Y-%m-%dT%H:%M:%SZ"),
        (_MINUTES, "%Y-%m-%dT%H:%MZ"),
        (_DATE, "%Y-%m-%d"),
    ):
        if form.fullmatch(text):
            return _parse(text, form, pattern, "a real date")
    raise InputError(f"time: expected a date or UTC time such as 2026-11-23 or 2026-11-23T21:07Z, got {text!r}")


def _parse(text: str, form: re.Pattern[str], pattern: str, expected: str) -> datetime:
    try:
        if not form.fullmatch(text):
            raise ValueError
        return datetime.strptime(text, pattern).replace(tzinfo=UTC)
    except ValueError:
        raise InputError(f"time: expected {expected}, got {text!r}") from None


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("time: expected a time with a zone, got one without")
    return moment.astimezone(UTC)
