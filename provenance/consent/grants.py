"""Grants: one decision on one scope, with its terms; and the rules that a set of them must keep."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from provenance.canonical import Json
from provenance.consent.scopes import Scope
from provenance.errors import InputError, RefusedError

Decision = Literal["permit", "deny"]

WORLD = "WORLD"
MIN_USE_CHARACTERS = 40

_TERRITORY = re.compile(r"[A-Za-z]{2}|(?i:world)", re.ASCII)
_MEMBERS = {"scope", "decision", "legal_basis", "revocability", "territory", "term"}


@dataclass(frozen=True, slots=True)
class Grant:
    """One decision on one scope.

    Attributes:
        scope: what is decided on.
        decision: `permit` or `deny`; a denial is recorded and signed too.
        legal_basis: a DPV term.
        revocability: when it can be taken back.
        territory: ISO 3166 codes, or `WORLD`.
        since: the first day of its term.
        until: the last day of its term, or None where it has no end.
        use: a specific description of the use, where the scope needs one.
    """

    scope: Scope
    decision: Decision
    since: date
    until: date | None = None
    territory: tuple[str, ...] = (WORLD,)
    use: str | None = None
    legal_basis: str = "eu-gdpr:A6-1-a"
    revocability: str = "any_time"

    def to_json(self) -> dict[str, Json]:
        """Return the grant as it stands in a record."""
        term: dict[str, Json] = {"from": self.since.isoformat()}
        if self.until is not None:
            term["until"] = self.until.isoformat()
        described: dict[str, Json] = {} if self.use is None else {"use_description": self.use}
        return {
            "scope": self.scope.value,
            "decision": self.decision,
            "legal_basis": self.legal_basis,
            "revocability": self.revocability,
            "territory": list(self.territory),
            "term": term,
            **described,
        }

    @classmethod
    def from_json(cls, document: Json) -> "Grant":
        """Return the grant in a record.

        Raises:
            InputError: it is malformed, or names an unknown scope or decision.
        """
        if not isinstance(document, dict) or not _MEMBERS <= set(document) <= _MEMBERS | {"use_description"}:
            raise InputError("grant: expected scope, decision, legal basis, revocability, territory and term")
        territory, term, use = document["territory"], document["term"], document.get("use_description")
        decision = document["decision"]
        if decision not in ("permit", "deny"):
            raise InputError(f"grant: expected the decision permit or deny, got {decision!r}")
        if not isinstance(territory, list) or not isinstance(term, dict) or not isinstance(use, str | None):
            raise InputError("grant: expected territory as a list and term as an object")
        return cls(
            scope=parse_scope(str(document["scope"])),
            decision="permit" if decision == "permit" else "deny",
            since=_day(term.get("from")),
            until=None if term.get("until") is None else _day(term.get("until")),
            territory=tuple(parse_territory(str(code)) for code in territory),
            use=use,
            legal_basis=str(document["legal_basis"]),
            revocability=str(document["revocability"]),
        )


def decide(
    *,
    permit: Sequence[Scope],
    deny: Sequence[Scope],
    since: date,
    until: date | None,
    territory: Sequence[str],
    use: str | None,
) -> tuple[Grant, ...]:
    """Return the grants that a subject's decisions amount to, in the order of the scopes.

    Every `ai.*` scope that was not permitted is denied and recorded as denied.

    Raises:
        RefusedError: the decisions contradict each other or break a rule.
    """
    if both := sorted(set(permit) & set(deny)):
        raise RefusedError(f"scope {both[0]}: permitted and denied at once", code="grant-contradiction")
    if not permit and not deny:
        raise RefusedError(
            "consent: expected at least one decision", code="grant-none", hint="add --permit SCOPE or --deny SCOPE"
        )
    if until is not None and until < since:
        raise RefusedError(f"term: ends on {until}, before it begins on {since}", code="grant-term")
    for scope in permit:
        if scope.is_ai and until is None:
            raise RefusedError(
                f"scope {scope}: expected an end date, as consent to AI never lasts forever",
                code="grant-ai-term",
                hint="add --until YYYY-MM-DD",
            )
        if scope is Scope.AI_GENERATE and len((use or "").strip()) < MIN_USE_CHARACTERS:
            raise RefusedError(
                f"scope {scope}: expected a description of the use of at least {MIN_USE_CHARACTERS} characters",
                code="grant-ai-use",
                hint='add --use "what will be made, for whom, and where it will be shown"',
            )
    places = tuple(dict.fromkeys(territory)) or (WORLD,)
    if WORLD in places and len(places) > 1:
        raise RefusedError("territory: WORLD and single countries at once", code="grant-territory")
    denied = set(deny) | ({scope for scope in Scope if scope.is_ai} - set(permit))
    return tuple(
        Grant(
            scope=scope,
            decision="permit" if scope in permit else "deny",
            since=since,
            until=until,
            territory=places,
            use=use if scope.is_ai and scope in permit else None,
        )
        for scope in Scope
        if scope in permit or scope in denied
    )


def parse_scope(text: str) -> Scope:
    """Return the scope called `text`.

    Raises:
        InputError: there is none.
    """
    try:
        return Scope(text)
    except ValueError:
        raise InputError(
            f"scope: expected a known one, got {text!r}", code="scope-unknown", hint=f"scopes: {', '.join(Scope)}"
        ) from None


def parse_territory(text: str) -> str:
    """Return a territory: two capital letters of ISO 3166, or `WORLD`.

    Raises:
        InputError: it is neither.
    """
    if not _TERRITORY.fullmatch(text):
        raise InputError(f"territory: expected two letters such as DE, or WORLD, got {text!r}", code="territory")
    return text.upper()


def parse_day(text: str) -> date:
    """Return a day written as YYYY-MM-DD.

    Raises:
        InputError: it is not one.
    """
    return _day(text)


def _day(value: Json) -> date:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise InputError(f"date: expected a day such as 2027-12-31, got {value!r}", code="date")
    return day
