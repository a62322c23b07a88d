"""The texts of a PNG file without what is private: XMP, the raw profiles of ImageMagick, and single data of EXIF."""

import struct
import zlib

from provenance.picture.exif_blanking import Edit, blank_in_exif
from provenance.picture.inflation import MAX_INFLATED_TOTAL
from provenance.picture.iptc_blanking import blank_in_iptc, blank_in_photoshop, blank_in_xmp
from provenance.picture.parts import Part, damaged
from provenance.picture.png import RAW_PROFILE, read_text, walk_png
from provenance.picture.private_names import is_private_text

_XMP_KEYWORD = "XML:com.adobe.xmp"
_LINE = 72  # digits, as ImageMagick breaks them


def blank_texts(data: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    """Return a PNG file whose texts tell of no place and no device, and what was taken out: place and name.

    Raises:
        InputError: such a text cannot be read to its end.
    """
    kept = bytearray(data[:8])
    found: list[tuple[str, str]] = []
    budget = MAX_INFLATED_TOTAL
    for part in walk_png(data):
        chunk = data[part.start : part.end]
        if part.kind in ("tEXt", "zTXt", "iTXt"):
            body = data[part.body : part.end - 4]
            place = f"PNG {part.kind} at byte {part.start}"
            key = body.partition(b"\x00")[0].decode("latin-1")
            if is_private_text(key):
                found.append((place, f"text:{key}"))
                continue
            if key == _XMP_KEYWORD or key.startswith("Raw profile type "):
                _, text, flaw = read_text(part.kind, body, budget)
                if flaw is not None:
                    raise damaged("png", part.start, f"a text cannot be read: {flaw}")
                budget -= len(text)
                changed, names = _blank(key, text, place)
                if names:
                    found += [(place, name) for name in names]
                    chunk = _chunk(part, body, changed)
        kept += chunk
    return bytes(kept) if found else data, found


def _blank(key: str, text: bytes, place: str) -> tuple[bytes, list[str]]:
    if key == _XMP_KEYWORD:
        edits, names = blank_in_xmp(text, place=place)
        return _edited(text, edits), names
    header = RAW_PROFILE.match(text)
    try:
        body = bytes.fromhex(text[header.end() :].decode("ascii")) if header else b""
    except ValueError:
        return text, []  # no reader makes anything of it
    start, edits, names = 0, list[Edit](), list[str]()
    kind = key.removeprefix("Raw profile type ").lower()
    if kind in ("exif", "app1") and body.startswith(b"Exif\x00"):
        start = 6
        edits, names = blank_in_exif(body[start:])
    elif kind == "xmp" or (kind == "app1" and b"<x:xmpmeta" in body):
        start = max(body.find(b"<"), 0)
        edits, names = blank_in_xmp(body[start:], place=place)
    elif kind in ("iptc", "8bim"):
        start = body.find(b"8BIM")
        if start >= 0:
            edits, names = blank_in_photoshop(body[start:], place=place)
        else:
            start = 0
            edits, names = blank_in_iptc(body)
    if header is None or not names:
        return text, []
    digits = (body[:start] + _edited(body[start:], edits)).hex()
    lines = "\n".join(digits[at : at + _LINE] for at in range(0, len(digits), _LINE))
    return header[0] + lines.encode() + b"\n", names


def _edited(data: bytes, edits: list[Edit]) -> bytes:
    out = bytearray(data)
    for at, new in edits:
        out[at : at + len(new)] = new
    return bytes(out)


def _chunk(part: Part, body: bytes, text: bytes) -> bytes:
    """Return a chunk of the same kind, with the same head and another text."""
    keyword, _, rest = body.partition(b"\x00")
    head = keyword + b"\x00"
    if part.kind == "zTXt":
        head, text = head + b"\x00", zlib.compress(text)
    elif part.kind == "iTXt":
        language, _, more = rest[2:].partition(b"\x00")
        head += rest[:2] + language + b"\x00" + more.partition(b"\x00")[0] + b"\x00"
        text = zlib.compress(text) if rest[:1] == b"\x01" else text
    named = part.kind.encode() + head + text
    return struct.pack(">I", len(named) - 4) + named + struct.pack(">I", zlib.crc32(named))
