"""Reading a published log: nothing leaves this module that was not checked against the signed root."""

from collections.abc import Iterator, Sequence

from provenance.checkpoint import Checkpoint, LogVerifier, open_checkpoint
from provenance.errors import CorruptLedgerError, InputError, LedgerError
from provenance.ledger.exporting import Bundle, read_checkpoint
from provenance.ledger.places import Source
from provenance.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    LeafRange,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    root_hash,
    verify_consistency,
)
from provenance.proof import LedgerProof
from provenance.tiles import (
    MAX_BUNDLE_BYTES,
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    entries_path,
    fill_tile,
    fold,
    open_tiles,
    parse_bundle,
    range_hashes,
    subtrees,
    tile_path,
)

# A bundle may be 16 MB, so only a few are held at once; of tiles, 4 MB are kept.
_BUNDLES_AT_ONCE = 8
_TILES_KEPT = 512


class PublishedLog:
    """A log as one of its checkpoints signs it, read from where it is published.

    Every tile is checked by its root, which stands in the tile above it, up to the open tiles at the right edge,
    whose hashes make up the signed root.

    Attributes:
        note: the signed checkpoint, as served.
        checkpoint: what it says, seen to be signed.
    """

    def __init__(self, source: Source, *, keys: Sequence[LogVerifier]) -> None:
        """Read the checkpoint and the open tiles.

        Args:
            source: where the log is served.
            keys: the log's.

        Raises:
            LedgerError: there is no checkpoint, or a tile is missing.
            CorruptLedgerError: the tiles do not make up the signed root.
            InputError: the checkpoint is malformed.
            VerificationError: it is not signed by `keys`.
            NetworkError: the place cannot be reached.
        """
        self._source = source
        note = read_checkpoint(source)
        if note is None:
            raise LedgerError(f"checkpoint: expected one at {source.name}, got nothing", code="checkpoint-missing")
        self.note = note
        self.checkpoint: Checkpoint = open_checkpoint(note, keys=keys)
        self._tiles: dict[tuple[int, int], list[bytes]] = {}
        self._open = self._read_open_tiles()

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.checkpoint.size

    def entry(self, index: int) -> bytes:
        """Return the entry at `index`, from 0 to size − 1.

        Raises:
            LedgerError: there is no such entry, or a tile is missing.
            CorruptLedgerError: it is not the entry that the checkpoint covers.
        """
        self._check_index(index)
        number, within = divmod(index, TILE_WIDTH)
        return self._bundle(number, *self._read_bundles(number, number + 1)).entries[within]

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the entries from `start` to `end`, not included, each batch of 256 once it was checked.

        Raises:
            LedgerError: the log is smaller, or a tile is missing.
            CorruptLedgerError: an entry is not the one that the checkpoint covers.
        """
        if start == end:
            return
        self._check_index(start)
        self._check_index(end - 1)
        for bundle in self._bundles(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
            first = bundle.number * TILE_WIDTH
            yield from bundle.entries[max(0, start - first) : end - first]

    def prove(self, index: int, *, extra: bytes | None = None) -> LedgerProof:
        """Return the proof that the checkpoint covers the entry at `index`.

        Args:
            index: from 0 to size − 1.
            extra: goes with the proof, unauthenticated.

        Raises:
            LedgerError: there is no such entry, or a tile is missing.
            CorruptLedgerError: the tiles do not make up the signed root.
        """
        self._check_index(index)
        hashes = range_hashes(inclusion_ranges(index=index, size=self.size), row=self.hashes)
        return LedgerProof(index, tuple(hashes), self.note, extra)

    def verify_extends(self, earlier: Checkpoint) -> None:
        """Check that this is the log of an earlier checkpoint with entries appended (RFC 9162, 2.1.4).

        Raises:
            VerificationError: it is another log, or one that was changed or shortened.
            LedgerError: a tile is missing.
            CorruptLedgerError: the tiles do not make up the signed root.
        """
        if earlier.size == 0:
            return
        ranges = []
        if earlier.size <= self.size:
            ranges = consistency_ranges(old_size=earlier.size, new_size=self.size)
        verify_consistency(
            old_size=earlier.size,
            old_root=earlier.root_hash,
            new_size=self.size,
            new_root=self.checkpoint.root_hash,
            proof=range_hashes(ranges, row=self.hashes),
        )

    def root_of(self, size: int) -> bytes:
        """Return the root over the first `size` entries, 32 bytes.

        Raises:
            LedgerError: the log is smaller, or a tile is missing.
            CorruptLedgerError: the tiles do not make up the signed root.
        """
        if size == 0:
            return EMPTY_ROOT
        self._check_index(size - 1)
        return range_hashes([LeafRange(0, size)], row=self.hashes)[0]

    def hashes(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the hashes of a level from `start` to `end`, not included; see `LogContent`."""
        number, within = divmod(start, TILE_WIDTH)
        return self._tile(level, number)[within : within + end - start]

    def bundles(self, first: int) -> Iterator[Bundle]:
        """Yield the bundles from number `first` on; see `LogContent`."""
        return self._bundles(first, -(-self.size // TILE_WIDTH))

    def _bundles(self, first: int, last: int) -> Iterator[Bundle]:
        for start in range(first, last, _BUNDLES_AT_ONCE):
            end = min(start + _BUNDLES_AT_ONCE, last)
            for number, data in enumerate(self._read_bundles(start, end), start):
                yield self._bundle(number, data)

    def _read_bundles(self, first: int, last: int) -> list[bytes | None]:
        paths = [entries_path(number, width=self._width(0, number)) for number in range(first, last)]
        return self._source.read(paths, max_bytes=MAX_BUNDLE_BYTES)

    def _bundle(self, number: int, data: bytes | None) -> Bundle:
        """Return a bundle whose entries hash to what is signed."""
        width = served = self._width(0, number)
        if data is None and width < TILE_WIDTH:
            # The log may have grown since, and then a full bundle may stand for the partial one.
            served = TILE_WIDTH
            (data,) = self._source.read([entries_path(number)], max_bytes=MAX_BUNDLE_BYTES)
        path = entries_path(number, width=served)
        if data is None:
            raise self._missing(path)
        try:
            entries = parse_bundle(data, width=served, place=path)[:width]
        except InputError as error:
            raise CorruptLedgerError(str(error), code="tile-malformed") from error
        leaves = [leaf_hash(entry) for entry in entries]
        if width == TILE_WIDTH:
            known = fill_tile(leaves)[1] == self.hashes(1, number, number + 1)[0]
        else:
            known = leaves == self._open[0]
        if not known:
            raise _unsigned(path)
        return Bundle(number, entries, leaves)

    def _tile(self, level: int, number: int) -> list[bytes]:
        """Return the hashes of a tile, which lead to the signed root."""
        width = self._width(level, number)
        if width < TILE_WIDTH:
            return self._open[level]
        known = self._tiles.get((level, number))
        if known is not None:
            return known
        path = tile_path(level, number)
        (data,) = self._source.read([path], max_bytes=TILE_BYTES)
        hashes = self._split(path, data, TILE_WIDTH)
        if fill_tile(hashes)[1] != self.hashes(level + 1, number, number + 1)[0]:
            raise _unsigned(path)
        if len(self._tiles) == _TILES_KEPT:
            self._tiles.pop(next(iter(self._tiles)))
        self._tiles[level, number] = hashes
        return hashes

    def _read_open_tiles(self) -> dict[int, list[bytes]]:
        """Return the hashes of the open tiles by level, once their roots make up the signed root."""
        found = {}
        edge: list[bytes] = []
        for level, number, width in open_tiles(self.size):
            path = tile_path(level, number, width=width)
            (data,) = self._source.read([path], max_bytes=TILE_BYTES)
            if data is None:
                # The log may have grown since, and then a full tile may stand for the partial one.
                (whole,) = self._source.read([tile_path(level, number)], max_bytes=TILE_BYTES)
                data = None if whole is None else whole[: width * HASH_BYTES]
            found[level] = self._split(path, data, width)
            # The complete subtrees within are smaller than those of the levels above, and stand behind them.
            edge = [
                root_hash(found[level][part.number << part.height :][: 1 << part.height])
                for part in subtrees(LeafRange(0, width))
            ] + edge
        if (fold(edge) if edge else EMPTY_ROOT) != self.checkpoint.root_hash:
            raise CorruptLedgerError(
                f"open tiles: do not hash to the root that is signed for {self.size} entries",
                code="tile-unsigned",
            )
        return found

    def _split(self, path: str, data: bytes | None, width: int) -> list[bytes]:
        if data is None:
            raise self._missing(path)
        if len(data) != width * HASH_BYTES:
            raise CorruptLedgerError(
                f"{path}: expected {width * HASH_BYTES} bytes, got {len(data)}", code="tile-malformed"
            )
        return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]

    def _width(self, level: int, number: int) -> int:
        return min(TILE_WIDTH, (self.size >> TILE_HEIGHT * level) - number * TILE_WIDTH)

    def _check_index(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise LedgerError(f"entry {index}: expected an index from 0 to {self.size - 1}", code="entry-missing")

    def _missing(self, path: str) -> LedgerError:
        return LedgerError(f"{path}: missing at {self._source.name}", code="tile-missing")


def _unsigned(path: str) -> CorruptLedgerError:
    return CorruptLedgerError(f"{path}: does not hash to what the checkpoint signs", code="tile-unsigned")
