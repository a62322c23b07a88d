import hashlib
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.pictures import (
    DRAWERS,
    MEDIA_TYPES,
    PNG_SIGNATURE,
    XMP_HEADER,
    coded_bytes,
    draw_any,
    draw_jpeg,
    draw_png,
    draw_webp,
    jpeg_scan,
    jpeg_segment,
    jpeg_segments,
    png_body,
    png_chunk,
    png_chunks,
    riff_body,
    riff_chunk,
    riff_chunks,
    with_changed_pixels,
    with_png_chunk,
    with_riff_chunk,
    with_riff_size,
    with_segment,
    without_segments,
)
from support.refusals import refused
from support.shared import shared
from support.studios import make_studio, record_consent, stamped, verify

from provenance.clock import SystemClock
from provenance.errors import InputError
from provenance.picture import (
    MAX_STORE_PARTS,
    STAMPABLE,
    PictureFormat,
    identify,
    read_metadata,
    read_picture,
    read_stampable,
    walk,
)
from provenance.studio import Studio
from provenance.verification import Question, Verdict, verify_file

ENDINGS = sorted(DRAWERS)
EXPORT_AGAIN = "export or download the picture again"
ANOTHER_KIND = "export the picture as jpeg, png or webp"
METADATA = {*range(0xE0, 0xF0), 0xFE}

# ISO 19566-5: the description box that begins a C2PA manifest store.
STORE_TYPE = bytes.fromhex("63327061 0011 0010 8000 00aa00389b71")
INSTANCE = bytes.fromhex("0211")

FIRST_BYTES = [
    (b"\xff\xd8\xff\xe0", PictureFormat.JPEG),
    (b"\xff\xd8\xff\xdb", PictureFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", PictureFormat.PNG),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", PictureFormat.WEBP),
    (b"II*\x00\x08\x00\x00\x00", PictureFormat.TIFF),
    (b"MM\x00*\x00\x00\x00\x08", PictureFormat.TIFF),
    (b"II*\x00\x08\x00\x00\x00\x01\x00\x12\xc6\x01\x00\x04\x00\x00\x00\x01\x04\x00\x00", PictureFormat.DNG),
    (b"GIF87a", PictureFormat.GIF),
    (b"GIF89a", PictureFormat.GIF),
    (b"\x00\x00\x00\x20ftypavif", PictureFormat.AVIF),
    (b"\x00\x00\x00\x20ftypavis", PictureFormat.AVIF),
    (b"\x00\x00\x00\x18ftypheic", PictureFormat.HEIC),
    (b"\x00\x00\x00\x18ftypheix", PictureFormat.HEIC),
    (b"\x00\x00\x00\x18ftyphevc", PictureFormat.HEIC),
    (b"\x00\x00\x00\x18ftypmif1", PictureFormat.HEIF),
    (b"\x00\x00\x00\x18ftypmsf1", PictureFormat.HEIF),
]

