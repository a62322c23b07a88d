"""What stamping is asked, what it needs from a studio, and what it answers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from provenance.canonical import Json
from provenance.consent.scopes import Scope
from provenance.credentials.manifest import Declaration, Tool
from provenance.errors import ProvenanceError, RefusedError
from provenance.evidence import Claim, Evidence
from provenance.picture.location import Removed
from provenance.picture.properties import PictureProperties
from provenance.picture.raw_files import RawFile
from provenance.recovery.fingerprints import Fingerprint
from provenance.stamping.carried import Carried
from provenance.stamping.edits import Edit
from provenance.status_lists import StatusPlace

Outcome = Literal["stamped", "would-stamp", "already-stamped", "refused", "failed"]

RESULT_SCHEMA = "urn:headshot-provenance:schema:stamp-result:1"


@dataclass(frozen=True, slots=True)
class Making:
    """How a picture was made, as far as the studio says it.

    Attributes:
        parent: the picture that it was made from.
        inputs: the photographs that a generator was given.
        background: what was placed behind the person.
        edits: what was done to the parent, in order; empty for what the declaration says by itself.
        computational: the camera put it together from several exposures.
    """

    parent: Path | None = None
    inputs: tuple[Path, ...] = ()
    background: Path | None = None
    edits: tuple[Edit, ...] = ()
    computational: bool = False


@dataclass(frozen=True, slots=True)
class StampRequest:
    """One picture to stamp.

    Attributes:
        source: the picture.
        destination: where the stamped one goes; the source itself to stamp it in place.
        declaration: what the studio says that it is.
        consent_codes: of everyone shown; empty where nobody real is shown.
        tool: what made it, if known.
        overwrite: replace what is at the destination.
        confirmation: why the declaration is right although weak evidence makes it doubtful.
        making: how it was made.
        strip_location: take out first what tells where it was taken, and with which very camera.
        raw_folders: where its RAW file may lie, beside its own folder.
        thumbnail: put a small picture of it into the stamp, where it stays whatever is made from it.
    """

    source: Path
    destination: Path
    declaration: Declaration
    consent_codes: tuple[str, ...]
    tool: Tool | None = None
    overwrite: bool = False
    confirmation: str | None = None
    making: Making = Making()
    strip_location: bool = False
    raw_folders: tuple[Path, ...] = ()
    thumbnail: bool = False

    @property
    def in_place(self) -> bool:
        """Whether the source itself is replaced."""
        return self.destination == self.source


@dataclass(frozen=True, slots=True)
class PermittedSubject:
    """One person shown, whose consent covers a stamp.

    Attributes:
        record_id: of the consent.
        record_digest: of its body, 32 bytes.
        record_key: makes its handles, 32 bytes.
    """

    record_id: str
    record_digest: bytes
    record_key: bytes


@dataclass(frozen=True, slots=True)
class Permit:
    """A studio's word that the consents of everyone shown cover a stamp, and what the stamp needs of them.

    Attributes:
        subjects: the people shown, at least one.
        assurance: how surely they signed: the weakest of them.
        scopes: what was asked of each, and granted.
        training_mining: what the stamp says about training and mining: the most restrictive of them.
        properties: the same and the release, in the terms of PLUS.
    """

    subjects: tuple[PermittedSubject, ...]
    assurance: str
    scopes: tuple[Scope, ...]
    training_mining: Mapping[str, str]
    properties: PictureProperties


@dataclass(frozen=True, slots=True)
class PendingStamp:
    """A stamp that passed the gate and awaits its ledger entry.

    Attributes:
        key: what makes it the same stamp when it is tried again, 32 bytes.
        picture_digest: 32 bytes.
        declaration: the word of `--as`.
        handles: of the people shown, 32 bytes each, by the record ids of their consents.
        evidence: the markers that were found in the picture.
        confirmation: the reason that was given for a doubtful declaration, where one was needed; for the studio's
            own record, and for nothing that leaves it.
        claim: what the declaration claims, by which the evidence was judged.
        raws: the RAW files of its name, for the studio's own record likewise.
        fingerprints: by which the picture is found again, for the studio's own record likewise; none unless it asks.
    """

    key: bytes
    picture_digest: bytes
    declaration: Declaration
    handles: Mapping[str, bytes]
    evidence: tuple[Evidence, ...] = ()
    confirmation: str | None = None
    claim: Claim = Claim.CAPTURED
    raws: tuple[RawFile, ...] = ()
    fingerprints: tuple[Fingerprint, ...] = ()


@dataclass(frozen=True, slots=True)
class LoggedStamp:
    """A stamp that the ledger holds durably.

    Attributes:
        entry: its canonical bytes.
        at: the entry's time, cut to the minute.
        proof: a tlog-proof whose extra data open the entry's image commitment.
        status: where the studio's status lists tell of it.
        fingerprints: how many the studio keeps of it.
    """

    entry: bytes
    at: datetime
    proof: str
    status: StatusPlace | None = None
    fingerprints: int = 0


class StampDesk(Protocol):
    """What stamping needs from a studio."""

    @property
    def controller(self) -> str:
        """The RFC 9278 name of the controller's key."""
        ...

    @property
    def log_origin(self) -> str:
        """The origin of the studio's log."""
        ...

    @property
    def log_key(self) -> str:
        """The log's verifier key (vkey)."""
        ...

    @property
    def keeps_fingerprints(self) -> bool:
        """Whether the studio asks for fingerprints of the pictures that it stamps."""
        ...

    def permit(self, codes: Sequence[str], *, scopes: Sequence[Scope]) -> Permit:
        """Return the permit of everyone who is shown, by the codes of their consents, of which there is at least one.

        Raises:
            RefusedError: there is no such consent, or it does not cover one of `scopes` now.
        """
        ...

    def check_not_revoked(self, key: bytes) -> None:
        """Check that the studio still stands by the stamp with this key, if it was ever logged.

        Raises:
            RefusedError: it was revoked.
        """
        ...

    def check_earlier(self, picture_digest: bytes, *, carried: Carried, record_ids: Collection[str]) -> None:
        """Check that a new stamp would not free a picture from a consent that it was stamped under before.

        Args:
            picture_digest: of the picture.
            carried: the stamps in its credentials.
            record_ids: of the consents that are to cover it now; empty where it is to show nobody real.

        Raises:
            RefusedError: it would.
        """
        ...

    def check_parent(self, picture_digest: bytes, *, carried: Carried, record_ids: Collection[str]) -> None:
        """Check that a picture may be made from another one: under the consents that cover the other, too.

        Args:
            picture_digest: of the parent, or of something placed into the picture.
            carried: the stamps in its credentials.
            record_ids: of the consents that are to cover the new picture; empty where it shows nobody real.

        Raises:
            RefusedError: it carries a stamp that this studio does not know, or see `check_earlier`.
        """
        ...

    def check_input(self, picture_digest: bytes, *, carried: Carried, record_ids: Collection[str]) -> None:
        """Check that a picture may be given to a generator: under every consent that it was stamped under.

        Args:
            picture_digest: of the input.
            carried: the stamps in its credentials.
            record_ids: likewise.

        Raises:
            RefusedError: one of them does not permit that now, is not among `record_ids`, is not known to this studio,
                or is of a real person where the new picture is to show nobody real.
        """
        ...

    def was_generative(self, picture_digest: bytes) -> bool:
        """Tell whether this studio stamped the very picture as made or changed by AI."""
        ...

    def find_logged(self, key: bytes) -> LoggedStamp | None:
        """Return the stamp that was logged under this key."""
        ...

    def log(self, pending: Sequence[PendingStamp]) -> list[LoggedStamp]:
        """Append one entry for each stamp, in one transaction with one checkpoint, and return them once durable.

        A stamp whose key was logged before keeps its entry.
        """
        ...

    def keep_manifest(self, key: bytes, store: bytes) -> None:
        """Keep what was signed into the picture of a logged stamp, if the studio keeps fingerprints of it.

        Args:
            key: of the stamp.
            store: the manifest store, as it lies in the picture.
        """
        ...


