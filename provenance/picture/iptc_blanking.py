"""IPTC IIM without what is private, and the Photoshop resources that hold it; both keep their length."""

import hashlib
import struct

from provenance.picture.exif_blanking import Edit, blank_in_exif
from provenance.picture.packets import blank_in_packet
from provenance.picture.parts import damaged
from provenance.picture.private_names import IPTC, is_private_xmp, shown_xmp

MAX_RESOURCES = 4096

_MARKER = 0x1C
_SIGNATURES = frozenset({b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR"})
_IIM, _EXIF, _XMP, _IIM_DIGEST = 0x0404, frozenset({0x0422, 0x0423}), 0x0424, 0x0425


def blank_in_iptc(data: bytes) -> tuple[list[Edit], list[str]]:
    """Return what must be written over IIM datasets: those that stay move up, and zeros follow the last.

    What begins with no marker ends them for every reader, and stays as it is.
    """
    kept: list[bytes] = []
    names: list[str] = []
    position = 0
    while position + 5 <= len(data) and data[position] == _MARKER:
        record, dataset = data[position + 1], data[position + 2]
        length, head = int.from_bytes(data[position + 3 : position + 5], "big"), 5
        if length & 0x8000:  # an extended dataset: so many bytes say how long it is
            head += length & 0x7FFF
            length = int.from_bytes(data[position + 5 : position + min(head, 5 + 8)], "big")
        end = min(position + head + length, len(data))
        if record == 2 and dataset in IPTC:
            names.append(f"iptc:2:{dataset}")
        else:
            kept.append(data[position:end])
        position = end
    if not names:
        return [], []
    return [(0, (b"".join(kept) + data[position:]).ljust(len(data), b"\x00"))], names


def blank_in_xmp(data: bytes, *, place: str) -> tuple[list[Edit], list[str]]:
    """Return what must be written over a packet, and the names of what goes.

    Raises:
        InputError: see `blank_in_packet`.
    """
    if not data.strip(b"\x00 \t\r\n"):
        return [], []
    blanked, names = blank_in_packet(data, is_private_xmp, place=place)
    return ([(0, blanked)] if names else []), [shown_xmp(name) for name in names]


def blank_in_photoshop(data: bytes, *, place: str) -> tuple[list[Edit], list[str]]:
    """Return what must be written over Photoshop resources; the digest of the IIM is made anew where it was right.

    Raises:
        InputError: EXIF or XMP in them cannot be read.
    """
    edits: list[Edit] = []
    names: list[str] = []
    digests: list[int] = []
    before = after = b""
    position, number = 0, 0
    while position + 12 <= len(data) and data[position : position + 4] in _SIGNATURES:
        number += 1
        if number > MAX_RESOURCES:
            raise damaged("photoshop", position, "too many resources")
        (resource,) = struct.unpack_from(">H", data, position + 4)
        start = position + 7 + data[position + 6]
        start += (start - position) & 1
        if start + 4 > len(data):
            break
        (length,) = struct.unpack_from(">I", data, start)
        start += 4
        body = data[start : start + length]
        position = start + length + (length & 1)
        found: tuple[list[Edit], list[str]] = ([], [])
        if resource == _IIM:
            found = blank_in_iptc(body)
            before, after = body, found[0][0][1] if found[0] else body
        elif resource in _EXIF:
            found = blank_in_exif(body)
        elif resource == _XMP:
            found = blank_in_xmp(body, place=place)
        elif resource == _IIM_DIGEST and len(body) == 16:
            digests.append(start)
        edits += [(start + at, new) for at, new in found[0]]
        names += found[1]
    for at in digests:
        if before != after and data[at : at + 16] == _md5(before):
            edits.append((at, _md5(after)))
    return edits, names


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()
