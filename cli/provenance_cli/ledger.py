"""`provenance ledger`: everything that is done with the log."""

import json
from pathlib import Path

import click

from provenance.consent.codes import parse_code
from provenance.errors import CorruptLedgerError, InputError, RefusedError, RolledBackError
from provenance.studio.consents import ConsentDesk
from provenance.studio.logbook import Logbook
from provenance.studio.studio import Studio
from provenance_cli._ledger_follow import mirror, monitor, publish, recover, verify_proof
from provenance_cli._ledger_keep import anchor, cosign, key
from provenance_cli._options import WrongValueError, json_option, opened, parsed, studio_option
from provenance_cli._output import Counting, count, note, print_error, print_json, safe, say, table

AUDIT_SCHEMA = "urn:headshot-provenance:schema:ledger-audit:1"
LISTED_SCHEMA = "urn:headshot-provenance:schema:ledger-listed:1"


@click.group("ledger")
def command() -> None:
    """Show, prove, audit and publish the ledger; follow somebody else's."""


@command.command("show", short_help="List the entries.")
@json_option
@studio_option
def show(*, as_json: bool, studio_path: Path | None) -> int:
    """List the entries: number, time, kind. There is nothing else in them to see."""
    with opened(studio_path) as studio:
        rows = []
        for row in studio.database.entries(0, studio.database.head().size):
            body = json.loads(row.body)
            if as_json:
                print_json({"schema": LISTED_SCHEMA, "index": row.index, "entry": body})
            rows.append((str(row.index), body["at"], body["type"]))
    if not as_json:
        table(rows)
    return 0


@command.command("checkpoint", short_help="Print the newest signed checkpoint.")
@studio_option
def checkpoint(*, studio_path: Path | None) -> int:
    """Print the newest signed checkpoint, with the cosignatures that it has."""
    with opened(studio_path) as studio:
        say(studio.ledger.cosigned_checkpoint().decode().rstrip("\n"))
    return 0


@command.command("prove", short_help="Write the proof of an entry.")
@click.argument("entry", metavar="INDEX|CODE|FILE")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, readable=False), help="Write to this file; nothing is replaced."
)
@studio_option
def prove(entry: str, *, output: Path | None, studio_path: Path | None) -> int:
    """Write the proof that the ledger holds an entry.

    The entry is named by its number, by the code of a consent, or by a picture that was stamped. The proof is a
    c2sp.org/tlog-proof with the entry itself as its extra data: `provenance ledger verify-proof` needs nothing else.
    """
    with opened(studio_path) as studio:
        index = _index(studio, entry)
        row = studio.database.entry(index)
        proof = studio.ledger.prove(index, extra=None if row is None else row.body).to_text()
    if output is None:
        say(proof.rstrip("\n"))
        return 0
    # Here and not at the top: printing needs no file.
    from provenance import durable

    try:
        durable.create(output, proof.encode())
    except FileExistsError:
        raise RefusedError(
            f"{output.name}: there is a file of this name already", code="output-exists", hint="choose another name"
        ) from None
    say(safe(str(output)))
    return 0


@command.command("audit", short_help="Recompute and compare everything.")
@click.option(
    "--export",
    "exports",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, readable=False),
    metavar="DIR",
    help="Compare this published folder too; those that the studio published to on this machine always are.",
)
@json_option
@studio_option
def audit(*, exports: tuple[Path, ...], as_json: bool, studio_path: Path | None) -> int:
    """Recompute the whole ledger from its entries, and compare it with everything that was stored, signed or published.

    The answer is no (exit code 1) where anything contradicts the entries, or where the ledger is older than what it
    signed.
    """
    with opened(studio_path) as studio:
        try:
            report = Logbook(studio).audit(exports=exports, progress=Counting("entries"))
        except (CorruptLedgerError, RolledBackError) as error:
            if as_json:
                print_json({"schema": AUDIT_SCHEMA, "clean": False, "problem": str(error), "code": error.code})
            hint = error.hint or "keep this studio as it is, and compare it with a backup and with receipts"
            print_error(str(error), hint=hint)
            return 1
        log_origin = studio.settings.log_origin
        vanished = Logbook(studio).vanished()
    for folder in vanished:
        note(f"Not compared: {safe(str(folder))}, which it was published to, holds no checkpoint any more.")
    if as_json:
        print_json(
            {
                "schema": AUDIT_SCHEMA,
                "clean": True,
                "entries": report.entries,
                "checkpoints": report.checkpoints,
                "cosignatures": report.cosignatures,
                "anchors": report.anchors,
                "exported": report.exported,
                "root_hash": report.root_hash.hex(),
            }
        )
        return 0
    more = "".join(
        f", {count(number, what)}"
        for number, what in (
            (report.cosignatures, "cosignature"),
            (report.anchors, "time-stamp"),
            (report.exported, "published file"),
        )
        if number
    )
    say(
        f"The ledger {log_origin} is whole: {count(report.entries, 'entry', 'entries')} rehashed, "
        f"{count(report.checkpoints, 'checkpoint')}{more} compared."
    )
    return 0


@command.command("rebuild", short_help="Restore what follows from the entries.")
@studio_option
def rebuild(*, studio_path: Path | None) -> int:
    """Write tiles, head and keys of the log anew where they do not follow from the entries.

    The entries themselves, and what was signed, are never changed. If they are not whole, nothing is.
    """
    with opened(studio_path) as studio:
        report = Logbook(studio).rebuild()
    found = [
        *([count(report.tiles, "tile")] if report.tiles else []),
        *(["the head"] if report.head else []),
        *(["the log's keys"] if report.log_keys else []),
    ]
    say(f"Written anew: {', '.join(found)}." if found else "Nothing to do: everything follows from the entries.")
    return 0


for _command in (publish, mirror, monitor, recover, verify_proof, cosign, anchor, key):
    command.add_command(_command)


def _index(studio: Studio, text: str) -> int:
    if text.isdecimal() and len(text) < 8:
        return int(text)
    path = Path(text)
    if path.is_file():
        return _index_of_picture(studio, path)
    try:
        return ConsentDesk(studio).find(parsed(parse_code, text)).row.entry_index
    except WrongValueError as error:
        raise WrongValueError(
            f"expected a number, the code of a consent or a stamped picture, got {text!r}", hint=error.hint
        ) from error
    except RefusedError as error:
        raise RefusedError(str(error), code=error.code, hint="see provenance ledger show") from error


def _index_of_picture(studio: Studio, path: Path) -> int:
    """Return the entry of the newest stamp of a picture, by the picture itself: whatever became of its metadata."""
    # Here and not at the top: proving by number needs no picture.
    from provenance import durable
    from provenance.picture import MAX_PICTURE_BYTES, read_picture

    data = durable.read(path, max_bytes=MAX_PICTURE_BYTES)
    try:
        stamps = studio.database.find_stamps_of(read_picture(data).digest)
    except InputError as error:
        raise InputError(f"{path.name}: {error}", code=error.code, hint=error.hint) from error
    if not stamps:
        raise RefusedError(
            f"{path.name}: this studio has not stamped this picture", code="stamp-missing", hint="see provenance verify"
        )
    return stamps[-1].entry_index
