"""`provenance consent publish-status`: sign what everybody may know of the consents behind a studio's stamps."""

from pathlib import Path

import click

from provenance import durable
from provenance.errors import InputError
from provenance.studio.status_publishing import StatusListDesk, lists_folder
from provenance_cli._options import json_option, passphrase_option, studio_option, unlocked
from provenance_cli._output import count, note, print_json, safe, say

PUBLISHED_SCHEMA = "urn:headshot-provenance:schema:status-published:1"


@click.command("publish-status", short_help="Sign lists that tell which consents still stand.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the lists, such as one of your website; without it, the studio's, which provenance serve shows.",
)
@json_option
@studio_option
@passphrase_option
def publish_status(
    *, output: Path | None, as_json: bool, studio_path: Path | None, passphrase_file: Path | None
) -> int:
    """Sign and log the status lists: of every stamp, whether its consents stand and cover each kind of publication.

    Whoever holds a stamped picture and the list of its number learns the answer without asking you, and you do not
    learn who looked. A list names nobody. Publish anew every day: two days old, a list says nothing any more.
    """
    with unlocked(studio_path, passphrase_file) as keys:
        signed = StatusListDesk(keys).sign()
        folder = output or lists_folder(keys.studio)
    for one in signed:
        path = folder / f"{one.number}.jwt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            durable.replace(path, one.token)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise InputError(f"{path.name}: cannot be written: {reason}", code="output-unwritable") from error
        if as_json:
            print_json(
                {
                    "schema": PUBLISHED_SCHEMA,
                    "list": one.number,
                    "output": str(path),
                    "stamps": one.stamps,
                    "entry": one.entry,
                }
            )
        else:
            say(f"{safe(str(path))}: {count(one.stamps, 'stamp')}, entry {one.entry}")
    if not signed:
        note("There is no stamp yet, and so no list.")
    return 0
