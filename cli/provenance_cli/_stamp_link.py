"""`provenance stamp link`."""

from pathlib import Path

import click

from provenance.errors import ProvenanceError
from provenance.stamping import StampResult
from provenance.studio.linking import LinkDesk
from provenance_cli._options import json_option, passphrase_option, studio_option, unlocked
from provenance_cli._pictures import Found, find_pictures, pictures_options
from provenance_cli._stamp_tally import Tally
from provenance_cli._stamp_updates import check_where, where_options, write_update


@click.command("link")
@pictures_options
@click.option("--consent", "codes", multiple=True, required=True, metavar="CODE", help="A consent to add; repeatable.")
@where_options
@json_option
@studio_option
@passphrase_option
def link(
    files: tuple[Path, ...],
    *,
    recursive: bool,
    endings: str | None,
    null: bool,
    codes: tuple[str, ...],
    output: Path | None,
    in_place: bool,
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Put a later consent into files that you stamped and still hold.

    Where somebody else who is shown consents afterwards: the picture and its stamp stay as they are, and the file says
    on top that it rests on that consent, too. Nobody's earlier consent is taken away. Copies that others have are out
    of reach.
    """
    written = check_where(output, in_place=in_place)
    pictures = find_pictures(files, recursive=recursive, endings=endings, null=null, leave_out=written)
    tally = Tally(as_json)
    with unlocked(studio_path, passphrase_file) as keys:
        desk = LinkDesk(keys, signer=keys.claim_signer())
        for found in pictures:
            tally.add(_link(desk, found, codes, output))
    return tally.finish()


def _link(desk: LinkDesk, found: Found, codes: tuple[str, ...], output: Path | None) -> StampResult:
    try:
        destination = found.path if output is None else found.destination(output, otherwise="")
        linked = desk.link(found.path, codes)
        if linked.data is None:
            return StampResult(found.path, "already-stamped", found.path)
        write_update(destination, found, linked.data)
    except ProvenanceError as error:
        return StampResult.of_error(found.path, error)
    return StampResult(found.path, "stamped", destination)
