"""The typed entries of the ledger: small, without personal data, without anything that links two pictures.

Each is one RFC 8785 object `{"v":1,"type":…,"at":…}` of at most 65,535 bytes (the limit of c2sp.org/tlog-tiles),
with `at` cut to the minute. What must stay secret enters as a commitment whose randomness lies elsewhere.
The format is described in `docs/spec/ledger-entries.md`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import ClassVar, Literal, TypeAlias

from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.clock import from_minutes, to_minutes
from provenance.errors import InputError, VerificationError

MAX_ENTRY_BYTES = 65_535
RANDOMNESS_BYTES = 32
HANDLE_BYTES = 32
MAX_NUMBER = 2**53 - 1  # of an index or a size; RFC 8785, 3.2.2.3, knows no larger whole number
MAX_STATUS_LIST = 999_999

TAG_CONSENT = "provenance/consent/v1"
TAG_CONSENT_EVENT = "provenance/consent-event/v1"
TAG_ERASURE = "provenance/erasure/v1"
TAG_IMAGE = "provenance/image/v1"

KeyAction: TypeAlias = Literal["added", "retired"]

_TAGS = (TAG_CONSENT, TAG_CONSENT_EVENT, TAG_ERASURE, TAG_IMAGE)


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
class KeyEntry:
    """A key speaks for the log from here on, or no longer.

    Attributes:
        action: `added` or `retired`.
        log_key: the key as a C2SP vkey, whose name is the log's origin; an audit checks that, not the parser.
    """

    type: ClassVar[str] = "key"
    at: datetime
    action: KeyAction
    log_key: str

    def to_bytes(self) -> bytes:
        """Return the entry's canonical bytes."""
        return _to_bytes(self.type, self.at, {"action": self.action, "key": self.log_key})


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


@dataclass(frozen=True, slots=True)
class StampRevokedEntry:
    """A stamp is no longer stood by.

    Attributes:
        stamp: index of its entry, from 1.
    """

    type: ClassVar[str] = "stamp-revoked"
    at: datetime
    stamp: int

    def to_bytes(self) -> bytes:
        """Return the entry's canonical bytes."""
        return _to_bytes(self.type, self.at, {"stamp": self.stamp})


@dataclass(frozen=True, slots=True)
class StatusListEntry:
    """A status list was signed.

    Attributes:
        list: its number, from 0 to 999,999.
        digest: SHA-256 of the signed status list token, 32 bytes.
    """

    type: ClassVar[str] = "status-list"
    at: datetime
    list: int
    digest: bytes

    def to_bytes(self) -> bytes:
        """Return the entry's canonical bytes."""
        return _to_bytes(self.type, self.at, {"list": self.list, "digest": to_base64url(self.digest)})


@dataclass(frozen=True, slots=True)
class ErasureEntry:
    """Something was erased; `commitment` hides the digest of the statement that says what (32 bytes)."""

    type: ClassVar[str] = "erasure"
    at: datetime
    commitment: bytes

    def to_bytes(self) -> bytes:
        """Return the entry's canonical bytes."""
        return _to_bytes(self.type, self.at, {"commitment": to_base64url(self.commitment)})


@dataclass(frozen=True, slots=True)
class AnchorEntry:
    """A checkpoint of this log was dated by a time-stamp authority.

    Attributes:
        size: of the checkpoint, from 1.
        token: SHA-256 of the RFC 3161 time-stamp token in DER, 32 bytes.
    """

    type: ClassVar[str] = "anchor"
    at: datetime
    size: int
    token: bytes

    def to_bytes(self) -> bytes:
        """Return the entry's canonical bytes."""
        return _to_bytes(self.type, self.at, {"size": self.size, "token": to_base64url(self.token)})


Entry: TypeAlias = (
    GenesisEntry
    | KeyEntry
    | ConsentEntry
    | ConsentEventEntry
    | StampEntry
    | StampRevokedEntry
    | StatusListEntry
    | ErasureEntry
    | AnchorEntry
)

_HASH = rb'"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"'  # base64url of 32 bytes, whose last two bits are none
_NUMBER = rb"[1-9][0-9]{0,14}"  # the longer ones up to 2**53 - 1 are left to the parser
_LIST = rb"0|[1-9][0-9]{0,5}"

# Every entry that names neither origin nor key, in the one form that RFC 8785 gives it.
_CANONICAL = re.compile(
    rb'\{"at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z)",(?:'
    rb'"commitment":' + _HASH + rb',"type":"(consent|consent-event|erasure)"|'
    rb'"handles":\[(?:' + _HASH + rb"(?:," + _HASH + rb')*+)?\],"image":' + _HASH + rb',"type":"(stamp)"|'
    rb'"stamp":' + _NUMBER + rb',"type":"(stamp-revoked)"|'
    rb'"digest":' + _HASH + rb',"list":(?:' + _LIST + rb'),"type":"(status-list)"|'
    rb'"size":' + _NUMBER + rb',"token":' + _HASH + rb',"type":"(anchor)"'
    rb'),"v":1\}'
)


