"""`provenance kiosk`: the page at a shoot on which people decide and sign."""

from pathlib import Path

import click

from provenance.consent.shelf import find_template
from provenance_cli._options import parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import note, print_error, safe, say

PORT = 7381
TEMPLATE = "corporate-headshot"


@click.command("kiosk")
@click.option("--job", metavar="NAME", help="What is photographed today; kept in the vault with every consent.")
@click.option("--template", "template_name", default=TEMPLATE, show_default=True, metavar="NAME", help="What is asked.")
@click.option("--use", metavar="TEXT", help="What AI will make, where the template asks for ai.generate.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port; 0 takes any.")
@studio_option
@passphrase_option
def command(
    *,
    job: str | None,
    template_name: str,
    use: str | None,
    port: int,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Show people on this computer what they are asked, and record what they sign, until it is interrupted.

    Every purpose is a switch that is off. Who signs leaves with a receipt; the screen then clears itself.
    """
    from provenance.web import check_installed

    check_installed()
    from provenance.web.app import kiosk_app
    from provenance.web.desk import KioskDesk
    from provenance.web.door import Door
    from provenance.web.serving import WebServer
    from provenance.web.shield import LOOPBACK_HOSTS
    from provenance.web.sitting import Job

    with unlocked(studio_path, passphrase_file) as keys:
        template = parsed(lambda text: find_template(text, keys.studio.path).template, template_name)
        asked = Job(template, job, use)
        app = kiosk_app(KioskDesk(keys), asked, door=Door(), hosts=LOOPBACK_HOSTS, report=print_error)
        server = WebServer(app, port=port)
        say(server.url("localhost"))
        note(f"The kiosk of {safe(keys.studio.settings.name)} asks by {safe(template.id)}. Stop it with Ctrl-C.")
        server.serve()
    note("Stopped.")
    return 0
