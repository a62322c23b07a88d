"""The time-stamp of a record (RFC 3161): what is dated, what was proven by it, and how that is said.

Dated are the bytes of `ConsentRecord.to_bytes`: the canonical JSON (RFC 8785) of the envelope, with the body and every
signature over it. Only their SHA-256 leaves the studio. Nothing here reaches a network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography import x509

from provenance.canonical import Json, from_base64url, to_base64url
from provenance.clock import to_seconds
from provenance.consent.records import ConsentRecord
from provenance.errors import InputError, VerificationError
from provenance.timestamps import ClaimedTime, TimeStamp, read_token, verify_token

State = Literal["proven", "claimed", "waiting"]


@dataclass(frozen=True, slots=True)
class RecordTime:
    """When an authority saw a record, as far as that is known.

    Attributes:
        tsa: address of the time-stamp authority that dated it, or is to.
        token: in DER; None while the authority was not reached.
        time: what the token proves, or only claims; None while there is none.
        doubt: why a token could not be verified although there were roots; one line, or None.
    """

    tsa: str
    token: bytes | None = None
    time: TimeStamp | ClaimedTime | None = None
    doubt: str | None = None

    @property
    def state(self) -> State:
        """Whether the time is proven, claimed by a token that nobody verified, or still to come."""
        if self.time is None:
            return "waiting"
        return "proven" if isinstance(self.time, TimeStamp) else "claimed"

    def describe(self) -> str:
        """Return one plain line."""
        if isinstance(self.time, TimeStamp):
            return f"proven at {to_seconds(self.time.at)} by {self.time.authority}"
        if self.time is None:
            return f"waiting for {self.tsa}: not dated yet, so that its time is the studio's word alone"
        why = self.doubt or "not verified, as no roots were given"
        return f"claimed at {to_seconds(self.time.claimed_at)} by {self.time.claimed_authority} ({why})"

    def to_json(self) -> dict[str, Json]:
        """Return it as the member `timestamp` of a document."""
        document: dict[str, Json] = {"state": self.state, "says": self.describe(), "tsa": self.tsa}
        if isinstance(self.time, TimeStamp):
            document |= {"at": to_seconds(self.time.at), "by": self.time.authority}
        elif self.time is not None:
            document |= {"at": to_seconds(self.time.claimed_at), "by": self.time.claimed_authority}
        if self.token is not None:
            document["token"] = to_base64url(self.token)
        return document


def read_time(
    record: ConsentRecord, tsa: str, token: bytes | None, *, roots: Sequence[x509.Certificate] = ()
) -> RecordTime:
    """Return what is known of a record's time: proven if its token verifies under one of `roots`, else only claimed.

    Args:
        record: what was dated.
        tsa: address of the authority.
        token: in DER, or None while it is waited for.
        roots: trusted certificates for time-stamps.

    Raises:
        InputError: it is no time-stamp token.
        VerificationError: it is about other bytes.
    """
    if token is None:
        return RecordTime(tsa)
    claimed = read_token(token, record.to_bytes())
    if not roots:
        return RecordTime(tsa, token, claimed)
    try:
        return RecordTime(tsa, token, verify_token(token, record.to_bytes(), roots=roots))
    except VerificationError as error:
        return RecordTime(tsa, token, claimed, str(error))


def parse_time(document: Json, record: ConsentRecord, *, roots: Sequence[x509.Certificate] = ()) -> RecordTime:
    """Return the time in the member `timestamp` of a document, read from its token and not from what it says.

    Raises:
        InputError: it is malformed, or says something else than its token.
        VerificationError: the token is about other bytes.
    """
    if not isinstance(document, Mapping):
        raise InputError("timestamp: expected an object")
    tsa, token = document.get("tsa"), document.get("token")
    if not isinstance(tsa, str) or not (token is None or isinstance(token, str)):
        raise InputError("timestamp: expected tsa and token as text")
    found = read_time(
        record, tsa, None if token is None else from_base64url(token, place="timestamp.token"), roots=roots
    )
    told = found.to_json()
    # What it proved to its writer is for its reader to prove again; everything else must be what the token says.
    if (document.get("state") == "waiting") != (token is None) or any(
        document.get(name) != told.get(name) for name in ("at", "by")
    ):
        raise InputError("timestamp: says something else than its token")
    return found
