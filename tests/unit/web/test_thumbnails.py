"""Small pictures out of credentials: made anew, or not shown; and the pictures that the page draws of a chain."""

import base64
import io
import re
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from support.pictures import draw_jpeg, with_changed_pixels
from support.shared import shared
from support.studios import record_consent, stamped
from support.web import Visitor, public_page

from provenance.stamping.interface import Making
from provenance.studio import Studio
from provenance.verification.chain import ChainStep
from provenance.web.thumbnails import MAX_BYTES, MAX_PIXELS, MAX_SHOWN, SIDE, redrawn, sources_of


def picture(kind: str = "JPEG", size: tuple[int, int] = (800, 400), **options: object) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, (30, 90, 120)).save(made, kind, **options)
    return made.getvalue()


def opened(text: str | None) -> Image.Image:
    assert text is not None
    return Image.open(io.BytesIO(base64.b64decode(text)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_drawn_anew_and_small(kind: str) -> None:
    with opened(redrawn(picture(kind))) as small:
        assert (small.format, small.size, small.mode) == ("JPEG", (SIDE, SIDE // 2), "RGB")


def test_nothing_of_the_file_goes_along() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret words"
    exif[0x0112] = 6
    text = redrawn(picture(exif=exif, comment=b"secret words"))
    assert b"secret" not in base64.b64decode(text or "")
    with opened(text) as small:
        assert small.size == (SIDE // 2, SIDE)  # turned as it says
        assert not small.getexif()


def bomb() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 5_000_000, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def animated() -> bytes:
    made = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(made, "PNG", save_all=True, append_images=frames[1:])
    return made.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"\xff\xd8\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        picture("GIF"),
        picture("WEBP"),
        picture("TIFF"),
        picture("BMP"),
        picture()[:700],
        picture("PNG")[:90],
        bomb(),
        animated(),
        picture(size=(MAX_PIXELS // 1000 + 1, 1000)),
        picture() + b"x" * MAX_BYTES,
    ],
    ids=[
        "none",
        "empty",
        "start",
        "svg",
        "gif",
        "webp",
        "tiff",
        "bmp",
        "cut",
        "cut-png",
        "bomb",
        "animated",
        "wide",
        "long",
    ],
)
def test_what_is_none_or_too_much_is_not_shown(data: bytes | None) -> None:
    assert redrawn(data) is None


def step(role: str = "parentOf", **changed: object) -> ChainStep:
    fields: dict[str, object] = {"thumbnail": picture(), **changed}
    return ChainStep("Camera", "x", (), role, None, True, 0, **fields)  # type: ignore[arg-type]


def test_sources_are_those_behind_the_picture_itself() -> None:
    first = step("active", bare_thumbnails=(picture("PNG"), b"none"))
    found = sources_of([first, step(), step('"><script>', thumbnail=None)])
    assert [(one.role, one.issuer, one.verifies, one.picture is not None) for one in found] == [
        ("bare", None, None, True),
        ("parentOf", "Camera", True, True),
        ("componentOf", "Camera", True, False),
    ]
    assert sources_of([step("active")]) == ()
    assert len(sources_of([step() for _ in range(50)])) == MAX_SHOWN
    assert len(sources_of([step("active", bare_thumbnails=(picture("PNG"),) * 50)])) == MAX_SHOWN


def checked(studio: Studio, path: Path) -> str:
    with public_page(studio) as server:
        visitor = Visitor(server)
        return visitor.upload("/verify", [(path.name, path.read_bytes())], mark=visitor.mark("/")).data.decode()


def drawn_in(page: str) -> list[str]:
    return re.findall(r'data-picture="([^"]+)"', page)


def test_the_page_draws_what_a_picture_was_made_from(studio: Studio, tmp_path: Path) -> None:
    code = record_consent(studio, permit=("capture", "publish.web", "edit.basic")).code
    parent = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "parent.jpg", code=code, thumbnail=True)
    copy = draw_jpeg(tmp_path / "b.jpg", size=(120, 90))
    made = stamped(
        studio, copy, tmp_path / "copy.jpg", declaration="derivative", code=code, making=Making(parent=parent)
    )
    page = checked(studio, made)
    assert "The picture before it" in page
    (found,) = drawn_in(page)
    with opened(found) as small:
        assert small.format == "JPEG"
    forged = tmp_path / "forged.jpg"
    forged.write_bytes(with_changed_pixels(made.read_bytes()))
    assert drawn_in(checked(studio, forged)) == []


@pytest.mark.parametrize(("name", "count"), [("CA.jpg", 1), ("CIE-sig-CA.jpg", 0), ("update_manifest.jpg", 0)])
def test_the_page_draws_what_other_makers_credentials_hold(studio: Studio, name: str, count: int) -> None:
    page = checked(studio, shared("photos", "credentials", name))
    assert len(drawn_in(page)) == count
