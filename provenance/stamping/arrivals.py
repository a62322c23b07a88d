"""Files that arrive in a folder: each is handed out once it is whole, and again only when it has changed.

A folder is looked at again and again, and nothing is waited for: that works on every disk and share, and costs a look
at each name.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

SETTLED_SECONDS = 2.0

_State: TypeAlias = tuple[int, int, int, int]


@dataclass(slots=True)
class _Seen:
    state: _State
    since: float
    done: bool = False


class Arrivals:
    """What arrives in a folder."""

    def __init__(self, look: Callable[[], Iterable[Path]]) -> None:
        """Take what lists the files that count."""
        self._look = look
        self._seen: dict[Path, _Seen] = {}

    def take(self, now: float) -> list[Path]:
        """Return the files that have stayed as they are for `SETTLED_SECONDS`, in the order of their names.

        Args:
            now: seconds of a clock that only goes forward.
        """
        found = {path: state for path in self._look() if (state := _state_of(path)) is not None}
        for path in self._seen.keys() - found.keys():
            del self._seen[path]
        for path, state in found.items():
            seen = self._seen.get(path)
            if seen is None or seen.state != state:
                self._seen[path] = _Seen(state, now)
        return sorted(
            path for path, seen in self._seen.items() if not seen.done and now - seen.since >= SETTLED_SECONDS
        )

    def done(self, path: Path, *, rewritten: bool = False) -> None:
        """Keep that a file was dealt with as it was when it was handed out, or as it is now if it was rewritten."""
        seen = self._seen.get(path)
        state = _state_of(path) if rewritten else None
        if seen is not None:
            self._seen[path] = _Seen(state or seen.state, seen.since, done=True)


def pictures_in(
    folder: Path, endings: tuple[str, ...], *, recursive: bool, leave_out: frozenset[str]
) -> Iterator[Path]:
    """Yield the files of a folder with one of these endings; a folder that cannot be read holds none for now."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in files if name.lower().endswith(endings) and name[0] != ".")
        folders[:] = [name for name in folders if recursive and name[0] != "." and name not in leave_out]


def _state_of(path: Path) -> _State | None:
    try:
        found = path.stat()
    except OSError:
        return None
    # A change of who may read it counts as well: it may be what was waited for.
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
