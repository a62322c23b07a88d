"""The page that checks pictures, and the same as an API: `POST /api/v1/verify`. Files are never stored."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import MEDIA
from provenance.errors import InputError, RefusedError
from provenance.paper.labels import labels_for
from provenance.verification import Report
from provenance.verification.publishing import document_of
from provenance.web.cards import Card, make_card
from provenance.web.checking import Checker
from provenance.web.forms import FormMarks
from provenance.web.pages import page, spoken_by
from provenance.web.problems import PROBLEMS, described, described_problem, problem
from provenance.web.uploads import MAX_FILE_BYTES, MAX_FILES, Upload, read_sent
from provenance.web.words import words_for

# Whole uploads that are held in memory at a time; others wait to be read.
UPLOADS_AT_A_TIME: Final = 4

_UPLOAD: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "The picture."},
                        "scope": {"type": "string", "enum": ["", *Scope], "description": "The use that you plan."},
                        "territory": {
                            "type": "string",
                            "pattern": "^([A-Za-z]{2})?$",
                            "description": "Where you plan it.",
                        },
                        "medium": {"type": "string", "enum": ["", *MEDIA], "description": "In which medium."},
                    },
                }
            }
        },
    }
}


def make_verifying(checker: Checker, *, marks: FormMarks, studio: str | None) -> APIRouter:
    """Return the page and the API.

    Args:
        checker: verifies.
        marks: of the form.
        studio: the name of the studio whose page this is, or None.
    """
    router = APIRouter()
    room = asyncio.Semaphore(UPLOADS_AT_A_TIME)

    def show(language: str, *, status: int = 200, cards: Sequence[Card] = (), fault: str | None = None) -> HTMLResponse:
        labels = labels_for(language)
        return page(
            "verify",
            language=language,
            status=status,
            mark=marks.new(),
            studio=studio,
            scopes=[(scope.value, labels.of("scope", scope.value)) for scope in Scope],
            media=[(medium, labels.of("media", medium)) for medium in MEDIA],
            cards=cards,
            fault=fault,
            most=MAX_FILES,
        )

    @router.get("/", include_in_schema=False)
    def start(request: Request) -> HTMLResponse:
        return show(spoken_by(request))

    @router.post("/verify", include_in_schema=False)
    async def verify(request: Request) -> Response:
        language = spoken_by(request)
        try:
            async with room:
                sent = await read_sent(request)
                marks.check(sent.fields.get("mark", ""))
                if not sent.files:
                    raise InputError("upload: expected at least one picture", code="upload-empty")
                language = words_for(sent.fields.get("language") or language).language
                reports = [await _check(checker, file, sent.fields) for file in sent.files]
        except (InputError, RefusedError) as error:
            # Any other error is the studio's, and may name its folder.
            return show(language, status=422, fault=f"{str(error)[:1].upper()}{str(error)[1:]}.")
        asked, at = bool(sent.fields.get("scope")), checker.clock.now()
        cards = [
            make_card(
                report,
                document=json.dumps(document_of(report), indent=2),
                asked=asked,
                at=at,
                language=language,
            )
            for report in reports
        ]
        return show(language, cards=cards)

    @router.post(
        "/api/v1/verify",
        summary="Check one picture",
        response_class=JSONResponse,
        openapi_extra=_UPLOAD,
        responses={
            200: {"description": "The report.", "content": described("verification-report")},
            **{status: described_problem(text) for status, text in PROBLEMS.items()},
        },
    )
    async def api(request: Request) -> JSONResponse:
        """Check one picture: is it intact, who issued it, where is it from, and did the person agree?

        The answer is the same document as that of `provenance verify --json`. The file is not kept.
        """
        try:
            async with room:
                sent = await read_sent(request)
                if len(sent.files) != 1:
                    raise InputError(f"upload: expected one picture, got {len(sent.files)}", code="upload-count")
                report = await _check(checker, sent.files[0], sent.fields)
        except InputError as error:
            return JSONResponse(problem(error), 422)
        return JSONResponse(document_of(report))

    return router


async def _check(checker: Checker, file: Upload, fields: dict[str, str]) -> Report:
    if len(file.data) > MAX_FILE_BYTES:
        raise InputError(f"upload: expected at most {MAX_FILE_BYTES} bytes in a file", code="upload-size")
    scope, territory, medium = (fields.get(name) or None for name in ("scope", "territory", "medium"))
    return await run_in_threadpool(checker.check, file, scope=scope, territory=territory, medium=medium)
