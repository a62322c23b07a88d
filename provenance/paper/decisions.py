"""Decisions and what became of them, in plain words: what the release and the receipt have in common."""

from collections.abc import Mapping, Sequence
from typing import Final

from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.consent.events import ConsentEvent
from provenance.consent.grants import WORLD, Grant
from provenance.consent.records import ConsentRecord
from provenance.consent.vocabulary import irrevocable_until, notice_days
from provenance.paper.labels import Labels

_ARTICLES: Final = {
    "eu-gdpr:A6-1-a": "6(1)(a)",
    "eu-gdpr:A6-1-a-explicit-consent": "6(1)(a), 9(2)(a)",
    "eu-gdpr:A9-2-a": "9(2)(a)",
    "eu-gdpr:A6-1-b-contract-performance": "6(1)(b)",
    "eu-gdpr:A6-1-f": "6(1)(f)",
}


def decisions(record: ConsentRecord, labels: Labels, *, initials: Mapping[str, str]) -> Json:
    """Return every decision, what is permitted before what is not."""
    ordered = sorted(record.grants, key=lambda grant: grant.decision == "deny")
    terms = {
        grant.scope: _terms(grant, labels, initials.get(grant.scope.value))
        for grant in ordered
        if grant.decision == "permit"
    }
    first, *others = terms.values() if terms else [[]]
    # What all have in common is said once, and only where there is more than one.
    shared = [term for term in first if others and all(term in other for other in others)]
    return {
        "heading": labels("decisions"),
        "note": labels("silence"),
        "shared_label": labels("shared"),
        "shared": shared,
        "items": [
            _decision(grant, labels, [term for term in terms.get(grant.scope, []) if term not in shared])
            for grant in ordered
        ],
    }


def since(events: Sequence[ConsentEvent], labels: Labels) -> Json:
    """Return what happened after the record was signed; None where nothing did."""
    rows: list[Json] = [event_row(event, labels) for event in events[1:]]
    return {"heading": labels("since"), "rows": rows} if rows else None


def event_row(event: ConsentEvent, labels: Labels) -> Json:
    """Return when something happened, and what."""
    touched = labels("all_of_it") if event.scopes is None else labels.join("scope", event.scopes)
    extra = "" if event.detail.until is None else f" ({event.detail.until.isoformat()})"
    return [to_seconds(event.at), f"{labels.of('event', event.type)}{extra}: {touched}"]


def _decision(grant: Grant, labels: Labels, terms: list[Json]) -> Json:
    permitted = grant.decision == "permit"
    return {
        "permitted": permitted,
        "word": labels("yes") if permitted else labels("no"),
        "use": labels.of("scope", grant.scope.value),
        "scope": grant.scope.value,
        "terms": terms,
    }


def _terms(grant: Grant, labels: Labels, initials: str | None) -> list[Json]:
    start = grant.since.isoformat()
    found: list[tuple[str, str | None]] = [
        (
            "",
            labels("open_ended", since=start)
            if grant.until is None
            else labels("from_until", since=start, until=grant.until.isoformat()),
        ),
        ("territory", labels("anywhere") if WORLD in grant.territory else ", ".join(grant.territory)),
        ("media", labels.join("media", grant.media)),
        ("purposes", labels.join("purpose", grant.purposes)),
        ("revocable", _revocable(grant, labels)),
        ("basis", f"{labels('gdpr')} {_ARTICLES[grant.legal_basis]}"),
        ("constraints", labels.join("constraint", grant.constraints) or None),
        ("grantee", ", ".join(grant.grantee) or None),
        ("use", grant.use),
        ("initials", initials),
    ]
    return [[labels(name) if name else "", value] for name, value in found if value is not None]


def _revocable(grant: Grant, labels: Labels) -> str:
    locked, days = irrevocable_until(grant.revocability), notice_days(grant.revocability)
    if locked is not None:
        return labels("irrevocable", day=locked.isoformat())
    return labels("after_notice", days=str(days)) if days else labels("any_time")
