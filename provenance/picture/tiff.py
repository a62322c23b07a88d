"""TIFF 6.0: directories, their entries and the coded data; EXIF is the same within another container.

Everything is bounded: directories are visited once, and their number, that of all entries and the coded bytes are
limited, so that no lie about a count or an offset costs more than a few times the size of the file.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.picture.parts import BlockKind, EmbeddedStore, MetadataBlock, damaged
from provenance.picture.photoshop import metadata_in_photoshop

MAX_DIRECTORIES = 512
MAX_ENTRIES = 65_536
MAX_VALUES = 1_000_000  # of one entry, as integers

XMP, IPTC, PHOTOSHOP = 700, 33723, 34377
EXIF_DIRECTORY, GPS_DIRECTORY, SUB_DIRECTORIES = 34665, 34853, 330
DNG_VERSION, ORIGINAL_RAW = 50706, 50828
C2PA_STORE = 52545  # C2PA 2.4, A.3.5

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I"}
# Offsets of coded data, each with the tag of its byte counts: strips, tiles, and the JPEG stream of TIFF 6.0, 22.
CODED_DATA = {273: 279, 324: 325, 513: 514}
# What a decoder needs besides: TIFF 6.0 and its supplements, then DNG 1.7. Orientation is left out as in JPEG.
_PICTURE_TAGS = frozenset(
    [
        *(254, 255, 256, 257, 258, 259, 262, 266, 277, 278, 284, 292, 293, 317, 320, 322, 323, 332, 334, 338, 339),
        *(340, 341, 347, 512, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, *CODED_DATA.values()),
        *(33421, 33422, *range(50710, 50721), 50829, 51008, 51009, 51022),
    ]
)


@dataclass(frozen=True, slots=True)
class TiffEntry:
    """One entry of a directory.

    Attributes:
        tag: its number.
        type: of its values, TIFF 6.0, 2.
        count: of its values.
        start: offset of the first value.
        size: of all values, in bytes.
    """

    tag: int
    type: int
    count: int
    start: int
    size: int

    def raw(self, data: bytes) -> bytes:
        """Return the values as they lie there; fewer where the file ends before."""
        return data[self.start : self.start + self.size]

    def integers(self, data: bytes, order: str) -> tuple[int, ...]:
        """Return the values of an integer type; none where they are of another, too many, or not in the file."""
        code = _INTEGERS.get(self.type)
        if code is None or self.count > MAX_VALUES or self.start + self.size > len(data):
            return ()
        return struct.unpack_from(f"{order}{self.count}{code}", data, self.start)


def read_header(data: bytes) -> tuple[str, int]:
    """Return the byte order, `<` or `>`, and the offset of the first directory.

    Raises:
        InputError: it is no TIFF header.
    """
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        raise damaged("tiff", 0, "expected a tiff header")
    return order, struct.unpack_from(f"{order}I", data, 4)[0]


def read_entries(data: bytes, order: str, offset: int) -> tuple[list[TiffEntry], int]:
    """Return the entries of the directory at an offset, and the offset of the next one, 0 for none.

    Entries of an unknown type are left out, as TIFF 6.0, 2 asks of readers.

    Raises:
        InputError: the directory does not lie within the file.
    """
    if offset < 8 or offset + 2 > len(data):
        raise damaged("tiff", min(offset, len(data)), "the directory lies outside of the file")
    (number,) = struct.unpack_from(f"{order}H", data, offset)
    end = offset + 2 + 12 * number
    if end > len(data):
        raise damaged("tiff", offset, "the directory is longer than the file")
    entries = []
    for position in range(offset + 2, end, 12):
        tag, kind, count = struct.unpack_from(f"{order}HHI", data, position)
        size = _SIZES.get(kind, 0) * count
        if kind in _SIZES:
            start = position + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, position + 8)[0]
            entries.append(TiffEntry(tag, kind, count, start, size))
    # EXIF writers leave the offset of the next directory out at the very end.
    following = struct.unpack_from(f"{order}I", data, end)[0] if end + 4 <= len(data) else 0
    return entries, following


def directories(data: bytes) -> Iterator[tuple[int, list[TiffEntry]]]:
    """Yield offset and entries of every directory of a TIFF file: the chain, each followed by what lies below it.

    Raises:
        InputError: one lies outside of the file, there are too many, or they lead in a circle.
    """
    order, first = read_header(data)
    pending = [first]
    seen: set[int] = set()
    total = 0
    while pending:
        offset = pending.pop()
        if offset in seen:
            raise damaged("tiff", offset, "the directories lead in a circle")
        seen.add(offset)
        entries, following = read_entries(data, order, offset)
        total += len(entries)
        if len(seen) > MAX_DIRECTORIES or total > MAX_ENTRIES:
            raise damaged("tiff", offset, "too many directories")
        yield offset, entries
        below: list[int] = []
        for entry in entries:
            if entry.tag == SUB_DIRECTORIES:
                below += entry.integers(data, order)
                if len(below) > MAX_DIRECTORIES:
                    raise damaged("tiff", offset, "too many directories")
        pending += [*([following] if following else []), *reversed(below)]


def digest_tiff(data: bytes) -> bytes:
    """Return the picture digest of a TIFF or DNG file: see `docs/spec/stamp.md`.

    Raises:
        InputError: it breaks off or contradicts itself, or holds no picture.
    """
    order, _ = read_header(data)
    digest = hashlib.sha256(data[:2])
    view = memoryview(data)
    budget = 2 * len(data)
    found = False
    for offset, entries in directories(data):
        by_tag = {entry.tag: entry for entry in entries}
        if len(by_tag) < len(entries):
            # Readers differ on which of two they take, and then on what the picture is.
            raise damaged("tiff", offset, "the directory has two entries of one tag")
        coded = [(by_tag[tag], by_tag.get(counts)) for tag, counts in CODED_DATA.items() if tag in by_tag]
        if not coded:
            continue
        found = True
        for entry in sorted(entries, key=lambda entry: entry.tag):
            if entry.tag in _PICTURE_TAGS:
                budget -= entry.size
                if budget < 0:
                    raise damaged("tiff", offset, "the values are longer than the file")
                values = _normal(entry, data, order, offset)
                digest.update(struct.pack(">HIQ", entry.tag, entry.count, len(values)))
                digest.update(values)
        for places, sizes in coded:
            starts = places.integers(data, order)
            lengths = sizes.integers(data, order) if sizes is not None else ()
            if not starts or len(starts) != len(lengths):
                raise damaged("tiff", offset, "expected a byte count for every strip or tile")
            for start, length in zip(starts, lengths, strict=True):
                budget -= length + 8
                if start + length > len(data) or budget < 0:
                    raise damaged("tiff", offset, "the coded data are longer than the file")
                digest.update(view[start : start + length])
    if not found:
        raise damaged("tiff", 8, "expected a picture")
    return digest.digest()


def _normal(entry: TiffEntry, data: bytes, order: str, offset: int) -> bytes:
    """Return the values of an entry in one form, as writers differ in how wide they store an integer."""
    if entry.start + entry.size > len(data):
        raise damaged("tiff", offset, f"the values of tag {entry.tag} lie outside of the file")
    values = entry.integers(data, order)
    if entry.type == 1 or not values:
        return struct.pack(">H", entry.type) + entry.raw(data)
    return struct.pack(f">{len(values)}I", *values)


def metadata_of_tiff(data: bytes) -> Iterator[MetadataBlock]:
    """Yield the blocks of a TIFF file: itself as EXIF, and the XMP and IPTC of every directory.

    Raises:
        InputError: see `directories`.
    """
    yield MetadataBlock(BlockKind.EXIF, "TIFF directory 0", data)
    budget = 4 * len(data)
    for number, (offset, entries) in enumerate(directories(data)):
        kinds = {XMP: BlockKind.XMP, IPTC: BlockKind.IPTC, PHOTOSHOP: BlockKind.IPTC}
        for entry in entries:
            if entry.tag not in kinds:
                continue
            place = f"TIFF directory {number} at byte {offset}, tag {entry.tag}"
            raw = entry.raw(data)
            budget -= len(raw)
            if budget < 0:
                yield MetadataBlock(BlockKind.TEXT, place, b"", flaw="there is too much of it")
                return
            flaw = "it breaks off" if len(raw) < entry.size else None
            if entry.tag == PHOTOSHOP:
                yield from metadata_in_photoshop(raw, place)
            else:
                yield MetadataBlock(kinds[entry.tag], place, raw, flaw=flaw)


def find_store_in_tiff(data: bytes) -> EmbeddedStore | None:
    """Return the manifest store of a TIFF or DNG file; it is the value of an entry of the first directory.

    Raises:
        InputError: see `directories`.
    """
    stores = [entry for _, entries in directories(data) for entry in entries if entry.tag == C2PA_STORE]
    if not stores:
        return None
    first = stores[0]
    flaw = None
    if len(stores) > 1:
        flaw = f"tag {C2PA_STORE}: expected one, got {len(stores)}"
    elif first.start + first.size > len(data):
        flaw = f"tag {C2PA_STORE}: it lies outside of the file"
    return EmbeddedStore(first.raw(data), first.start, min(first.start + first.size, len(data)), flaw)
