"""Where a picture was taken and with which very device: found, and taken out before stamping.

Afterwards it would be too late: credentials cover the metadata too.
"""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.errors import InputError
from provenance.picture.formats import STAMPABLE, PictureFormat
from provenance.picture.parts import damaged
from provenance.picture.png import walk_png
from provenance.picture.private_names import is_position
from provenance.picture.private_places import Piece, Unread, find_pieces
from provenance.picture.private_texts import blank_texts
from provenance.picture.reading import MAX_BLOCKS, read_picture
from provenance.picture.xmp_writing import sealed


@dataclass(frozen=True, slots=True, order=True)
class Removed:
    """One datum that was there; its value is nowhere kept.

    Attributes:
        place: where it lay in the file, for people.
        name: such as `exif:GPS`, `xmp:photoshop:City`, `iptc:2:90`.
    """

    place: str
    name: str


@dataclass(frozen=True, slots=True)
class Stripped:
    """A picture file without the place where it was taken.

    Attributes:
        data: the file.
        removed: what was taken out.
        unread: places that nobody looked into, as nothing says what they hold: they stay as they were.
    """

    data: bytes
    removed: tuple[Removed, ...]
    unread: tuple[str, ...]


def strip_location(data: bytes) -> Stripped:
    """Take positions, places and serial numbers out of a picture file, and makers' notes, which hold such things.

    Everything else keeps its bytes and its place, so that the picture digest and every offset stay right. Only PNG
    files may become shorter, where a text is compressed or goes as a whole. Doing it again changes nothing.

    Raises:
        RefusedError: the picture carries credentials (`picture-sealed`).
        InputError: it is of a kind that cannot be stamped (`picture-kind`); or it is damaged, or a part of its
            metadata cannot be read to its end, so that nobody can say what it holds (`picture-damaged`,
            `xmp-malformed`).
    """
    picture = read_picture(data)
    if picture.format not in STAMPABLE:
        raise InputError(
            f"picture: expected one that can be stamped, got {picture.format.media_type}",
            code="picture-kind",
            hint="export the picture as jpeg, png or webp",
        )
    if picture.store is not None:
        raise sealed()
    out = bytearray(data)
    removed: list[Removed] = []
    unread: list[str] = []
    for piece in _bounded(picture.format, data):
        if isinstance(piece, Unread):
            unread.append(piece.place)
        else:
            removed += _blank(out, data, piece)
    if picture.format is PictureFormat.PNG:
        _mend_checksums(out, data)
        changed, names = blank_texts(bytes(out))
        out = bytearray(changed)
        removed += [Removed(place, name) for place, name in names]
    stripped = bytes(out) if removed else data
    if read_picture(stripped).digest != picture.digest:
        raise damaged(picture.format.name.lower(), 0, "its metadata and its picture overlap")
    return Stripped(stripped, tuple(removed), tuple(unread))


def find_location(data: bytes) -> tuple[Removed, ...]:
    """Return where a picture file says at which position it was taken; what cannot be read is passed over.

    Raises:
        InputError: see `read_picture`.
    """
    kind = read_picture(data).format
    found: list[Removed] = []
    try:
        for piece in _bounded(kind, data):
            if isinstance(piece, Piece):
                found += [Removed(piece.place, name) for name in _names(piece, data)]
        if kind is PictureFormat.PNG:
            found += [Removed(place, name) for place, name in blank_texts(data)[1]]
    except InputError:
        pass
    return tuple(datum for datum in found if is_position(datum.name))


def _names(piece: Piece, data: bytes) -> list[str]:
    try:
        return piece.blank(_joined(piece, data))[1]
    except InputError:
        return []


def _bounded(kind: PictureFormat, data: bytes) -> Iterator[Piece | Unread]:
    """Yield the blocks of a file as long as their number and length are such as no honest file exceeds."""
    budget = 4 * len(data)
    for number, piece in enumerate(find_pieces(kind, data)):
        budget -= 0 if isinstance(piece, Unread) else sum(end - start for start, end in piece.stretches)
        if number == MAX_BLOCKS or budget < 0:
            raise damaged(kind.name.lower(), 0, "there is too much metadata")
        yield piece


def _joined(piece: Piece, data: bytes) -> bytes:
    return b"".join(data[start:end] for start, end in piece.stretches)


def _blank(out: bytearray, data: bytes, piece: Piece) -> list[Removed]:
    """Make one block blank where it lies."""
    before = _joined(piece, data)
    edits, names = piece.blank(before)
    if not names:
        return []
    after = bytearray(before)
    for at, new in edits:
        after[at : at + len(new)] = new
    position = 0
    for start, end in piece.stretches:
        out[start:end] = after[position : position + end - start]
        position += end - start
    if piece.digest and _md5(before) == piece.digest.upper():
        # Extended XMP is called by its digest, also in the main packet (XMP part 3, 1.1.3.1).
        out[:] = out.replace(piece.digest, _md5(bytes(after)))
    return [Removed(piece.place, name) for name in names]


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).hexdigest().upper().encode()


def _mend_checksums(out: bytearray, data: bytes) -> None:
    """Give the chunks that have changed their checksums; one that was wrong before stays wrong elsewhere."""
    for part in walk_png(data):
        if part.kind == "eXIf" and out[part.start : part.end] != data[part.start : part.end]:
            out[part.end - 4 : part.end] = zlib.crc32(out[part.start + 4 : part.end - 4]).to_bytes(4, "big")
