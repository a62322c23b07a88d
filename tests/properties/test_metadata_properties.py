"""Whatever a file says, its metadata are read or refused, in little time and memory."""

import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.corpus import VALUES, specimens
from support.metadata import EXTENDED_XMP_HEADER, box, encoded, heif, iim, photoshop, png_text, tiff, xmp
from support.pictures import PNG_SIGNATURE, XMP_HEADER, jpeg_segment, png_chunk, with_png_chunk
from support.refusals import assert_plain_message
from support.tries import tries

from provenance.errors import InputError
from provenance.evidence import CATALOGUE, Evidence, scan
from provenance.evidence.exif import read_exif
from provenance.evidence.fields import Field
from provenance.evidence.iptc import read_iptc
from provenance.evidence.xmp import read_xmp
from provenance.picture import BlockKind, read_metadata, read_picture
from provenance.picture.photoshop import metadata_in_photoshop

MEGABYTE = 1024 * 1024
bounded = settings(deadline=timedelta(seconds=5), max_examples=tries(200))

SEEDS = [
    *(encoded(kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF")),
    heif([(b"hvc1", b"", b"coded"), (b"Exif", b"", bytes(4) + tiff({0x0131: "Midjourney"}))]),
    *(
        specimen.data
        for marker in CATALOGUE
        if marker.code in ("tool.generator", "a1111.parameters", "samsung.trailer")
        for specimen in specimens(marker)
    ),
]
STARTS = [
    b"\xff\xd8\xff",
    PNG_SIGNATURE,
    b"RIFF\x40\x00\x00\x00WEBP",
    b"II*\x00\x08\x00\x00\x00",
    b"MM\x00*\x00\x00\x00\x08",
    b"GIF89a",
    b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00",
    b"\x00\x00\x00\x10ftypheic\x00\x00\x00\x00",
]


def scan_or_refuse(data: bytes) -> list[Evidence] | None:
    """Scan and digest a file; either may refuse it, and then in plain words."""
    found: list[Evidence] | None = None
    for read in (read_picture, scan):
        try:
            result = read(data)
        except InputError as error:
            refusal = error
            assert refusal.code in ("picture-kind", "picture-damaged")
            assert_plain_message(refusal)
        else:
            found = result if isinstance(result, list) else found
    for evidence in found or []:
        assert evidence.value.isprintable()
        assert len(evidence.value) <= 80
        assert evidence.place.isprintable()
    return found


@contextmanager
def at_most(seconds: float, megabytes: float) -> Iterator[None]:
    """Check that a block takes no longer and no more memory than this."""
    start = time.perf_counter()
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < megabytes * MEGABYTE
    assert time.perf_counter() - start < seconds


# --- whole files


@bounded
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=1500))
def test_anything_behind_the_first_bytes_is_scanned_or_refused(start: bytes, rest: bytes) -> None:
    scan_or_refuse(start + rest)


