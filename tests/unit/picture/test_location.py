"""Where a picture was taken, and with which device: found, taken out, and nothing else with it."""

import hashlib
import struct
import zlib
from collections.abc import Callable

import pytest
from support.makers import Maker
from support.metadata import (
    EXIF_INTO,
    IPTC_INTO,
    XMP_INTO,
    box,
    encoded,
    heif,
    iim,
    photoshop,
    png_text,
    tiff,
    xmp,
)
from support.pictures import (
    XMP_HEADER,
    jpeg_segment,
    png_chunk,
    png_chunks,
    with_png_chunk,
    with_riff_chunk,
    with_segment,
)
from support.pictures import riff_chunk as riff
from support.refusals import refused

from provenance.errors import InputError, RefusedError
from provenance.evidence import Field
from provenance.evidence.decoding import read_fields
from provenance.picture import read_metadata, read_picture
from provenance.picture.location import Removed, Stripped, find_location, strip_location

SERIAL, LENS, NOTE = "4001234", "L-998877", b"Nikon\x00" + bytes(range(64)) + b"4001234"
POSITION = {1: "N", 2: (48, 1), 3: "E", 4: (11, 1), 29: "2026:05:17"}
FIRST = {0x010F: "Lumière", 0x0110: "Atelier 7", 0x0131: "Lightroom"}
INNER = {0x829A: (1, 125), 0x9003: "2026:05:17 10:11:12", 0xA434: "Z 85 mm"}
PRIVATE_INNER = {0x927C: NOTE, 0xA431: SERIAL, 0xA435: LENS}
EXIF_NAMES = ["exif:BodySerialNumber", "exif:GPS", "exif:LensSerialNumber", "exif:MakerNote"]

PUBLIC = [("dc:title", "Zoë"), ("photoshop:Credit", "Jane"), ("xmp:CreatorTool", "Lightroom")]
PRIVATE = [
    *(
        ("exif:GPSLatitude", "48,8N"),
        ("exif:GPSLongitude", "11,5E"),
        ("drone-dji:GpsLatitude", "48"),
        ("aux:SerialNumber", "1"),
    ),
    *(("photoshop:City", "München"), ("photoshop:State", "Bavaria"), ("photoshop:Country", "Germany")),
    *(("Iptc4xmpCore:Location", "Studio 3"), ("Iptc4xmpCore:CountryCode", "DE"), ("aux:LensSerialNumber", "2")),
    *(("Iptc4xmpExt:LocationCreated", "here"), ("Iptc4xmpExt:LocationShown", "there")),
]
PLACES = [
    (2, 26, "DE"),
    (2, 27, "x"),
    (2, 90, "München"),
    (2, 92, "S"),
    (2, 95, "Bavaria"),
    (2, 100, "DEU"),
    (2, 101, "G"),
]
DATASETS = [(1, 90, "\x1b%G"), (2, 0, "\x00\x04"), (2, 5, "Zoë"), *PLACES, (2, 110, "Jane"), (2, 120, "Caption")]


def exif(*, private: bool = True, order: str = "<") -> bytes:
    return tiff(FIRST, {**INNER, **(PRIVATE_INNER if private else {})}, order=order, gps=POSITION if private else None)


def packet(*, private: bool = True, element: bool = False) -> bytes:
    return xmp(*PUBLIC, *(PRIVATE if private else []), element=element)


def names(stripped: Stripped) -> list[str]:
    return sorted(removed.name for removed in stripped.removed)


def fields(data: bytes) -> list[tuple[str, str]]:
    found: list[Field] = [field for block in read_metadata(data) for field in read_fields(block)]
    return [(field.name, field.value) for field in found]


def check(data: bytes, *, resized: bool = False) -> Stripped:
    """Strip a file, and check what holds for every one."""
    stripped = strip_location(data)
    assert read_picture(stripped.data).digest == read_picture(data).digest
    assert resized or len(stripped.data) == len(data)
    again = strip_location(stripped.data)
    assert (again.data, again.removed) == (stripped.data, ())
    assert find_location(stripped.data) == ()
    return stripped


# --- EXIF

IN_PLACE = [name for name in EXIF_INTO if name != "PNG raw profile"]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("container", EXIF_INTO)
def test_positions_serial_numbers_and_makers_notes_leave_exif(container: str, order: str) -> None:
    data = EXIF_INTO[container](exif(order=order))
    stripped = check(data, resized=container == "PNG raw profile")
    assert names(stripped) == EXIF_NAMES
    private = [
        ("exif:MakerNote", "present"),
        ("exif:BodySerialNumber", "present"),
        ("exif:LensSerialNumber", "present"),
    ]
    kept = [field for field in fields(data) if field not in [*private, ("exif:GPS", "present")]]
    assert fields(stripped.data) == kept
    assert SERIAL.encode() not in stripped.data
    assert [found.name for found in find_location(data)] == ["exif:GPS"]