Change = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = make_studio(tmp_path_factory.mktemp("studio"))
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def signed(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return one stamped file of each kind."""
    folder = tmp_path_factory.mktemp("signed")
    code = record_consent(studio).code
    return {
        ending: stamped(studio, draw_any(folder, ending), folder / f"stamped.{ending}", code=code).read_bytes()
        for ending in ENDINGS
    }


def digest(data: bytes) -> bytes:
    return read_picture(data).digest


def named_digest(data: bytes) -> bytes:
    """Return the picture digest in the words of its definition."""
    if data.startswith(PNG_SIGNATURE):
        critical = [data[start : end - 4] for name, start, end in png_chunks(data) if name[:1].isupper()]
        return hashlib.sha256(PNG_SIGNATURE + b"".join(critical)).digest()
    if data.startswith(b"RIFF"):
        coded = {b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}
        return hashlib.sha256(b"".join(data[s:e] for name, s, e in riff_chunks(data) if name in coded)).digest()
    return hashlib.sha256(without_segments(data, METADATA)[: data.rindex(b"\xff\xd9") + 2]).digest()


# --- identify


@pytest.mark.parametrize(("start", "kind"), FIRST_BYTES)
def test_a_picture_is_known_by_its_first_bytes(start: bytes, kind: PictureFormat) -> None:
    assert identify(start) is kind
    assert identify(start + bytes(100)) is kind


@pytest.mark.parametrize("start", [start for start, _ in FIRST_BYTES])
def test_fewer_first_bytes_are_not_enough(start: bytes) -> None:
    assert identify(start[:2]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"\xff\xd8\x00",
        b"\x89PNG\r\n\x1a\r",
        b"\x89png\r\n\x1a\n",
        b"RIFF",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"RIFX\x00\x00\x00\x00WEBP",
        b"GIF88a",
        b"II+\x00",
        b"\x00\x00\x00\x20ftyp",
        b"\x00\x00\x00\x20ftypisom",
        b"\x00\x00\x00\x20ftypAVIF",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b" \xff\xd8\xff",
    ],
)
def test_anything_else_is_no_picture(data: bytes) -> None:
    assert identify(data) is None


def test_every_kind_has_its_own_media_type() -> None:
    assert {kind for _, kind in FIRST_BYTES} == set(PictureFormat)
    assert [kind.media_type for kind in PictureFormat] == [
        *("image/jpeg", "image/png", "image/webp", "image/tiff", "image/x-adobe-dng"),
        *("image/avif", "image/heic", "image/heif", "image/gif"),
    ]


def test_every_kind_but_one_can_be_stamped() -> None:
    assert set(PictureFormat) - STAMPABLE == {PictureFormat.GIF}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("P1000827.jpg", PictureFormat.JPEG),
        ("sample1.png", PictureFormat.PNG),
        ("sample1.webp", PictureFormat.WEBP),
        ("sample1.avif", PictureFormat.AVIF),
        ("sample1.heic", PictureFormat.HEIC),
        ("test.tiff", PictureFormat.TIFF),
    ],
)
def test_real_files_are_known(name: str, kind: PictureFormat) -> None:
    assert identify(shared("photos", "formats", name).read_bytes()) is kind


@pytest.mark.parametrize("ending", ENDINGS)
def test_drawn_files_are_taken_apart(tmp_path: Path, ending: str) -> None:
    picture = read_picture(draw_any(tmp_path, ending).read_bytes())
    assert picture.format.media_type == MEDIA_TYPES[ending]
    assert picture.store is None


@pytest.mark.parametrize("parts", [("cameras",), ("portraits",), ("generated",)])
def test_real_files_are_taken_apart_without_a_gap(parts: tuple[str, ...]) -> None:
    for path in sorted(shared("photos", *parts).iterdir()):
        data = path.read_bytes()
        ends = [0 if data.startswith(b"\xff\xd8") else len(PNG_SIGNATURE), *(part.end for part in walk(data))]
        starts = [*(part.start for part in walk(data)), len(data)]
        assert ends == starts, path.name


# --- what the digest covers


@pytest.mark.parametrize(
    "draw",
    [
        draw_jpeg,
        lambda path: draw_jpeg(path, exif=False),
        lambda path: draw_jpeg(path, restarts=True, comment=b"drawn"),
        draw_png,
        lambda path: draw_png(path, text={"Author": "nobody"}, mode="RGBA"),
        draw_webp,
        lambda path: draw_webp(path, exif=True, mode="RGBA"),
        lambda path: draw_webp(path, lossless=True),
    ],
)
def test_the_digest_is_the_one_of_its_definition(tmp_path: Path, draw: Callable[[Path], Path]) -> None:
    data = draw(tmp_path / "picture").read_bytes()
    assert digest(data) == named_digest(data)


def test_another_picture_has_another_digest(tmp_path: Path) -> None:
    digests = {
        digest(draw(tmp_path / "picture", seed=seed).read_bytes())
        for draw in (draw_jpeg, draw_png, draw_webp)
        for seed in range(3)
    }
    assert len(digests) == 9


JPEG_CHANGES: dict[str, Change] = {
    **{f"an APP{n} segment": lambda data, n=n: with_segment(data, 0xE0 + n, b"anything") for n in range(16)},  # type: ignore[misc]
    "a comment": lambda data: with_segment(data, 0xFE, b"anything"),
    "an empty comment": lambda data: with_segment(data, 0xFE, b""),
    "the longest comment": lambda data: with_segment(data, 0xFE, bytes(65_533)),
    "XMP": lambda data: with_segment(data, 0xE1, XMP_HEADER + b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"),
    "no metadata": lambda data: without_segments(data, METADATA),
    "no EXIF": lambda data: without_segments(data, {0xE1}),
    "other EXIF": lambda data: data.replace(b"Atelier 7", b"Atelier 8"),
    "the metadata at the end": lambda data: (
        without_segments(data, METADATA)[:-2] + jpeg_segment(0xE1, b"late") + b"\xff\xd9"
    ),
    "a trailer": lambda data: data + b"anything",
    "another picture behind it": lambda data: data + data,
    "fill bytes before a marker": lambda data: data[:2] + b"\xff\xff\xff" + data[2:],
}
PNG_CHANGES: dict[str, Change] = {
    **{
        f"a chunk {name.decode()}": lambda data, name=name: with_png_chunk(data, png_chunk(name, b"anything"))  # type: ignore[misc]
        for name in (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"iCCP", b"pHYs", b"tIME", b"caBX", b"prVt")
    },
    "an empty chunk": lambda data: with_png_chunk(data, png_chunk(b"tEXt", b"")),
    "other text": lambda data: data.replace(b"Author\x00nobody", b"Author\x00no-one"),
    "no text": lambda data: b"".join(
        [PNG_SIGNATURE, *(data[start:end] for name, start, end in png_chunks(data) if name != b"tEXt")]
    ),
    "a trailer": lambda data: data + b"anything",
    "other checksums": lambda data: with_png_chunk(data, png_chunk(b"tEXt", b"text", checksum=1)),
}
WEBP_CHANGES: dict[str, Change] = {
    **{
        f"a chunk {name.decode()}": lambda data, name=name: with_riff_chunk(data, riff_chunk(name, b"anything"))  # type: ignore[misc]
        for name in (b"EXIF", b"XMP ", b"ICCP", b"C2PA", b"unkn")
    },
    "an odd chunk": lambda data: with_riff_chunk(data, riff_chunk(b"XMP ", b"odd")),
    "an empty chunk": lambda data: with_riff_chunk(data, riff_chunk(b"XMP ", b"")),
    "other EXIF": lambda data: data.replace(b"Atelier 7", b"Atelier 8"),
    "no EXIF": lambda data: with_riff_size(
        data[:12] + b"".join(data[start:end] for name, start, end in riff_chunks(data) if name != b"EXIF")
    ),
    "no header": lambda data: with_riff_size(
        data[:12] + b"".join(data[start:end] for name, start, end in riff_chunks(data) if name != b"VP8X")
    ),
    "a trailer": lambda data: data + b"anything",
}


@pytest.mark.parametrize("change", JPEG_CHANGES)
@pytest.mark.parametrize("progressive", [False, True])
def test_metadata_do_not_touch_the_digest_of_a_jpeg(tmp_path: Path, change: str, progressive: bool) -> None:
    data = draw_jpeg(tmp_path / "picture", progressive=progressive, comment=b"drawn").read_bytes()
    changed = JPEG_CHANGES[change](data)
    assert changed != data
    assert digest(changed) == digest(data)


@pytest.mark.parametrize("change", PNG_CHANGES)
def test_metadata_do_not_touch_the_digest_of_a_png(tmp_path: Path, change: str) -> None:
    data = draw_png(tmp_path / "picture", text={"Author": "nobody"}).read_bytes()
    changed = PNG_CHANGES[change](data)
    assert changed != data
    assert digest(changed) == digest(data)


@pytest.mark.parametrize("change", WEBP_CHANGES)
def test_metadata_do_not_touch_the_digest_of_a_webp(tmp_path: Path, change: str) -> None:
    data = draw_webp(tmp_path / "picture", exif=True).read_bytes()
    changed = WEBP_CHANGES[change](data)
    assert changed != data
    assert digest(changed) == digest(data)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stamp_leaves_the_digest_as_it_is(tmp_path: Path, signed: dict[str, bytes], ending: str) -> None:
    assert digest(signed[ending]) == digest(draw_any(tmp_path, ending).read_bytes())


def covered(data: bytes) -> set[int]:
    """Return the positions of all bytes that make the picture, in the words of the formats."""
    if data.startswith(PNG_SIGNATURE):
        chunks = [range(start, end - 4) for name, start, end in png_chunks(data) if name[:1].isupper()]
        return {*range(len(PNG_SIGNATURE)), *(position for chunk in chunks for position in chunk)}
    if data.startswith(b"RIFF"):
        return {p for name, start, end in riff_chunks(data) if name in (b"VP8 ", b"ALPH") for p in range(start, end)}
    metadata = {p for marker, start, end in jpeg_segments(data) if marker in METADATA for p in range(start, end)}
    return set(range(data.rindex(b"\xff\xd9") + 2)) - metadata


def small(folder: Path, ending: str) -> bytes:
    match ending:
        case "jpg":
            path = draw_jpeg(folder / "small.jpg", size=(16, 16), comment=b"drawn", restarts=True)
        case "png":
            path = draw_png(folder / "small.png", size=(8, 8), text={"Author": "nobody"})
        case _:
            path = draw_webp(folder / "small.webp", size=(16, 16), exif=True, mode="RGBA")
    return path.read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_bit_of_the_picture_changes_without_the_digest(tmp_path: Path, ending: str) -> None:
    data = small(tmp_path, ending)
    right = digest(data)
    for position in sorted(covered(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            try:
                found = digest(bytes(changed))
            except InputError:
                continue
            assert found != right, f"bit {bit} of byte {position}"


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_bit_beside_the_picture_changes_the_digest(tmp_path: Path, ending: str) -> None:
    data = small(tmp_path, ending)
    right = digest(data)
    inside = covered(data)
    bodies = [range(part.body, part.end) for part in walk(data) if not part.in_picture]
    positions = [position for body in bodies for position in body]
    assert len(positions) > 16
    for position in positions:
        changed = bytearray(data)
        changed[position] ^= 1
        assert position not in inside
        assert digest(bytes(changed)) == right, f"byte {position}"


@pytest.mark.parametrize("ending", ENDINGS)
def test_bytes_added_to_or_taken_from_the_pixels_change_the_digest(tmp_path: Path, ending: str) -> None:
    data = draw_any(tmp_path, ending).read_bytes()
    if ending == "jpg":
        middle = sum(jpeg_scan(data)) // 2
        changed = [data[:middle] + b"\x11" + data[middle:], data[:middle] + data[middle + 1 :]]
    elif ending == "png":
        start, end = png_body(data, b"IDAT")
        bodies = [data[start:end] + b"\x00", data[start : end - 1], b""]
        changed = [data[: start - 8] + png_chunk(b"IDAT", body) + data[end + 4 :] for body in bodies]
    else:
        start, end = riff_body(data, b"VP8 ")
        bodies = [data[start:end] + b"\x00\x00", data[start : end - 2], b""]
        changed = [with_riff_size(data[: start - 8] + riff_chunk(b"VP8 ", body)) for body in bodies]
    assert len({digest(data), *map(digest, changed)}) == len(changed) + 1


def test_the_order_of_the_coded_parts_is_part_of_the_picture(tmp_path: Path) -> None:
    data = draw_png(tmp_path / "picture").read_bytes()
    start, end = png_body(data, b"IDAT")
    first, second = png_chunk(b"IDAT", data[start : start + 9]), png_chunk(b"IDAT", data[start + 9 : end])
    before, after = data[: start - 8], data[end + 4 :]
    assert digest(before + first + second + after) != digest(before + second + first + after)


def test_a_restart_marker_does_not_end_the_coded_data(tmp_path: Path) -> None:
    data = draw_jpeg(tmp_path / "picture", restarts=True).read_bytes()
    assert data.count(b"\xff\xd0")
    assert [part.kind for part in walk(data)].count("SCAN") == 1


def test_a_progressive_picture_has_several_scans(tmp_path: Path) -> None:
    data = draw_jpeg(tmp_path / "picture", progressive=True).read_bytes()
    assert [part.kind for part in walk(data)].count("SCAN") > 2


def test_bytes_behind_the_end_are_no_part_of_the_picture(tmp_path: Path) -> None:
    for ending in ENDINGS:
        data = draw_any(tmp_path, ending).read_bytes()
        *_, last = walk(data + b"more")
        assert (last.kind, last.start, last.end, last.in_picture) == ("TRAILER", len(data), len(data) + 4, False)


# --- refusals


@pytest.mark.parametrize(("start", "kind"), [(s, k) for s, k in FIRST_BYTES if k not in STAMPABLE])
def test_a_picture_of_another_kind_is_refused(start: bytes, kind: PictureFormat) -> None:
    message = f"picture: expected a jpeg, png, webp, tiff, dng, avif, heic or heif file, got {kind.media_type}"
    with refused(InputError, message, code="picture-kind", hint=ANOTHER_KIND):
        read_stampable(start + bytes(100))


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8", PNG_SIGNATURE[:-1], b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    message = "picture: expected a jpeg, png, webp, tiff, dng, avif, heic or heif file, got something else"
    with refused(InputError, message, code="picture-kind", hint=ANOTHER_KIND):
        read_stampable(data)
    kinds = "a jpeg, png, webp, tiff, dng, avif, heic, heif or gif file"
    with refused(InputError, f"picture: expected {kinds}, got something else", code="picture-kind", hint=ANOTHER_KIND):
        read_picture(data)
    with refused(InputError, "picture: expected a picture, got something else", code="picture-kind"):
        list(read_metadata(data))


def test_only_what_has_an_order_is_walked() -> None:
    for start in (b"II*\x00", b"\x00\x00\x00\x20ftypavif", b"none"):
        with refused(InputError, "picture: expected a jpeg, png, webp or gif file", code="picture-kind"):
            list(walk(start))


ENDS = "the file ends before the picture does"
LONGER = "a segment is longer than the file"
CHUNK_LONGER = "a chunk is longer than the file"
SOS = jpeg_segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
IHDR = png_chunk(b"IHDR", bytes(13))

DAMAGED = [
    (b"\xff\xd8\xff", f"jpeg at byte 2: {ENDS}"),
    (b"\xff\xd8\xff\xff\xff", f"jpeg at byte 4: {ENDS}"),
    (b"\xff\xd8\xff\xe0", f"jpeg at byte 2: {LONGER}"),
    (b"\xff\xd8\xff\xe0\x00", f"jpeg at byte 2: {LONGER}"),
    (b"\xff\xd8\xff\xe0\x00\x00", f"jpeg at byte 2: {LONGER}"),
    (b"\xff\xd8\xff\xe0\x00\x01\xff\xd9", f"jpeg at byte 2: {LONGER}"),
    (b"\xff\xd8\xff\xe0\x00\x05\xff\xd9", f"jpeg at byte 2: {LONGER}"),
    (b"\xff\xd8\xff\xe0\xff\xff\xff\xd9", f"jpeg at byte 2: {LONGER}"),
    (b"\xff\xd8\xff\xe0\x00\x02", f"jpeg at byte 6: {ENDS}"),
    (b"\xff\xd8\xff\xe0\x00\x02\x00\xff\xd9", "jpeg at byte 6: expected a marker"),
    (b"\xff\xd8\xff\xe0\x00\x02\xff", f"jpeg at byte 6: {ENDS}"),
    (b"\xff\xd8\xff\x01\xff\xd0", f"jpeg at byte 6: {ENDS}"),
    (b"\xff\xd8" + SOS, f"jpeg at byte 12: {ENDS}"),
    (b"\xff\xd8" + SOS + b"data", f"jpeg at byte 16: {ENDS}"),
    (b"\xff\xd8" + SOS + b"data\xff\x00\xff\xd7\xff\xff", f"jpeg at byte 22: {ENDS}"),
    (b"\xff\xd8" + SOS + b"data\xff\xc4\xff", f"jpeg at byte 16: {LONGER}"),
    (PNG_SIGNATURE, f"png at byte 8: {ENDS}"),
    (PNG_SIGNATURE + bytes(11), f"png at byte 8: {ENDS}"),
    (PNG_SIGNATURE + bytes(12), "png at byte 8: expected the name of a chunk"),
    (PNG_SIGNATURE + IHDR, f"png at byte 33: {ENDS}"),
    (PNG_SIGNATURE + IHDR + png_chunk(b"ID4T", b""), "png at byte 33: expected the name of a chunk"),
    (PNG_SIGNATURE + IHDR + png_chunk("ÏDAT".encode("latin-1"), b""), "png at byte 33: expected the name of a chunk"),
    (PNG_SIGNATURE + IHDR + png_chunk(b"IEND", b"")[:-1], f"png at byte 33: {ENDS}"),
    (PNG_SIGNATURE + b"\x00\x00\x00\x0e" + IHDR[4:], f"png at byte 8: {CHUNK_LONGER}"),
    (PNG_SIGNATURE + b"\xff\xff\xff\xff" + IHDR[4:], f"png at byte 8: {CHUNK_LONGER}"),
    (b"RIFF\x05\x00\x00\x00WEBP", f"webp at byte 4: {ENDS}"),
    (b"RIFF\x03\x00\x00\x00WEBP", f"webp at byte 4: {ENDS}"),
    (b"RIFF\x00\x00\x00\x00WEBP", f"webp at byte 4: {ENDS}"),
    (b"RIFF\xff\xff\xff\xffWEBP" + bytes(20), f"webp at byte 4: {ENDS}"),
    (with_riff_size(b"RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00"), f"webp at byte 12: {ENDS}"),
    (with_riff_size(b"RIFF\x00\x00\x00\x00WEBPVP8 \x01\x00\x00\x00"), f"webp at byte 12: {CHUNK_LONGER}"),
    (with_riff_size(b"RIFF\x00\x00\x00\x00WEBPVP8 \x01\x00\x00\x00a"), f"webp at byte 12: {CHUNK_LONGER}"),
    (with_riff_size(b"RIFF\x00\x00\x00\x00WEBPVP8 \xff\xff\xff\xffabc"), f"webp at byte 12: {CHUNK_LONGER}"),
    (with_riff_size(b"RIFF\x00\x00\x00\x00WEBP" + riff_chunk(b"VP8 ", b"") + b"E"), f"webp at byte 20: {ENDS}"),
]


@pytest.mark.parametrize(("data", "message"), DAMAGED)
def test_a_damaged_file_is_refused_with_its_place(data: bytes, message: str) -> None:
    with refused(InputError, message, code="picture-damaged", hint=EXPORT_AGAIN):
        read_picture(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xff\xff\xd9",
        b"\xff\xd8\xff\x01\xff\xd7\xff\xd9",
        b"\xff\xd8" + SOS + b"\xff\xd9",
        b"\xff\xd8" + SOS + b"\xff\x00\xff\xd0\xff\xff\xff\xd9",
        PNG_SIGNATURE + png_chunk(b"IEND", b""),
        with_riff_size(b"RIFF\x00\x00\x00\x00WEBP" + riff_chunk(b"VP8 ", b"")),
    ],
)
def test_the_smallest_containers_are_walked_to_their_end(data: bytes) -> None:
    assert read_picture(data).store is None
    *_, last = walk(data)
    assert last.end == len(data)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path, ending: str) -> None:
    data = small(tmp_path, ending)
    read_picture(data)
    for length in range(len(data)):
        with pytest.raises(InputError) as caught:
            read_picture(data[:length])
        assert caught.value.code in ("picture-kind", "picture-damaged"), length
        assert identify(data[:length]) is None or caught.value.code == "picture-damaged", length


def test_a_trailer_cut_short_leaves_the_picture_whole(tmp_path: Path) -> None:
    for ending in ENDINGS:
        data = draw_any(tmp_path, ending).read_bytes()
        assert {digest((data + b"trailer")[: len(data) + length]) for length in range(8)} == {digest(data)}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_report_on_a_file_cut_short_anywhere_says_that_it_is_damaged(tmp_path: Path, ending: str) -> None:
    data = small(tmp_path, ending)
    path, question = tmp_path / "cut", Question(SystemClock().now())
    for length in range(0, len(data), 3):
        path.write_bytes(data[:length])
        report = verify_file(path, question=question)
        assert report.verdict is Verdict.INDETERMINATE
        assert report.credential.code == "unreadable", length
        assert {finding.code for finding in report.findings} & {"file-empty", "picture-kind", "picture-damaged"}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stamped_file_cut_short_anywhere_never_passes(
    tmp_path: Path, signed: dict[str, bytes], studio: Studio, ending: str
) -> None:
    data, path = signed[ending], tmp_path / "cut"
    for length in [*range(0, len(data), 211), len(data) - 1]:
        path.write_bytes(data[:length])
        report = verify_file(path, question=Question(SystemClock().now()), anchors=[studio.anchors()])
        assert report.verdict is not Verdict.PASSED, length
        assert report.credential.code in ("unreadable", "invalid"), length


def test_a_chunk_that_claims_four_gigabytes_is_refused_at_once() -> None:
    claims = [
        PNG_SIGNATURE + IHDR + b"\xff\xff\xff\xffIDAT" + bytes(100),
        with_riff_size(b"RIFF\x00\x00\x00\x00WEBPVP8 \xff\xff\xff\xff" + bytes(100)),
        b"RIFF\xff\xff\xff\xffWEBPVP8 \xf0\xff\xff\xff" + bytes(100),
    ]
    tracemalloc.start()
    try:
        for data in claims:
            with pytest.raises(InputError, match=r"longer than the file|ends before"):
                read_picture(data)
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()


def test_the_walk_takes_little_more_memory_than_the_file() -> None:
    data = b"\xff\xd8" + b"\xff\x01" * 20_000 + b"\xff\xd9"
    tracemalloc.start()
    try:
        read_picture(data)
        assert tracemalloc.get_traced_memory()[1] < 16 * len(data)
    finally:
        tracemalloc.stop()


# --- the manifest store in its container


def wrapped(store: bytes, *, size: int = 60_000, instance: bytes = INSTANCE, first: int = 1) -> list[bytes]:
    """Return the APP11 segments that carry a box; ISO 19566-5, D.2."""
    header, body = store[:8], store[8:]
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return [
        jpeg_segment(0xEB, b"JP" + instance + struct.pack(">I", number) + header + piece)
        for number, piece in enumerate(pieces, first)
    ]


def other_box(instance: bytes = b"\x00\x01") -> bytes:
    """Return a segment with a box that is no manifest store."""
    description = struct.pack(">I4s", 30, b"jumd") + STORE_TYPE.replace(b"c2pa", b"json") + b"\x03meta\x00"
    box = struct.pack(">I4s", 8 + len(description), b"jumb") + description
    (segment,) = wrapped(box, instance=instance)
    return segment


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a JPEG file without metadata."""
    path = tmp_path_factory.mktemp("bare") / "bare.jpg"
    return without_segments(draw_jpeg(path, exif=False).read_bytes(), METADATA)


@pytest.fixture(scope="module")
def store(signed: dict[str, bytes]) -> bytes:
    """Return a manifest store, taken out of its wrapping here."""
    start, end = png_body(signed["png"], b"caBX")
    return signed["png"][start:end]


def in_jpeg(bare: bytes, *segments: bytes) -> bytes:
    return bare[:2] + b"".join(segments) + bare[2:]


def flaw_of(data: bytes) -> str | None:
    store = read_picture(data).store
    assert store is not None
    return store.flaw


def in_png(data: bytes, *chunks: bytes) -> bytes:
    start, end = png_body(data, b"caBX")
    return data[: start - 8] + b"".join(chunks) + data[end + 4 :]


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_store_of_a_stamped_file_is_found_without_a_flaw(signed: dict[str, bytes], ending: str) -> None:
    data = signed[ending]
    found = read_picture(data).store
    assert found is not None
    assert found.flaw is None
    assert found.data[:8] == struct.pack(">I4s", len(found.data), b"jumb")
    assert found.data[16:32] == STORE_TYPE
    match ending:
        case "jpg":
            segments = [(start, end) for marker, start, end in jpeg_segments(data) if marker == 0xEB]
            assert (found.start, found.end) == (segments[0][0], segments[-1][1])
        case "png":
            assert data[found.start : found.end] == png_chunk(b"caBX", found.data)
        case _:
            assert data[found.start : found.end] == riff_chunk(b"C2PA", found.data)


def test_a_file_without_a_store_has_none(bare: bytes) -> None:
    assert read_picture(bare).store is None


@pytest.mark.parametrize("payload", [b"", b"J", b"JP", b"JP\x02\x11", b"JP\x02\x11" + bytes(36), b"HDR_RI ver=11"])
def test_an_app11_segment_of_another_kind_is_no_store(bare: bytes, payload: bytes) -> None:
    assert read_picture(in_jpeg(bare, jpeg_segment(0xEB, payload))).store is None


def test_a_box_of_another_type_is_no_store(bare: bytes) -> None:
    assert read_picture(in_jpeg(bare, other_box())).store is None


def test_the_box_in_another_segment_than_app11_is_no_store(bare: bytes, store: bytes) -> None:
    (segment,) = wrapped(store)
    assert read_picture(in_jpeg(bare, segment.replace(b"\xff\xeb", b"\xff\xea", 1))).store is None


def test_a_store_behind_the_end_of_the_picture_is_none(bare: bytes, store: bytes) -> None:
    assert read_picture(bare + b"".join(wrapped(store))).store is None


@pytest.mark.parametrize("size", [100, 1000, 4096, 60_000])
def test_a_store_in_any_number_of_segments_is_joined(bare: bytes, store: bytes, size: int) -> None:
    segments = wrapped(store, size=size)
    found = read_picture(in_jpeg(bare, jpeg_segment(0xFE, b"before"), *segments, jpeg_segment(0xFE, b"after"))).store
    assert found is not None
    assert (found.data, found.flaw) == (store, None)
    assert (found.start, found.end) == (2 + 10, 2 + 10 + sum(map(len, segments)))


def test_a_store_too_long_for_one_segment_is_read_as_the_engine_wrote_it(studio: Studio, tmp_path: Path) -> None:
    code = record_consent(studio).code
    path = draw_jpeg(tmp_path / "0.jpg")
    for number in range(1, 7):
        path = stamped(studio, path, tmp_path / f"{number}.jpg", code=code)
    found = read_picture(path.read_bytes()).store
    assert found is not None
    assert len(found.data) > 65_535
    assert found.flaw is None
    assert digest(path.read_bytes()) == digest((tmp_path / "0.jpg").read_bytes())


def test_other_boxes_before_and_behind_the_segments_are_no_flaw(bare: bytes, store: bytes) -> None:
    assert flaw_of(in_jpeg(bare, other_box(), *wrapped(store, size=5000), other_box(b"\x00\x02"))) is None


def test_another_box_instance_is_a_flaw(bare: bytes, store: bytes) -> None:
    data = in_jpeg(bare, *wrapped(store, instance=b"\x02\x12"))
    assert flaw_of(data) == "APP11 segment at byte 2: expected box instance 0211"


@pytest.mark.parametrize("first", [0, 2, 0x01000001])
def test_another_sequence_number_is_a_flaw(bare: bytes, store: bytes, first: int) -> None:
    data = in_jpeg(bare, *wrapped(store, first=first))
    assert flaw_of(data) == "APP11 segment at byte 2: expected sequence number 1"


def test_a_gap_in_the_sequence_is_a_flaw(bare: bytes, store: bytes) -> None:
    one, two, three = wrapped(store, size=5000)
    place = 2 + len(one)
    assert flaw_of(in_jpeg(bare, one, three)) == f"APP11 segment at byte {place}: expected sequence number 2"
    assert flaw_of(in_jpeg(bare, one, three, two)) == f"APP11 segment at byte {place}: expected sequence number 2"
    assert (
        flaw_of(in_jpeg(bare, one, two, two)) == f"APP11 segment at byte {place + len(two)}: expected sequence number 3"
    )


def test_another_box_header_in_a_later_segment_is_a_flaw(bare: bytes, store: bytes) -> None:
    one, two, three = wrapped(store, size=5000)
    for offset in range(12, 20):
        changed = bytearray(two)
        changed[offset] ^= 0x80
        expected = f"APP11 segment at byte {2 + len(one)}: the box header is not the one of the first segment"
        assert flaw_of(in_jpeg(bare, one, bytes(changed), three)) == expected


@pytest.mark.parametrize("between", [jpeg_segment(0xFE, b"hidden"), jpeg_segment(0xEB, b"hidden"), other_box()])
def test_something_between_the_segments_is_a_flaw(bare: bytes, store: bytes, between: bytes) -> None:
    one, two = wrapped(store, size=10_000)
    expected = f"APP11 segment at byte {2 + len(one) + len(between)}: the segments do not follow each other"
    assert flaw_of(in_jpeg(bare, one, between, two)) == expected


def test_fill_bytes_between_the_segments_are_a_flaw(bare: bytes, store: bytes) -> None:
    one, two = wrapped(store, size=10_000)
    expected = f"APP11 segment at byte {2 + len(one) + 3}: the segments do not follow each other"
    assert flaw_of(in_jpeg(bare, one, b"\xff" * 3, two)) == expected


def test_a_second_store_under_the_same_instance_is_a_flaw(bare: bytes, store: bytes) -> None:
    segments = wrapped(store)
    place = 2 + len(segments[0])
    assert flaw_of(in_jpeg(bare, *segments, *segments)) == f"APP11 segment at byte {place}: expected sequence number 2"


def test_a_second_store_under_another_instance_never_passes(
    tmp_path: Path, signed: dict[str, bytes], store: bytes, studio: Studio
) -> None:
    own = next((start, end) for marker, start, end in jpeg_segments(signed["jpg"]) if marker == 0xEB)
    (second,) = wrapped(store, instance=b"\x02\x12")
    for position in own:
        path = tmp_path / "two.jpg"
        path.write_bytes(signed["jpg"][:position] + second + signed["jpg"][position:])
        assert verify(studio, path).credential.code in ("invalid", "unreadable")


def test_many_small_segments_take_no_longer_each_than_few(bare: bytes, store: bytes) -> None:
    def seconds(count: int) -> float:
        data = in_jpeg(bare, *wrapped(store), jpeg_segment(0xEB, b"JP" + INSTANCE) * count)
        before = time.process_time()
        read_picture(data)
        return time.process_time() - before

    few, many = (min(seconds(count) for _ in range(3)) for count in (600, 2400))
    assert many < 8 * few


def test_as_many_segments_as_allowed_are_joined_and_no_more(bare: bytes) -> None:
    few = in_jpeg(bare, jpeg_segment(0xEB, b"") * MAX_STORE_PARTS)
    assert read_picture(few).store is None
    place = 2 + 4 * MAX_STORE_PARTS
    message = f"jpeg at byte {place}: the credential is in too many pieces"
    with refused(InputError, message, code="picture-damaged", hint=EXPORT_AGAIN):
        read_picture(in_jpeg(bare, jpeg_segment(0xEB, b"") * (MAX_STORE_PARTS + 1)))


@pytest.mark.parametrize(("ending", "name"), [("png", "caBX"), ("webp", "C2PA")])
def test_more_chunks_of_a_credential_are_refused(tmp_path: Path, ending: str, name: str) -> None:
    data = draw_any(tmp_path, ending).read_bytes()
    if ending == "png":
        few, many = (with_png_chunk(data, png_chunk(b"caBX", b"") * count) for count in (4096, 4097))
    else:
        few, many = (with_riff_chunk(data, riff_chunk(b"C2PA", b"") * count) for count in (4096, 4097))
    assert flaw_of(few) == f"{name} chunk: expected one, got {MAX_STORE_PARTS}"
    with pytest.raises(InputError, match=rf"\A{ending} at byte \d+: the credential is in too many pieces\Z"):
        read_picture(many)


@pytest.mark.parametrize("checksum", [0, 1, 0xFFFFFFFF])
def test_a_wrong_checksum_of_the_chunk_is_a_flaw(signed: dict[str, bytes], store: bytes, checksum: int) -> None:
    data = in_png(signed["png"], png_chunk(b"caBX", store, checksum=checksum))
    assert flaw_of(data) == "caBX chunk at byte 33: the checksum does not match"


def test_two_chunks_in_a_png_are_a_flaw(signed: dict[str, bytes], store: bytes) -> None:
    data = in_png(signed["png"], png_chunk(b"caBX", store), png_chunk(b"caBX", b""))
    found = read_picture(data).store
    assert found is not None
    assert (found.data, found.flaw) == (store, "caBX chunk: expected one, got 2")


def test_a_padding_byte_that_is_not_zero_is_a_flaw(tmp_path: Path) -> None:
    data = draw_webp(tmp_path / "picture").read_bytes()
    assert flaw_of(with_riff_chunk(data, riff_chunk(b"C2PA", b"odd"))) is None
    expected = f"C2PA chunk at byte {len(data)}: the padding byte is not zero"
    changed = with_riff_chunk(data, riff_chunk(b"C2PA", b"odd", padding=b"\x01"))
    assert flaw_of(changed) == expected
    assert digest(changed) == digest(data)


def test_the_padding_byte_is_no_part_of_the_store(tmp_path: Path) -> None:
    data = draw_webp(tmp_path / "picture").read_bytes()
    found = read_picture(with_riff_chunk(data, riff_chunk(b"C2PA", b"odd"))).store
    assert found is not None
    assert (found.data, found.start, found.end) == (b"odd", len(data), len(data) + 12)


def test_two_chunks_in_a_webp_are_a_flaw(signed: dict[str, bytes]) -> None:
    data = with_riff_chunk(signed["webp"], riff_chunk(b"C2PA", b""))
    assert flaw_of(data) == "C2PA chunk: expected one, got 2"


@pytest.mark.parametrize("ending", ENDINGS)
def test_changed_pixels_leave_the_store_as_it_is(signed: dict[str, bytes], ending: str) -> None:
    data = signed[ending]
    changed = with_changed_pixels(data)
    start, end = coded_bytes(data)
    assert changed[start:end] != data[start:end]
    assert read_picture(changed).store == read_picture(data).store
    assert read_picture(changed).digest != read_picture(data).digest
