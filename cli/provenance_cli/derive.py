"""`provenance derive`."""

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from provenance import durable
from provenance.credentials.manifest import Declaration
from provenance.errors import InputError, ProvenanceError
from provenance.picture import MAX_PICTURE_BYTES, PictureFormat, identify
from provenance.picture.copies import COPY_FORMATS, MAX_SIDE, make_copy
from provenance.stamping import Making, Stamper, StampRequest, StampResult
from provenance.stamping.gate import parse_confirmation
from provenance.studio.stamps import StudioStampDesk
from provenance_cli._options import json_option, parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import Counting
from provenance_cli._pictures import Found, find_pictures, pictures_options
from provenance_cli._stamp_tally import Tally

DEFAULT_FOLDER = "derived"

_WORDS = {"jpeg": PictureFormat.JPEG, "png": PictureFormat.PNG, "webp": PictureFormat.WEBP}
_ENDINGS = {PictureFormat.JPEG: ".jpg", PictureFormat.PNG: ".png", PictureFormat.WEBP: ".webp"}


@click.command("derive")
@pictures_options
@click.option("-w", "--width", type=click.IntRange(1, MAX_SIDE), metavar="PIXELS", help="Make it at most this wide.")
@click.option("--format", "word", type=click.Choice(list(_WORDS)), help="Write it in this format.")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder for the copies.")
@click.option("--force", is_flag=True, help="Replace what is at the destination.")
@click.option(
    "--confirm",
    "confirmation",
    metavar="REASON",
    help="Why the stamp is right, although data in the file are doubtful.",
)
@click.option(
    "--strip-location", is_flag=True, help="Take out where it was taken, and serial numbers and makers' notes."
)
@json_option
@studio_option
@passphrase_option
def command(
    files: tuple[Path, ...],
    *,
    recursive: bool,
    endings: str | None,
    null: bool,
    width: int | None,
    word: str | None,
    output: Path | None,
    force: bool,
    confirmation: str | None,
    strip_location: bool,
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Make smaller copies of stamped pictures, or copies in another format, and stamp them.

    FILES are pictures that this studio stamped, folders of them, or - for names from a pipe. A copy is whatever its
    original is, and rests on the same consents. It goes to a folder `derived` beside the original, unless -o says
    otherwise.
    """
    if width is None and word is None:
        raise click.UsageError("say what to make: -w PIXELS, --format jpeg, png or webp, or both")
    reason = None if confirmation is None else parsed(parse_confirmation, confirmation)
    written = [DEFAULT_FOLDER] if output is None else [DEFAULT_FOLDER, output.name]
    pictures = find_pictures(files, recursive=recursive, endings=endings, null=null, leave_out=written)
    with unlocked(studio_path, passphrase_file) as keys, tempfile.TemporaryDirectory() as folder:
        desk = StudioStampDesk(keys)

        def request(number: int, found: Found) -> StampRequest | StampResult:
            try:
                codes = desk.codes_in(found.path)
                copy, ending = _copy(found.path, width=width, word=word)
                destination = found.destination(output, otherwise=DEFAULT_FOLDER, ending=ending)
            except ProvenanceError as error:
                return StampResult.of_error(found.path, error)
            # Of the same name, which messages tell.
            source = Path(folder, str(number), found.path.name)
            source.parent.mkdir()
            source.write_bytes(copy)
            return StampRequest(
                source,
                destination,
                Declaration.DERIVATIVE,
                codes,
                overwrite=force,
                confirmation=reason,
                making=Making(parent=found.path),
                strip_location=strip_location,
            )

        def requests() -> Iterator[StampRequest | StampResult]:
            yield from (request(number, found) for number, found in enumerate(pictures))

        stamper = Stamper(desk, signer=keys.claim_signer())
        tally, progress = Tally(as_json), Counting("pictures")
        results = zip(pictures, stamper.stamp(requests()), strict=True)
        for number, (found, result) in enumerate(results, 1):
            tally.add(dataclasses.replace(result, source=found.path))
            progress(number, len(pictures))
    return tally.finish()


def _copy(path: Path, *, width: int | None, word: str | None) -> tuple[bytes, str]:
    """Return a copy, and the ending of its name."""
    data = durable.read(path, max_bytes=MAX_PICTURE_BYTES)
    kind = identify(data) if word is None else _WORDS[word]
    if kind not in COPY_FORMATS:
        raise InputError(
            f"{path.name}: expected a jpeg, png or webp picture, got another",
            code="copy-format",
            hint="name the format of the copy: --format jpeg, png or webp",
        )
    return make_copy(data, width=width, kind=kind), path.suffix if word is None else _ENDINGS[kind]
