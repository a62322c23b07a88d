"""Publishing the ledger: its newest checkpoint, and the tiles and entries under it, for static hosts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.checkpoint import Checkpoint, LogVerifier, open_checkpoint
from provenance.errors import CorruptLedgerError, LedgerError, RolledBackError
from provenance.ledger.exporting import (
    Bundle,
    Progress,
    export,
    put_checkpoint,
    read_checkpoint,
    remove_outgrown,
)
from provenance.ledger.places import Destination
from provenance.ledger.stored import cosigned, stored_hashes, stored_root
from provenance.merkle import leaf_hash
from provenance.storage.interface import LedgerStore
from provenance.tiles import TILE_HEIGHT, TILE_WIDTH, fill_tile


@dataclass(frozen=True, slots=True)
class Published:
    """What a place serves now.

    Attributes:
        checkpoint: as it is signed.
        note: as it is served, with the cosignatures.
        old_size: of the checkpoint that was there before; None if there was none.
        files: how many tiles and bundles were new.
    """

    checkpoint: Checkpoint
    note: bytes
    old_size: int | None
    files: int


def publish(
    store: LedgerStore, destination: Destination, *, log_keys: Sequence[LogVerifier], progress: Progress | None = None
) -> Published:
    """Write what the ledger's newest checkpoint covers, then that checkpoint (c2sp.org/tlog-tiles).

    Safe to call again after a crash at any point, and when there is nothing new. A file that is there is never
    changed, and every entry is hashed again before it leaves.

    Args:
        store: the ledger's.
        destination: where the log is served from.
        log_keys: the ledger's own, present and past.
        progress: told after every 256 entries.

    Raises:
        LedgerError: no checkpoint was signed yet; another log is published there; or another process was quicker.
        RolledBackError: what is published is larger than the ledger, or contradicts it; nothing was written.
        CorruptLedgerError: the ledger contradicts its checkpoint, or a published file has other bytes.
        VerificationError: the published checkpoint is not signed by `log_keys`.
        InputError: the published checkpoint is malformed, or another process writes there.
        NetworkError: the destination cannot be reached.
    """
    newest_note(store)
    with destination.exclusive():
        published = read_checkpoint(destination)
        # Read behind what is published: another process may have appended and published in between.
        note = newest_note(store)
        checkpoint = open_checkpoint(note, keys=log_keys)
        old_size = 0
        if published is not None:
            old_size = _check_published(store, note, published, log_keys=log_keys, place=destination.name)
        content = _StoredLog(store, checkpoint, old_size=old_size)
        files = export(content, destination, old_size=old_size, size=checkpoint.size, progress=progress)
        note = put_checkpoint(note, destination, published=published)
        remove_outgrown(destination, old_size=old_size, size=checkpoint.size)
    return Published(checkpoint, note, None if published is None else old_size, files)


def newest_note(store: LedgerStore) -> bytes:
    """Return the ledger's newest checkpoint with the newest cosignature of each witness over it.

    Raises:
        LedgerError: none was signed yet.
    """
    note = store.latest_checkpoint()
    if note is None:
        raise LedgerError("ledger: no checkpoint was signed yet")
    return cosigned(store, note)


def _check_published(
    store: LedgerStore, note: bytes, published: bytes, *, log_keys: Sequence[LogVerifier], place: str
) -> int:
    """Return the size of what is published, which the ledger must contain."""
    checkpoint = open_checkpoint(note, keys=log_keys)
    before = open_checkpoint(published, keys=log_keys)
    if before.log_origin != checkpoint.log_origin:
        raise LedgerError(
            f"checkpoint: expected the log {checkpoint.log_origin}, got {before.log_origin!r} at {place}",
            code="checkpoint-origin",
        )
    if before.size > checkpoint.size:
        raise RolledBackError(
            f"ledger: has {checkpoint.size} entries, but {before.size} are published at {place}",
            hint=f"run provenance ledger recover {place}",
            notes=(note, published),
        )
    root = stored_root(store, before.size)
    if root != before.root_hash:
        raise RolledBackError(
            f"checkpoint {before.size}: expected root {root.hex()[:16]}… as in the ledger, "
            f"got {before.root_hash.hex()[:16]}… as published at {place}",
            code="log-forked",
            hint="do not append: a restored backup went its own way; keep both and look for the newer one",
            notes=(note, published),
        )
    return before.size


class _StoredLog:
    """The ledger in its store, checked against its signed checkpoint before any of it leaves.

    A tile that was published can never be taken back, so nothing that is stored is taken on trust: what is new since
    `old_size` is hashed again, and what is older was checked when it was published.
    """

    def __init__(self, store: LedgerStore, checkpoint: Checkpoint, *, old_size: int) -> None:
        self._store = store
        self._size = checkpoint.size
        for level in range(1, checkpoint.size.bit_length() // TILE_HEIGHT):
            shift = TILE_HEIGHT * (level + 1)
            for number in range(old_size >> shift, checkpoint.size >> shift):
                self._check_tile(level, number, self.hashes(level, number * TILE_WIDTH, (number + 1) * TILE_WIDTH))
        root = stored_root(store, checkpoint.size)
        if root != checkpoint.root_hash:
            raise CorruptLedgerError(
                f"checkpoint {checkpoint.size}: expected root {checkpoint.root_hash.hex()[:16]}… as signed, "
                f"got {root.hex()[:16]}… from the ledger",
                hint="run provenance ledger audit",
            )

    def hashes(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the hashes of a level; see `LogContent`."""
        return stored_hashes(self._store, level, start, end)

    def bundles(self, first: int) -> Iterator[Bundle]:
        """Yield the bundles from number `first` on; see `LogContent`."""
        for start in range(first * TILE_WIDTH, self._size, TILE_WIDTH):
            end = min(start + TILE_WIDTH, self._size)
            entries: list[bytes] = []
            leaves: list[bytes] = []
            for index, stored_leaf, body in self._store.bodies(start, end):
                leaf = leaf_hash(body)
                if index != start + len(entries) or leaf != stored_leaf:
                    raise CorruptLedgerError(
                        f"entry {index}: its bytes do not hash to its leaf hash", hint="run provenance ledger audit"
                    )
                entries.append(body)
                leaves.append(leaf)
            if len(entries) != end - start:
                raise CorruptLedgerError(f"entry {start + len(entries)}: missing", hint="run provenance ledger audit")
            if len(leaves) == TILE_WIDTH:
                self._check_tile(0, start // TILE_WIDTH, leaves)
            yield Bundle(start // TILE_WIDTH, entries, leaves)

    def _check_tile(self, level: int, number: int, hashes: Sequence[bytes]) -> None:
        if self.hashes(level + 1, number, number + 1) != [fill_tile(hashes)[1]]:
            raise CorruptLedgerError(
                f"tile {level}/{number}: does not follow from the entries", hint="run provenance ledger audit"
            )
