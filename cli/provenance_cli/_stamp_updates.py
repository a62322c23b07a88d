"""Where the files of `provenance stamp notice` and `stamp link` go: stamped pictures with something on top."""

from pathlib import Path

from provenance import durable
from provenance.errors import InputError, RefusedError
from provenance_cli._pictures import Found


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
