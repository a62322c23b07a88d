"""A log that was written as files (c2sp.org/tlog-tiles), compared byte for byte with the tree of the entries."""

import contextlib
import os
import re
import stat
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from provenance.errors import CorruptLedgerError
from provenance.ledger.regrowth import OpenRow
from provenance.merkle import HASH_BYTES
from provenance.note import MAX_NOTE_BYTES
from provenance.tiles import TILE_HEIGHT, TILE_WIDTH, bundle_to_bytes, entries_path, tile_path

_WIDTH = re.compile(r"[1-9][0-9]{0,2}")

_FirstOf: TypeAlias = Callable[[int], bytes]


class ExportedLog:
    """A directory that a log was exported to.

    An export that stayed behind the log is no contradiction, nor is one whose tiles ran ahead of its checkpoint, as
    they do while it is written; what lies beyond the entries is not looked at.

    Attributes:
        directory: where the checkpoint lies.
        compared: how many tiles and bundles were compared.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.compared = 0

    def checkpoint(self) -> bytes:
        """Return the note that the directory publishes.

        Raises:
            CorruptLedgerError: there is none, or it cannot be read.
        """
        note = self._read("checkpoint", MAX_NOTE_BYTES)
        if note is None:
            raise self._missing("checkpoint")
        return note

    def check_partials(self, size: int) -> None:
        """Check that the partial tiles of a checkpoint of this size are there, or full ones in their stead.

        Raises:
            CorruptLedgerError: the first that is missing.
        """
        level = 0
        while beyond := size >> TILE_HEIGHT * level:
            number, width = divmod(beyond, TILE_WIDTH)
            if width:
                self._check_present(tile_path(level, number), tile_path(level, number, width=width))
                if level == 0:
                    self._check_present(entries_path(number), entries_path(number, width=width))
            level += 1

    def check_tile(self, level: int, number: int, hashes: bytes, *, size: int) -> None:
        """Compare the files of a full tile of hashes with its 8,192 bytes.

        Args:
            level: from 0.
            number: from 0.
            hashes: what the tile must be.
            size: of the checkpoint that the directory publishes; the full tile must be there if that covers it.

        Raises:
            CorruptLedgerError: a file differs, or is missing.
        """
        needed = (number + 1) << TILE_HEIGHT * (level + 1) <= size
        self._compare_full(tile_path(level, number), hashes, needed=needed)
        self._compare_partials(tile_path(level, number), TILE_WIDTH, partial(_first_hashes, hashes))

    def check_bundle(self, number: int, bodies: Sequence[bytes], *, size: int) -> None:
        """Compare the files of a full bundle with its 256 entries, likewise."""
        needed = (number + 1) * TILE_WIDTH <= size
        self._compare_full(entries_path(number), bundle_to_bytes(bodies), needed=needed)
        self._compare_partials(entries_path(number), TILE_WIDTH, partial(_first_entries, bodies))

    def check_open(self, tiles: Sequence[OpenRow], bodies: Sequence[bytes]) -> None:
        """Compare the files of the tiles that are not full yet, as far as there are entries.

        Args:
            tiles: those of the whole log.
            bodies: the entries behind the last full tile, at most 255.

        Raises:
            CorruptLedgerError: a file differs.
        """
        for level, number, hashes in tiles:
            joined = b"".join(hashes)
            self._compare_known(tile_path(level, number), len(hashes), partial(_first_hashes, joined))
        if bodies:
            self._compare_known(entries_path(tiles[0].number), len(bodies), partial(_first_entries, bodies))

    def _compare_full(self, path: str, expected: bytes, *, needed: bool) -> None:
        found = self._read(path, len(expected))
        if found is None and needed:
            raise self._missing(path)
        if found is not None:
            self._compare(path, found, expected)

    def _compare_partials(self, path: str, known: int, first: _FirstOf) -> None:
        """Compare what lies in the directory of partial tiles beside the place of a full one."""
        names: list[str] = []
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            names = os.listdir(f"{self.directory}/{path}.p")  # noqa: PTH208 asked for every tile, mostly in vain
        for width in sorted(int(name) for name in names if _WIDTH.fullmatch(name)):
            if width <= known and width < TILE_WIDTH:
                expected = first(width)
                self._compare(f"{path}.p/{width}", self._read(f"{path}.p/{width}", len(expected)), expected)

    def _compare_known(self, path: str, known: int, first: _FirstOf) -> None:
        """Compare the files of an open tile; of a full one, that ran ahead, what there are entries for."""
        self._compare_partials(path, known, first)
        expected = first(known)
        found = self._read(path, len(expected))
        if found is not None:
            self._compare(path, found[: len(expected)], expected)

    def _compare(self, path: str, found: bytes | None, expected: bytes) -> None:
        if found != expected:
            raise CorruptLedgerError(f"export {self.directory}/{path}: does not follow from the entries")
        self.compared += 1

    def _check_present(self, full: str, open_path: str) -> None:
        if not any((self.directory / path).is_file() for path in (open_path, full)):
            raise self._missing(open_path)

    def _missing(self, path: str) -> CorruptLedgerError:
        return CorruptLedgerError(f"export {self.directory}/{path}: missing")

    def _read(self, path: str, max_bytes: int) -> bytes | None:
        """Return at most one byte more than `max_bytes`, or None where there is no file; never wait for a pipe."""
        place = f"{self.directory}/{path}"
        try:
            descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(place, error) from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise CorruptLedgerError(f"export {place}: expected a regular file")
            data = b""
            while len(data) <= max_bytes and (piece := os.read(descriptor, max_bytes + 1 - len(data))):
                data += piece
        except OSError as error:
            raise _unreadable(place, error) from error
        finally:
            os.close(descriptor)
        return data


def _first_hashes(hashes: bytes, width: int) -> bytes:
    return hashes[: width * HASH_BYTES]


def _first_entries(bodies: Sequence[bytes], width: int) -> bytes:
    return bundle_to_bytes(bodies[:width])


def _unreadable(place: str, error: OSError) -> CorruptLedgerError:
    reason = (error.strerror or type(error).__name__).lower()
    return CorruptLedgerError(f"export {place}: cannot be read: {reason}")
