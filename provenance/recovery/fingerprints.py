"""Fingerprints: short codes that stay alike when a picture is made smaller, compressed again or cropped as usual.

A fingerprint of a face is personal data, and kept where such data are. Needs the extra `recovery`; its libraries are
imported where they are used.
"""

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from provenance.errors import InputError
from provenance.extras import check_extra
from provenance.picture.formats import DECODED

if TYPE_CHECKING:
    from PIL import Image

NEEDS: Final = ("iscc_core", "numpy")
CODE_BYTES: Final = 32  # the longest image code of ISO 24138; its shorter ones are how it begins

# A JPEG is decoded at an eighth to a half of its size, and nothing is read from more pixels than this a side.
_SIDE: Final = 512
# What a small file says that it holds is decoded at four bytes a pixel at most; a JPEG counts as it is decoded.
_MAX_PIXELS: Final = 128 * 1024 * 1024
_CODE_SIDE: Final = 32  # ISO 24138: an image code is made of 32 × 32 grey values
_FRAME_TOLERANCE: Final = 24  # of 255: compression leaves a plain border nearly plain
_LEAST_SIDE: Final = 16
_UNHEARD: Final = logging.NullHandler()
_WIDE: Final = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})


class Crop(StrEnum):
    """Which part of a picture a fingerprint is of."""

    FULL = "full"
    CENTRE_SQUARE = "centre-square"
    UPPER_SQUARE = "upper-square"
    FOUR_TO_FIVE = "four-to-five"
    FACE = "face"
    UNFRAMED = "unframed"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a part of a picture looks like.

    Attributes:
        crop: the part.
        code: the 32 bytes of its image code (ISO 24138), of 256 bits.
    """

    crop: Crop
    code: bytes


@dataclass(frozen=True, slots=True)
class FaceBox:
    """Where a face is, in parts of the width and height of the picture as it is shown; each from 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise InputError(
                "face: expected a box inside the picture, of parts of its width and height", code="face-box"
            )


def check_installed() -> None:
    """Check that what makes and compares fingerprints is there, without loading it.

    Raises:
        MissingExtraError: it is not.
    """
    check_extra("recovery", *NEEDS, place="recovery")


def fingerprints_to_keep(data: bytes, *, face: FaceBox | None = None) -> tuple[Fingerprint, ...]:
    """Return the fingerprints by which a picture is found again: of all of it, and of the usual crops of a headshot.

    Args:
        data: a picture file.
        face: where the face is, if that is known; then also of the square around it.

    Raises:
        InputError: the picture cannot be decoded (`fingerprint-unread`).
        MissingExtraError: the extra is not installed.
    """
    image = _decode(data)
    return tuple(_fingerprint(image, crop, box) for crop, box in _crops(image.size, face))


def fingerprints_to_ask(data: bytes, *, max_pixels: int | None = None) -> tuple[Fingerprint, ...]:
    """Return the fingerprints of a picture that is looked for: of all of it, and of what a plain border surrounds.

    Args:
        data: a picture file.
        max_pixels: how many are decoded at most, where that is to be fewer than 128 million.

    Raises:
        InputError: the picture cannot be decoded (`fingerprint-unread`).
        MissingExtraError: the extra is not installed.
    """
    image = _decode(data, max_pixels)
    whole = (0, 0, *image.size)
    inner = _inside_frame(image)
    parts = [(Crop.FULL, whole)] if inner == whole else [(Crop.FULL, whole), (Crop.UNFRAMED, inner)]
    return tuple(_fingerprint(image, crop, box) for crop, box in parts)


def _decode(data: bytes, max_pixels: int | None = None) -> "Image.Image":
    """Return a picture in grey, turned as its orientation says, at most 512 pixels a side."""
    check_installed()
    from PIL import Image, ImageOps

    # What is wrong with a stranger's file is told once, below, and not by the decoder on standard error.
    logging.getLogger("PIL").addHandler(_UNHEARD)
    most = _MAX_PIXELS if max_pixels is None else max_pixels
    try:
        with Image.open(io.BytesIO(data), formats=DECODED) as image:
            image.draft("L", (_SIDE, _SIDE))
            if image.width * image.height > most:
                raise InputError(
                    f"fingerprint: expected at most {most} pixels, got {image.width} × {image.height}",
                    code="fingerprint-unread",
                )
            turned = ImageOps.exif_transpose(image)
            if turned.mode == "1":
                turned = turned.convert("L")
            if turned.mode in ("P", "PA"):
                turned = turned.convert("RGBA")  # colours that are numbers cannot be mixed
            turned.thumbnail((_SIDE, _SIDE), reducing_gap=3.0)
            if turned.mode in _WIDE:
                raise InputError(
                    f"fingerprint: expected colours of 8 bits, got {turned.mode.lower()}", code="fingerprint-unread"
                )
            if turned.has_transparency_data:
                # What is not there is white, as on paper.
                clear = turned.convert("RGBA")
                turned = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
            return turned.convert("L")
    except InputError:
        raise
    except Exception as error:
        # Each decoder has errors of its own kinds.
        raise InputError("fingerprint: the picture cannot be decoded", code="fingerprint-unread") from error


def _crops(size: tuple[int, int], face: FaceBox | None) -> Iterator[tuple[Crop, tuple[int, int, int, int]]]:
    width, height = size
    yield Crop.FULL, (0, 0, width, height)
    side = min(width, height)
    left = (width - side) // 2
    if width != height:
        yield Crop.CENTRE_SQUARE, _box(left, (height - side) // 2, side, side)
    if height > width:
        yield Crop.UPPER_SQUARE, _box(0, 0, side, side)
    if width * 5 != height * 4:
        narrow, low = min(width, round(height * 4 / 5)), min(height, round(width * 5 / 4))
        yield Crop.FOUR_TO_FIVE, _box((width - narrow) // 2, (height - low) // 2, narrow, low)
    if face is not None:
        yield Crop.FACE, _around(size, face)


def _box(left: int, top: int, width: int, height: int) -> tuple[int, int, int, int]:
    return left, top, left + max(1, width), top + max(1, height)


def _around(size: tuple[int, int], face: FaceBox) -> tuple[int, int, int, int]:
    """Return the square around a face, twice as large as it, as far as the picture reaches."""
    width, height = size
    half = max((face.right - face.left) * width, (face.bottom - face.top) * height)
    across, down = (face.left + face.right) / 2 * width, (face.top + face.bottom) / 2 * height
    left, top = max(0, int(across - half)), max(0, int(down - half))
    return left, top, max(left + 1, min(width, round(across + half))), max(top + 1, min(height, round(down + half)))


def _inside_frame(image: "Image.Image") -> tuple[int, int, int, int]:
    """Return what lies inside a border of the colour of the first pixel; all of the picture, where hardly any does."""
    from PIL import Image, ImageChops

    border = Image.new("L", image.size, image.getpixel((0, 0)))
    differs = ImageChops.difference(image, border).point(lambda value: 255 if value > _FRAME_TOLERANCE else 0)
    found = differs.getbbox()
    if found is None or found[2] - found[0] < _LEAST_SIDE or found[3] - found[1] < _LEAST_SIDE:
        return (0, 0, *image.size)
    return found


def _fingerprint(image: "Image.Image", crop: Crop, box: tuple[int, int, int, int]) -> Fingerprint:
    from iscc_core.code_content_image import soft_hash_image_v0
    from PIL import Image

    small = image.resize((_CODE_SIDE, _CODE_SIDE), Image.Resampling.BICUBIC, box=box)
    return Fingerprint(crop, soft_hash_image_v0(list(small.tobytes()), bits=CODE_BYTES * 8))
