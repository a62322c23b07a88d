import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.recovery.fingerprints import Crop, Fingerprint
from provenance.recovery.searching import ALIKE, COARSE, FingerprintIndex, Resemblance

CODES = st.binary(min_size=32, max_size=32)


def flipped(code: bytes, *bits: int) -> bytes:
    """The code with some of its bits changed; the first 64 are the coarse ones."""
    value = int.from_bytes(code)
    for bit in bits:
        value ^= 1 << (255 - bit)
    return value.to_bytes(32)


def of(code: bytes, crop: Crop = Crop.FULL) -> Fingerprint:
    return Fingerprint(crop, code)


def test_what_is_alike_is_found_nearest_first_and_each_key_once() -> None:
    code = bytes(range(32))
    index = FingerprintIndex(
        [
            (7, of(flipped(code, 100, 200), Crop.CENTRE_SQUARE)),
            (7, of(flipped(code, 100, 200, 210), Crop.FULL)),
            (5, of(flipped(code, 1, 2))),
            (9, of(bytes(32 - i for i in range(32)))),
            (3, of(code, Crop.FACE)),
        ]
    )
    assert len(index) == 5
    assert index.search([of(code)]) == [
        Resemblance(3, Crop.FACE, Crop.FULL, 0),
        Resemblance(5, Crop.FULL, Crop.FULL, 2),
        Resemblance(7, Crop.CENTRE_SQUARE, Crop.FULL, 2),
    ]


def test_the_nearest_of_several_that_are_asked_counts() -> None:
    code = bytes(range(32))
    index = FingerprintIndex([(1, of(code))])
    asked = [of(flipped(code, 90, 91)), of(flipped(code, 90), Crop.UNFRAMED), of(flipped(code, 90, 91, 92))]
    assert index.search(asked) == [Resemblance(1, Crop.FULL, Crop.UNFRAMED, 1)]


@pytest.mark.parametrize(
    ("bits", "found"),
    [
        (range(64, 64 + ALIKE), True),
        (range(64, 64 + ALIKE + 1), False),
        (range(COARSE), True),
        (range(COARSE + 1), False),
    ],
)
def test_the_limits_are_kept_to_the_bit(bits: range, *, found: bool) -> None:
    code = bytes(range(32))
    assert bool(FingerprintIndex([(1, of(flipped(code, *bits)))]).search([of(code)])) is found


def test_nothing_is_found_where_nothing_is_kept_or_asked() -> None:
    assert FingerprintIndex([]).search([of(bytes(32))]) == []
    assert FingerprintIndex([(1, of(bytes(32)))]).search([]) == []


def test_a_code_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\Acode: expected 32 bytes\Z"):
        FingerprintIndex([(1, of(bytes(8)))])


def test_an_index_of_columns_finds_the_same() -> None:
    code = bytes(range(32))
    kept = [(7, of(flipped(code, 90, 91))), (3, of(code, Crop.FACE)), (7, of(flipped(code, 70), Crop.UPPER_SQUARE))]
    keys, crops = [key for key, _ in kept], [found.crop.value for _, found in kept]
    index = FingerprintIndex.from_columns(keys, crops, b"".join(found.code for _, found in kept))
    assert len(index) == 3
    assert index.search([of(code)]) == FingerprintIndex(kept).search([of(code)])


@pytest.mark.parametrize(("crops", "length"), [(["full"] * 2, 63), (["full"] * 2, 96), (["full"], 64)])
def test_columns_of_different_lengths_are_refused(crops: list[str], length: int) -> None:
    with pytest.raises(ValueError, match=r"\Acodes: expected one of 32 bytes for each of 2 keys\Z"):
        FingerprintIndex.from_columns([1, 2], crops, bytes(length))


@given(st.lists(CODES, max_size=8), CODES, st.sets(st.integers(0, 255), max_size=60))
def test_it_finds_what_comparing_one_by_one_finds(codes: list[bytes], code: bytes, bits: set[int]) -> None:
    kept = [*codes, code, flipped(code, *bits)]
    expected = {
        key: total
        for key, other in enumerate(kept)
        if (total := (int.from_bytes(other) ^ int.from_bytes(code)).bit_count()) <= ALIKE
        and (int.from_bytes(other[:8]) ^ int.from_bytes(code[:8])).bit_count() <= COARSE
    }
    found = FingerprintIndex((key, of(other)) for key, other in enumerate(kept)).search([of(code)])
    assert {one.key: one.distance for one in found} == expected


def test_importing_it_loads_none_of_the_libraries() -> None:
    loaded = "import sys, provenance.recovery.searching; print({'numpy', 'iscc_core', 'PIL'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
