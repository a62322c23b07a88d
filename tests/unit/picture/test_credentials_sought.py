"""Whether it is worth asking the SDK for credentials at all: it must never be missed that a file has some."""

import zlib
from pathlib import Path

import pytest
from support.examples import EXAMPLES
from support.pictures import draw_any, draw_jpeg, jpeg_segment, png_chunk, with_png_chunk, with_segment
from support.shared import shared

from provenance.picture import PictureFormat, may_carry_credentials, read_picture

SIMPLE = (PictureFormat.JPEG, PictureFormat.PNG, PictureFormat.WEBP)


def may(data: bytes) -> bool:
    return may_carry_credentials(data, read_picture(data))


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_bare_picture_needs_no_question(tmp_path: Path, ending: str) -> None:
    assert not may(draw_any(tmp_path, ending).read_bytes())


@pytest.mark.parametrize(
    "kind", [kind for kind in PictureFormat if kind not in SIMPLE and kind is not PictureFormat.GIF]
)
def test_of_kinds_whose_parts_have_no_order_it_is_always_asked(kind: PictureFormat) -> None:
    assert may(EXAMPLES[kind])


@pytest.mark.parametrize(
    "body",
    [
        b"JP\x02\x11\x00\x00\x00\x01\x00\x00\x00\x20jumb\x00\x00\x00\x18jumdc2pa",
        b"XX the letters c2pa wherever they stand",
        b"http://ns.adobe.com/xap/1.0/\x00<x dcterms:provenance='https://example.org/a.c2pa'/>",
        b"http://ns.adobe.com/xap/1.0/\x00<x dcterms:provenance='https://example.org/manifest'/>",
    ],
)
def test_what_may_be_a_credential_or_name_one_is_asked_about(tmp_path: Path, body: bytes) -> None:
    bare = draw_jpeg(tmp_path / "a.jpg").read_bytes()
    for marker in (0xE1, 0xEB, 0xEF, 0xFE):
        assert may(with_segment(bare, marker, body))
    assert may(bare + body)
    # Behind the first scan of the file, too.
    assert may(bare[:-2] + jpeg_segment(0xEB, body) + bare[-2:])
    png = draw_any(tmp_path, "png").read_bytes()
    assert may(with_png_chunk(png, png_chunk(b"caBX", body)))


def test_what_is_compressed_is_asked_about(tmp_path: Path) -> None:
    packet = zlib.compress(b"<x dcterms:provenance='https://example.org/manifest'/>")
    data = draw_any(tmp_path, "png").read_bytes()
    assert may(with_png_chunk(data, png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0" + packet)))


def test_every_real_file_with_credentials_is_asked_about() -> None:
    files = sorted(shared("photos", "credentials").glob("*.jpg"))
    assert files
    assert all(may(path.read_bytes()) for path in files)
