"""XMP written into picture files: what is said, what stays as it was, and what is refused."""

import io
import struct
from collections.abc import Callable

import pytest
from support.makers import Maker
from support.metadata import EXIF_INTO, IPTC_INTO, XMP_INTO, encoded, heif, photoshop, png_text, tiff, xmp
from support.pictures import (
    XMP_HEADER,
    draw,
    jpeg_segment,
    png_chunk,
    png_chunks,
    riff_body,
    riff_chunk,
    riff_chunks,
    with_png_chunk,
    with_riff_chunk,
    with_riff_size,
    with_segment,
)
from support.refusals import refused

from provenance.errors import InputError, RefusedError
from provenance.evidence.xmp import read_xmp
from provenance.picture import BlockKind, read_metadata, read_picture
from provenance.picture.properties import PictureProperties
from provenance.picture.xmp_writing import write_xmp

CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
LIMITED = "http://ns.useplus.org/ldf/vocab/MR-LMR"
PROHIBITED = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"
ALL = PictureProperties(
    digital_source_type=GENERATED,
    model_release_status=LIMITED,
    model_release_ids=("one & <two>", '"three"'),
    data_mining=PROHIBITED,
    other_constraints="AI training not allowed; <ask>",
    ai_system="Portrait & Co",
    ai_system_version="1.2 <beta>",
)
ONE = PictureProperties(digital_source_type=CAPTURE)
PLUS = "{http://ns.useplus.org/ldf/xmp/1.0/}"
SAID = [
    ("Iptc4xmpExt:DigitalSourceType", GENERATED),
    ("Iptc4xmpExt:AISystemUsed", "Portrait & Co"),
    ("Iptc4xmpExt:AISystemVersionUsed", "1.2 <beta>"),
    (f"{PLUS}ModelReleaseStatus", LIMITED),
    (f"{PLUS}DataMining", PROHIBITED),
    (f"{PLUS}ModelReleaseID", "one & <two>"),
    (f"{PLUS}ModelReleaseID", '"three"'),
    (f"{PLUS}OtherConstraints", "AI training not allowed; <ask>"),
]

