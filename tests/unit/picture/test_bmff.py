"""AVIF, HEIC and HEIF: the digest of the items, the manifest store, and the blocks of metadata."""

import hashlib
import struct
import zlib
from collections.abc import Callable

import pytest
from support.makers import Maker
from support.metadata import box, encoded, heif, tiff, xmp
from support.refusals import refused
from support.shared import shared

from provenance.credentials.jumbf import read_store
from provenance.errors import InputError
from provenance.picture import BlockKind, PictureFormat, read_metadata, read_picture

EXPORT_AGAIN = "export or download the picture again"
C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
HEAD = bytes(4) + b"manifest\x00" + bytes(8)
CODED = (b"hvc1", b"", b"coded bytes")
EXIF = (b"Exif", b"", bytes(3) + b"\x06" + b"Exif\x00\x00" + tiff({0x0131: "Lightroom"}))
PACKET = xmp(("dc:title", "x"))
XMP = (b"mime", b"application/rdf+xml", PACKET)
SIZE = box(b"ispe", bytes(4) + struct.pack(">II", 96, 128))


def digest(data: bytes) -> bytes:
    return read_picture(data).digest


def infe(number: int, kind: bytes, *, version: int = 2) -> bytes:
    return box(b"infe", struct.pack(">BBHHH4s", version, 0, 0, number, 0, kind) + b"\x00")


def iloc(*items: tuple[int, list[tuple[int, int]]], version: int = 0, method: int = 0) -> bytes:
    body = struct.pack(">IHH", version << 24, 0x4400, len(items))
    for number, extents in items:
        body += struct.pack(">H", number) + (struct.pack(">H", method) if version else b"")
        body += struct.pack(">HH", 0, len(extents)) + b"".join(struct.pack(">II", *extent) for extent in extents)
    return box(b"iloc", body)


def built(*inner: bytes, primary: int = 1, behind: bytes = b"", brand: bytes = b"avif") -> bytes:
    pitm = box(b"pitm", struct.pack(">IH", 0, primary)) if primary else b""
    return box(b"ftyp", brand + bytes(4)) + box(b"meta", bytes(4) + pitm + b"".join(inner)) + behind


def iinf(*entries: bytes) -> bytes:
    return box(b"iinf", struct.pack(">IH", 0, len(entries)) + b"".join(entries))


def test_the_digest_is_the_one_of_its_definition() -> None:
    data = heif([CODED, EXIF])
    brands = box(b"ftyp", b"heic" + bytes(4) + b"heic")
    expected = (
        brands + struct.pack(">I", 1) + struct.pack(">I4s", 1, b"hvc1") + SIZE + struct.pack(">Q", 11) + b"coded bytes"
    )
    assert digest(data) == hashlib.sha256(expected).digest()


def test_references_between_pictures_are_covered() -> None:
    def linked(*references: bytes) -> bytes:
        return built(
            iinf(infe(1, b"grid"), infe(2, b"av01"), infe(3, b"av01"), infe(4, b"Exif")),
            iloc((1, [(0, 4)]), (2, [(4, 4)]), (3, [(8, 4)]), version=1, method=1),
            box(b"idat", b"gridonetwo2!"),
            box(b"iref", bytes(4) + b"".join(references)),
        )

    tiles = box(b"dimg", struct.pack(">HHHH", 1, 2, 2, 3))
    swapped = box(b"dimg", struct.pack(">HHHH", 1, 2, 3, 2))
    about = box(b"cdsc", struct.pack(">HHH", 4, 1, 1))
    parts = box(b"ftyp", b"avif" + bytes(4)) + struct.pack(">I", 1)
    for number, kind, body in ((1, b"grid", b"grid"), (2, b"av01", b"onet"), (3, b"av01", b"wo2!")):
        parts += struct.pack(">I4sQ", number, kind, 4) + body
    expected = parts + struct.pack(">4sIIII", b"dimg", 1, 2, 2, 3)
    assert digest(linked(tiles)) == hashlib.sha256(expected).digest()
    assert digest(linked(about, tiles)) == digest(linked(tiles, about)) == digest(linked(tiles))
    assert digest(linked(swapped)) != digest(linked(tiles)) != digest(linked())


