"""Grants: one decision on one scope, with its terms; and the rules that a set of them must keep."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from provenance.canonical import Json
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import (
    ANY,
    CONSENT_BASES,
    EXPLICIT_CONSENT,
    irrevocable_until,
    parse_basis,
    parse_constraint,
    parse_day,
    parse_medium,
    parse_purpose,
    parse_revocability,
)
from provenance.errors import InputError, RefusedError

Decision = Literal["permit", "deny"]

WORLD = "WORLD"
MIN_USE_CHARACTERS = 40

_TERRITORY = re.compile(r"[A-Za-z]{2}|(?i:world)", re.ASCII)
_REQUIRED = {"scope", "decision", "legal_basis", "revocability", "territory", "media", "purposes", "term"}
_OPTIONAL = {"use_description", "constraints", "grantee"}


@dataclass(frozen=True, slots=True)
class Grant:
    """One decision on one scope.

    Attributes:
        scope: what is decided on.
        decision: `permit` or `deny`; a denial is recorded and signed too.
        since: the first day of its term.
        until: the last day of its term, or None where it has no end.
        territory: ISO 3166 codes, or `WORLD`.
        use: a specific description of the use, where the scope needs one.
        legal_basis: a DPV term.
        revocability: `any_time`, `notice:P30D` or `irrevocable_until:2027-12-31`.
        media: the media that it is for, or `ANY`.
        purposes: the DPV purposes that it is for, or `ANY`.
        constraints: what it excludes: PLUS codes such as `AL-RET`, or bans such as `no-political`.
        grantee: businesses beside the controller that may use it.
    """

    scope: Scope
    decision: Decision
    since: date
    until: date | None = None
    territory: tuple[str, ...] = (WORLD,)
    use: str | None = None
    legal_basis: str = "eu-gdpr:A6-1-a"
    revocability: str = "any_time"
    media: tuple[str, ...] = (ANY,)
    purposes: tuple[str, ...] = (ANY,)
    constraints: tuple[str, ...] = ()
    grantee: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the grant as it stands in a record."""
        term: dict[str, Json] = {"from": self.since.isoformat()}
        if self.until is not None:
            term["until"] = self.until.isoformat()
        document: dict[str, Json] = {
            "scope": self.scope.value,
            "decision": self.decision,
            "legal_basis": self.legal_basis,
            "revocability": self.revocability,
            "territory": list(self.territory),
            "media": list(self.media),
            "purposes": list(self.purposes),
            "term": term,
        }
        if self.use is not None:
            document["use_description"] = self.use
        if self.constraints:
            document["constraints"] = list(self.constraints)
        if self.grantee:
            document["grantee"] = list(self.grantee)
        return document

    @classmethod
    def from_json(cls, document: Json) -> "Grant":
        """Return the grant in a record.

        Raises:
            InputError: it is malformed, or uses a word that is not in the vocabulary.
        """
        if not isinstance(document, dict) or not _REQUIRED <= set(document) <= _REQUIRED | _OPTIONAL:
            raise InputError(f"grant: expected {', '.join(sorted(_REQUIRED))}")
        term, use, decision = document["term"], document.get("use_description"), document["decision"]
        if decision not in ("permit", "deny"):
            raise InputError(f"grant: expected the decision permit or deny, got {decision!r}")
        if not isinstance(term, dict) or not {"from"} <= set(term) <= {"from", "until"}:
            raise InputError("grant.term: expected from and, where it ends, until")
        if not isinstance(use, str | None):
            raise InputError("grant.use_description: expected text")
        return cls(
            scope=parse_scope(str(document["scope"])),
            decision="permit" if decision == "permit" else "deny",
            since=_day(term["from"]),
            until=_day(term["until"]) if "until" in term else None,
            territory=_words(document, "territory", parse_territory),
            use=use,
            legal_basis=_exact(document, "legal_basis", parse_basis),
            revocability=parse_revocability(str(document["revocability"])),
            media=_words(document, "media", parse_medium),
            purposes=_words(document, "purposes", parse_purpose),
            constraints=_words(document, "constraints", parse_constraint),
            grantee=_words(document, "grantee", str),
        )


def decide(
    *,
    permit: Sequence[Scope],
    deny: Sequence[Scope],
    since: date,
    until: date | None,
    territory: Sequence[str],
    use: str | None,
    media: Sequence[str] = (),
    purposes: Sequence[str] = (),
    constraints: Sequence[str] = (),
    grantee: Sequence[str] = (),
    bases: Mapping[Scope, str] | None = None,
    revocability: Mapping[Scope, str] | None = None,
) -> tuple[Grant, ...]:
    """Return the grants that a subject's decisions amount to, in the order of the scopes.

    Every `ai.*` scope that was not permitted is denied and recorded as denied. What may differ from scope to scope
    is given by scope; without it, the legal basis is consent, which can be withdrawn at any time.

    Raises:
        RefusedError: the decisions contradict each other or break a rule.
    """
    if both := sorted(set(permit) & set(deny)):
        raise RefusedError(f"scope {both[0]}: permitted and denied at once", code="grant-contradiction")
    if not permit and not deny:
        raise RefusedError(
            "consent: expected at least one decision", code="grant-none", hint="add --permit SCOPE or --deny SCOPE"
        )
    bases, revocability = bases or {}, revocability or {}
    if strays := sorted(({*bases} | {*revocability}) - {*permit}):
        raise RefusedError(f"scope {strays[0]}: has terms, and was not permitted", code="grant-stray-terms")
    denied = set(deny) | ({scope for scope in Scope if scope.is_ai} - set(permit))
    grants = tuple(
        Grant(
            scope=scope,
            decision="permit" if scope in permit else "deny",
            since=since,
            until=until,
            territory=tuple(dict.fromkeys(territory)) or (WORLD,),
            use=use if scope.is_ai and scope in permit else None,
            legal_basis=bases.get(scope, _default_basis(scope)),
            revocability=revocability.get(scope, "any_time"),
            media=tuple(dict.fromkeys(media)) or (ANY,),
            purposes=tuple(dict.fromkeys(purposes)) or (ANY,),
            constraints=tuple(dict.fromkeys(constraints)) if scope in permit else (),
            grantee=tuple(dict.fromkeys(grantee)) if scope in permit else (),
        )
        for scope in Scope
        if scope in permit or scope in denied
    )
    check_grants(grants)
    return grants


