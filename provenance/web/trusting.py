"""The one page that a kiosk shows over plain HTTP: how a device of the studio comes to trust the kiosk's authority."""

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from provenance.web.certificates import fingerprint
from provenance.web.pages import page


def make_trusting(authority: x509.Certificate, *, studio: str, kiosk: str) -> APIRouter:
    """Return the page and the certificate.

    Args:
        authority: what devices are to trust.
        studio: its name.
        kiosk: the address of the kiosk itself.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def how() -> HTMLResponse:
        return page("trust", studio=studio, kiosk=kiosk, print=fingerprint(authority))

    @router.get("/authority.crt")
    def certificate() -> Response:
        return Response(authority.public_bytes(serialization.Encoding.DER), media_type="application/x-x509-ca-cert")

    return router
