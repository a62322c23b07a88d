"""Who is shown in each picture of a run: the same people in all, or told by its name, its folder or a table."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from provenance import durable
from provenance.consent.codes import parse_code
from provenance.stamping.assigning import MAX_TABLE_BYTES, from_file_name, from_folder, from_table, parse_table
from provenance_cli._options import parsed
from provenance_cli._pictures import Found

_Command = TypeVar("_Command", bound=Callable[..., Any])

Assign = Callable[[Found], tuple[str, ...]]


def consent_options(function: _Command) -> _Command:
    """Add what says who is shown; exactly one of them is needed."""
    one = click.option(
        "--consent",
        "codes",
        multiple=True,
        metavar="CODE",
        help="The consent of the person shown; repeat it for each of several people.",
    )
    source = click.option(
        "--consent-from",
        "source",
        type=click.Choice(["folder", "name", "card"]),
        help="The code of the consent stands in the name of each file's folder, or in its own; or on a card that was "
        "photographed before each person.",
    )
    table = click.option(
        "--map",
        "table",
        type=click.Path(path_type=Path, dir_okay=False, readable=False),
        metavar="CSV",
        help="A table with the columns file and consent.",
    )
    nobody = click.option("--synthetic-person", is_flag=True, help="Nobody real is shown.")
    return one(source(table(nobody(function))))


def read_consents(
    *, codes: Sequence[str], source: str | None, table: Path | None, known: Callable[[str], bool]
) -> Assign:
    """Return what tells the consent codes of a picture; without any of these, nobody real is shown.

    Args:
        codes: of the people who are in all of them.
        source: `folder` or `name`.
        table: a CSV file.
        known: tells whether there is a consent with a code.

    Raises:
        InputError: the table cannot be read.
    """
    if codes:
        all_of_them = tuple(dict.fromkeys(parsed(parse_code, code) for code in codes))
        return lambda _: all_of_them
    if source == "name":
        return lambda found: from_file_name(found.path, known=known)
    if source == "folder":
        return lambda found: from_folder(found.path, root=found.root, known=known)
    if table is not None:
        rows = parse_table(durable.read(table, max_bytes=MAX_TABLE_BYTES), name=table.name, folder=table.parent)
        return lambda found: from_table(found.path, rows)
    return lambda _: ()


def check_one(*, codes: Sequence[str], source: str | None, table: Path | None, synthetic_person: bool) -> None:
    """Check that it is said who is shown, and only once, before anybody is asked for a passphrase.

    Raises:
        click.UsageError: it is not, or what is said cannot be a code.
    """
    if [bool(codes), source is not None, table is not None, synthetic_person].count(True) != 1:
        raise click.UsageError(
            "say who is shown: --consent CODE, --consent-from folder, name or card, --map CSV, or --synthetic-person"
        )
    for code in codes:
        parsed(parse_code, code)
