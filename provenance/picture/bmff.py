"""AVIF, HEIC and HEIF files (ISO/IEC 14496-12 and 23008-12): their boxes, items and metadata.

Offsets in the file change when anything is embedded before them, so that the picture digest is taken over the items:
what each is, its properties, and its coded bytes, wherever these lie.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from provenance.picture.inflation import inflate
from provenance.picture.parts import BlockKind, EmbeddedStore, MetadataBlock, damaged

MAX_BOXES = 65_536
MAX_EXTENTS = 65_536

_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # C2PA 2.4, A.5.1
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # XMP part 3, 1.2.2
_XMP_TYPE = b"application/rdf+xml"
# The bytes that no credential covers (C2PA 2.4, A.5.2), so that the digest does: a reader goes by the brands, and free
# space can hold anything.
_UNCOVERED = frozenset({b"ftyp", b"free", b"skip"})
_METADATA_ITEMS = frozenset({b"Exif", b"mime", b"uri "})
# Words and dates about a picture, not the picture: ISO/IEC 23008-12, 6.5.20, 6.5.27 and 6.5.28.
_METADATA_PROPERTIES = frozenset({b"udes", b"altt", b"crtt", b"mdft"})


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, where it and its payload begin, and where it ends."""

    type: bytes
    start: int
    body: int
    end: int


@dataclass(slots=True)
class _Item:
    number: int
    type: bytes
    content_type: bytes = b""
    encoding: bytes = b""
    method: int = 0
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Meta:
    """What the `meta` box says, as far as it matters here."""

    primary: int | None = None
    items: dict[int, _Item] = field(default_factory=dict)
    properties: list[Box] = field(default_factory=list)
    references: list[tuple[bytes, int, tuple[int, ...]]] = field(default_factory=list)
    data: tuple[int, int] = (0, 0)


