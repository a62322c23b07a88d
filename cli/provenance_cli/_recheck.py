"""`provenance verify --changed-since`: which of many files are not what they were, and a run that can be continued."""

import dataclasses
import hashlib
import json
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from provenance import __version__
from provenance.canonical import Json
from provenance.clock import SystemClock, to_seconds
from provenance.verification.verdicts import AXES, ShortVerdict
from provenance_cli._checking import VERDICT_CODES, Check, check_all
from provenance_cli._output import Counting, note, print_json, safe, say
from provenance_cli._publishing import EXIT_CODES
from provenance_cli._verdict_record import Stat, VerdictRecord, open_record, stat_of
from provenance_cli._verify_told import Counts


def recheck(
    check: Check, paths: Sequence[Path], *, jobs: int, record_path: Path, at: datetime | None, as_json: bool
) -> int:
    """Check every file, tell those that changed, and return the exit code for these.

    A file that the record does not know is told unless it is fine.

    Args:
        check: what is asked.
        paths: of the files, each once.
        jobs: how many are checked at a time.
        record_path: of the record; it is replaced at the end.
        at: the time that was asked about, or None for now.
        as_json: print one document a file.

    Raises:
        InputError: the record cannot be read, or another run writes it.
    """
    counts, progress, told = Counts(), Counting("pictures"), Counts()
    with open_record(record_path, asked=_digest(check, at), now=SystemClock().now()) as record:
        if record.continued:
            note(f"going on where a run was ended: {record.continued} done")
        for number, verdict in enumerate(_verdicts(check, paths, record, jobs), 1):
            before = record.before(Path(verdict.file))
            code = _code(verdict)
            counts.add(verdict.words, code)
            changed = () if before is None else verdict.changes_since(before)
            if changed or (before is None and code):
                told.add(verdict.words, code)
                _tell(verdict, before, changed, as_json=as_json)
            progress(number, len(paths))
        gone = record.missing({str(path) for path in paths})
        record.finish()
    counts.tell()
    note(
        f"changed since {record.since}: {told.total}"
        if record.since
        else f"no record before this one: {told.total} told"
    )
    if gone:
        note(f"in the record before, and not given now: {gone}")
    return told.code


def _verdicts(check: Check, paths: Sequence[Path], record: VerdictRecord, jobs: int) -> Iterator[ShortVerdict]:
    """Yield what is found of every file, in order, and write down what was not found before."""
    # Once and for all: a file may be changed while this goes on.
    done = [record.is_done(path) for path in paths]
    stats: deque[Stat] = deque()

    def open_ones() -> Iterator[Path]:
        for path, known in zip(paths, done, strict=True):
            if not known:
                # Before it is read: what is changed in the meantime is another file for the run that continues.
                stats.append(stat_of(path))
                yield path

    found = check_all(check, open_ones(), jobs=jobs)
    for path, known in zip(paths, done, strict=True):
        if known:
            yield record.found(path)
            continue
        checked = next(found)
        verdict = ShortVerdict.of(checked.report, checked.said)
        record.add(verdict, stats.popleft())
        yield verdict


def _tell(verdict: ShortVerdict, before: ShortVerdict | None, changed: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        document: dict[str, Json] = {**verdict.to_json(), "changed": list(changed)}
        print_json({**document, "before": None if before is None else before.to_json()})
        return
    was = "not in the record before" if before is None else f"was {before.words}; {'; '.join(_words(verdict, before))}"
    say(f"{verdict.words:<15}{safe(verdict.file)}: {safe(verdict.reason)} ({was})")


def _words(verdict: ShortVerdict, before: ShortVerdict) -> Iterator[str]:
    for axis, then, now in zip(AXES, before.codes, verdict.codes, strict=True):
        if then != now:
            yield f"{axis.replace('_', ' ')} {then} → {now}"
    yield "the same file" if before.sha256 == verdict.sha256 else "another file"


def _code(verdict: ShortVerdict) -> int:
    return VERDICT_CODES[verdict.verdict] if verdict.answer is None else EXIT_CODES[verdict.answer]


def _digest(check: Check, at: datetime | None) -> str:
    """Return a digest of everything that decides a verdict but the files and the present time."""
    moment = None if at is None else to_seconds(at)
    question = [moment, check.question.scope, check.question.territory, check.question.medium]
    # Where tiles lie does not matter: they are believed as far as they lead to what a checkpoint signs.
    notes = [given.note for given in check.checkpoints]
    asked = {
        **dataclasses.asdict(dataclasses.replace(check, checkpoints=())),
        "question": question,
        "checkpoints": notes,
    }
    text = json.dumps([__version__, asked], default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)
