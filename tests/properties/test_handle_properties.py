from hypothesis import assume, given
from hypothesis import strategies as st

from provenance.consent.handles import make_handle, picture_secret

DIGESTS = st.binary(min_size=32, max_size=32)
PICTURES = st.lists(DIGESTS, min_size=2, max_size=8, unique=True)


def handle(key: bytes, picture: bytes, record: bytes) -> bytes:
    secret = picture_secret(record_key=key, picture_digest=picture)
    return make_handle(secret=secret, picture_digest=picture, record_digest=record)


def longest_common_run(one: bytes, two: bytes) -> int:
    return max(
        size
        for start in range(len(one))
        for size in range(len(one) - start + 1)
        if size == 0 or one[start : start + size] in two
    )


@given(DIGESTS, DIGESTS, PICTURES)
def test_the_handles_of_one_person_are_all_different_and_equal_nothing_that_made_them(
    key: bytes, record: bytes, pictures: list[bytes]
) -> None:
    handles = [handle(key, picture, record) for picture in pictures]
    secrets = [picture_secret(record_key=key, picture_digest=picture) for picture in pictures]
    assert len({*handles, *secrets, *pictures, key, record}) == len({*pictures, key, record}) + 2 * len(pictures)


# Five equal bytes in a row would come by chance once in a billion pairs.
@given(DIGESTS, DIGESTS, DIGESTS, DIGESTS)
def test_two_handles_of_one_person_have_nothing_in_common(key: bytes, record: bytes, one: bytes, two: bytes) -> None:
    assume(one != two)
    first, second = handle(key, one, record), handle(key, two, record)
    assert longest_common_run(first, second) < 5
    for part in (record, one):
        assert part[:5] not in second


@given(DIGESTS, DIGESTS, DIGESTS)
def test_who_opens_a_handle_finds_it_again(key: bytes, record: bytes, picture: bytes) -> None:
    secret = picture_secret(record_key=key, picture_digest=picture)
    opened = make_handle(secret=secret, picture_digest=picture, record_digest=record)
    assert opened == handle(key, picture, record)


@given(DIGESTS, DIGESTS, DIGESTS, DIGESTS)
def test_who_opened_one_handle_cannot_make_another_with_its_secret(
    key: bytes, record: bytes, one: bytes, two: bytes
) -> None:
    assume(one != two)
    opened = picture_secret(record_key=key, picture_digest=one)
    assert make_handle(secret=opened, picture_digest=two, record_digest=record) != handle(key, two, record)


@given(DIGESTS, DIGESTS, DIGESTS, st.integers(0, 2), st.integers(0, 255))
def test_any_changed_input_changes_the_handle(key: bytes, record: bytes, picture: bytes, part: int, bit: int) -> None:
    parts = [key, picture, record]
    changed = bytearray(parts[part])
    changed[bit // 8] ^= 1 << bit % 8
    others = [*parts[:part], bytes(changed), *parts[part + 1 :]]
    assert handle(*others) != handle(*parts)


@given(DIGESTS, DIGESTS, DIGESTS, st.integers(0, 255))
def test_a_changed_secret_changes_the_handle(secret: bytes, record: bytes, picture: bytes, bit: int) -> None:
    changed = bytearray(secret)
    changed[bit // 8] ^= 1 << bit % 8
    straight = make_handle(secret=secret, picture_digest=picture, record_digest=record)
    assert make_handle(secret=bytes(changed), picture_digest=picture, record_digest=record) != straight
