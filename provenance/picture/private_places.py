"""Where metadata that may be private lie in a picture file, as stretches of bytes that can be written over."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from provenance.errors import InputError
from provenance.picture.bmff import metadata_places_in_bmff
from provenance.picture.exif_blanking import Edit, blank_in_exif
from provenance.picture.formats import BMFF, PictureFormat
from provenance.picture.iptc_blanking import blank_in_iptc, blank_in_photoshop, blank_in_xmp
from provenance.picture.jpeg import EXIF_HEADER, EXTENDED_XMP_HEADER, PHOTOSHOP_HEADER, XMP_HEADER, walk_jpeg
from provenance.picture.parts import BlockKind, Part, damaged
from provenance.picture.png import walk_png
from provenance.picture.tiff import IPTC, ORIGINAL_RAW, PHOTOSHOP, XMP, directories
from provenance.picture.webp import walk_webp

MAX_TRAILING = 64  # pictures behind the picture
MAX_EXTENDED = 16  # packets of extended XMP in one of them

Blank = Callable[[bytes], tuple[list[Edit], list[str]]]

# Segments that are known to tell of no place and no device: JFIF, colour profiles and lists of pictures, Adobe's.
_HARMLESS = {"APP0": (b"JFIF\x00", b"JFXX\x00"), "APP2": (b"ICC_PROFILE\x00", b"MPF\x00"), "APP14": (b"Adobe",)}
_JPEG_START = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of metadata, and what makes it blank.

    Attributes:
        place: for people.
        stretches: where it lies, each as start and end.
        blank: takes its bytes.
        digest: by which other parts of the file call it, in hexadecimal as it stands there; of most blocks, nothing.
    """

    place: str
    stretches: list[tuple[int, int]]
    blank: Blank
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Unread:
    """What is not looked into, and may hold anything.

    Attributes:
        place: for people.
    """

    place: str


def find_pieces(kind: PictureFormat, data: bytes) -> Iterator[Piece | Unread]:
    """Yield the blocks of a picture file that keep their length when they are made blank.

    Raises:
        InputError: the container is damaged.
    """
    if kind is PictureFormat.JPEG:
        yield from _in_jpeg(data, 0)
    elif kind is PictureFormat.PNG:
        yield from _in_png(data)
    elif kind is PictureFormat.WEBP:
        yield from _in_webp(data)
    elif kind in (PictureFormat.TIFF, PictureFormat.DNG):
        yield from _in_tiff(data)
    elif kind in BMFF:
        yield from _in_bmff(data)


def _xmp(place: str, start: int, end: int) -> Piece:
    return Piece(place, [(start, end)], partial(blank_in_xmp, place=place))


def _in_jpeg(data: bytes, base: int, depth: int = 0) -> Iterator[Piece | Unread]:
    """Yield the blocks of a JPEG file that begins at a byte, and of the pictures behind its end."""
    own = data[base:] if base else data
    photoshop: list[Part] = []
    extended: dict[bytes, list[Part]] = {}
    for part in walk_jpeg(own):
        place = f"JPEG {part.kind} at byte {base + part.start}"
        start, end = base + part.body, base + part.end
        if part.kind == "APP1" and own.startswith(EXIF_HEADER, part.body):
            yield Piece(place, [(start + 6, end)], blank_in_exif)
        elif part.kind == "APP1" and own.startswith(XMP_HEADER, part.body):
            yield _xmp(place, start + len(XMP_HEADER), end)
        elif part.kind == "APP1" and own.startswith(EXTENDED_XMP_HEADER, part.body):
            at = part.body + len(EXTENDED_XMP_HEADER)
            extended.setdefault(own[at : min(at + 32, part.end)], []).append(part)
        elif part.kind == "APP13" and own.startswith(PHOTOSHOP_HEADER, part.body):
            photoshop.append(part)
        elif part.kind.startswith("APP") and not own.startswith(_HARMLESS.get(part.kind, ()), part.body):
            yield Unread(place)
        elif part.kind == "TRAILER" and depth == 0:
            yield from _behind(data, base + part.start)
    if photoshop:
        # Resources may be cut anywhere.
        joined = [(base + part.body + len(PHOTOSHOP_HEADER), base + part.end) for part in photoshop]
        place = f"JPEG APP13 at byte {base + photoshop[0].start}"
        yield Piece(place, joined, partial(blank_in_photoshop, place=place))
    if len(extended) > MAX_EXTENDED:
        raise damaged("jpeg", base, "there are too many extended packets")
    for digest, parts in extended.items():
        yield _extended(own, base, digest, parts)


