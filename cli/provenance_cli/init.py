"""`provenance init`."""

from pathlib import Path

import click

from provenance.errors import InputError
from provenance.studio.studio import Studio, check_free
from provenance_cli._options import WrongValueError, new_passphrase, passphrase_option
from provenance_cli._output import note, safe, say


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path, readable=False), default=Path())
@click.option("--name", required=True, help="Name of the business, as certificates and notices show it.")
@click.option("--country", metavar="CC", help="Where it is, such as DE.")
@click.option("--url", help="Where people can reach it, such as https://studio.example.")
@click.option("--no-passphrase", is_flag=True, help="Leave the keys readable by whoever can read the files.")
@passphrase_option
def command(
    directory: Path,
    *,
    name: str,
    country: str | None,
    url: str | None,
    no_passphrase: bool,
    passphrase_file: Path | None,
) -> int:
    """Create a studio in DIRECTORY (here, if none is given).

    Nothing that exists is ever replaced.
    """
    if no_passphrase and passphrase_file is not None:
        raise click.UsageError("--no-passphrase and --passphrase-file exclude each other")
    check_free(directory)
    passphrase = None if no_passphrase else new_passphrase(passphrase_file)
    try:
        studio = Studio.create(directory, name=name, country=country, url=url, passphrase=passphrase)
    except InputError as error:
        raise WrongValueError(str(error), hint=error.hint) from error
    until = studio.claim_certificate().not_valid_after_utc.date()
    studio.close()
    say(f"Created the studio “{safe(name)}” in {safe(str(directory))}")
    if no_passphrase:
        note("The keys are not sealed: whoever can read these files can sign as this studio.")
    else:
        note("The keys are sealed. Without the passphrase nobody can sign again, and nobody can bring it back.")
    note(
        f"Your stamps are signed with a certificate of your own, valid until {until}. Other validators will call their "
        "issuer unrecognised until you have one from a listed authority; hand out `provenance trust export` meanwhile."
    )
    note("Next: provenance consent new --subject NAME --permit capture --permit publish.web --typed")
    return 0
