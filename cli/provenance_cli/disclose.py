"""`provenance disclose`."""

from pathlib import Path

import click

from provenance import durable
from provenance.clock import to_seconds
from provenance.consent.fields import parse_personal
from provenance.consent.openings import parse_recipient
from provenance.errors import InputError, RefusedError
from provenance.studio.disclosing import DisclosureDesk
from provenance_cli._options import json_option, parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import note, print_json, safe, say

SCHEMA = "urn:headshot-provenance:schema:consent-disclosed:1"


@click.command("disclose")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option("--to", "recipient", required=True, metavar="NAME", help="Who gets it; a withdrawal reaches them.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write it, such as photo.consent.json.",
)
@click.option(
    "--reveal",
    "fields",
    multiple=True,
    metavar="FIELD",
    help="Show this personal datum, too, such as legal_name; may be repeated.",
)
@json_option
@studio_option
@passphrase_option
def command(
    file: Path,
    *,
    recipient: str,
    output: Path,
    fields: tuple[str, ...],
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Show the consent behind one stamped picture to somebody, who checks it with `verify --disclosure`.

    It holds the signed record, which names nobody, and what became of it. It opens this picture and no other. The
    ledger holds that it was made, before it is written.
    """
    name = parsed(parse_recipient, recipient)
    reveal = [parsed(parse_personal, text) for text in fields]
    with unlocked(studio_path, passphrase_file) as keys:
        _check_output(output)
        made = DisclosureDesk(keys).disclose(file, recipient=name, reveal=reveal)
        try:
            # Personal data may be in it: for whoever runs this, and nobody else on this machine.
            durable.create(output, made.disclosure.to_bytes(), mode=durable.PRIVATE)
        except FileExistsError:
            raise _exists(output, logged=True) from None
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise InputError(
                f"{output.name}: cannot be written: {reason}; the ledger holds that it was disclosed to {name}",
                code="output-unwritable",
                hint="run it again with another place for -o: each run is a disclosure of its own",
            ) from error
    openings = made.disclosure.openings
    revealed = sorted({datum.name for opening in openings for datum in opening.revealed})
    if as_json:
        print_json(
            {
                "schema": SCHEMA,
                "file": str(file),
                "output": str(output),
                "recipient": name,
                "made_at": to_seconds(made.disclosure.made_at),
                "codes": list(made.codes),
                "revealed": [*revealed],
            }
        )
    else:
        say(safe(str(output)))
        note(f"It shows the consent {', '.join(made.codes)} for this picture, and {', '.join(revealed) or 'no name'}.")
        note(f"hint: give it to {safe(name)} with your trust file; it is good for a day or two, so make a new one then")
    return 0


def _check_output(output: Path) -> None:
    """Refuse what could not be written, before the ledger says that it was shown."""
    if output.exists() or output.is_symlink():
        raise _exists(output)
    if not output.parent.is_dir():
        raise InputError(f"{output.parent.name}: no such folder", code="folder-missing")


def _exists(output: Path, *, logged: bool = False) -> RefusedError:
    said = "; the ledger holds that it was disclosed" if logged else ""
    return RefusedError(
        f"{output.name}: there is a file of this name already{said}", code="output-exists", hint="choose another name"
    )
