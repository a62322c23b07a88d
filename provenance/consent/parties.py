"""Who and what a consent record names beside the subject: businesses, and the text that was read. None is personal."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from provenance.consent import notice
from provenance.consent.vocabulary import Relationship

AgeClass = Literal["adult", "minor", "not-recorded"]
Compensation = Literal["none", "paid", "in-kind", "not-recorded"]

KEPT = "until withdrawn, expired or erased"


@dataclass(frozen=True, slots=True)
class Controller:
    """Who is responsible: a business, not a data subject."""

    name: str
    key_urn: str
    country: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Photographer:
    """Who takes the pictures, by trading name; with the name of their key where they sign."""

    name: str
    key_urn: str | None = None


@dataclass(frozen=True, slots=True)
class AiService:
    """Who makes pictures by AI, and with what."""

    name: str
    system: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """The text that was shown before the decisions.

    Attributes:
        template: id of the text.
        version: of the text.
        language: as in HTML, such as `en` or `pt-BR`.
        digest: SHA-256 of the text as shown, in UTF-8, 32 bytes.
        presented_at: when it was shown.
        intent: SHA-256 of the sentence above the signature, 32 bytes; None for the one that comes with this version.
    """

    template: str
    version: str
    language: str
    digest: bytes
    presented_at: datetime
    intent: bytes | None = None

    @classmethod
    def shipped(cls, studio: str, *, presented_at: datetime) -> "Notice":
        """Return the text that comes with this version, as a studio shows it."""
        template, _, version = notice.VERSION.partition("/")
        return cls(template, version, notice.LANGUAGE, notice.digest(studio), presented_at)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a record says beside its grants and the personal data.

    Attributes:
        age_class: of the subject; `adult` before any `ai.*` can be permitted.
        relationship: of the guardian to a minor.
        recipients: businesses, or classes of them, that get the pictures.
        photographer: who takes them.
        ai_service: who makes pictures by AI.
        governing_law: such as `laws of Germany`.
        shoot: its first and last day.
        source_assets: salted digests of the pictures that an AI works from, 32 bytes each.
        compensation: whether the subject gets anything for it.
        retention: how long the record is kept.
        supersedes: the record id of the record that this one replaces.
        jurisdictions: ISO 3166 codes, beside the controller's country.
    """

    age_class: AgeClass = "not-recorded"
    relationship: Relationship | None = None
    recipients: tuple[str, ...] = ()
    photographer: Photographer | None = None
    ai_service: AiService | None = None
    governing_law: str | None = None
    shoot: tuple[date, date] | None = None
    source_assets: tuple[bytes, ...] = ()
    compensation: Compensation = "not-recorded"
    retention: str = KEPT
    supersedes: str | None = None
    jurisdictions: tuple[str, ...] = ()
