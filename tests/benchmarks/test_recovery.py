"""Searching fingerprints, against a plain loop in Python, in one run; printed, never asserted."""

import random
import time
from collections.abc import Callable

import pytest

from provenance.recovery.fingerprints import Crop, Fingerprint
from provenance.recovery.searching import ALIKE, FingerprintIndex

pytestmark = pytest.mark.benchmark


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best * 1000


@pytest.mark.parametrize("size", [1_000, 10_000, 100_000, 1_000_000])
def test_a_search_against_a_plain_loop(size: int) -> None:
    data = random.Random(size).randbytes(32 * size)
    codes = [data[at : at + 32] for at in range(0, len(data), 32)]
    index = FingerprintIndex((key, Fingerprint(Crop.FULL, code)) for key, code in enumerate(codes))
    asked = codes[size // 2]
    numbers, number = [int.from_bytes(code) for code in codes], int.from_bytes(asked)

    def loop() -> list[int]:
        return [key for key, other in enumerate(numbers) if (other ^ number).bit_count() <= ALIKE]

    def search() -> list[int]:
        return [found.key for found in index.search([Fingerprint(Crop.FULL, asked)])]

    assert search() == loop() == [size // 2]
    ours, plain = milliseconds(search, 9), milliseconds(loop, 3)
    print(f"{size:9,} fingerprints: {ours:7.3f} ms, plain loop {plain:8.3f} ms, {plain / ours:5.1f} ×")
