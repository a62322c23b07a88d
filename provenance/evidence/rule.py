"""The rule: what contradicts a claim, and what makes it doubtful."""

from collections.abc import Iterable

from provenance.evidence.markers import Claim, Effect, Evidence, Strength

_ORDER = {strength: number for number, strength in enumerate(Strength)}


def find_contradictions(evidence: Iterable[Evidence], claim: Claim) -> list[Evidence]:
    """Return the evidence that a claim cannot stand beside, the strongest first; nothing overrides it."""
    return _with_effect(evidence, claim, Effect.REFUSE)


def find_doubts(evidence: Iterable[Evidence], claim: Claim) -> list[Evidence]:
    """Return the evidence that somebody must answer for before the claim is made, the strongest first.

    An AI edit without any evidence of what was edited is doubtful too, but nothing was found then that could be
    returned; whoever declares it must name a parent.
    """
    return _with_effect(evidence, claim, Effect.CONFIRM)


def _with_effect(evidence: Iterable[Evidence], claim: Claim, effect: Effect) -> list[Evidence]:
    return sorted((e for e in evidence if e.effect(claim) is effect), key=lambda e: _ORDER[e.marker.strength])
