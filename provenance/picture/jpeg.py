"""JPEG files (ITU-T T.81): their segments, their metadata, and the manifest store within."""

import hashlib
import re
import struct
from collections.abc import Iterator

from provenance.picture.kept import keep_walk
from provenance.picture.parts import BlockKind, EmbeddedStore, MetadataBlock, Part, damaged
from provenance.picture.photoshop import metadata_in_photoshop

MAX_EXTENDED_XMP = 64 * 1024 * 1024
MAX_EXTENDED_PARTS = 4096

EXIF_HEADER = b"Exif\x00"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\x00"
EXTENDED_XMP_HEADER = b"http://ns.adobe.com/xmp/extension/\x00"
PHOTOSHOP_HEADER = b"Photoshop 3.0\x00"

_JUMBF_STORE_TYPE = bytes.fromhex("63327061 0011 0010 8000 00aa00389b71")  # "c2pa", ISO 19566-5
_INSTANCE = bytes.fromhex("0211")  # as every writer known here numbers the box; it means nothing by itself
# Within coded data, 0xFF is followed by 0x00 (a stuffed byte), a restart marker, or fill; anything else is a marker.
_BARE_MARKERS = re.compile(rb"(?:\xff[\x01\xd0-\xd7])++")  # those without a length, ITU-T T.81 B.1.1.3
_FILL = re.compile(rb"\xff+(?=\xff)")  # ITU-T T.81 B.1.1.2
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@keep_walk
def walk_jpeg(data: bytes) -> Iterator[Part]:
    """Yield the segments and coded data of a JPEG file, and what follows its end.

    Raises:
        InputError: it breaks off before the picture does.
    """
    yield Part("SOI", 0, 2, 2, in_picture=True)
    position = 2
    while True:
        fill = _FILL.match(data, position)
        position = fill.end() if fill is not None else position
        if position + 2 > len(data):
            raise damaged("jpeg", position, "the file ends before the picture does")
        if data[position] != 0xFF:
            raise damaged("jpeg", position, "expected a marker")
        marker = data[position + 1]
        if marker == 0xD9:
            yield Part("EOI", position, position + 2, position + 2, in_picture=True)
            if position + 2 < len(data):
                yield Part("TRAILER", position + 2, len(data), position + 2, in_picture=False)
            return
        bare = _BARE_MARKERS.match(data, position)
        if bare is not None:
            yield Part("MARKERS", position, bare.end(), position, in_picture=True)
            position = bare.end()
            continue
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if end < position + 4 or end > len(data):
            raise damaged("jpeg", position, "a segment is longer than the file")
        metadata = 0xE0 <= marker <= 0xEF or marker == 0xFE
        kind = f"APP{marker - 0xE0}" if 0xE0 <= marker <= 0xEF else ("COM" if marker == 0xFE else f"{marker:02X}")
        yield Part(kind, position, end, position + 4, in_picture=not metadata)
        position = end
        if marker == 0xDA:
            found = _MARKER.search(data, position)
            if found is None:
                raise damaged("jpeg", len(data), "the file ends before the picture does")
            yield Part("SCAN", position, found.start(), position, in_picture=True)
            position = found.start()


def metadata_of_jpeg(data: bytes) -> Iterator[MetadataBlock]:
    """Yield the blocks of a JPEG file; those that are cut over several segments come joined, and last.

    Raises:
        InputError: see `walk_jpeg`.
    """
    photoshop: list[Part] = []
    extended: dict[bytes, list[Part]] = {}
    for part in walk_jpeg(data):
        place = f"JPEG {part.kind} at byte {part.start}"
        if part.kind == "APP1":
            if data.startswith(EXIF_HEADER, part.body):
                yield MetadataBlock(BlockKind.EXIF, place, data[part.body + 6 : part.end])
            elif data.startswith(XMP_HEADER, part.body):
                yield MetadataBlock(BlockKind.XMP, place, data[part.body + len(XMP_HEADER) : part.end])
            elif data.startswith(EXTENDED_XMP_HEADER, part.body):
                start = part.body + len(EXTENDED_XMP_HEADER)
                extended.setdefault(data[start : min(start + 32, part.end)], []).append(part)
        elif part.kind == "APP13" and data.startswith(PHOTOSHOP_HEADER, part.body):
            photoshop.append(part)
        elif part.kind == "COM":
            yield MetadataBlock(BlockKind.TEXT, place, _utf8(data[part.body : part.end]), key="Comment")
        elif part.kind == "TRAILER":
            place = f"behind the end of the picture, at byte {part.start}"
            yield MetadataBlock(BlockKind.TRAILER, place, data[part.start : part.end])
    if photoshop:
        # Resources may be cut anywhere.
        joined = b"".join(data[part.body + len(PHOTOSHOP_HEADER) : part.end] for part in photoshop)
        yield from metadata_in_photoshop(joined, f"JPEG APP13 at byte {photoshop[0].start}")
    for guid, parts in extended.items():
        yield _join_extended_xmp(data, guid, parts)