PLAIN = {kind: encoded(kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF")}
ALREADY = {
    name: into for name, into in XMP_INTO.items() if name.split()[0].rstrip(",") in ("JPEG", "PNG", "WebP", "TIFF")
}


def said(data: bytes) -> list[tuple[str, str]]:
    packets = [block for block in read_metadata(data) if block.kind is BlockKind.XMP]
    return [(f.name.removeprefix("xmp:"), f.value) for block in packets for f in read_xmp(block.data, "here")]


def others(data: bytes) -> list[tuple[BlockKind, bytes]]:
    """Return the metadata beside XMP; a TIFF file, which comes as a block itself, is no part of it."""
    blocks = [block for block in read_metadata(data) if block.kind is not BlockKind.XMP]
    return [(block.kind, block.data) for block in blocks if not block.place.startswith("TIFF directory 0")]


def only_packet(data: bytes) -> bytes:
    (block,) = (block for block in read_metadata(data) if block.kind is BlockKind.XMP)
    return block.data


def jpeg(packet: bytes) -> bytes:
    return with_segment(encoded("JPEG"), 0xE1, XMP_HEADER + packet)


@pytest.mark.parametrize("kind", PLAIN)
def test_a_picture_without_xmp_gets_a_packet(kind: str) -> None:
    data = PLAIN[kind]
    written = write_xmp(data, ALL)
    assert said(written) == SAID
    assert read_picture(written).digest == read_picture(data).digest
    assert others(written) == others(data)


@pytest.mark.parametrize("container", ALREADY)
@pytest.mark.parametrize("element", [False, True])
def test_what_a_packet_said_before_stays(container: str, element: bool) -> None:
    packet = xmp(("dc:title", "Zoë"), ("photoshop:Credit", "Jane"), element=element)
    data = ALREADY[container](packet)
    written = write_xmp(data, ALL)
    assert sorted(said(written)) == sorted([*said(data), *SAID])
    assert read_picture(written).digest == read_picture(data).digest
    assert others(written) == others(data)


@pytest.mark.parametrize("make", [*PLAIN.values(), *(into(xmp(("dc:title", "Zoë"))) for into in ALREADY.values())])
def test_writing_the_same_again_changes_nothing(make: bytes) -> None:
    written = write_xmp(make, ALL)
    assert write_xmp(written, ALL) == written


@pytest.mark.parametrize("element", [False, True])
def test_a_property_that_is_there_is_replaced_and_no_other(element: bool) -> None:
    before = xmp(("Iptc4xmpExt:DigitalSourceType", GENERATED), ("dc:title", "Zoë"), element=element)
    written = only_packet(write_xmp(jpeg(before), ONE))
    assert GENERATED.encode() not in written
    assert [(f.name, f.value) for f in read_xmp(written, "here")] == [
        ("xmp:dc:title", "Zoë"),
        ("xmp:Iptc4xmpExt:DigitalSourceType", CAPTURE),
    ]


def test_what_is_not_stated_stays_as_the_file_says_it() -> None:
    first = write_xmp(encoded("JPEG"), ALL)
    assert sorted(said(write_xmp(first, ONE))) == sorted([*SAID[1:], ("Iptc4xmpExt:DigitalSourceType", CAPTURE)])


def test_nothing_stated_changes_nothing() -> None:
    data = encoded("JPEG")
    assert write_xmp(data, PictureProperties()) == data


def test_only_the_own_description_is_added_and_every_other_byte_stays() -> None:
    packet = (
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>\n"
        b"<x:xmpmeta xmlns:x = 'adobe:ns:meta/'"
        b"><RDF xmlns='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\n<!-- > kept --> <Description about='a&amp;\"b'\n"
        b"xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:source = 'x > y'><dc:title ><Alt><li xml:lang='x-default'>"
        b"Zo\xc3\xab <![CDATA[<>]]></li></Alt></dc:title  ></Description>  </RDF  ></x:xmpmeta>"
    )
    written = only_packet(write_xmp(jpeg(packet), ONE))
    at = packet.index(b"</RDF  >")
    added = written[at : len(written) - len(packet) + at]
    assert written == packet[:at] + added + packet[at:]
    assert added.startswith(
        b'<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=\'a&amp;"b\' '
    )
    assert [f.name for f in read_xmp(written, "here")] == [
        *("xmp:dc:source", "xmp:dc:title", "xmp:Iptc4xmpExt:DigitalSourceType")
    ]


def test_an_empty_list_of_descriptions_is_filled() -> None:
    packet = b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" />'
    written = only_packet(write_xmp(jpeg(packet), ONE))
    assert written.startswith(b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" ><rdf:Description ')
    assert written.endswith(b"</r:RDF>")
    assert said(jpeg(written)) == [("Iptc4xmpExt:DigitalSourceType", CAPTURE)]


def padded(spaces: int) -> bytes:
    return xmp(("dc:title", "Zoë")).replace(b" " * 64, b" " * spaces)


def test_a_packet_with_room_keeps_its_length_and_so_does_the_file() -> None:
    data = jpeg(padded(4000))
    assert len(write_xmp(data, ALL)) == len(data)
    assert len(write_xmp(write_xmp(data, ALL), ONE)) == len(data)


def test_padding_makes_room_where_a_segment_is_full() -> None:
    data = jpeg(padded(65_533 - len(XMP_HEADER) - len(padded(0))))
    assert len(write_xmp(data, ALL)) == len(data)


def test_a_packet_of_more_than_a_megabyte_is_edited() -> None:
    """Expat takes its input in pieces of a megabyte, and still counts bytes from the first."""
    packet = xmp(("dc:title", "Zoë " * 700_000), ("dc:source", "x"), element=True)
    data = with_png_chunk(encoded("PNG"), png_text("XML:com.adobe.xmp", packet, "iTXt"))
    written = only_packet(write_xmp(data, ALL))
    assert written.replace(b" " * 64, b"").startswith(packet[: packet.index(b"</rdf:RDF>")])


def test_properties_within_others_are_left_alone() -> None:
    packet = xmp(("dc:title", "x"), element=True).replace(
        b"<dc:title>x</dc:title>",
        f'<dc:title rdf:parseType="Resource"><Iptc4xmpExt:DigitalSourceType>{GENERATED}'.encode()
        + b"</Iptc4xmpExt:DigitalSourceType></dc:title>",
    )
    assert said(write_xmp(jpeg(packet), ONE)) == [
        ("Iptc4xmpExt:DigitalSourceType", GENERATED),
        ("Iptc4xmpExt:DigitalSourceType", CAPTURE),
    ]


# --- containers


def test_a_jpeg_gets_its_packet_behind_exif_and_before_all_else() -> None:
    data = EXIF_INTO["JPEG"](tiff({0x010F: "Maker"}))
    data = IPTC_INTO["JPEG"](b"")[:2] + data[2:]
    written = write_xmp(data, ONE)
    at = written.index(XMP_HEADER) - 4
    end = at + 2 + int.from_bytes(written[at + 2 : at + 4], "big")
    assert written[:at] + written[end:] == data
    assert data[2:at].startswith(b"\xff\xe1")


def test_a_png_gets_its_packet_behind_the_header_with_a_right_checksum() -> None:
    data = encoded("PNG")
    (_, _, header_end), (name, start, end), *_ = png_chunks(write_xmp(data, ONE))
    written = write_xmp(data, ONE)
    assert (name, start) == (b"iTXt", header_end)
    assert written[start:end] == png_chunk(b"iTXt", written[start + 8 : end - 4])
    assert written[:start] + written[end:] == data


@pytest.mark.parametrize(("mode", "lossless"), [("RGB", False), ("RGB", True), ("RGBA", True)])
def test_a_simple_webp_gets_the_header_of_an_extended_one(mode: str, lossless: bool) -> None:
    target = io.BytesIO()
    draw(mode=mode, size=(97, 129)).save(target, "WEBP", lossless=lossless)
    data = target.getvalue()
    assert [name for name, _, _ in riff_chunks(data)] == [b"VP8L" if lossless else b"VP8 "]
    written = write_xmp(data, ONE)
    assert [name for name, _, _ in riff_chunks(written)] == [b"VP8X", b"VP8L" if lossless else b"VP8 ", b"XMP "]
    start, end = riff_body(written, b"VP8X")
    flags = 0x04 | (0x10 if mode == "RGBA" else 0)
    assert written[start:end] == bytes([flags, 0, 0, 0, 96, 0, 0, 128, 0, 0])
    assert written[end : end + len(data) - 12] == data[12:]
    assert with_riff_size(written) == written


def test_an_extended_webp_gets_one_flag_and_one_chunk() -> None:
    data = encoded("WEBP", exif=b"Exif\x00\x00" + tiff({0x010F: "Maker"})) + b"trailer"
    written = write_xmp(data, ONE)
    flags = riff_body(data, b"VP8X")[0]
    assert written[flags] == data[flags] | 0x04
    end = 8 + int.from_bytes(data[4:8], "little")
    assert written[8:flags] + data[flags : flags + 1] + written[flags + 1 : end] == data[8:end]
    assert written.endswith(b"trailer")


def test_a_simple_webp_with_exif_out_of_place_says_that_it_has_some() -> None:
    data = with_riff_chunk(encoded("WEBP"), riff_chunk(b"EXIF", tiff({0x010F: "Maker"})))
    written = write_xmp(data, ONE)
    assert written[riff_body(written, b"VP8X")[0]] == 0x0C


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tags", [[], [305], [305, 33432], [33432]])
def test_a_tiff_gets_one_more_entry_in_its_place(order: str, tags: list[int]) -> None:
    data = small_tiff(order, tags)
    written = write_xmp(data, ALL)
    assert said(written) == SAID
    (first,) = struct.unpack_from(f"{order}I", written, 4)
    (number,) = struct.unpack_from(f"{order}H", written, first)
    found = [struct.unpack_from(f"{order}H", written, first + 2 + 12 * n)[0] for n in range(number)]
    assert found == sorted([256, 273, 279, 700, *tags])
    assert written[8 : len(data)] == data[8:]
    assert struct.unpack_from(f"{order}I", written, first + 2 + 12 * number) == (0,)
    again = write_xmp(written, ONE)
    assert sorted(said(again)) == sorted([*SAID[1:], ("Iptc4xmpExt:DigitalSourceType", CAPTURE)])
    assert again[4:8] == written[4:8]


def small_tiff(order: str, tags: list[int]) -> bytes:
    """Return a file of one directory and four bytes of a strip, its last offset left out as some writers do."""
    values = {256: 4, 273: 8, 279: 4, **dict.fromkeys(tags, 7)}
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in sorted(values.items()))
    head = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", 12) + b"abcd"
    return head + struct.pack(f"{order}H", len(values)) + entries


# --- refusals


@pytest.mark.parametrize("kind", PLAIN)
def test_a_picture_with_credentials_is_refused(kind: str) -> None:
    data = Maker().sign(encoded(kind), read_picture(encoded(kind)).format.media_type)
    with pytest.raises(RefusedError) as caught:
        write_xmp(data, ONE)
    assert (caught.value.code, str(caught.value)) == (
        "picture-sealed",
        "picture: it carries credentials, which any change to its metadata would break",
    )


REMOTE = xmp(("dc:title", "x")).replace(
    b'dc:title="x"', b'xmlns:t="http://purl.org/dc/terms/" t:provenance="https://example.com/m.c2pa"'
)


@pytest.mark.parametrize("container", ["JPEG", "JPEG, extended"])
def test_a_picture_whose_credentials_lie_elsewhere_is_refused(container: str) -> None:
    with pytest.raises(RefusedError) as caught:
        write_xmp(XMP_INTO[container](REMOTE), ONE)
    assert caught.value.code == "picture-sealed"


@pytest.mark.parametrize("data", [encoded("AVIF"), encoded("GIF"), heif([(b"hvc1", b"", b"coded")])])
def test_other_kinds_of_picture_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="expected a jpeg, png, webp or tiff file to write xmp into") as caught:
        write_xmp(data, ONE)
    assert caught.value.code == "picture-kind"


def test_a_dng_is_refused() -> None:
    data = small_tiff("<", [50706])
    with pytest.raises(InputError, match="got image/x-adobe-dng"):
        write_xmp(data, ONE)


RDF_OPEN = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
BROKEN = {
    "it is not xml in utf-8": [
        *(
            b"<a>",
            b"no xml",
            b"<a></b>",
            b"\xff\xfe<\x00a\x00/\x00>\x00",
            b"<a>\xff</a>",
            b"x<a/>",
            b"<a/>x",
            b"<a b:c=''/>",
        ),
        xmp()[:-120],
    ],
    "it is empty": [b"", bytes(40), b"  \n"],
    "it has 0 rdf:RDF elements": [b"<a/>", b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'],
    "it has 2 rdf:RDF elements": [b"<a>" + 2 * (RDF_OPEN + b"</rdf:RDF>") + b"</a>"],
    "it declares a document type": [b'<!DOCTYPE a [<!ENTITY e "e">]><a>&e;</a>', b'<!DOCTYPE a SYSTEM "file:///"><a/>'],
    "it is nested too deeply": [b"<a>" * 65 + b"</a>" * 65],
}


@pytest.mark.parametrize(("reason", "packet"), [(reason, packet) for reason in BROKEN for packet in BROKEN[reason]])
def test_a_malformed_packet_is_refused_and_never_replaced(reason: str, packet: bytes) -> None:
    place = f"xmp, JPEG APP1 at byte 2: the packet cannot be edited: {reason}"
    hint = "export the picture again, or take its xmp out with the program that wrote it"
    with refused(InputError, place, code="xmp-malformed", hint=hint):
        write_xmp(jpeg(packet), ONE)


def test_a_packet_with_elements_without_number_is_refused() -> None:
    data = with_png_chunk(
        encoded("PNG"), png_text("XML:com.adobe.xmp", RDF_OPEN + b"<a/>" * 100_000 + b"</rdf:RDF>", "iTXt+")
    )
    with pytest.raises(InputError, match="it has too many elements"):
        write_xmp(data, ONE)


def test_a_compressed_packet_that_breaks_off_is_refused() -> None:
    chunk = png_chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + b"no zlib")
    with pytest.raises(InputError, match="it cannot be inflated") as caught:
        write_xmp(with_png_chunk(encoded("PNG"), chunk), ONE)
    assert caught.value.code == "xmp-malformed"


TWICE: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": lambda packet: with_segment(jpeg(packet), 0xE1, XMP_HEADER + packet),
    "PNG": lambda packet: with_png_chunk(XMP_INTO["PNG"](packet), png_text("XML:com.adobe.xmp", packet, "iTXt")),
    "WebP": lambda packet: with_riff_chunk(XMP_INTO["WebP"](packet), riff_chunk(b"XMP ", packet)),
}


