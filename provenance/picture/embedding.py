"""Where the XMP packet of a picture file lies, and how another takes its place; nothing else in the file changes.

XMP specification, part 3: an APP1 segment in JPEG, an iTXt chunk in PNG, a chunk `XMP ` in WebP, tag 700 in TIFF.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from provenance.errors import InputError
from provenance.picture.formats import PictureFormat
from provenance.picture.inflation import inflate
from provenance.picture.jpeg import EXIF_HEADER, XMP_HEADER, walk_jpeg
from provenance.picture.packets import malformed, shorten_padding
from provenance.picture.parts import Part, damaged
from provenance.picture.png import SIGNATURE_BYTES, walk_png
from provenance.picture.tiff import XMP, read_entries, read_header
from provenance.picture.webp import walk_webp

PNG_KEYWORD = b"XML:com.adobe.xmp\x00"
MAX_SEGMENT = 65_533
_MPF = b"MPF\x00"
_XMP_FLAG, _ALPHA_FLAG, _EXIF_FLAG = 0x04, 0x10, 0x08  # RFC 9649, 2.7.1
_BYTES = frozenset({1, 2, 7})


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a packet lies.

    Attributes:
        place: for people.
        start: offset of what holds it: a segment, a chunk, the entry of a directory.
        end: offset behind that.
        packet: the packet.
    """

    place: str
    start: int
    end: int
    packet: bytes


def find_slots(kind: PictureFormat, data: bytes) -> list[Slot]:
    """Return where the packets of a file lie that stand in the place of their container's standard.

    Raises:
        InputError: the container is damaged, or its XMP cannot be taken out of it.
    """
    return _FIND[kind](data)


def put_packet(kind: PictureFormat, data: bytes, slot: Slot | None, packet: bytes) -> bytes:
    """Return a file with another packet in a slot, or with its first packet.

    Raises:
        InputError: the container has no room for it (`xmp-too-large`), or is damaged.
    """
    return _PUT[kind](data, slot, packet)


# --- JPEG


def _find_in_jpeg(data: bytes) -> list[Slot]:
    return [
        Slot(f"JPEG APP1 at byte {part.start}", part.start, part.end, data[part.body + len(XMP_HEADER) : part.end])
        for part in walk_jpeg(data)
        if part.kind == "APP1" and data.startswith(XMP_HEADER, part.body)
    ]


def _put_in_jpeg(data: bytes, slot: Slot | None, packet: bytes) -> bytes:
    packet = shorten_padding(packet, MAX_SEGMENT - len(XMP_HEADER))
    body = XMP_HEADER + packet
    if len(body) > MAX_SEGMENT:
        raise InputError(
            f"xmp: expected at most {MAX_SEGMENT - len(XMP_HEADER)} bytes in a jpeg file, got {len(packet)}",
            code="xmp-too-large",
            hint="shorten the texts in the picture's metadata",
        )
    segment = struct.pack(">BBH", 0xFF, 0xE1, len(body) + 2) + body
    if slot is None:
        at = _behind_exif(data)
        return data[:at] + segment + data[at:]
    if len(segment) != slot.end - slot.start:
        _check_no_list_before(data, slot)
    return data[: slot.start] + segment + data[slot.end :]


def _behind_exif(data: bytes) -> int:
    """Return where a packet goes: behind JFIF and EXIF, which readers expect first, and before all else."""
    at = 2
    for part in walk_jpeg(data):
        if part.kind == "APP0" or (part.kind == "APP1" and data.startswith(EXIF_HEADER, part.body)):
            at = part.end
        elif part.kind != "SOI":
            break
    return at


def _check_no_list_before(data: bytes, slot: Slot) -> None:
    """Refuse to move further pictures of the file away from a list that names their distance from itself."""
    for part in walk_jpeg(data):
        if part.start >= slot.start:
            return
        if part.kind == "APP2" and data.startswith(_MPF, part.body):
            raise InputError(
                f"xmp, {slot.place}: the packet cannot grow, as a list of further pictures comes before it",
                code="xmp-place",
                hint="export the picture again",
            )


# --- PNG


def _find_in_png(data: bytes) -> list[Slot]:
    found = []
    for part in walk_png(data):
        if part.kind != "iTXt" or not data.startswith(PNG_KEYWORD, part.body):
            continue
        place = f"PNG iTXt at byte {part.start}"
        rest = data[part.body + len(PNG_KEYWORD) : part.end - 4]
        compressed, (_, _, text) = rest[:1] == b"\x01", _three(rest[2:])
        if compressed:
            text, flaw = inflate(text)
            if flaw is not None:
                raise malformed(place, flaw)
        found.append(Slot(place, part.start, part.end, text))
    return found


def _three(rest: bytes) -> tuple[bytes, bytes, bytes]:
    """Return language, translated keyword and text of an iTXt chunk."""
    language, _, rest = rest.partition(b"\x00")
    keyword, _, text = rest.partition(b"\x00")
    return language, keyword, text


def _put_in_png(data: bytes, slot: Slot | None, packet: bytes) -> bytes:
    named = b"iTXt" + PNG_KEYWORD + bytes(4) + packet
    chunk = struct.pack(">I", len(named) - 4) + named + struct.pack(">I", zlib.crc32(named))
    if slot is not None:
        return data[: slot.start] + chunk + data[slot.end :]
    header = next(walk_png(data))
    if header.kind != "IHDR" or header.start != SIGNATURE_BYTES:
        raise damaged("png", SIGNATURE_BYTES, "expected the chunk IHDR")
    return data[: header.end] + chunk + data[header.end :]


# --- WebP


