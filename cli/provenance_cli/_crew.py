"""Processes that check files for one that hands them out: a file that takes its process down stops no other."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from pathlib import Path

from provenance_cli._checking import CRASHED, Asked, Check, Checked, check_one, open_studio


def side_by_side(check: Check, paths: Iterable[Path], *, jobs: int) -> Iterator[Checked]:
    """Yield what is found about every file, in order; a few more are begun than there are processes, and no more.

    Raises:
        ProvenanceError: the studio cannot be read.
    """
    crew = _Crew(check, jobs)
    try:
        for path in paths:
            crew.begin(path)
            if len(crew) > 2 * jobs:
                yield crew.finish()
        while len(crew):
            yield crew.finish()
    finally:
        crew.end()


class _Crew:
    """Processes that check files, and the files that they have begun, in order."""

    def __init__(self, check: Check, jobs: int) -> None:
        self._check = check
        self._jobs = jobs
        self._begun: deque[tuple[Path, Future[Checked]]] = deque()
        self._pool = _pool(check, jobs)

    def __len__(self) -> int:
        return len(self._begun)

    def begin(self, path: Path) -> None:
        """Have one more file checked."""
        try:
            future = self._pool.submit(_work, path)
        except BrokenProcessPool as error:
            future = Future()
            future.set_exception(error)
        self._begun.append((path, future))

    def finish(self) -> Checked:
        """Return what was found about the first file that was begun."""
        path, future = self._begun.popleft()
        try:
            return future.result()
        except BrokenProcessPool:
            return self._try_alone(path)

    def end(self) -> None:
        """Wait for what has begun, and begin no more."""
        self._pool.shutdown(cancel_futures=True)

    def _try_alone(self, path: Path) -> Checked:
        """Check a file by itself, and begin the others anew: a process died, and nobody knows of which file."""
        self._pool.shutdown()
        with _pool(self._check, 1) as alone:
            try:
                found = alone.submit(_work, path).result()
            except BrokenProcessPool:
                found = self._check.unanswered(path, CRASHED)
        waiting = [other for other, _ in self._begun]
        self._begun.clear()
        self._pool = _pool(self._check, self._jobs)
        for other in waiting:
            self.begin(other)
        return found


def _pool(check: Check, jobs: int) -> ProcessPoolExecutor:
    # Never a bare fork: the validator has threads, and the database must not be carried into a child.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_work, initargs=(check, Path.cwd()))


class _Worker:
    """What a process of the crew has at hand, from its first file on."""

    check: Check
    asked: Asked
    ready = False


def _begin_work(check: Check, here: Path) -> None:
    # Names are meant from where the command was called.
    os.chdir(here)
    # Whoever interrupts means the process that was started by hand; it ends the others in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Worker.check = check


def _end_with_parent() -> None:
    """Leave nothing behind where the process that hands out the files is killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(path: Path) -> Checked:
    if not _Worker.ready:
        # Here and not when the process begins: an error is to be told as it is.
        _Worker.asked = open_studio(_Worker.check, ExitStack())
        _Worker.ready = True
    return check_one(_Worker.check, path, _Worker.asked)
