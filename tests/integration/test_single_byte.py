"""No bit of a stamped file can change and the file still pass."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.pictures import draw_jpeg, draw_png, draw_webp
from support.studios import make_studio, record_consent, stamped, verify
from support.tries import tries

from provenance.picture import read_picture
from provenance.studio import Studio
from provenance.verification import Report, Verdict

pytestmark = pytest.mark.slow

FILES = ["jpg", "png", "webp", "again.jpg"]

# The files are the same for every example; a slow computer is no failure.
flips = settings(max_examples=tries(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# Stamps differ in length from one run to the next; an example must mean the same in all of them.
places = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Bench:
    """A studio, and stamped files by their names."""

    studio: Studio
    files: dict[str, bytes]
    folder: Path

    def verify(self, data: bytes) -> Report:
        path = self.folder / "changed"
        path.write_bytes(data)
        return verify(self.studio, path)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("stamped")
    studio = make_studio(folder / "studio")
    code = record_consent(studio).code
    size = (24, 32)
    sources = [
        draw_jpeg(folder / "a.jpg", size=size, comment=b"drawn"),
        draw_png(folder / "a.png", size=size, text={"Title": "drawn"}),
        draw_webp(folder / "a.webp", size=size, exif=True, mode="RGBA"),
    ]
    files = {
        source.suffix[1:]: stamped(studio, source, folder / f"stamped{source.suffix}", code=code) for source in sources
    }
    files["again.jpg"] = stamped(studio, files["jpg"], folder / "again.jpg", code=code)
    yield Bench(studio, {name: path.read_bytes() for name, path in files.items()}, folder)
    studio.close()


def flipped(data: bytes, position: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)


def passing(bench: Bench, name: str, positions: Iterable[int]) -> list[int]:
    """Return at which positions one bit, another one at each, can be flipped and the file still passes."""
    stamped = bench.files[name]
    return [
        position
        for position in positions
        if bench.verify(flipped(stamped, position, position % 8)).verdict is Verdict.PASSED
    ]


@pytest.mark.parametrize("name", FILES)
def test_the_untouched_file_passes(bench: Bench, name: str) -> None:
    report = bench.verify(bench.files[name])
    assert report.verdict is Verdict.PASSED
    assert report.ledger.code == "proven"
    assert report.consent_basis == "studio"


@pytest.mark.parametrize("name", FILES)
@flips
@given(place=places, bit=st.integers(0, 7))
def test_a_file_with_one_bit_flipped_never_passes(bench: Bench, name: str, place: int, bit: int) -> None:
    stamped = bench.files[name]
    position = place % len(stamped)
    assert bench.verify(flipped(stamped, position, bit)).verdict is not Verdict.PASSED


@pytest.mark.parametrize("name", FILES)
@flips
@given(place=places, added=st.binary(max_size=2), removed=st.integers(0, 2))
def test_a_file_with_some_bytes_more_or_less_never_passes(
    bench: Bench, name: str, place: int, added: bytes, removed: int
) -> None:
    stamped = bench.files[name]
    position = place % len(stamped)
    changed = stamped[:position] + added + stamped[position + removed :]
    if changed != stamped:
        assert bench.verify(changed).verdict is not Verdict.PASSED


@pytest.mark.parametrize("name", FILES)
def test_no_flipped_bit_in_the_headers_of_the_wrapping_passes(bench: Bench, name: str) -> None:
    """The first bytes of the store are box headers, labels and types, which nothing signs."""
    stamped = bench.files[name]
    store = read_picture(stamped).store
    assert store is not None
    assert passing(bench, name, range(store.start, store.start + 200)) == []


def test_bytes_behind_the_end_never_pass(bench: Bench) -> None:
    for name in FILES:
        for trailer in (b"\x00", b"hidden", bench.files[name]):
            assert bench.verify(bench.files[name] + trailer).verdict is not Verdict.PASSED, name


def test_the_store_of_another_picture_never_passes(bench: Bench, tmp_path: Path) -> None:
    code = record_consent(bench.studio).code
    other = stamped(
        bench.studio,
        draw_jpeg(tmp_path / "b.jpg", size=(24, 32), comment=b"drawn", seed=1),
        tmp_path / "c.jpg",
        code=code,
    ).read_bytes()
    mine = bench.files["jpg"]
    here, there = read_picture(mine).store, read_picture(other).store
    assert here is not None
    assert there is not None
    moved = mine[: here.start] + other[there.start : there.end] + mine[here.end :]
    assert bench.verify(other).verdict is Verdict.PASSED
    assert bench.verify(moved).verdict is Verdict.FAILED


@pytest.mark.slow
def test_no_flipped_bit_anywhere_in_the_wrapped_store_passes(bench: Bench) -> None:
    stamped = bench.files["jpg"]
    store = read_picture(stamped).store
    assert store is not None
    assert passing(bench, "jpg", range(store.start, store.end)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["png", "webp", "again.jpg"])
def test_no_flipped_bit_anywhere_but_in_the_padding_passes(bench: Bench, name: str) -> None:
    stamped = bench.files[name]
    # Padding is a long row of zeros; a sample of it is enough.
    positions = [p for p in range(len(stamped)) if stamped[p - 40 : p + 40] != bytes(80) or p % 100 == 0]
    assert len(positions) < len(stamped) - 9000
    assert passing(bench, name, positions) == []
