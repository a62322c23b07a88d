"""Checkpoints of one log as somebody has them who follows it, with the hashes of the tree."""

from collections.abc import Sequence
from datetime import UTC, datetime

from support.logs import Log
from support.trees import entry, naive_root

from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.cosignature import Cosigner
from provenance.verification.checkpoints import GivenCheckpoint, HashRow

LOG = Log()
ENTRIES = [entry(number) for number in range(700)]
# As a log that exchanged its second entry would have them.
REWRITTEN = [ENTRIES[0], b"another", *ENTRIES[2:]]
AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


def signed(size: int, *, entries: Sequence[bytes] = ENTRIES, by: Sequence[Cosigner] = (), log: Log = LOG) -> bytes:
    """Return the checkpoint of the first entries, with cosignatures."""
    checkpoint = Checkpoint(log.key.name, size, naive_root(entries[:size]))
    note = sign_checkpoint(checkpoint, key=log.key, sign=log.signing_key.sign)
    return note.with_signatures([cosigner.sign(note.text, now=AT) for cosigner in by]).to_bytes()


def rows(entries: Sequence[bytes] = ENTRIES) -> HashRow:
    """Return the hashes of a tree, hashed anew each time."""

    def row(level: int, start: int, end: int) -> list[bytes]:
        width = 256**level
        return [naive_root(entries[at * width : (at + 1) * width]) for at in range(start, end)]

    return row


def given(
    size: int, *, entries: Sequence[bytes] = ENTRIES, tiles: bool = True, by: Sequence[Cosigner] = (), log: Log = LOG
) -> GivenCheckpoint:
    """Return the checkpoint of the first entries, as a caller gives it."""
    row = rows(entries) if tiles else None
    return GivenCheckpoint.parse(signed(size, entries=entries, by=by, log=log), name="mirror/checkpoint", row=row)
