"""The status lists that the studio signed, to be fetched by anybody: whoever has one asks nothing about any person.

They stand at `/status/0.jwt` and so on, by the number that a stamp names. What is served is what `provenance consent
publish-status` left in the studio's folder, as it is; nothing is signed because somebody asks.
"""

import re
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from provenance import durable
from provenance.canonical import sha256
from provenance.consent.records import controller_urn
from provenance.errors import InputError, VerificationError
from provenance.status_lists import MAX_TOKEN_BYTES, MEDIA_TYPE, parse_status_list
from provenance.studio.status_publishing import lists_folder
from provenance.web.desk import KioskDesk

# A list that was signed anew, because somebody withdrew, must not wait for a day behind the one before.
SOON: Final = "public, max-age=300"
TOKEN: Final = f"application/{MEDIA_TYPE}"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,5}", re.ASCII)
_TEXT: Final = "text/plain; charset=utf-8"
_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "A signed status list.", "content": {TOKEN: {"schema": {"type": "string"}}}},
    304: {"description": "The list is still the one whose ETag was sent."},
    404: {"description": "No such list.", "content": {_TEXT: {"schema": {"type": "string"}}}},
}


def make_status_pages(desk: KioskDesk) -> APIRouter:
    """Return the paths of a studio's status lists."""
    router = APIRouter()

    @router.get("/status/{number}.jwt", summary="A signed status list", response_class=Response, responses=_DESCRIBED)
    def status_list(number: str, request: Request) -> Response:
        """Return the status list of a number, as a stamp names it (docs/spec/status-lists.md)."""
        token = _read(desk, number)
        if token is None:
            return Response("no such list\n", 404, media_type=_TEXT)
        tag = f'"{sha256(token).hex()}"'
        headers = {"Cache-Control": SOON, "ETag": tag}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(token, headers=headers, media_type=TOKEN)

    return router


def _read(desk: KioskDesk, number: str) -> bytes | None:
    """Return the list that lies in the studio's folder; None where none does, or what does says nothing any more."""
    path = lists_folder(desk.studio) / f"{number}.jwt"
    if _NUMBER.fullmatch(number) is None or not path.is_file():
        return None
    now = desk.studio.clock.now()
    try:
        token = durable.read(path, max_bytes=MAX_TOKEN_BYTES)
        listed = parse_status_list(token, now=now)
    except (InputError, VerificationError):
        # Not one that this studio can have put there, or one that its clock does not know yet.
        return None
    of_this_studio = (listed.controller, listed.log_origin, listed.number) == (
        controller_urn(desk.unlocked.controller_key),
        desk.studio.settings.log_origin,
        int(number),
    )
    return token if of_this_studio and now < listed.ends_at else None
