"""What `provenance stamp` says of many pictures: each as it is done, what went wrong last, and the counts."""

from collections import Counter
from dataclasses import dataclass, field

from provenance.stamping import StampResult
from provenance_cli._output import note, print_json, safe, say

_WRONG = ("refused", "failed")


@dataclass
class Tally:
    """Everything that became of the pictures of one run.

    Attributes:
        as_json: print one document a picture, in order, and nothing else on standard output.
    """

    as_json: bool
    _outcomes: Counter[str] = field(default_factory=Counter)
    _problems: list[StampResult] = field(default_factory=list)
    _removed: Counter[str] = field(default_factory=Counter)
    _unread: int = 0
    _located: int = 0
    _raws: int = 0
    _unknown: int = 0

    def add(self, result: StampResult) -> None:
        """Count a result, and say it; what went wrong is kept for the end."""
        self._outcomes[result.outcome] += 1
        self._removed.update({datum.name for datum in result.removed})
        self._unread += bool(result.unread)
        self._located += result.located
        self._raws += bool(result.raws)
        self._unknown += result.fingerprints == 0
        if result.outcome in _WRONG:
            self._problems.append(result)
        if self.as_json:
            print_json(result.to_json())
        elif result.outcome not in _WRONG:
            say(f"{result.outcome:<16}{safe(str(result.destination or result.source))}")

    def finish(self) -> int:
        """Say what went wrong, what was taken out and how many there were; return the exit code."""
        if not self.as_json:
            for result in self._problems:
                reason = (result.message or "").removeprefix(f"{safe(result.source.name)}: ")
                say(f"{result.outcome:<16}{safe(str(result.source))}: {safe(reason)}")
                if result.hint:
                    note(f"hint: {safe(result.hint)}")
        self._tell_metadata()
        if self._unknown:
            note(f"pictures of which no fingerprint is kept, as they cannot be decoded or may not be: {self._unknown}")
        note(" · ".join(f"{number} {outcome}" for outcome, number in self._outcomes.items()))
        return 1 if self._outcomes["refused"] else 3 if self._outcomes["failed"] else 0

    def _tell_metadata(self) -> None:
        if self._removed:
            note("taken out: " + ", ".join(f"{safe(name)} ({n})" for name, n in sorted(self._removed.items())))
        if self._unread:
            note(f"not looked into, in pictures: {self._unread}; --json names what may still hold a position there")
        if self._raws:
            note(f"pictures with a raw file, whose digest your own record keeps: {self._raws}")
        if self._located:
            note(f"pictures that say at which position they were taken: {self._located}; --strip-location takes it out")
