"""The record of a check's verdicts in a file, and the record of a run that is not finished beside it.

The record is replaced when a run has ended, and not before: what a run that was killed would have told is told by the
one that continues it. Until then its lines are in `FILE.unfinished`, each written as soon as it is known.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from provenance import durable
from provenance.canonical import Json
from provenance.clock import from_seconds, to_seconds
from provenance.errors import InputError
from provenance.verification.verdicts import MAX_LINE, ShortVerdict, parse_verdict

SCHEMA: Final = "urn:headshot-provenance:schema:verdict-record:1"
# What was found longer ago than this is found anew, so that a night tells of the night.
CONTINUED_WITHIN: Final = timedelta(hours=12)
_HINT: Final = "it is no record of this command, or damaged: name another file to begin anew"

Stat = tuple[int, int] | None


class VerdictRecord:
    """What the last run that ended found, and what the present one has found so far.

    Attributes:
        since: when the last run that ended had begun, or None where there was none.
        continued: how many files a run that was ended before had finished, so that they need no second look.
    """

    def __init__(
        self, path: Path, unfinished: BinaryIO, files: contextlib.ExitStack, *, asked: str, now: datetime
    ) -> None:
        """Take the open and locked file of the run that is not finished; `files` closes the others."""
        self._path = path
        self._new = unfinished
        self._old = files.enter_context(_open(path if path.exists() else Path(os.devnull)))
        self._before, self.since = _read_before(self._old, path)
        # Read by itself: a file that is written to and read from in turn loses what it has read ahead.
        self._begun = files.enter_context(_open(_unfinished(path)))
        self._done, end = _read_done(self._begun, asked=asked, now=now)
        self.continued = len(self._done)
        self._new.truncate(end)
        self._new.seek(end)
        if not end:
            self._write({"schema": SCHEMA, "begun_at": to_seconds(now), "asked": asked})

    def before(self, path: Path) -> ShortVerdict | None:
        """Return what the last run that ended found of a file, or None."""
        offset = self._before.get(str(path))
        return None if offset is None else _verdict_at(self._old, offset)[0]

    def is_done(self, path: Path) -> bool:
        """Tell whether a run that was not finished looked at a file, and the file is not another since."""
        offset = self._done.get(str(path))
        if offset is None:
            return False
        _, stat = _verdict_at(self._begun, offset)
        return stat is not None and stat == stat_of(path)

    def found(self, path: Path) -> ShortVerdict:
        """Return what a run that was not finished found of a file that is done."""
        return _verdict_at(self._begun, self._done[str(path)])[0]

    def add(self, verdict: ShortVerdict, stat: Stat) -> None:
        """Write down what was found of a file, which had this size and date before it was read."""
        self._write({**verdict.to_json(), "stat": None if stat is None else list(stat)})

    def missing(self, paths: set[str]) -> int:
        """Return how many files the last run that ended was given, and this one is not."""
        return len(self._before.keys() - paths)

    def finish(self) -> None:
        """Put this run's record in place of the last one's."""
        os.fsync(self._new.fileno())
        _unfinished(self._path).replace(self._path)
        durable.flush(self._path.parent)

    def _write(self, document: Mapping[str, Json]) -> None:
        self._new.write(json.dumps(document, separators=(",", ":")).encode() + b"\n")
        self._new.flush()


@contextlib.contextmanager
def open_record(path: Path, *, asked: str, now: datetime) -> Iterator[VerdictRecord]:
    """Open the record at `path`, or begin one; a run that was not finished is continued if it was asked the same.

    Args:
        path: of the record.
        asked: a digest of everything that is asked.
        now: in UTC.

    Raises:
        InputError: there is no such folder, the file is no record, or another run writes it.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path.name}: no such folder as {path.parent.name}", code="folder-missing", hint="make it")
    descriptor = os.open(_unfinished(path), os.O_RDWR | os.O_CREAT, durable.PUBLIC)
    with os.fdopen(descriptor, "r+b") as unfinished:
        _lock(unfinished, path)
        try:
            with contextlib.ExitStack() as files:
                yield VerdictRecord(path, unfinished, files, asked=asked, now=now)
        finally:
            if not os.fstat(unfinished.fileno()).st_size:
                # Nothing was begun.
                _unfinished(path).unlink(missing_ok=True)


def stat_of(path: Path) -> Stat:
    """Return the size and the date of a file, in nanoseconds; None where it has none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.unfinished")


def _lock(file: BinaryIO, path: Path) -> None:
    try:
        import fcntl
    except ImportError:
        # Where the system knows no such lock, there is none.
        return
    busy = InputError(
        f"{path.name}: another run is writing it", code="place-busy", hint="wait for it, or name another file"
    )
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None
    try:
        same = _unfinished(path).stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        same = False
    if not same:
        # It ended just now, and this is its finished record.
        raise busy


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _read_before(file: BinaryIO, path: Path) -> tuple[dict[str, int], str | None]:
    """Return where the line of each file is, and when that run had begun."""
    if not path.exists():
        return {}, None
    header = _header(file.readline(MAX_LINE + 1))
    if header is None:
        raise InputError(f"{path.name}: line 1: expected a record of verdicts", code="verdict-record", hint=_HINT)
    found: dict[str, int] = {}
    for number, (offset, line) in enumerate(_lines(file), 2):
        try:
            found[parse_verdict(line).file] = offset
        except InputError as error:
            message = f"{path.name}: line {number}: {error}"
            raise InputError(message, code="verdict-record", hint=_HINT) from error
    return found, header[0]


def _read_done(file: BinaryIO, *, asked: str, now: datetime) -> tuple[dict[str, int], int]:
    """Return where the lines of a run that was not finished are, and where they end; nothing where it does not count.

    It counts where it was asked the same, not long ago.
    """
    header = _header(file.readline(MAX_LINE + 1))
    if header is None or header[1] != asked or not now - CONTINUED_WITHIN <= from_seconds(header[0]) <= now:
        return {}, 0
    found: dict[str, int] = {}
    end = file.tell()
    for offset, line in _lines(file):
        try:
            found[parse_verdict(line).file] = offset
        except InputError:
            # The last line of what was killed may be half of one.
            break
        end = offset + len(line)
    return found, end


def _header(line: bytes) -> tuple[str, str] | None:
    """Return when a run had begun and what it was asked; None where a line does not say."""
    try:
        document = json.loads(line)
        begun_at, asked = str(document["begun_at"]), document["asked"]
        from_seconds(begun_at)
    except (ValueError, RecursionError, LookupError, TypeError, InputError):
        return None
    if document.get("schema") != SCHEMA or not isinstance(asked, str) or not line.endswith(b"\n"):
        return None
    return begun_at, asked


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield every whole line and where it begins; what is too long, or has no end, is yielded as it is."""
    offset = file.tell()
    while line := file.readline(MAX_LINE + 1):
        yield offset, line if line.endswith(b"\n") else b""
        offset += len(line)


def _verdict_at(file: BinaryIO, offset: int) -> tuple[ShortVerdict, Stat]:
    file.seek(offset)
    line = file.readline(MAX_LINE + 1)
    stat = json.loads(line).get("stat")
    known = isinstance(stat, list) and len(stat) == 2 and all(type(number) is int for number in stat)
    return parse_verdict(line), (stat[0], stat[1]) if known else None
