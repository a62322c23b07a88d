"""Handing the manifest of a picture that lost it to whoever holds a picture like it: soft binding resolution.

Five of the operations of the C2PA Soft Binding Resolution API, as its OpenAPI document of version 2.4.0 has them;
`byContent`, as since 1.0.0. Left out are `byReference`, which would fetch what strangers name, and whatever stores.
Of one algorithm, `io.iscc.v0`; hints are not read, and a store is handed out whole or not at all.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from provenance.canonical import Json
from provenance.errors import InputError
from provenance.recovery.bindings import ALGORITHM, read_binding
from provenance.studio.manifests import ManifestMatch
from provenance.web.lookalikes import Lookalikes
from provenance.web.problems import PROBLEMS, described, described_problem, problem
from provenance.web.verifying import UPLOADS_AT_A_TIME

CONTENT_PATH: Final = "/v1/matches/byContent"
MANIFEST: Final = "application/c2pa"
MATCHES: Final = 10
MAX_MATCHES: Final = 100
_DIGITS: Final = 9

_VALUE: Final[dict[str, Any]] = {
    "type": "string",
    # One image code of 256 bits and its header; what else the server reads, the description says.
    "pattern": "^IQ[c-f][A-Za-z0-9+/]{42}[AQgw]==$",
    "description": "The image code of 256 bits (ISO 24138) as an ISCC-UNIT in base64; other units are passed over.",
}
_ALG: Final[dict[str, Any]] = {"type": "string", "enum": [ALGORITHM], "description": "The one algorithm."}
_MOST: Final[dict[str, Any]] = {
    "name": "maxResults",
    "in": "query",
    "description": f"How many matches to name at most; never more than {MAX_MATCHES} are named.",
    "schema": {"type": "integer", "minimum": 1, "default": MATCHES},
}
_BINDING: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["alg", "value"],
    "properties": {"alg": _ALG, "value": _VALUE},
}
_BY_VALUE: Final = {
    "parameters": [
        {"name": "alg", "in": "query", "required": True, "schema": _ALG},
        {"name": "value", "in": "query", "required": True, "schema": _VALUE},
        _MOST,
    ]
}
_BY_BODY: Final = {
    "parameters": [_MOST],
    "requestBody": {"required": True, "content": {"application/json": {"schema": _BINDING}}},
}
_BY_PICTURE: Final = {
    "parameters": [{"name": "alg", "in": "query", "schema": _ALG}, _MOST],
    "requestBody": {
        "required": True,
        "content": {"image/*": {"schema": {"type": "string", "format": "binary", "description": "The picture."}}},
    },
}
_BY_LABEL: Final = {
    "parameters": [
        {
            "name": "manifestId",
            "in": "path",
            "required": True,
            "description": "The label of the active manifest.",
            "schema": {"type": "string"},
        },
        {
            "name": "returnActiveManifest",
            "in": "query",
            "description": "Only whole stores are handed out.",
            "schema": {"type": "boolean", "enum": [False], "default": False},
        },
    ]
}
_SAID: Final = {
    400: "The question is not one that can be answered.",
    404: "There is none of this name.",
    415: "The body is no picture that can be decoded.",
}
_FOUND: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The matches, the likest first.", "content": described("soft-binding-matches")}
}


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    texts = PROBLEMS | _SAID
    return {status: described_problem(texts[status]) for status in sorted({*statuses, 421, 429, 500})}


def make_resolving(lookalikes: Lookalikes) -> APIRouter:
    """Return the routes, which tell strangers whether a picture like theirs was stamped here."""
    router = APIRouter(prefix="/v1")
    room = asyncio.Semaphore(UPLOADS_AT_A_TIME)

    @router.get(
        "/services/supportedAlgorithms",
        summary="What can be asked by",
        response_class=JSONResponse,
        responses={
            200: {"description": "The algorithms.", "content": described("soft-binding-algorithms")},
            **_refusals(),
        },
    )
    def algorithms() -> JSONResponse:
        """Name the algorithms of soft bindings that can be asked by (C2PA soft binding algorithm list)."""
        return JSONResponse({"watermarks": [], "fingerprints": [{"alg": ALGORITHM}]})

    @router.get(
        "/matches/byBinding",
        summary="Find manifests by a fingerprint",
        response_class=JSONResponse,
        openapi_extra=_BY_VALUE,
        responses={**_FOUND, **_refusals(400)},
    )
    async def by_value(request: Request) -> JSONResponse:
        """Find the manifests of the pictures whose fingerprint is like the one that is sent."""
        query = request.query_params
        try:
            most = _most(request)
            return await _by_binding(lookalikes, query.get("alg"), query.get("value"), most)
        except InputError as error:
            return JSONResponse(problem(error), 400)

    @router.post(
        "/matches/byBinding",
        summary="Find manifests by a fingerprint, sent in the body",
        response_class=JSONResponse,
        openapi_extra=_BY_BODY,
        responses={**_FOUND, **_refusals(400, 403, 408, 413)},
    )
    async def by_body(request: Request) -> JSONResponse:
        """Find the same for a fingerprint that is too long for an address."""
        try:
            most, asked = _most(request), _binding_in(await request.body())
            return await _by_binding(lookalikes, asked.get("alg"), asked.get("value"), most)
        except InputError as error:
            return JSONResponse(problem(error), 400)

    @router.api_route(
        "/matches/byBinding", methods=["DELETE", "HEAD", "OPTIONS", "PATCH", "PUT", "TRACE"], include_in_schema=False
    )
    def neither() -> None:
        # The answer would name the methods of the first route only.
        raise HTTPException(405, headers={"Allow": "GET, POST"})

    @router.post(
        "/matches/byContent",
        summary="Find manifests by a picture",
        response_class=JSONResponse,
        openapi_extra=_BY_PICTURE,
        responses={
            **_FOUND,
            **_refusals(400, 403, 408, 413, 415),
        },
    )
    async def by_content(request: Request) -> JSONResponse:
        """Find the manifests of the pictures that a picture is, or looks like. The file is not kept."""
        try:
            most = _most(request)
            if "alg" in request.query_params:
                _check_algorithm(request.query_params["alg"])
        except InputError as error:
            return JSONResponse(problem(error), 400)
        try:
            if not request.headers.get("content-type", "").lower().startswith("image/"):
                raise InputError("body: expected a picture, as image/…", code="body-type")
            async with room:
                found = await run_in_threadpool(lookalikes.by_content, await request.body(), most=most)
        except InputError as error:
            return JSONResponse(problem(error), 415)
        return JSONResponse(_document(found))

    @router.get(
        "/manifests/{manifestId}",
        summary="A manifest store",
        response_class=Response,
        openapi_extra=_BY_LABEL,
        responses={
            200: {
                "description": "The manifest store, as it was signed.",
                "content": {MANIFEST: {"schema": {"type": "string", "format": "binary"}}},
            },
            **_refusals(400, 404),
        },
    )
    async def manifest(request: Request) -> Response:
        """Return the manifest store of a stamped picture, unless the stamp was revoked or erased."""
        if request.query_params.get("returnActiveManifest", "false") != "false":
            message = "returnActiveManifest: expected false: only whole stores are handed out"
            return JSONResponse(problem(InputError(message, code="manifest-part")), 400)
        store = await run_in_threadpool(lookalikes.read, request.path_params["manifestId"])
        if store is None:
            return JSONResponse(problem(InputError("manifest: there is none of this name", code="not-found")), 404)
        return Response(store, media_type=MANIFEST)

    return router


async def _by_binding(lookalikes: Lookalikes, alg: object, value: object, most: int) -> JSONResponse:
    _check_algorithm(alg)
    if not isinstance(value, str):
        raise InputError("value: expected a soft binding as text", code="binding-value")
    return JSONResponse(_document(await run_in_threadpool(lookalikes.by_fingerprints, read_binding(value), most=most)))


def _binding_in(body: bytes) -> dict[str, Any]:
    """Return the object in a body; what it has beside the members that are known may be anything."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise InputError("body: expected a json object", code="binding-body")
    return asked


def _check_algorithm(alg: object) -> None:
    if alg != ALGORITHM:
        raise InputError(f"alg: expected {ALGORITHM}", code="binding-algorithm")


def _most(request: Request) -> int:
    text = request.query_params.get("maxResults", str(MATCHES))
    if not (text.isascii() and text.isdecimal()) or not text.strip("0"):
        raise InputError("maxResults: expected a whole number from 1", code="max-results")
    number = text.lstrip("0")
    return MAX_MATCHES if len(number) > _DIGITS else min(int(number), MAX_MATCHES)


def _document(found: Sequence[ManifestMatch]) -> Json:
    return {"matches": [{"manifestId": match.label, "similarityScore": match.score} for match in found]}
