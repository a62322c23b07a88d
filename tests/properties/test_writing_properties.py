"""Whatever a picture file says: its metadata are written and made blank and the picture stays, or it is refused."""

import struct
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from support.corpus import specimens
from support.metadata import EXIF_INTO, IPTC_INTO, XMP_INTO, encoded, heif, iim, tiff, xmp
from support.mutations import edited_bytes
from support.pictures import XMP_HEADER, with_segment
from support.refusals import assert_plain_message
from support.tries import tries

from provenance.errors import InputError, ProvenanceError, RefusedError
from provenance.evidence import CATALOGUE
from provenance.evidence.xmp import read_xmp
from provenance.picture import BlockKind, read_metadata, read_picture
from provenance.picture.location import find_location, strip_location
from provenance.picture.packets import blank_in_packet, names_in_packet, write_into_packet
from provenance.picture.private_names import is_private_xmp
from provenance.picture.properties import PictureProperties
from provenance.picture.xmp_writing import write_xmp

bounded = settings(deadline=timedelta(seconds=5), max_examples=tries(300))

CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
STATED = PictureProperties(digital_source_type=CAPTURE, model_release_ids=("one", "two"), ai_system="A & B")
EXIF = tiff(
    {0x010F: "Maker", 0x0131: "Lightroom"},
    {0x927C: b"Nikon" + bytes(range(40)), 0xA431: "4001234", 0x9003: "2026:05:17 10:11:12"},
    gps={1: "N", 2: (48, 1), 29: "2026:05:17"},
)
PACKET = xmp(("exif:GPSLatitude", "48"), ("dc:title", "Zoë"), ("photoshop:City", "x"), element=True)
SEEDS = [
    *(encoded(kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF")),
    *(into(EXIF) for into in EXIF_INTO.values()),
    *(into(PACKET) for into in XMP_INTO.values()),
    *(into(iim((2, 5, "a"), (2, 90, "x"), (2, 110, "b"))) for into in IPTC_INTO.values()),
    heif([(b"hvc1", b"", b"coded"), (b"Exif", b"", bytes(4) + EXIF)]),
    EXIF_INTO["JPEG"](EXIF) + XMP_INTO["JPEG"](PACKET),
    *(
        specimen.data
        for marker in CATALOGUE
        if marker.code in ("tool.generator", "samsung.trailer", "a1111.parameters")
        for specimen in specimens(marker)
    ),
]
CODES = {
    *("picture-kind", "picture-damaged", "picture-sealed"),
    *("xmp-malformed", "xmp-ambiguous", "xmp-too-large", "xmp-place"),
}


def check_refusal(error: ProvenanceError) -> None:
    assert error.code in CODES
    assert_plain_message(error)


def _written(data: bytes) -> bytes:
    return write_xmp(data, STATED)


def _stripped(data: bytes) -> bytes:
    return strip_location(data).data


def check(data: bytes) -> None:
    """Write and strip a file; either may refuse it, and then in plain words."""
    try:
        before = read_picture(data)
    except InputError:
        before = None
    for change in (_written, _stripped):
        try:
            changed = change(data)
        except (InputError, RefusedError) as error:
            check_refusal(error)
            continue
        assert before is not None
        after = read_picture(changed)
        assert (after.digest, after.format, after.store) == (before.digest, before.format, None)
        assert change(changed) == changed
        assert len(changed) < 2 * len(data) + 4096
    if before is not None:
        find_location(data)


@settings(deadline=timedelta(seconds=5), max_examples=tries(600))
@given(data=st.data())
def test_a_file_changed_anywhere_is_written_and_stripped_or_refused(data: st.DataObject) -> None:
    seed = bytearray(data.draw(st.sampled_from(SEEDS), label="seed"))
    for _ in range(data.draw(st.integers(0, 6), label="changes")):
        # Metadata come first in most files, and are short.
        at = data.draw(st.one_of(st.integers(0, len(seed)), st.integers(0, min(len(seed), 600))), label="at")
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
                seed[at : at + 4] = struct.pack(
                    data.draw(st.sampled_from(["<I", ">I"])), data.draw(st.integers(0, 2**32 - 1))
                )
    check(bytes(seed))


@bounded
@given(stream=edited_bytes(EXIF))
def test_any_exif_is_stripped_or_refused_and_the_rest_of_the_file_stays(stream: bytes) -> None:
    data = EXIF_INTO["JPEG"](stream)
    try:
        stripped = strip_location(data)
    except InputError as error:
        check_refusal(error)
        return
    base = data.index(b"Exif\x00\x00") + 6
    assert (stripped.data[:base], stripped.data[base + len(stream) :]) == (data[:base], data[base + len(stream) :])
    assert strip_location(stripped.data).removed == ()


entries = st.lists(
    st.tuples(
        st.sampled_from([256, 273, 279, 330, 513, 514, 700, 33723, 34377, 34665, 34853, 37500, 42033, 50735]),
        st.integers(0, 14),
        st.one_of(st.integers(0, 8), st.integers(0, 2**32 - 1)),
        st.one_of(st.integers(0, 400), st.integers(0, 2**32 - 1)),
    ),
    max_size=10,
)


@bounded
@given(
    order=st.sampled_from("<>"), directories=st.lists(st.tuples(entries, st.integers(0, 400)), min_size=1, max_size=4)
)
def test_any_directories_are_stripped_or_refused(
    order: str, directories: list[tuple[list[tuple[int, int, int, int]], int]]
) -> None:
    data = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", 8)
    for listed, following in directories:
        data += struct.pack(f"{order}H", len(listed))
        data += b"".join(struct.pack(f"{order}HHII", *entry) for entry in listed) + struct.pack(f"{order}I", following)
    check(data)
    check(EXIF_INTO["JPEG"](data))


@bounded
@given(packet=edited_bytes(PACKET))
def test_any_packet_is_edited_or_refused(packet: bytes) -> None:
    try:
        names = names_in_packet(packet, place="here")
        blanked, gone = blank_in_packet(packet, is_private_xmp, place="here")
    except InputError as error:
        check_refusal(error)
        return
    assert len(blanked) == len(packet)
    assert names_in_packet(blanked, place="here") <= names
    assert not any(is_private_xmp(name) for name in names_in_packet(blanked, place="here"))
    assert bool(gone) == any(is_private_xmp(name) for name in names)
    try:
        written = write_into_packet(packet, STATED, place="here")
    except InputError as error:
        check_refusal(error)
        return
    assert names <= names_in_packet(written, place="here")
    assert write_into_packet(written, STATED, place="here") == written


@bounded
@given(
    system=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=80),
    releases=st.lists(st.sampled_from(["a", "]]>", "&amp;", "<b>", "--", "'\"", "\u00e9\u5c71"]), max_size=5),
)
def test_any_text_comes_back_as_it_was(system: str, releases: list[str]) -> None:
    written = write_xmp(encoded("PNG"), PictureProperties(ai_system=system, model_release_ids=tuple(releases)))
    (block,) = (block for block in read_metadata(written) if block.kind is BlockKind.XMP)
    assert [field.value for field in read_xmp(block.data, "here")] == [system, *releases]


@bounded
@given(data=st.binary(max_size=400))
def test_anything_in_the_place_of_a_packet_is_refused(data: bytes) -> None:
    check(with_segment(encoded("JPEG"), 0xE1, XMP_HEADER + data))
