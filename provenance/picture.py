"""The container walk: what kind of picture a file is, where its parts lie, and the digest of the picture itself.

No pixel is decoded. The *picture digest* covers what makes the picture and leaves its metadata out, so that it
survives a new caption and the embedding of credentials. It is SHA-256 over, in the order of the file:

* JPEG: every marker segment but APPn and COM, with the coded data, from SOI to EOI;
* PNG: the signature, then length, type and data of every critical chunk (PNG 3rd edition, 5.4);
* WebP: the header and payload of every chunk that carries coded pixels.
"""

import enum
import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.errors import InputError

MAX_PICTURE_BYTES = 1024 * 1024 * 1024
MAX_STORE_PARTS = 4096  # of at most 64 KiB each in a JPEG file

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_WEBP_CODED = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})
_WEBP_HEADER_BYTES = 12
_JUMBF_STORE_TYPE = bytes.fromhex("63327061 0011 0010 8000 00aa00389b71")  # "c2pa", ISO 19566-5
_JPEG_INSTANCE = bytes.fromhex("0211")  # as every writer known here numbers the box; it means nothing by itself
# Within coded data, 0xFF is followed by 0x00 (a stuffed byte), a restart marker, or fill; anything else is a marker.
_JPEG_BARE_MARKERS = re.compile(rb"(?:\xff[\x01\xd0-\xd7])++")  # those without a length, ITU-T T.81 B.1.1.3
_JPEG_FILL = re.compile(rb"\xff+(?=\xff)")  # ITU-T T.81 B.1.1.2
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class PictureFormat(enum.Enum):
    """A kind of picture file, by its media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    TIFF = "image/tiff"
    AVIF = "image/avif"
    HEIC = "image/heic"
    HEIF = "image/heif"
    GIF = "image/gif"

    @property
    def media_type(self) -> str:
        """The IANA media type."""
        return self.value


STAMPABLE = frozenset({PictureFormat.JPEG, PictureFormat.PNG, PictureFormat.WEBP})

_FIRST_BYTES = {
    b"\xff\xd8\xff": PictureFormat.JPEG,
    _PNG_SIGNATURE: PictureFormat.PNG,
    b"II*\x00": PictureFormat.TIFF,
    b"MM\x00*": PictureFormat.TIFF,
    b"GIF87a": PictureFormat.GIF,
    b"GIF89a": PictureFormat.GIF,
}
_STORE_PARTS = {PictureFormat.JPEG: "APP11", PictureFormat.PNG: "caBX", PictureFormat.WEBP: "C2PA"}
_BMFF_BRANDS = {
    b"avif": PictureFormat.AVIF,
    b"avis": PictureFormat.AVIF,
    b"heic": PictureFormat.HEIC,
    b"heix": PictureFormat.HEIC,
    b"hevc": PictureFormat.HEIC,
    b"mif1": PictureFormat.HEIF,
    b"msf1": PictureFormat.HEIF,
}


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the file: a JPEG segment, a PNG or WebP chunk.

    Attributes:
        kind: such as `APP1`, `SCAN`, `IDAT`, `VP8L`.
        start: offset of its first byte, header included.
        end: offset behind its last byte.
        body: offset of its payload.
        in_picture: whether the picture digest covers it.
    """

    kind: str
    start: int
    end: int
    body: int
    in_picture: bool


@dataclass(frozen=True, slots=True)
class EmbeddedStore:
    """The C2PA manifest store as it lies in the container.

    Attributes:
        data: the JUMBF bytes, taken out of their wrapping.
        start: offset in the file of the first wrapped byte.
        end: offset behind the last one.
        flaw: where the wrapping differs from the one form that a writer makes, or None. No signature covers these
            bytes, so that a difference is the only trace of a change there.
    """

    data: bytes
    start: int
    end: int
    flaw: str | None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file taken apart.

    Attributes:
        format: its kind.
        digest: the picture digest, 32 bytes.
        store: the manifest store that it carries, if any.
    """

    format: PictureFormat
    digest: bytes
    store: EmbeddedStore | None


def identify(data: bytes) -> PictureFormat | None:
    """Return the kind of picture by the file's first bytes, or None; the name of a file is never asked."""
    if data[:4] == b"RIFF":
        return PictureFormat.WEBP if data[8:12] == b"WEBP" else None
    if data[4:8] == b"ftyp":
        return _BMFF_BRANDS.get(data[8:12])
    return next((kind for start, kind in _FIRST_BYTES.items() if data.startswith(start)), None)


def read_picture(data: bytes) -> Picture:
    """Take a JPEG, PNG or WebP file apart.

    Raises:
        InputError: it is of another kind (`picture-kind`), or it ends or breaks off before the picture does
            (`picture-damaged`); the message says where.
    """
    kind = identify(data)
    if kind not in STAMPABLE:
        raise InputError(
            f"picture: expected a jpeg, png or webp file, got {kind.media_type if kind else 'something else'}",
            code="picture-kind",
            hint="export the picture as jpeg, png or webp",
        )
    digest = hashlib.sha256()
    if kind is PictureFormat.PNG:
        digest.update(_PNG_SIGNATURE)
    view = memoryview(data)
    wrappings: list[Part] = []
    for part in walk(data):
        if part.in_picture:
            # A chunk's checksum follows from its data and is left out, as it would be the same fact twice.
            digest.update(view[part.start : part.end - 4 if kind is PictureFormat.PNG else part.end])
        elif part.kind == _STORE_PARTS[kind]:
            wrappings.append(part)
            if len(wrappings) > MAX_STORE_PARTS:
                raise _damaged(kind.name.lower(), part.start, "the credential is in too many pieces")
    return Picture(kind, digest.digest(), _find_store(kind, data, wrappings))


