"""What a marker is: where it lives, what it looks like, how strong it is, and what it says about each claim."""

import enum
import re
from dataclasses import dataclass

from provenance.canonical import Json


class Claim(enum.Enum):
    """What may be said of a picture, as far as evidence can contradict it."""

    CAPTURED = "captured"
    AI_EDITED = "ai-edited"
    AI_GENERATED = "ai-generated"


class Strength(enum.StrEnum):
    """How much a marker proves."""

    PROOF = "proof"  # signed, or a structure that no camera and no editor writes
    STRONG = "strong"  # the vendor's own statement, unsigned
    WEAK = "weak"  # a hint


class Effect(enum.StrEnum):
    """What a marker does to a claim."""

    REFUSE = "refuse"
    CONFIRM = "confirm"
    NEUTRAL = "neutral"
    SUPPORT = "support"


class Says(enum.Enum):
    """What a marker says of a picture, with its effect on each claim; the words are those of the reference."""

    AI = "AI made or changed it", Effect.REFUSE, Effect.SUPPORT, Effect.SUPPORT
    AI_MAYBE = "AI may have made or changed it", Effect.CONFIRM, Effect.NEUTRAL, Effect.NEUTRAL
    AI_CHANGED = "AI changed a part of it", Effect.REFUSE, Effect.SUPPORT, Effect.CONFIRM
    NO_PHOTOGRAPH = "it is no photograph", Effect.REFUSE, Effect.NEUTRAL, Effect.NEUTRAL
    COMPOSED = "it was put together", Effect.CONFIRM, Effect.NEUTRAL, Effect.NEUTRAL
    CAPTURED = "a camera took it", Effect.SUPPORT, Effect.SUPPORT, Effect.REFUSE
    CAPTURED_MAYBE = "a camera may have taken it", Effect.SUPPORT, Effect.SUPPORT, Effect.CONFIRM
    CAMERA_NAMED = "it names a camera", Effect.SUPPORT, Effect.SUPPORT, Effect.NEUTRAL
    SCANNED = "it was scanned from film or paper", Effect.NEUTRAL, Effect.NEUTRAL, Effect.REFUSE
    EDITED = "people edited it", Effect.NEUTRAL, Effect.NEUTRAL, Effect.CONFIRM
    DOUBTFUL = "its data contradict themselves or cannot be read", Effect.CONFIRM, Effect.NEUTRAL, Effect.NEUTRAL

    def __init__(self, words: str, captured: Effect, ai_edited: Effect, ai_generated: Effect) -> None:
        self.words = words
        self.effects = {Claim.CAPTURED: captured, Claim.AI_EDITED: ai_edited, Claim.AI_GENERATED: ai_generated}


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must be found: a value in one of these fields, with all of these patterns in it.

    Attributes:
        fields: names of fields, see `fields.Field`.
        shapes: regular expressions; each must be found. What the first one matches is shown, and nothing else of
            the value, which may be personal.
    """

    fields: tuple[str, ...]
    shapes: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Marker:
    """One row of the catalogue.

    Attributes:
        code: its stable name.
        conditions: all must hold; the first one gives the place and the value that are shown.
        says: what it says of the picture.
        strength: how much it proves.
        about: who writes it, in a few words.
        source: where that is known from.
    """

    code: str
    conditions: tuple[Condition, ...]
    says: Says
    strength: Strength
    about: str
    source: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A marker that was found.

    Attributes:
        marker: the row of the catalogue.
        place: where it was found, for people.
        value: what was found, shortened and harmless to show.
    """

    marker: Marker
    place: str
    value: str

    def effect(self, claim: Claim) -> Effect:
        """Return what it does to a claim."""
        return self.marker.says.effects[claim]

    def to_json(self, claim: Claim) -> dict[str, Json]:
        """Return the evidence as it stands in a document, with its effect on a claim."""
        return {
            "marker": self.marker.code,
            "value": self.value,
            "where": self.place,
            "strength": self.marker.strength.value,
            "effect": self.effect(claim).value,
        }
