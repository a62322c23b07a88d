"""EXIF without what is private, in place: nothing is moved, as makers' notes name offsets that nobody else can mend.

Directories lose entries and keep their room; the values of these become zeros, but for bytes that belong to another
value as well.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from provenance.errors import InputError
from provenance.picture.parts import damaged
from provenance.picture.private_names import EXIF, GPS
from provenance.picture.tiff import (
    CODED_DATA,
    EXIF_DIRECTORY,
    MAX_DIRECTORIES,
    MAX_ENTRIES,
    SUB_DIRECTORIES,
    TiffEntry,
    read_entries,
    read_header,
)

Edit = tuple[int, bytes]  # an offset, and what comes there in the place of as many bytes
_Range = tuple[int, int]
_INTEROPERABILITY = 40965
_BELOW = (SUB_DIRECTORIES, EXIF_DIRECTORY, _INTEROPERABILITY)


@dataclass(frozen=True, slots=True)
class _Directory:
    start: int
    tags: list[int]  # of all entries, those of an unknown type included
    entries: list[TiffEntry]
    following: int

    @property
    def end(self) -> int:
        return self.start + 2 + 12 * len(self.tags)


def blank_in_exif(data: bytes) -> tuple[list[Edit], list[str]]:
    """Return what must be written over a TIFF stream, which may be a whole file, and the names of what goes.

    Raises:
        InputError: the stream cannot be read to its end, so that nobody can say what it holds.
    """
    if not data.strip(b"\x00"):
        return [], []  # some editors leave an empty block behind
    order, first = read_header(data)
    found = list(_directories(data, order, first))
    edits: list[Edit] = []
    names: list[str] = []
    private: list[_Range] = []
    for directory in found:
        unwanted = [f"exif:{EXIF[tag]}" for tag in directory.tags if tag in EXIF]
        if not unwanted:
            continue
        names += unwanted
        edits.append((directory.start, _without(data, order, directory)))
        for entry in (entry for entry in directory.entries if entry.tag in EXIF):
            private += [(entry.start, entry.start + entry.size)] if entry.size > 4 else []
            if entry.tag == GPS:
                private += _places(data, order, entry)
    if not names:
        return [], []
    kept = _kept(data, order, found)
    changed = {start for start, _ in edits}
    for directory in found:
        if directory.start in changed and _overlapping(kept, directory.start, directory.end):
            raise damaged("exif", directory.start, "a directory shares its bytes with something else")
    own = _merged([*kept, *((directory.start, directory.end) for directory in found)])
    for start, end in _merged(private):
        edits += [(gap, bytes(behind - gap)) for gap, behind in _gaps(own, start, min(end, len(data)))]
    return edits, names


def _directories(data: bytes, order: str, first: int) -> Iterator[_Directory]:
    """Yield the directories of a stream but those of GPS, each once."""
    pending, seen, total = [(first, True)], set[int](), 0
    while pending:
        offset, is_needed = pending.pop()
        if offset in seen:
            continue
        seen.add(offset)
        try:
            entries, following = read_entries(data, order, offset)
        except InputError:
            if is_needed:
                raise
            continue  # the offset behind a last directory is often no offset
        (number,) = struct.unpack_from(f"{order}H", data, offset)
        total += number
        if len(seen) > MAX_DIRECTORIES or total > MAX_ENTRIES:
            raise damaged("exif", offset, "too many directories")
        tags = [struct.unpack_from(f"{order}H", data, offset + 2 + 12 * n)[0] for n in range(number)]
        yield _Directory(offset, tags, entries, following)
        below = [n for entry in entries if entry.tag in _BELOW for n in entry.integers(data, order)]
        if len(below) > MAX_DIRECTORIES:
            raise damaged("exif", offset, "too many directories")
        # What points out of the stream has no reader either.
        pending += [(n, True) for n in below if 8 <= n <= len(data) - 2] + [(following, False)]


def _without(data: bytes, order: str, directory: _Directory) -> bytes:
    """Return the bytes of a directory without its private entries, filled up with zeros to the length that it had."""
    places = range(directory.start + 2, directory.end, 12)
    kept = [data[at : at + 12] for at, tag in zip(places, directory.tags, strict=True) if tag not in EXIF]
    body = struct.pack(f"{order}H", len(kept)) + b"".join(kept) + struct.pack(f"{order}I", directory.following)
    return body.ljust(directory.end - directory.start, b"\x00")


def _places(data: bytes, order: str, entry: TiffEntry) -> list[_Range]:
    """Return where the directory of GPS and its values lie; as much of them as there is."""
    offsets = entry.integers(data, order)
    if not offsets or offsets[0] + 2 > len(data):
        return []
    start = offsets[0]
    try:
        entries, _ = read_entries(data, order, start)
    except InputError:
        entries = []
    (number,) = struct.unpack_from(f"{order}H", data, start)
    return [(start, start + 2 + 12 * number), *((e.start, e.start + e.size) for e in entries if e.size > 4)]


def _kept(data: bytes, order: str, found: list[_Directory]) -> list[_Range]:
    """Return where the values lie that stay, and the coded data."""
    ranges: list[_Range] = [(0, 8)]
    for directory in found:
        entries = {entry.tag: entry for entry in directory.entries if entry.tag not in EXIF}
        ranges += [(e.start, e.start + e.size) for e in directory.entries if e.tag not in EXIF and e.size > 4]
        for places, sizes in CODED_DATA.items():
            if places in entries and sizes in entries:
                starts, lengths = entries[places].integers(data, order), entries[sizes].integers(data, order)
                ranges += _merged([(s, s + n) for s, n in zip(starts, lengths, strict=False)])
    extents = sorted((directory.start, directory.end) for directory in found)
    for (_, end), (start, behind) in pairwise(extents):
        if start < end:
            ranges.append((start, min(end, behind)))  # two directories in one place
    return _merged(ranges)


def _merged(ranges: list[_Range]) -> list[_Range]:
    merged: list[_Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _overlapping(merged: list[_Range], start: int, end: int) -> bool:
    return any(True for _ in _hits(merged, start, end))


def _hits(merged: list[_Range], start: int, end: int) -> Iterator[_Range]:
    """Yield those of the ranges that share a byte with one more."""
    for low, high in merged[max(bisect_right(merged, (start, 0)) - 1, 0) :]:
        if low >= end:
            return
        if high > start:
            yield low, high


def _gaps(merged: list[_Range], start: int, end: int) -> Iterator[_Range]:
    """Yield what none of the ranges covers."""
    for low, high in _hits(merged, start, end):
        if start < low:
            yield start, low
        start = max(start, high)
    if start < end:
        yield start, end
