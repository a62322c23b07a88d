"""The report: facts on separate axes, each with a stable code and words for people, and one verdict over them."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from provenance.canonical import Json
from provenance.verification.chain import ChainStep

SCHEMA = "urn:headshot-provenance:schema:verification-report:1"


class Verdict(enum.StrEnum):
    """The answer by the default policy; missing evidence is neither yes nor no."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INDETERMINATE = "INDETERMINATE"


class CredentialCode(enum.StrEnum):
    """What the credential itself is worth."""

    TRUSTED = "trusted"
    VALID = "valid"
    TEXT_EDITED = "text-edited"
    INVALID = "invalid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    RECOVERED = "recovered"
    NONE = "none"
    UNREADABLE = "unreadable"
    REMOTE = "remote"


class LedgerCode(enum.StrEnum):
    """Whether the ledger holds the stamp."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    INCONSISTENT = "inconsistent"
    ABSENT = "absent"


class HistoryCode(enum.StrEnum):
    """Whether everything the picture was made from verifies."""

    CLEAN = "clean"
    DAMAGED = "damaged"
    UNKNOWN = "unknown"


class IdentityCode(enum.StrEnum):
    """What was verified of who is named beside the issuer."""

    NAMED = "named"
    UNRECOGNISED = "unrecognised"
    INVALID = "invalid"
    NOT_CHECKED = "not-checked"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Axis:
    """One line of the report.

    Attributes:
        code: stable, for programs.
        headline: a few words for people.
        sentence: one plain sentence.
        facts: whatever else is known, by name.
    """

    code: str
    headline: str
    sentence: str
    facts: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Return the axis as it stands in the document."""
        return {"code": self.code, "headline": self.headline, "sentence": self.sentence, **self.facts}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a step found and that the axes alone do not say.

    Attributes:
        step: the number of the verification step.
        code: stable, for programs.
        message: one line.
        source: where it comes from: this program, or a validation status of the SDK.
    """

    step: int
    code: str
    message: str
    source: str = "provenance"

    def to_json(self) -> dict[str, Json]:
        """Return the finding as it stands in the document."""
        return {"step": self.step, "code": self.code, "message": self.message, "source": self.source}


@dataclass(frozen=True, slots=True)
class ShownConsent:
    """What a disclosure shows of one person's consent, besides what it allows.

    Attributes:
        assurance: how surely they signed, by the record itself.
        signed_by: the subject, or a minor's guardian.
        signed_at: when the record was made, RFC 3339.
        revealed: personal data that were disclosed, by name.
    """

    assurance: str
    signed_by: str
    signed_at: str
    revealed: Mapping[str, str]

    def to_json(self) -> dict[str, Json]:
        """Return it as it stands in the document."""
        return {
            "assurance": self.assurance,
            "signed_by": self.signed_by,
            "signed_at": self.signed_at,
            "revealed": self.revealed,
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """What the disclosures of a picture show, besides what the consents allow.

    Attributes:
        recipient: for whom the newest was made.
        made_at: when the newest was made, RFC 3339.
        people: one for each handle of the picture, in its order.
    """

    recipient: str
    made_at: str
    people: tuple[ShownConsent, ...]

    def to_json(self) -> dict[str, Json]:
        """Return it as it stands in the document."""
        people = [person.to_json() for person in self.people]
        return {"recipient": self.recipient, "made_at": self.made_at, "people": people}


@dataclass(frozen=True, slots=True)
class Report:
    """What was found about one file.

    Attributes:
        file: as it was named.
        checked_at: the time that the consent was judged for, RFC 3339.
        verdict: by the default policy.
        reason: the one thing that decided, in a plain sentence.
        credential: integrity and issuer.
        origin: where the picture comes from.
        consent_then: when it was stamped.
        consent_now: at `checked_at`, for the use that was asked for.
        consent_basis: what the consent axis rests on, or None.
        ledger: whether the log holds the stamp.
        history: everything that it was made from.
        time: how surely the time of stamping is known.
        identity: named-actor assertions.
        label_required: whether AI-made content must be labelled; None where the origin is not known.
        findings: in the order of the steps.
        consent_opened: what the disclosures show that the consent rests on, or None where it rests on something else.
        chain: what it went through, the newest step first; empty where the credential says nothing reliable.
        sha256: of the whole file that was checked, 32 bytes in hexadecimal; None where it could not be read.
    """

    file: str
    checked_at: str
    verdict: Verdict
    reason: str
    credential: Axis
    origin: Axis
    consent_then: Axis
    consent_now: Axis
    consent_basis: str | None
    ledger: Axis
    history: Axis
    time: Axis
    identity: Axis
    label_required: bool | None
    findings: tuple[Finding, ...]
    consent_opened: Shown | None = None
    chain: tuple[ChainStep, ...] = ()
    sha256: str | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the report as a document that validates against `verification-report.schema.json`."""
        return {
            "schema": SCHEMA,
            "file": self.file,
            "sha256": self.sha256,
            "checked_at": self.checked_at,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "credential": self.credential.to_json(),
            "origin": self.origin.to_json(),
            "consent": {
                "then": self.consent_then.to_json(),
                "now": self.consent_now.to_json(),
                "basis": self.consent_basis,
                **({} if self.consent_opened is None else {"opened": self.consent_opened.to_json()}),
            },
            "ledger": self.ledger.to_json(),
            "history": self.history.to_json(),
            "chain": [step.to_json() for step in self.chain],
            "time": self.time.to_json(),
            "identity": self.identity.to_json(),
            "label_required": self.label_required,
            "findings": [finding.to_json() for finding in self.findings],
        }
