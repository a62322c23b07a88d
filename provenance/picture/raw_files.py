"""The RAW files that a picture may have been developed from: found by its name, and known by their digests.

It is the best evidence that a studio has of a capture; the digest says so without giving the file away.
"""

import hashlib
import itertools
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from provenance.canonical import Json
from provenance.errors import InputError

# Of Canon, Nikon, Sony, Fujifilm, Adobe and others, Olympus and OM System, Panasonic and Leica, Pentax, Samsung,
# Hasselblad, Phase One, Leaf, Mamiya, Minolta, Epson, Kodak, Sigma, Ricoh, GoPro.
EXTENSIONS = frozenset(
    [
        *("crw", "cr2", "cr3", "nef", "nrw", "arw", "srf", "sr2", "raf", "dng", "orf", "ori", "rw2", "raw", "rwl"),
        *("pef", "srw", "3fr", "fff", "iiq", "mos", "mef", "mrw", "erf", "dcr", "kdc", "x3f", "gpr"),
    ]
)
MAX_FILES = 1_000_000  # in one folder
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RawFile:
    """A RAW file.

    Attributes:
        path: where it lies.
        digest: SHA-256 of all of it, 32 bytes.
        size: in bytes.
    """

    path: Path
    digest: bytes
    size: int

    def to_json(self) -> dict[str, Json]:
        """Return it as documents have it, without the place where it lies."""
        return {"name": self.path.name, "sha256": self.digest.hex(), "size": self.size}


class RawFinder:
    """Finds the RAW files of many pictures, and reads the names in a folder once."""

    def __init__(self) -> None:
        self._named: dict[Path, tuple[int, dict[str, list[Path]]]] = {}

    def find(self, picture: Path, *, folders: Iterable[Path] = ()) -> tuple[RawFile, ...]:
        """Return the RAW files with the name of a picture but for its ending, from the first folder that has any.

        There is more than one where a camera's file was converted and kept. Case matters in neither the name nor the
        ending, as cameras and programs differ. The picture's own folder is looked through first, then `folders` in
        their order, none of them below its top; the picture itself is never its own.

        Raises:
            InputError: a folder cannot be looked through (`folder-unreadable`), or a file cannot be read
                (`file-unreadable`).
        """
        stem = picture.stem.casefold()
        for folder in (picture.parent, *folders):
            named = [path for path in self._in(folder).get(stem, []) if path.name != picture.name and path.is_file()]
            if named:
                return tuple(_read(path) for path in named)
        return ()

    def _in(self, folder: Path) -> dict[str, list[Path]]:
        try:
            changed = folder.stat().st_mtime_ns
            known = self._named.get(folder)
            # Whoever adds or takes away a file changes its folder.
            if known is None or known[0] != changed:
                self._named[folder] = known = (changed, _by_stem(folder))
        except (OSError, ValueError) as error:  # or a name that the system cannot have
            reason = str(getattr(error, "strerror", None) or type(error).__name__).lower()
            raise InputError(
                f"{folder.name or folder}: the folder cannot be looked through: {reason}", code="folder-unreadable"
            ) from error
        return known[1]


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    """Return the RAW files of a folder, in the order of their names, by what stands before the ending."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in itertools.islice(entries, MAX_FILES + 1)]
    if len(names) > MAX_FILES:
        raise InputError(f"{folder.name}: expected at most {MAX_FILES} files", code="folder-unreadable")
    found: dict[str, list[Path]] = {}
    for path in (folder / name for name in sorted(names)):
        if path.suffix[1:].casefold() in EXTENSIONS:
            found.setdefault(path.stem.casefold(), []).append(path)
    return found


def _read(path: Path) -> RawFile:
    """Digest a file piece by piece; it may be larger than memory."""
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as source:
            if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                raise InputError(f"{path.name}: expected a regular file", code="file-special")
            while piece := source.read(_CHUNK):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(f"{path.name}: cannot be read: {reason}", code="file-unreadable") from error
    return RawFile(path, digest.digest(), size)
