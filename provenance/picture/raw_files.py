"""The RAW file that a picture was developed from: found by its name, and known by its digest.

It is the best evidence that a studio has of a capture; the digest says so without giving the file away.
"""

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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


def find_raw(picture: Path, *, folders: Iterable[Path] = ()) -> RawFile | None:
    """Return the RAW file with the name of a picture but for its ending, or None.

    Case matters in neither the name nor the ending, as cameras and programs differ. The picture's own folder is looked
    through first, then `folders` in their order, none of them below its top; the picture itself is never its own.

    Raises:
        InputError: a folder cannot be looked through (`folder-unreadable`), two files have the name in one folder
            (`raw-ambiguous`), or the file cannot be read (`file-unreadable`).
    """
    for folder in (picture.parent, *folders):
        found = _candidates(picture, folder)
        if len(found) > 1:
            raise InputError(
                f"{picture.name}: expected one raw file beside it, got {len(found)}: "
                + ", ".join(path.name for path in found[:4]),
                code="raw-ambiguous",
                hint="move those that it was not made from elsewhere",
            )
        if found:
            return _read(found[0])
    return None


def _candidates(picture: Path, folder: Path) -> list[Path]:
    stem = picture.stem.casefold()
    found = []
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number == MAX_FILES:
                    raise InputError(f"{folder.name}: expected at most {MAX_FILES} files", code="folder-unreadable")
                path = Path(entry.path)
                ending = path.suffix[1:].casefold()
                if ending in EXTENSIONS and path.stem.casefold() == stem and entry.name != picture.name:
                    found.append(path)
    except (OSError, ValueError) as error:  # or a name that the system cannot have
        reason = str(getattr(error, "strerror", None) or type(error).__name__).lower()
        raise InputError(
            f"{folder.name or folder}: the folder cannot be looked through: {reason}", code="folder-unreadable"
        ) from error
    return sorted(path for path in found if path.is_file())


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
