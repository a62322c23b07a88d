"""What a log signed before against what it signs now, and the evidence where the two cannot both be true."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from provenance import durable
from provenance.canonical import canonical_bytes
from provenance.checkpoint import LogVerifier, open_checkpoint
from provenance.errors import ForkedLogError, InputError, VerificationError
from provenance.ledger.published import PublishedLog


def check_growth(
    earlier: bytes, log: PublishedLog, *, keys: Sequence[LogVerifier], evidence: Path | None = None
) -> int:
    """Check that a log only grew since an earlier checkpoint, and return the size that it had.

    Args:
        earlier: the signed checkpoint that was seen before.
        log: what is published now.
        keys: the log's.
        evidence: a folder for a file with both signed checkpoints, where they contradict each other.

    Raises:
        ForkedLogError: it was shortened (`log-shortened`), or has other entries (`log-forked`).
        InputError: the earlier checkpoint is malformed, or of another log.
        VerificationError: it is not signed by `keys`.
        CorruptLedgerError: the published tiles do not make up the signed root.
        LedgerError: a tile is missing.
    """
    before = open_checkpoint(earlier, keys=keys)
    if before.log_origin != log.checkpoint.log_origin:
        raise InputError(
            f"checkpoint: expected the log {before.log_origin}, got {log.checkpoint.log_origin!r}",
            code="checkpoint-origin",
        )
    if before.size > log.size:
        message, code = f"log: was signed with {before.size} entries before, and has {log.size} now", "log-shortened"
    else:
        try:
            log.verify_extends(before)
        except VerificationError as error:
            message, code = f"log: the {before.size} entries signed before are others now: {error}", "log-forked"
        else:
            return before.size
    notes = (earlier, log.note)
    kept = None if evidence is None else _keep(evidence, code, notes)
    raise ForkedLogError(
        message,
        code=code,
        hint="show both signed checkpoints to others who follow this log",
        notes=notes,
        evidence=kept,
    )


def _keep(folder: Path, reason: str, notes: tuple[bytes, bytes]) -> Path:
    """Write both notes into one file, whose name is that of its content, so that it is written once."""
    earlier, later = (note.decode() for note in notes)
    document = canonical_bytes({"v": 1, "reason": reason, "earlier": earlier, "later": later})
    path = folder / f"fork-{hashlib.sha256(document).hexdigest()[:16]}.json"
    if not path.exists():
        durable.create(path, document)
    return path
