"""One small picture of every kind."""

import io
from collections.abc import Mapping

from support.metadata import encoded, heif
from support.pictures import draw

from provenance.picture import PictureFormat


def draw_dng() -> bytes:
    """Return a TIFF file with the one tag by which a DNG is known."""
    target = io.BytesIO()
    draw().save(target, "TIFF", tiffinfo={50706: bytes([1, 4, 0, 0])})
    return target.getvalue()


EXAMPLES: Mapping[PictureFormat, bytes] = {
    PictureFormat.JPEG: encoded("JPEG"),
    PictureFormat.PNG: encoded("PNG"),
    PictureFormat.WEBP: encoded("WEBP"),
    PictureFormat.TIFF: encoded("TIFF"),
    PictureFormat.DNG: draw_dng(),
    PictureFormat.AVIF: encoded("AVIF"),
    PictureFormat.HEIC: heif([(b"hvc1", b"", b"coded")]),
    PictureFormat.HEIF: heif([(b"hvc1", b"", b"coded")], brand=b"mif1"),
    PictureFormat.GIF: encoded("GIF"),
}
