"""`provenance consent timestamp`: have the records dated whose time-stamp authority was not reached before."""

from pathlib import Path

import click

from provenance.studio.dating import RecordDating
from provenance_cli._options import json_option, opened, studio_option
from provenance_cli._output import note, print_error, print_json, safe, say

DATED_SCHEMA = "urn:headshot-provenance:schema:consent-dated:1"


@click.command("timestamp", short_help="Have the records dated that still wait for it.")
@json_option
@studio_option
def timestamp(*, as_json: bool, studio_path: Path | None) -> int:
    """Ask the time-stamp authority (RFC 3161) about every record that still waits. No keys are needed.

    Exits with 3 if some wait on. Which authority stands in provenance.toml, under [timestamps].
    """
    with opened(studio_path) as studio:
        found = RecordDating(studio).complete()
    for one in found:
        if as_json:
            print_json({"schema": DATED_SCHEMA, "code": one.code, "timestamp": one.time.to_json()})
        elif one.reason is None:
            say(f"Consent {one.code}: {safe(one.time.describe())}")
        if one.reason is not None:
            print_error(f"consent {one.code}: waits: {one.reason}", hint=one.reason.hint)
    if not found and not as_json:
        note("No record waits for a time-stamp.")
    return 3 if any(one.reason is not None for one in found) else 0
