"""Status lists: answers about many stamps at once, so that nobody learns about which of them somebody asks.

The form is that of IETF Token Status Lists (draft-ietf-oauth-status-list-21, as JWT). Every stamp has a place of its
own in one list, and there eight answers of two bits. The list is signed with the key that the stamp names as its
controller's. What the answers mean, `consent.answers` says.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from provenance import jws
from provenance.canonical import Json, from_base64url, to_base64url
from provenance.errors import InputError
from provenance.keys import SigningKey

MEDIA_TYPE: Final = "statuslist+jwt"
LIST_STAMPS: Final = 16_384
MAX_LISTS: Final = 1_000_000
MAX_TOKEN_BYTES: Final = 128 * 1024
REFRESH_SECONDS: Final = 86_400
# A list that is older than this many of its refresh intervals says nothing any more.
STALE_AFTER: Final = 2

ANSWERS: Final = 8
_BITS: Final = 2
_LIST_BYTES: Final = LIST_STAMPS * ANSWERS * _BITS // 8
_SUBJECT: Final = re.compile(r"urn:headshot-provenance:status-list:(.{1,255}):(0|[1-9][0-9]{0,5})", re.ASCII)
_MAX_SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class StatusPlace:
    """Where the answers about one stamp are.

    Attributes:
        list: the number of the list, from 0 to 999,999.
        index: of the stamp in it, from 0 to 16,383.
        refresh: after how many seconds, at most, the studio publishes it anew.
    """

    list: int
    index: int
    refresh: int

    def to_json(self) -> dict[str, Json]:
        """Return the member of a consent assertion."""
        return {"list": self.list, "index": self.index, "refresh": self.refresh}

    @classmethod
    def from_json(cls, data: Any) -> "StatusPlace":  # noqa: ANN401 decoded cbor has any type
        """Return the place in decoded data.

        Raises:
            InputError: it is none.
        """
        found = [data.get(name) for name in ("list", "index", "refresh")] if isinstance(data, dict) else []
        whole = [n for n in found if isinstance(n, int) and not isinstance(n, bool) and n >= 0]
        if len(whole) != 3 or whole[0] >= MAX_LISTS or whole[1] >= LIST_STAMPS or not 0 < whole[2] <= 2**31:
            raise InputError("status: expected a list, an index in it, and its refresh interval")
        return cls(*whole)


class StatusListWriter:
    """The answers of one list; about a stamp of which nothing is set, each is 3."""

    def __init__(self) -> None:
        # Never a yes by silence: a stamp may be newer than the list.
        self._packed = bytearray(b"\xff" * _LIST_BYTES)

    def set(self, index: int, values: Sequence[int]) -> None:
        """Set the eight answers, each from 0 to 3, about the stamp at `index`."""
        if len(values) != ANSWERS:
            raise ValueError("expected eight answers")
        for number, answer in enumerate(values, index * ANSWERS):
            place, shift = divmod(number * _BITS, 8)
            # The first status lies in the lowest bits of a byte (draft, 4.1).
            self._packed[place] = self._packed[place] & ~(3 << shift) | answer << shift

    def sign(self, *, log_origin: str, number: int, key: SigningKey, now: datetime) -> bytes:
        """Return the status list token, a JWT in its compact form.

        Args:
            log_origin: of the studio's log, which tells one studio's lists from another's.
            number: of the list.
            key: the controller's.
            now: the time of the answers, in UTC.
        """
        issued = int(now.timestamp())
        claims: dict[str, Json] = {
            "sub": f"urn:headshot-provenance:status-list:{log_origin}:{number}",
            "iat": issued,
            "exp": issued + STALE_AFTER * REFRESH_SECONDS,
            "ttl": REFRESH_SECONDS,
            "status_list": {"bits": _BITS, "lst": to_base64url(zlib.compress(bytes(self._packed), 9))},
        }
        return jws.sign_jwt(claims, media_type=MEDIA_TYPE, key=key)


@dataclass(frozen=True, slots=True)
class StatusList:
    """A status list whose signature was verified; whether it is about a stamp, its controller and numbers say.

    Attributes:
        controller: the RFC 9278 name of the key that signed it.
        log_origin: of the studio's log.
        number: of the list.
        issued_at: the time of its answers, in UTC.
        ends_at: from when on it says nothing any more.
        packed: the answers.
    """

    controller: str
    log_origin: str
    number: int
    issued_at: datetime
    ends_at: datetime
    packed: bytes

    def values(self, index: int) -> tuple[int, ...]:
        """Return the eight answers about the stamp at `index`, from 0 to 16,383."""
        places = (divmod(number * _BITS, 8) for number in range(index * ANSWERS, (index + 1) * ANSWERS))
        return tuple(self.packed[place] >> shift & 3 for place, shift in places)


def parse_status_list(data: bytes, *, now: datetime) -> StatusList:
    """Return the status list in a token, its signature checked with the key that it names.

    Args:
        data: a JWT in its compact form, at most 128 KiB.
        now: the time, in UTC: a list from the future is refused.

    Raises:
        InputError: it is no status list of the form written here, or is from the future.
        VerificationError: its signature does not verify.
    """
    if len(data) > MAX_TOKEN_BYTES:
        raise InputError(f"status list: expected at most {MAX_TOKEN_BYTES} bytes, got more", code="status-list")
    claims, controller = jws.verify_jwt(data.strip(), media_type=MEDIA_TYPE, place="status list")
    status, subject, issued, ends = (claims.get(name) for name in ("status_list", "sub", "iat", "exp"))
    found = _SUBJECT.fullmatch(subject) if isinstance(subject, str) else None
    if found is None or not isinstance(status, dict) or status.get("bits") != _BITS:
        raise InputError("status list: expected the list of a studio, with two bits a status", code="status-list")
    issued_at, ends_at = _moment(issued, "iat"), _moment(ends, "exp")
    if issued_at > now + _MAX_SKEW:
        raise InputError(
            f"status list: is from the future: {issued_at:%Y-%m-%dT%H:%M:%SZ}",
            code="status-list-future",
            hint="see that this computer's clock is right",
        )
    packed = _unpacked(from_base64url(status.get("lst"), place="status list lst"))
    return StatusList(controller, found[1], int(found[2]), issued_at, ends_at, packed)


def _unpacked(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        packed = inflater.decompress(data, _LIST_BYTES + 1)
    except zlib.error:
        packed = b""
    if len(packed) != _LIST_BYTES or not inflater.eof or inflater.unused_data:
        raise InputError(f"status list lst: expected {LIST_STAMPS} stamps, compressed", code="status-list")
    return packed


def _moment(value: object, name: str) -> datetime:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**33:
        return datetime.fromtimestamp(value, UTC)
    raise InputError(f"status list {name}: expected a time in seconds", code="status-list")
