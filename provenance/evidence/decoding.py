"""Blocks of metadata decoded into fields, each by its own kind."""

from collections.abc import Iterator

from provenance.evidence.exif import read_exif
from provenance.evidence.fields import MAX_VALUE, Field
from provenance.evidence.iptc import read_iptc
from provenance.evidence.xmp import read_xmp
from provenance.picture import BlockKind, MetadataBlock

MAX_TRAILERS = 8
MAX_TRAILER = 65_536

_SAMSUNG = b"PhotoEditor_Re_Edit_Data"


def read_fields(block: MetadataBlock) -> Iterator[Field]:
    """Yield what a block of metadata says; what cannot be read is a field called `flaw`, and never an error."""
    if block.flaw is not None:
        yield Field("flaw", block.place, block.flaw)
    match block.kind:
        case BlockKind.EXIF:
            yield from read_exif(block.data, block.place)
        case BlockKind.XMP:
            yield from read_xmp(block.data, block.place)
        case BlockKind.IPTC:
            yield from read_iptc(block.data, block.place)
        case BlockKind.TEXT:
            yield Field(f"text:{block.key[:80]}", block.place, block.data[:MAX_VALUE].decode("utf-8", "replace"))
        case BlockKind.TRAILER:
            yield from _read_trailer(block)


def _read_trailer(block: MetadataBlock) -> Iterator[Field]:
    """Yield what Samsung's editor keeps behind a picture: its name, and the data right behind that."""
    start = block.data.find(_SAMSUNG)
    for _ in range(MAX_TRAILERS):
        if start < 0:
            return
        yield Field("trailer", block.place, block.data[start : start + MAX_TRAILER].decode("latin-1"))
        start = block.data.find(_SAMSUNG, start + 1)
