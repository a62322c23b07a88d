"""The high-water mark: the last signed checkpoint that left, kept outside of the database.

A database that was restored from a backup knows nothing of what it signed since; this file does. It is two slots of
8,192 bytes. Each holds a mark, `magic ‖ size (8 bytes) ‖ length (2 bytes) ‖ note ‖ SHA-256 of all that`, and a new one
overwrites the older of the two, so that a write that was torn leaves the other. Nothing is flushed to the disk on the
way: a power cut may leave an older mark, which is still true.
"""

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from provenance import durable
from provenance.checkpoint import LogKey, open_checkpoint, parse_checkpoint_text
from provenance.errors import CorruptLedgerError, LedgerError, ProvenanceError, RolledBackError
from provenance.ledger.rules import note_key
from provenance.ledger.stored import stored_root
from provenance.note import NoteKey, parse_note
from provenance.storage.interface import LedgerStore

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

SLOT_BYTES = 8192
MAX_NOTE_BYTES = SLOT_BYTES - 64
UNUSABLE_HINT = "if the ledger is known to be the newest there is, remove the file"
AUDIT_HINT = "run provenance ledger audit"
RECOVER_HINT = "sign nothing with this studio; run provenance ledger recover"

_MAGIC = b"hpr-high-water-1"
_HEAD_BYTES = len(_MAGIC) + 10
_DIGEST_BYTES = 32

# The system's locks are those of a process, and it lets go of all of them when any handle of a file is closed.
_GATE = threading.Lock()


class _Mark(NamedTuple):
    """One slot: the size of the tree, and its note; of a new file, size 0 and no note."""

    size: int
    note: bytes


class HighWater:
    """The mark in one file, which any number of handles and processes may raise, and none can lower."""

    def __init__(self, path: Path) -> None:
        """Take the file at `path`, which is created when a mark is first written.

        Raises:
            LedgerError: it is another file, holds no mark that is whole, or cannot be opened.
        """
        self._path = path
        self._file: int | None = None
        try:
            self.note()
        except LedgerError:
            self.close()
            raise

    def note(self) -> bytes | None:
        """Return the newest note that was written, or None if none was.

        Raises:
            LedgerError: the file holds no mark that is whole, or cannot be read.
        """
        with _GATE, self._named_errors():
            file = self._opened()
            if file is None:
                return None
            with _locked(file):
                return self._newest(file)[1].note or None

    def raise_to(self, size: int, note: bytes) -> None:
        """Keep the note of a checkpoint, unless one of the same size or of a larger tree is kept already.

        Args:
            size: of the checkpoint, at least 1.
            note: the signed checkpoint, at most 8,128 bytes: the log's own signature lines need no more.

        Raises:
            LedgerError: the note is too large, the file holds no mark that is whole, or cannot be written.
        """
        if size < 1 or note.split(b"\n", 2)[1:2] != [b"%d" % size]:
            raise ValueError(f"high-water mark: expected the note of a checkpoint of size {size}, from 1")
        if len(note) > MAX_NOTE_BYTES:
            raise LedgerError(f"high-water mark: expected a note of at most {MAX_NOTE_BYTES} bytes, got {len(note)}")
        with _GATE, self._named_errors():
            file = self._opened()
            if file is None:
                file = self._create()
            with _locked(file):
                slot, newest = self._newest(file)
                if size <= newest.size:
                    return
                mark = _Mark(size, note)
                _write(file, 1 - slot, mark)
                if not newest.note:
                    # From the first note on, either slot holds one.
                    _write(file, slot, mark)

    def sync(self) -> None:
        """Flush what was written to the disk.

        Raises:
            LedgerError: the disk refused.
        """
        with _GATE, self._named_errors():
            if self._file is not None:
                os.fsync(self._file)

    def close(self) -> None:
        """Close the file; nothing is flushed."""
        with _GATE:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _opened(self) -> int | None:
        """Return the file, opened if that was not done; None if there is none."""
        if self._file is None:
            flags = os.O_RDWR | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            with contextlib.suppress(FileNotFoundError):
                self._file = os.open(self._path, flags)
        return self._file

    def _create(self) -> int:
        """Write a file with two empty slots, flushed this once, unless another process is quicker."""
        with contextlib.suppress(FileExistsError):
            durable.create(self._path, 2 * _encode(_Mark(0, b"")).ljust(SLOT_BYTES, b"\x00"), mode=durable.PRIVATE)
        file = self._opened()
        if file is None:
            raise self._unusable("cannot be used: it was removed")
        return file

    def _newest(self, file: int) -> tuple[int, _Mark]:
        """Return the slot with the newest mark, and the mark."""
        os.lseek(file, 0, os.SEEK_SET)
        data = os.read(file, 2 * SLOT_BYTES)
        marks = [(mark.size, slot, mark) for slot in (0, 1) if (mark := _decode(data[slot * SLOT_BYTES :])) is not None]
        if not marks:
            raise self._unusable("expected a high-water mark, got something else")
        _, slot, mark = max(marks)
        return slot, mark

    @contextlib.contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise self._unusable(f"cannot be used: {reason}") from error

    def _unusable(self, reason: str) -> LedgerError:
        return LedgerError(f"{self._path.name}: {reason}", code="high-water-unusable", hint=UNUSABLE_HINT)


