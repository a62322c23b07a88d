"""What is left of destroyed rows: their bytes in the files of a database, and the rows in older copies of it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provenance.storage.interface import Needle, Searched

SLICE_BYTES: Final = 24

_STEP_BYTES = 512
_MAX_SLICES = 64
_PIECE_BYTES = 1 << 24
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


def slices(data: bytes) -> list[bytes]:
    """Return parts of `data`, 24 bytes each, of which one lies in whatever page of a database holds some of it.

    A row may be spread over pages. There are parts from the beginning, the end, and at equal distances between, at
    most 64; where `data` is shorter, it is its own part.
    """
    last = max(0, len(data) - SLICE_BYTES)
    step = max(_STEP_BYTES, -(-last // (_MAX_SLICES - 1)))
    places = [*range(0, last, step), last]
    return list(dict.fromkeys(data[place : place + SLICE_BYTES] for place in places))


def search(files: Sequence[Path], needles: Sequence[Needle]) -> Searched:
    """Search the bytes of files.

    Raises:
        OSError: one cannot be read.
    """
    size, found = 0, set[Needle]()
    # So much of the piece before is looked at again that no needle falls between two, nor what stands beside it.
    overlap = max((len(needle.data) for needle in needles), default=0) + 1
    for file in files:
        with file.open("rb") as opened:
            tail, piece, first = b"", opened.read(_PIECE_BYTES), True
            while piece:
                following = opened.read(_PIECE_BYTES)
                size += len(piece)
                window = _Window(tail + piece, first=first, last=not following)
                found.update(needle for needle in needles if needle not in found and window.holds(needle))
                first = first and len(window.data) <= overlap
                tail, piece = window.data[-overlap:], following
    return Searched(size, tuple(needle for needle in needles if needle in found))


def read_copy(path: Path, record_id: str) -> dict[str, bytes] | None:
    """Return what is sealed for a record in an older copy of a database, by name; None where it cannot be read."""
    try:
        # Not a byte is written beside it, not even a lock.
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            rows = connection.execute("SELECT name, data FROM sealed WHERE record_id = ?", (record_id,)).fetchall()
        return {str(name): bytes(data) for name, data in rows}
    except (sqlite3.Error, OSError, TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Window:
    """A part of a file: what was just read, and the end of what was read before it.

    Attributes:
        data: the bytes.
        first: whether the file begins with them.
        last: whether it ends with them.
    """

    data: bytes
    first: bool
    last: bool

    def holds(self, needle: Needle) -> bool:
        place = self.data.find(needle.data)
        while place >= 0:
            if not needle.alone or self._stands_alone(place, place + len(needle.data)):
                return True
            place = self.data.find(needle.data, place + 1)
        return False

    def _stands_alone(self, start: int, end: int) -> bool:
        # What lies at an edge is seen whole, with what stands beside it, in the window before or after.
        if (start == 0 and not self.first) or (end == len(self.data) and not self.last):
            return False
        beside = self.data[max(0, start - 1) : start], self.data[end : end + 1]
        return not all(byte and byte[0] in _BASE64 for byte in beside)
