"""Mirroring: somebody else's log in a folder of one's own, whole and checked, in the same layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.checkpoint import Checkpoint, LogVerifier
from provenance.ledger.exporting import Progress, export, put_checkpoint, read_checkpoint, remove_outgrown
from provenance.ledger.folder import FolderPlace
from provenance.ledger.forks import check_growth
from provenance.ledger.places import Source
from provenance.ledger.published import PublishedLog


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a mirror holds now.

    Attributes:
        checkpoint: that it serves.
        old_size: what it held before; None if nothing.
        files: how many tiles and bundles were new.
    """

    checkpoint: Checkpoint
    old_size: int | None
    files: int


def mirror(
    source: Source, directory: Path, *, keys: Sequence[LogVerifier], progress: Progress | None = None
) -> Mirrored:
    """Copy what a log published since the last time, hashed again up to its signed root; the checkpoint comes last.

    Safe to call again after a crash at any point.

    Args:
        source: where the log is served.
        directory: the mirror's; made if there is none.
        keys: the log's.
        progress: told after every 256 entries.

    Raises:
        ForkedLogError: the log was shortened or has other entries than those mirrored before. The mirror stays as it
            was, and both signed checkpoints are kept in a file beside it.
        CorruptLedgerError: the log contradicts its checkpoint, or the mirror has a file with other bytes.
        LedgerError: there is no log, or a tile is missing.
        InputError: a checkpoint is malformed, or another process writes there.
        VerificationError: a checkpoint is not signed by `keys`.
        NetworkError: the log cannot be reached.
    """
    destination = FolderPlace(directory)
    with destination.exclusive():
        earlier = read_checkpoint(destination)
        log = PublishedLog(source, keys=keys)
        old_size = 0 if earlier is None else check_growth(earlier, log, keys=keys, evidence=directory)
        files = export(log, destination, old_size=old_size, size=log.size, progress=progress)
        put_checkpoint(log.note, destination, published=earlier)
        remove_outgrown(destination, old_size=old_size, size=log.size)
    return Mirrored(log.checkpoint, None if earlier is None else old_size, files)
