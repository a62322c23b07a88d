"""PNG files (3rd edition): their chunks, and the metadata within, inflated within bounds."""

import re
import struct
from collections.abc import Iterator

from provenance.picture.inflation import MAX_INFLATED_TOTAL, inflate
from provenance.picture.kept import keep_walk
from provenance.picture.parts import BlockKind, MetadataBlock, Part, damaged
from provenance.picture.photoshop import metadata_in_photoshop

SIGNATURE_BYTES = 8
_XMP_KEYWORD = "XML:com.adobe.xmp"
RAW_PROFILE = re.compile(rb"\A\n?[^\n]{1,79}\n\s*\d{1,9}\n")  # ImageMagick: name, length, hexadecimal digits
_PHOTOSHOP = b"8BIM"


@keep_walk
def walk_png(data: bytes) -> Iterator[Part]:
    """Yield the chunks of a PNG file, and what follows its end.

    Raises:
        InputError: it breaks off before the picture does.
    """
    position = SIGNATURE_BYTES
    while True:
        if position + 12 > len(data):
            raise damaged("png", position, "the file ends before the picture does")
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise damaged("png", position, "a chunk is longer than the file")
        if not name.isalpha():
            raise damaged("png", position, "expected the name of a chunk")
        critical = not name[0] & 0x20  # PNG 3rd edition, 5.4: upper case
        yield Part(name.decode("ascii"), position, end, position + 8, in_picture=critical)
        position = end
        if name == b"IEND":
            if position < len(data):
                yield Part("TRAILER", position, len(data), position, in_picture=False)
            return


def metadata_of_png(data: bytes) -> Iterator[MetadataBlock]:
    """Yield the blocks of a PNG file: texts of all three kinds, EXIF, XMP, and the raw profiles of ImageMagick.

    Raises:
        InputError: see `walk_png`.
    """
    budget = MAX_INFLATED_TOTAL
    for part in walk_png(data):
        place = f"PNG {part.kind} at byte {part.start}"
        if part.kind == "TRAILER":
            place = f"behind the end of the picture, at byte {part.start}"
            yield MetadataBlock(BlockKind.TRAILER, place, data[part.start : part.end])
        elif part.kind == "eXIf":
            yield MetadataBlock(BlockKind.EXIF, place, data[part.body : part.end - 4])
        elif part.kind in ("tEXt", "zTXt", "iTXt"):
            key, text, flaw = read_text(part.kind, data[part.body : part.end - 4], budget)
            budget -= 0 if part.kind == "tEXt" else len(text)
            yield from _typed(key, text, place, flaw)


def read_text(kind: str, body: bytes, budget: int) -> tuple[str, bytes, str | None]:
    """Return keyword, text in UTF-8, and what is wrong with it; PNG 3rd edition, 11.3.3."""
    keyword, _, rest = body.partition(b"\x00")
    key = keyword.decode("latin-1")
    flaw = None
    if kind == "tEXt":
        text = rest
    elif kind == "zTXt":
        text, flaw = inflate(rest[1:], budget)
    else:
        compressed, rest = rest[:1] == b"\x01", rest[2:]
        _, _, rest = rest.partition(b"\x00")  # language
        _, _, rest = rest.partition(b"\x00")  # translated keyword
        text, flaw = inflate(rest, budget) if compressed else (rest, None)
        return key, text, flaw
    # Latin-1 by the standard; many writers put UTF-8 there nevertheless.
    try:
        text.decode()
    except UnicodeDecodeError:
        text = text.decode("latin-1").encode()
    return key, text, flaw


def _typed(key: str, text: bytes, place: str, flaw: str | None) -> Iterator[MetadataBlock]:
    if key == _XMP_KEYWORD:
        yield MetadataBlock(BlockKind.XMP, place, text, flaw=flaw)
        return
    if key.startswith("Raw profile type "):
        kind = key.removeprefix("Raw profile type ").lower()
        header = RAW_PROFILE.match(text)
        try:
            body = bytes.fromhex(text[header.end() :].decode("ascii")) if header else b""
        except ValueError:
            body, flaw = b"", flaw or "it is not hexadecimal"
        if kind in ("exif", "app1") and body.startswith(b"Exif\x00"):
            yield MetadataBlock(BlockKind.EXIF, place, body[6:], flaw=flaw)
        elif kind == "xmp" or (kind == "app1" and b"<x:xmpmeta" in body):
            yield MetadataBlock(BlockKind.XMP, place, body[max(body.find(b"<"), 0) :], flaw=flaw)
        elif kind in ("iptc", "8bim"):
            found = body.find(_PHOTOSHOP)
            if found >= 0:
                yield from metadata_in_photoshop(body[found:], place)
            else:
                yield MetadataBlock(BlockKind.IPTC, place, body, flaw=flaw)
        return
    yield MetadataBlock(BlockKind.TEXT, place, text, key=key, flaw=flaw)
