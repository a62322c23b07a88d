"""What is asked about a picture, and what the answer may rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from provenance.checkpoint import LogKey
from provenance.consent.openings import ConsentDisclosure
from provenance.consent.scopes import Scope
from provenance.note import NoteKey
from provenance.pki import TrustAnchors, parse_certificates
from provenance.policy import Policy
from provenance.status_lists import StatusList
from provenance.verification.checkpoints import GivenCheckpoint
from provenance.verification.sources import StampRecords, StatusSource


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a picture.

    Attributes:
        at: the time to judge the consent for.
        scope: the use that is planned, or None for the uses that the stamp names.
        territory: an ISO 3166 code, or None for anywhere that the grants cover.
        medium: one of `vocabulary.MEDIA`, or None for any that the grants cover.
    """

    at: datetime
    scope: Scope | None = None
    territory: str | None = None
    medium: str | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the caller brings beside the file; each is described where `verify_file` takes it."""

    anchors: Sequence[TrustAnchors] = ()
    time_anchors: Sequence[TrustAnchors] = ()
    identity_anchors: Sequence[TrustAnchors] = ()
    known_logs: Sequence[NoteKey | LogKey] = ()
    source: StatusSource | None = None
    disclosures: Sequence[ConsentDisclosure] = ()
    status_lists: Sequence[StatusList] = ()
    checkpoints: Sequence[GivenCheckpoint] = ()
    witnesses: Policy | None = None
    records: StampRecords | None = None

    @property
    def time_roots(self) -> list[x509.Certificate]:
        """The certificates of the authorities that may prove a time."""
        found = (parse_certificates(anchor.pem.encode(), place="roots") for anchor in self.time_anchors)
        return [root for roots in found for root in roots]

    def logs_of(self, trust_list: str | None) -> Sequence[str]:
        """Return the origins of the logs that stamps of issuers on a list must be in; empty for any."""
        return next((anchor.logs for anchor in self.anchors if anchor.uri == trust_list), ())
