"""Errors of the API, as documents that validate against `api-error.schema.json`; other paths answer in plain text."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse, PlainTextResponse, Response

from provenance import schemas
from provenance.canonical import Json
from provenance.errors import ProvenanceError

SCHEMA: Final = "urn:headshot-provenance:schema:api-error:1"
API: Final = ("/api/", "/v1/")

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

PROBLEMS: Final = {
    400: "The body is not what its headers say.",
    403: "Sent from a page of another server.",
    408: "The body took too long.",
    413: "The body is too large.",
    421: "Asked under a name that is not this server's.",
    422: "What was sent cannot be answered.",
    429: "Too many requests.",
    500: "It cannot be answered now.",
}
"""What the API answers where it cannot answer otherwise, for its description."""


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


def described(name: str) -> dict[str, Any]:
    """Return the content of an answer, for the description of the API: a document of the schema called `name`."""
    return {"application/json": {"schema": schemas.load(name)}}


def described_problem(text: str) -> dict[str, Any]:
    """Return an error, for the description of the API."""
    return {"description": text, "content": described("api-error")}
