"""Smaller copies of a picture, and copies in another format, as websites need them."""

import io
from typing import Any

from PIL import Image, ImageOps, PngImagePlugin

from provenance.errors import InputError
from provenance.picture.formats import DECODED, PictureFormat

COPY_FORMATS = (PictureFormat.JPEG, PictureFormat.PNG, PictureFormat.WEBP)
THUMBNAIL_SIDE = 512
MAX_SIDE = 65_500  # of a JPEG file; WebP ends at 16383, and says so itself

_ORIENTATION = 0x0112
# Of a TIFF file, the tags that say how its own pixels lie are among the others.
_KEPT = frozenset({0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, 0x8769, 0x8825})
_SETTINGS: dict[PictureFormat, dict[str, Any]] = {
    PictureFormat.JPEG: {"format": "JPEG", "quality": 90, "optimize": True},
    PictureFormat.PNG: {"format": "PNG"},
    PictureFormat.WEBP: {"format": "WEBP", "quality": 88, "method": 4},
}
_MODES = {"L", "LA", "RGB", "RGBA"}
_XMP_KEYWORD = "XML:com.adobe.xmp"


def make_copy(data: bytes, *, width: int | None, kind: PictureFormat) -> bytes:
    """Return a copy of a picture that is at most `width` pixels wide; none is made larger.

    It is turned as its orientation says. The colour profile, XMP and what EXIF says of camera, exposure, place, maker
    and rights go along; XMP stays behind where the picture was turned, as it may name the old orientation. Credentials
    stay behind: they speak of the other file.

    Args:
        data: a picture file.
        width: in pixels, at least 1; None for the width that it has.
        kind: the format of the copy, one of `COPY_FORMATS`.

    Raises:
        InputError: the picture cannot be read or written so.
    """
    try:
        with Image.open(io.BytesIO(data), formats=DECODED) as image:
            if getattr(image, "n_frames", 1) > 1:
                raise InputError("copy: expected one picture in the file, got several", code="copy-frames")
            return _write(_sized(_turned(image), width), image, kind)
    except InputError:
        raise
    except Exception as error:
        # Each decoder has errors of its own kinds.
        raise InputError(
            f"copy: the picture cannot be read or written as {kind.value}: {_told(error)}",
            code="copy-failed",
            hint="make the copy with your editor, and stamp it with --as derivative --parent FILE",
        ) from error


def make_thumbnail(data: bytes) -> bytes:
    """Return a small JPEG of a picture, without any of its metadata, turned as its orientation says.

    A JPEG is decoded at an eighth to a half of its size, which is many times faster than all of it.

    Raises:
        InputError: the picture cannot be read.
    """
    try:
        with Image.open(io.BytesIO(data), formats=DECODED) as image:
            image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            small = ImageOps.exif_transpose(image)
            small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), reducing_gap=3.0)
            target = io.BytesIO()
            plain = small.convert("RGB")
            # The comment of a JPEG file would go along.
            plain.info.clear()
            plain.save(target, "JPEG", quality=80)
    except Exception as error:
        # As above.
        raise InputError(
            f"thumbnail: the picture cannot be read: {_told(error)}",
            code="thumbnail-failed",
            hint="stamp it without --thumbnail",
        ) from error
    return target.getvalue()


def _turned(image: Image.Image) -> Image.Image:
    if image.mode == "P":
        return ImageOps.exif_transpose(image.convert("RGBA" if "transparency" in image.info else "RGB"))
    if image.mode not in _MODES:
        raise InputError(
            f"copy: expected colours in rgb or grey of 8 bits, got {image.mode.lower()}",
            code="copy-colours",
            hint="convert it to srgb with your editor, and stamp that with --as derivative --parent FILE",
        )
    return ImageOps.exif_transpose(image)


def _sized(image: Image.Image, width: int | None) -> Image.Image:
    if width is None or width >= image.width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _write(copy: Image.Image, original: Image.Image, kind: PictureFormat) -> bytes:
    settings = dict(_SETTINGS[kind])
    exif = original.getexif()
    turned = exif.get(_ORIENTATION, 1) != 1
    for tag in set(exif) - _KEPT:
        del exif[tag]
    xmp = None if turned else original.info.get("xmp")
    if kind is PictureFormat.PNG and xmp:
        settings["pnginfo"] = texts = PngImagePlugin.PngInfo()
        texts.add_itxt(_XMP_KEYWORD, xmp.decode("utf-8", "replace"))
    elif xmp:
        settings["xmp"] = xmp
    if len(exif):
        settings["exif"] = exif
    if original.info.get("icc_profile"):
        settings["icc_profile"] = original.info["icc_profile"]
    if kind is PictureFormat.JPEG and copy.mode in ("LA", "RGBA"):
        # JPEG has no transparency; on paper, what is not there is white.
        white = Image.new("RGBA", copy.size, "white")
        copy = Image.alpha_composite(white, copy.convert("RGBA")).convert("RGB")
    target = io.BytesIO()
    copy.save(target, **settings)
    return target.getvalue()


def _told(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:120].rstrip(".").lower()
