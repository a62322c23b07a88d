"""`provenance ledger`: show, checkpoint, prove, audit."""

import json
from pathlib import Path

import click

from provenance.consent.codes import parse_code
from provenance.errors import CorruptLedgerError, RefusedError
from provenance.studio.consents import ConsentDesk
from provenance.studio.studio import Studio
from provenance_cli._options import json_option, opened, parsed, studio_option
from provenance_cli._output import count, print_error, print_json, say, table

AUDIT_SCHEMA = "urn:headshot-provenance:schema:ledger-audit:1"
LISTED_SCHEMA = "urn:headshot-provenance:schema:ledger-listed:1"


@click.group("ledger")
def command() -> None:
    """Show, prove and audit the ledger."""


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


@command.command("checkpoint")
@studio_option
def checkpoint(*, studio_path: Path | None) -> int:
    """Print the newest signed checkpoint."""
    with opened(studio_path) as studio:
        say(studio.ledger.checkpoint().decode().rstrip("\n"))
    return 0


@command.command("prove", short_help="Print the proof of an entry.")
@click.argument("entry", metavar="INDEX|CODE")
@studio_option
def prove(entry: str, *, studio_path: Path | None) -> int:
    """Print the proof that the ledger holds an entry, by its number or by the code of a consent."""
    with opened(studio_path) as studio:
        say(studio.ledger.prove(_index(studio, entry)).to_text().rstrip("\n"))
    return 0


@command.command("audit", short_help="Recompute and compare everything.")
@json_option
@studio_option
def audit(*, as_json: bool, studio_path: Path | None) -> int:
    """Recompute the whole ledger from its entries, and compare it with everything that was signed."""
    with opened(studio_path) as studio:
        try:
            report = studio.audit()
        except CorruptLedgerError as error:
            if as_json:
                print_json({"schema": AUDIT_SCHEMA, "clean": False, "problem": str(error)})
            print_error(str(error), hint="keep this studio as it is, and compare it with a backup and with receipts")
            return 1
        log_origin = studio.settings.log_origin
    if as_json:
        print_json(
            {
                "schema": AUDIT_SCHEMA,
                "clean": True,
                "entries": report.entries,
                "checkpoints": report.checkpoints,
                "root_hash": report.root_hash.hex(),
            }
        )
        return 0
    say(
        f"The ledger {log_origin} is whole: {count(report.entries, 'entry', 'entries')} rehashed, "
        f"{count(report.checkpoints, 'checkpoint')} compared."
    )
    return 0


def _index(studio: Studio, text: str) -> int:
    if text.isdecimal() and len(text) < 8:
        return int(text)
    try:
        return ConsentDesk(studio).find(parsed(parse_code, text)).row.entry_index
    except RefusedError as error:
        raise RefusedError(str(error), code=error.code, hint="see provenance ledger show") from error
