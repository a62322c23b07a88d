"""GIF: the digest, the manifest store, and the blocks of metadata."""

import hashlib

import pytest
from support.makers import Maker
from support.metadata import COMMENT_INTO, XMP_INTO, encoded, xmp
from support.refusals import refused

from provenance.credentials.jumbf import read_store
from provenance.errors import InputError
from provenance.picture import BlockKind, read_metadata, read_picture, walk

SCREEN = b"GIF89a" + b"\x01\x00\x01\x00\x80\x00\x00" + b"\x00\x00\x00\xff\xff\xff"
IMAGE = b"\x2c" + bytes(4) + b"\x01\x00\x01\x00\x00" + b"\x02\x02\x44\x01\x00"
COMMENT = b"\x21\xfe\x05hello\x00"
CONTROL = b"\x21\xf9\x04\x01\x0a\x00\x00\x00"
LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
END = b"\x3b"
ENDS = "the file ends before the picture does"


def digest(data: bytes) -> bytes:
    return read_picture(data).digest


def test_the_digest_is_the_one_of_its_definition() -> None:
    data = SCREEN + LOOP + CONTROL + IMAGE + COMMENT + END + b"behind"
    assert digest(data) == hashlib.sha256(SCREEN[6:] + CONTROL + IMAGE + END).digest()
    assert [part.kind for part in walk(data)] == [
        *("SCREEN", "APPLICATION", "F9", "IMAGE", "COMMENT", "END", "TRAILER")
    ]


@pytest.mark.parametrize("extra", [COMMENT, LOOP])
def test_comments_and_applications_do_not_touch_the_digest(extra: bytes) -> None:
    plain = SCREEN + IMAGE + END
    assert digest(SCREEN + extra + IMAGE + END) == digest(SCREEN + IMAGE + extra + END) == digest(plain)
    assert digest(plain.replace(b"GIF89a", b"GIF87a")) == digest(plain)


def test_no_bit_of_the_picture_changes_without_the_digest() -> None:
    data = SCREEN + CONTROL + IMAGE + END
    right = digest(data)
    for position in range(6, len(data)):
        changed = bytearray(data)
        changed[position] ^= 1
        try:
            found = digest(bytes(changed))
        except InputError:
            continue
        assert found != right, position


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (SCREEN[:12], f"gif at byte 12: {ENDS}"),
        (SCREEN[:14], f"gif at byte 6: {ENDS}"),
        (SCREEN, f"gif at byte 19: {ENDS}"),
        (SCREEN + b"\x00", "gif at byte 19: expected a block"),
        (SCREEN + b"\x21", f"gif at byte 19: {ENDS}"),
        (SCREEN + IMAGE[:9], f"gif at byte 19: {ENDS}"),
        (SCREEN + IMAGE[:-1], f"gif at byte {19 + len(IMAGE) - 1}: {ENDS}"),
        (SCREEN + COMMENT[:-2], f"gif at byte {19 + len(COMMENT) - 2}: {ENDS}"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(data: bytes, message: str) -> None:
    with refused(InputError, message, code="picture-damaged", hint="export or download the picture again"):
        read_picture(data)


def test_comments_xmp_and_what_follows_are_found() -> None:
    packet = xmp(("dc:title", "x"))
    (found,) = read_metadata(XMP_INTO["GIF"](packet))
    assert (found.kind, found.data) == (BlockKind.XMP, packet)
    long = "a comment of more than one block " * 20
    comment, trailer = read_metadata(COMMENT_INTO["GIF"](long.encode()) + b"behind")
    assert (comment.kind, comment.key, comment.data.decode()) == (BlockKind.TEXT, "Comment", long)
    assert (trailer.kind, trailer.data) == (BlockKind.TRAILER, b"behind")


def test_credentials_leave_the_digest_as_it_is_and_are_found() -> None:
    data = encoded("GIF")
    signed = Maker().sign(data, "image/gif")
    picture = read_picture(signed)
    assert picture.digest == digest(data)
    assert picture.store is not None
    assert picture.store.flaw is None
    assert len(read_store(picture.store.data).manifests) == 1


def test_a_store_that_is_wrapped_otherwise_has_a_flaw() -> None:
    def flaw(*extensions: bytes) -> str | None:
        found = read_picture(SCREEN + b"".join(extensions) + IMAGE + END).store
        assert found is not None
        return found.flaw

    right = b"\x21\xff\x0bC2PA_GIF\x01\x00\x00" + b"\x03abc\x00"
    place = "application extension at byte 19"
    assert flaw(right) is None
    assert flaw(right.replace(b"\x01\x00\x00", b"\x01\x00\x01")) == f"{place}: expected the identifier C2PA_GIF 010000"
    assert flaw(right[:-1] + b"\x01d\x00") == f"{place}: expected sub-blocks of 255 bytes"
    assert flaw(right, right) == "application extension: expected one manifest store, got 2"
