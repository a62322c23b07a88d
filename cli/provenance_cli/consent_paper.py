"""`provenance consent form`, and receipts as PDF files."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance import durable
from provenance.consent.codes import parse_code
from provenance.errors import InputError, RefusedError
from provenance.studio.consents import ConsentDesk
from provenance_cli._options import parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import note, safe, say

if TYPE_CHECKING:
    from provenance.paper.sealing import Sealed
    from provenance.studio.papers import PaperDesk
    from provenance.studio.reading import Recorded


@click.command("form", short_help="Print a consent as a signed release.")
@click.argument("code")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, readable=False),
    help="Where to write it; a new file that ends in .pdf.",
)
@studio_option
@passphrase_option
def form(code: str, *, output: Path, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """Print a consent as a signed release, with the record in it and the studio's seal on it.

    The file holds all personal data of the consent: give it to nobody who need not have them.
    """
    if not is_pdf(output):
        raise click.BadParameter("expected a name that ends in .pdf", param_hint="--output")
    write_paper(
        code, output, lambda papers, recorded: papers.form(recorded), what="Form", where=(studio_path, passphrase_file)
    )
    note("It holds personal data. Give it to those who need it, and to nobody else.")
    return 0


def is_pdf(path: Path) -> bool:
    """Tell whether a PDF file is asked for."""
    return path.suffix.lower() == ".pdf"


def write_paper(
    code: str,
    output: Path,
    make: "Callable[[PaperDesk, Recorded], Sealed]",
    *,
    what: str,
    where: tuple[Path | None, Path | None],
) -> None:
    """Write a new PDF file that `make` returns for the consent with this code."""
    # Here and not at the top: other commands about consents need nothing of it.
    from provenance.studio.papers import PaperDesk

    if output.exists():
        raise RefusedError(
            f"{output.name}: there is a file of this name already",
            code="output-exists",
            hint="choose another name; nothing was changed",
        )
    if not output.parent.is_dir():
        raise InputError(f"{output.parent}: no such folder", code="output-folder", hint="make the folder first")
    with unlocked(*where) as keys:
        papers = PaperDesk(keys)
        recorded = ConsentDesk(keys.studio, keys).find(parsed(parse_code, code))
        sealed = make(papers, recorded)
        name = keys.studio.settings.name
    durable.create(output, sealed.data, mode=durable.PRIVATE)
    say(f"{what}: {safe(str(output))} (sealed by {safe(name)}, PAdES {sealed.level})")
    if sealed.doubt is not None:
        note(f"The seal has no time-stamp: {safe(str(sealed.doubt))}")
