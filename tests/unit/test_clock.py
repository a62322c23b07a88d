from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from support.refusals import refused

from provenance.clock import SystemClock, from_minutes, from_seconds, from_user, to_minutes, to_seconds
from provenance.errors import InputError

MOMENT = datetime(2026, 11, 23, 21, 7, 5, tzinfo=UTC)


def test_the_clock_of_the_system_says_the_time_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before - timedelta(seconds=1) <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC


def test_the_clock_of_the_system_cuts_to_the_second() -> None:
    assert SystemClock().now().microsecond == 0


@pytest.mark.parametrize(
    ("moment", "seconds", "minutes"),
    [
        (MOMENT, "2026-11-23T21:07:05Z", "2026-11-23T21:07Z"),
        (MOMENT.replace(microsecond=999_999), "2026-11-23T21:07:05Z", "2026-11-23T21:07Z"),
        (MOMENT.replace(second=59), "2026-11-23T21:07:59Z", "2026-11-23T21:07Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z", "2026-01-02T03:04Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "9999-12-31T23:59:59Z", "9999-12-31T23:59Z"),
    ],
)
def test_a_time_is_written_in_seconds_and_in_minutes(moment: datetime, seconds: str, minutes: str) -> None:
    assert to_seconds(moment) == seconds
    assert to_minutes(moment) == minutes


@pytest.mark.parametrize("hours", [-12, -1, 1, 5.5, 14])
def test_a_time_of_another_zone_is_written_in_utc(hours: float) -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=hours)))
    assert to_seconds(elsewhere) == "2026-11-23T21:07:05Z"
    assert to_minutes(elsewhere) == "2026-11-23T21:07Z"


@pytest.mark.parametrize("write", [to_seconds, to_minutes])
def test_a_time_without_a_zone_is_refused(write: Callable[[datetime], str]) -> None:
    with refused(ValueError, "time: expected a time with a zone, got one without"):
        write(MOMENT.replace(tzinfo=None))


def test_seconds_are_read_as_they_were_written() -> None:
    assert from_seconds(to_seconds(MOMENT)) == MOMENT
    assert from_seconds("2026-11-23T21:07:05Z").tzinfo is UTC


def test_minutes_are_read_as_they_were_written() -> None:
    assert from_minutes(to_minutes(MOMENT)) == MOMENT.replace(second=0)
    assert from_minutes("2026-11-23T21:07Z").tzinfo is UTC


@pytest.mark.parametrize("year", [1, 999])
def test_an_early_year_is_read_as_it_was_written(year: int) -> None:
    moment = datetime(year, 1, 1, tzinfo=UTC)
    assert to_seconds(moment) == f"{year:04}-01-01T00:00:00Z"
    assert from_seconds(to_seconds(moment)) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T21:07Z",
        "2026-11-23T21:07:05",
        "2026-11-23T21:07:05z",
        "2026-11-23t21:07:05Z",
        "2026-11-23 21:07:05Z",
        "2026-11-23T21:07:05.0Z",
        "2026-11-23T21:07:05+00:00",
        " 2026-11-23T21:07:05Z",
        "2026-11-23T21:07:05Z\n",
        "2026-1-23T21:07:05Z",
        "26-11-23T21:07:05Z",
        "-2026-11-23T21:07:05Z",
        "٢٠٢٦-11-23T21:07:05Z",
        "2026-02-29T21:07:05Z",
        "2026-13-01T21:07:05Z",
        "2026-00-01T21:07:05Z",
        "0000-01-01T21:07:05Z",
        "2026-11-31T21:07:05Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T21:60:05Z",
        "2026-11-23T21:07:60Z",
        "2026-11-23T21:07:61Z",
    ],
)
def test_other_text_than_a_time_in_seconds_is_refused(text: str) -> None:
    with refused(InputError, f"time: expected a time such as 2026-11-23T21:07:05Z, got {text!r}"):
        from_seconds(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T21:07:05Z",
        "2026-11-23T21:07",
        "2026-11-23T21:07Z\n",
        "2026-11-23T21:7Z",
        "2026-11-23T21:07+00:00",
        "2026-02-30T21:07Z",
        "2026-11-23T25:07Z",
        "2026-11-23T21:60Z",
    ],
)
def test_other_text_than_a_time_in_minutes_is_refused(text: str) -> None:
    with refused(InputError, f"time: expected a time such as 2026-11-23T21:07Z, got {text!r}"):
        from_minutes(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T21:07Z", datetime(2026, 11, 23, 21, 7, tzinfo=UTC)),
        ("2026-11-23T21:07:05Z", MOMENT),
        ("2028-02-29", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_person_may_type_a_date_a_minute_or_a_second(text: str, moment: datetime) -> None:
    assert from_user(text) == moment
    assert from_user(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-00-10", "0000-01-01", "2026-11-23T25:00Z", "2026-11-23T21:07:60Z"]
)
def test_a_date_that_does_not_exist_is_refused(text: str) -> None:
    with refused(InputError, f"time: expected a real date, got {text!r}"):
        from_user(text)


@pytest.mark.parametrize(
    "text", ["", "today", "23.11.2026", "2026-1-1", "2026-11-23\n", "2026-11-23T21:07+01:00", "2026"]
)
def test_other_text_than_a_date_or_time_is_refused(text: str) -> None:
    expected = "time: expected a date or UTC time such as 2026-11-23 or 2026-11-23T21:07Z"
    with refused(InputError, f"{expected}, got {text!r}"):
        from_user(text)