@pytest.mark.parametrize("container", TWICE)
def test_two_packets_are_refused(container: str) -> None:
    with refused(InputError, "xmp: expected one packet, got 2", code="xmp-ambiguous", hint="export the picture again"):
        write_xmp(TWICE[container](xmp(("dc:title", "x"))), ONE)


ELSEWHERE: dict[str, Callable[[bytes], bytes]] = {
    "extended": XMP_INTO["JPEG, extended"],
    "Photoshop": lambda packet: with_segment(encoded("JPEG"), 0xED, b"Photoshop 3.0\x00" + photoshop(0x0424, packet)),
    "raw profile": lambda packet: with_png_chunk(
        encoded("PNG"), png_text("Raw profile type xmp", f"\nxmp\n{len(packet):8}\n{packet.hex()}\n".encode(), "zTXt")
    ),
}


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_property_that_another_packet_states_is_refused(place: str) -> None:
    data = ELSEWHERE[place](xmp(("Iptc4xmpExt:DigitalSourceType", GENERATED)))
    with pytest.raises(InputError, match="has Iptc4xmpExt:DigitalSourceType already") as caught:
        write_xmp(data, ONE)
    assert caught.value.code == "xmp-ambiguous"
    assert said(write_xmp(ELSEWHERE[place](xmp(("dc:title", "x"))), ONE))