@contextlib.contextmanager
def _locked(file: int) -> Iterator[None]:
    """Keep other processes out, where the system has such locks."""
    if fcntl is None:
        yield
        return
    fcntl.lockf(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.lockf(file, fcntl.LOCK_UN)


def check_not_rolled_back(
    store: LedgerStore, note: bytes, *, keys: Sequence[NoteKey | LogKey], place: str = "high-water mark"
) -> None:
    """Check that a ledger is the one that signed `note`, and has grown from there.

    Args:
        store: the ledger's.
        note: the high-water mark, a signed checkpoint.
        keys: the log's keys.
        place: what messages call the note.

    Raises:
        LedgerError: the note is not one that this log signed.
        RolledBackError: the ledger is older than the note, or has another history.
    """
    try:
        noted = parse_checkpoint_text(parse_note(note).text)
        if all(note_key(key).name != noted.log_origin for key in keys):
            raise LedgerError(f"is of another log, {noted.log_origin!r}")
        # A ledger that was rolled back may not know the key that signed since; its size says enough.
        head = store.head()
        if head.size < noted.size:
            raise RolledBackError(
                f"{place}: expected a ledger of at least {noted.size} entries, got {head.size}",
                hint=RECOVER_HINT,
            )
        open_checkpoint(note, keys=keys)
    except (CorruptLedgerError, RolledBackError):
        raise
    except ProvenanceError as error:
        raise LedgerError(f"{place}: {error}", code="high-water-unusable", hint=UNUSABLE_HINT) from error
    if store.checkpoint_of(noted.size) == note:
        return
    root = stored_root(store, noted.size)
    if root != noted.root_hash:
        raise RolledBackError(
            f"{place}: expected root {noted.root_hash.hex()[:16]}… at size {noted.size}, "
            f"got {root.hex()[:16]}… in a ledger of size {head.size}",
            hint=RECOVER_HINT,
        )


def _encode(mark: _Mark) -> bytes:
    data = _MAGIC + mark.size.to_bytes(8, "big") + len(mark.note).to_bytes(2, "big") + mark.note
    return data + sha256(data).digest()


def _decode(slot: bytes) -> _Mark | None:
    """Return the mark in a slot, or None if it is not whole."""
    length = int.from_bytes(slot[_HEAD_BYTES - 2 : _HEAD_BYTES], "big")
    end = _HEAD_BYTES + length
    if length > MAX_NOTE_BYTES or not slot.startswith(_MAGIC):
        return None
    if sha256(slot[:end]).digest() != slot[end : end + _DIGEST_BYTES]:
        return None
    return _Mark(int.from_bytes(slot[len(_MAGIC) : _HEAD_BYTES - 2], "big"), slot[_HEAD_BYTES:end])


def _write(file: int, slot: int, mark: _Mark) -> None:
    """Overwrite one slot in a single write, with no slack between it and the page that it begins."""
    os.lseek(file, slot * SLOT_BYTES, os.SEEK_SET)
    os.write(file, _encode(mark))
