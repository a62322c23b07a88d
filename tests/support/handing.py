"""A kiosk from which people go on on their own phones, under HTTPS, and the link that a phone's camera reads."""

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image
from playwright.sync_api import Page
from support.studios import open_keys
from support.web import kiosk

from provenance.studio import Studio
from provenance.web.certificates import kiosk_authority, server_context
from provenance.web.phones import Phones
from provenance.web.serving import WebServer

KIOSK_HOST, PHONE_HOST = "kiosk.local", "phone.local"


@contextmanager
def encrypted(studio: Studio) -> Iterator[tuple[WebServer, Phones]]:
    """Have a kiosk with a name for phones; yield it, and the sittings that are on their way."""
    key, authority = kiosk_authority(open_keys(studio))
    hosts = [KIOSK_HOST, PHONE_HOST]
    tls = server_context(hosts, authority_key=key, authority=authority, now=studio.clock.now())
    port = _free_port()
    phones = Phones(f"https://{PHONE_HOST}:{port}")
    with kiosk(studio, hosts=(KIOSK_HOST,), phones=phones, port=port, tls=tls) as server:
        yield server, phones


def link_in(page: Page) -> str:
    """Return the link in the code that a kiosk shows, read as a camera reads it."""
    zxingcpp = pytest.importorskip("zxingcpp", reason="no reader of QR codes: pip install .[cards]")
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.locator("#phone-square svg").screenshot())))
    return str(found.text)


def _free_port() -> int:
    # An origin has its port in it, and must be known before the server is made.
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])
