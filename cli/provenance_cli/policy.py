"""`provenance policy`: the policies for publishing that come with this program."""

import click

from provenance.verification.publishing_files import SHIPPED, parse_publishing_policy, shipped_text
from provenance_cli._options import parsed
from provenance_cli._output import say, table


@click.group("policy")
def command() -> None:
    """Show the policies that `provenance verify --policy` knows by name."""


@command.command("list", short_help="Name each, and what it is for.")
def list_() -> None:
    """Name each policy, and what it is for."""
    table((name, parse_publishing_policy(shipped_text(name).encode(), name=name).description) for name in SHIPPED)


@command.command("show", short_help="Print one, to copy and change.")
@click.argument("name")
def show(*, name: str) -> None:
    """Print the file of a policy: copy it, change it, and name the copy to `provenance verify --policy`."""
    say(parsed(shipped_text, name).rstrip("\n"))