@dataclass(frozen=True, slots=True)
class StampResult:
    """What became of one request.

    Attributes:
        source: the picture that was asked about.
        destination: the stamped picture, where there is one.
        outcome: see `Outcome`.
        code: of the reason, where it was not stamped.
        message: the reason in one line.
        hint: what to do next.
        claim: what the declaration claims, by which the evidence is judged.
        evidence: the markers that were found in the picture, as far as it was looked at.
        confirmation: the reason that was given for a doubtful declaration, where one was needed.
        removed: what was taken out of the picture.
        unread: places in it that were not looked into although something was to be taken out.
        located: the stamped picture says at which position it was taken.
        raws: the RAW files of its name.
        fingerprints: how many the studio keeps of it; None where it keeps none of any, or nothing was stamped.
    """

    source: Path
    outcome: Outcome
    destination: Path | None = None
    code: str | None = None
    message: str | None = None
    hint: str | None = None
    claim: Claim = Claim.CAPTURED
    evidence: tuple[Evidence, ...] = ()
    confirmation: str | None = None
    removed: tuple[Removed, ...] = ()
    unread: tuple[str, ...] = ()
    located: bool = False
    raws: tuple[RawFile, ...] = ()
    fingerprints: int | None = None

    @classmethod
    def of_error(cls, source: Path, error: ProvenanceError) -> "StampResult":
        """Return what became of a picture that an error kept from being stamped: refused by the gate, or failed."""
        outcome: Outcome = "refused" if isinstance(error, RefusedError) else "failed"
        return cls(source, outcome, code=error.code, message=str(error), hint=error.hint)

    def to_json(self) -> dict[str, Json]:
        """Return the result as a document."""
        reason: Json = None if self.code is None else {"code": self.code, "message": self.message, "hint": self.hint}
        return {
            "schema": RESULT_SCHEMA,
            "file": str(self.source),
            "output": None if self.destination is None else str(self.destination),
            "outcome": self.outcome,
            "reason": reason,
            "evidence": [evidence.to_json(self.claim) for evidence in self.evidence],
            "confirmation": self.confirmation,
            "raw": [raw.to_json() for raw in self.raws],
            "location": {
                "present": self.located,
                "removed": [{"where": datum.place, "name": datum.name} for datum in self.removed],
                "unread": list(self.unread),
            },
            "fingerprints": self.fingerprints,
        }