@pytest.mark.parametrize("order", ["<", ">"])
def test_only_the_private_values_and_their_directories_change(order: str) -> None:
    before = EXIF_INTO["JPEG"](exif(order=order))
    after = strip_location(before).data
    base = before.index(b"Exif\x00\x00") + 6
    for value in (NOTE, SERIAL.encode(), LENS.encode(), b"2026:05:17\x00", struct.pack(f"{order}II", 48, 1)):
        at = before.index(value, base)
        assert not any(after[at : at + len(value)])
    for value in (b"Lumi", b"Atelier 7", b"Z 85 mm", b"2026:05:17 10:11:12"):
        assert after.index(value) == before.index(value)
    assert before[:base] == after[:base]
    scan = before.index(b"\xff\xdb")
    assert before[scan:] == after[scan:]


def test_what_a_value_shares_with_another_stays() -> None:
    """A value may lie within a maker's note; the note goes, and the value does not."""
    data = bytearray(exif())
    note, model = data.index(NOTE), data.index(b"Atelier 7\x00")
    at = data.index(struct.pack("<HHII", 0x0110, 2, 10, model)) + 8
    data[at : at + 4] = struct.pack("<I", note + 6)
    data[note + 6 : note + 16] = b"Atelier 7\x00"
    after = strip_location(EXIF_INTO["JPEG"](bytes(data))).data
    start = after.index(b"Exif\x00\x00") + 6 + note
    assert after[start : start + len(NOTE)] == bytes(6) + b"Atelier 7\x00" + bytes(len(NOTE) - 16)


def test_a_thumbnail_within_a_makers_note_stays() -> None:
    data = bytearray(exif())
    note = data.index(NOTE)
    struct.pack_into("<I", data, 8 + 2 + 12 * 5, len(data))  # behind three texts and two directories below
    data += struct.pack("<HHHIIHHII", 2, 513, 4, 1, note + 8, 514, 4, 1, 16) + bytes(4)
    after = strip_location(EXIF_INTO["JPEG"](bytes(data))).data
    start = after.index(b"Exif\x00\x00") + 6 + note
    assert after[start : start + 30] == bytes(8) + NOTE[8:24] + bytes(6)


def test_the_next_directory_is_found_as_before() -> None:
    data = bytearray(exif())
    struct.pack_into("<I", data, 8 + 2 + 12 * 5, len(data))
    data += struct.pack("<HHHI4s", 1, 0x0131, 2, 4, b"abc\x00") + bytes(4)
    after = strip_location(EXIF_INTO["JPEG"](bytes(data))).data
    stream = after[after.index(b"Exif\x00\x00") + 6 :]
    assert struct.unpack_from("<H", stream, 8) == (4,)
    assert struct.unpack_from("<I", stream, 8 + 2 + 12 * 4) == (len(exif()),)


def test_an_offset_that_is_none_behind_a_last_directory_is_passed_over() -> None:
    data = bytearray(exif())
    struct.pack_into("<I", data, 8 + 2 + 12 * 5, 9)
    assert names(strip_location(EXIF_INTO["JPEG"](bytes(data)))) == EXIF_NAMES


@pytest.mark.parametrize("kind", ["WEBP", "JPEG"])
def test_an_empty_block_is_left(kind: str) -> None:
    data = EXIF_INTO["JPEG" if kind == "JPEG" else "WebP"](bytes(32))
    assert check(data).data == data


def test_a_position_of_which_nothing_can_be_read_loses_its_entry() -> None:
    stream = bytearray(tiff(FIRST, gps=POSITION))
    at = stream.index(struct.pack("<HHI", 0x8825, 4, 1)) + 8
    (start,) = struct.unpack_from("<I", stream, at)
    struct.pack_into("<H", stream, start, 60_000)
    after = strip_location(EXIF_INTO["JPEG"](bytes(stream)))
    assert names(after) == ["exif:GPS"]
    assert b"2026:05:17" not in after.data