@settings(deadline=timedelta(seconds=5), max_examples=tries(600))
@given(data=st.data())
def test_a_file_changed_anywhere_is_scanned_or_refused(data: st.DataObject) -> None:
    seed = bytearray(data.draw(st.sampled_from(SEEDS), label="seed"))
    for _ in range(data.draw(st.integers(1, 6), label="changes")):
        at = data.draw(st.integers(0, len(seed)), label="at")
        match data.draw(st.sampled_from(["set", "cut", "insert", "repeat", "number"]), label="how"):
            case "set":
                seed[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del seed[at : at + data.draw(st.integers(1, 200))]
            case "insert":
                seed[at:at] = data.draw(st.binary(max_size=40))
            case "repeat":
                seed[at:at] = seed[at : at + data.draw(st.integers(1, 400))]
            case _:
                seed[at : at + 4] = struct.pack(">I", data.draw(st.integers(0, 2**32 - 1)))
    scan_or_refuse(bytes(seed))


@pytest.mark.parametrize("seed", SEEDS[:7], ids=["JPEG", "PNG", "WebP", "TIFF", "AVIF", "GIF", "HEIC"])
def test_a_file_cut_short_anywhere_is_refused_or_has_lost_its_metadata(seed: bytes) -> None:
    for length in range(0, len(seed), 1 if len(seed) < 3000 else 7):
        scan_or_refuse(seed[:length])


# --- TIFF

entries = st.lists(
    st.tuples(
        st.sampled_from([254, 256, 258, 270, 273, 279, 305, 324, 325, 330, 513, 514, 700, 33723, 34377, 34665, 34853]),
        st.integers(0, 14),
        st.one_of(st.integers(0, 8), st.integers(0, 2**32 - 1)),
        st.one_of(st.integers(0, 400), st.integers(0, 2**32 - 1)),
    ),
    max_size=12,
)


@bounded
@given(
    order=st.sampled_from("<>"), directories=st.lists(st.tuples(entries, st.integers(0, 400)), min_size=1, max_size=4)
)
def test_any_directories_are_read_or_refused(
    order: str, directories: list[tuple[list[tuple[int, int, int, int]], int]]
) -> None:
    data = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", 8)
    for listed, following in directories:
        data += struct.pack(f"{order}H", len(listed))
        data += b"".join(struct.pack(f"{order}HHII", *entry) for entry in listed) + struct.pack(f"{order}I", following)
    scan_or_refuse(data)
    list(read_exif(data, "here"))


# --- boxes


def nested(depth: int) -> st.SearchStrategy[bytes]:
    names = st.sampled_from([b"meta", b"iinf", b"infe", b"iloc", b"ipco", b"ipma", b"iprp", b"iref", b"idat", b"pitm"])
    inner = st.binary(max_size=40) if depth == 0 else st.one_of(st.binary(max_size=40), nested(depth - 1))
    sizes = st.one_of(st.none(), st.integers(0, 200), st.integers(0, 2**32 - 1))

    def build(name: bytes, bodies: list[bytes], size: int | None, head: bytes) -> bytes:
        made = box(name, head + b"".join(bodies))
        return made if size is None else struct.pack(">I", size) + made[4:]

    return st.builds(
        build, names, st.lists(inner, max_size=4), sizes, st.sampled_from([b"", bytes(4), b"\x02\x00\x00\x00"])
    )


@bounded
@given(boxes=st.lists(nested(3), max_size=4))
def test_any_boxes_are_read_or_refused(boxes: list[bytes]) -> None:
    scan_or_refuse(box(b"ftyp", b"avif" + bytes(4)) + b"".join(boxes))


# --- the decoders never refuse


def fields(read: Callable[[bytes, str], Iterator[Field]], data: bytes) -> list[Field]:
    found = list(read(data, "here"))
    assert all(field.place == "here" for field in found)
    return found


@bounded
@given(
    data=st.one_of(st.binary(max_size=600), st.binary(max_size=300).map(lambda rest: b"II*\x00\x08\x00\x00\x00" + rest))
)
def test_any_exif_is_decoded(data: bytes) -> None:
    fields(read_exif, data)


@bounded
@given(data=st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda rest: b"\x1c\x02\x6e" + rest)))
def test_any_iptc_is_decoded(data: bytes) -> None:
    fields(read_iptc, data)
    list(metadata_in_photoshop(b"8BIM\x04\x04" + data, "here"))


@bounded
@given(before=st.text(max_size=60), middle=st.text(max_size=200), cut=st.integers(0, 900))
def test_any_xmp_is_decoded(before: str, middle: str, cut: int) -> None:
    whole = xmp(("dc:title", "x")).replace(
        b"x:xmpmeta xmlns", b"x:xmpmeta " + before.encode("utf-8", "ignore") + b" xmlns"
    )
    fields(read_xmp, middle.encode("utf-8", "replace"))
    fields(read_xmp, whole[:cut] + middle.encode("utf-8", "replace") + whole[cut:])
    fields(read_xmp, whole[:cut])


# --- bombs and lies


def zeros(megabytes: int) -> bytes:
    machine = zlib.compressobj(9)
    return b"".join(machine.compress(bytes(MEGABYTE)) for _ in range(megabytes)) + machine.flush()


def flaws(data: bytes) -> list[str]:
    return [field.value for block in read_metadata(data) for field in _decoded(block)]


def _decoded(block: object) -> Iterator[Field]:
    from provenance.evidence.decoding import read_fields
    from provenance.picture import MetadataBlock

    assert isinstance(block, MetadataBlock)
    return (field for field in read_fields(block) if field.name == "flaw")


def test_a_text_that_inflates_to_much_is_cut_and_said_to_be() -> None:
    bomb = zeros(256)
    chunk = png_chunk(b"zTXt", b"parameters\x00\x00" + bomb)
    data = with_png_chunk(encoded("PNG"), chunk)
    with at_most(2, 40):
        (found,) = scan(data)
    assert (found.marker.code, found.value) == ("metadata.unreadable", "it is too long")


