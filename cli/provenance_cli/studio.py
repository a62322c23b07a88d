"""`provenance studio`: upgrade, migrate, fingerprints."""

from pathlib import Path

import click

from provenance.storage.address import check_url
from provenance.studio.fingerprints import Dropped, drop_fingerprints, keep_fingerprints, keeps_fingerprints
from provenance.studio.locating import find_folder
from provenance.studio.moving import move_studio, upgrade_studio
from provenance_cli._options import opened, parsed, studio_option
from provenance_cli._output import Counting, count, note, print_error, safe, say


@click.group("studio")
def command() -> None:
    """Upgrade a studio, move its database to a server, or say whether it keeps fingerprints of pictures."""


@command.command("upgrade", short_help="Bring the database up to date.")
@studio_option
def upgrade(*, studio_path: Path | None) -> int:
    """Bring the database of a studio up to the version of this program.

    A copy of the database as it was stays beside it.
    """
    upgraded = upgrade_studio(studio_path or find_folder(Path()))
    if upgraded.copy is None:
        say(f"The studio is up to date: its state has version {upgraded.after}.")
        return 0
    say(f"The studio was brought from state version {upgraded.before} to {upgraded.after}.")
    note(_left(upgraded.copy, "The database as it was"))
    return 0


@command.command("migrate", short_help="Move the database to a server.")
@click.option("--to", "url", required=True, metavar="URL", help="An empty database, such as postgresql://host/studio.")
@studio_option
def migrate(url: str, *, studio_path: Path | None) -> int:
    """Move the database of a studio to a PostgreSQL server.

    The ledger stays the same: every receipt and proof remains valid. Keys and settings stay in the folder. A password
    does not belong in the address: libpq finds it in PGPASSWORD or in the file .pgpass.
    """
    parsed(check_url, url)
    moved = move_studio(studio_path or find_folder(Path()), url, told=Counting("rows"))
    say(f"The studio is in the {safe(moved.place)} now: {count(moved.entries, 'entry', 'entries')} moved.")
    note(_left(moved.left, "The database as it was"))
    return 0


@command.command("fingerprints", short_help="Keep fingerprints of what you stamp, or none any more.")
@click.argument("change", type=click.Choice(["keep", "drop"]), required=False)
@studio_option
def fingerprints(change: str | None, *, studio_path: Path | None) -> int:
    """Say whether this studio keeps fingerprints of the pictures that it stamps; by itself it keeps none.

    With `keep`, everything that is stamped from now on can be found again by what it looks like (`provenance find`).
    A fingerprint of a face is personal data. With `drop`, those that were kept are destroyed, and no more are made.
    """
    with opened(studio_path) as studio:
        if change == "keep":
            keep_fingerprints(studio)
        elif change == "drop":
            return _tell_dropped(drop_fingerprints(studio))
        number = studio.database.count_fingerprints()
        if keeps_fingerprints(studio):
            say(f"Fingerprints are kept of the pictures that you stamp: {count(number, 'fingerprint')} so far.")
        else:
            say("No fingerprints are kept." if not number else f"No more are kept; there are {number} of before.")
    if change == "keep":
        note("They are personal data: say in your notice that you keep them. `provenance erase` destroys them, too.")
    return 0


def _tell_dropped(dropped: Dropped) -> int:
    say(f"No fingerprints are kept any more: {count(dropped.destroyed, 'fingerprint')} destroyed.")
    if dropped.complete:
        return 0
    print_error(
        "database: the fingerprints are deleted, but old bytes of them may lie in its files until whoever uses it ends",
        hint="end the other programs that use this studio, see that the disk has room, run the same command again",
    )
    return 3


def _left(path: Path, what: str) -> str:
    return (
        f"{what} is kept as {safe(path.name)}. What is erased from now on stays in it: delete it once you have seen "
        "that everything is there."
    )
