from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from support.refusals import refused

from provenance.consent.vocabulary import (
    CONSTRAINTS,
    LEGAL_BASES,
    MEDIA,
    PURPOSES,
    irrevocable_until,
    notice_days,
    parse_basis,
    parse_constraint,
    parse_medium,
    parse_purpose,
    parse_relationship,
    parse_revocability,
    withdrawn_from,
)
from provenance.errors import InputError

NOW = datetime(2026, 11, 23, 21, 7, 5, tzinfo=UTC)
READERS: list[tuple[Callable[[str], str], tuple[str, ...], str, str]] = [
    (parse_basis, LEGAL_BASES, "eu-gdpr:", "legal basis"),
    (parse_purpose, PURPOSES, "dpv:", "purpose"),
    (parse_medium, MEDIA, "", "medium"),
    (parse_constraint, CONSTRAINTS, "", "constraint"),
]


@pytest.mark.parametrize(("parse", "known", "prefix", "place"), READERS)
def test_a_known_word_is_read_with_and_without_its_prefix(
    parse: Callable[[str], str], known: tuple[str, ...], prefix: str, place: str
) -> None:
    for word in known:
        assert parse(word) == parse(word.removeprefix(prefix)) == word


@pytest.mark.parametrize(("parse", "known", "prefix", "place"), READERS)
@pytest.mark.parametrize("text", ["", "dpv:", "Everything", " web"])
def test_an_unknown_word_is_refused(
    parse: Callable[[str], str], known: tuple[str, ...], prefix: str, place: str, text: str
) -> None:
    hint = f"known: {', '.join(word.removeprefix(prefix) for word in known)}"
    code = f"{place.replace(' ', '-')}-unknown"
    with refused(InputError, f"{place}: expected a known one, got {text!r}", code=code, hint=hint):
        parse(text)


def test_any_purpose_and_medium_have_a_word() -> None:
    assert parse_purpose("any") == parse_medium("ANY") == "ANY"


def test_a_relationship_is_parent_or_guardian() -> None:
    assert parse_relationship("parent") == "dpv:ParentOfDataSubject"
    assert parse_relationship("guardian") == "dpv:GuardianOfDataSubject"
    with refused(InputError, "relationship: expected parent or guardian, got 'uncle'", code="relationship"):
        parse_relationship("uncle")


@pytest.mark.parametrize(
    ("text", "days", "locked", "later"),
    [
        ("any_time", 0, None, timedelta(0)),
        ("notice:P1D", 1, None, timedelta(days=1)),
        ("notice:P365D", 365, None, timedelta(days=365)),
        ("irrevocable_until:2026-11-22", 0, date(2026, 11, 22), timedelta(0)),
    ],
)
def test_a_revocability_says_when_a_withdrawal_takes_effect(
    text: str, days: int, locked: date | None, later: timedelta
) -> None:
    assert parse_revocability(text) == text
    assert (notice_days(text), irrevocable_until(text)) == (days, locked)
    assert withdrawn_from(text, NOW) == NOW + later


def test_an_irrevocable_time_ends_with_its_last_day() -> None:
    assert withdrawn_from("irrevocable_until:2026-11-23", NOW) == datetime(2026, 11, 24, tzinfo=UTC)
    assert withdrawn_from("irrevocable_until:2026-11-23", datetime(2026, 11, 24, tzinfo=UTC)).day == 24


@pytest.mark.parametrize(
    "text", ["", "never", "notice:P0D", "notice:P366D", "notice:P1M", "notice:P30D\n", "irrevocable_until:", "Any_time"]
)
def test_another_revocability_is_refused(text: str) -> None:
    message = f"revocability: expected any_time, notice:P30D or irrevocable_until:2027-12-31, got {text!r}"
    with refused(InputError, message, code="revocability"):
        parse_revocability(text)


def test_an_irrevocable_time_ends_on_a_day_that_there_is() -> None:
    with refused(InputError, "date: expected a day such as 2027-12-31, got '2027-02-30'", code="date"):
        parse_revocability("irrevocable_until:2027-02-30")
