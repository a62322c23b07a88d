"""Errors of the API, as documents that validate against `api-error.schema.json`; other paths answer in plain text."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse, PlainTextResponse, Response

from provenance.canonical import Json
from provenance.errors import ProvenanceError

SCHEMA: Final = "urn:headshot-provenance:schema:api-error:1"
API: Final = "/api/"

# What happens before the API itself is asked, by its status.
CODES: Final = {
    400: "request-malformed",
    403: "request-origin",
    404: "not-found",
    405: "method",
    408: "request-slow",
    413: "request-size",
    421: "request-host",
    429: "request-rate",
    500: "fault",
}


def problem(error: ProvenanceError) -> dict[str, Json]:
    """Return an error as a document."""
    return {"schema": SCHEMA, "code": error.code, "message": str(error), "hint": error.hint}


def answer(path: str, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return what is answered at `path` where it cannot be answered otherwise."""
    if not path.startswith(API):
        return PlainTextResponse(f"{message}\n", status, headers)
    document: dict[str, Json] = {
        "schema": SCHEMA,
        "code": CODES.get(status, "request"),
        "message": message,
        "hint": None,
    }
    return JSONResponse(document, status, headers)
