"""What may be on a disk after the power failed, given what a program asked of it.

Until a file is flushed, any part of what was written to it may be on the disk, down to single sectors and in any order;
a name is on the disk for sure only once its directory was flushed. A flush that failed has promised nothing, and what
it left out is never written by a later one (as on Linux, where the pages count as clean) unless it is written again.
Only sectors are taken to be whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random

from support.faults import Request

SECTOR = 512
PAGE = 4096

Choice = Enum("Choice", "NOTHING PREFIX SUBSET TORN EVERYTHING")


@dataclass(slots=True)
class Change:
    """One write to a file, or (without data) one change of its length to `offset`."""

    moment: int
    offset: int
    data: bytes | None
    sure: bool = False
    forgotten: bool = False


@dataclass(slots=True)
class File:
    """A file as programs see it, and as far as it is on the disk."""

    seen: bytearray
    surely: bytearray
    changes: list[Change] = field(default_factory=list)

    def change(self, moment: int, offset: int, data: bytes | None) -> None:
        """Take a write, or a new length."""
        _apply(self.seen, offset, data)
        if data and any(_shares_page(change, offset, len(data)) for change in self.changes if change.forgotten):
            # The cache holds whole pages, so that now all of them are written again.
            start, end = offset // PAGE * PAGE, -(-(offset + len(data)) // PAGE) * PAGE
            offset, data = start, bytes(self.seen[start:end])
        self.changes.append(Change(moment, offset, data))

    def flush(self, *, succeeded: bool) -> None:
        """Take a flush of all that was written."""
        for change in self.changes:
            if not change.sure and not change.forgotten:
                change.sure, change.forgotten = succeeded, not succeeded
        while self.changes and self.changes[0].sure:
            change = self.changes.pop(0)
            _apply(self.surely, change.offset, change.data)

    def after_cut(self, cut: "_Cut") -> bytes:
        """Return what may be on the disk."""
        content = bytearray(self.surely)
        for change in self.changes:
            if change.sure:
                _apply(content, change.offset, change.data)
            elif change.data is not None and cut.choice is Choice.TORN:
                for start in _sectors(change.offset, len(change.data)):
                    if cut.takes(change.moment):
                        low = max(start, change.offset)
                        piece = change.data[low - change.offset : start + SECTOR - change.offset]
                        _apply(content, low, piece)
            elif cut.takes(change.moment):
                _apply(content, change.offset, change.data)
        return bytes(content)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Decides what of all that is not sure is on the disk."""

    choice: Choice
    until: int
    random: Random

    def takes(self, moment: int) -> bool:
        match self.choice:
            case Choice.NOTHING:
                return False
            case Choice.EVERYTHING:
                return True
            case Choice.PREFIX:
                return moment < self.until
            case _:
                return self.random.random() < 0.5


class Disk:
    """One directory, from the first request of a program on."""

    def __init__(self, folder: Path, files: dict[str, bytes]) -> None:
        """Begin with files that are flushed, names and all."""
        self._folder = folder
        self._moment = 0
        self._named = {name: File(bytearray(data), bytearray(data)) for name, data in files.items()}
        self._named_surely = dict(self._named)
        self._naming: list[tuple[int, str, File | None]] = []

    def take(self, request: Request) -> None:
        """Take what a program asked for.

        Raises:
            ValueError: it is nothing that this knows.
        """
        self._moment += 1
        if request.path == self._folder:
            if request.call in ("fsync", "fdatasync") and request.result == 0:
                for _, name, file in self._naming:
                    _name(self._named_surely, name, file)
                self._naming.clear()
            elif request.call not in ("openat", "fsync", "fdatasync"):
                raise ValueError(f"not understood: {request.call} of the directory")
            return
        name = request.path.name
        if request.call in ("fsync", "fdatasync"):
            self._named[name].flush(succeeded=request.result == 0)
        elif request.result >= 0:
            self._change(name, request)

    def _change(self, name: str, request: Request) -> None:
        match request.call:
            case "openat":
                if "O_CREAT" in request.arguments and name not in self._named:
                    self._rename(name, File(bytearray(), bytearray()))
                if "O_TRUNC" in request.arguments:
                    raise ValueError(f"not understood: {name}: opened and cut")
            case "pwrite64":
                offset = int(request.arguments.rpartition(", ")[2])
                self._named[name].change(self._moment, offset, request.data[: request.result])
            case "ftruncate":
                self._named[name].change(self._moment, int(request.arguments), None)
            case "unlink":
                self._rename(name, None)
            case _:
                raise ValueError(f"not understood: {request.call} of {name}")

    def _rename(self, name: str, file: File | None) -> None:
        _name(self._named, name, file)
        self._naming.append((self._moment, name, file))

    def after_cut(self, choice: Choice, random: Random) -> dict[str, bytes]:
        """Return the files that may be found when the power comes back."""
        unsure = [moment for moment, _, _ in self._naming]
        for seen in self._named.values():
            unsure += [change.moment for change in seen.changes if not change.sure]
        cut = _Cut(choice, random.choice(sorted(unsure)) if unsure else 0, random)
        named = dict(self._named_surely)
        for moment, name, file in self._naming:
            if cut.takes(moment):
                _name(named, name, file)
        return {name: file.after_cut(cut) for name, file in named.items()}


@dataclass(frozen=True, slots=True)
class Outage:
    """What was said before the power failed, and what is on the disk after it."""

    moment: int
    choice: Choice
    said: str
    files: dict[str, bytes]


def outages(
    requests: Iterable[Request], *, folder: Path, files: dict[str, bytes], said: Path, moments: Iterable[int], seed: int
) -> Iterator[Outage]:
    """Yield an outage at each of some moments.

    Args:
        requests: everything that the program asked for.
        folder: the directory of the files.
        files: what was in it before, by name.
        said: the file outside of it to which the program says what it promises; what is said cannot be taken back.
        moments: how many requests each outage lets through, rising.
        seed: decides what is left; the same one, the same outages.
    """
    random = Random(seed)
    disk, words, done = Disk(folder, files), "", 0
    pending = iter(requests)
    for moment in moments:
        while done < moment:
            request = next(pending)
            done += 1
            if request.path != said:
                disk.take(request)
            elif request.call == "write":
                words += request.data[: request.result].decode()
        choice = random.choice(list(Choice))
        yield Outage(moment, choice, words, disk.after_cut(choice, random))


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


def _name(names: dict[str, File], name: str, file: File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _sectors(offset: int, length: int) -> range:
    return range(offset // SECTOR * SECTOR, offset + length, SECTOR)


def _shares_page(change: Change, offset: int, length: int) -> bool:
    if change.data is None:
        return False
    first, last = change.offset // PAGE, (change.offset + len(change.data) - 1) // PAGE
    return first <= (offset + length - 1) // PAGE and offset // PAGE <= last