def dng(*, original: bool = False) -> bytes:
    """Return a file of one directory with a strip, a serial number and private data."""
    values = {273: (4, 1, 8), 279: (4, 1, 4), 50706: (1, 4, 1), 50735: (2, 8, 0), 50740: (1, 40, 0)}
    if original:
        values[50828] = (7, 4, 0)
    at = 12 + 2 + 12 * len(values) + 4
    values[50735], values[50740] = (2, 8, at), (1, 40, at + 8)
    entries = b"".join(struct.pack("<HHII", tag, *value) for tag, value in sorted(values.items()))
    head = b"II*\x00\x0c\x00\x00\x00abcd" + struct.pack("<H", len(values)) + entries + bytes(4)
    return head + b"4001234\x00" + b"Adobe\x00MakN".ljust(40, b"m")


def test_serial_numbers_leave_a_dng() -> None:
    stripped = check(dng())
    assert names(stripped) == ["exif:CameraSerialNumber", "exif:DNGPrivateData"]
    assert stripped.data.endswith(bytes(48))
    assert stripped.unread == ()
    assert [place[-9:] for place in check(dng(original=True)).unread] == ["tag 50828"]


# --- XMP


@pytest.mark.parametrize("element", [False, True])
@pytest.mark.parametrize("container", [name for name in XMP_INTO if name != "GIF"])
def test_places_leave_xmp(container: str, element: bool) -> None:
    data = XMP_INTO[container](packet(element=element))
    stripped = check(data, resized=container == "PNG, compressed")
    assert len(stripped.removed) == len(PRIVATE)
    assert {"xmp:photoshop:City", "xmp:GPSLatitude", "xmp:SerialNumber"} <= set(names(stripped))
    said = [field for field in fields(stripped.data) if not field[0].startswith(("exif:", "xmp:{"))]
    assert said == [(f"xmp:{name}", value) for name, value in PUBLIC]
    assert "München".encode() not in stripped.data
    assert {found.name for found in find_location(data)} == {"xmp:GPSLatitude", "xmp:GPSLongitude", "xmp:GpsLatitude"}


def test_a_place_with_parts_goes_as_a_whole_and_one_within_another_property_too() -> None:
    inner = (
        b'<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li exif:GPSLatitude="1" rdf:parseType="Resource">'
        b"<Iptc4xmpExt:City>x</Iptc4xmpExt:City><exif:GPSLongitude>1</exif:GPSLongitude></rdf:li></rdf:Bag>"
        b"</Iptc4xmpExt:LocationCreated><dc:title rdf:parseType='Resource'><exif:GPSAltitude>5</exif:GPSAltitude>"
        b"<dc:source>y</dc:source></dc:title>"
    )
    whole = xmp(("dc:title", "-"), element=True).replace(b"<dc:title>-</dc:title>", inner)
    stripped = check(with_segment(encoded("JPEG"), 0xE1, XMP_HEADER + whole))
    assert names(stripped) == ["xmp:GPSAltitude", "xmp:Iptc4xmpExt:LocationCreated"]
    assert fields(stripped.data) == [("xmp:dc:source", "y")]


def test_extended_xmp_keeps_its_name_right() -> None:
    """It is called by its digest, in itself and in the main packet."""
    data = XMP_INTO["JPEG, extended"](packet())
    stripped = strip_location(data)
    main, extended = read_metadata(stripped.data)
    assert extended.flaw is None
    assert hashlib.md5(extended.data).hexdigest().upper().encode() in main.data


# --- IPTC


@pytest.mark.parametrize("container", IPTC_INTO)
def test_places_leave_iptc(container: str) -> None:
    data = IPTC_INTO[container](iim(*DATASETS))
    stripped = check(data, resized=container.startswith("PNG"))
    assert names(stripped) == sorted(f"iptc:2:{number}" for _, number, _ in PLACES)
    kept = [
        (f"iptc:{record}:{number}", text) for record, number, text in DATASETS if (record, number, text) not in PLACES
    ]
    assert [field for field in fields(stripped.data) if field[0].startswith("iptc")] == [
        (name, value.strip()) for name, value in kept
    ]


def resources(*, right: bool = True) -> bytes:
    body = iim(*DATASETS)
    digest = hashlib.md5(body).digest() if right else bytes(16)
    return (
        photoshop(0x03ED, bytes(16))
        + photoshop(0x0404, body)
        + photoshop(0x0425, digest)
        + photoshop(0x0422, exif())
        + photoshop(0x0424, packet())
    )


