"""`provenance consent card`: the card to photograph before a person."""

from pathlib import Path

import click

from provenance import durable
from provenance.consent.codes import parse_code
from provenance.errors import InputError
from provenance.studio.consents import ConsentDesk
from provenance_cli._options import opened, parsed, studio_option
from provenance_cli._output import note, safe, say


@click.command("card", short_help="Draw the card to photograph before a person.")
@click.argument("code")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help="Where the card goes.",
)
@studio_option
def card(code: str, *, output: Path, studio_path: Path | None) -> int:
    """Draw a card with a QR code for one consent: print it, or show it on a telephone.

    Photograph it before the person, and `provenance stamp --consent-from card` knows whose the pictures behind it are.
    It holds the code of the consent and no name.
    """
    # Drawing is slow to load, and no other command about consents draws.
    from provenance.paper.card import make_card

    with opened(studio_path) as studio:
        recorded = ConsentDesk(studio).find(parsed(parse_code, code))
    drawn = make_card(recorded.code)
    try:
        durable.replace(output, drawn)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(f"{output.name}: cannot be written: {reason}", code="output-unwritable") from error
    say(safe(str(output)))
    note("Photograph it first, then the person; a frame with two cards is for pictures of both.")
    return 0
