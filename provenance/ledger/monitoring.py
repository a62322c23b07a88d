"""Monitoring: reading every new entry of a log, and holding the log to what it signed before."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance import durable
from provenance.checkpoint import Checkpoint, LogVerifier
from provenance.entries import parse_entry
from provenance.errors import ProvenanceError
from provenance.ledger.exporting import Progress
from provenance.ledger.forks import check_growth
from provenance.ledger.places import Source
from provenance.ledger.published import PublishedLog
from provenance.note import MAX_NOTE_BYTES
from provenance.tiles import TILE_WIDTH

UNKNOWN = "unknown"
"""Counts the entries that this version cannot read: another program's log, or a newer version's."""


@dataclass(frozen=True, slots=True)
class Monitored:
    """What one look at a log saw.

    Attributes:
        checkpoint: the newest, now remembered.
        old_size: of the one remembered before; None at the first look, which trusts what it finds.
        new_entries: how many entries of each type are new, by the word of their type.
    """

    checkpoint: Checkpoint
    old_size: int | None
    new_entries: Mapping[str, int]


def monitor(
    source: Source, *, keys: Sequence[LogVerifier], state_directory: Path, progress: Progress | None = None
) -> Monitored:
    """Check that a log only grew since the last look, read what is new, and remember its checkpoint.

    Args:
        source: where the log is served.
        keys: the log's.
        state_directory: keeps a folder for each log, named by the SHA-256 of its origin, with the last checkpoint.
        progress: told after every 256 entries.

    Raises:
        ForkedLogError: the log was shortened or has other entries than those seen before. The checkpoint that is
            remembered stays, and both are kept in the file that the error names.
        CorruptLedgerError: an entry or tile contradicts the checkpoint.
        LedgerError: there is no log, or a tile is missing.
        InputError: a checkpoint is malformed.
        VerificationError: a checkpoint is not signed by `keys`.
        NetworkError: the log cannot be reached.
    """
    log = PublishedLog(source, keys=keys)
    folder = state_directory / hashlib.sha256(log.checkpoint.log_origin.encode()).hexdigest()
    remembered = folder / "checkpoint"
    earlier = durable.read(remembered, max_bytes=MAX_NOTE_BYTES) if remembered.exists() else None
    old_size = 0 if earlier is None else check_growth(earlier, log, keys=keys, evidence=folder)
    new_entries = count_types(_reported(log, old_size, progress))
    if log.note != earlier:
        folder.mkdir(parents=True, exist_ok=True)
        durable.replace(remembered, log.note)
    return Monitored(log.checkpoint, None if earlier is None else old_size, new_entries)


def count_types(entries: Iterable[bytes]) -> Mapping[str, int]:
    """Return how many entries there are of each type, sorted by its word; `UNKNOWN` for those that do not parse."""
    return dict(sorted(Counter(map(_type_of, entries)).items()))


def _type_of(entry: bytes) -> str:
    try:
        return parse_entry(entry).type
    except ProvenanceError:
        return UNKNOWN


def _reported(log: PublishedLog, start: int, progress: Progress | None) -> Iterable[bytes]:
    for index, entry in enumerate(log.entries(start, log.size), start + 1):
        yield entry
        if progress is not None and (index % TILE_WIDTH == 0 or index == log.size):
            progress(index, log.size)
