"""`provenance stamp`."""

from pathlib import Path
from typing import Any

import click

from provenance_cli._options import json_option, passphrase_option, studio_option, unlocked
from provenance_cli._output import Counting
from provenance_cli._pictures import find_pictures, pictures_options
from provenance_cli._stamp_link import link
from provenance_cli._stamp_notice import notice
from provenance_cli._stamp_options import Wanted, stamp_options
from provenance_cli._stamp_revoke import revoke
from provenance_cli._stamp_tally import Tally

_BEHIND = {command.name: command for command in (revoke, notice, link)}


class _WithOthers(click.Command):
    """The command, and three of their own behind its name; a file called so is named `./revoke`."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 as click has it
    ) -> click.Context:
        """Return the context of this command, or of the one that is named behind it."""
        other = _BEHIND.get(args[0]) if args else None
        if other is not None:
            return other.make_context(f"{info_name} {other.name}", args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


@click.command("stamp", cls=_WithOthers)
@pictures_options
@stamp_options
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
    dry_run: bool,
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
    **options: Any,  # noqa: ANN401 see `Wanted`
) -> int:
    """Stamp pictures: say what they are, bind them to a consent, and log it.

    FILES are pictures, folders of them, or - for names from a pipe. Each stamped copy goes to a folder `stamped` beside
    its source, unless -o or --in-place says otherwise. Stamp last: whatever is changed afterwards breaks the seal.

    `provenance stamp revoke` says that you no longer stand by a stamp, `provenance stamp notice` writes into the files
    that you still hold what became of theirs, and `provenance stamp link` puts a later consent into them.
    """
    wanted = Wanted.of(options)
    pictures = find_pictures(files, recursive=recursive, endings=endings, null=null, leave_out=wanted.written)
    with unlocked(studio_path, passphrase_file) as keys:
        pictures, assign = wanted.assign(keys, pictures)
        requests = map(wanted.asker(assign), pictures)
        tally, progress = Tally(as_json), Counting("pictures")
        for number, result in enumerate(wanted.stamper(keys).stamp(requests, dry_run=dry_run), 1):
            tally.add(result)
            progress(number, len(pictures))
    return tally.finish()
