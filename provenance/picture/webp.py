"""WebP files (RFC 9649): the chunks of their RIFF container, and the metadata within."""

import struct
from collections.abc import Iterator

from provenance.picture.kept import keep_walk
from provenance.picture.parts import BlockKind, MetadataBlock, Part, damaged

_CODED = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})
_HEADER_BYTES = 12


@keep_walk
def walk_webp(data: bytes) -> Iterator[Part]:
    """Yield the chunks of a WebP file, and what follows its end.

    Raises:
        InputError: it breaks off before the picture does.
    """
    riff_end = 8 + int.from_bytes(data[4:8], "little")
    if riff_end > len(data) or riff_end < _HEADER_BYTES:
        raise damaged("webp", 4, "the file ends before the picture does")
    position = _HEADER_BYTES
    while position < riff_end:
        if position + 8 > riff_end:
            raise damaged("webp", position, "the file ends before the picture does")
        name, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length + (length & 1)
        if end > riff_end:
            raise damaged("webp", position, "a chunk is longer than the file")
        yield Part(name.decode("latin-1"), position, end, position + 8, in_picture=name in _CODED)
        position = end
    if riff_end < len(data):
        yield Part("TRAILER", riff_end, len(data), riff_end, in_picture=False)


def metadata_of_webp(data: bytes) -> Iterator[MetadataBlock]:
    """Yield the EXIF and XMP of a WebP file, and what follows its end.

    Raises:
        InputError: see `walk_webp`.
    """
    for part in walk_webp(data):
        place = f"WebP {part.kind.strip()} at byte {part.start}"
        if part.kind == "TRAILER":
            place = f"behind the end of the picture, at byte {part.start}"
            yield MetadataBlock(BlockKind.TRAILER, place, data[part.start : part.end])
            continue
        body = data[part.body : part.body + int.from_bytes(data[part.start + 4 : part.start + 8], "little")]
        if part.kind == "EXIF":
            # Some writers keep the header that belongs to JPEG.
            yield MetadataBlock(BlockKind.EXIF, place, body[6:] if body.startswith(b"Exif\x00\x00") else body)
        elif part.kind == "XMP ":
            yield MetadataBlock(BlockKind.XMP, place, body)
