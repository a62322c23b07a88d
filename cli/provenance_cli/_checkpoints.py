"""The options of `provenance verify` by which a stamp's log is held to more than the file carries."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from provenance import durable
from provenance.errors import InputError
from provenance.note import MAX_NOTE_BYTES
from provenance.policy import MAX_POLICY_BYTES, Policy, parse_policy
from provenance.verification import GivenCheckpoint

_Command = TypeVar("_Command", bound=Callable[..., Any])


def checkpoint_options(function: _Command) -> _Command:
    """Add `--checkpoint` and `--witness-policy`."""
    function = click.option(
        "--witness-policy",
        "witness_path",
        type=click.Path(path_type=Path, readable=False),
        metavar="FILE",
        help="Count the witnesses that this file names, and ask for its quorum (c2sp.org/tlog-policy).",
    )(function)
    return click.option(
        "--checkpoint",
        "checkpoint_paths",
        multiple=True,
        type=click.Path(path_type=Path, readable=False),
        metavar="FILE",
        help="Hold the log to this checkpoint of it, such as that of your mirror; may be repeated.",
    )(function)


def read_checkpoint(path: Path) -> GivenCheckpoint:
    """Return the checkpoint in a file, with the tiles that lie beside it.

    Raises:
        InputError: it cannot be read, or is no checkpoint.
    """
    # Here and not at the top: most checks read no log.
    from provenance.ledger.beside import TilesBeside
    from provenance.ledger.folder import FolderPlace

    data = durable.read(path, max_bytes=MAX_NOTE_BYTES)
    try:
        given = GivenCheckpoint.parse(data, name=str(path))
    except InputError as error:
        hint = "name the file checkpoint of a published or mirrored log"
        raise InputError(f"{path.name}: {error}", code=error.code, hint=hint) from error
    if not (path.parent / "tile").is_dir():
        return given
    row = TilesBeside(FolderPlace(path.parent), given.checkpoint.size)
    return GivenCheckpoint.parse(data, name=str(path), row=row)


def read_witnesses(path: Path) -> Policy:
    """Return the policy in a file, which names at least one witness.

    Raises:
        InputError: it cannot be read, is no such policy, or names none.
    """
    data = durable.read(path, max_bytes=MAX_POLICY_BYTES)
    try:
        policy = parse_policy(data)
    except InputError as error:
        raise InputError(f"{path.name}: {error}", code=error.code, hint=error.hint) from error
    if not policy.witnesses:
        raise InputError(f"{path.name}: policy: expected at least one witness, got none", code="witnesses-missing")
    return policy