SAME: dict[str, bytes] = {
    "EXIF": heif([CODED, EXIF]),
    "XMP": heif([CODED, XMP]),
    "XMP in a box of its own": heif([CODED], extra=box(b"uuid", bytes(16) + PACKET)),
    "credentials": heif([CODED], extra=box(b"uuid", C2PA + HEAD + b"store")),
}


@pytest.mark.parametrize("name", SAME)
def test_metadata_and_places_do_not_touch_the_digest(name: str) -> None:
    assert SAME[name] != heif([CODED])
    assert digest(SAME[name]) == digest(heif([CODED]))


def test_whatever_makes_the_picture_changes_the_digest() -> None:
    def one(kind: bytes, extents: list[tuple[int, int]], *, properties: bytes = b"", primary: int = 1) -> bytes:
        entries = iinf(infe(1, kind), infe(2, b"av01"))
        return built(
            entries, iloc((1, extents), version=1, method=1), box(b"idat", b"0123456789"), properties, primary=primary
        )

    def turned(*indexes: int, by: int) -> bytes:
        ipco = box(b"ipco", box(b"irot", bytes([by])) + SIZE)
        return box(b"iprp", ipco + box(b"ipma", struct.pack(">IIHB", 0, 1, 1, len(indexes)) + bytes(indexes)))

    pictures = [
        one(b"av01", [(0, 4)]),
        one(b"av02", [(0, 4)]),
        one(b"av01", [(0, 5)]),
        one(b"av01", [(1, 4)]),
        one(b"av01", [(0, 4)], primary=2),
        one(b"av01", [(0, 4)], properties=turned(1, by=1)),
        one(b"av01", [(0, 4)], properties=turned(1, by=2)),
        one(b"av01", [(0, 4)], properties=turned(1, 2, by=1)),
        one(b"av01", [(0, 4)], properties=turned(2, 1, by=1)),
    ]
    assert len(set(map(digest, pictures))) == len(pictures)
    free = [heif([CODED]) + box(kind, bytes(size)) for kind in (b"free", b"skip") for size in (0, 9)]
    others = [heif([CODED]), heif([CODED], brand=b"mif1"), *free]
    assert len(set(map(digest, others))) == len(others)
    assert digest(one(b"av01", [(0, 2), (2, 2)])) == digest(pictures[0])
    # The flag `essential` is for readers.
    assert digest(one(b"av01", [(0, 4)], properties=turned(0x81, by=1))) == digest(pictures[5])


def test_words_about_a_picture_are_no_property_of_it() -> None:
    def described(kind: bytes) -> bytes:
        ipma = box(b"ipma", struct.pack(">IIHBB", 0, 1, 1, 1, 1))
        properties = box(b"iprp", box(b"ipco", box(kind, b"Jane")) + ipma)
        return built(
            iinf(infe(1, b"av01")), iloc((1, [(0, 4)]), version=1, method=1), box(b"idat", b"0123"), properties
        )

    bare = built(iinf(infe(1, b"av01")), iloc((1, [(0, 4)]), version=1, method=1), box(b"idat", b"0123"))
    assert digest(described(b"udes")) == digest(described(b"altt")) == digest(bare) != digest(described(b"clap"))


# --- metadata


def test_metadata_are_found_in_items_boxes_and_free_space() -> None:
    box_of_xmp = box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + PACKET)
    data = heif([CODED, EXIF, XMP, (b"mime", b"text/plain", b"no")], extra=box_of_xmp + box(b"free", b"left over"))
    found = [(block.kind, block.data) for block in read_metadata(data)]
    assert found == [
        (BlockKind.XMP, PACKET),
        (BlockKind.TRAILER, b"left over"),
        (BlockKind.EXIF, tiff({0x0131: "Lightroom"})),
        (BlockKind.XMP, PACKET),
    ]
    places = [block.place.split(" at byte ")[0] for block in read_metadata(data)]
    assert places == ["BMFF uuid", "BMFF free space", "BMFF item 2 (Exif)", "BMFF item 3 (mime)"]


