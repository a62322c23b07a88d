"""What a container is made of, and the one error for those that break off."""

import enum
from dataclasses import dataclass

from provenance.errors import InputError


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the file: a JPEG segment, a PNG or WebP chunk, a GIF block.

    Attributes:
        kind: such as `APP1`, `SCAN`, `IDAT`, `VP8L`.
        start: offset of its first byte, header included.
        end: offset behind its last byte.
        body: offset of its payload.
        in_picture: whether the picture digest covers it.
    """

    kind: str
    start: int
    end: int
    body: int
    in_picture: bool


@dataclass(frozen=True, slots=True)
class EmbeddedStore:
    """The C2PA manifest store as it lies in the container.

    Attributes:
        data: the JUMBF bytes, taken out of their wrapping.
        start: offset in the file of the first wrapped byte.
        end: offset behind the last one.
        flaw: where the wrapping differs from the one form that a writer makes, or None. No signature covers these
            bytes, so that a difference is the only trace of a change there.
    """

    data: bytes
    start: int
    end: int
    flaw: str | None


class BlockKind(enum.Enum):
    """What a block of metadata holds."""

    EXIF = "EXIF"
    XMP = "XMP"
    IPTC = "IPTC"
    TEXT = "text"
    TRAILER = "trailer"


@dataclass(frozen=True, slots=True)
class MetadataBlock:
    """Metadata taken out of their wrapping, and not yet decoded.

    Attributes:
        kind: what `data` are: a TIFF stream (EXIF), an XMP packet, IIM datasets, text, or what follows the picture.
        place: where they lie, for people: `JPEG APP1 at byte 2`.
        data: the bytes; text is in UTF-8 whatever it was in the file.
        key: the keyword of a text.
        flaw: why a part of them is missing, or None: they break off, or are larger than this reader takes.
    """

    kind: BlockKind
    place: str
    data: bytes
    key: str = ""
    flaw: str | None = None


def damaged(kind: str, position: int, reason: str) -> InputError:
    """Return the error for a container that breaks off or contradicts itself at a byte."""
    return InputError(
        f"{kind} at byte {position}: {reason}", code="picture-damaged", hint="export or download the picture again"
    )