def test_extended_xmp_that_lies_is_refused() -> None:
    data = XMP_INTO["JPEG, extended"](xmp(("dc:title", "x"))).replace(b"dc:title", b"dc:titlf")
    with pytest.raises(InputError, match="its digest does not match"):
        write_xmp(data, ONE)


def test_a_packet_that_no_segment_can_hold_is_refused() -> None:
    packet = xmp(("dc:title", "x" * 64_400))
    with pytest.raises(InputError, match="expected at most 65504 bytes in a jpeg file") as caught:
        write_xmp(jpeg(packet), ALL)
    assert caught.value.code == "xmp-too-large"


def test_a_packet_behind_a_list_of_pictures_may_not_grow() -> None:
    behind = jpeg(padded(0))
    data = with_segment(behind, 0xE2, b"MPF\x00" + bytes(40))
    with pytest.raises(InputError, match="as a list of further pictures comes before it") as caught:
        write_xmp(data, ONE)
    assert caught.value.code == "xmp-place"
    roomy = with_segment(jpeg(padded(2000)), 0xE2, b"MPF\x00" + bytes(40))
    assert len(write_xmp(roomy, ONE)) == len(roomy)


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        ([riff_chunk(b"VP8X", bytes(9))], "expected 10 bytes in the chunk VP8X"),
        ([riff_chunk(b"VP8L", bytes(20))], "expected coded pixels with their size"),
        ([riff_chunk(b"VP8 ", b"\x01\x00\x00\x9d\x01\x2a\x08\x00\x08\x00")], "expected coded pixels with their size"),
        ([riff_chunk(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a\x00\x00\x08\x00")], "expected coded pixels with their size"),
        ([riff_chunk(b"VP8 ", b"\x00\x00\x00\x9d")], "expected coded pixels with their size"),
        ([riff_chunk(b"EXIF", b"x")], "expected coded pixels with their size"),
        ([riff_chunk(b"VP8L", b"\x2f" + bytes(9)), riff_chunk(b"ICCP", b"x")], "expected the chunk VP8X first"),
        ([riff_chunk(b"VP8L", b"\x2f" + bytes(9)), riff_chunk(b"VP8X", bytes(10))], "expected the chunk VP8X first"),
        ([], "expected the chunk VP8X first"),
    ],
)
def test_a_webp_whose_chunks_make_no_sense_is_refused(chunks: list[bytes], reason: str) -> None:
    data = with_riff_size(b"RIFF\x00\x00\x00\x00WEBP" + b"".join(chunks))
    with pytest.raises(InputError, match=reason) as caught:
        write_xmp(data, ONE)
    assert caught.value.code == "picture-damaged"


def test_a_png_without_its_header_is_refused() -> None:
    data = encoded("PNG")
    _, start, end = next(png_chunks(data))
    with pytest.raises(InputError, match="expected the chunk IHDR"):
        write_xmp(data[:start] + data[end:], ONE)


def test_xmp_in_a_tiff_that_is_no_bytes_is_refused() -> None:
    data = small_tiff("<", [700])
    with pytest.raises(InputError, match="it is not there in bytes") as caught:
        write_xmp(data, ONE)
    assert caught.value.code == "xmp-malformed"


def test_a_tiff_with_a_full_directory_is_refused() -> None:
    """The digest refuses two entries of one tag, so that no more than 65,535 tags can be there."""
    values = {256: 4, 273: 8, 279: 4}
    tags = [tag for tag in range(65_536) if tag not in (*values, 324, 330, 513, 700, 50706, 52545)]
    entries = [(tag, 99, 0, 0) for tag in tags] + [(tag, 4, 1, value) for tag, value in values.items()]
    entries += [(65_535, 99, 0, 0)] * (65_535 - len(entries))
    data = b"II*\x00\x0c\x00\x00\x00abcd\xff\xff" + b"".join(struct.pack("<HHII", *e) for e in sorted(entries))
    with pytest.raises(InputError, match="the directory is full"):
        write_xmp(data + bytes(4), ONE)


# --- values


@pytest.mark.parametrize(
    "value", ["", "digitalCapture", "urn:x", "http://a b", 'http://a"', "http://a<", "http://" + "a" * 500]
)
@pytest.mark.parametrize("name", ["digital_source_type", "model_release_status", "data_mining"])
def test_what_must_be_an_iri_is_one(name: str, value: str) -> None:
    with pytest.raises(InputError) as caught:
        PictureProperties(**{name: value})  # type: ignore[arg-type]
    assert caught.value.code == "xmp-value"


@pytest.mark.parametrize("value", ["", " ", "a\nb", "a\x00", "\u202eabc", "a" * 501, "\ud800"])
def test_a_text_that_nobody_could_read_is_refused(value: str) -> None:
    for stated in ({"ai_system": value}, {"other_constraints": value}, {"model_release_ids": ("a", value)}):
        with pytest.raises(InputError, match="expected 1 to 500 printable characters"):
            PictureProperties(**stated)


def test_there_is_a_bound_on_releases() -> None:
    with refused(InputError, "xmp property: expected at most 64 releases, got 65", code="xmp-value", hint=None):
        PictureProperties(model_release_ids=("a",) * 65)


def test_there_is_no_place_for_a_prompt() -> None:
    assert not [name for name in PictureProperties.__slots__ if "prompt" in name]
    assert b"AIPrompt" not in write_xmp(encoded("JPEG"), ALL)


def test_the_segment_has_the_marker_of_an_application() -> None:
    written = write_xmp(encoded("JPEG"), ONE)
    packet = only_packet(written)
    assert jpeg_segment(0xE1, XMP_HEADER + packet) in written


def test_the_same_values_make_an_assertion() -> None:
    assert PictureProperties().to_json() == {}
    assert ALL.to_json() == {
        "@context": {
            "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
            "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
        },
        "Iptc4xmpExt:DigitalSourceType": GENERATED,
        "Iptc4xmpExt:AISystemUsed": "Portrait & Co",
        "Iptc4xmpExt:AISystemVersionUsed": "1.2 <beta>",
        "plus:ModelReleaseStatus": LIMITED,
        "plus:DataMining": PROHIBITED,
        "plus:ModelReleaseID": ["one & <two>", '"three"'],
        "plus:OtherConstraints": "AI training not allowed; <ask>",
    }
    assert list(ONE.to_json()["@context"]) == ["Iptc4xmpExt"]  # type: ignore[arg-type]


def test_an_assertion_of_the_values_can_be_signed_and_read() -> None:
    signed = Maker().sign(encoded("JPEG"), assertions=[{"label": "cawg.metadata", "data": ALL.to_json()}])
    store = read_picture(signed).store
    assert store is not None
    assert b"cawg.metadata" in store.data
    assert b"AI training not allowed; <ask>" in store.data
