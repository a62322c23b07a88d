"""The two servers: a kiosk for the shoot, and a public page for everybody else. Each is one ASGI application."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from importlib.resources import as_file, files
from typing import Any, Final

from cryptography import x509
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from provenance import __version__
from provenance.web.asking import make_asking
from provenance.web.checking import Checker
from provenance.web.desk import KioskDesk
from provenance.web.door import Door
from provenance.web.guesses import Guesses
from provenance.web.kiosk import make_kiosk
from provenance.web.ledger_pages import make_ledger_pages
from provenance.web.lookalikes import Lookalikes
from provenance.web.pages import STATIC, page
from provenance.web.phone_pages import make_phone_pages
from provenance.web.phones import Phones
from provenance.web.problems import API, answer
from provenance.web.receipts import make_receipts
from provenance.web.resolving import CONTENT_PATH, make_resolving
from provenance.web.shield import FAULT, Limits, Shield, host_of
from provenance.web.sitting import Job
from provenance.web.staff import make_staff
from provenance.web.status_pages import make_status_pages
from provenance.web.trusting import make_trusting
from provenance.web.uploads import MAX_FILE_BYTES, MAX_UPLOAD_BYTES
from provenance.web.verifying import make_verifying

PATH_BYTES: Final = {
    "/verify": MAX_UPLOAD_BYTES,
    "/api/v1/verify": MAX_UPLOAD_BYTES,
    CONTENT_PATH: MAX_FILE_BYTES,
}

Report = Callable[[str], None]


def kiosk_app(
    desk: KioskDesk,
    job: Job,
    *,
    door: Door,
    hosts: Iterable[str],
    pin: str | None = None,
    phones: Phones | None = None,
    limits: Limits | None = None,
    report: Report | None = None,
) -> ASGIApp:
    """Return a kiosk.

    Args:
        desk: records what is signed.
        job: what everybody is asked.
        door: who may send a form in.
        hosts: the names under which it may be asked.
        pin: that opens the staff's pages; None for a kiosk without any.
        phones: where people may go on on their own phones, under a name that leads to nothing else; or None.
        limits: how much one request may take.
        report: called with a line where an answer failed.

    Raises:
        RefusedError: the job asks for what a kiosk cannot do.
    """
    job.check()
    app = _bare(bar=door.bar, openapi=False)
    app.include_router(make_kiosk(desk, job, door=door, phones=phones))
    app.include_router(make_receipts(desk, door=door, guesses=Guesses()))
    if pin is not None:
        app.include_router(make_staff(desk, door=door, pin=pin))
    shown = Shield(app, hosts=hosts, limits=limits, report=report)
    if phones is None:
        return shown
    job.check_alone()
    ours = Door()
    away = _bare(bar=None, openapi=False)
    away.include_router(make_phone_pages(desk, job, phones=phones, door=ours))
    away.include_router(make_receipts(desk, door=ours, guesses=Guesses()))
    return _ByHost(shown, phones.host, Shield(away, hosts=[phones.host], limits=limits, report=report))


def public_app(
    checker: Checker,
    *,
    desk: KioskDesk | None,
    hosts: Iterable[str],
    lookalikes: Lookalikes | None = None,
    limits: Limits | None = None,
    report: Report | None = None,
) -> ASGIApp:
    """Return the public page: it verifies, and for a studio answers receipts and shows its ledger and its status lists.

    Args:
        checker: verifies.
        desk: the studio, or None for a page that only verifies.
        hosts: the names under which it may be asked.
        lookalikes: finds manifests for strangers, who learn whether a picture like theirs was stamped; None for none.
        limits: how much one request may take.
        report: called with a line where an answer failed.
    """
    door = Door()
    app = _bare(bar=None, openapi=True)
    app.include_router(make_verifying(checker, marks=door.marks, studio=None if desk is None else desk.name))
    if desk is not None:
        guesses = Guesses()
        app.include_router(make_asking(desk, guesses=guesses))
        app.include_router(make_ledger_pages(desk))
        app.include_router(make_status_pages(desk))
        app.include_router(make_receipts(desk, door=door, guesses=guesses))
    if lookalikes is not None:
        app.include_router(make_resolving(lookalikes))
    return Shield(app, hosts=hosts, limits=limits or Limits(path_bytes=PATH_BYTES), report=report)


def trust_app(authority: x509.Certificate, *, studio: str, kiosk: str, hosts: Iterable[str]) -> ASGIApp:
    """Return the page that tells devices of a studio how to trust the authority of its kiosk.

    Args:
        authority: what they are to trust.
        studio: its name.
        kiosk: the address of the kiosk itself.
        hosts: the names under which the page may be asked.
    """
    app = _bare(bar=None, openapi=False)
    app.include_router(make_trusting(authority, studio=studio, kiosk=kiosk))
    return Shield(app, hosts=hosts)


class _ByHost:
    """Two applications, of which one is asked under one name and the other under every other."""

    def __init__(self, usual: ASGIApp, host: str, other: ASGIApp) -> None:
        self._usual, self._host, self._other = usual, host, other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and host_of(scope) == self._host
        await (self._other if asked else self._usual)(scope, receive, send)


def _bare(*, bar: str | None, openapi: bool) -> FastAPI:
    # The interactive pages of FastAPI load scripts from another host, and are left out.
    app = FastAPI(
        title="Headshot Provenance",
        version=__version__,
        openapi_url="/api/v1/openapi.json" if openapi else None,
        docs_url=None,
        redoc_url=None,
    )
    with as_file(files("provenance.web") / STATIC) as folder:
        app.mount(f"/{STATIC}", StaticFiles(directory=folder), name=STATIC)

    async def lost(request: Request, error: Any) -> Response:  # noqa: ANN401 as Starlette has it
        status = error.status_code if isinstance(error, HTTPException) else 404
        if status != HTTPStatus.NOT_FOUND or request.url.path.startswith((*API, "/ledger/", "/status/")):
            phrase = HTTPStatus(status).phrase.lower()
            return answer(request.url.path, status, phrase, getattr(error, "headers", None))
        return page("lost", status=status, bar=bar)

    async def failed(request: Request, _error: Exception) -> Response:
        return answer(request.url.path, 500, FAULT)

    app.add_exception_handler(HTTPException, lost)
    app.add_exception_handler(Exception, failed)
    return app
