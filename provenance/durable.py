"""Files that are either absent or whole: written aside, flushed to the disk, then given their name."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from provenance.errors import InputError

PRIVATE = 0o600
PUBLIC = 0o644

_MORE = 1024 * 1024  # bytes that are asked for where a file is longer than it said


def create(path: Path, data: bytes, *, mode: int = PUBLIC) -> None:
    """Write a new file at `path`; a crash leaves either nothing or all of it.

    Raises:
        FileExistsError: there is one already; it is left as it was.
        OSError: the disk refused.
    """
    with aside(path, mode=mode) as unnamed:
        unnamed.fill(data)
        unnamed.publish_new()


def replace(path: Path, data: bytes, *, mode: int = PUBLIC) -> None:
    """Write `path` anew; a crash leaves either the old file or all of the new one.

    Raises:
        OSError: the disk refused; the old file is as it was.
    """
    with aside(path, mode=mode) as unnamed:
        unnamed.fill(data)
        unnamed.publish_over()


def read(path: Path, *, max_bytes: int) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        InputError: there is no such file, it is a directory or device, it may not be read, or it is too large.
    """
    name = path.name or str(path)
    try:
        if not path.exists():
            raise InputError(f"{name}: no such file", code="file-missing")
        if path.is_dir():
            raise InputError(f"{name}: expected a file, got a directory", code="file-directory")
        if not path.is_file():
            raise InputError(f"{name}: expected a regular file", code="file-special")
        with path.open("rb", buffering=0) as source:
            # One read of its size, because room for all that it might be costs more than reading it.
            data = source.read(min(os.fstat(source.fileno()).st_size, max_bytes) + 1) or b""
            while len(data) <= max_bytes and (more := source.read(_MORE)):
                data += more
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(f"{name}: cannot be read: {reason}", code="file-unreadable") from error
    if len(data) > max_bytes:
        raise InputError(f"{name}: expected at most {max_bytes} bytes, got more", code="file-too-large")
    return data


def flush(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Let an error of the system name the file that was asked for, not the unnamed one behind it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextlib.contextmanager
def aside(path: Path, *, mode: int = PUBLIC) -> Iterator["Unnamed"]:
    """Yield an empty file that may be filled and then be given the name `path`; otherwise it disappears.

    Raises:
        FileExistsError: there is one of that name already, and it was not to be replaced.
        OSError: the disk refused, within the block as well; whatever has the name is as it was.
    """
    with _named_errors(path):
        directory = os.open(path.parent, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            unnamed = Unnamed(directory, path, mode)
            try:
                yield unnamed
            finally:
                unnamed.close()
            # The name itself is durable only when its directory is.
            os.fsync(directory)
        finally:
            os.close(directory)


class Unnamed:
    """A file without a name where the system has such a thing (Linux), so that a killed process leaves nothing.

    Elsewhere it has a hidden name beside its destination until it is published.
    """

    def __init__(self, directory: int, path: Path, mode: int) -> None:
        self._directory = directory
        self._path = path
        self._mode = mode
        self._hidden = path.with_name(f".{secrets.token_hex(8)}.provenance-partial")
        self._named = False
        try:
            self._descriptor = os.open(path.parent, os.O_RDWR | os.O_TMPFILE, mode)
        except (AttributeError, OSError):
            self._descriptor = os.open(self._hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
            self._named = True

    def fill(self, data: bytes) -> None:
        """Write `data` and flush them to the disk."""
        # The mode is meant as it is, whatever the process masks.
        os.fchmod(self._descriptor, self._mode)
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        os.fsync(self._descriptor)

    def publish_new(self) -> None:
        """Give the file its name; a link, unlike a rename, never replaces."""
        self._link(self._path)

    def publish_over(self) -> None:
        """Give the file its name, in place of what has it now."""
        if not self._named:
            self._link(self._hidden)
            self._named = True
        self._hidden.replace(self._path)
        self._named = False

    def close(self) -> None:
        """Let it disappear, unless it was given its name."""
        os.close(self._descriptor)
        if self._named:
            self._hidden.unlink(missing_ok=True)

    def _link(self, destination: Path) -> None:
        if self._named:
            os.link(self._hidden, destination)
        else:
            # Python follows the link in /proc only where a directory descriptor is given too.
            os.link(f"/proc/self/fd/{self._descriptor}", destination.absolute(), src_dir_fd=self._directory)
