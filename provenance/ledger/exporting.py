"""Writing a log as the files of c2sp.org/tlog-tiles: tiles and bundles that never change first, the checkpoint last."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from provenance.errors import LedgerError
from provenance.ledger.places import Destination, Source
from provenance.note import MAX_NOTE_BYTES, MAX_SIGNATURES, parse_note
from provenance.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    bundle_to_bytes,
    entries_path,
    open_tiles,
    tile_path,
)

CHECKPOINT_PATH = "checkpoint"

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many entries are done, and of how many."""


class Bundle(NamedTuple):
    """Up to 256 entries that lie together, with their leaf hashes."""

    number: int
    entries: Sequence[bytes]
    leaves: Sequence[bytes]


class LogContent(Protocol):
    """A log of one size, every byte of which was checked against its signed root before it is returned."""

    def hashes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Return the hashes of a level from `start` to `end`, not included; they lie in one tile."""
        ...

    def bundles(self, first: int) -> Iterator[Bundle]:
        """Yield the bundles from number `first` to the last one, which may be partial."""
        ...


def export(
    content: LogContent, destination: Destination, *, old_size: int, size: int, progress: Progress | None = None
) -> int:
    """Write every tile and bundle that a log of `size` entries has and one of `old_size` has not.

    All of it is durable on return; what is there already with the same bytes is left.

    Returns:
        how many files were new.

    Raises:
        CorruptLedgerError: the destination has a file with other bytes.
    """
    return destination.add(_files(content, old_size, size, progress)) if size > old_size else 0


def remove_outgrown(destination: Destination, *, old_size: int, size: int) -> None:
    """Remove the partial tiles of the log of `old_size` whose full tile is there at `size`, as a log MAY.

    To be called once the checkpoint of `size` is out: until then the one of `old_size` may still be read.
    """
    for tile in open_tiles(old_size):
        if tile.number < size >> TILE_HEIGHT * (tile.level + 1):
            destination.remove_all(f"{tile_path(tile.level, tile.number)}.p")
            if tile.level == 0:
                destination.remove_all(f"{entries_path(tile.number)}.p")


def read_checkpoint(source: Source) -> bytes | None:
    """Return the signed checkpoint that is served, unchecked, or None if there is none.

    Raises:
        InputError: it is larger than a note may be.
        NetworkError: the place cannot be reached.
    """
    return source.read([CHECKPOINT_PATH], max_bytes=MAX_NOTE_BYTES)[0]


def put_checkpoint(note: bytes, destination: Destination, *, published: bytes | None) -> bytes:
    """Serve a checkpoint, all of whose tiles are there, and return it as it is served.

    Signature lines that were served with the same text stay: what a witness signed once is not taken away.

    Args:
        note: the signed checkpoint.
        destination: where it is served.
        published: what was served when the writing began.

    Raises:
        LedgerError: something else is served by now (`place-busy`).
    """
    if published is not None:
        note = _merged(note, published)
    if note != published:
        # Where there are no locks, this is what keeps a slow process from taking back what a quick one served.
        if read_checkpoint(destination) != published:
            raise LedgerError(
                f"checkpoint: another process wrote to {destination.name} meanwhile",
                code="place-busy",
                hint="run the same command again",
            )
        destination.replace(CHECKPOINT_PATH, note)
    return note


def _merged(note: bytes, published: bytes) -> bytes:
    """Return a checkpoint with those lines that others published under the same text, behind its own."""
    ours, theirs = parse_note(note), parse_note(published)
    if ours.text != theirs.text:
        return note
    known = {(line.name, line.key_id) for line in ours.signatures}
    others = [line for line in theirs.signatures if (line.name, line.key_id) not in known]
    return ours.with_signatures(others[: MAX_SIGNATURES - len(ours.signatures)]).to_bytes()


def _files(content: LogContent, old_size: int, size: int, progress: Progress | None) -> Iterator[tuple[str, bytes]]:
    for bundle in content.bundles(old_size // TILE_WIDTH):
        width = len(bundle.entries)
        yield entries_path(bundle.number, width=width), bundle_to_bytes(bundle.entries)
        if width == TILE_WIDTH:
            yield tile_path(0, bundle.number), b"".join(bundle.leaves)
        if progress is not None:
            progress(bundle.number * TILE_WIDTH + width, size)
    level = 1
    while size >> TILE_HEIGHT * (level + 1):
        for number in range(old_size >> TILE_HEIGHT * (level + 1), size >> TILE_HEIGHT * (level + 1)):
            yield tile_path(level, number), _hashes(content, level, number, TILE_WIDTH)
        level += 1
    for level, number, width in open_tiles(size):
        yield tile_path(level, number, width=width), _hashes(content, level, number, width)


def _hashes(content: LogContent, level: int, number: int, width: int) -> bytes:
    start = number * TILE_WIDTH
    return b"".join(content.hashes(level, start, start + width))
