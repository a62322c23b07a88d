"""`provenance studio`: upgrade, migrate."""

from pathlib import Path

import click

from provenance.storage.address import check_url
from provenance.studio.finding import find_folder
from provenance.studio.moving import move_studio, upgrade_studio
from provenance_cli._options import parsed, studio_option
from provenance_cli._output import Counting, count, note, safe, say


@click.group("studio")
def command() -> None:
    """Upgrade a studio, or move its database to a server."""


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


def _left(path: Path, what: str) -> str:
    return (
        f"{what} is kept as {safe(path.name)}. What is erased from now on stays in it: delete it once you have seen "
        "that everything is there."
    )
