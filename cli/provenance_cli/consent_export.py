"""`provenance consent export`: what is held about a person, for them or for other systems."""

import json
from pathlib import Path

import click

from provenance import durable
from provenance.canonical import Json
from provenance.consent.codes import parse_code
from provenance.errors import InputError, RefusedError
from provenance.studio.consents import ConsentDesk
from provenance_cli._options import opened, parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import note, print_json, safe, say
from provenance_cli.consent_paper import is_pdf, write_paper

_PERSONAL = "It holds personal data: give it to the person and nobody else."

FORMATS = ("json", "json-ld", "kantara")


@click.command("export", short_help="Give a person all that is held of them.")
@click.argument("code")
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    default="json",
    show_default=True,
    help="Everything, for the person; or for other systems, without personal data, DPV (json-ld) or Kantara 1.1.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, readable=False),
    help="Where to write it, for you alone to read; a name that ends in .pdf makes a page to hand over.",
)
@studio_option
@passphrase_option
def export(code: str, *, kind: str, output: Path | None, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """Give a person everything that is held about them, or other systems what they take.

    Without -o it is printed, as one line of JSON.
    """
    parsed_code = parsed(parse_code, code)
    if output is not None and is_pdf(output):
        if kind != "json":
            raise click.UsageError(f"--format {kind} is for programs: choose a name that does not end in .pdf")
        where = (studio_path, passphrase_file)
        write_paper(code, output, lambda papers, recorded: papers.export(recorded), what="Export", where=where)
        note(_PERSONAL)
        return 0
    if output is not None:
        _check_free(output)
    document = _everything(parsed_code, studio_path, passphrase_file) if kind == "json" else None
    if document is None:
        document = _converted(parsed_code, kind, studio_path)
    if output is None:
        print_json(document)
        return 0
    _write(output, document)
    say(safe(str(output)))
    if kind == "json":
        note(_PERSONAL)
    return 0


def _everything(code: str, studio_path: Path | None, passphrase_file: Path | None) -> Json:
    # Here and not at the top: the other formats need no keys and no stamps.
    from provenance.studio.exporting import ExportDesk

    with unlocked(studio_path, passphrase_file) as keys:
        return ExportDesk(keys).export(ConsentDesk(keys.studio, keys).find(code))


def _converted(code: str, kind: str, studio_path: Path | None) -> Json:
    from provenance.consent.dpv import to_json_ld
    from provenance.consent.kantara import to_kantara

    convert = to_json_ld if kind == "json-ld" else to_kantara
    with opened(studio_path) as studio:
        recorded = ConsentDesk(studio).find(code)
        return convert(recorded.record, recorded.history, at=studio.clock.now())


def _check_free(place: Path) -> None:
    if place.exists():
        raise RefusedError(f"{place.name}: there is a file of this name already", code="output-exists")
    if not place.parent.is_dir():
        raise InputError(f"{place.parent}: no such folder", code="output-folder", hint="make the folder first")


def _write(place: Path, document: Json) -> None:
    data = json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
    try:
        durable.create(place, data, mode=durable.PRIVATE)
    except FileExistsError:
        raise RefusedError(f"{place.name}: there is a file of this name already", code="output-exists") from None
