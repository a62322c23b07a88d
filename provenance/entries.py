"""The typed entries of the ledger: small, without personal data, without anything that links two pictures.

Each is one RFC 8785 object `{"v":1,"type":…,"at":…}` of at most 65,535 bytes (the limit of c2sp.org/tlog-tiles),
with `at` cut to the minute. What must stay secret enters as a commitment whose randomness lies elsewhere.
The format is described in `docs/spec/ledger-entries.md`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeAlias

from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.clock import from_minutes, to_minutes
from provenance.errors import InputError, VerificationError

MAX_ENTRY_BYTES = 65_535
RANDOMNESS_BYTES = 32
HANDLE_BYTES = 32

TAG_CONSENT = "provenance/consent/v1"
TAG_CONSENT_EVENT = "provenance/consent-event/v1"
TAG_IMAGE = "provenance/image/v1"

_TAGS = (TAG_CONSENT, TAG_CONSENT_EVENT, TAG_IMAGE)


def commit(tag: str, *, randomness: bytes, digest: bytes) -> bytes:
    """Return SHA-256(tag ‖ 0x00 ‖ randomness ‖ digest): binds to `digest` and says nothing of it.

    Args:
        tag: one of the tags of this module.
        randomness: 32 bytes, kept where only those may read it who may open the commitment.
        digest: 32 bytes.
    """
    if tag not in _TAGS or len(randomness) != RANDOMNESS_BYTES or len(digest) != 32:
        raise ValueError("commitment: expected a known tag, 32 random bytes and a digest of 32 bytes")
    return sha256(tag.encode() + b"\x00" + randomness + digest)


def verify_commitment(commitment: bytes, *, tag: str, randomness: bytes, digest: bytes) -> None:
    """Check that `commitment` was made over `digest` with `randomness`.

    Raises:
        VerificationError: it was not.
    """
    if len(randomness) != RANDOMNESS_BYTES or commit(tag, randomness=randomness, digest=digest) != commitment:
        raise VerificationError(f"commitment: does not open to this digest ({tag})", code="commitment-mismatch")


@dataclass(frozen=True, slots=True)
class GenesisEntry:
    """The first entry of a log: its origin and its first key, so that neither can be exchanged later."""

    type: ClassVar[str] = "genesis"
    at: datetime
    log_origin: str
    log_key: str

    def to_bytes(self) -> bytes:
        """Return the entry's canonical bytes."""
        return _to_bytes(self.type, self.at, {"origin": self.log_origin, "key": self.log_key})


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """A consent record was signed; `commitment` hides the digest of its body (32 bytes)."""

    type: ClassVar[str] = "consent"
    at: datetime
    commitment: bytes

    def to_bytes(self) -> bytes:
        """Return the entry's canonical bytes."""
        return _to_bytes(self.type, self.at, {"commitment": to_base64url(self.commitment)})


@dataclass(frozen=True, slots=True)
class ConsentEventEntry:
    """Something happened to a consent; `commitment` hides the digest of the signed event (32 bytes)."""

    type: ClassVar[str] = "consent-event"
    at: datetime
    commitment: bytes

    def to_bytes(self) -> bytes:
        """Return the entry's canonical bytes."""
        return _to_bytes(self.type, self.at, {"commitment": to_base64url(self.commitment)})


@dataclass(frozen=True, slots=True)
class StampEntry:
    """A picture was stamped.

    Attributes:
        image: commitment to its picture digest, 32 bytes.
        handles: one for each real person shown, 32 bytes each; none where nobody real is shown.
    """

    type: ClassVar[str] = "stamp"
    at: datetime
    image: bytes
    handles: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """Return the entry's canonical bytes."""
        return _to_bytes(
            self.type,
            self.at,
            {"image": to_base64url(self.image), "handles": [to_base64url(handle) for handle in self.handles]},
        )


Entry: TypeAlias = GenesisEntry | ConsentEntry | ConsentEventEntry | StampEntry


def parse_entry(data: bytes) -> Entry:
    """Return the entry in `data`, read strictly: canonical bytes, known type, no further members.

    Raises:
        InputError: it is not an entry of this version.
    """
    if len(data) > MAX_ENTRY_BYTES:
        raise InputError(f"entry: expected at most {MAX_ENTRY_BYTES} bytes, got {len(data)}")
    document = parse_object(data, place="entry")
    entry = _build(document)
    if entry.to_bytes() != data:
        raise InputError(f"entry of type {entry.type}: expected canonical bytes with no further members")
    return entry


def _build(document: dict[str, Json]) -> Entry:
    if document.get("v") != 1:
        raise InputError(f"entry: expected version 1, got {document.get('v')!r}")
    at = from_minutes(_text(document, "at"))
    match document.get("type"):
        case "genesis":
            return GenesisEntry(at, _text(document, "origin"), _text(document, "key"))
        case "consent":
            return ConsentEntry(at, from_base64url(document.get("commitment"), place="entry.commitment", size=32))
        case "consent-event":
            return ConsentEventEntry(at, from_base64url(document.get("commitment"), place="entry.commitment", size=32))
        case "stamp":
            handles = document.get("handles")
            if not isinstance(handles, list):
                raise InputError("entry.handles: expected a list")
            return StampEntry(
                at,
                from_base64url(document.get("image"), place="entry.image", size=32),
                tuple(from_base64url(handle, place="entry.handles", size=HANDLE_BYTES) for handle in handles),
            )
        case other:
            raise InputError(f"entry: expected a known type, got {other!r}")


def _text(document: dict[str, Json], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise InputError(f"entry.{name}: expected text")
    return value


def _to_bytes(entry_type: str, at: datetime, members: dict[str, Json]) -> bytes:
    data = canonical_bytes({"v": 1, "type": entry_type, "at": to_minutes(at), **members})
    if len(data) > MAX_ENTRY_BYTES:
        raise InputError(f"entry of type {entry_type}: expected at most {MAX_ENTRY_BYTES} bytes, got {len(data)}")
    return data