@pytest.mark.parametrize("packed", [zlib.compress(PACKET), zlib.compress(PACKET)[2:-4]])
def test_compressed_xmp_is_inflated(packed: bytes) -> None:
    entry = box(b"infe", struct.pack(">IHH4s", 0x02000000, 2, 0, b"mime") + b"\x00application/rdf+xml\x00deflate\x00")
    body = box(b"idat", packed)
    places = iloc((2, [(0, len(packed))]), version=1, method=1)
    (block,) = read_metadata(built(iinf(infe(1, b"av01"), entry), places, body))
    assert (block.kind, block.data, block.flaw) == (BlockKind.XMP, PACKET, None)


def test_the_metadata_of_a_sequence_are_found_though_it_has_no_digest() -> None:
    data = heif([CODED, XMP]) + box(b"moov", b"")
    assert [block.kind for block in read_metadata(data)] == [BlockKind.XMP]
    with refused(
        InputError,
        f"bmff at byte {len(data) - 8}: expected a still picture, got a sequence",
        code="picture-damaged",
        hint=EXPORT_AGAIN,
    ):
        read_picture(data)


# --- refusals

ONE = iinf(infe(1, b"av01"))
HERE = iloc((1, [(0, 4)]), version=1, method=1)
DATA = box(b"idat", b"0123")
META = 16
INNER = META + 12
PITM = 14


FTYP = box(b"ftyp", b"avif" + bytes(4))
WHOLE = built(ONE, HERE, DATA)
ENTRIES = INNER + PITM  # where the first box behind `pitm` begins
BEHIND = ENTRIES + len(ONE)
TWICE = iinf(infe(1, b"av01"), infe(1, b"av01"))
UNKNOWN_FORM = f"bmff at byte {BEHIND}: the box iloc is of an unknown form"
TOO_LONG = "bmff at byte 16: a box is longer than what holds it"

DAMAGED = [
    (FTYP, "bmff at byte 0: expected a picture"),
    (built(ONE, HERE, DATA, primary=0), "bmff at byte 0: expected a picture"),
    (built(ONE, HERE, DATA, primary=5), "bmff at byte 0: the main item is no picture"),
    (built(iinf(infe(1, b"Exif"))), "bmff at byte 0: the main item is no picture"),
    (WHOLE + b"\x00", f"bmff at byte {len(WHOLE)}: the file ends before the picture does"),
    (WHOLE + FTYP, f"bmff at byte {len(WHOLE)}: expected one ftyp box, got another"),
    (WHOLE + built(ONE)[16:], f"bmff at byte {len(WHOLE)}: expected one meta box, got another"),
    (built(ONE, ONE), f"bmff at byte {BEHIND}: expected one box iinf, got another"),
    (built(TWICE), f"bmff at byte {ENTRIES + 14 + 21}: expected one item 1, got another"),
    (built(iinf(infe(1, b"av01", version=1))), f"bmff at byte {ENTRIES + 14}: expected an item of version 2 or 3"),
    (built(iinf(box(b"infe", b"\x02"))), f"bmff at byte {ENTRIES + 14}: the box infe breaks off"),
    (built(ONE, iloc((1, [(0, 4)]), version=1, method=2), DATA), "bmff at byte 0: item 1 is built from other items"),
    (built(ONE, iloc((1, []), (1, []))), f"bmff at byte {BEHIND}: item 1 lies in two places or in another file"),
    (built(ONE, box(b"iloc", struct.pack(">IHH", 0, 0x3300, 0))), UNKNOWN_FORM),
    (built(ONE, iloc(version=3)), UNKNOWN_FORM),
    (
        built(ONE, box(b"iprp", box(b"ipma", struct.pack(">IIHBB", 0, 1, 1, 1, 9)))),
        "bmff at byte 0: property 9 is not there",
    ),
    (FTYP + struct.pack(">I4sQ", 1, b"meta", 2**60), TOO_LONG),
    (FTYP + struct.pack(">I4s", 7, b"meta") + bytes(8), TOO_LONG),
]


