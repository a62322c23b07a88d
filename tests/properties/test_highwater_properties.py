"""Whatever happens to the file of a high-water mark, it says something that was true, or that it cannot say."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from support.refusals import assert_plain_message
from support.tries import tries

from provenance.errors import LedgerError
from provenance.ledger import HighWater
from provenance.ledger.highwater import SLOT_BYTES

HANDLES = 3
RAISES = st.lists(st.tuples(st.integers(0, HANDLES - 1), st.integers(1, 60)), min_size=1, max_size=30)


def note(size: int) -> bytes:
    return b"log\n%d\n" % size + b"x" * (size * 7 % 300)


def whole_notes(sizes: list[int]) -> list[bytes]:
    """Return the notes that were kept when these sizes were raised to in this order, the newest last."""
    kept: list[int] = []
    for size in sizes:
        if not kept or size > kept[-1]:
            kept.append(size)
    return [note(size) for size in kept]


@contextmanager
def mark_file() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder) / "mark"


def write(path: Path, sizes: list[int]) -> None:
    with closing(HighWater(path)) as mark:
        for size in sizes:
            mark.raise_to(size, note(size))


def read(path: Path) -> bytes | LedgerError | None:
    """Return the note, or the refusal."""
    try:
        mark = HighWater(path)
    except LedgerError as error:
        return error
    with closing(mark):
        return mark.note()


@given(RAISES, st.data())
def test_it_is_the_largest_however_many_raise_it(raises: list[tuple[int, int]], data: st.DataObject) -> None:
    with mark_file() as path:
        handles = [HighWater(path) for _ in range(HANDLES)]
        largest = 0
        for number, size in raises:
            if data.draw(st.booleans()):
                handles[data.draw(st.integers(0, HANDLES - 1))].close()
            handles[number].raise_to(size, note(size))
            largest = max(largest, size)
            assert handles[data.draw(st.integers(0, HANDLES - 1))].note() == note(largest)
        for handle in handles:
            handle.close()
        assert read(path) == note(largest)


SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=6)


@given(SIZES, st.integers(0, 2 * SLOT_BYTES * 8 - 1))
def test_one_flipped_bit_leaves_the_newest_note_or_the_one_before(sizes: list[int], bit: int) -> None:
    with mark_file() as path:
        write(path, sizes)
        data = bytearray(path.read_bytes())
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        assert read(path) in whole_notes(sizes)[-2:]


@given(SIZES, st.lists(st.tuples(st.integers(0, 2 * SLOT_BYTES - 1), st.integers(0, 255)), max_size=40))
def test_many_changed_bytes_never_make_up_a_note(sizes: list[int], changes: list[tuple[int, int]]) -> None:
    with mark_file() as path:
        write(path, sizes)
        data = bytearray(path.read_bytes())
        for at, value in changes:
            # Most of a slot is slack; what counts lies at its start.
            data[at if at % 3 else at // SLOT_BYTES * SLOT_BYTES + at % 64] = value
        path.write_bytes(data)
        found = read(path)
        assert isinstance(found, LedgerError) or found in whole_notes(sizes)[-2:]


@given(SIZES, st.integers(0, 2 * SLOT_BYTES))
def test_a_file_that_was_cut_short_has_a_note_that_was_written_or_says_so(sizes: list[int], length: int) -> None:
    with mark_file() as path:
        write(path, sizes)
        path.write_bytes(path.read_bytes()[:length])
        found = read(path)
        if isinstance(found, LedgerError):
            # With the first slot whole there is always an answer.
            assert length < SLOT_BYTES
            assert_plain_message(found)
        else:
            assert found in whole_notes(sizes)[-2:]


@settings(max_examples=tries(100))
@given(SIZES, st.integers(61, 99), st.integers(0, 2 * SLOT_BYTES), st.booleans())
def test_a_write_that_was_torn_anywhere_leaves_the_note_before(
    sizes: list[int], last: int, cut: int, backwards: bool
) -> None:
    with mark_file() as path:
        write(path, sizes)
        before = path.read_bytes()
        write(path, [last])
        after = path.read_bytes()
        # Parts of a page may reach the disk in any order.
        path.write_bytes(before[:cut] + after[cut:] if backwards else after[:cut] + before[cut:])
        assert read(path) in (whole_notes(sizes)[-1], note(last))


@given(SIZES, st.integers(61, 99))
def test_it_is_raised_from_whatever_is_left(sizes: list[int], last: int) -> None:
    with mark_file() as path:
        write(path, sizes)
        data = path.read_bytes()
        for slot in (0, 1):
            path.write_bytes(data[: slot * SLOT_BYTES] + bytes(SLOT_BYTES) + data[(slot + 1) * SLOT_BYTES :])
            write(path, [last])
            assert read(path) == note(last)
