"""The audit: everything recomputed from the entries, and compared with everything that was stored, signed or sent."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.checkpoint import Checkpoint, LogKey, open_checkpoint, parse_checkpoint_text
from provenance.errors import CorruptLedgerError, ProvenanceError, RolledBackError
from provenance.ledger.checked import Stretch, read_checked
from provenance.ledger.exported import ExportedLog
from provenance.ledger.regrowth import Regrowth, node_rows
from provenance.ledger.rules import EntryRules, note_key
from provenance.merkle import EMPTY_ROOT, HASH_BYTES, Frontier
from provenance.note import NoteKey, parse_note
from provenance.storage.interface import LedgerStore, LogKeyRow
from provenance.tiles import TILE_HEIGHT, TILE_WIDTH

RECOVER_HINT = "sign nothing with this studio; run provenance ledger recover"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a clean audit saw.

    Attributes:
        entries: how many were hashed.
        checkpoints: how many were compared.
        cosignatures: how many lines were read, and verified if there was a verifier.
        anchors: how many were found to date a checkpoint of this log.
        exported: how many exported tiles and bundles were compared.
        root_hash: of the whole log, 32 bytes.
    """

    entries: int
    checkpoints: int
    cosignatures: int
    anchors: int
    exported: int
    root_hash: bytes


