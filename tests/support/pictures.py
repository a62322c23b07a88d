"""Tiny pictures, drawn anew by every test that wants one, and knives to cut them with.

The files are real ones, written by Pillow. What is cut here is cut in the words of the container formats and apart
from the code under test.
"""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

SIZE = (96, 128)

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\x00"

# Tags of EXIF 2.32: what a camera says of itself and of one picture.
_MAKE, _MODEL, _EXIF_FOLDER = 0x010F, 0x0110, 0x8769
_CAMERA = {_MAKE: "Lumière", _MODEL: "Atelier 7"}
_EXPOSURE = {
    0x829A: (1, 125),  # ExposureTime
    0x829D: (28, 10),  # FNumber
    0x8827: 200,  # ISOSpeedRatings
    0x9003: "2026:05:17 10:11:12",  # DateTimeOriginal
}


def draw(*, size: tuple[int, int] = SIZE, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """Return a picture of a few coloured patches; another seed gives another picture."""
    chance = random.Random(seed)
    bands = len(mode)
    patches = bytes(chance.randrange(32, 224) for _ in range(8 * 8 * bands))
    return Image.frombytes(mode, (8, 8), patches).resize(size, Image.Resampling.BICUBIC)


def draw_scene(width: int = 400, height: int = 600, *, seed: int = 0) -> Image.Image:
    """Return a picture with shapes of every size, by which one part of it is told from another."""
    shift = 0.31 * seed
    image = Image.effect_mandelbrot((width, height), (-1.7 + shift, -1.3, 0.7, 1.1 - shift), 60)
    return ImageOps.autocontrast(Image.blend(image, Image.radial_gradient("L").resize(image.size), 0.5)).convert("RGB")


def draw_jpeg(
    path: Path,
    *,
    size: tuple[int, int] = SIZE,
    exif: bool = True,
    seed: int = 0,
    progressive: bool = False,
    restarts: bool = False,
    comment: bytes | None = None,
    trailer: bytes = b"",
) -> Path:
    """Draw a JPEG file.

    Args:
        path: of the file.
        size: width and height.
        exif: with the data that a camera writes.
        seed: of the picture.
        progressive: in several scans.
        restarts: with a restart marker behind every row of blocks.
        comment: for a COM segment.
        trailer: lies behind the end of the picture.
    """
    options: dict[str, Any] = {"quality": 75, "progressive": progressive}
    if exif:
        options["exif"] = _camera_exif()
    if restarts:
        options["restart_marker_rows"] = 1
    if comment is not None:
        options["comment"] = comment
    path.write_bytes(_encoded(draw(size=size, seed=seed), "JPEG", options) + trailer)
    return path


def draw_png(
    path: Path, *, size: tuple[int, int] = SIZE, seed: int = 0, text: Mapping[str, str] | None = None, mode: str = "RGB"
) -> Path:
    """Draw a PNG file, with one tEXt chunk for each item of `text`."""
    info = PngInfo()
    for key, value in (text or {}).items():
        info.add_text(key, value)
    path.write_bytes(_encoded(draw(size=size, seed=seed, mode=mode), "PNG", {"pnginfo": info}))
    return path


def draw_webp(
    path: Path,
    *,
    size: tuple[int, int] = SIZE,
    seed: int = 0,
    exif: bool = False,
    lossless: bool = False,
    mode: str = "RGB",
) -> Path:
    """Draw a WebP file: one VP8 or VP8L chunk, with a VP8X header before it where there is EXIF or transparency."""
    options: dict[str, Any] = {"lossless": lossless, "quality": 60}
    if exif:
        options["exif"] = _camera_exif()
    path.write_bytes(_encoded(draw(size=size, seed=seed, mode=mode), "WEBP", options))
    return path


Drawer = Callable[[Path], Path]

# One drawer for each kind of file that can be stamped, by the ending of its name.
DRAWERS: Mapping[str, Drawer] = {"jpg": draw_jpeg, "png": draw_png, "webp": draw_webp}
MEDIA_TYPES: Mapping[str, str] = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


def draw_any(folder: Path, ending: str, *, name: str = "portrait") -> Path:
    """Draw a file of one of the kinds that can be stamped into `folder`."""
    return DRAWERS[ending](folder / f"{name}.{ending}")


# --- JPEG


def jpeg_segment(marker: int, payload: bytes) -> bytes:
    """Return a marker segment; ITU-T T.81, B.1.1.4."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of every segment before the coded data, SOI left out."""
    position = 2
    while data[position + 1] != 0xDA:
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        yield data[position + 1], position, end
        position = end


def jpeg_scan(data: bytes) -> tuple[int, int]:
    """Return where the coded data of a picture in one scan lie, the header of the scan left out."""
    start = 2
    for _, _, end in jpeg_segments(data):
        start = end
    start += 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    return start, data.index(b"\xff\xd9", start)


def with_segment(data: bytes, marker: int, payload: bytes) -> bytes:
    """Return a JPEG file with one more segment right behind SOI."""
    return data[:2] + jpeg_segment(marker, payload) + data[2:]


def without_segments(data: bytes, markers: set[int]) -> bytes:
    """Return a JPEG file without the segments of these kinds."""
    for marker, start, end in reversed(list(jpeg_segments(data))):
        if marker in markers:
            data = data[:start] + data[end:]
    return data


# --- PNG


def png_chunk(name: bytes, body: bytes, *, checksum: int | None = None) -> bytes:
    """Return a chunk, with another checksum if one is given; PNG 3rd edition, 5.3."""
    right = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", right if checksum is None else checksum)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of every chunk up to IEND."""
    position, name = len(PNG_SIGNATURE), b""
    while name != b"IEND":
        name = data[position + 4 : position + 8]
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        yield name, position, end
        position = end


def with_png_chunk(data: bytes, chunk: bytes) -> bytes:
    """Return a PNG file with one more chunk right behind IHDR."""
    _, _, end = next(png_chunks(data))
    return data[:end] + chunk + data[end:]


def png_body(data: bytes, name: bytes) -> tuple[int, int]:
    """Return where the data of the first chunk called `name` lie."""
    return next((start + 8, end - 4) for found, start, end in png_chunks(data) if found == name)


def with_png_checksums(data: bytes) -> bytes:
    """Return a PNG file whose checksums are those of its chunks."""
    whole = bytearray(data)
    for name, start, end in png_chunks(data):
        whole[end - 4 : end] = struct.pack(">I", zlib.crc32(name + data[start + 8 : end - 4]))
    return bytes(whole)


# --- WebP


def riff_chunk(name: bytes, body: bytes, *, padding: bytes = b"\x00") -> bytes:
    """Return a RIFF chunk, padded to an even length."""
    return name + struct.pack("<I", len(body)) + body + (padding if len(body) % 2 else b"")


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of every chunk, the padding included."""
    position = 12
    while position < 8 + int.from_bytes(data[4:8], "little"):
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        end = position + 8 + length + length % 2
        yield data[position : position + 4], position, end
        position = end


def with_riff_size(data: bytes) -> bytes:
    """Return a RIFF file that says how long it is."""
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def with_riff_chunk(data: bytes, chunk: bytes) -> bytes:
    """Return a WebP file with one more chunk at its end."""
    return with_riff_size(data + chunk)


def riff_body(data: bytes, name: bytes) -> tuple[int, int]:
    """Return where the data of the first chunk called `name` lie, without the padding."""
    start = next(start for found, start, _ in riff_chunks(data) if found == name)
    return start + 8, start + 8 + int.from_bytes(data[start + 4 : start + 8], "little")


# --- all kinds


def coded_bytes(data: bytes) -> tuple[int, int]:
    """Return where coded pixels lie, all of them or a part."""
    if data.startswith(PNG_SIGNATURE):
        return png_body(data, b"IDAT")
    if data.startswith(b"RIFF"):
        names = {name for name, _, _ in riff_chunks(data)}
        return riff_body(data, b"VP8 " if b"VP8 " in names else b"VP8L")
    return jpeg_scan(data)


def with_changed_pixels(data: bytes) -> bytes:
    """Return the file with one bit of its coded pixels changed, and all checksums right."""
    start, end = coded_bytes(data)
    middle = (start + end) // 2
    # A byte beside 0xFF is part of a marker or of its escape in JPEG.
    position = next(p for p in range(middle, end - 1) if all(byte < 0xFE for byte in data[p - 1 : p + 2]))
    changed = data[:position] + bytes([data[position] ^ 0x01]) + data[position + 1 :]
    return with_png_checksums(changed) if data.startswith(PNG_SIGNATURE) else changed


def _camera_exif() -> Image.Exif:
    exif = Image.Exif()
    exif.update(_CAMERA)
    exif.get_ifd(_EXIF_FOLDER).update(_EXPOSURE)
    return exif


def _encoded(picture: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()
