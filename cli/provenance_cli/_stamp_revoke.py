"""`provenance stamp revoke`."""

from pathlib import Path

import click

from provenance.clock import to_minutes
from provenance.studio.revoking import RevocationDesk
from provenance_cli._options import WrongValueError, json_option, passphrase_option, studio_option, unlocked
from provenance_cli._output import note, print_json, say

SCHEMA = "urn:headshot-provenance:schema:stamp-revoked:1"


@click.command("revoke")
@click.argument("stamp", metavar="FILE|ENTRY")
@json_option
@studio_option
@passphrase_option
def revoke(stamp: str, *, as_json: bool, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """Say for good, in the ledger, that you no longer stand by a stamp.

    FILE is the stamped picture, or the picture as it was before, if you stamped it once only; ENTRY is the number of
    the stamp's ledger entry. The file is not changed. A consent is withdrawn with `consent withdraw` instead.
    """
    with unlocked(studio_path, passphrase_file) as keys:
        desk = RevocationDesk(keys)
        revoked = desk.revoke(_entry(desk, stamp))
    if as_json:
        print_json(
            {
                "schema": SCHEMA,
                "stamp": stamp,
                "declaration": revoked.declaration,
                "entry": revoked.entry,
                "revoked_by": revoked.revoked_by,
                "at": to_minutes(revoked.at),
                "outcome": "already-revoked" if revoked.before else "revoked",
            }
        )
        return 0
    when = f"on {to_minutes(revoked.at)}, by entry {revoked.revoked_by}"
    already = "already " if revoked.before else ""
    say(f"Stamp of entry {revoked.entry} ({revoked.declaration}): {already}revoked {when}")
    note("Files that carry it stay as they are: who asks your studio or reads your ledger learns it, and nobody else.")
    return 0


def _entry(desk: RevocationDesk, stamp: str) -> int:
    if Path(stamp).is_file():
        return desk.find(Path(stamp))
    if stamp.isascii() and stamp.isdecimal() and len(stamp) < 16:
        return int(stamp)
    raise WrongValueError(
        f"expected a stamped picture or the number of a ledger entry, got {stamp!r}", hint="see provenance ledger show"
    )
