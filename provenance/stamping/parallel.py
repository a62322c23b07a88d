"""Several pictures at the same time: what comes out is in the order of what goes in."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")


class Work(Protocol):
    """Applies a function to items, several at a time, and yields what it returns in their order."""

    def __call__(self, function: Callable[[_Item], _Done], items: Iterable[_Item], /) -> Iterator[_Done]:
        """Take one item more than there are workers, and no more before a result is asked for."""
        ...


@contextlib.contextmanager
def workers(jobs: int) -> Iterator[Work]:
    """Yield what works with `jobs` threads; with one, everything is done by the thread that asks.

    Where the block is left early, what has begun is finished and nothing more is begun.
    """
    if jobs == 1:
        yield map
        return
    pool = ThreadPoolExecutor(jobs)

    def work(function: Callable[[_Item], _Done], items: Iterable[_Item], /) -> Iterator[_Done]:
        begun: deque[Future[_Done]] = deque()
        for item in items:
            begun.append(pool.submit(function, item))
            if len(begun) > jobs:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()

    try:
        yield work
    finally:
        pool.shutdown(cancel_futures=True)
