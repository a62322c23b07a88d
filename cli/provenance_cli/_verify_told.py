"""What `provenance verify` says of many files: a line for each where a card is too much, and the counts."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from provenance.verification import Verdict
from provenance.verification.publishing import Answer
from provenance_cli._checking import Checked
from provenance_cli._output import note, safe, say

_ORDER = {
    **{verdict.value: verdict.value.lower() for verdict in (Verdict.FAILED, Verdict.INDETERMINATE, Verdict.PASSED)},
    **{answer.words.upper(): answer.words for answer in (Answer.DO_NOT_PUBLISH, Answer.CHECK_FIRST, Answer.OK)},
}


_Command = TypeVar("_Command", bound=Callable[..., Any])


def many_options(function: _Command) -> _Command:
    """Add `-j`, `--changed-since` and `--brief`."""
    jobs = click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, 64),
        metavar="N",
        help="Check this many files at a time; without it, of many files as many as there are cores.",
    )
    record = click.option(
        "--changed-since",
        "record_path",
        type=click.Path(path_type=Path, readable=False, dir_okay=False),
        metavar="FILE",
        help="Tell only of files that are not what they were by this record of the last such check, and renew it.",
    )
    brief = click.option("--brief", is_flag=True, help="Print one line a file, and no card.")
    return jobs(record(brief(function)))


def check_alone(*, report: bool, annotations: bool, verbose: bool) -> None:
    """Refuse what tells of a whole report, where only what changed is told.

    Raises:
        click.UsageError: it was asked for.
    """
    for name, asked in (("--report", report), ("--annotations", annotations), ("-v", verbose)):
        if asked:
            raise click.UsageError(f"expected --changed-since or {name}, got both")


def print_line(checked: Checked) -> None:
    """Print the answer, the file and the reason on one line."""
    said = checked.said
    reason = checked.report.reason if said is None else f"{said.sentence} ({said.policy}: {said.rule})"
    say(f"{checked.words:<15}{safe(checked.report.file)}: {safe(reason)}")


class Counts:
    """How many files got which answer."""

    def __init__(self) -> None:
        self._answers: Counter[str] = Counter()
        self._codes: set[int] = set()

    def add(self, words: str, code: int) -> None:
        """Count one file by its answer, and by the exit code for it."""
        self._answers[words] += 1
        self._codes.add(code)

    def tell(self) -> None:
        """Say how many there were, the worst first, where there were several."""
        if self.total > 1:
            note(" · ".join(f"{self._answers[key]} {words}" for key, words in _ORDER.items() if self._answers[key]))

    @property
    def total(self) -> int:
        """How many there were."""
        return self._answers.total()

    @property
    def code(self) -> int:
        """The exit code: the worst counts, in the order 1, 3, 0; 0 of nothing."""
        return next((code for code in (1, 3) if code in self._codes), 0)
