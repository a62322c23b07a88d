"""A published log in an object store, through fsspec: s3://bucket/prefix, and whatever else it knows."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from provenance.errors import CorruptLedgerError, InputError, NetworkError
from provenance.extras import missing_extra

_WRITERS = 16
_BATCH_FILES = 64

# What c2sp.org/tlog-tiles asks of a host: tiles never change, the checkpoint always may.
_TILE_HEADERS = {"ContentType": "application/octet-stream", "CacheControl": "public, max-age=31536000, immutable"}
_CHECKPOINT_HEADERS = {"ContentType": "text/plain; charset=utf-8", "CacheControl": "no-cache"}


class BucketPlace:
    """A prefix in an object store; credentials and endpoint are found as its own tools find them."""

    def __init__(self, address: str) -> None:
        """Name the prefix of a log.

        Raises:
            InputError: fsspec does not know such an address.
            MissingExtraError: a package that it needs is missing.
        """
        scheme = address.partition("://")[0]
        try:
            from fsspec.core import url_to_fs  # type: ignore[import-untyped]

            # Neither listings nor connections of an earlier use are believed.
            self._system, root = url_to_fs(address, skip_instance_cache=True, use_listings_cache=False)
        except ImportError:
            raise missing_extra("s3", f"address: {scheme}:// needs packages that are not installed") from None
        except ValueError:
            raise InputError(
                f"address: expected a path, or one that starts with s3://, got {scheme}://", code="url"
            ) from None
        self._root = str(root).rstrip("/")
        self.name = address.rstrip("/")
        self._knows_headers = scheme in ("s3", "s3a")

    def read(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        """Return what lies at each of `paths`; see `Source`."""
        found = self._fetch(paths, max_bytes + 1)
        for path, data in zip(paths, found, strict=True):
            if data is not None and len(data) > max_bytes:
                raise InputError(f"{path}: expected at most {max_bytes} bytes, got more", code="file-too-large")
        return found

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Do nothing: an object store knows no locks, and leaves nothing behind; see `Destination`."""
        yield

    def add(self, files: Iterable[tuple[str, bytes]]) -> int:
        """Write files that never change; see `Destination`."""
        added = 0
        remaining = iter(files)
        with ThreadPoolExecutor(_WRITERS) as writers:
            while batch := list(itertools.islice(remaining, _BATCH_FILES)):
                # Not every store refuses to overwrite when it is asked to, so what is there is read first.
                present = self._fetch([path for path, _ in batch], max(len(data) for _, data in batch) + 1)
                fresh = []
                for (path, data), known in zip(batch, present, strict=True):
                    if known is None:
                        fresh.append((path, data))
                    elif known != data:
                        raise _differs(path)
                added += sum(writers.map(lambda file: self._create(*file), fresh))
        return added

    def replace(self, path: str, data: bytes) -> None:
        """Write the one file that changes; see `Destination`."""
        self._put(path, data, "overwrite", _CHECKPOINT_HEADERS)

    def remove_all(self, folder: str) -> None:
        """Remove the files of a folder; see `Destination`."""
        try:
            self._system.rm(self._at(folder), recursive=True)
        except FileNotFoundError:
            return
        except Exception as error:
            raise self._unreachable(folder, error) from error

    def _create(self, path: str, data: bytes) -> int:
        """Write a file that is not there, and return 1; 0 where another process was quicker with the same bytes."""
        try:
            self._put(path, data, "create", _TILE_HEADERS)
        except FileExistsError:
            if self._fetch([path], len(data) + 1) != [data]:
                raise _differs(path) from None
            return 0
        return 1

    def _put(self, path: str, data: bytes, mode: str, headers: dict[str, str]) -> None:
        try:
            self._system.pipe_file(self._at(path), data, mode=mode, **(headers if self._knows_headers else {}))
        except FileExistsError:
            raise
        except Exception as error:  # every kind of store raises its own
            raise self._unreachable(path, error) from error

    def _fetch(self, paths: Sequence[str], length: int) -> list[bytes | None]:
        """Return the first `length` bytes at each of `paths`; None where nothing lies."""
        whole = [self._at(path) for path in paths]
        answers = self._system.cat_ranges(whole, [0] * len(whole), [length] * len(whole), on_error="return")
        found: list[bytes | None] = []
        for path, answer in zip(paths, answers, strict=True):
            match answer:
                case bytes():
                    found.append(answer)
                case FileNotFoundError():
                    found.append(None)
                case _:
                    raise self._unreachable(path, answer) from answer
        return found

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _unreachable(self, path: str, error: BaseException) -> NetworkError:
        reason = str(error).split("\n", 1)[0].rstrip(".") or type(error).__name__
        return NetworkError(
            f"{self.name}/{path}: cannot be reached: {reason[:1].lower()}{reason[1:200]}",
            code="unreachable",
            hint="check the bucket, its region and the credentials",
        )


def _differs(path: str) -> CorruptLedgerError:
    return CorruptLedgerError(f"{path}: published with other bytes than the ledger has", code="tile-differs")