def check_grants(grants: Sequence[Grant]) -> None:
    """Check every rule that a set of grants must keep by itself.

    Raises:
        RefusedError: one is broken; the message names the scope and the rule.
    """
    if not grants:
        raise RefusedError("consent: expected at least one decision", code="grant-none")
    scopes = [grant.scope for grant in grants]
    if doubled := sorted({scope for scope in scopes if scopes.count(scope) > 1}):
        raise RefusedError(f"scope {doubled[0]}: decided on twice", code="grant-doubled")
    if missing := [scope for scope in Scope if scope.is_ai and scope not in scopes]:
        raise RefusedError(
            f"scope {missing[0]}: expected a decision, as silence on AI is recorded as a denial", code="grant-ai-silent"
        )
    for grant in grants:
        _check_terms(grant)
        if grant.decision == "permit":
            _check_permission(grant)


def _check_terms(grant: Grant) -> None:
    if grant.until is not None and grant.until < grant.since:
        raise RefusedError(f"term: ends on {grant.until}, before it begins on {grant.since}", code="grant-term")
    for name, values, every in (
        ("territory", grant.territory, WORLD),
        ("media", grant.media, ANY),
        ("purposes", grant.purposes, ANY),
    ):
        if every in values and len(values) > 1:
            single = "countries" if every == WORLD else "ones"
            raise RefusedError(f"{name}: {every} and single {single} at once", code=f"grant-{name}")
    if grant.revocability != "any_time" and grant.legal_basis in CONSENT_BASES:
        # GDPR, Article 7(3): consent can be withdrawn at any time; a contract may bind longer.
        raise RefusedError(
            f"scope {grant.scope}: consent ({grant.legal_basis}) can be withdrawn at any time, "
            f"got {grant.revocability}",
            code="grant-revocability",
            hint="name another legal basis for it, or leave it revocable at any time",
        )
    locked = irrevocable_until(grant.revocability)
    if locked is not None and locked < grant.since:
        raise RefusedError(
            f"scope {grant.scope}: irrevocable until {locked}, before its term begins on {grant.since}",
            code="grant-irrevocable",
        )
    if locked is not None and grant.until is not None and locked > grant.until:
        raise RefusedError(
            f"scope {grant.scope}: irrevocable until {locked}, beyond its term that ends on {grant.until}",
            code="grant-irrevocable",
        )


def _check_permission(grant: Grant) -> None:
    scope = grant.scope
    if scope.is_ai and grant.until is None:
        raise RefusedError(
            f"scope {scope}: expected an end date, as consent to AI never lasts forever",
            code="grant-ai-term",
            hint="add --until YYYY-MM-DD",
        )
    if scope is Scope.AI_GENERATE and len((grant.use or "").strip()) < MIN_USE_CHARACTERS:
        raise RefusedError(
            f"scope {scope}: expected a description of the use of at least {MIN_USE_CHARACTERS} characters",
            code="grant-ai-use",
            hint='add --use "what will be made, for whom, and where it will be shown"',
        )
    if scope.is_biometric and grant.legal_basis != EXPLICIT_CONSENT:
        raise RefusedError(
            f"scope {scope}: expected explicit consent ({EXPLICIT_CONSENT}), got {grant.legal_basis}",
            code="grant-biometric-basis",
        )
    if scope is Scope.EDIT_RETOUCH and "AL-RET" in grant.constraints:
        raise RefusedError(
            f"scope {scope}: permits retouching, and its constraint AL-RET forbids it", code="grant-contradiction"
        )


def _default_basis(scope: Scope) -> str:
    return EXPLICIT_CONSENT if scope.is_biometric else CONSENT_BASES[0]


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


def _words(document: Mapping[str, Json], name: str, parse: Callable[[str], str]) -> tuple[str, ...]:
    values = document.get(name, ())
    if name in document and (not isinstance(values, list) or not values or len(set(map(str, values))) != len(values)):
        raise InputError(f"grant.{name}: expected a list of at least one, and none twice")
    found = tuple(parse(str(value)) for value in values) if isinstance(values, list) else ()
    if any(word != value for word, value in zip(found, values if isinstance(values, list) else (), strict=True)):
        raise InputError(f"grant.{name}: expected every word as the vocabulary writes it")
    return found


def _day(value: Json) -> date:
    if not isinstance(value, str):
        raise InputError(f"date: expected a day such as 2027-12-31, got {value!r}", code="date")
    return parse_day(value)


def _exact(document: Mapping[str, Json], name: str, parse: Callable[[str], str]) -> str:
    value = str(document[name])
    word = parse(value)
    if word != value:
        raise InputError(f"grant.{name}: expected the word as the vocabulary writes it, {word!r}")
    return word