def _find_in_webp(data: bytes) -> list[Slot]:
    return [
        Slot(f"WebP XMP at byte {part.start}", part.start, part.end, data[part.body : part.body + _length(data, part)])
        for part in walk_webp(data)
        if part.kind == "XMP "
    ]


def _length(data: bytes, part: Part) -> int:
    return int.from_bytes(data[part.start + 4 : part.start + 8], "little")


def _put_in_webp(data: bytes, slot: Slot | None, packet: bytes) -> bytes:
    end = 8 + int.from_bytes(data[4:8], "little")
    parts = [part for part in walk_webp(data) if part.kind != "TRAILER"]
    chunk = b"XMP " + struct.pack("<I", len(packet)) + packet + bytes(len(packet) % 2)
    start, behind = (end, end) if slot is None else (slot.start, slot.end)
    header, skipped = _extended_header(data, parts)
    riff = header + data[skipped:start] + chunk + data[behind:end]
    return b"RIFF" + struct.pack("<I", len(riff) + 4) + b"WEBP" + riff + data[end:]


def _extended_header(data: bytes, parts: list[Part]) -> tuple[bytes, int]:
    """Return the VP8X chunk of a file with XMP, and where what comes behind it begins."""
    first = parts[0] if parts else None
    if first is None or any(part.kind == "VP8X" for part in parts[1:]):
        raise damaged("webp", 12, "expected the chunk VP8X first, if there is one")
    if first.kind == "VP8X":
        if _length(data, first) != 10:
            raise damaged("webp", first.start, "expected 10 bytes in the chunk VP8X")
        header = bytearray(data[first.start : first.end])
        header[8] |= _XMP_FLAG
        return bytes(header), first.end
    others = {part.kind for part in parts[1:]}
    if others & {"VP8 ", "VP8L", "ALPH", "ANIM", "ANMF", "ICCP"}:
        # A simple file has none of these, and saying that it does would change how it is shown.
        raise damaged("webp", first.start, "expected the chunk VP8X first")
    width, height, alpha = _size(data, first)
    flags = _XMP_FLAG | (_ALPHA_FLAG if alpha else 0) | (_EXIF_FLAG if "EXIF" in others else 0)
    header = bytearray(b"VP8X" + struct.pack("<II", 10, flags))
    header += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(header), first.start


def _size(data: bytes, part: Part) -> tuple[int, int, bool]:
    """Return width, height and whether there is transparency, from coded pixels (RFC 6386, 9.1; RFC 9649, 3.4)."""
    body = data[part.body : part.body + min(_length(data, part), 10)]
    if part.kind == "VP8 " and len(body) == 10 and body[3:6] == b"\x9d\x01\x2a" and not body[0] & 1:
        width, height = (number & 0x3FFF for number in struct.unpack_from("<HH", body, 6))
        if width and height:
            return width, height, False
    elif part.kind == "VP8L" and len(body) >= 5 and body[0] == 0x2F:
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    raise damaged("webp", part.start, "expected coded pixels with their size")


# --- TIFF


def _find_in_tiff(data: bytes) -> list[Slot]:
    order, first = read_header(data)
    entries, _ = read_entries(data, order, first)
    found = []
    for entry in entries:
        if entry.tag == XMP:
            place = f"TIFF directory at byte {first}, tag {XMP}"
            if entry.type not in _BYTES or entry.start + entry.size > len(data):
                raise malformed(place, "it is not there in bytes")
            found.append(Slot(place, entry.start, entry.start + entry.size, entry.raw(data)))
    return found


def _put_in_tiff(data: bytes, slot: Slot | None, packet: bytes) -> bytes:
    """Put the packet behind everything else; what the file held before stays where it is, as its offsets demand."""
    if slot is not None and packet == slot.packet:
        return data
    order, first = read_header(data)
    (number,) = struct.unpack_from(f"{order}H", data, first)
    out = bytearray(data) + bytes(len(data) % 2)
    entry = struct.pack(f"{order}HHII", XMP, 1, len(packet), len(out))
    out += packet + bytes(len(packet) % 2)
    entries = [data[at : at + 12] for at in range(first + 2, first + 2 + 12 * number, 12)]
    tags = [struct.unpack_from(f"{order}H", raw)[0] for raw in entries]
    if slot is not None:
        at = first + 2 + 12 * tags.index(XMP)
        out[at : at + 12] = entry
        return bytes(out)
    if number == 0xFFFF:
        raise damaged("tiff", first, "the directory is full")
    # A directory cannot grow where it is; nothing names the place of the first but the header.
    entries.insert(next((n for n, tag in enumerate(tags) if tag > XMP), number), entry)
    following = data[first + 2 + 12 * number : first + 6 + 12 * number].ljust(4, b"\x00")
    struct.pack_into(f"{order}I", out, 4, len(out))
    return bytes(out + struct.pack(f"{order}H", number + 1) + b"".join(entries) + following)


_FIND: dict[PictureFormat, Callable[[bytes], list[Slot]]] = {
    PictureFormat.JPEG: _find_in_jpeg,
    PictureFormat.PNG: _find_in_png,
    PictureFormat.WEBP: _find_in_webp,
    PictureFormat.TIFF: _find_in_tiff,
}
_PUT: dict[PictureFormat, Callable[[bytes, Slot | None, bytes], bytes]] = {
    PictureFormat.JPEG: _put_in_jpeg,
    PictureFormat.PNG: _put_in_png,
    PictureFormat.WEBP: _put_in_webp,
    PictureFormat.TIFF: _put_in_tiff,
}
WRITABLE = frozenset(_FIND)
