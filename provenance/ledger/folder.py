"""A published log in a local folder, which any web server can serve as it is."""

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provenance import durable
from provenance.errors import CorruptLedgerError, InputError

_PARTIAL = ".provenance-partial"
_STAGING = f".tiles{_PARTIAL}"

# Files that are flushed together share the work of the disk; so many may be open and in memory at once.
_BATCH_FILES = 256
_BATCH_BYTES = 32 * 1024 * 1024
_FLUSHERS = 4


class FolderPlace:
    """A folder; it is made when it is first written to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = str(folder)

    def read(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        """Return what lies at each of `paths`; see `Source`."""
        return [self._read(path, max_bytes) for path in paths]

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the folder's lock, and clear what a crash left; see `Destination`."""
        _make_folders(self._folder)
        with _locked(self._folder):
            shutil.rmtree(self._folder / _STAGING, ignore_errors=True)
            for left in self._folder.glob(f".*{_PARTIAL}"):
                left.unlink()
            yield

    def add(self, files: Iterable[tuple[str, bytes]]) -> int:
        """Write files that never change; see `Destination`."""
        staging = self._folder / _STAGING
        _make_folders(staging)
        added = 0
        folders: set[Path] = set()
        with ThreadPoolExecutor(_FLUSHERS) as flushers:
            for batch in _batches(files):
                fresh = [(path, data) for path, data in batch if not self._holds(path, data)]
                staged = [staging / str(number) for number in range(len(fresh))]
                with contextlib.ExitStack() as opened:
                    # All are handed to the system before the first is waited for.
                    written = [
                        opened.enter_context(_written(name, data))
                        for name, (_, data) in zip(staged, fresh, strict=True)
                    ]
                    list(flushers.map(os.fsync, written))
                for name, (path, _) in zip(staged, fresh, strict=True):
                    destination = self._folder / path
                    if destination.parent not in folders:
                        _make_folders(destination.parent)
                        folders.add(destination.parent)
                    # A link, unlike a rename, never replaces.
                    os.link(name, destination)
                    name.unlink()
                added += len(fresh)
                # A process that was killed may have named files, or made folders, that nobody flushed yet.
                folders.update((self._folder / path).parent for path, _ in batch)
        folders.update([above for folder in folders for above in folder.parents])
        for folder in folders:
            if folder.is_relative_to(self._folder):
                durable.flush(folder)
        staging.rmdir()
        return added

    def replace(self, path: str, data: bytes) -> None:
        """Write the one file that changes; see `Destination`."""
        durable.replace(self._folder / path, data)

    def remove_all(self, folder: str) -> None:
        """Remove the files of a folder; see `Destination`."""
        shutil.rmtree(self._folder / folder, ignore_errors=True)

    def _read(self, path: str, max_bytes: int) -> bytes | None:
        try:
            return durable.read(self._folder / path, max_bytes=max_bytes)
        except InputError as error:
            if error.code == "file-missing":
                return None
            # Many tiles are called 000.
            raise InputError(f"{path}: {str(error).partition(': ')[2]}", code=error.code) from error

    def _holds(self, path: str, data: bytes) -> bool:
        """Say whether a file is there with these bytes.

        Raises:
            CorruptLedgerError: it has others.
        """
        if not (self._folder / path).exists():
            return False
        if (self._folder / path).read_bytes() != data:
            raise CorruptLedgerError(f"{path}: published with other bytes than the ledger has", code="tile-differs")
        return True


def _batches(files: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    """Yield files in order, in batches that are bounded in number and in bytes."""
    batch: list[tuple[str, bytes]] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file[1])
        if len(batch) == _BATCH_FILES or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextlib.contextmanager
def _written(path: Path, data: bytes) -> Iterator[int]:
    """Write a file that anybody may read, and yield its descriptor, open."""
    with path.open("wb", buffering=0) as file:
        os.fchmod(file.fileno(), durable.PUBLIC)
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        yield file.fileno()


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, each of them durably."""
    missing = list(itertools.takewhile(lambda path: not path.exists(), (folder, *folder.parents)))
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        durable.flush(path.parent)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; where the system knows none, there is none."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InputError(f"{folder.name}: another process writes there", code="place-busy") from None
    finally:
        os.close(descriptor)