@pytest.mark.parametrize(("data", "message"), DAMAGED)
def test_a_damaged_file_is_refused_with_its_place(data: bytes, message: str) -> None:
    with refused(InputError, message, code="picture-damaged", hint=EXPORT_AGAIN):
        read_picture(data)


def test_an_item_that_lies_outside_of_the_file_is_refused() -> None:
    for data in (built(ONE, iloc((1, [(0, 5)]), version=1, method=1), DATA), built(ONE, iloc((1, [(900, 5)])))):
        with pytest.raises(InputError, match=r"item 1 lies outside of the file\Z"):
            read_picture(data)


@pytest.mark.parametrize("kind", [b"moov", b"moof", b"mfra", b"emsg"])
def test_a_sequence_is_refused_and_so_is_what_no_credential_covers(kind: bytes) -> None:
    with refused(
        InputError,
        f"bmff at byte {len(WHOLE)}: expected a still picture, got a sequence",
        code="picture-damaged",
        hint=EXPORT_AGAIN,
    ):
        read_picture(WHOLE + box(kind, b"anything"))


@pytest.mark.parametrize("data", [heif([CODED, EXIF, XMP]), built(ONE, HERE, DATA)])
def test_a_file_cut_short_anywhere_is_refused(data: bytes) -> None:
    read_picture(data)
    for length in range(16, len(data)):
        with pytest.raises(InputError) as caught:
            read_picture(data[:length])
        assert caught.value.code == "picture-damaged", length


def test_a_large_size_and_one_to_the_end_are_read() -> None:
    small = heif([CODED])
    split = small.index(b"mdat") - 4
    to_the_end = small[:split] + struct.pack(">I4s", 0, b"mdat") + small[split + 8 :]
    assert digest(to_the_end) == digest(small)
    large = small + struct.pack(">I4sQ", 1, b"free", 20) + b"free"
    assert [block.data for block in read_metadata(large)] == [b"free"]


# --- files of others

MADE: dict[str, tuple[PictureFormat, Callable[[], bytes]]] = {
    "drawn": (PictureFormat.AVIF, lambda: encoded("AVIF")),
    "with metadata": (PictureFormat.AVIF, lambda: encoded("AVIF", exif=b"Exif\x00\x00" + EXIF[2][10:], xmp=PACKET)),
    "shared avif": (PictureFormat.AVIF, lambda: shared("photos", "formats", "sample1.avif").read_bytes()),
    "shared heic": (PictureFormat.HEIC, lambda: shared("photos", "formats", "sample1.heic").read_bytes()),
}


@pytest.mark.parametrize("name", MADE)
def test_credentials_leave_the_digest_as_it_is_and_are_found(name: str) -> None:
    kind, make = MADE[name]
    data = make()
    before = read_picture(data)
    assert (before.format, before.store) == (kind, None)
    maker = Maker()
    once = maker.sign(data, kind.media_type)
    twice = maker.sign(once, kind.media_type, parent=True)
    for signed, manifests in ((once, 1), (twice, 2)):
        after = read_picture(signed)
        assert after.digest == before.digest
        assert after.store is not None
        assert after.store.flaw is None
        assert len(read_store(after.store.data).manifests) == manifests


def test_a_store_that_is_wrapped_otherwise_has_a_flaw() -> None:
    def store(*boxes: bytes) -> str | None:
        found = read_picture(heif([CODED], extra=b"".join(boxes))).store
        assert found is not None
        return found.flaw

    right = box(b"uuid", C2PA + HEAD + b"store")
    assert store(right) is None
    assert store(box(b"uuid", C2PA + HEAD[:-1] + b"\x01" + b"store")) == (
        "uuid box at byte 20: expected the purpose manifest"
    )
    assert store(right, right) == "uuid box: expected one, got 2"