@pytest.mark.parametrize("right", [True, False])
def test_resources_cut_over_segments_lose_what_is_private(right: bool) -> None:
    whole = resources(right=right)
    cut = [whole[at : at + 101] for at in range(0, len(whole), 101)]
    data = encoded("JPEG")
    for part in reversed(cut):
        data = with_segment(data, 0xED, b"Photoshop 3.0\x00" + part)
    stripped = check(data)
    assert len(stripped.removed) == len(PLACES) + len(PRIVATE) + len(EXIF_NAMES)
    (iptc,) = [block.data for block in read_metadata(stripped.data) if block.place.endswith("0404")]
    joined = b"".join(
        stripped.data[at + 18 : at + 2 + int.from_bytes(stripped.data[at + 2 : at + 4], "big")]
        for at in range(2, len(stripped.data))
        if stripped.data[at : at + 2] == b"\xff\xed" and stripped.data[at + 4 : at + 17] == b"Photoshop 3.0"
    )
    at = joined.index(b"8BIM\x04\x25") + 12
    assert joined[at : at + 16] == (hashlib.md5(iptc).digest() if right else bytes(16))


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (iim((2, 5, "a"), (2, 90, "b")) + b"tail", iim((2, 5, "a")) + b"tail" + bytes(6)),
        (
            iim((2, 90, "b"), (2, 5, "a")) + b"\x1c\x02\x78\x00\xffabc",
            iim((2, 5, "a")) + b"\x1c\x02\x78\x00\xffabc" + bytes(6),
        ),
        (b"\x1c\x02\x5a\x80\x02\x00\x03abc" + iim((2, 5, "a")), iim((2, 5, "a")) + bytes(10)),
        (b"\x1c\x02\x5a\xff\xff" + bytes(30), bytes(35)),
        (b"\x1c\x02\x5a\x80\x00" + iim((2, 5, "a")), iim((2, 5, "a")) + bytes(5)),
    ],
)
def test_datasets_of_every_form_are_taken_apart(body: bytes, after: bytes) -> None:
    stripped = check(IPTC_INTO["JPEG"](body))
    assert [block.data for block in read_metadata(stripped.data)] == [after]


# --- PNG


def test_texts_of_exif_leave_a_png() -> None:
    data = encoded("PNG")
    for key in ("exif:GPSLatitude", "exif:BodySerialNumber", "exif:MakerNote", "exif:Make", "Title", "GPSLatitude"):
        data = with_png_chunk(data, png_text(key, b"x"))
    stripped = check(data, resized=True)
    assert names(stripped) == ["text:exif:BodySerialNumber", "text:exif:GPSLatitude", "text:exif:MakerNote"]
    assert sorted(name for name, _ in fields(stripped.data)) == ["text:GPSLatitude", "text:Title", "text:exif:Make"]


@pytest.mark.parametrize(
    ("key", "body"), [("xmp", packet()), ("iptc", iim(*DATASETS)), ("app1", b"Exif\x00\x00" + exif())]
)
@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXt+"])
def test_raw_profiles_lose_what_is_private(kind: str, key: str, body: bytes) -> None:
    text = f"\n{key}\n{len(body):8}\n{body.hex()}\n".encode()
    data = with_png_chunk(encoded("PNG"), png_text(f"Raw profile type {key}", text, kind))
    stripped = check(data, resized=True)
    assert stripped.removed
    assert {(block.kind, block.flaw) for block in read_metadata(stripped.data)} == {
        (block.kind, None) for block in read_metadata(data)
    }
    assert png_chunks_are_right(stripped.data)


def test_a_profile_that_is_not_hexadecimal_is_left() -> None:
    data = with_png_chunk(encoded("PNG"), png_text("Raw profile type exif", b"\nexif\n       4\nxxxx\n"))
    assert check(data).data == data


def png_chunks_are_right(data: bytes) -> bool:
    return all(data[start:end] == png_chunk(name, data[start + 8 : end - 4]) for name, start, end in png_chunks(data))


def test_a_changed_chunk_gets_its_checksum_and_no_other_does() -> None:
    data = EXIF_INTO["PNG"](exif())
    assert png_chunks_are_right(strip_location(data).data)
    wrong = with_png_chunk(encoded("PNG"), png_chunk(b"eXIf", exif(private=False), checksum=5))
    assert strip_location(with_png_chunk(wrong, png_text("exif:GPSInfo", b"1"))).data == wrong


# --- behind the picture, and what nobody looks into


