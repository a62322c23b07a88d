"""The quick check of an entry against its parser, in one run; printed, never asserted."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from provenance.entries import (
    AnchorEntry,
    ConsentEntry,
    Entry,
    GenesisEntry,
    StampEntry,
    StampRevokedEntry,
    StatusListEntry,
    check_entry,
    parse_entry,
)

pytestmark = pytest.mark.benchmark

AT = datetime(2026, 11, 23, 21, 7, tzinfo=UTC)
HASH = bytes(range(32))
ENTRIES: list[Entry] = [
    ConsentEntry(AT, HASH),
    StampEntry(AT, HASH, (HASH,)),
    StampEntry(AT, HASH, (HASH,) * 4),
    StampRevokedEntry(AT, 123_456),
    StatusListEntry(AT, 3, HASH),
    AnchorEntry(AT, 70_000, HASH),
    GenesisEntry(AT, "log", "log+00000000+AAAA"),
]


def microseconds(read: Callable[[bytes], object], data: bytes) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(5_000):
            read(data)
        best = min(best, time.perf_counter() - start)
    return best / 5_000 * 1e6


def test_the_check_of_an_entry_against_its_parser() -> None:
    for entry in ENTRIES:
        data = entry.to_bytes()
        check, parse = microseconds(check_entry, data), microseconds(parse_entry, data)
        print(f"{entry.type:14} {len(data):4} B: check {check:5.2f} µs, parse {parse:5.2f} µs, {parse / check:4.1f} ×")
