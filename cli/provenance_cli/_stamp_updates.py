"""Where the files of `provenance stamp notice` and `stamp link` go: stamped pictures with something on top."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from provenance import durable
from provenance.errors import InputError, RefusedError
from provenance_cli._pictures import Found

_Command = TypeVar("_Command", bound=Callable[..., Any])


def where_options(function: _Command) -> _Command:
    """Add what says where the files go; see `check_where`."""
    output = click.option(
        "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder for the files."
    )
    return output(click.option("--in-place", is_flag=True, help="Replace each file.")(function))


def check_where(output: Path | None, *, in_place: bool) -> list[str]:
    """Check that it is said where the files go, once; return the folders that are not to be looked into.

    Raises:
        click.UsageError: it is not, or twice.
    """
    if (output is None) != in_place:
        raise click.UsageError("say where it goes: either -o FOLDER or --in-place")
    return [] if output is None else [output.name]


def write_update(destination: Path, found: Found, data: bytes) -> None:
    """Write a file in place of its source, or as a new one.

    Raises:
        RefusedError: there is another file of this name (`output-exists`).
        InputError: the disk or the system does not give the place (`output-unwritable`).
    """
    try:
        mode = found.path.stat().st_mode & 0o777
        if destination == found.path:
            durable.replace(destination.resolve(), data, mode=mode)
            return
        destination.parent.mkdir(parents=True, exist_ok=True)
        durable.create(destination, data, mode=mode)
    except FileExistsError:
        raise RefusedError(
            f"{destination.name}: there is another file of this name at the destination",
            code="output-exists",
            hint="choose another folder with -o",
        ) from None
    except OSError as error:
        message = f"{destination.name}: cannot be written: {(error.strerror or type(error).__name__).lower()}"
        raise InputError(message, code="output-unwritable") from error