def test_pictures_behind_the_picture_are_looked_into_as_well() -> None:
    second, third = EXIF_INTO["JPEG"](exif()), XMP_INTO["JPEG"](packet())
    data = encoded("JPEG") + second + bytes(10) + third
    stripped = check(data)
    assert len(stripped.removed) == len(EXIF_NAMES) + len(PRIVATE)
    assert stripped.removed[0].place == f"JPEG APP1 at byte {len(encoded('JPEG')) + 2}"
    assert stripped.unread == ()


@pytest.mark.parametrize(
    ("data", "unread"),
    [
        (encoded("JPEG") + b"SEFT", [f"behind the end of the picture, at byte {len(encoded('JPEG'))}"]),
        (encoded("JPEG") + b"\xff\xd8\xffSEFT", [f"behind the end of the picture, at byte {len(encoded('JPEG'))}"]),
        (with_segment(encoded("JPEG"), 0xE6, b"GoPro"), ["JPEG APP6 at byte 2"]),
        (with_segment(encoded("JPEG"), 0xE2, b"FPXR"), ["JPEG APP2 at byte 2"]),
        (with_segment(encoded("JPEG"), 0xE2, b"ICC_PROFILE\x00"), []),
        (encoded("PNG") + b"x", [f"behind the end of the picture, at byte {len(encoded('PNG'))}"]),
        (encoded("WEBP") + b"x", [f"behind the end of the picture, at byte {len(encoded('WEBP'))}"]),
    ],
)
def test_what_nobody_looks_into_is_told(data: bytes, unread: list[str]) -> None:
    stripped = strip_location(data)
    assert (stripped.data, stripped.removed, list(stripped.unread)) == (data, (), unread)


def test_there_is_an_end_to_pictures_behind_the_picture() -> None:
    data = encoded("JPEG") + b"\xff\xd8\xff\xd9" * 70
    assert strip_location(data).unread == (f"behind the end of the picture, at byte {len(encoded('JPEG')) + 256}",)


# --- nothing to do, and refusals


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_picture_that_tells_of_no_place_is_left(kind: str) -> None:
    data = encoded(kind)
    assert strip_location(data) == Stripped(data, (), ())
    assert find_location(data) == ()


def test_a_picture_with_credentials_is_refused() -> None:
    data = Maker().sign(EXIF_INTO["JPEG"](exif()))
    with pytest.raises(RefusedError) as caught:
        strip_location(data)
    assert caught.value.code == "picture-sealed"
    assert [found.name for found in find_location(data)] == ["exif:GPS"]


def test_a_kind_that_nobody_stamps_is_refused() -> None:
    message = "picture: expected one that can be stamped, got image/gif"
    with refused(InputError, message, code="picture-kind", hint="export the picture as jpeg, png or webp"):
        strip_location(encoded("GIF"))


def _edited(stream: bytes, at: int, new: bytes) -> bytes:
    return stream[:at] + new + stream[at + len(new) :]


def _below(stream: bytes, tag: int) -> int:
    at = stream.index(struct.pack("<HHI", tag, 4, 1)) + 8
    return int(struct.unpack_from("<I", stream, at)[0])