def walk(data: bytes) -> Iterator[Part]:
    """Yield the parts of a JPEG, PNG or WebP file in the order of the file.

    Raises:
        InputError: see `read_picture`.
    """
    match identify(data):
        case PictureFormat.JPEG:
            yield from _walk_jpeg(data)
        case PictureFormat.PNG:
            yield from _walk_png(data)
        case PictureFormat.WEBP:
            yield from _walk_webp(data)
        case _:
            raise InputError("picture: expected a jpeg, png or webp file", code="picture-kind")


def _walk_jpeg(data: bytes) -> Iterator[Part]:
    yield Part("SOI", 0, 2, 2, in_picture=True)
    position = 2
    while True:
        fill = _JPEG_FILL.match(data, position)
        position = fill.end() if fill is not None else position
        if position + 2 > len(data):
            raise _damaged("jpeg", position, "the file ends before the picture does")
        if data[position] != 0xFF:
            raise _damaged("jpeg", position, "expected a marker")
        marker = data[position + 1]
        if marker == 0xD9:
            yield Part("EOI", position, position + 2, position + 2, in_picture=True)
            if position + 2 < len(data):
                yield Part("TRAILER", position + 2, len(data), position + 2, in_picture=False)
            return
        bare = _JPEG_BARE_MARKERS.match(data, position)
        if bare is not None:
            yield Part("MARKERS", position, bare.end(), position, in_picture=True)
            position = bare.end()
            continue
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if end < position + 4 or end > len(data):
            raise _damaged("jpeg", position, "a segment is longer than the file")
        metadata = 0xE0 <= marker <= 0xEF or marker == 0xFE
        kind = f"APP{marker - 0xE0}" if 0xE0 <= marker <= 0xEF else ("COM" if marker == 0xFE else f"{marker:02X}")
        yield Part(kind, position, end, position + 4, in_picture=not metadata)
        position = end
        if marker == 0xDA:
            found = _JPEG_MARKER.search(data, position)
            if found is None:
                raise _damaged("jpeg", len(data), "the file ends before the picture does")
            yield Part("SCAN", position, found.start(), position, in_picture=True)
            position = found.start()


def _walk_png(data: bytes) -> Iterator[Part]:
    position = len(_PNG_SIGNATURE)
    while True:
        if position + 12 > len(data):
            raise _damaged("png", position, "the file ends before the picture does")
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise _damaged("png", position, "a chunk is longer than the file")
        if not name.isalpha():
            raise _damaged("png", position, "expected the name of a chunk")
        critical = not name[0] & 0x20  # PNG 3rd edition, 5.4: upper case
        yield Part(name.decode("ascii"), position, end, position + 8, in_picture=critical)
        position = end
        if name == b"IEND":
            if position < len(data):
                yield Part("TRAILER", position, len(data), position, in_picture=False)
            return


def _walk_webp(data: bytes) -> Iterator[Part]:
    riff_end = 8 + int.from_bytes(data[4:8], "little")
    if riff_end > len(data) or riff_end < _WEBP_HEADER_BYTES:
        raise _damaged("webp", 4, "the file ends before the picture does")
    position = _WEBP_HEADER_BYTES
    while position < riff_end:
        if position + 8 > riff_end:
            raise _damaged("webp", position, "the file ends before the picture does")
        name, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length + (length & 1)
        if end > riff_end:
            raise _damaged("webp", position, "a chunk is longer than the file")
        yield Part(name.decode("latin-1"), position, end, position + 8, in_picture=name in _WEBP_CODED)
        position = end
    if riff_end < len(data):
        yield Part("TRAILER", riff_end, len(data), riff_end, in_picture=False)


def _find_store(kind: PictureFormat, data: bytes, wrappings: list[Part]) -> EmbeddedStore | None:
    if not wrappings:
        return None
    if kind is PictureFormat.JPEG:
        return _find_store_jpeg(data, wrappings)
    first = wrappings[0]
    place = f"{first.kind} chunk at byte {first.start}"
    if kind is PictureFormat.PNG:
        body_end = first.end - 4
        checksum = int.from_bytes(data[body_end : first.end], "big")
        wrong = zlib.crc32(data[first.start + 4 : body_end]) != checksum
        flaw = f"{place}: the checksum does not match" if wrong else None
    else:
        body_end = first.body + int.from_bytes(data[first.start + 4 : first.start + 8], "little")
        flaw = f"{place}: the padding byte is not zero" if any(data[body_end : first.end]) else None
    if len(wrappings) > 1:
        flaw = f"{first.kind} chunk: expected one, got {len(wrappings)}"
    return EmbeddedStore(data[first.body : body_end], first.start, first.end, flaw)


def _find_store_jpeg(data: bytes, wrappings: list[Part]) -> EmbeddedStore | None:
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
    if instance != _JPEG_INSTANCE:
        flaw = flaw or f"APP11 segment at byte {own[0].start}: expected box instance {_JPEG_INSTANCE.hex()}"
    if len(stores) > 1:
        flaw = flaw or f"APP11 segments: expected one manifest store, got {len(stores)}"
    return EmbeddedStore(bytes(box), own[0].start, own[-1].end, flaw)


def _damaged(kind: str, position: int, reason: str) -> InputError:
    return InputError(
        f"{kind} at byte {position}: {reason}", code="picture-damaged", hint="export or download the picture again"
    )
