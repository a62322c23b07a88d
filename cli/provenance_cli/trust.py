"""`provenance trust`: what others need to recognise a studio, and whom you recognise yourself."""

from pathlib import Path

import click

from provenance import durable, pki
from provenance.checkpoint import LogKey
from provenance.errors import RefusedError
from provenance.trust_files import LOG_LINE
from provenance_cli._options import opened, studio_option
from provenance_cli._output import note, safe, say
from provenance_cli.trust_lists import add, remove, show, update


@click.group("trust")
def command() -> None:
    """Hand out what others need to recognise you, and keep lists of whom you trust."""


for _command in (show, add, remove, update):
    command.add_command(_command)


@command.command("export", short_help="Write your certificate and ledger key.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, readable=False), help="Write to this file; nothing is replaced."
)
@studio_option
def export(*, output: Path | None, studio_path: Path | None) -> int:
    """Write the studio's certificate and the keys of its ledger, for `provenance verify --trust`.

    Each key comes with the sizes of the ledger that it signs. Hand the file out again when a key was added or retired.
    """
    with opened(studio_path) as studio:
        lines = "".join(f"{LOG_LINE}{log_key_text(key)}\n" for key in studio.ledger.log_keys())
        text = f"# studio: {safe(studio.settings.name)}\n{lines}{pki.to_pem(studio.authority())}"
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


def log_key_text(key: LogKey) -> str:
    """Return a key with the sizes that it signs; the first one, as long as it is in use, needs none."""
    first = f" from {key.first_size}" if key.first_size > 1 else ""
    last = "" if key.last_size is None else f" until {key.last_size}"
    return f"{key.key.to_text()}{first}{last}"
