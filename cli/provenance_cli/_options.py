"""Options that several commands share, and what they open."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from provenance.errors import InputError, KeyMaterialError
from provenance.studio.locating import find_folder

if TYPE_CHECKING:
    from provenance.studio.studio import Studio, UnlockedStudio

PASSPHRASE_VARIABLE = "PROVENANCE_PASSPHRASE"  # noqa: S105 a name
MAX_PASSPHRASE_BYTES = 4096

_Value = TypeVar("_Value")
_Command = TypeVar("_Command", bound=Callable[..., Any])


class WrongValueError(click.UsageError):
    """An argument cannot mean anything; the hint says what could."""

    def __init__(self, message: str, *, hint: str | None) -> None:
        super().__init__(message)
        self.hint = hint


def parsed(parse: Callable[[str], _Value], text: str) -> _Value:
    """Return what an argument means.

    Raises:
        WrongValueError: nothing.
    """
    try:
        return parse(text)
    except InputError as error:
        raise WrongValueError(str(error), hint=error.hint) from error


def studio_option(function: _Command) -> _Command:
    """Add `--studio`."""
    return click.option(
        "--studio",
        "studio_path",
        type=click.Path(path_type=Path, readable=False),
        envvar="PROVENANCE_STUDIO",
        metavar="DIR",
        help="The studio's folder; without it, the nearest one above here. [env: PROVENANCE_STUDIO]",
    )(function)


def passphrase_option(function: _Command) -> _Command:
    """Add `--passphrase-file`."""
    return click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path, dir_okay=False, readable=False),
        metavar="FILE",
        help=f"Read the passphrase of the keys from this file. [env: {PASSPHRASE_VARIABLE} holds it itself]",
    )(function)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def json_option(function: _Command) -> _Command:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document a line.")(function)


@contextmanager
def opened(studio_path: Path | None) -> "Iterator[Studio]":
    """Open the studio that was named, or the nearest one."""
    folder = find_folder(Path()) if studio_path is None else studio_path
    # Here and not at the top: where there is none, nothing of it is needed.
    from provenance.studio.studio import Studio

    studio = Studio(folder)
    try:
        yield studio
    finally:
        studio.close()


@contextmanager
def unlocked(studio_path: Path | None, passphrase_file: Path | None) -> "Iterator[UnlockedStudio]":
    """Open and unlock a studio; the passphrase comes from the file, the environment or a prompt, in this order."""
    with opened(studio_path) as studio:
        yield studio.unlock(_find_passphrase(passphrase_file) if studio.is_sealed() else None)


def unlock_quietly(studio: "Studio", passphrase_file: Path | None) -> "UnlockedStudio | None":
    """Unlock a studio if that needs no question; else return None."""
    if not studio.is_sealed():
        return studio.unlock(None)
    given = _given_passphrase(passphrase_file)
    return None if given is None else studio.unlock(given)


def new_passphrase(passphrase_file: Path | None) -> str:
    """Return the passphrase for a new studio, asked for twice where nothing gives it.

    Raises:
        KeyMaterialError: nothing gives it and nobody can be asked.
    """
    given = _given_passphrase(passphrase_file)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise _nobody_to_ask("or add --no-passphrase, which leaves the keys readable by whoever reads these files")
    text: str = click.prompt("Passphrase for the keys", hide_input=True, confirmation_prompt=True, err=True)
    return text


def _find_passphrase(passphrase_file: Path | None) -> str | None:
    given = _given_passphrase(passphrase_file)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise _nobody_to_ask("or run this in a terminal")
    text: str = click.prompt("Passphrase", hide_input=True, err=True)
    return text


def _given_passphrase(passphrase_file: Path | None) -> str | None:
    if passphrase_file is not None:
        # Here and not at the top: `--help` needs no file.
        from provenance import durable

        data = durable.read(passphrase_file, max_bytes=MAX_PASSPHRASE_BYTES)
        try:
            return data.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise InputError(f"{passphrase_file.name}: expected text in utf-8", code="passphrase-text") from None
    return os.environ.get(PASSPHRASE_VARIABLE)


def _nobody_to_ask(otherwise: str) -> KeyMaterialError:
    return KeyMaterialError(
        "passphrase: expected one, and there is no terminal to ask in",
        code="passphrase-missing",
        hint=f"set {PASSPHRASE_VARIABLE}, name a file with --passphrase-file, {otherwise}",
    )
