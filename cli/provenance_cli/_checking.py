"""Checking many files: on several cores, in their order, with none that stops the rest."""

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from provenance.checkpoint import LogKey
from provenance.consent.openings import ConsentDisclosure
from provenance.errors import ProvenanceError
from provenance.pki import TrustAnchors
from provenance.status_lists import StatusList
from provenance.verification import Question, Report, StatusSource, Verdict, verify_file
from provenance.verification.publishing import Publication, PublishingPolicy, judge_publication
from provenance.verification.verifier import unchecked
from provenance_cli._options import cores
from provenance_cli._publishing import EXIT_CODES

VERDICT_CODES = {Verdict.FAILED: 1, Verdict.INDETERMINATE: 3, Verdict.PASSED: 0}
# Below this, several processes take longer to begin than one takes to finish.
MANY = 64
_CRASHED = "the check of this file ended without an answer"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found about one file.

    Attributes:
        report: of the file.
        said: what the policy says, or None without one.
    """

    report: Report
    said: Publication | None

    @property
    def code(self) -> int:
        """The exit code for it."""
        return VERDICT_CODES[self.report.verdict] if self.said is None else EXIT_CODES[self.said.answer]


@dataclass(frozen=True, slots=True)
class Check:
    """What every file of a run is asked, and by whose word; it can be handed to another process.

    Attributes:
        question: the use, place and time that are asked about.
        anchors: of the issuers that are trusted.
        time_anchors: of the time-stamp authorities that are trusted.
        logs: keys of logs.
        disclosures: what studios disclosed.
        status_lists: what studios publish.
        policy: of the publisher, if one was named.
        studio: the folder of the studio whose own consents are known, if any.
    """

    question: Question
    anchors: tuple[TrustAnchors, ...] = ()
    time_anchors: tuple[TrustAnchors, ...] = ()
    logs: tuple[LogKey, ...] = ()
    disclosures: tuple[ConsentDisclosure, ...] = ()
    status_lists: tuple[StatusList, ...] = ()
    policy: PublishingPolicy | None = None
    studio: Path | None = None

    def of(self, path: Path, *, source: StatusSource | None) -> Checked:
        """Return what is found about a file; a file that cannot be read is a report, too."""
        report = verify_file(
            path,
            question=self.question,
            anchors=self.anchors,
            time_anchors=self.time_anchors,
            known_logs=self.logs,
            source=source,
            disclosures=self.disclosures,
            status_lists=self.status_lists,
        )
        return self._judged(report)

    def unanswered(self, path: Path, reason: str) -> Checked:
        """Return the report of a file whose check came to no end."""
        return self._judged(unchecked(path, question=self.question, code="check-crashed", reason=reason))

    def _judged(self, report: Report) -> Checked:
        if self.policy is None:
            return Checked(report, None)
        return Checked(report, judge_publication(report, policy=self.policy, question=self.question))


def check_all(check: Check, paths: Iterable[Path], *, jobs: int) -> Iterator[Checked]:
    """Yield what is found about every file, in the order of the names; memory does not grow with their number.

    A file on which a check breaks down, even one that takes its process down, is *unreadable*, and the rest goes on.

    Args:
        check: what is asked.
        paths: of the files.
        jobs: how many are checked at a time, at least 1, each in a process of its own.

    Raises:
        ProvenanceError: the studio cannot be read, so that nothing can be said of any file.
    """
    yield from _one_by_one(check, paths) if jobs == 1 else _side_by_side(check, paths, jobs)


def jobs_for(files: int, wanted: int | None) -> int:
    """Return how many files to check at a time: as many as is wanted, else one for each core where it pays."""
    return wanted or (cores() if files >= MANY else 1)


def _one_by_one(check: Check, paths: Iterable[Path]) -> Iterator[Checked]:
    with ExitStack() as stack:
        source = _open_source(check, stack)
        for path in paths:
            yield _checked(check, path, source)


def _checked(check: Check, path: Path, source: StatusSource | None) -> Checked:
    try:
        return check.of(path, source=source)
    except (ProvenanceError, OSError, sqlite3.Error):
        # Not of this file: it would be the same with the next.
        raise
    except Exception as error:
        if os.environ.get("PROVENANCE_DEBUG"):
            raise
        return check.unanswered(path, f"{_CRASHED}: {type(error).__name__}")


def _open_source(check: Check, stack: ExitStack) -> StatusSource | None:
    if check.studio is None:
        return None
    # Here and not at the top: a check outside a studio needs no database.
    from provenance.studio.status import StudioStatus
    from provenance.studio.studio import Studio

    studio = Studio(check.studio)
    stack.callback(studio.close)
    return StudioStatus(studio)


# --- several processes


def _side_by_side(check: Check, paths: Iterable[Path], jobs: int) -> Iterator[Checked]:
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
                found = self._check.unanswered(path, _CRASHED)
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
    source: StatusSource | None
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
        _Worker.source = _open_source(_Worker.check, ExitStack())
        _Worker.ready = True
    return _checked(_Worker.check, path, _Worker.source)
