"""`provenance kiosk`: the page at a shoot on which people decide and sign."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance.consent.shelf import find_template
from provenance.errors import InputError
from provenance_cli._options import parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import note, print_error, safe, say
from provenance_cli._serving import network_address, stopping

if TYPE_CHECKING:
    from ssl import SSLContext

    from cryptography.x509 import Certificate

    from provenance.studio.studio import UnlockedStudio
    from provenance.web.serving import WebServer

PORT = 7381
TEMPLATE = "corporate-headshot"
EVERYWHERE = "0.0.0.0"  # noqa: S104 only where --lan is said


@dataclass(frozen=True)
class _Place:
    """Where a kiosk is reached.

    Attributes:
        listen: the address that it listens on.
        host: by which people reach it.
        hosts: every name under which it may be asked.
        https: whether it speaks HTTPS.
    """

    listen: str
    host: str
    hosts: tuple[str, ...]
    https: bool


@click.command("kiosk")
@click.option("--job", metavar="NAME", help="What is photographed today; kept in the vault with every consent.")
@click.option("--template", "template_name", default=TEMPLATE, show_default=True, metavar="NAME", help="What is asked.")
@click.option("--use", metavar="TEXT", help="What AI will make, where the template asks for ai.generate.")
@click.option("--photographer", metavar="NAME", help="Who takes the pictures; signs where the template asks for it.")
@click.option("--lan", is_flag=True, help="Let other devices in this network open it, too.")
@click.option("--https", is_flag=True, help="With --lan: encrypted, under a certificate of the studio's own.")
@click.option("--insecure-lan", is_flag=True, help="With --lan: not encrypted, and every page says so.")
@click.option("--host", metavar="NAME", help="With --lan: the address or name by which devices reach this computer.")
@click.option(
    "--phones", metavar="URL", help="Let people sign on their own phones, which reach the kiosk here through a proxy."
)
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port; 0 takes any.")
@studio_option
@passphrase_option
def command(
    *,
    job: str | None,
    template_name: str,
    use: str | None,
    photographer: str | None,
    phones: str | None,
    port: int,
    studio_path: Path | None,
    passphrase_file: Path | None,
    **where: Any,  # noqa: ANN401 the options that say where
) -> int:
    """Show people what they are asked, and record what they sign, until it is interrupted.

    Every purpose is a switch that is off. Who signs leaves with a receipt; the screen then clears itself. It is
    reached on this computer only, unless --lan is said.

    With --phones https://kiosk.studio.example, people may sign with a passkey on their own phone. A proxy with a
    certificate that phones trust must lead that address here; under that name nothing else of the kiosk is answered.
    """
    from provenance.web import check_installed

    check_installed()
    place = _place(**where)
    with unlocked(studio_path, passphrase_file) as keys, ExitStack() as stack:
        from provenance.web.app import kiosk_app
        from provenance.web.certificates import fingerprint
        from provenance.web.desk import KioskDesk
        from provenance.web.door import Door
        from provenance.web.phones import Phones, parse_origin
        from provenance.web.serving import WebServer
        from provenance.web.sitting import Camera, Job
        from provenance.web.squares import as_text
        from provenance.web.staff import new_pin

        template = parsed(lambda text: find_template(text, keys.studio.path).template, template_name)
        door = Door.to_network(insecure=not place.https) if where["lan"] else Door()
        pin = new_pin()
        asked = Job(template, job, use, None if photographer is None else Camera(photographer))
        away = None if phones is None else Phones(parsed(parse_origin, phones))
        app = kiosk_app(KioskDesk(keys), asked, door=door, hosts=place.hosts, pin=pin, phones=away, report=print_error)
        tls = _https(keys, place) if place.https else None
        server = WebServer(app, host=place.listen, port=port, tls=None if tls is None else tls[0])
        address = server.url(place.host) + ("" if door.key is None else f"#{door.key}")
        stack.enter_context(stopping())
        say(address)
        note(as_text(address).rstrip("\n"))
        if away is not None:
            note(f"Phones reach it at {away.origin}, if a proxy leads that to {server.url(place.host)}")
        note(f"For the staff: {server.url(place.host)}staff, PIN {pin}")
        note(f"The kiosk of {safe(keys.studio.settings.name)} asks by {safe(template.id)}. Stop it with Ctrl-C.")
        if tls is not None:
            note(f"SHA-256 of the kiosk's authority: {fingerprint(tls[1])}")
            how = stack.enter_context(_trusting(keys, place, tls[1], server.url(place.host)).in_background())
            note(f"A tablet that does not trust it yet opens {how.url(place.host)}")
        elif door.key is not None:
            note("Not encrypted: others in this network can read what people write.")
        server.serve()
    return 0


def _place(*, lan: bool, https: bool, insecure_lan: bool, host: str | None) -> _Place:
    from provenance.web.certificates import check_host
    from provenance.web.serving import LOOPBACK
    from provenance.web.shield import LOOPBACK_HOSTS

    if not lan:
        if https or insecure_lan or host is not None:
            raise click.UsageError("--https, --insecure-lan and --host go with --lan")
        return _Place(LOOPBACK, "localhost", LOOPBACK_HOSTS, https=False)
    if https == insecure_lan:
        raise click.UsageError("with --lan, say either --https or --insecure-lan")
    found = network_address() if host is None else host
    if found is None:
        raise InputError("network: this computer has no address in one", code="no-network", hint="name it with --host")
    named = parsed(check_host, found)
    shown = f"[{named}]" if ":" in named else named
    return _Place(EVERYWHERE, named, (*LOOPBACK_HOSTS, shown), https=https)


def _https(keys: "UnlockedStudio", place: _Place) -> "tuple[SSLContext, Certificate]":
    from provenance.web.certificates import kiosk_authority, server_context

    key, authority = kiosk_authority(keys)
    hosts = dict.fromkeys(["localhost", "127.0.0.1", place.host])
    return server_context([*hosts], authority_key=key, authority=authority, now=keys.studio.clock.now()), authority


def _trusting(keys: "UnlockedStudio", place: _Place, authority: "Certificate", kiosk: str) -> "WebServer":
    from provenance.web.app import trust_app
    from provenance.web.serving import WebServer

    app = trust_app(authority, studio=keys.studio.settings.name, kiosk=kiosk, hosts=place.hosts)
    return WebServer(app, host=place.listen)