def test_many_texts_that_inflate_to_much_cost_no_more_than_a_few() -> None:
    chunk = png_chunk(b"zTXt", b"a\x00\x00" + zeros(4))
    data = encoded("PNG")
    for _ in range(3):
        data = with_png_chunk(data, chunk * 300)
    with at_most(4, 60):
        found = scan(data)
    assert "the file holds too much compressed text" in flaws(data)
    assert [evidence.marker.code for evidence in found] == ["metadata.unreadable"]


ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (c + 1, (b"&%c;" % c) * 10) for c in range(97, 110))
    + b"]><x>&n;</x>"
)


@pytest.mark.parametrize(
    "packet",
    [
        ENTITIES,
        b'<!DOCTYPE x SYSTEM "file:///etc/hostname"><x/>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>',
        b"\xff\xfe" + '<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>'.encode("utf-16-le"),
    ],
    ids=["laughs", "external", "external entity", "utf-16"],
)
def test_no_entity_is_expanded_and_nothing_is_fetched(packet: bytes) -> None:
    with at_most(1, 4):
        found = fields(read_xmp, packet)
    assert [(field.name, field.value) for field in found] == [
        ("flaw", "the xmp packet cannot be read: it declares a document type")
    ]


def test_a_deep_packet_is_left_where_it_gets_too_deep() -> None:
    packet = b"<a xmlns='urn:a'>" * 200_000
    with at_most(2, 8):
        found = fields(read_xmp, packet)
    assert [field.value for field in found] == ["the xmp packet cannot be read: it is nested too deeply"]


def test_a_packet_of_too_many_properties_is_left() -> None:
    packet = b"<r xmlns:a='urn:a'>" + b"<a:b>1</a:b>" * 100_000 + b"</r>"
    with at_most(3, 40):
        found = fields(read_xmp, packet)
    assert found[-1].value == "the xmp packet cannot be read: it has too many properties"
    assert len(found) == 20_001


def test_directories_that_lead_in_a_circle_are_refused() -> None:
    first = struct.pack("<HHHIII", 1, 330, 4, 1, 8, 0)
    second = struct.pack("<HHHIII", 1, 256, 4, 1, 8, 8)
    for directory in (first, second):
        data = b"II*\x00\x08\x00\x00\x00" + directory
        for read in (read_picture, lambda data: list(read_metadata(data))):
            with pytest.raises(InputError, match=r"\Atiff at byte 8: the directories lead in a circle\Z"):
                read(data)
        assert len(fields(read_exif, data)) <= 1


def test_directories_without_number_are_refused() -> None:
    data = bytearray(b"II*\x00\x08\x00\x00\x00")
    for number in range(2000):
        data += struct.pack("<HHHII", 1, 256, 4, 1, 1) + struct.pack("<I", 8 + 18 * (number + 1))
    data += struct.pack("<HI", 0, 0)
    with pytest.raises(InputError, match="too many directories"):
        read_picture(bytes(data))


def test_one_text_under_many_tags_is_not_read_for_each() -> None:
    text = b"Steps: 20, " * 90_000
    number = 4000
    place = 8 + 2 + 12 * number + 4
    data = b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", number)
    data += b"".join(struct.pack("<HHII", 0xC000 + n, 2, len(text), place) for n in range(number)) + bytes(4) + text
    with at_most(3, 120):
        found = fields(read_exif, data)
    assert ("flaw", "there is too much text in the exif directory") in [(field.name, field.value) for field in found]


def test_strips_that_overlap_are_not_hashed_again_and_again() -> None:
    number, size = 2000, 64 * 1024
    places = 8 + 2 + 12 * 2 + 4
    body = places + 8 * number
    data = b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", 2)
    data += struct.pack("<HHII", 273, 4, number, places) + struct.pack("<HHII", 279, 4, number, places + 4 * number)
    data += bytes(4) + struct.pack("<I", body) * number + struct.pack("<I", size) * number + bytes(size)
    with at_most(1, 8), pytest.raises(InputError, match="the coded data are longer than the file"):
        read_picture(data)


def test_xmp_under_many_tags_is_not_read_for_each() -> None:
    packet = xmp(("dc:title", "x" * 60_000))
    number = 3000
    place = 8 + 2 + 12 * number + 4
    data = b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", number)
    data += struct.pack("<HHII", 700, 1, len(packet), place) * number + bytes(4) + packet
    with at_most(3, 40):
        scan(data)


@pytest.mark.parametrize("tag", [700, 33723, 34377, 0x927C])
def test_a_whole_file_under_many_tags_is_not_copied_for_each(tag: int) -> None:
    number, size = 4000, 4 * MEGABYTE
    data = b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", number)
    data += struct.pack("<HHII", tag, 7, size, 0) * number + bytes(4 + size)
    with at_most(4, 80):
        scan(data)


