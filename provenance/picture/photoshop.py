"""Photoshop image resources: the wrapping of IPTC IIM in JPEG and TIFF files (Adobe Photoshop file formats)."""

import struct
from collections.abc import Iterator

from provenance.picture.parts import BlockKind, MetadataBlock

_SIGNATURES = frozenset({b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR"})
_RESOURCES = {0x0404: BlockKind.IPTC, 0x0422: BlockKind.EXIF, 0x0424: BlockKind.XMP}


def metadata_in_photoshop(data: bytes, place: str) -> Iterator[MetadataBlock]:
    """Yield the metadata among image resources: signature, number, padded name, length, padded data.

    What is no resource ends them, as nothing says where the next one would begin.
    """
    position = 0
    while position + 12 <= len(data) and data[position : position + 4] in _SIGNATURES:
        (resource,) = struct.unpack_from(">H", data, position + 4)
        start = position + 7 + data[position + 6]
        start += (start - position) & 1
        if start + 4 > len(data):
            return
        (length,) = struct.unpack_from(">I", data, start)
        if resource in _RESOURCES:
            body = data[start + 4 : start + 4 + length]
            flaw = "it breaks off" if len(body) < length else None
            yield MetadataBlock(_RESOURCES[resource], f"{place}, resource {resource:04X}", body, flaw=flaw)
        position = start + 4 + length + (length & 1)
