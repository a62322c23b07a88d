"""EXIF (CIPA DC-008): its directories decoded into fields; numbers of a lens or a body are only said to be there."""

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta

from provenance.errors import InputError
from provenance.evidence.fields import MAX_VALUE, Field
from provenance.picture.tiff import EXIF_DIRECTORY, GPS_DIRECTORY, TiffEntry, read_entries, read_header

MAX_ENTRIES = 4096
MAX_TEXT_TOTAL = 8 * 1024 * 1024

_NAMES = {
    0x000B: "ProcessingSoftware",
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x0132: "ModifyDate",
    0x013B: "Artist",
    0x013C: "HostComputer",
    0x829A: "ExposureTime",
    0x829D: "FNumber",
    0x8827: "ISO",
    0x9003: "DateTimeOriginal",
    0x9286: "UserComment",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
    0xA434: "LensModel",
}
# Said to be there, and never shown: they identify a device or a place.
_PRESENT = {0x927C: "MakerNote", 0xA431: "BodySerialNumber", 0xA435: "LensSerialNumber"}
_XP = range(0x9C9B, 0x9CA0)  # UTF-16LE by Windows
_UNICODE, _ASCII = b"UNICODE\x00", b"ASCII\x00\x00\x00"
_PRESENT_TEXT = "present"
# Clocks of cameras and computers are set to different time zones.
_CLOCK_SLACK = timedelta(hours=26)


def read_exif(data: bytes, place: str) -> Iterator[Field]:
    """Yield the fields of the first directory, the EXIF directory and the thumbnail's; never an error.

    Names are those of CIPA DC-008 where they matter to a marker, and the tag in hexadecimal where they do not. A
    modification a day or more before the picture was taken yields the field `exif:dates`.
    """
    if not data.strip(b"\x00"):
        return  # some editors leave an empty block behind
    try:
        order, first = read_header(data)
        entries, following = read_entries(data, order, first)
    except InputError:
        yield Field("flaw", place, "the exif directory cannot be read")
        return
    fields = list(_fields(entries, data, order, place))
    for tag, name in ((EXIF_DIRECTORY, "exif"), (GPS_DIRECTORY, "gps")):
        entry = next((entry for entry in entries if entry.tag == tag), None)
        offset = entry.integers(data, order) if entry is not None else ()
        try:
            below = read_entries(data, order, offset[0])[0] if offset else []
        except InputError:
            continue  # common in files that passed through careless editors, and no sign of anything
        if name == "gps" and below:
            fields.append(Field("exif:GPS", place, _PRESENT_TEXT))
        elif name == "exif":
            fields += _fields(below, data, order, place)
    if following:
        fields.append(Field("exif:Thumbnail", place, _PRESENT_TEXT))
    yield from fields
    yield from _contradiction({field.name: field.value for field in fields}, place)


def _fields(entries: list[TiffEntry], data: bytes, order: str, place: str) -> Iterator[Field]:
    budget = MAX_TEXT_TOTAL
    for entry in entries[:MAX_ENTRIES]:
        if entry.tag in _PRESENT:
            if (
                entry.size > 1
                and entry.start + entry.size <= len(data)
                and any(data[entry.start : entry.start + min(entry.size, 4096)])
            ):
                yield Field(f"exif:{_PRESENT[entry.tag]}", place, _PRESENT_TEXT)
            continue
        # Text under any tag is looked at: some generators use tags that have nothing to do with theirs.
        if entry.tag in _NAMES or entry.type == 2:
            raw = data[entry.start : entry.start + min(entry.size, MAX_VALUE)]
            budget -= len(raw)
            if budget < 0:
                yield Field("flaw", place, "there is too much text in the exif directory")
                return
            value = _value(entry, raw, data, order)
            if value:
                yield Field(f"exif:{_NAMES.get(entry.tag, f'{entry.tag:04X}')}", place, value)


def _value(entry: TiffEntry, raw: bytes, data: bytes, order: str) -> str:
    if entry.tag == 0x9286:
        return _comment(raw)
    if entry.tag in _XP:
        return raw.decode("utf-16-le", "replace").rstrip("\x00")
    if entry.type in (2, 7):
        return _decoded(raw.split(b"\x00", 1)[0] if entry.type == 2 else raw.rstrip(b"\x00")).strip()
    if entry.type in (5, 10):
        if len(raw) < 8:
            return ""
        top, bottom = struct.unpack_from(f"{order}II", raw)
        return f"{top}/{bottom}" if top and bottom else ""
    values = entry.integers(data, order) if entry.count <= 8 else ()
    return " ".join(map(str, values)) if any(values) else ""


def _comment(raw: bytes) -> str:
    """Return a UserComment: eight bytes name its code (CIPA DC-008, 4.6.5), which some writers leave out."""
    code, text = raw[:8], raw[8:]
    if code == _UNICODE:
        # The byte order is nowhere written down; that which gives more Latin characters is right.
        little = text[: len(text) & ~1].decode("utf-16-le", "replace")
        big = text[: len(text) & ~1].decode("utf-16-be", "replace")
        best = max((little, big), key=lambda found: sum(char < "\u0250" for char in found[:512]))
        return best.lstrip("\ufeff").rstrip("\x00 ")
    if code in (_ASCII, bytes(8)):
        return _decoded(text).rstrip("\x00 ")
    return _decoded(raw).strip("\x00 ")


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _contradiction(values: dict[str, str], place: str) -> Iterator[Field]:
    try:
        taken = datetime.strptime(values["exif:DateTimeOriginal"], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 no zone is given
        changed = datetime.strptime(values["exif:ModifyDate"], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except (KeyError, ValueError):
        return
    if changed + _CLOCK_SLACK < taken:
        yield Field("exif:dates", place, f"changed {changed:%Y-%m-%d}, taken {taken:%Y-%m-%d}")
