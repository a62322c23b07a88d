"""Where a published log lies: a local folder, an object store, or a web address that can only be read.

Paths are those of c2sp.org/tlog-tiles under the place's prefix; nothing in a place is believed for lying there.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from provenance import fetch
from provenance.errors import InputError, NetworkError

READERS = 8

# Static hosts answer "forbidden" for what is not there, where listing is not allowed.
_ABSENT = (403, 404, 410)
_ERROR_PAGE_BYTES = 64 * 1024


class Source(Protocol):
    """A place that can be read.

    Attributes:
        name: what messages call it.
    """

    name: str

    def read(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        """Return what lies at each of `paths`, in order; None where nothing does.

        Raises:
            InputError: a file there is no file, or larger than `max_bytes`.
            NetworkError: the place cannot be reached.
        """
        ...


class Destination(Source, Protocol):
    """A place that can be written."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other processes from writing there, as far as the place knows how to, and clear what a crash left.

        Raises:
            InputError: another process writes there.
        """
        ...

    def add(self, files: Iterable[tuple[str, bytes]]) -> int:
        """Write files that never change, all durable on return, and say how many were new.

        Raises:
            CorruptLedgerError: there is one already, with other bytes; it is left as it was.
            NetworkError: the place cannot be reached.
            OSError: the disk refused.
        """
        ...

    def replace(self, path: str, data: bytes) -> None:
        """Write the one file that changes: a reader sees the old bytes or all of the new ones.

        Raises:
            NetworkError: the place cannot be reached.
            OSError: the disk refused.
        """
        ...

    def remove_all(self, folder: str) -> None:
        """Remove the files of a folder, if there is one.

        Raises:
            NetworkError: the place cannot be reached.
            OSError: the disk refused.
        """
        ...


def open_source(address: str) -> Source:
    """Return the place at a path, an http or https address, or an address that fsspec knows, such as s3://bucket/log.

    Raises:
        InputError: it is no such address.
    """
    if address.startswith(("http://", "https://")):
        return WebPlace(address)
    return open_destination(address)


def open_destination(address: str) -> Destination:
    """Return the place at a path, or at an address that fsspec knows and can write to, such as s3://bucket/log.

    Raises:
        InputError: it is no such address, or a package that it needs is missing.
    """
    if address.startswith(("http://", "https://")):
        raise InputError(
            "address: expected a folder or a bucket to write to, got a web address",
            code="place-read-only",
            hint="publish to the folder or bucket that the web address serves",
        )
    if address.startswith("file://"):
        raise InputError("address: expected a plain path for a local folder, got file://", code="url")
    if "://" in address:
        from provenance.ledger.bucket import BucketPlace

        return BucketPlace(address)
    from provenance.ledger.folder import FolderPlace

    return FolderPlace(Path(address))


class WebPlace:
    """A web address, read by GET."""

    def __init__(self, url: str) -> None:
        """Name the prefix of a log.

        Raises:
            InputError: it is no http or https address.
        """
        self._prefix = fetch.check_url(url).rstrip("/")
        self.name = self._prefix

    def read(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        """Return what lies at each of `paths`; see `Source`."""
        if len(paths) == 1:
            return [self._get(paths[0], max_bytes)]
        with ThreadPoolExecutor(READERS) as readers:
            return list(readers.map(lambda path: self._get(path, max_bytes), paths))

    def _get(self, path: str, max_bytes: int) -> bytes | None:
        # What says that there is nothing may be a page for people, larger than the small file that was asked for.
        answer = fetch.get(f"{self._prefix}/{path}", max_bytes=max(max_bytes, _ERROR_PAGE_BYTES))
        if answer.status in _ABSENT:
            return None
        if answer.status != 200:
            raise NetworkError(f"{self.name}/{path}: expected status 200, got {answer.status}", code="answer-status")
        if len(answer.body) > max_bytes:
            raise InputError(f"{path}: expected at most {max_bytes} bytes, got more", code="file-too-large")
        return answer.body
