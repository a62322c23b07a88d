import hashlib
import hmac

import pytest
from support.refusals import refused

from provenance.consent.handles import RECORD_KEY_BYTES, make_handle, picture_secret

KEY, PICTURE, RECORD = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32
SECRET = picture_secret(record_key=KEY, picture_digest=PICTURE)


def test_the_secret_of_a_picture_is_made_as_the_format_says() -> None:
    assert hmac.new(KEY, b"asset" + PICTURE, hashlib.sha256).digest() == SECRET
    assert RECORD_KEY_BYTES == 32


def test_a_handle_is_made_as_the_format_says() -> None:
    expected = hashlib.sha256(b"provenance/handle/v1\x00" + SECRET + PICTURE + RECORD).digest()
    assert make_handle(secret=SECRET, picture_digest=PICTURE, record_digest=RECORD) == expected


def test_a_secret_depends_on_the_record_key_and_the_picture() -> None:
    made = {picture_secret(record_key=key, picture_digest=digest) for key in (KEY, RECORD) for digest in (KEY, PICTURE)}
    assert len(made) == 4


def test_a_handle_depends_on_the_order_of_its_parts() -> None:
    straight = make_handle(secret=SECRET, picture_digest=PICTURE, record_digest=RECORD)
    assert make_handle(secret=SECRET, picture_digest=RECORD, record_digest=PICTURE) != straight
    assert make_handle(secret=PICTURE, picture_digest=SECRET, record_digest=RECORD) != straight


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_secret_of_parts_of_another_length_is_refused(size: int) -> None:
    message = "handle: expected a record key and a picture digest of 32 bytes each"
    with refused(ValueError, message):
        picture_secret(record_key=bytes(size), picture_digest=PICTURE)
    with refused(ValueError, message):
        picture_secret(record_key=KEY, picture_digest=bytes(size))


@pytest.mark.parametrize("size", [0, 31, 33])
@pytest.mark.parametrize("place", ["secret", "picture_digest", "record_digest"])
def test_a_handle_of_parts_of_another_length_is_refused(place: str, size: int) -> None:
    parts = {"secret": SECRET, "picture_digest": PICTURE, "record_digest": RECORD, place: bytes(size)}
    with refused(ValueError, "handle: expected a secret and two digests of 32 bytes each"):
        make_handle(**parts)


def test_a_handle_of_equally_wrong_lengths_is_refused() -> None:
    with refused(ValueError, "handle: expected a secret and two digests of 32 bytes each"):
        make_handle(secret=bytes(16), picture_digest=bytes(16), record_digest=bytes(16))


@pytest.mark.parametrize("part", ["secret", "picture_digest", "record_digest"])
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_handle_of_one_part_of_another_length_is_refused(part: str, size: int) -> None:
    parts = {"secret": SECRET, "picture_digest": PICTURE, "record_digest": RECORD, part: bytes(size)}
    with refused(ValueError, "handle: expected a secret and two digests of 32 bytes each"):
        make_handle(**parts)
