"""The blocks of metadata of JPEG, PNG and WebP files."""

import hashlib
import struct
import zlib

import pytest
from support.metadata import (
    EXTENDED_XMP_HEADER,
    encoded,
    iim,
    photoshop,
    png_text,
    tiff,
    with_extended_xmp,
    xmp,
)
from support.pictures import (
    XMP_HEADER,
    jpeg_segment,
    png_chunk,
    riff_chunk,
    with_png_chunk,
    with_riff_chunk,
    with_segment,
)

from provenance.picture import BlockKind, MetadataBlock, read_metadata

PACKET = xmp(("dc:title", "x"), ("photoshop:Credit", "Zoë"))
EXIF = tiff({0x0131: "Lightroom"})
CREDIT = iim((2, 110, "Credit"))


def only(data: bytes) -> MetadataBlock:
    (block,) = read_metadata(data)
    return block


def jpeg(marker: int, body: bytes) -> bytes:
    return with_segment(encoded("JPEG"), marker, body)


def png(chunk: bytes) -> bytes:
    return with_png_chunk(encoded("PNG"), chunk)


def webp(*chunks: bytes) -> bytes:
    return with_riff_chunk(encoded("WEBP"), b"".join(chunks))


def test_a_picture_without_metadata_has_no_blocks() -> None:
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF"):
        assert list(read_metadata(encoded(kind))) == []


@pytest.mark.parametrize(
    ("data", "kind", "place", "body"),
    [
        (jpeg(0xE1, b"Exif\x00\x00" + EXIF), BlockKind.EXIF, "JPEG APP1 at byte 2", EXIF),
        (jpeg(0xE1, XMP_HEADER + PACKET), BlockKind.XMP, "JPEG APP1 at byte 2", PACKET),
        (
            jpeg(0xED, b"Photoshop 3.0\x00" + photoshop(0x0404, CREDIT)),
            BlockKind.IPTC,
            "JPEG APP13 at byte 2, resource 0404",
            CREDIT,
        ),
        (jpeg(0xFE, "Zoë".encode()), BlockKind.TEXT, "JPEG COM at byte 2", "Zoë".encode()),
        (jpeg(0xFE, "Zoë".encode("latin-1")), BlockKind.TEXT, "JPEG COM at byte 2", "Zoë".encode()),
        (png(png_chunk(b"eXIf", EXIF)), BlockKind.EXIF, "PNG eXIf at byte 33", EXIF),
        (png(png_text("Title", b"abc")), BlockKind.TEXT, "PNG tEXt at byte 33", b"abc"),
        (png(png_text("Title", "Zoë".encode("latin-1"))), BlockKind.TEXT, "PNG tEXt at byte 33", "Zoë".encode()),
        (png(png_text("Title", b"abc", "zTXt")), BlockKind.TEXT, "PNG zTXt at byte 33", b"abc"),
        (png(png_text("Title", b"abc", "iTXt")), BlockKind.TEXT, "PNG iTXt at byte 33", b"abc"),
        (png(png_text("Title", b"abc", "iTXt+")), BlockKind.TEXT, "PNG iTXt at byte 33", b"abc"),
        (png(png_text("XML:com.adobe.xmp", PACKET, "iTXt")), BlockKind.XMP, "PNG iTXt at byte 33", PACKET),
        (webp(riff_chunk(b"EXIF", EXIF)), BlockKind.EXIF, "WebP EXIF at byte 12", EXIF),
        (webp(riff_chunk(b"EXIF", b"Exif\x00\x00" + EXIF)), BlockKind.EXIF, "WebP EXIF at byte 12", EXIF),
        (webp(riff_chunk(b"XMP ", PACKET)), BlockKind.XMP, "WebP XMP at byte 12", PACKET),
    ],
)
def test_a_block_is_found_with_its_place(data: bytes, kind: BlockKind, place: str, body: bytes) -> None:
    block = only(data)
    assert (block.kind, block.data, block.flaw) == (kind, body, None)
    # Pillow may put a header of its own before the chunks of a WebP file.
    assert block.place.split(" at byte ")[0] == place.split(" at byte ")[0]
    assert block.place == place or kind is not BlockKind.TEXT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_whatever_follows_the_picture_is_a_block(kind: str) -> None:
    data = encoded(kind)
    block = only(data + b"behind")
    assert (block.kind, block.data) == (BlockKind.TRAILER, b"behind")
    assert block.place == f"behind the end of the picture, at byte {len(data)}"


# --- JPEG


def test_extended_xmp_is_joined_by_its_offsets() -> None:
    for size in (len(PACKET), 100, 7):
        block = only(with_extended_xmp(encoded("JPEG"), PACKET, size=size))
        assert (block.kind, block.data, block.flaw) == (BlockKind.XMP, PACKET, None)
        assert block.place == "JPEG APP1 at byte 2 (extended XMP)"


def part(guid: bytes, total: int, offset: int, body: bytes) -> bytes:
    return jpeg_segment(0xE1, EXTENDED_XMP_HEADER + guid + struct.pack(">II", total, offset) + body)