class _Reader:
    """Reads numbers within one box, and never behind its end."""

    def __init__(self, data: bytes, box: Box) -> None:
        self._data, self._box, self.position = data, box, box.body

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        start, self.position = self.position, self.position + size
        if self.position > self._box.end:
            raise damaged("bmff", self._box.start, f"the box {_name(self._box.type)} breaks off")
        return self._data[start : self.position]

    def text(self) -> bytes:
        """Return what lies before the next zero byte, and go behind it."""
        end = self._data.find(b"\x00", self.position, self._box.end)
        end = self._box.end if end < 0 else end
        found, self.position = self._data[self.position : end], min(end + 1, self._box.end)
        return found


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes that lie between two offsets; ISO/IEC 14496-12, 4.2.

    Raises:
        InputError: one is longer than what holds it, or there are too many.
    """
    position = start
    for _ in range(MAX_BOXES):
        if position == end:
            return
        if position + 8 > end:
            raise damaged("bmff", position, "the file ends before the picture does")
        size, kind = struct.unpack_from(">I4s", data, position)
        body = position + 8
        if size == 1:
            size = int.from_bytes(data[body : min(body + 8, end)], "big") if body + 8 <= end else 0
            body += 8
        elif size == 0:
            size = end - position
        if size < body - position or position + size > end:
            raise damaged("bmff", position, "a box is longer than what holds it")
        yield Box(kind, position, body, position + size)
        position += size
    raise damaged("bmff", position, "too many boxes")


def digest_bmff(data: bytes) -> bytes:
    """Return the picture digest of an AVIF, HEIC or HEIF file: see `docs/spec/stamp.md`.

    Raises:
        InputError: it breaks off or contradicts itself, holds no picture, or is a sequence of pictures.
    """
    meta = _read_meta(data)
    if meta is None or meta.primary is None:
        raise damaged("bmff", 0, "expected a picture")
    pictures = {n: item for n, item in sorted(meta.items.items()) if item.type not in _METADATA_ITEMS}
    if meta.primary not in pictures:
        raise damaged("bmff", 0, "the main item is no picture")
    view = memoryview(data)
    digest = hashlib.sha256()
    for box in boxes(data, 0, len(data)):
        if box.type in _UNCOVERED:
            digest.update(view[box.start : box.end])
    digest.update(struct.pack(">I", meta.primary))
    budget = 2 * len(data)
    for number, item in pictures.items():
        digest.update(struct.pack(">I4s", number, item.type))
        for index in item.properties:
            said = _property(meta, index)
            if said is not None and said.type not in _METADATA_PROPERTIES:
                budget -= said.end - said.start
                _check(budget)
                digest.update(view[said.start : said.end])
        places = _extents(data, meta, item)
        digest.update(struct.pack(">Q", sum(end - start for start, end in places)))
        for start, end in places:
            budget -= end - start
            _check(budget)
            digest.update(view[start:end])
    for kind, source, targets in sorted(meta.references):
        if source in pictures:
            digest.update(struct.pack(f">4sII{len(targets)}I", kind, source, len(targets), *targets))
    return digest.digest()


def metadata_of_bmff(data: bytes) -> Iterator[MetadataBlock]:
    """Yield the EXIF and XMP of the items of an AVIF, HEIC or HEIF file, and XMP in a box of its own.

    Raises:
        InputError: see `digest_bmff`.
    """
    for box in boxes(data, 0, len(data)):
        if box.type == b"uuid" and data[box.body : box.body + 16] == _XMP_UUID:
            yield MetadataBlock(BlockKind.XMP, f"BMFF uuid at byte {box.start}", data[box.body + 16 : box.end])
        elif box.type in (b"free", b"skip"):
            yield MetadataBlock(BlockKind.TRAILER, f"BMFF free space at byte {box.start}", data[box.body : box.end])
    meta = _read_meta(data, still=False)
    for item in meta.items.values() if meta is not None else ():
        if meta is None or not (item.type == b"Exif" or item.content_type == _XMP_TYPE):
            continue
        places = _extents(data, meta, item)
        where = places[0][0] if places else 0
        if sum(end - start for start, end in places) > len(data):
            raise damaged("bmff", where, "an item is longer than the file")
        body = b"".join(data[start:end] for start, end in places)
        place = f"BMFF item {item.number} ({_name(item.type)}) at byte {where}"
        if item.type == b"Exif":
            # ISO/IEC 23008-12, A.2.1: the offset of the TIFF header comes first.
            yield MetadataBlock(BlockKind.EXIF, place, body[4 + int.from_bytes(body[:4], "big") :])
        else:
            flaw = None
            if item.encoding in (b"deflate", b"compress_zlib"):
                body, flaw = inflate(body, raw=body[:1] != b"\x78")
            yield MetadataBlock(BlockKind.XMP, place, body, flaw=flaw)


def metadata_places_in_bmff(data: bytes) -> Iterator[tuple[BlockKind, str, list[tuple[int, int]], bytes]]:
    """Yield where the EXIF and XMP of a file of boxes lie: kind, place for people, stretches of bytes, encoding.

    Raises:
        InputError: see `digest_bmff`.
    """
    for box in boxes(data, 0, len(data)):
        if box.type == b"uuid" and data[box.body : box.body + 16] == _XMP_UUID:
            yield BlockKind.XMP, f"BMFF uuid at byte {box.start}", [(box.body + 16, box.end)], b""
    meta = _read_meta(data)
    for item in meta.items.values() if meta is not None else ():
        if meta is not None and (item.type == b"Exif" or item.content_type == _XMP_TYPE):
            places = _extents(data, meta, item)
            place = f"BMFF item {item.number} ({_name(item.type)}) at byte {places[0][0] if places else 0}"
            yield BlockKind.EXIF if item.type == b"Exif" else BlockKind.XMP, place, places, item.encoding


def find_store_in_bmff(data: bytes) -> EmbeddedStore | None:
    """Return the manifest store of a file of boxes; C2PA 2.4, A.5.

    Raises:
        InputError: see `boxes`.
    """
    found = [
        box for box in boxes(data, 0, len(data)) if box.type == b"uuid" and data[box.body : box.body + 16] == _C2PA_UUID
    ]
    stores = [box for box in found if data[box.body + 20 :].startswith(b"manifest\x00") or len(found) == 1]
    if not stores:
        return None
    first = stores[0]
    # Behind the user type: version and flags, the purpose, and the offset of the first auxiliary box.
    head = data[first.body + 16 : first.body + 37]
    flaw = f"uuid box at byte {first.start}: expected the purpose manifest" if head != _STORE_HEAD else None
    if len(found) > 1:
        flaw = f"uuid box: expected one, got {len(found)}"
    return EmbeddedStore(data[first.body + 37 : first.end], first.start, first.end, flaw)


_STORE_HEAD = bytes(4) + b"manifest\x00" + bytes(8)


def _check(budget: int) -> None:
    if budget < 0:
        raise damaged("bmff", 0, "the items are longer than the file")


def _read_meta(data: bytes, *, still: bool = True) -> _Meta | None:
    found = None
    for box in boxes(data, 0, len(data)):
        if still and box.type in (b"moov", b"moof", b"mfra", b"emsg"):
            # The frames of a sequence lie in tracks, which this walk does not follow.
            raise damaged("bmff", box.start, "expected a still picture, got a sequence")
        if still and box.type == b"ftyp" and box.start:
            raise damaged("bmff", box.start, "expected one ftyp box, got another")
        if box.type == b"meta":
            if found is not None:
                raise damaged("bmff", box.start, "expected one meta box, got another")
            found = _parse_meta(data, box)
    return found


def _parse_meta(data: bytes, box: Box) -> _Meta:
    meta = _Meta()
    inner = {b"pitm": _read_primary, b"iinf": _read_items, b"iprp": _read_properties, b"iref": _read_references}
    parts = list(boxes(data, box.body + 4, box.end)) if box.body + 4 <= box.end else []
    seen: set[bytes] = set()
    for part in sorted(parts, key=lambda part: part.type != b"iinf"):  # the items come first
        if part.type in (*inner, b"iloc", b"idat") and part.type in seen:
            raise damaged("bmff", part.start, f"expected one box {_name(part.type)}, got another")
        seen.add(part.type)
        if part.type in inner:
            inner[part.type](data, part, meta)
        elif part.type == b"idat":
            meta.data = (part.body, part.end)
        elif part.type == b"iloc":
            _read_locations(data, part, meta)
    return meta


def _read_primary(data: bytes, box: Box, meta: _Meta) -> None:
    reader = _Reader(data, box)
    version = reader.number(4) >> 24
    meta.primary = reader.number(2 if version == 0 else 4)


def _read_items(data: bytes, box: Box, meta: _Meta) -> None:
    reader = _Reader(data, box)
    version = reader.number(4) >> 24
    reader.number(2 if version == 0 else 4)
    for entry in boxes(data, reader.position, box.end):
        inner = _Reader(data, entry)
        version = inner.number(4) >> 24
        if entry.type != b"infe" or version not in (2, 3):
            raise damaged("bmff", entry.start, "expected an item of version 2 or 3")
        number = inner.number(2 if version == 2 else 4)
        inner.number(2)
        kind = inner.take(4)
        inner.text()
        item = _Item(number, kind, *((inner.text(), inner.text()) if kind == b"mime" else ()))
        if number in meta.items:
            raise damaged("bmff", entry.start, f"expected one item {number}, got another")
        meta.items[number] = item


def _read_locations(data: bytes, box: Box, meta: _Meta) -> None:
    reader = _Reader(data, box)
    version = reader.number(4) >> 24
    sizes = reader.number(2)
    offset_size, length_size, base_size, index_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    if version > 2 or any(size not in (0, 4, 8) for size in (offset_size, length_size, base_size)):
        raise damaged("bmff", box.start, "the box iloc is of an unknown form")
    total = 0
    seen: set[int] = set()
    for _ in range(reader.number(2 if version < 2 else 4)):
        number = reader.number(2 if version < 2 else 4)
        method = reader.number(2) & 15 if version > 0 else 0
        elsewhere = reader.number(2)
        base = reader.number(base_size)
        extents = []
        for _ in range(reader.number(2)):
            total += 1
            if total > MAX_EXTENTS:
                raise damaged("bmff", box.start, "too many extents")
            reader.number(index_size if version > 0 else 0)
            offset = reader.number(offset_size)
            extents.append((base + offset, reader.number(length_size)))
        item = meta.items.get(number)
        if item is not None:
            if number in seen or elsewhere:
                raise damaged("bmff", box.start, f"item {number} lies in two places or in another file")
            seen.add(number)
            item.method, item.extents = method, extents


def _read_properties(data: bytes, box: Box, meta: _Meta) -> None:
    for part in boxes(data, box.body, box.end):
        if part.type == b"ipco":
            meta.properties += boxes(data, part.body, part.end)
        elif part.type == b"ipma":
            reader = _Reader(data, part)
            flags = reader.number(4)
            for _ in range(reader.number(4)):
                number = reader.number(2 if flags >> 24 == 0 else 4)
                wide = flags & 1
                indexes = [
                    reader.number(2 if wide else 1) & (0x7FFF if wide else 0x7F) for _ in range(reader.number(1))
                ]
                item = meta.items.get(number)
                if item is not None:
                    item.properties += indexes


def _read_references(data: bytes, box: Box, meta: _Meta) -> None:
    reader = _Reader(data, box)
    wide = reader.number(4) >> 24 != 0
    for part in boxes(data, reader.position, box.end):
        inner = _Reader(data, part)
        source = inner.number(4 if wide else 2)
        targets = tuple(inner.number(4 if wide else 2) for _ in range(inner.number(2)))
        meta.references.append((part.type, source, targets))


def _property(meta: _Meta, index: int) -> Box | None:
    if index == 0:
        return None
    if index > len(meta.properties):
        raise damaged("bmff", 0, f"property {index} is not there")
    return meta.properties[index - 1]


def _extents(data: bytes, meta: _Meta, item: _Item) -> list[tuple[int, int]]:
    """Return where the bytes of an item lie, each as start and end."""
    if item.method not in (0, 1):
        raise damaged("bmff", 0, f"item {item.number} is built from other items")
    first, last = (0, len(data)) if item.method == 0 else meta.data
    places = []
    for offset, length in item.extents:
        start = first + offset
        # A length of zero means: to the end (ISO/IEC 14496-12, 8.11.3).
        end = start + length if length else last
        if not first <= start <= end <= last:
            raise damaged("bmff", min(start, len(data)), f"item {item.number} lies outside of the file")
        places.append((start, end))
    return places


def _name(kind: bytes) -> str:
    return kind.decode("ascii", "replace") if kind.isalnum() else kind.hex()
