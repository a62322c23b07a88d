"""`provenance serve`: a page on which everybody can check pictures; in a studio, also its receipts and its ledger."""

from contextlib import ExitStack
from pathlib import Path

import click

from provenance.errors import StudioError
from provenance.studio.locating import find_folder
from provenance.studio.manifests import check_may_hand_out
from provenance.studio.studio import Studio
from provenance_cli._options import passphrase_option, studio_option, unlocked
from provenance_cli._output import note, print_error, safe, say
from provenance_cli._serving import stopping
from provenance_cli._trusting import trusted
from provenance_cli.trust_lists import open_store

PORT = 7382
_FILE = click.Path(path_type=Path, readable=False)


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port; 0 takes any.")
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="HOST",
    help="Another name under which it is asked, such as that of a proxy before it; may be repeated.",
)
@click.option(
    "--trust", "trust_files", multiple=True, type=_FILE, metavar="PEM", help="Trust these issuers; repeatable."
)
@click.option(
    "--trust-time", "time_files", multiple=True, type=_FILE, metavar="PEM", help="Trust these time-stamp authorities."
)
@click.option("--no-studio", is_flag=True, help="Only check pictures, also where there is a studio.")
@click.option(
    "--answer-lookalikes",
    is_flag=True,
    help="Hand manifests to who has a picture like a stamped one: strangers then learn whether you stamped one.",
)
@studio_option
@passphrase_option
def command(
    *,
    port: int,
    names: tuple[str, ...],
    trust_files: tuple[Path, ...],
    time_files: tuple[Path, ...],
    no_studio: bool,
    answer_lookalikes: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Show a page that checks pictures, and the same as an API, until it is interrupted.

    In a studio it answers receipts, too, and shows the ledger at /ledger/ and the status lists at /status/. It listens
    on this computer only; for the open internet, put a proxy with TLS before it, and say its name with --name. Pictures
    are never stored.

    With --answer-lookalikes it is a C2PA Soft Binding Resolution API, too, under /v1/, in a studio that keeps
    fingerprints. Whoever has a picture can then find out whether one like it was stamped here, and gets its manifest.
    """
    from provenance.web import check_installed

    check_installed()
    from provenance.web.app import public_app
    from provenance.web.checking import Checker
    from provenance.web.desk import KioskDesk
    from provenance.web.lookalikes import Lookalikes
    from provenance.web.serving import WebServer
    from provenance.web.shield import LOOPBACK_HOSTS

    if no_studio and studio_path is not None:
        raise click.UsageError("either --studio or --no-studio")
    if no_studio and answer_lookalikes:
        raise click.UsageError("either --answer-lookalikes or --no-studio")
    with ExitStack() as stack:
        desk = None
        folder = None if no_studio else _folder(studio_path)
        if answer_lookalikes and folder is None:
            raise StudioError("no studio here, whose manifests could be handed out", hint="name it with --studio")
        if folder is not None:
            desk = KioskDesk(stack.enter_context(unlocked(folder, passphrase_file)))
        lookalikes = None
        if desk is not None and answer_lookalikes:
            check_may_hand_out(desk.studio)
            lookalikes = Lookalikes(desk.studio.path)
        found = trusted(trust_files, time_files, open_store().all())
        checker = Checker(
            found.anchors, found.time_anchors, found.logs, identity_anchors=found.identity_anchors, studio=folder
        )
        app = public_app(checker, desk=desk, hosts=[*LOOPBACK_HOSTS, *names], lookalikes=lookalikes, report=print_error)
        server = WebServer(app, port=port)
        stack.enter_context(stopping())
        say(server.url("localhost"))
        whose = "checks pictures" if desk is None else f"is the page of {safe(desk.name)}"
        if lookalikes is not None:
            note("It hands manifests to whoever has a picture like a stamped one.")
        note(f"It {whose}. Stop it with Ctrl-C.")
        server.serve()
    return 0


def _folder(studio_path: Path | None) -> Path | None:
    """Return the folder of the studio that was named or is near; None where there is none."""
    if studio_path is not None:
        Studio(studio_path).close()
        return studio_path
    try:
        return find_folder(Path())
    except StudioError:
        return None