GUID = hashlib.md5(b"abcdef").hexdigest().upper().encode()


@pytest.mark.parametrize(
    ("parts", "body", "flaw"),
    [
        ([part(GUID, 6, 3, b"def"), part(GUID, 6, 0, b"abc")], b"abcdef", None),
        ([part(GUID.lower(), 6, 0, b"abcdef")], b"abcdef", None),
        ([part(GUID, 6, 0, b"abc")], b"abc", "its digest does not match"),
        ([part(GUID, 7, 0, b"abcdef")], b"abcdef", "its digest does not match"),
        ([part(GUID, 6, 0, b"abcdeg")], b"abcdeg", "its digest does not match"),
        ([part(GUID, 6, 0, b"abc"), part(GUID, 6, 4, b"ef")], b"abcef", "a part is missing or there twice"),
        ([part(GUID, 6, 0, b"abc"), part(GUID, 6, 0, b"abc")], b"abcabc", "a part is missing or there twice"),
        (
            [part(GUID, 6, 0, b"abcdef"), jpeg_segment(0xE1, EXTENDED_XMP_HEADER + GUID)],
            b"abcdef",
            "a part is too short",
        ),
    ],
)
def test_extended_xmp_that_is_not_whole_says_so(parts: list[bytes], body: bytes, flaw: str | None) -> None:
    data = encoded("JPEG")
    block = only(data[:2] + b"".join(parts) + data[2:])
    assert (block.data, block.flaw) == (body, flaw)


def test_extended_xmp_that_is_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.picture.jpeg.MAX_EXTENDED_XMP", 4)
    data = encoded("JPEG")
    block = only(data[:2] + part(GUID, 6, 0, b"abc") + part(GUID, 6, 3, b"def") + data[2:])
    assert block.flaw == "it is too long"


def test_two_extended_packets_are_told_apart() -> None:
    other = xmp(("dc:title", "another"))
    data = with_extended_xmp(with_extended_xmp(encoded("JPEG"), PACKET), other)
    assert {block.data for block in read_metadata(data)} == {PACKET, other}


def test_resources_that_are_cut_over_two_segments_are_joined() -> None:
    whole = photoshop(0x03ED, bytes(16)) + photoshop(0x0404, CREDIT)
    first, second = (
        jpeg_segment(0xED, b"Photoshop 3.0\x00" + whole[:30]),
        jpeg_segment(0xED, b"Photoshop 3.0\x00" + whole[30:]),
    )
    data = encoded("JPEG")
    assert only(data[:2] + first + second + data[2:]).data == CREDIT


@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xEB, 0xED, 0xEF])
def test_other_segments_hold_no_metadata_that_are_known(marker: int) -> None:
    assert list(read_metadata(jpeg(marker, b"anything else"))) == []


# --- PNG


def raw_profile(kind: str, body: bytes) -> bytes:
    text = f"\n{kind}\n{len(body):8}\n".encode() + b"\n".join(
        body.hex().encode()[n : n + 72] for n in range(0, 2 * len(body), 72)
    )
    return png(png_text(f"Raw profile type {kind}", text, "zTXt"))


@pytest.mark.parametrize(
    ("kind", "body", "found", "data"),
    [
        ("exif", b"Exif\x00\x00" + EXIF, BlockKind.EXIF, EXIF),
        ("APP1", b"Exif\x00\x00" + EXIF, BlockKind.EXIF, EXIF),
        ("APP1", XMP_HEADER + PACKET, BlockKind.XMP, PACKET),
        ("xmp", PACKET, BlockKind.XMP, PACKET),
        ("iptc", photoshop(0x0404, CREDIT), BlockKind.IPTC, CREDIT),
        ("8bim", photoshop(0x0404, CREDIT), BlockKind.IPTC, CREDIT),
        ("iptc", CREDIT, BlockKind.IPTC, CREDIT),
    ],
)
def test_the_raw_profiles_of_imagemagick_are_read(kind: str, body: bytes, found: BlockKind, data: bytes) -> None:
    block = only(raw_profile(kind, body))
    assert (block.kind, block.data) == (found, data)


def test_a_raw_profile_of_another_kind_is_left_out() -> None:
    assert list(read_metadata(raw_profile("icc", b"profile"))) == []


@pytest.mark.parametrize(
    ("chunk", "data", "flaw"),
    [
        (png_chunk(b"zTXt", b"a\x00\x00" + zlib.compress(b"text" * 99)[:-9]), None, "it breaks off"),
        (png_chunk(b"zTXt", b"a\x00\x00no zlib"), b"", "it cannot be inflated"),
        (png_chunk(b"zTXt", b"a"), b"", "it breaks off"),
        (png_chunk(b"iTXt", b"a\x00\x01\x00\x00\x00no zlib"), b"", "it cannot be inflated"),
        (png_chunk(b"tEXt", b"no keyword"), b"", None),
    ],
)
def test_a_text_that_cannot_be_inflated_says_so(chunk: bytes, data: bytes | None, flaw: str | None) -> None:
    block = only(png(chunk))
    assert block.flaw == flaw
    assert data is None or block.data == data
