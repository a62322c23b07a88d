"""Anchoring: a time-stamp authority dates a signed checkpoint, so that it existed by then even if every key leaks.

Asking is apart from queueing, because a studio may be offline: a checkpoint waits in the store until its authority is
reached. What was dated also becomes an `anchor` entry, which is for the caller to append.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from provenance.canonical import sha256
from provenance.checkpoint import parse_checkpoint_text
from provenance.entries import AnchorEntry
from provenance.errors import LedgerError, NetworkError, ProvenanceError
from provenance.fetch import TIMEOUT_SECONDS, check_url
from provenance.note import parse_note
from provenance.storage.interface import AnchorRow, LedgerStore
from provenance.timestamps import ClaimedTime, TimeStamp, read_token, verify_token
from provenance.tsa import request_token

_ENTRY_ID_DOMAIN = b"provenance/anchor-entry/v1\x00"


@dataclass(frozen=True, slots=True)
class Anchored:
    """A checkpoint that was dated.

    Attributes:
        row: what the store holds; it has its token.
        size: of the checkpoint.
        time: proven if there were roots to verify the token with, else only claimed.
    """

    row: AnchorRow
    size: int
    time: TimeStamp | ClaimedTime

    @property
    def is_proven(self) -> bool:
        """Whether the time was verified, and not only claimed."""
        return isinstance(self.time, TimeStamp)

    @property
    def at(self) -> datetime:
        """The time, proven or claimed."""
        return self.time.at if isinstance(self.time, TimeStamp) else self.time.claimed_at

    @property
    def authority(self) -> str:
        """Who says so, or is said to."""
        return self.time.authority if isinstance(self.time, TimeStamp) else self.time.claimed_authority

    @property
    def entry(self) -> AnchorEntry:
        """The entry that says so; the same each time, so that appending it again appends nothing."""
        return AnchorEntry(self.at, self.size, sha256(_token(self.row)))

    @property
    def entry_id(self) -> bytes:
        """The private id to append `entry` under, 16 bytes; it follows from the token."""
        return sha256(_ENTRY_ID_DOMAIN + _token(self.row))[:16]


@dataclass(frozen=True, slots=True)
class PendingAnchor:
    """A checkpoint that still waits.

    Attributes:
        row: what the store holds; it has no token.
        size: of the checkpoint.
        reason: why it was not dated this time.
    """

    row: AnchorRow
    size: int
    reason: ProvenanceError


@dataclass(frozen=True, slots=True)
class AnchorReport:
    """What became of the checkpoints that waited, the oldest first."""

    done: tuple[Anchored, ...]
    pending: tuple[PendingAnchor, ...]


def request_anchor(store: LedgerStore, tsa: str) -> AnchorRow:
    """Queue the newest signed checkpoint for an authority; one that is queued or dated there already stays as it is.

    Args:
        store: where the checkpoint is, and the queue.
        tsa: the authority's address.

    Raises:
        InputError: `tsa` is no address.
        LedgerError: no checkpoint was signed yet.
    """
    check_url(tsa)
    with store.transaction():
        note = store.latest_checkpoint()
        if note is None:
            raise LedgerError("ledger: no checkpoint was signed yet")
        for row in store.anchors():
            if (row.note, row.tsa) == (note, tsa):
                return row
        return AnchorRow(store.add_anchor(note, tsa), note, tsa, None)


def complete_anchors(
    store: LedgerStore, *, roots: Sequence[x509.Certificate], timeout: float = TIMEOUT_SECONDS
) -> AnchorReport:
    """Ask for the token of every checkpoint that waits, and keep each once it was checked against its note.

    Nothing is asked within a transaction. An authority that was not reached, or gave no
    usable answer, is not asked again in the same call.

    Args:
        store: where they wait.
        roots: trusted certificates for time-stamps; without any, a token is kept as what it claims.
        timeout: in seconds, as in `fetch.get`.

    Returns:
        The checkpoints that are dated now, and those that still wait, each with the reason.
    """
    done: list[Anchored] = []
    pending: list[PendingAnchor] = []
    unusable: dict[str, NetworkError] = {}
    for row in store.anchors():
        if row.token is not None:
            continue
        size = _size(row)
        try:
            if row.tsa in unusable:
                raise unusable[row.tsa]
            token = request_token(row.note, tsa_url=row.tsa, timeout=timeout)
            time = _time(token, row.note, roots)
        except ProvenanceError as error:
            if isinstance(error, NetworkError):
                unusable[row.tsa] = error
            pending.append(PendingAnchor(row, size, error))
            continue
        with store.transaction():
            store.set_anchor_token(row.id, token)
        done.append(Anchored(AnchorRow(row.id, row.note, row.tsa, token), size, time))
    return AnchorReport(tuple(done), tuple(pending))


def anchored(store: LedgerStore, *, roots: Sequence[x509.Certificate]) -> list[Anchored]:
    """Return every checkpoint that was dated, the oldest first.

    Appending the entries of all of them makes up for a crash between a token and its entry.

    Raises:
        InputError: a stored token is malformed.
        VerificationError: a stored token does not verify.
    """
    return [
        Anchored(row, _size(row), _time(row.token, row.note, roots)) for row in store.anchors() if row.token is not None
    ]


def last_anchored(store: LedgerStore, *, roots: Sequence[x509.Certificate]) -> Anchored | None:
    """Return the largest checkpoint that was dated, the latest of several; or None.

    Raises:
        InputError: a stored token is malformed.
        VerificationError: a stored token does not verify.
    """
    return max(reversed(anchored(store, roots=roots)), key=lambda found: found.size, default=None)


def _time(token: bytes, note: bytes, roots: Sequence[x509.Certificate]) -> TimeStamp | ClaimedTime:
    return verify_token(token, note, roots=roots) if roots else read_token(token, note)


def _size(row: AnchorRow) -> int:
    return parse_checkpoint_text(parse_note(row.note).text).size


def _token(row: AnchorRow) -> bytes:
    if row.token is None:
        raise ValueError(f"anchor {row.id}: expected a token, got none")
    return row.token
