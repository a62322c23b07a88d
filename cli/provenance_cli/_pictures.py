"""The files that a command is given: by name, by folder, by pattern, or from a pipe."""

import glob
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from provenance.errors import InputError, RefusedError

# How pictures are usually called; only folders are searched by it, because what a file is, its bytes say.
ENDINGS = ("jpg", "jpeg", "png", "webp", "tif", "tiff", "dng", "avif", "heic", "heif")

_PIPE = "-"
_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Found:
    """A file, and the folder that it was found from.

    Attributes:
        path: of the file.
        root: the folder that was named, or the file's own.
    """

    path: Path
    root: Path

    @property
    def within(self) -> Path:
        """Where the file lies within its root."""
        return self.path.relative_to(self.root)

    def destination(self, output: Path | None, *, otherwise: str, ending: str | None = None) -> Path:
        """Return where what is made of the file goes: into `output` or a folder beside it, perhaps with another ending.

        Raises:
            RefusedError: that is the file itself.
        """
        found = self.path.parent / otherwise / self.path.name if output is None else output / self.within
        found = found if ending is None else found.with_suffix(ending)
        if found.resolve() == self.path.resolve():
            raise RefusedError(
                "it lies where the stamped files are to go, and would be replaced",
                code="output-source",
                hint="choose another folder with -o",
            )
        return found


def pictures_options(function: _Command) -> _Command:
    """Add what says where to look: the files themselves, `-r`, `--ext` and `-0`."""
    # One that may not be read is told in its place, and stops no other.
    path = click.Path(path_type=Path, allow_dash=True, readable=False)
    files = click.argument("files", nargs=-1, required=True, type=path)
    recursive = click.option("-r", "--recursive", is_flag=True, help="Look into the folders within a folder, too.")
    endings = click.option(
        "--ext",
        "endings",
        metavar="EXT,…",
        help=f"Which files of a folder are taken, by their endings; without it, {', '.join(ENDINGS)}.",
    )
    null = click.option("-0", "--null", is_flag=True, help="The names from - end with a zero byte, as of find -print0.")
    return files(recursive(endings(null(function))))


def find_pictures(
    names: Sequence[Path],
    *,
    recursive: bool,
    endings: str | None,
    null: bool,
    leave_out: Sequence[str] = (),
    once: bool = True,
) -> list[Found]:
    """Return every file that is meant, in the order of the names, and of a folder in the order of its files.

    Args:
        names: files, folders, patterns such as `*.jpg` that no shell has resolved, and `-` for names from a pipe.
        recursive: whether folders within folders are looked into.
        endings: of the files of a folder, separated by commas; None for those of pictures.
        null: whether the names from a pipe end with a zero byte.
        leave_out: folders of these names are not looked into.
        once: whether a file that is meant twice is returned once.

    Raises:
        InputError: a folder has no such file, or nothing is meant at all.
    """
    wanted = tuple(f".{ending.strip().strip('.').lower()}" for ending in (endings or ",".join(ENDINGS)).split(","))
    if null and Path(_PIPE) not in names:
        raise click.UsageError("-0 is about names from a pipe: add -")
    found: list[Found] = []
    for name in names:
        given = _from_pipe(null=null) if str(name) == _PIPE else [name]
        for path in given:
            found += _expand(path, wanted, recursive=recursive, leave_out=leave_out)
    if not found:
        raise InputError("files: expected at least one, got none", code="files-none")
    return list(dict.fromkeys(found)) if once else found


def _expand(path: Path, wanted: tuple[str, ...], *, recursive: bool, leave_out: Sequence[str]) -> Iterator[Found]:
    if path.is_dir():
        inside = [Found(file, path) for file in _walk(path, wanted, recursive=recursive, leave_out=leave_out)]
        if not inside:
            raise InputError(
                f"{path}: no pictures in this folder",
                code="folder-empty",
                hint=None if recursive else "add -r to look into the folders within it",
            )
        yield from inside
    elif glob.has_magic(str(path)) and not path.exists():
        matches = sorted(Path(match) for match in glob.glob(str(path)))  # noqa: PTH207 may be absolute
        for match in matches or [path]:
            yield Found(match, match.parent)
    else:
        yield Found(path, path.parent)


def _walk(folder: Path, wanted: tuple[str, ...], *, recursive: bool, leave_out: Sequence[str]) -> Iterator[Path]:
    for place, folders, files in os.walk(folder, onerror=_unreadable):
        for name in sorted(files):
            if name.lower().endswith(wanted) and not name.startswith("."):
                yield Path(place, name)
        inside = (name for name in folders if not name.startswith(".") and name not in leave_out)
        folders[:] = sorted(inside) if recursive else []


def _unreadable(error: OSError) -> NoReturn:
    """Tell of a folder that cannot be looked into; what is in it must not be missing without a word."""
    reason = (error.strerror or type(error).__name__).lower()
    raise InputError(f"{error.filename}: cannot be looked into: {reason}", code="folder-unreadable") from error


def _from_pipe(*, null: bool) -> Iterator[Path]:
    data = sys.stdin.buffer.read()
    for name in data.split(b"\0" if null else b"\n"):
        text = name if null else name.rstrip(b"\r")
        if text:
            yield Path(os.fsdecode(text))
