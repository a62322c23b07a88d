"""Work on the bytes of a file that is done once, for as long as somebody holds on to it.

A stamp asks for the parts of the same bytes again and again. They are known by being the very same object, because
to compare megabytes would cost more than to walk them.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

_Value = TypeVar("_Value")

_KEPT: ContextVar[dict[tuple[object, int], tuple[bytes, Any]] | None] = ContextVar("kept", default=None)


@contextlib.contextmanager
def work_kept() -> Iterator[None]:
    """Keep what is found out about files within the block, and the files; nothing of it is left afterwards."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def keep(function: Callable[[bytes], _Value]) -> Callable[[bytes], _Value]:
    """Let a function of a file's bytes answer once for the same bytes within `work_kept`."""

    @functools.wraps(function)
    def answer(data: bytes) -> _Value:
        kept = _KEPT.get()
        if kept is None:
            return function(data)
        key = (function, id(data))
        if key not in kept:
            # The bytes are held as well, so that no other object gets their id.
            kept[key] = (data, function(data))
        found: _Value = kept[key][1]
        return found

    return answer


def keep_walk(walk: Callable[[bytes], Iterator[_Value]]) -> Callable[[bytes], Iterator[_Value]]:
    """Let a walk over a file's bytes be taken once likewise; where it fails, it then fails before its first step."""
    whole = keep(lambda data: tuple(walk(data)))

    @functools.wraps(walk)
    def again(data: bytes) -> Iterator[_Value]:
        return walk(data) if _KEPT.get() is None else iter(whole(data))

    return again
