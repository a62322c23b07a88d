"""`provenance watch`."""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import click

from provenance.errors import ProvenanceError
from provenance.stamping.arrivals import Arrivals, pictures_in
from provenance.studio.studio import UnlockedStudio
from provenance_cli._options import json_option, passphrase_option, studio_option, unlocked
from provenance_cli._output import note, print_error, safe
from provenance_cli._pictures import ENDINGS, Found
from provenance_cli._stamp_options import Wanted, stamp_options
from provenance_cli._stamp_tally import Tally

SECONDS_BETWEEN_LOOKS = 1.0


@click.command("watch")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-r", "--recursive", is_flag=True, help="Look into the folders within it, too.")
@stamp_options
@json_option
@studio_option
@passphrase_option
def command(
    folder: Path,
    *,
    recursive: bool,
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
    **options: Any,  # noqa: ANN401 see `Wanted`
) -> int:
    """Stamp every picture that arrives in a folder, such as the one that an editor exports to.

    A picture is stamped once it stays as it is for two seconds, and again only when it changes. What is there already
    is stamped first; what was stamped before says so. It ends with Ctrl-C, and goes on where it was when run again.
    """
    wanted = Wanted.of(options)
    if options["source"] == "card":
        raise click.UsageError("--consent-from card is for a whole shoot at once: use provenance stamp")
    endings = tuple(f".{ending}" for ending in ENDINGS)
    leave_out = frozenset(wanted.written)
    arrivals = Arrivals(lambda: pictures_in(folder, endings, recursive=recursive, leave_out=leave_out))
    ended = _Ended()
    with unlocked(studio_path, passphrase_file) as keys:
        note(f"Watching {safe(str(folder))}; Ctrl-C ends it.")
        there, trouble = True, ""
        while not ended.asked:
            if there != folder.is_dir():
                there = not there
                note(f"{safe(str(folder))}: {'is back' if there else 'is not there; waiting for it'}")
            arrived = arrivals.take(time.monotonic())
            if arrived:
                pictures = [Found(path, folder) for path in arrived]
                error = _stamp(pictures, wanted, keys, arrivals, ended=ended, as_json=as_json)
                if error is not None and str(error) != trouble:
                    print_error(str(error), hint=error.hint)
                trouble = "" if error is None else str(error)
            if not arrived or trouble:
                time.sleep(SECONDS_BETWEEN_LOOKS)
    return 0


def _stamp(
    pictures: list[Found],
    wanted: Wanted,
    keys: UnlockedStudio,
    arrivals: Arrivals,
    *,
    ended: "_Ended",
    as_json: bool,
) -> ProvenanceError | None:
    """Stamp what has arrived; return why the studio cannot now, in which case the rest is tried at the next look."""
    tally = Tally(as_json)
    try:
        # Anew for each, as a table may have got more rows, and a certificate may have been renewed.
        _, assign = wanted.assign(keys, pictures)
        results = wanted.stamper(keys).stamp(map(wanted.asker(assign), pictures))
        for found, result in zip(pictures, results, strict=False):
            tally.add(result)
            arrivals.done(found.path, rewritten=result.outcome == "stamped" and result.destination == found.path)
            if ended.asked:
                break
    except ProvenanceError as error:
        return error
    tally.finish()
    return None


class _Ended:
    """Whether a service manager asked this to end; the pictures at hand are finished first, and no others."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True
