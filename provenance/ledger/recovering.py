"""Recovering: a ledger from a restored backup, rolled forward to what was published before the loss."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provenance.checkpoint import Checkpoint, LogVerifier, open_checkpoint
from provenance.errors import CorruptLedgerError, LedgerError, RolledBackError, VerificationError
from provenance.ledger.exporting import Progress
from provenance.ledger.growing import grow
from provenance.ledger.log import new_entry_id
from provenance.ledger.monitoring import count_types
from provenance.ledger.places import Source
from provenance.ledger.published import PublishedLog
from provenance.ledger.stored import stored_root
from provenance.merkle import Frontier
from provenance.note import Note, NoteSignature, parse_note
from provenance.storage.interface import EntryRow, LedgerStore
from provenance.tiles import TILE_WIDTH

_BUNDLES_AT_ONCE = 16
_RESTORE_ANOTHER = "run provenance ledger audit; restore an older backup that is whole"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came back from the published log.

    Only the log is public: the consents, receipts and stamps that the lost entries stood for are not in it.

    Attributes:
        checkpoint: the newest that the ledger has now.
        old_size: of the ledger before.
        new_entries: how many entries of each type were rolled forward, by the word of their type; none where the
            ledger had everything.
    """

    checkpoint: Checkpoint
    old_size: int
    new_entries: Mapping[str, int]


def recover(
    store: LedgerStore, source: Source, *, log_keys: Sequence[LogVerifier], progress: Progress | None = None
) -> Recovered:
    """Append the published entries that the ledger lost, and keep the checkpoint that was signed over them.

    Nothing is signed. It is all one transaction: a crash leaves the ledger as it was.

    Args:
        store: the restored ledger's; it may be empty.
        source: where the log is published.
        log_keys: the ledger's own, present and past.
        progress: told after every few thousand entries.

    Raises:
        RolledBackError: the ledger and the published log contradict each other (`log-forked`).
        CorruptLedgerError: the ledger contradicts its own checkpoint, or the published log contradicts its own.
        LedgerError: there is no published log, a tile is missing, or it is another log.
        InputError: a checkpoint is malformed.
        VerificationError: a checkpoint is not signed by `log_keys`.
        NetworkError: the published log cannot be reached.
    """
    log = PublishedLog(source, keys=log_keys)
    with store.transaction():
        before = store.head()
        own = _own_checkpoint(store, before, log_keys)
        _check_same_log(store, before, own, log, log_keys)
        if log.size <= before.size:
            newest = log.checkpoint if own is None else open_checkpoint(own, keys=log_keys)
            return Recovered(newest, before.size, {})
        frontier, counted = before, Counter[str]()
        for bodies, leaves in _batches(log, before.size):
            rows = [
                EntryRow(index, leaf, new_entry_id(), body)
                for index, (body, leaf) in enumerate(zip(bodies, leaves, strict=True), frontier.size)
            ]
            frontier = grow(store, frontier, rows)
            counted.update(count_types(bodies))
            if progress is not None:
                progress(frontier.size, log.size)
        if (frontier.size, frontier.root()) != (log.size, log.checkpoint.root_hash):
            raise CorruptLedgerError(
                f"checkpoint {log.size}: expected root {log.checkpoint.root_hash.hex()[:16]}… as signed, "
                f"got {frontier.root().hex()[:16]}… from the recovered ledger"
            )
        store.add_checkpoint(log.size, _own_signatures(log.note, log_keys))
    return Recovered(log.checkpoint, before.size, dict(sorted(counted.items())))


def _own_checkpoint(store: LedgerStore, head: Frontier, log_keys: Sequence[LogVerifier]) -> bytes | None:
    """Return the ledger's newest checkpoint, which must be the one of its head."""
    note = store.latest_checkpoint()
    if note is None:
        if head.size:
            raise CorruptLedgerError(f"head: has size {head.size}, but no checkpoint was signed")
        return None
    signed = open_checkpoint(note, keys=log_keys)
    if (signed.size, signed.root_hash) != (head.size, head.root()):
        raise CorruptLedgerError(
            f"head: expected size {signed.size} and root {signed.root_hash.hex()[:16]}… as signed, "
            f"got size {head.size} and root {head.root().hex()[:16]}…",
            hint=_RESTORE_ANOTHER,
        )
    root = stored_root(store, head.size)
    if root != signed.root_hash:
        # The tiles to come would be made of these hashes.
        raise CorruptLedgerError(
            f"checkpoint {signed.size}: expected root {signed.root_hash.hex()[:16]}… as signed, "
            f"got {root.hex()[:16]}… from the ledger",
            hint=_RESTORE_ANOTHER,
        )
    return note


def _check_same_log(
    store: LedgerStore, head: Frontier, own: bytes | None, log: PublishedLog, log_keys: Sequence[LogVerifier]
) -> None:
    """Check that of the ledger and the published log one is the beginning of the other."""
    if own is None:
        return
    ours = open_checkpoint(own, keys=log_keys)
    if ours.log_origin != log.checkpoint.log_origin:
        raise LedgerError(
            f"checkpoint: expected the log {ours.log_origin}, got {log.checkpoint.log_origin!r}",
            code="checkpoint-origin",
        )
    shared = min(head.size, log.size)
    theirs = log.root_of(shared)
    root = stored_root(store, shared)
    if root != theirs:
        raise RolledBackError(
            f"ledger: of {shared} entries the root is {root.hex()[:16]}…, and {theirs.hex()[:16]}… as published",
            code="log-forked",
            hint="restore a backup from before the two parted, and recover that one",
            notes=(own, log.note),
        )


def _batches(log: PublishedLog, start: int) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Yield entries from `start` on with their leaf hashes, in batches that are not small."""
    bodies: list[bytes] = []
    leaves: list[bytes] = []
    for bundle in log.bundles(start // TILE_WIDTH):
        within = max(0, start - bundle.number * TILE_WIDTH)
        bodies += bundle.entries[within:]
        leaves += bundle.leaves[within:]
        if len(bodies) >= _BUNDLES_AT_ONCE * TILE_WIDTH:
            yield bodies, leaves
            bodies, leaves = [], []
    if bodies:
        yield bodies, leaves


def _own_signatures(note: bytes, log_keys: Sequence[LogVerifier]) -> bytes:
    """Return a checkpoint with the log's own signatures alone: those of witnesses were not checked here."""
    signed = parse_note(note)
    return Note(
        signed.text, tuple(line for line in signed.signatures if _is_own(signed.text, line, log_keys))
    ).to_bytes()


def _is_own(text: str, line: NoteSignature, log_keys: Sequence[LogVerifier]) -> bool:
    try:
        open_checkpoint(Note(text, (line,)).to_bytes(), keys=log_keys)
    except VerificationError:
        return False
    return True
