"""`provenance trust`: what others need to recognise a studio."""

from pathlib import Path

import click

from provenance import durable, pki
from provenance.errors import RefusedError
from provenance_cli._options import opened, studio_option
from provenance_cli._output import note, safe, say

LOG_LINE = "# ledger: "


@click.group("trust")
def command() -> None:
    """Hand out what others need to recognise you."""


@command.command("export", short_help="Write your certificate and ledger key.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, readable=False), help="Write to this file; nothing is replaced."
)
@studio_option
def export(*, output: Path | None, studio_path: Path | None) -> int:
    """Write the studio's certificate and ledger key, for `provenance verify --trust`."""
    with opened(studio_path) as studio:
        text = (
            f"# studio: {safe(studio.settings.name)}\n"
            f"{LOG_LINE}{studio.settings.log_key}\n"
            f"{pki.to_pem(studio.authority())}"
        )
    if output is None:
        say(text.rstrip("\n"))
    else:
        try:
            durable.create(output, text.encode())
        except FileExistsError:
            raise RefusedError(
                f"{output.name}: there is a file of this name already", code="output-exists", hint="choose another name"
            ) from None
        say(safe(str(output)))
    note("Hand it over where people can be sure that it comes from you: on your website, or in person.")
    return 0
