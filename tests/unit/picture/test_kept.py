import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from provenance.picture.kept import keep, keep_walk, work_kept

calls: list[bytes] = []


@keep
def size(data: bytes) -> int:
    calls.append(data)
    return len(data)


@keep_walk
def letters(data: bytes) -> Iterator[int]:
    calls.append(data)
    for letter in data:
        if letter == 0:
            raise ValueError("a zero")
        yield letter


@pytest.fixture(autouse=True)
def _none() -> None:
    calls.clear()


def test_work_is_done_once_for_the_same_bytes_within_the_block() -> None:
    data, equal = b"abc" * 3, bytes(bytearray(b"abc" * 3))
    with work_kept():
        assert [size(data) for _ in range(3)] == [9] * 3
        assert [list(letters(data)) for _ in range(3)] == [list(data)] * 3
        assert len(calls) == 2
        # Equal bytes of another object are other work.
        assert size(equal) == 9
        assert len(calls) == 3
    assert size(data) == 9
    assert len(calls) == 4


def test_outside_of_a_block_a_walk_is_taken_step_by_step() -> None:
    walk = letters(b"a\0")
    assert next(walk) == ord("a")
    with pytest.raises(ValueError, match="a zero"):
        next(walk)


def test_a_walk_that_fails_fails_every_time() -> None:
    with work_kept():
        for _ in range(2):
            with pytest.raises(ValueError, match="a zero"):
                letters(b"a\0")
    assert len(calls) == 2


def test_blocks_within_blocks_and_other_threads_have_work_of_their_own() -> None:
    data = b"abcdef" * 2
    with work_kept():
        size(data)
        with work_kept():
            size(data)
        assert len(calls) == 2
        size(data)
        assert len(calls) == 2
        thread = threading.Thread(target=size, args=(data,))
        thread.start()
        thread.join()
        assert len(calls) == 3


class _Answer:
    pass


@keep
def answer(data: bytes) -> _Answer:
    return _Answer()


def test_nothing_is_left_behind_the_block() -> None:
    with work_kept():
        left = weakref.ref(answer(b"some bytes"))
        assert left() is not None
    gc.collect()
    assert left() is None
