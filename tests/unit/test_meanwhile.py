import threading
from contextvars import ContextVar

import pytest

from provenance.meanwhile import meanwhile

HELD = ContextVar("held", default="nothing")


def test_the_work_goes_on_beside_the_block() -> None:
    asked, answered = threading.Event(), threading.Event()

    def work() -> str:
        assert asked.wait(10)
        answered.set()
        return "done"

    with meanwhile(work) as result:
        asked.set()
        assert answered.wait(10)
        assert result() == "done"


def test_the_work_sees_what_is_held_where_it_was_begun() -> None:
    token = HELD.set("this")
    try:
        with meanwhile(HELD.get) as result:
            assert result() == "this"
    finally:
        HELD.reset(token)


def test_what_the_work_raises_is_raised_to_each_who_asks() -> None:
    def work() -> None:
        raise LookupError("lost")

    with meanwhile(work) as result:
        for _ in range(2):
            with pytest.raises(LookupError, match=r"^lost$"):
                result()


def test_nobody_has_to_ask() -> None:
    def work() -> None:
        raise LookupError("lost")

    with meanwhile(work):
        pass


def test_the_block_is_not_left_before_the_work_is_done() -> None:
    left, done = threading.Event(), threading.Event()

    def work() -> None:
        assert left.wait(10)
        done.set()

    def leave() -> None:
        with meanwhile(work):
            left.set()
            raise LookupError

    with pytest.raises(LookupError):
        leave()
    assert done.is_set()
