"""Checking many files: on several cores, in their order, with none that stops the rest."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from provenance.checkpoint import LogKey
from provenance.consent.openings import ConsentDisclosure
from provenance.errors import ProvenanceError
from provenance.pki import TrustAnchors
from provenance.policy import Policy
from provenance.status_lists import StatusList
from provenance.verification import GivenCheckpoint, Question, Report, StampRecords, StatusSource, Verdict, verify_file
from provenance.verification.publishing import Publication, PublishingPolicy, judge_publication
from provenance.verification.verifier import unchecked
from provenance_cli._options import cores
from provenance_cli._publishing import EXIT_CODES

VERDICT_CODES = {Verdict.FAILED: 1, Verdict.INDETERMINATE: 3, Verdict.PASSED: 0}
# Below this, several processes take longer to begin than one takes to finish.
MANY = 64
CRASHED = "the check of this file ended without an answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a studio knows that no file says.

    Attributes:
        status: of the consents behind its stamps.
        records: of the stamps themselves, for pictures that lost theirs.
    """

    status: StatusSource | None = None
    records: StampRecords | None = None


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

    @property
    def words(self) -> str:
        """The answer, for people: the policy's, else the verdict."""
        return self.report.verdict.value if self.said is None else self.said.answer.words.upper()


@dataclass(frozen=True, slots=True)
class Check:
    """What every file of a run is asked, and by whose word; it can be handed to another process.

    Attributes:
        question: the use, place and time that are asked about.
        anchors: of the issuers that are trusted.
        time_anchors: of the time-stamp authorities that are trusted.
        identity_anchors: of those who vouch for named actors.
        logs: keys of logs.
        disclosures: what studios disclosed.
        status_lists: what studios publish.
        checkpoints: of logs, which the caller has from elsewhere.
        witnesses: whose cosignatures are counted, and how many there must be.
        policy: of the publisher, if one was named.
        studio: the folder of the studio whose own consents are known, if any.
    """

    question: Question
    anchors: tuple[TrustAnchors, ...] = ()
    time_anchors: tuple[TrustAnchors, ...] = ()
    identity_anchors: tuple[TrustAnchors, ...] = ()
    logs: tuple[LogKey, ...] = ()
    disclosures: tuple[ConsentDisclosure, ...] = ()
    status_lists: tuple[StatusList, ...] = ()
    checkpoints: tuple[GivenCheckpoint, ...] = ()
    witnesses: Policy | None = None
    policy: PublishingPolicy | None = None
    studio: Path | None = None

    def of(self, path: Path, *, asked: Asked) -> Checked:
        """Return what is found about a file; a file that cannot be read is a report, too."""
        report = verify_file(
            path,
            question=self.question,
            anchors=self.anchors,
            time_anchors=self.time_anchors,
            identity_anchors=self.identity_anchors,
            known_logs=self.logs,
            source=asked.status,
            records=asked.records,
            disclosures=self.disclosures,
            status_lists=self.status_lists,
            checkpoints=self.checkpoints,
            witnesses=self.witnesses,
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
    if jobs == 1:
        with ExitStack() as stack:
            asked = open_studio(check, stack)
            for path in paths:
                yield check_one(check, path, asked)
        return
    # Here and not at the top: the check of one file needs no other process.
    from provenance_cli._crew import side_by_side

    yield from side_by_side(check, paths, jobs=jobs)


def jobs_for(files: int, wanted: int | None) -> int:
    """Return how many files to check at a time: as many as is wanted, else one for each core where it pays."""
    return wanted or (cores() if files >= MANY else 1)


def check_one(check: Check, path: Path, asked: Asked) -> Checked:
    """Return what is found about a file; a fault of this program is found about it, too.

    Raises:
        ProvenanceError: the studio cannot be read.
    """
    try:
        return check.of(path, asked=asked)
    except (ProvenanceError, OSError, sqlite3.Error):
        # Not of this file: it would be the same with the next.
        raise
    except Exception as error:
        if os.environ.get("PROVENANCE_DEBUG"):
            raise
        return check.unanswered(path, f"{CRASHED}: {type(error).__name__}")


def open_studio(check: Check, stack: ExitStack) -> Asked:
    """Return what the studio of a check knows, if it has one; closed by `stack`.

    Raises:
        StudioError: it cannot be opened.
    """
    if check.studio is None:
        return Asked()
    # Here and not at the top: a check outside a studio needs no database.
    from provenance.studio.finding import StampFinder
    from provenance.studio.status import StudioStatus
    from provenance.studio.studio import Studio

    studio = Studio(check.studio)
    stack.callback(studio.close)
    return Asked(StudioStatus(studio), StampFinder(studio))
