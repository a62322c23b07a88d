"""Group commit: many who wait, one transaction, one checkpoint, one flush of the disk."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager

from provenance.entries import Entry
from provenance.errors import LedgerError
from provenance.ledger.log import Appended, Ledger

MAX_GROUP = 1024
MAX_WAITING = 4096


class Waiting:
    """Entries that were handed over, and what becomes of them."""

    __slots__ = ("_appended", "_done", "_error", "entries")

    def __init__(self, entries: Sequence[tuple[bytes, Entry]]) -> None:
        self.entries = entries
        self._appended: list[Appended] = []
        self._error: BaseException | None = None
        # A bare lock, held until the answer is there: a future costs several times as much.
        self._done = threading.Lock()
        self._done.acquire()

    def result(self) -> list[Appended]:
        """Wait until the entries and a checkpoint are durable, and return their places.

        Raises:
            ProvenanceError: as `Ledger.append`; the entries were not appended, or it is not known whether they were.
        """
        with self._done:
            if self._error is not None:
                raise self._error
            return self._appended

    def is_done(self) -> bool:
        """Tell whether there is an answer."""
        return not self._done.locked()

    def settle(self, appended: list[Appended], error: BaseException | None = None) -> None:
        """Give the answer; only the sequencer does."""
        self._appended, self._error = appended, error
        self._done.release()


class Sequencer:
    """One thread that appends for many; what waits while a group is being written forms the next group.

    Any number of them, in any number of processes, may write to one log.
    """

    def __init__(self, open_ledger: Callable[[], AbstractContextManager[Ledger]]) -> None:
        """Start the thread.

        Args:
            open_ledger: opens the ledger within the thread, and closes it there.

        Raises:
            ProvenanceError: the ledger cannot be opened.
        """
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._open_ledger = open_ledger
        self._closing = threading.Lock()  # guards the next, and that nothing is put behind the end
        self._closed = False
        opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(opened,), name="ledger-sequencer", daemon=True)
        self._thread.start()
        opened.result()

    def submit(self, entries: Sequence[tuple[bytes, Entry]]) -> Waiting:
        """Hand over entries that are appended together, or not at all.

        Raises:
            LedgerError: too many are waiting already, or this was closed.
        """
        waiting = Waiting(entries)
        with self._closing:
            if self._closed:
                raise LedgerError("ledger: closed, and takes no more entries", code="ledger-closed")
            if self._queue.qsize() >= MAX_WAITING:
                raise LedgerError(
                    f"ledger: {MAX_WAITING} appends are waiting already",
                    code="ledger-busy",
                    hint="try again in a moment",
                )
            self._queue.put(waiting)
        return waiting

    def append(self, entries: Sequence[tuple[bytes, Entry]]) -> list[Appended]:
        """Append entries and wait until they and a checkpoint are durable.

        Raises:
            ProvenanceError: as `Ledger.append`, or as `submit`.
        """
        return self.submit(entries).result()

    def close(self) -> None:
        """Append what was handed over already, and end the thread."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self, opened: "Future[None]") -> None:
        try:
            with self._open_ledger() as ledger:
                opened.set_result(None)
                for group in self._groups():
                    _append(ledger, group)
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)

    def _groups(self) -> Iterator[list[Waiting]]:
        """Yield what waits, in groups of a bounded size, until this is closed."""
        while (first := self._queue.get()) is not None:
            group, size = [first], len(first.entries)
            ended = False
            while size < MAX_GROUP:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    ended = True
                    break
                group.append(following)
                size += len(following.entries)
            yield group
            if ended:
                return


def _append(ledger: Ledger, group: list[Waiting]) -> None:
    """Append a group in one transaction; if that fails, each on its own, so that one bad one fails alone."""
    try:
        appended = ledger.append([entry for waiting in group for entry in waiting.entries])
    except Exception as error:
        if len(group) == 1:
            group[0].settle([], error)
            return
        # Their ids make it safe to try again what may have been appended after all.
        for waiting in group:
            _append(ledger, [waiting])
        return
    start = 0
    for waiting in group:
        end = start + len(waiting.entries)
        waiting.settle(appended[start:end])
        start = end


@contextmanager
def sequenced(open_ledger: Callable[[], AbstractContextManager[Ledger]]) -> Iterator[Sequencer]:
    """Run a sequencer for the length of a block."""
    sequencer = Sequencer(open_ledger)
    try:
        yield sequencer
    finally:
        sequencer.close()
