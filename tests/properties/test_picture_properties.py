import struct
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.pictures import PNG_SIGNATURE, jpeg_segment, png_chunk, riff_chunk, with_riff_size
from support.refusals import assert_plain_message
from support.tries import tries

from provenance.errors import InputError
from provenance.picture import Picture, identify, read_picture, walk

STARTS = [
    b"\xff\xd8\xff",
    PNG_SIGNATURE,
    b"RIFF\x00\x00\x00\x00WEBP",
    b"RIFF\x40\x00\x00\x00WEBP",
    b"RIFF\xff\xff\xff\xffWEBP",
    b"II*\x00",
    b"MM\x00*",
    b"GIF89a",
    b"\x00\x00\x00\x20ftypavif",
    b"\x00\x00\x00\x20ftypheic",
]
STORE_TYPE = bytes.fromhex("63327061 0011 0010 8000 00aa00389b71")

# Far above what a file of a few kilobytes takes on a busy machine, and far below what a loop without end would.
bounded = settings(deadline=timedelta(seconds=5), max_examples=tries(200))

bodies = st.binary(max_size=200)
lengths = st.one_of(st.integers(0, 300), st.integers(0, 2**32 - 1))
markers = st.one_of(st.sampled_from([0x01, 0xC0, 0xD0, 0xD8, 0xD9, 0xDA, 0xE1, 0xEB, 0xFE, 0xFF]), st.integers(0, 255))
names = st.one_of(
    st.sampled_from([b"IHDR", b"IDAT", b"IEND", b"caBX", b"VP8 ", b"VP8X", b"C2PA"]), st.binary(min_size=4, max_size=4)
)


def read_or_refuse(data: bytes) -> Picture | None:
    try:
        return read_picture(data)
    except InputError as error:
        refusal = error
    assert refusal.code in ("picture-kind", "picture-damaged")
    assert_plain_message(refusal)
    return None


def check_parts(data: bytes) -> None:
    """Check that the parts are in order, do not overlap, and lie within the file."""
    position = 0
    for part in walk(data):
        assert position <= part.start <= part.body <= part.end <= len(data)
        position = part.end


@bounded
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=2000))
def test_anything_behind_the_first_bytes_is_read_or_refused(start: bytes, rest: bytes) -> None:
    if read_or_refuse(start + rest) is not None:
        check_parts(start + rest)


@given(data=st.binary(max_size=500))
def test_anything_at_all_is_read_or_refused(data: bytes) -> None:
    kind = identify(data)
    found = read_or_refuse(data)
    assert found is None or found.format is kind


@bounded
@given(segments=st.lists(st.tuples(markers, bodies), max_size=20), rest=bodies)
def test_any_segments_of_a_jpeg_are_read_or_refused(segments: list[tuple[int, bytes]], rest: bytes) -> None:
    data = b"\xff\xd8" + b"".join(jpeg_segment(marker, body) for marker, body in segments) + rest
    if read_or_refuse(data) is not None:
        check_parts(data)


@bounded
@given(pieces=st.lists(st.tuples(markers, st.integers(0, 65_535), bodies), max_size=20))
def test_any_lengths_of_segments_are_read_or_refused(pieces: list[tuple[int, int, bytes]]) -> None:
    data = b"\xff\xd8" + b"".join(struct.pack(">BBH", 0xFF, marker, size) + body for marker, size, body in pieces)
    read_or_refuse(data + b"\xff\xd9")


@bounded
@given(chunks=st.lists(st.tuples(names, bodies), max_size=20), rest=bodies)
def test_any_chunks_are_read_or_refused(chunks: list[tuple[bytes, bytes]], rest: bytes) -> None:
    for data in (
        PNG_SIGNATURE + b"".join(png_chunk(name, body) for name, body in chunks) + rest,
        with_riff_size(b"RIFF\x00\x00\x00\x00WEBP" + b"".join(riff_chunk(name, body) for name, body in chunks)) + rest,
    ):
        if read_or_refuse(data) is not None:
            check_parts(data)


@bounded
@given(chunks=st.lists(st.tuples(names, lengths, bodies), max_size=20), size=lengths)
def test_any_lengths_of_chunks_are_read_or_refused(chunks: list[tuple[bytes, int, bytes]], size: int) -> None:
    png = PNG_SIGNATURE + b"".join(struct.pack(">I", length) + name + body for name, length, body in chunks)
    webp = b"".join(name + struct.pack("<I", length) + body for name, length, body in chunks)
    read_or_refuse(png)
    read_or_refuse(b"RIFF" + struct.pack("<I", size) + b"WEBP" + webp)


@bounded
@given(
    segments=st.lists(
        st.tuples(
            st.sampled_from([b"JP", b"JQ"]),
            st.sampled_from([b"\x02\x11", b"\x02\x12"]),
            st.integers(0, 4),
            st.sampled_from([bytes(8), bytes(7) + b"\x01"]),
            st.one_of(st.just(bytes(8) + STORE_TYPE), st.binary(max_size=40)),
            st.integers(0, 60),
        ),
        max_size=8,
    )
)
def test_any_wrapping_of_a_store_is_read(segments: list[tuple[bytes, bytes, int, bytes, bytes, int]]) -> None:
    wrapped = b"".join(
        jpeg_segment(0xEB, (mark + instance + struct.pack(">I", number) + header + body)[: cut or None])
        for mark, instance, number, header, body, cut in segments
    )
    data = b"\xff\xd8" + wrapped + b"\xff\xd9"
    picture = read_or_refuse(data)
    assert picture is not None
    if picture.store is not None:
        assert 2 <= picture.store.start < picture.store.end <= len(data) - 2


@bounded
@example(cut=0, at=0)
@given(cut=st.integers(0, 64), at=st.integers(0, 64))
def test_coded_data_of_any_length_end_where_the_picture_does(cut: int, at: int) -> None:
    coded = (b"\xff\x00\xff\xd3\xff\x00ab" * 9)[:cut].rstrip(b"\xff")
    data = b"\xff\xd8" + jpeg_segment(0xDA, bytes(6)) + coded + b"\xff" * at + b"\xff\xd9"
    scan, end = [part for part in walk(data) if part.kind in ("SCAN", "EOI")]
    assert scan.end <= end.start == len(data) - 2


def test_a_long_row_of_almost_markers_is_read_once() -> None:
    data = b"\xff\xd8" + jpeg_segment(0xDA, bytes(6)) + b"\xff\x00" * 500_000
    with pytest.raises(InputError, match="the file ends before the picture does"):
        read_picture(data)
    with pytest.raises(InputError, match="the file ends before the picture does"):
        read_picture(b"\xff\xd8" + b"\xff" * 500_000)