@pytest.mark.parametrize(
    ("kind", "content"), [(b"mime", b"text/plain"), (b"uri ", b""), (b"Exif", b""), (b"mime", b"application/rdf+xml")]
)
def test_a_whole_file_under_many_items_is_not_copied_for_each(kind: bytes, content: bytes) -> None:
    number, size = 6000, 4 * MEGABYTE
    entry = b"\x00" + (content + b"\x00" if content else b"")
    entries = b"".join(
        box(b"infe", struct.pack(">IHH4s", 0x02000000, n, 0, kind) + entry) for n in range(1, number + 1)
    )
    places = b"".join(struct.pack(">HHHII", n, 0, 1, 0, size) for n in range(1, number + 1))
    meta = bytes(4) + box(b"iinf", struct.pack(">IH", 0, number) + entries)
    meta += box(b"iloc", struct.pack(">IHH", 0, 0x4400, number) + places)
    data = box(b"ftyp", b"avif" + bytes(4)) + box(b"meta", meta) + box(b"mdat", bytes(size))
    with at_most(4, 80):
        scan(data)


def test_extents_that_overlap_are_not_hashed_again_and_again() -> None:
    extents = struct.pack(">II", 0, 65_536) * 5000
    places = struct.pack(">IHHHHH", 0, 0x4400, 1, 1, 0, 5000) + extents
    meta = (
        bytes(4)
        + box(b"pitm", struct.pack(">IH", 0, 1))
        + box(
            b"iinf", struct.pack(">IH", 0, 1) + box(b"infe", struct.pack(">IHH4s", 0x02000000, 1, 0, b"av01") + b"\x00")
        )
        + box(b"iloc", places)
    )
    data = box(b"ftyp", b"avif" + bytes(4)) + box(b"meta", meta) + box(b"mdat", bytes(65_536))
    with at_most(1, 16), pytest.raises(InputError, match="the items are longer than the file"):
        read_picture(data)


def test_extended_xmp_that_lies_is_told() -> None:
    guid = b"0" * 32
    parts = [
        jpeg_segment(0xE1, EXTENDED_XMP_HEADER + guid + struct.pack(">II", 2**32 - 1, offset) + b"<a/>")
        for offset in (0, 2**32 - 1, 2**31, 4)
    ]
    data = b"\xff\xd8" + b"".join(parts) * 50 + encoded("JPEG")[2:]
    with at_most(1, 4):
        assert "a part is missing or there twice" in flaws(data)


@pytest.mark.parametrize(
    ("length", "flawed"), [(b"\x00\x05", True), (b"\x80\x04\xff\xff\xff\xff", True), (b"\xff\xff", False)]
)
def test_a_dataset_that_claims_more_than_there_is_ends_them(length: bytes, flawed: bool) -> None:
    data = iim((2, 110, "Credit")) + b"\x1c\x02\x6e" + length + b"abc"
    found = fields(read_iptc, data)
    assert found[0].value == "Credit"
    assert any(field.name == "flaw" for field in found) == flawed


def test_resources_without_end_are_left() -> None:
    data = photoshop(0x0404, iim((2, 110, "Credit"))) + b"8BIM\x04\x04\x00\x00\xff\xff\xff\xff" + b"abc"
    blocks = list(metadata_in_photoshop(data, "here"))
    assert [(block.kind, block.flaw) for block in blocks] == [(BlockKind.IPTC, None), (BlockKind.IPTC, "it breaks off")]


@pytest.mark.slow
def test_shapes_are_looked_for_in_little_time() -> None:
    """Near misses of every shape, a megabyte each: what grows with the square of its length would take days."""
    for code, value in VALUES.items():
        marker = next(marker for marker in CATALOGUE if marker.code == code)
        near = value[:-1] or value
        for text in (near * (MEGABYTE // len(near)), near + " " * MEGABYTE, "a" * MEGABYTE, '"' * MEGABYTE):
            start = time.process_time()
            for condition in marker.conditions:
                for shape in condition.shapes:
                    shape.search(text[:MEGABYTE])
            assert time.process_time() - start < 10, code


def test_blocks_without_number_are_left() -> None:
    data = (
        b"\xff\xd8" + jpeg_segment(0xFE, b"x") * 10_000 + jpeg_segment(0xE1, XMP_HEADER + xmp()) + encoded("JPEG")[2:]
    )
    with at_most(2, 8):
        blocks = list(read_metadata(data))
    assert (len(blocks), blocks[-1].flaw) == (4097, "there is too much of it")
    png = with_png_chunk(encoded("PNG"), png_text("a", b"b") * 10_000)
    assert len(list(read_metadata(png))) == 4097