# The same for the types that say nothing of the log or of another entry, line by line.
_PLAIN_LINES = re.compile(
    rb'(?:\{"at":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z",(?:'
    rb'"commitment":' + _HASH + rb',"type":"(?:consent|consent-event|erasure)"|'
    rb'"handles":\[(?:' + _HASH + rb"(?:," + _HASH + rb')*+)?\],"image":' + _HASH + rb',"type":"stamp"|'
    rb'"digest":' + _HASH + rb',"list":(?:' + _LIST + rb'),"type":"status-list"'
    rb'),"v":1\}\n)*+'
)


def are_plain(bodies: Sequence[bytes]) -> bool:
    """Tell whether all are entries that say nothing of the log or of another entry, in a third of a microsecond each.

    Where the answer is no, `check_entry` tells of each what it is, or what is wrong with it.
    """
    lines = b"\n".join([*bodies, b""])
    # No canonical entry holds a line break, so that two cannot hide in one.
    if lines.count(b"\n") != len(bodies) or not _PLAIN_LINES.fullmatch(lines):
        return False
    if len(lines) > MAX_ENTRY_BYTES and max(map(len, bodies)) > MAX_ENTRY_BYTES:
        return False
    try:
        for minute in {body[len(b'{"at":"') : len(b'{"at":"2026-11-24T12:00Z')] for body in bodies}:
            _check_minute(minute)
    except InputError:
        return False
    return True


def check_entry(data: bytes) -> str:
    """Return the type of the entry in `data`; accepts exactly what `parse_entry` does, in about a microsecond.

    An audit asks this of every entry; those that name an origin or a key take the way of `parse_entry`.

    Raises:
        InputError: it is not an entry of this version.
    """
    found = _CANONICAL.fullmatch(data)
    if found is None or len(data) > MAX_ENTRY_BYTES:
        return parse_entry(data).type
    _check_minute(found[1])
    return str(found[found.lastindex or 0], "ascii")


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


def _build(document: dict[str, Json]) -> Entry:  # noqa: PLR0911 one for each type
    if document.get("v") != 1:
        raise InputError(f"entry: expected version 1, got {document.get('v')!r}")
    at = from_minutes(_text(document, "at"))
    match document.get("type"):
        case "genesis":
            return GenesisEntry(at, _text(document, "origin"), _text(document, "key"))
        case "key":
            return KeyEntry(at, _action(document), _text(document, "key"))
        case "consent":
            return ConsentEntry(at, _hash(document, "commitment"))
        case "consent-event":
            return ConsentEventEntry(at, _hash(document, "commitment"))
        case "stamp":
            handles = document.get("handles")
            if not isinstance(handles, list):
                raise InputError("entry.handles: expected a list")
            return StampEntry(
                at,
                _hash(document, "image"),
                tuple(from_base64url(handle, place="entry.handles", size=HANDLE_BYTES) for handle in handles),
            )
        case "stamp-revoked":
            return StampRevokedEntry(at, _number(document, "stamp", 1, MAX_NUMBER))
        case "status-list":
            return StatusListEntry(at, _number(document, "list", 0, MAX_STATUS_LIST), _hash(document, "digest"))
        case "erasure":
            return ErasureEntry(at, _hash(document, "commitment"))
        case "anchor":
            return AnchorEntry(at, _number(document, "size", 1, MAX_NUMBER), _hash(document, "token"))
        case other:
            raise InputError(f"entry: expected a known type, got {other!r}")


def _text(document: dict[str, Json], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise InputError(f"entry.{name}: expected text")
    return value


def _hash(document: dict[str, Json], name: str) -> bytes:
    return from_base64url(document.get(name), place=f"entry.{name}", size=32)


def _number(document: dict[str, Json], name: str, least: int, most: int) -> int:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InputError(f"entry.{name}: expected a whole number from {least} to {most}")
    return value


def _action(document: dict[str, Json]) -> KeyAction:
    match document.get("action"):
        case "added":
            return "added"
        case "retired":
            return "retired"
        case other:
            raise InputError(f"entry.action: expected added or retired, got {other!r}")


# A log has many entries of one minute; the bound keeps an audit of decades within a few hundred kilobytes.
@lru_cache(maxsize=4096)
def _check_minute(text: bytes) -> None:
    from_minutes(text.decode("ascii"))


def _to_bytes(entry_type: str, at: datetime, members: dict[str, Json]) -> bytes:
    data = canonical_bytes({"v": 1, "type": entry_type, "at": to_minutes(at), **members})
    if len(data) > MAX_ENTRY_BYTES:
        raise InputError(f"entry of type {entry_type}: expected at most {MAX_ENTRY_BYTES} bytes, got {len(data)}")
    return data
