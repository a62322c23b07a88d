"""The kinds of picture, known by their first bytes; the name of a file is never asked."""

import enum

from provenance.errors import InputError
from provenance.picture.tiff import DNG_VERSION, read_entries, read_header

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class PictureFormat(enum.Enum):
    """A kind of picture file, by its media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    TIFF = "image/tiff"
    DNG = "image/x-adobe-dng"
    AVIF = "image/avif"
    HEIC = "image/heic"
    HEIF = "image/heif"
    GIF = "image/gif"

    @property
    def media_type(self) -> str:
        """The IANA media type; DNG has none, and goes by the one that is used for it."""
        return self.value


# What Pillow is to decode: of the thirty more that it would try, one starts another program. The last of these it knows
# since 11.3 only.
DECODED = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF")

# Every kind can be read, digested and scanned. A GIF is no way to deliver a portrait, so that nobody stamps one.
STAMPABLE = frozenset(PictureFormat) - {PictureFormat.GIF}
BMFF = frozenset({PictureFormat.AVIF, PictureFormat.HEIC, PictureFormat.HEIF})

_FIRST_BYTES = {
    b"\xff\xd8\xff": PictureFormat.JPEG,
    PNG_SIGNATURE: PictureFormat.PNG,
    b"II*\x00": PictureFormat.TIFF,
    b"MM\x00*": PictureFormat.TIFF,
    b"GIF87a": PictureFormat.GIF,
    b"GIF89a": PictureFormat.GIF,
}
_BMFF_BRANDS = {
    b"avif": PictureFormat.AVIF,
    b"avis": PictureFormat.AVIF,
    b"heic": PictureFormat.HEIC,
    b"heix": PictureFormat.HEIC,
    b"hevc": PictureFormat.HEIC,
    b"mif1": PictureFormat.HEIF,
    b"msf1": PictureFormat.HEIF,
}


def identify(data: bytes) -> PictureFormat | None:
    """Return the kind of picture by the file's first bytes, or None; of a TIFF, its first directory is asked too."""
    if data[:4] == b"RIFF":
        return PictureFormat.WEBP if data[8:12] == b"WEBP" else None
    if data[4:8] == b"ftyp":
        return _BMFF_BRANDS.get(data[8:12])
    kind = next((kind for start, kind in _FIRST_BYTES.items() if data.startswith(start)), None)
    return PictureFormat.DNG if kind is PictureFormat.TIFF and _is_dng(data) else kind


def _is_dng(data: bytes) -> bool:
    try:
        order, first = read_header(data)
        return any(entry.tag == DNG_VERSION for entry in read_entries(data, order, first)[0])
    except InputError:
        return False