def audit(
    store: LedgerStore,
    *,
    keys: Sequence[NoteKey | LogKey],
    exports: Sequence[Path] = (),
    high_water: bytes | None = None,
    verify_cosignature: Callable[[bytes, str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> AuditReport:
    """Recompute everything from the entries, and compare it with what is stored, exported and noted.

    Others may append meanwhile: the audit covers the entries that there were when it began. It reads each entry once
    and keeps a few tiles in memory, however large the log is.

    Args:
        store: is only read.
        keys: the log's keys.
        exports: directories in the layout of c2sp.org/tlog-tiles, each with its checkpoint.
        high_water: the note of the last signed checkpoint that left, kept outside of the store.
        verify_cosignature: is given a checkpoint and a signature line over it, and raises if it knows the witness and
            the signature is not its own.
        progress: is told how many entries are done, and of how many.

    Raises:
        CorruptLedgerError: the first contradiction; the message names the entry, tile, checkpoint, head or file.
        RolledBackError: the ledger is whole, but older than the high-water mark or an export.
    """
    # First of all, since queries over damaged pages need not end.
    store.check_intact()
    return _Audit(store, keys, exports, high_water, verify_cosignature).run(progress)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What somebody outside of the store holds of the log: a note that says so, and where it lies."""

    size: int
    place: str
    note: bytes


class _Audit:
    """One audit: what was read before the entries, and how far it has come."""

    def __init__(
        self,
        store: LedgerStore,
        keys: Sequence[NoteKey | LogKey],
        exports: Sequence[Path],
        high_water: bytes | None,
        verify_cosignature: Callable[[bytes, str], None] | None,
    ) -> None:
        self._store = store
        self._keys = keys
        self._verify_cosignature = verify_cosignature
        self._rules = EntryRules(store, keys=keys)
        self._tree = Regrowth()
        self._frontier = Frontier()
        # What grows with the log is read before its head, so that appending meanwhile is no contradiction.
        self._exports: list[tuple[ExportedLog, int]] = []
        claims = [] if high_water is None else [_claim("high-water mark", high_water, keys)]
        for directory in exports:
            exported = ExportedLog(directory)
            claims.append(_claim(f"export {directory}/checkpoint", exported.checkpoint(), keys))
            self._exports.append((exported, claims[-1].size))
        self._claims = sorted(claims, key=lambda claim: claim.size)
        self._pending: Iterator[tuple[int, bytes]] = iter(store.checkpoints())
        self._upcoming = next(self._pending, None)
        self._signed_size = self._checkpoints = self._cosignatures = 0
        self._head = store.head()

    def run(self, progress: Callable[[int, int], None] | None) -> AuditReport:
        if self._upcoming is None:
            raise CorruptLedgerError("ledger: expected a signed checkpoint, got none")
        for stretch in read_checked(self._store, self._head.size, rules=self._rules):
            self._take(stretch)
            if progress is not None:
                progress(self._frontier.size, self._head.size)
        size = self._frontier.size
        if size != self._head.size:
            raise CorruptLedgerError(f"entry {size}: missing; the head says that there are {self._head.size}")
        self._check_nothing_covers_more()
        if self._signed_size != size:
            raise CorruptLedgerError(f"checkpoint {self._signed_size}: the newest one does not cover {size} entries")
        if self._frontier != self._head:
            raise CorruptLedgerError("head: the frontier does not follow from the entries")
        self._check_nothing_beyond()
        self._check_log_keys()
        anchors = self._check_anchors()
        self._check_not_rolled_back()
        for exported, exported_size in self._exports:
            exported.check_partials(exported_size)
        return AuditReport(
            entries=size,
            checkpoints=self._checkpoints,
            cosignatures=self._cosignatures,
            anchors=anchors,
            exported=sum(exported.compared for exported, _ in self._exports),
            root_hash=self._frontier.root(),
        )

    def _take(self, stretch: Stretch) -> None:
        """Take up to 256 entries into the tree, and compare everything that they complete."""
        rows, width = node_rows(stretch.hashes), len(stretch.hashes)
        self._check_signed(rows, width)
        if stretch.problem is not None:
            raise stretch.problem
        self._frontier = self._tree.frontier(rows, width)
        if width < TILE_WIDTH:
            open_tiles = self._tree.open_tiles(stretch.hashes)
            for exported, _ in self._exports:
                exported.check_open(open_tiles, stretch.bodies)
            return
        for tile in self._tree.close(rows):
            if self._store.tile(tile.level, tile.number) != tile:
                raise CorruptLedgerError(f"tile {tile.level}/{tile.number}: does not follow from the entries")
            for exported, size in self._exports:
                exported.check_tile(tile.level, tile.number, tile.nodes[: TILE_WIDTH * HASH_BYTES], size=size)
        for exported, size in self._exports:
            exported.check_bundle(stretch.start // TILE_WIDTH, stretch.bodies, size=size)

    def _check_signed(self, rows: Sequence[Sequence[bytes]], width: int) -> None:
        """Compare every checkpoint within the next `width` entries with their tree."""
        reached = self._tree.size + width
        while self._upcoming is not None and self._upcoming[0] <= reached:
            size, note = self._upcoming
            self._check_checkpoint(size, note, self._root(rows, size))
            self._upcoming = next(self._pending, None)
        while self._claims and self._claims[0].size <= reached:
            claim = self._claims.pop(0)
            _check_root(claim.place, self._open(claim.place, claim.note), claim.size, self._root(rows, claim.size))

    def _root(self, rows: Sequence[Sequence[bytes]], size: int) -> bytes | None:
        """Return the root at a size within the next entries; None where no tree of this log has such a size."""
        if size <= self._tree.size:
            return EMPTY_ROOT if size == 0 else None
        return self._tree.frontier(rows, size - self._tree.size).root()

    def _check_checkpoint(self, size: int, note: bytes, root: bytes | None) -> None:
        place = f"checkpoint {size}"
        # The genesis entry is older than every checkpoint.
        _check_root(place, self._open(place, note), size, root if size > 0 else None)
        self._signed_size = size
        self._checkpoints += 1
        for number, line in enumerate(self._store.cosignatures(size), 1):
            self._check_cosignature(f"{place}: cosignature {number}", note, line)

    def _check_cosignature(self, place: str, note: bytes, line: str) -> None:
        if not isinstance(line, str) or not line.endswith("\n") or line.count("\n") != 1:
            raise CorruptLedgerError(f"{place}: expected one line of text")
        try:
            parse_note(note + line.encode(errors="surrogatepass"))
            if self._verify_cosignature is not None:
                self._verify_cosignature(note, line)
        except ProvenanceError as error:
            raise CorruptLedgerError(f"{place}: {error}") from error
        self._cosignatures += 1

    def _open(self, place: str, note: bytes) -> Checkpoint:
        if not isinstance(note, bytes):
            raise CorruptLedgerError(f"{place}: expected bytes")
        try:
            return open_checkpoint(note, keys=self._keys)
        except ProvenanceError as error:
            raise CorruptLedgerError(f"{place}: {error}") from error

    def _check_nothing_covers_more(self) -> None:
        """Refuse checkpoints and cosignatures beyond the log, other than those of what was appended meanwhile."""
        size = self._frontier.size
        if self._upcoming is not None and not size < self._upcoming[0] <= self._store.head().size:
            raise CorruptLedgerError(f"checkpoint {self._upcoming[0]}: covers more than the {size} entries there are")
        cosigned = self._store.latest_cosigned()
        if cosigned is not None and self._store.checkpoint_of(cosigned) is None:
            raise CorruptLedgerError(f"cosignature: stands for a checkpoint of size {cosigned}, which was not signed")

    def _check_nothing_beyond(self) -> None:
        """Refuse entries and tiles outside of the log, other than those that were appended meanwhile."""
        size = self._frontier.size
        stray = self._store.stray_entry(size)
        if stray is not None and not size <= stray < self._store.head().size:
            raise CorruptLedgerError(f"entry {stray}: lies beyond the head of size {size}")
        surplus = [
            (tile.level, tile.number) for tile in self._store.tiles() if not _is_full(tile.level, tile.number, size)
        ]
        grown = self._store.head().size if surplus else size
        for level, number in surplus:
            if not _is_full(level, number, grown):
                raise CorruptLedgerError(f"tile {level}/{number}: stands for entries that are not there")

    def _check_log_keys(self) -> None:
        stored = self._store.log_keys()
        size, grown = self._frontier.size, self._store.head().size

        def at_size(row: LogKeyRow) -> LogKeyRow:
            """Return the row as it was before it was retired meanwhile."""
            meanwhile = row.last_size is not None and size < row.last_size <= grown
            return LogKeyRow(row.vkey, row.first_size, None) if meanwhile else row

        known = [at_size(row) for row in stored if not size < row.first_size <= grown]
        if known != self._rules.log_keys:
            raise CorruptLedgerError("log keys: do not follow from the entries")

    def _check_anchors(self) -> int:
        anchors = self._store.anchors()
        for anchor in anchors:
            place = f"anchor {anchor.id}"
            signed = self._store.checkpoint_of(self._open(place, anchor.note).size)
            # Cosignatures may stand behind what the log signed.
            if signed is None or not anchor.note.startswith(signed):
                raise CorruptLedgerError(f"{place}: dates a checkpoint that is none of this ledger's")
        return len(anchors)

    def _check_not_rolled_back(self) -> None:
        """Refuse a log that somebody outside has seen larger."""
        for claim in self._claims:
            raise RolledBackError(
                f"{claim.place}: expected a ledger of at least {claim.size} entries, got {self._frontier.size}",
                hint=RECOVER_HINT,
            )


def _claim(place: str, note: bytes, keys: Sequence[NoteKey | LogKey]) -> _Claim:
    """Read what a note says of its size.

    Who signed it is checked where its tree is: a ledger that was rolled back may not know the key any more.
    """
    try:
        checkpoint = parse_checkpoint_text(parse_note(note).text)
    except ProvenanceError as error:
        raise CorruptLedgerError(f"{place}: {error}") from error
    if all(note_key(key).name != checkpoint.log_origin for key in keys):
        raise CorruptLedgerError(f"{place}: is of another log, {checkpoint.log_origin!r}")
    return _Claim(checkpoint.size, place, note)


def _is_full(level: int, number: int, size: int) -> bool:
    """Tell whether a log of this size has a full tile there."""
    return level >= 0 and 0 <= number < size >> TILE_HEIGHT * (level + 1)


def _check_root(place: str, signed: Checkpoint, size: int, root: bytes | None) -> None:
    if signed.size != size or signed.root_hash != root:
        raise CorruptLedgerError(f"{place}: does not follow from the entries")
