"""The closed lists that a consent record draws its words from, and how each is read.

Legal bases, purposes and relationships are terms of the W3C Data Privacy Vocabulary 2.3 (`dpv:`, `eu-gdpr:`, `pd:`);
the `AL-` constraints are those of PLUS. A word that is in none of the lists is refused.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from provenance.errors import InputError

Relationship = Literal["dpv:ParentOfDataSubject", "dpv:GuardianOfDataSubject"]

ANY: Final = "ANY"  # of purposes and media, as WORLD is of territories
MAX_NOTICE_DAYS = 365

CONSENT_BASES: Final = ("eu-gdpr:A6-1-a", "eu-gdpr:A6-1-a-explicit-consent", "eu-gdpr:A9-2-a")
EXPLICIT_CONSENT: Final = "eu-gdpr:A9-2-a"
LEGAL_BASES: Final = (*CONSENT_BASES, "eu-gdpr:A6-1-b-contract-performance", "eu-gdpr:A6-1-f")

PURPOSES: Final = (
    "dpv:Advertising",
    "dpv:FulfilmentOfContractualObligation",
    "dpv:IdentityVerification",
    "dpv:Marketing",
    "dpv:PersonnelHiring",
    "dpv:PersonnelManagement",
    "dpv:PublicRelations",
    "dpv:RecordManagement",
    "dpv:RecruitmentManagement",
    "dpv:SellDataToThirdParties",
    "dpv:SocialMediaMarketing",
)
MEDIA: Final = ("internal", "web", "social", "email", "print", "broadcast", "outdoor", "merchandise")
CONSTRAINTS: Final = (
    "AL-CLR",
    "AL-CRP",
    "AL-DCL",
    "AL-FLP",
    "AL-MRG",
    "AL-RET",
    "no-adult",
    "no-alcohol",
    "no-gambling",
    "no-medical",
    "no-political",
    "no-religious",
    "no-tobacco",
)
RELATIONSHIPS: Final[dict[str, Relationship]] = {
    "parent": "dpv:ParentOfDataSubject",
    "guardian": "dpv:GuardianOfDataSubject",
}

_NOTICE = re.compile(r"notice:P([1-9][0-9]{0,2})D", re.ASCII)
_IRREVOCABLE = re.compile(r"irrevocable_until:([0-9]{4}-[0-9]{2}-[0-9]{2})", re.ASCII)


def parse_basis(text: str) -> str:
    """Return a legal basis, with or without its prefix `eu-gdpr:`.

    Raises:
        InputError: it is none of `LEGAL_BASES`.
    """
    return _one_of(text, LEGAL_BASES, prefix="eu-gdpr:", place="legal basis")


def parse_purpose(text: str) -> str:
    """Return a purpose, with or without its prefix `dpv:`, or `ANY`.

    Raises:
        InputError: it is none of `PURPOSES`.
    """
    return ANY if text.upper() == ANY else _one_of(text, PURPOSES, prefix="dpv:", place="purpose")


def parse_medium(text: str) -> str:
    """Return a medium, or `ANY`.

    Raises:
        InputError: it is none of `MEDIA`.
    """
    return ANY if text.upper() == ANY else _one_of(text, MEDIA, prefix="", place="medium")


def parse_constraint(text: str) -> str:
    """Return a constraint on a use.

    Raises:
        InputError: it is none of `CONSTRAINTS`.
    """
    return _one_of(text, CONSTRAINTS, prefix="", place="constraint")


def parse_relationship(text: str) -> Relationship:
    """Return what a guardian is to a minor, from `parent` or `guardian`.

    Raises:
        InputError: it is neither.
    """
    if text not in RELATIONSHIPS:
        raise InputError(f"relationship: expected parent or guardian, got {text!r}", code="relationship")
    return RELATIONSHIPS[text]


def parse_day(text: str) -> date:
    """Return a day written as YYYY-MM-DD.

    Raises:
        InputError: it is not one.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise InputError(f"date: expected a day such as 2027-12-31, got {text!r}", code="date")
    return day


def parse_revocability(text: str) -> str:
    """Return when a grant can be taken back: `any_time`, `notice:P30D` or `irrevocable_until:2027-12-31`.

    Raises:
        InputError: it is none of these, or a notice is longer than 365 days.
    """
    notice = notice_days(text)
    if text != "any_time" and irrevocable_until(text) is None and not 1 <= notice <= MAX_NOTICE_DAYS:
        raise InputError(
            f"revocability: expected any_time, notice:P30D or irrevocable_until:2027-12-31, got {text!r}",
            code="revocability",
        )
    return text


def notice_days(revocability: str) -> int:
    """Return the notice that a withdrawal needs, in days; 0 where it needs none."""
    found = _NOTICE.fullmatch(revocability)
    return int(found[1]) if found else 0


def irrevocable_until(revocability: str) -> date | None:
    """Return the last day on which a grant cannot be withdrawn, or None where there is no such day."""
    found = _IRREVOCABLE.fullmatch(revocability)
    return parse_day(found[1]) if found else None


def withdrawn_from(revocability: str, at: datetime) -> datetime:
    """Return when a withdrawal that was received at `at` takes effect.

    A notice runs from `at`. Within an irrevocable time it is a request; unless it is granted before, it takes effect
    when that time has passed, so that nobody needs to ask twice.
    """
    locked = irrevocable_until(revocability)
    if locked is not None:
        return max(at, datetime(locked.year, locked.month, locked.day, tzinfo=UTC) + timedelta(days=1))
    return at + timedelta(days=notice_days(revocability))


def _one_of(text: str, known: Iterable[str], *, prefix: str, place: str) -> str:
    for word in known:
        if text in (word, word.removeprefix(prefix)):
            return word
    raise InputError(
        f"{place}: expected a known one, got {text!r}",
        code=f"{place.replace(' ', '-')}-unknown",
        hint=f"known: {', '.join(word.removeprefix(prefix) for word in known)}",
    )
