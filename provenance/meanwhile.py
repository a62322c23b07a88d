"""Work that goes on beside other work: on a second core, while the first is busy with the same bytes."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Done = TypeVar("_Done")


@contextlib.contextmanager
def meanwhile(work: Callable[[], _Done]) -> Iterator[Callable[[], _Done]]:
    """Begin `work` in a thread of its own, and yield what waits for it and returns what it returned.

    What `work` raises is raised to whoever asks for the result, each time. The block is not left before `work` is
    done, whatever is raised within it.
    """
    with ThreadPoolExecutor(1) as thread:
        begun = thread.submit(contextvars.copy_context().run, work)
        yield begun.result