UNREADABLE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "no header": (lambda: EXIF_INTO["JPEG"](b"no tiff"), "expected a tiff header", "picture-damaged"),
    "directory too long": (
        lambda: EXIF_INTO["JPEG"](_edited(exif(), _below(exif(), 0x8769), b"\xff\xff")),
        "the directory is longer than the file",
        "picture-damaged",
    ),
    "too many directories": (
        lambda: EXIF_INTO["JPEG"](
            b"II*\x00\x08\x00\x00\x00\x01\x00" + struct.pack("<HHII", 330, 4, 513, 26) + bytes(4) + bytes(513 * 4)
        ),
        "too many directories",
        "picture-damaged",
    ),
    "shared bytes": (
        lambda: EXIF_INTO["JPEG"](
            _edited(exif(), exif().index(struct.pack("<HH", 0x010F, 2)) + 8, struct.pack("<I", _below(exif(), 0x8769)))
        ),
        "a directory shares its bytes with something else",
        "picture-damaged",
    ),
    "malformed xmp": (
        lambda: with_segment(encoded("JPEG"), 0xE1, XMP_HEADER + b"<a>"),
        "it is not xml in utf-8",
        "xmp-malformed",
    ),
    "short extended xmp": (
        lambda: with_segment(encoded("JPEG"), 0xE1, b"http://ns.adobe.com/xmp/extension/\x00" + bytes(39)),
        "a part of the extended xmp is too short",
        "picture-damaged",
    ),
    "text": (
        lambda: with_png_chunk(encoded("PNG"), png_chunk(b"zTXt", b"Raw profile type exif\x00\x00no zlib")),
        "a text cannot be read: it cannot be inflated",
        "picture-damaged",
    ),
    "bomb": (
        lambda: with_png_chunk(
            encoded("PNG"), png_chunk(b"zTXt", b"Raw profile type exif\x00\x00" + zlib.compress(bytes(5_000_000)))
        ),
        "a text cannot be read: it is too long",
        "picture-damaged",
    ),
    "compressed xmp": (
        lambda: heif([(b"hvc1", b"", b"coded"), (b"mime", b"application/rdf+xml\x00deflate", zlib.compress(packet()))]),
        "its xmp is compressed",
        "picture-damaged",
    ),
    "resources": (
        lambda: with_segment(
            with_segment(encoded("JPEG"), 0xED, b"Photoshop 3.0\x00" + photoshop(5, b"") * 3000),
            0xED,
            b"Photoshop 3.0\x00" + photoshop(5, b"") * 3000,
        ),
        "too many resources",
        "picture-damaged",
    ),
    "extended packets": (
        lambda: (
            encoded("JPEG")[:2]
            + b"".join(
                jpeg_segment(0xE1, b"http://ns.adobe.com/xmp/extension/\x00" + b"%032d" % n + bytes(8) + b"<a/>")
                for n in range(17)
            )
            + encoded("JPEG")[2:]
        ),
        "there are too many extended packets",
        "picture-damaged",
    ),
    "blocks": (
        lambda: encoded("JPEG")[:2] + jpeg_segment(0xE1, b"Exif\x00\x00") * 4097 + encoded("JPEG")[2:],
        "there is too much metadata",
        "picture-damaged",
    ),
    "items": (
        lambda: encoded("TIFF")[:4] + _many_packets(),
        "there is too much metadata",
        "picture-damaged",
    ),
    "overlap": (
        lambda: _gps_in_the_strip(),
        "its metadata and its picture overlap",
        "picture-damaged",
    ),
}


def _many_packets() -> bytes:
    """Return what follows the first four bytes of a TIFF of which five directories call the whole file their XMP."""
    size = 12 + 5 * 42
    out = struct.pack("<I", 12) + b"abcd"
    for number in range(5):
        entries = struct.pack("<HHII", 273, 4, 1, 8) + struct.pack("<HHII", 279, 4, 1, 4)
        following = 0 if number == 4 else 12 + 42 * (number + 1)
        out += struct.pack("<H", 3) + entries + struct.pack("<HHII", 33723, 1, size, 0) + struct.pack("<I", following)
    return out


def _gps_in_the_strip() -> bytes:
    """Return a TIFF whose IPTC is its coded data."""
    body = iim((2, 90, "München"))
    entries = struct.pack("<HHII", 273, 4, 1, 8) + struct.pack("<HHII", 279, 4, 1, len(body))
    entries += struct.pack("<HHII", 33723, 7, len(body), 8)
    body += bytes(len(body) % 2)
    return b"II*\x00" + struct.pack("<I", 8 + len(body)) + body + struct.pack("<H", 3) + entries + bytes(4)


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_to_its_end_is_refused(what: str) -> None:
    make, message, code = UNREADABLE[what]
    with pytest.raises(InputError, match=message) as caught:
        strip_location(make())
    assert caught.value.code == code
    find_location(make())  # a warning that cannot be given is no reason to stop


def test_what_was_there_is_told_without_its_values() -> None:
    stripped = strip_location(EXIF_INTO["JPEG"](exif()))
    assert stripped.removed[0] == Removed("JPEG APP1 at byte 2", "exif:GPS")
    assert SERIAL not in repr(stripped.removed)


def test_a_webp_with_two_blocks_loses_both() -> None:
    data = with_riff_chunk(EXIF_INTO["WebP"](exif()), riff(b"EXIF", exif()))
    assert names(check(data)) == sorted([*EXIF_NAMES, *EXIF_NAMES])


def test_xmp_in_a_box_of_its_own_and_exif_in_an_item_lose_what_is_private() -> None:
    uuid = box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + packet())
    data = heif([(b"hvc1", b"", b"coded"), (b"Exif", b"", bytes(4) + exif())], extra=uuid)
    assert len(check(data).removed) == len(EXIF_NAMES) + len(PRIVATE)


def test_a_comment_is_no_place() -> None:
    data = encoded("JPEG")[:2] + jpeg_segment(0xFE, b"GPSLatitude 48") + encoded("JPEG")[2:]
    assert check(data).data == data
