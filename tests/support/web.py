"""Kiosks and public pages that really listen, and a visitor who asks them over HTTP without a browser."""

import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlencode

import urllib3
from support.studios import USE, open_keys

from provenance.consent.shelf import find_template
from provenance.studio import Studio
from provenance.web.app import kiosk_app, public_app
from provenance.web.checking import Checker
from provenance.web.desk import KioskDesk
from provenance.web.door import Door
from provenance.web.lookalikes import Lookalikes
from provenance.web.phones import Phones
from provenance.web.serving import WebServer
from provenance.web.shield import LOOPBACK_HOSTS, Limits
from provenance.web.sitting import Camera, Job

Fields = Mapping[str, str | Sequence[str]]

# What an adult fills in who permits two uses and types their name.
TYPED: Fields = {
    "permit": ["capture", "publish.web"],
    "age": "adult",
    "name": "Zoë Ångström",
    "how": "typed",
    "typed": "zoë  ångström",
}


@contextmanager
def kiosk(
    studio: Studio,
    *,
    template: str = "corporate-headshot",
    name: str | None = "Autumn conference",
    door: Door | None = None,
    hosts: tuple[str, ...] = LOOPBACK_HOSTS,
    pin: str | None = None,
    phones: Phones | None = None,
    camera: Camera | None = None,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> Iterator[WebServer]:
    """Have a kiosk of a studio."""
    job = Job(find_template(template, studio.path).template, name, USE, camera)
    app = kiosk_app(KioskDesk(open_keys(studio)), job, door=door or Door(), hosts=hosts, pin=pin, phones=phones)
    with WebServer(app, port=port, tls=tls).in_background() as server:
        yield server


@contextmanager
def public_page(
    studio: Studio | None, *, limits: Limits | None = None, lookalikes: bool = False
) -> Iterator[WebServer]:
    """Have the public page of a studio, or one without any."""
    desk = None if studio is None else KioskDesk(open_keys(studio))
    checker = Checker(studio=None if studio is None else studio.path)
    asked = Lookalikes(studio.path) if studio is not None and lookalikes else None
    app = public_app(checker, desk=desk, hosts=LOOPBACK_HOSTS, lookalikes=asked, limits=limits)
    with WebServer(app).in_background() as server:
        yield server


class Visitor:
    """Somebody who asks a server without a browser, and may send whatever they like."""

    def __init__(self, server: WebServer) -> None:
        self.url = server.url("localhost").rstrip("/")
        self._pool = urllib3.PoolManager(retries=False)

    def get(self, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        """Ask for a page."""
        return self._pool.request("GET", self.url + path, headers=_named(headers))

    def post(self, path: str, fields: Fields, **headers: str) -> urllib3.BaseHTTPResponse:
        """Send a form."""
        named = {"Content-Type": "application/x-www-form-urlencoded", **_named(headers)}
        return self._pool.request("POST", self.url + path, body=urlencode(fields, doseq=True), headers=named)

    def send(self, path: str, data: bytes, **headers: str) -> urllib3.BaseHTTPResponse:
        """Send a body as it is."""
        return self._pool.request("POST", self.url + path, body=data, headers=_named(headers))

    def upload(self, path: str, files: Sequence[tuple[str, bytes]], **fields: str) -> urllib3.BaseHTTPResponse:
        """Send files."""
        parts = [("file", (name, data)) for name, data in files]
        return self._pool.request("POST", self.url + path, fields=[*fields.items(), *parts])

    def mark(self, path: str) -> str:
        """Return the mark of the form on a page."""
        found = re.search(r'name="mark" value="([^"]+)"', self.get(path).data.decode())
        assert found is not None
        return found[1]

    def sign(self, language: str = "en", **changed: str | Sequence[str]) -> urllib3.BaseHTTPResponse:
        """Sit down, fill the form in, and sign without scripts."""
        fields = {**TYPED, "mark": self.mark(f"/sit/{language}"), **changed}
        return self.post(f"/sit/{language}/sign", fields)

    def receipt(self, action: str, secret: str, **fields: str | Sequence[str]) -> urllib3.BaseHTTPResponse:
        """Do something with a receipt."""
        return self.post(f"/receipt{action}", {"mark": self.mark("/receipt"), "secret": secret, **fields})


def secret_in(page: bytes) -> str:
    """Return the secret on a receipt."""
    found = re.search(r'name="secret" value="([^"]+)"', page.decode())
    assert found is not None
    return found[1]


def told_in(page: bytes) -> str:
    """Return what a page tells about what was just done."""
    found = re.search(r'class="(?:told|fault)[^>]*>([^<]+)<', page.decode())
    assert found is not None
    return found[1]


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
