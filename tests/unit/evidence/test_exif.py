import struct

import pytest
from support.metadata import tiff

from provenance.evidence.exif import read_exif

CAMERA = {
    **{0x010F: "NIKON", 0x0110: "Z 8", 0x0131: "Ver.01.00", 0x0132: "2026:05:17 10:11:12", 0x013B: "Jane"},
    0xC0DE: "any text",
}
INNER = {
    **{0x829A: (1, 125), 0x829D: (28, 10), 0x8827: 200, 0x9003: "2026:05:17 10:11:12"},
    **{0x927C: b"Nikon" + bytes(20), 0xA431: "4001234", 0xA434: "NIKKOR Z", 0xA435: "99"},
}


def fields(data: bytes) -> dict[str, str]:
    return {field.name: field.value for field in read_exif(data, "here")}


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_a_camera_writes_is_read_and_what_identifies_it_is_only_told_to_be_there(order: str) -> None:
    assert fields(tiff(CAMERA, INNER, order=order, gps={1: "N"})) == {
        "exif:Make": "NIKON",
        "exif:Model": "Z 8",
        "exif:Software": "Ver.01.00",
        "exif:ModifyDate": "2026:05:17 10:11:12",
        "exif:Artist": "Jane",
        "exif:C0DE": "any text",
        "exif:GPS": "present",
        "exif:ExposureTime": "1/125",
        "exif:FNumber": "28/10",
        "exif:ISO": "200",
        "exif:DateTimeOriginal": "2026:05:17 10:11:12",
        "exif:MakerNote": "present",
        "exif:BodySerialNumber": "present",
        "exif:LensModel": "NIKKOR Z",
        "exif:LensSerialNumber": "present",
    }


def test_a_thumbnail_is_told_to_be_there() -> None:
    data = bytearray(tiff({0x0110: "Z 8"}))
    struct.pack_into("<I", data, 8 + 2 + 12, 8)
    assert fields(bytes(data)) == {"exif:Model": "Z 8", "exif:Thumbnail": "present"}


@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\x00" + "Zoë: Steps: 5".encode("utf-16-le"),
        b"UNICODE\x00" + "Zoë: Steps: 5".encode("utf-16-be"),
        b"UNICODE\x00" + "\ufeffZoë: Steps: 5\x00".encode("utf-16-le"),
        b"ASCII\x00\x00\x00" + "Zoë: Steps: 5".encode(),
        bytes(8) + "Zoë: Steps: 5".encode("latin-1"),
        "Zoë: Steps: 5".encode(),
    ],
)
def test_a_comment_is_read_in_each_of_its_codes(comment: bytes) -> None:
    assert fields(tiff({}, {0x9286: comment})) == {"exif:UserComment": "Zoë: Steps: 5"}


def test_text_of_windows_is_read() -> None:
    assert fields(tiff({0x9C9C: "Zoë".encode("utf-16-le") + b"\x00\x00"})) == {"exif:XPComment": "Zoë"}


@pytest.mark.parametrize(
    "inner", [{0x829A: (0, 125)}, {0x829A: (1, 0)}, {0x8827: 0}, {0x927C: bytes(20)}, {0xA431: ""}, {0x9286: b""}]
)
def test_what_says_nothing_is_no_field(inner: dict[int, object]) -> None:
    assert fields(tiff({}, inner)) == {}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ("2026:05:16 09:00:00", None),
        ("2026:05:16 08:00:00", "changed 2026-05-16, taken 2026-05-17"),
        ("2020:01:01 00:00:00", "changed 2020-01-01, taken 2026-05-17"),
        ("2027:01:01 00:00:00", None),
        ("0000:00:00 00:00:00", None),
        ("soon", None),
    ],
)
def test_a_change_long_before_the_picture_was_taken_is_a_contradiction(changed: str, found: str | None) -> None:
    said = fields(tiff({0x0132: changed}, {0x9003: "2026:05:17 10:11:12"}))
    assert said.get("exif:dates") == found


@pytest.mark.parametrize("data", [b"", bytes(40)])
def test_an_empty_block_says_nothing(data: bytes) -> None:
    assert fields(data) == {}


@pytest.mark.parametrize("data", [b"II*\x00", b"nothing at all", b"II*\x00\xff\xff\xff\xff", tiff(CAMERA)[:40]])
def test_a_directory_that_cannot_be_read_is_told(data: bytes) -> None:
    assert fields(data) == {"flaw": "the exif directory cannot be read"}


def test_a_directory_below_that_cannot_be_read_is_passed_over() -> None:
    data = bytearray(tiff({0x0110: "Z 8"}, INNER))
    struct.pack_into("<I", data, data.index(struct.pack("<HHI", 0x8769, 4, 1)) + 8, 10_000)
    assert fields(bytes(data)) == {"exif:Model": "Z 8"}