def _behind(data: bytes, start: int) -> Iterator[Piece | Unread]:
    """Yield the blocks of the JPEG pictures behind the end of the first, as phones and cameras put them there."""
    position = start
    for _ in range(MAX_TRAILING):
        found = data.find(_JPEG_START, position)
        between = data[position : found if found >= 0 else len(data)]
        if between.strip(b"\x00"):
            yield Unread(f"behind the end of the picture, at byte {position}")
        if found < 0:
            return
        try:
            pieces = list(_in_jpeg(data, found, depth=1))
            position = found + next(part.end for part in walk_jpeg(data[found:]) if part.kind == "EOI")
        except InputError:
            yield Unread(f"behind the end of the picture, at byte {found}")
            return
        yield from pieces
    yield Unread(f"behind the end of the picture, at byte {position}")


def _extended(data: bytes, base: int, digest: bytes, parts: list[Part]) -> Piece:
    """Return a packet in several segments, in the order of what they hold (XMP part 3, 1.1.3.1)."""
    skip = len(EXTENDED_XMP_HEADER) + 40
    place = f"JPEG APP1 at byte {base + parts[0].start} (extended XMP)"
    if any(part.end - part.body < skip for part in parts):
        raise damaged("jpeg", base + parts[0].start, "a part of the extended xmp is too short")
    ordered = sorted(parts, key=lambda part: data[part.body + skip - 4 : part.body + skip])
    stretches = [(base + part.body + skip, base + part.end) for part in ordered]
    return Piece(place, stretches, partial(blank_in_xmp, place=place), digest)


def _in_png(data: bytes) -> Iterator[Piece | Unread]:
    for part in walk_png(data):
        if part.kind == "eXIf":
            yield Piece(f"PNG eXIf at byte {part.start}", [(part.body, part.end - 4)], blank_in_exif)
        elif part.kind == "TRAILER":
            yield Unread(f"behind the end of the picture, at byte {part.start}")


def _in_webp(data: bytes) -> Iterator[Piece | Unread]:
    for part in walk_webp(data):
        place = f"WebP {part.kind.strip()} at byte {part.start}"
        end = part.body + int.from_bytes(data[part.start + 4 : part.start + 8], "little")
        if part.kind == "EXIF":
            start = part.body + (6 if data.startswith(b"Exif\x00\x00", part.body) else 0)
            yield Piece(place, [(start, end)], blank_in_exif)
        elif part.kind == "XMP ":
            yield _xmp(place, part.body, end)
        elif part.kind == "TRAILER":
            yield Unread(f"behind the end of the picture, at byte {part.start}")


def _in_tiff(data: bytes) -> Iterator[Piece | Unread]:
    yield Piece("TIFF directories", [(0, len(data))], blank_in_exif)
    for number, (offset, entries) in enumerate(directories(data)):
        for entry in entries:
            place = f"TIFF directory {number} at byte {offset}, tag {entry.tag}"
            start, end = entry.start, min(entry.start + entry.size, len(data))
            if entry.tag == XMP:
                yield _xmp(place, start, end)
            elif entry.tag == IPTC:
                yield Piece(place, [(start, end)], blank_in_iptc)
            elif entry.tag == PHOTOSHOP:
                yield Piece(place, [(start, end)], partial(blank_in_photoshop, place=place))
            elif entry.tag == ORIGINAL_RAW:
                yield Unread(place)


def _in_bmff(data: bytes) -> Iterator[Piece | Unread]:
    for kind, place, stretches, encoding in metadata_places_in_bmff(data):
        if kind is BlockKind.EXIF:
            yield Piece(place, stretches, _blank_in_exif_item)
        elif encoding:
            raise damaged("bmff", stretches[0][0] if stretches else 0, "its xmp is compressed")
        else:
            yield Piece(place, stretches, partial(blank_in_xmp, place=place))


def _blank_in_exif_item(data: bytes) -> tuple[list[Edit], list[str]]:
    """Blank EXIF behind the offset of its header; ISO/IEC 23008-12, A.2.1."""
    start = 4 + int.from_bytes(data[:4], "big")
    edits, names = blank_in_exif(data[start:])
    return [(start + at, new) for at, new in edits], names