def _join_extended_xmp(data: bytes, guid: bytes, parts: list[Part]) -> MetadataBlock:
    """Join the parts of one extended packet (XMP part 3, 1.1.3.1: GUID, full length, offset; the GUID is its MD5)."""
    place = f"JPEG APP1 at byte {parts[0].start} (extended XMP)"
    skip = len(EXTENDED_XMP_HEADER) + 32
    pieces: list[tuple[int, bytes]] = []
    flaw = "too many parts" if len(parts) > MAX_EXTENDED_PARTS else None
    total = 0
    for part in parts[:MAX_EXTENDED_PARTS]:
        if part.end - part.body < skip + 8:
            flaw = "a part is too short"
            continue
        total, offset = struct.unpack_from(">II", data, part.body + skip)
        pieces.append((offset, data[part.body + skip + 8 : part.end]))
    joined = bytearray()
    for offset, piece in sorted(pieces):
        if offset != len(joined):
            flaw = flaw or "a part is missing or there twice"
        joined += piece
        if len(joined) > MAX_EXTENDED_XMP:
            flaw = "it is too long"
            break
    if flaw is None and (
        len(joined) != total or hashlib.md5(joined, usedforsecurity=False).hexdigest().encode() != guid.lower()
    ):
        flaw = "its digest does not match"
    return MetadataBlock(BlockKind.XMP, place, bytes(joined), flaw=flaw)


def _utf8(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1").encode()
    return data


def find_store_in_jpeg(data: bytes, wrappings: list[Part]) -> EmbeddedStore | None:
    """Join the APP11 segments of the C2PA store (ISO 19566-5, D.2: `JP`, instance, sequence, box, repeated header)."""
    # The SDK reads a store whatever the two letters before it say, so every APP11 segment is looked at here.
    stores = [part for part in wrappings if data[part.body + 24 : part.body + 40] == _JUMBF_STORE_TYPE]
    if not stores:
        return None
    instance = data[stores[0].body + 2 : stores[0].body + 4]
    own = [s for s in wrappings if data[s.body + 2 : s.body + 4] == instance]
    flaw = None
    header = data[own[0].body + 8 : own[0].body + 16]
    box = bytearray(header)
    expected_start = own[0].start
    for number, segment in enumerate(own, 1):
        place = f"APP11 segment at byte {segment.start}"
        if data[segment.body : segment.body + 2] != b"JP":
            flaw = flaw or f"{place}: expected the identifier JP"
        if int.from_bytes(data[segment.body + 4 : segment.body + 8], "big") != number:
            flaw = flaw or f"{place}: expected sequence number {number}"
        if data[segment.body + 8 : segment.body + 16] != header:
            flaw = flaw or f"{place}: the box header is not the one of the first segment"
        if segment.start != expected_start:
            flaw = flaw or f"{place}: the segments do not follow each other"
        box += data[segment.body + 16 : segment.end]
        expected_start = segment.end
    if instance != _INSTANCE:
        flaw = flaw or f"APP11 segment at byte {own[0].start}: expected box instance {_INSTANCE.hex()}"
    if len(stores) > 1:
        flaw = flaw or f"APP11 segments: expected one manifest store, got {len(stores)}"
    return EmbeddedStore(bytes(box), own[0].start, own[-1].end, flaw)
