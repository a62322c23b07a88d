"""What `provenance verify` says of many files: a line for each where a card is too much, and the counts."""

from collections import Counter

from provenance.verification import Verdict
from provenance.verification.publishing import Answer
from provenance_cli._checking import Checked
from provenance_cli._output import note, safe, say

_ORDER = {
    **{verdict.value: verdict.value.lower() for verdict in (Verdict.FAILED, Verdict.INDETERMINATE, Verdict.PASSED)},
    **{answer.value: answer.words for answer in (Answer.DO_NOT_PUBLISH, Answer.CHECK_FIRST, Answer.OK)},
}


def print_line(checked: Checked) -> None:
    """Print the answer, the file and the reason on one line."""
    said = checked.said
    answer, reason = (
        (checked.report.verdict.value, checked.report.reason)
        if said is None
        else (said.answer.words.upper(), f"{said.sentence} ({said.policy}: {said.rule})")
    )
    say(f"{answer:<15}{safe(checked.report.file)}: {safe(reason)}")


class Counts:
    """How many files got which answer."""

    def __init__(self) -> None:
        self._answers: Counter[str] = Counter()
        self.codes: set[int] = set()

    def add(self, checked: Checked) -> None:
        """Count one file."""
        self._answers[checked.report.verdict.value if checked.said is None else checked.said.answer.value] += 1
        self.codes.add(checked.code)

    def tell(self) -> None:
        """Say how many there were, the worst first, where there were several."""
        if self._answers.total() > 1:
            note(" · ".join(f"{self._answers[key]} {words}" for key, words in _ORDER.items() if self._answers[key]))

    @property
    def code(self) -> int:
        """The exit code: the worst counts, in the order 1, 3, 0."""
        return next(code for code in (1, 3, 0) if code in self.codes)
