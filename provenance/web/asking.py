"""`POST /api/v1/consent/check`: whether a consent is in force for a use, for whoever holds its receipt.

The secret on the receipt says which consent is meant, and comes in the body: there is no question about a person, a
code or a list of either that somebody without it could ask. Whoever holds a picture asks `POST /api/v1/verify`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from provenance.consent.grants import parse_scope, parse_territory
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import MEDIA, PURPOSES, parse_medium, parse_purpose
from provenance.errors import InputError
from provenance.studio.asking import Use, ask
from provenance.web.desk import KioskDesk
from provenance.web.forms import first, read_fields
from provenance.web.guesses import Guesses, WrongGuessError
from provenance.web.problems import PROBLEMS, described, described_problem, problem
from provenance.web.shield import address_of

_SECRET: Final = "^[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{4}(-[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{4}){6}$"  # noqa: S105 a form

_ASKED: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["secret", "scope"],
                    "properties": {
                        "secret": {"type": "string", "pattern": _SECRET, "description": "The one on the receipt."},
                        "scope": {"type": "string", "enum": [*Scope], "description": "The use that you plan."},
                        "territory": {
                            "type": "string",
                            "pattern": "^([A-Za-z]{2})?$",
                            "description": "In which country.",
                        },
                        "medium": {"type": "string", "enum": ["", *MEDIA], "description": "In which medium."},
                        "purpose": {"type": "string", "enum": ["", *PURPOSES], "description": "What for."},
                    },
                }
            }
        },
    }
}


def make_asking(desk: KioskDesk, *, guesses: Guesses) -> APIRouter:
    """Return the route.

    Args:
        desk: holds the consents.
        guesses: counts wrong secrets.
    """
    router = APIRouter()

    @router.post(
        "/api/v1/consent/check",
        summary="Ask whether a consent is in force for a use",
        response_class=JSONResponse,
        openapi_extra=_ASKED,
        responses={
            200: {"description": "The answer; `in-force` is the only yes.", "content": described("consent-answer")},
            404: described_problem("The secret belongs to no consent in this studio."),
            **{status: described_problem(text) for status, text in PROBLEMS.items()},
        },
    )
    async def check(request: Request) -> JSONResponse:
        """Ask with the secret of a receipt whether the consent is in force for a use.

        The answer is the document of `provenance consent check --json`. It names nobody.
        """
        form = await read_fields(request)
        return await run_in_threadpool(_answer, desk, guesses, form, address_of(request.scope))

    return router


def _answer(desk: KioskDesk, guesses: Guesses, form: Mapping[str, Sequence[str]], address: str) -> JSONResponse:
    try:
        use = _use(form)
        with desk.consents() as consents:
            recorded = guesses.find(consents, first(form, "secret"), address)
            return JSONResponse(ask(consents, recorded, use, now=desk.studio.clock.now()).to_json())
    except WrongGuessError as error:
        return JSONResponse(problem(error), error.status)
    except InputError as error:
        return JSONResponse(problem(error), 422)


def _use(form: Mapping[str, Sequence[str]]) -> Use:
    territory, medium, purpose = (first(form, name) or None for name in ("territory", "medium", "purpose"))
    return Use(
        parse_scope(first(form, "scope")),
        None if purpose is None else parse_purpose(purpose),
        None if medium is None else parse_medium(medium),
        None if territory is None else parse_territory(territory),
    )
