"""`provenance restamp`."""

from collections.abc import Callable
from pathlib import Path

import click

from provenance import durable
from provenance.credentials.manifest import Declaration
from provenance.errors import InputError, ProvenanceError, RefusedError
from provenance.picture import MAX_PICTURE_BYTES, read_picture
from provenance.stamping import Making, Stamper, StampRequest, StampResult
from provenance.stamping.edits import parse_edits
from provenance.stamping.gate import parse_confirmation
from provenance.studio.stamps import StudioStampDesk
from provenance_cli._options import json_option, parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import Counting
from provenance_cli._pictures import Found, find_pictures, pictures_options
from provenance_cli._stamp_tally import Tally

DEFAULT_FOLDER = "restamped"


@click.command("restamp")
@pictures_options
@click.option(
    "--parent",
    "before",
    required=True,
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE|FOLDER",
    help="The stamped picture as it was before, or the folder with those of all of them.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder for the stamped files.")
@click.option("--in-place", is_flag=True, help="Replace each file by its stamped self.")
@click.option("--force", is_flag=True, help="Replace what is at the destination.")
@click.option(
    "--confirm",
    "confirmation",
    metavar="REASON",
    help="Why the stamp is right, although data in the file are doubtful.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing.")
@json_option
@studio_option
@passphrase_option
def command(
    files: tuple[Path, ...],
    *,
    recursive: bool,
    endings: str | None,
    null: bool,
    before: Path,
    output: Path | None,
    in_place: bool,
    force: bool,
    confirmation: str | None,
    dry_run: bool,
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Stamp pictures again of which only texts were changed, such as captions, since they were stamped.

    FILES are the changed pictures, folders of them, or - for names from a pipe. Each is compared with the stamped
    picture as it was: the picture itself must be the same. The old credentials stay in the history of the new ones, and
    what the picture is and whose consents it rests on stays as it was.
    """
    if output is not None and in_place:
        raise click.UsageError("-o and --in-place exclude each other")
    reason = None if confirmation is None else parsed(parse_confirmation, confirmation)
    written = [DEFAULT_FOLDER] if output is None else [DEFAULT_FOLDER, output.name]
    pictures = find_pictures(files, recursive=recursive, endings=endings, null=null, leave_out=written)
    with unlocked(studio_path, passphrase_file) as keys:
        desk, parent_of = StudioStampDesk(keys), _parents(before)

        def request(found: Found) -> StampRequest | StampResult:
            try:
                parent = parent_of(found.path)
                codes = desk.codes_in(parent)
                destination = found.path if in_place else found.destination(output, otherwise=DEFAULT_FOLDER)
            except ProvenanceError as error:
                return StampResult.of_error(found.path, error)
            return StampRequest(
                found.path,
                destination,
                Declaration.DERIVATIVE,
                codes,
                overwrite=force,
                confirmation=reason,
                making=Making(parent=parent, edits=parse_edits("metadata")),
            )

        stamper = Stamper(desk, signer=keys.claim_signer())
        tally, progress = Tally(as_json), Counting("pictures")
        for number, result in enumerate(stamper.stamp(map(request, pictures), dry_run=dry_run), 1):
            tally.add(result)
            progress(number, len(pictures))
    return tally.finish()


def _parents(before: Path) -> Callable[[Path], Path]:
    """Return what tells the stamped picture of a changed one: the named one, or the one that shows the same."""
    if not before.is_dir():
        return lambda _: before
    known: dict[bytes, Path] = {}
    for found in find_pictures([before], recursive=True, endings=None, null=False):
        try:
            known.setdefault(_digest(found.path), found.path)
        except ProvenanceError:
            # A folder of exports holds other things as well.
            continue

    def same(path: Path) -> Path:
        parent = known.get(_digest(path))
        if parent is None:
            raise RefusedError(
                f"{path.name}: no picture in {before} shows the same",
                code="parent-missing",
                hint="name the stamped picture as it was with --parent FILE",
            )
        return parent

    return same


def _digest(path: Path) -> bytes:
    try:
        return read_picture(durable.read(path, max_bytes=MAX_PICTURE_BYTES)).digest
    except InputError as error:
        message = str(error).removeprefix(f"{path.name}: ")
        raise InputError(f"{path.name}: {message}", code=error.code, hint=error.hint) from error
