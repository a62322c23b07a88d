"""TIFF and DNG: the digest of what makes the picture, the manifest store, and the blocks of metadata."""

import hashlib
import io
import struct
from collections.abc import Callable

import pytest
from PIL import Image, TiffImagePlugin
from support.makers import Maker
from support.metadata import encoded, iim, photoshop, xmp
from support.pictures import draw
from support.refusals import refused
from support.shared import shared

from provenance.credentials.jumbf import read_store
from provenance.errors import InputError
from provenance.picture import BlockKind, PictureFormat, identify, read_metadata, read_picture

EXPORT_AGAIN = "export or download the picture again"
Entry = tuple[int, int, int, bytes]  # tag, type, count, values

STRIPS = [b"first strip", b"second strip!"]


def number(tag: int, value: int, *, order: str = "<", kind: int = 4) -> Entry:
    return tag, kind, 1, struct.pack(f"{order}{'I' if kind == 4 else 'H'}", value)


def text(tag: int, value: str) -> Entry:
    return tag, 2, len(value) + 1, value.encode() + b"\x00"


def build(*directories: list[Entry], order: str = "<", strips: list[bytes] = STRIPS, gap: int = 0) -> bytes:
    """Return a TIFF file; each directory with its own entries and the same strips; nothing of Pillow's."""
    data = bytearray((b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", 8))
    for position, own in enumerate(directories):
        places = []
        values: list[Entry] = list(own)
        start = len(data)
        size = 2 + 12 * (len(own) + (2 if strips else 0)) + 4
        body = start + size + gap
        for strip in strips:
            places.append(body)
            body += len(strip)
        if strips:
            values.append((273, 4, len(strips), struct.pack(f"{order}{len(strips)}I", *places)))
            values.append((279, 4, len(strips), struct.pack(f"{order}{len(strips)}I", *map(len, strips))))
        behind = bytearray(bytes(gap) + b"".join(strips))
        entries = bytearray()
        for tag, kind, count, raw in sorted(values):
            entries += struct.pack(f"{order}HHI", tag, kind, count)
            if len(raw) <= 4:
                entries += raw.ljust(4, b"\x00")
            else:
                entries += struct.pack(f"{order}I", start + size + len(behind))
                behind += raw
        behind += bytes(len(behind) % 2)
        following = 0 if position == len(directories) - 1 else start + size + len(behind)
        data += struct.pack(f"{order}H", len(values)) + entries + struct.pack(f"{order}I", following) + behind
    return bytes(data)


def digest(data: bytes) -> bytes:
    return read_picture(data).digest


WIDTH = number(256, 96)
PLAIN = [WIDTH, number(257, 128), number(259, 1, kind=3)]


def test_the_digest_is_the_one_of_its_definition() -> None:
    values = [(256, [96]), (257, [128]), (259, [1]), (279, [11, 13])]
    expected = b"II" + b"".join(struct.pack(f">HIQ{len(v)}I", tag, len(v), 4 * len(v), *v) for tag, v in values)
    assert digest(build(PLAIN)) == hashlib.sha256(expected + b"".join(STRIPS)).digest()


def test_a_value_of_another_type_is_covered_with_its_type() -> None:
    raw = struct.pack("<II", 1, 2)
    expected = b"II" + struct.pack(">HIQH", 520, 1, 10, 5) + raw
    found = digest(build([(520, 5, 1, raw)], strips=[b"x"]))
    # 279 comes before 520.
    counts = struct.pack(">HIQI", 279, 1, 4, 1)
    assert found == hashlib.sha256(b"II" + counts + expected[2:] + b"x").digest()


CAPTIONS: dict[str, list[Entry]] = {
    "a description": [*PLAIN, text(270, "a caption")],
    "a maker": [*PLAIN, text(271, "NIKON"), text(272, "Z 8"), text(305, "Lightroom")],
    "an orientation": [*PLAIN, number(274, 6, kind=3)],
    "XMP": [*PLAIN, (700, 1, 400, bytes(400))],
    "IPTC": [*PLAIN, (33723, 7, 40, bytes(40))],
    "a colour profile": [*PLAIN, (34675, 7, 100, bytes(100))],
    "credentials": [*PLAIN, (52545, 7, 100, bytes(100))],
    "a tag of nobody": [*PLAIN, number(60_000, 7)],
    "a wider integer": [WIDTH, number(257, 128, kind=3), number(259, 1)],
}


@pytest.mark.parametrize("name", CAPTIONS)
@pytest.mark.parametrize("gap", [0, 64])
def test_metadata_and_places_do_not_touch_the_digest(name: str, gap: int) -> None:
    assert digest(build(CAPTIONS[name], gap=gap)) == digest(build(PLAIN))


PICTURES: dict[str, bytes] = {
    "the byte order": build([number(t, v, order=">") for t, v in ((256, 96), (257, 128), (259, 1))], order=">"),
    "the width": build([number(256, 97), *PLAIN[1:]]),
    "the compression": build([*PLAIN[:2], number(259, 5)]),
    "a strip": build(PLAIN, strips=[b"first strop", STRIPS[1]]),
    "the order of the strips": build(PLAIN, strips=STRIPS[::-1]),
    "the border between the strips": build(PLAIN, strips=[b"first strips", b"econd strip!"]),
    "a second picture": build(PLAIN, PLAIN),
    "how raw data are read": build([*PLAIN, number(50717, 4095)]),
}


def test_whatever_makes_the_picture_changes_the_digest() -> None:
    digests = {name: digest(data) for name, data in PICTURES.items()} | {"itself": digest(build(PLAIN))}
    assert len(set(digests.values())) == len(digests)


@pytest.mark.parametrize("order", ["<", ">"])
def test_sub_directories_are_covered_and_searched(order: str) -> None:
    inner = build(PLAIN, order=order)
    moved = bytearray(build([number(330, 0, order=order)], order=order, strips=[]))
    start = len(moved)
    # The values of a directory that is moved move with it.
    (count,) = struct.unpack_from(f"{order}H", inner, 8)
    body = bytearray(inner[8:])
    for entry in range(count):
        position = 2 + 12 * entry
        tag, _, number_of = struct.unpack_from(f"{order}HHI", body, position)
        if tag in (273, 279):
            (place,) = struct.unpack_from(f"{order}I", body, position + 8)
            values = list(struct.unpack_from(f"{order}{number_of}I", body, place - 8))
            if tag == 273:
                struct.pack_into(f"{order}{number_of}I", body, place - 8, *(v + start - 8 for v in values))
            struct.pack_into(f"{order}I", body, position + 8, place + start - 8)
    struct.pack_into(f"{order}I", moved, 8 + 2 + 8, start)
    assert digest(bytes(moved + body)) == digest(inner)


def test_a_dng_is_known_by_its_version() -> None:
    raw = build([*PLAIN, (50706, 1, 4, bytes([1, 4, 0, 0]))])
    assert identify(raw) is read_picture(raw).format is PictureFormat.DNG
    assert identify(build(PLAIN)) is PictureFormat.TIFF
    assert digest(raw) == digest(build(PLAIN))


# --- metadata


def blocks(data: bytes) -> list[tuple[BlockKind, bytes]]:
    return [(block.kind, block.data) for block in read_metadata(data)]


def test_the_metadata_of_every_directory_are_found() -> None:
    packet, credit = xmp(("dc:title", "x")), iim((2, 110, "Credit"))
    resources = photoshop(0x03ED, bytes(3)) + photoshop(0x0404, credit)
    data = build(
        PLAIN,
        [*PLAIN, (700, 1, len(packet), packet), (33723, 7, len(credit), credit)],
        [*PLAIN, (34377, 7, len(resources), resources)],
    )
    found = blocks(data)
    assert found == [
        (BlockKind.EXIF, data),
        (BlockKind.XMP, packet),
        (BlockKind.IPTC, credit),
        (BlockKind.IPTC, credit),
    ]
    places = [block.place for block in read_metadata(data)]
    assert places[0] == "TIFF directory 0"
    assert [place.split(" at byte ")[0] for place in places[1:]] == ["TIFF directory 1"] * 2 + ["TIFF directory 2"]


def test_metadata_that_lie_outside_of_the_file_are_told() -> None:
    data = bytearray(build([*PLAIN, (700, 1, 4, b"<a/>")]))
    position = data.index(struct.pack("<HHI", 700, 1, 4))
    struct.pack_into("<II", data, position + 4, 1000, len(data) - 3)
    _, block = read_metadata(bytes(data))
    assert (block.kind, len(block.data), block.flaw) == (BlockKind.XMP, 3, "it breaks off")


# --- refusals


def patched(position: int, value: int) -> bytes:
    data = bytearray(build(PLAIN))
    struct.pack_into("<I", data, position, value)
    return bytes(data)


ENTRIES = {tag: 8 + 2 + 12 * place for place, tag in enumerate([256, 257, 259, 273, 279])}
DAMAGED = [
    (b"II*\x00", "tiff at byte 0: expected a tiff header"),
    (b"MM\x00*\x00\x00\x00", "tiff at byte 0: expected a tiff header"),
    (b"II*\x00\x00\x00\x00\x00", "tiff at byte 0: the directory lies outside of the file"),
    (b"II*\x00\x09\x00\x00\x00" + bytes(2), "tiff at byte 9: the directory lies outside of the file"),
    (b"II*\x00\x08\x00\x00\x00\xff\xff" + bytes(100), "tiff at byte 8: the directory is longer than the file"),
    (b"II*\x00\x08\x00\x00\x00" + bytes(6), "tiff at byte 8: expected a picture"),
    (build([WIDTH], strips=[]), "tiff at byte 8: expected a picture"),
    (build([WIDTH, WIDTH]), "tiff at byte 8: the directory has two entries of one tag"),
    (build([number(273, 8)], strips=[]), "tiff at byte 8: expected a byte count for every strip or tile"),
    (patched(ENTRIES[273] + 4, 1), "tiff at byte 8: expected a byte count for every strip or tile"),
    (patched(ENTRIES[273] + 8, 4000), "tiff at byte 8: expected a byte count for every strip or tile"),
    (patched(ENTRIES[279] + 8, 4000), "tiff at byte 8: the values of tag 279 lie outside of the file"),
    (
        build([(273, 4, 1, struct.pack("<I", 8)), number(279, 999)], strips=[]),
        "tiff at byte 8: the coded data are longer than the file",
    ),
    (build([(330, 4, 600, bytes(2400)), *PLAIN]), "tiff at byte 8: too many directories"),
]


@pytest.mark.parametrize(("data", "message"), DAMAGED)
def test_a_damaged_file_is_refused_with_its_place(data: bytes, message: str) -> None:
    with refused(InputError, message, code="picture-damaged", hint=EXPORT_AGAIN):
        read_picture(data)


def test_a_file_cut_short_anywhere_is_refused() -> None:
    data = build(PLAIN)
    for length in range(4, len(data) - 1):
        with pytest.raises(InputError) as caught:
            read_picture(data[:length])
        assert caught.value.code == "picture-damaged", length


# --- files of others


def compressed(kind: str) -> bytes:
    target = io.BytesIO()
    draw().save(target, "TIFF", compression=kind)
    return target.getvalue()


def tiled() -> bytes:
    target = io.BytesIO()
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[322], info[323] = 64, 64
    draw().save(target, "TIFF", compression="tiff_lzw", tiffinfo=info)
    return target.getvalue()


def pages() -> bytes:
    target = io.BytesIO()
    draw().save(target, "TIFF", save_all=True, append_images=[draw(seed=1)])
    return target.getvalue()


MADE: dict[str, Callable[[], bytes]] = {
    "raw": lambda: encoded("TIFF"),
    "lzw": lambda: compressed("tiff_lzw"),
    "deflate": lambda: compressed("tiff_adobe_deflate"),
    "jpeg": lambda: compressed("jpeg"),
    "tiles": tiled,
    "pages": pages,
    "shared": lambda: shared("photos", "formats", "test.tiff").read_bytes(),
}


@pytest.mark.parametrize("name", MADE)
def test_credentials_leave_the_digest_as_it_is_and_are_found(name: str) -> None:
    data = MADE[name]()
    maker = Maker()
    before = read_picture(data)
    assert before.store is None
    once = maker.sign(data, "image/tiff")
    twice = maker.sign(once, "image/tiff", parent=True)
    for signed, manifests in ((once, 1), (twice, 2)):
        after = read_picture(signed)
        assert after.digest == before.digest
        assert after.store is not None
        assert after.store.flaw is None
        assert len(read_store(after.store.data).manifests) == manifests
        assert signed[after.store.start : after.store.end] == after.store.data


@pytest.mark.parametrize("name", MADE)
def test_no_coded_byte_changes_without_the_digest(name: str) -> None:
    data = MADE[name]()
    with Image.open(io.BytesIO(data)) as image:
        tags = dict(image.tag_v2)  # type: ignore[attr-defined]
    starts, counts = tags.get(273) or tags[324], tags.get(279) or tags[325]
    places = [p for start, count in zip(starts, counts, strict=True) for p in range(start, start + count)]
    right = digest(data)
    for position in places[:: max(len(places) // 200, 1)]:
        changed = bytearray(data)
        changed[position] ^= 1
        assert digest(bytes(changed)) != right, position


def test_two_stores_or_one_outside_of_the_file_are_flaws() -> None:
    store = (52545, 7, 100, bytes(100))
    two = read_picture(build([*PLAIN, store], [*PLAIN, store])).store
    assert two is not None
    assert two.flaw == "tag 52545: expected one, got 2"
    data = bytearray(build([*PLAIN, store]))
    struct.pack_into("<I", data, data.index(struct.pack("<HHI", 52545, 7, 100)) + 4, 10_000)
    outside = read_picture(bytes(data)).store
    assert outside is not None
    assert outside.flaw == "tag 52545: it lies outside of the file"
