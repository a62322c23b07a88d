"""Metadata that follow from the grants, computed and never typed, so that they cannot disagree with them.

Of several people in one picture, the most restrictive wins. The words are those of the CAWG training and data mining
assertion 1.1 and of the PLUS picture licensing vocabulary; the table of both stands in `docs/spec/stamp.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provenance.canonical import to_base64url
from provenance.consent.events import ConsentEvent
from provenance.consent.grants import WORLD
from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised, stand
from provenance.consent.vocabulary import ANY

PLUS: Final = "http://ns.useplus.org/ldf/vocab/"
HANDLE_URN: Final = "urn:headshot-provenance:handle:"

# What an unlimited release has to permit, without any bound: to take the picture, to show it anywhere, to pass it on.
UNLIMITED: Final = (
    Scope.CAPTURE,
    *(scope for scope in Scope if scope.value.startswith("publish.")),
    Scope.SUBLICENSE,
)

# CAWG training and data mining assertion 1.1, and the scope that decides on each entry.
_TRAINING_MINING = {
    "cawg.ai_generative_training": Scope.AI_TRAIN,
    "cawg.ai_inference": Scope.AI_INFER,
    "cawg.ai_training": Scope.AI_TRAIN,
    "cawg.data_mining": Scope.MINE,
}
_MINED: Final = (Scope.AI_TRAIN, Scope.AI_INFER, Scope.MINE)
# What each PLUS code leaves allowed. Every other mixture has none of its own, and is written out beside it.
_CODES: Final[dict[frozenset[Scope], str]] = {
    frozenset(_MINED): "DMI-ALLOWED",
    frozenset({Scope.AI_INFER, Scope.MINE}): "DMI-PROHIBITED-AIMLTRAINING",
    frozenset(): "DMI-PROHIBITED",
}
_MIXED: Final = "DMI-PROHIBITED-SEECONSTRAINT"
_SAID: Final = {Scope.AI_TRAIN: "AI training", Scope.AI_INFER: "AI analysis", Scope.MINE: "data mining"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a picture: their record, and all its events in order."""

    record: ConsentRecord
    events: Sequence[ConsentEvent]

    def permits(self, scope: Scope, *, at: datetime) -> bool:
        """Tell whether a use is permitted at a time."""
        return authorised(self.record, self.events, scope=scope, at=at).code is ConsentCode.IN_FORCE


@dataclass(frozen=True, slots=True)
class DataMining:
    """What `plus:DataMining` says.

    Attributes:
        code: the IRI of the PLUS vocabulary.
        constraint: what stands in `plus:OtherConstraints` where the code refers to it; else None.
    """

    code: str
    constraint: str | None = None


def training_mining(record: ConsentRecord, events: Sequence[ConsentEvent], *, at: datetime) -> dict[str, str]:
    """Return each `cawg.training-mining` entry with `allowed` or `notAllowed`: what is not in force is not allowed."""
    return training_mining_of([Person(record, events)], at=at)


def training_mining_of(people: Sequence[Person], *, at: datetime) -> dict[str, str]:
    """Return each `cawg.training-mining` entry: allowed where everybody permits it; of nobody, nothing is said."""
    allowed = _allowed(people, at)
    return {name: "allowed" if scope in allowed else "notAllowed" for name, scope in _TRAINING_MINING.items() if people}


def data_mining(people: Sequence[Person], *, at: datetime) -> DataMining | None:
    """Return what `plus:DataMining` says, which is what `cawg.training-mining` says; None of nobody."""
    if not people:
        return None
    allowed = _allowed(people, at)
    code = _CODES.get(allowed)
    if code is not None:
        return DataMining(f"{PLUS}{code}")
    said = (f"{name} {'allowed' if scope in allowed else 'not allowed'}" for scope, name in _SAID.items())
    return DataMining(f"{PLUS}{_MIXED}", "; ".join(said))


def model_release_status(people: Sequence[Person], *, real: bool, at: datetime) -> str:
    """Return the IRI of `plus:ModelReleaseStatus`.

    Args:
        people: everybody in the picture who has a record.
        real: whether a real person is shown; nobody real needs no release.
        at: the time that it is said for.
    """
    if not real:
        return f"{PLUS}MR-NAP"
    if not people:
        return f"{PLUS}MR-NON"
    return f"{PLUS}{'MR-UMR' if all(_is_unlimited(person, at) for person in people) else 'MR-LMR'}"


def model_release_ids(handles: Sequence[bytes]) -> list[str]:
    """Return the values of `plus:ModelReleaseID`: the handles that the stamp carries, which join no two pictures."""
    return [f"{HANDLE_URN}{to_base64url(handle)}" for handle in handles]


def _allowed(people: Sequence[Person], at: datetime) -> frozenset[Scope]:
    return frozenset(scope for scope in _MINED if all(person.permits(scope, at=at) for person in people))


def _is_unlimited(person: Person, at: datetime) -> bool:
    return all(person.permits(scope, at=at) and _is_unbounded(person, scope, at) for scope in UNLIMITED)


def _is_unbounded(person: Person, scope: Scope, at: datetime) -> bool:
    grant = person.record.grant(scope)
    standing = stand(person.record, person.events, scope=scope, at=at)
    return (
        grant is not None
        and grant.territory == (WORLD,)
        and grant.media == grant.purposes == (ANY,)
        and not grant.constraints
        and standing.until is None
        and standing.ends is None
    )
