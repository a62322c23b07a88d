"""The kiosk: a person reads, decides, says who they are and signs; they leave with a receipt, and the screen is clear.

Everything until the signature lies in one page of the person's browser, and nowhere else: nothing is kept here before
they sign, and nothing in the browser after. A browser that can make keys (WebCrypto, in a secure context) signs with
one of its own; for any other, the studio's device signs, and the record says which it was.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from provenance.canonical import to_base64url
from provenance.clock import to_seconds
from provenance.errors import InputError, ProvenanceError, RefusedError, VerificationError
from provenance.studio.reading import Recorded
from provenance.web.desk import KioskDesk
from provenance.web.door import Door
from provenance.web.forms import first, read_fields
from provenance.web.pages import page
from provenance.web.phones import Handed, Phones
from provenance.web.receipt_views import receipt_link, receipt_view
from provenance.web.sitting import FormFaultError, Job, Sitting, read_form
from provenance.web.squares import as_svg
from provenance.web.words import words_for

CLEAR_SECONDS: Final = 90
# Where the receipt is on the person's own phone, there is nothing to read here.
HANDED_CLEAR_SECONDS: Final = 15
IDLE_SECONDS: Final = 300


def make_kiosk(desk: KioskDesk, job: Job, *, door: Door, phones: Phones | None = None) -> APIRouter:
    """Return the pages of a kiosk.

    Args:
        desk: records what is signed.
        job: what everybody is asked.
        door: who may send a form in.
        phones: where people may go on on their own phones; None where they cannot.
    """
    router = APIRouter(include_in_schema=False)
    languages = tuple(job.template.wordings)

    @router.get("/")
    def start() -> HTMLResponse:
        return page("start", language=languages[0], desk=desk, job=job, languages=languages, bar=door.bar)

    @router.get("/sit/{spoken}")
    def sit(spoken: str) -> Response:
        if spoken not in languages:
            return page("lost", status=404, bar=door.bar)
        wording = job.wording(spoken, studio=desk.name)
        return page(
            "sit",
            language=spoken,
            desk=desk,
            job=job,
            spoken=spoken,
            wording=wording,
            text=wording.text.strip().split("\n\n"),
            mark=door.marks.new(),
            idle_seconds=IDLE_SECONDS,
            clear_seconds=HANDED_CLEAR_SECONDS,
            bar=door.bar,
            locked=door.key is not None,
            phones=phones is not None,
        )

    @router.post("/sit/{spoken}/request")
    async def request(spoken: str, request: Request) -> JSONResponse:
        form = await read_fields(request)
        return JSONResponse(*await run_in_threadpool(_prepare, desk, job, door, spoken, form))

    @router.post("/sit/{spoken}/sign")
    async def sign(spoken: str, request: Request) -> Response:
        form = await read_fields(request)
        return await run_in_threadpool(_sign, desk, job, door, spoken, form)

    if phones is not None:
        _add_phones(router, desk, job, door, phones)
    return router


def _add_phones(router: APIRouter, desk: KioskDesk, job: Job, door: Door, phones: Phones) -> None:
    """Let a sitting go on on a phone, tell the kiosk how far it is there, and let it be called back."""

    def begin(spoken: str, form: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any], int]:
        """Return the code that a person's phone goes on by, or which field is at fault."""
        try:
            _check(form, door)
            mark = first(form, "mark")
            request = desk.request(mark, _sitting(desk, job, door, spoken, form, origin=phones.origin))
            link = phones.begin(Handed(mark, spoken, request, tuple(_initialled(form, job))))
        except (FormFaultError, InputError, RefusedError) as error:
            return _fault(error, spoken), 422
        return {"square": as_svg(link, label=words_for(spoken)("phone_scan"))}, 200

    @router.post("/sit/{spoken}/phone")
    async def hand(spoken: str, request: Request) -> JSONResponse:
        form = await read_fields(request)
        return JSONResponse(*await run_in_threadpool(begin, spoken, form))

    @router.post("/sit/{spoken}/phone/state")
    async def state(spoken: str, request: Request) -> JSONResponse:
        form = await read_fields(request)
        try:
            _check(form, door)
        except RefusedError as error:
            return JSONResponse(_fault(error, spoken), 422)
        if first(form, "stop"):
            phones.stop(first(form, "mark"))
        return JSONResponse({"state": phones.state(first(form, "mark"))})


def _prepare(
    desk: KioskDesk, job: Job, door: Door, spoken: str, form: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Any], int]:
    """Return what the browser signs, or which field is at fault."""
    try:
        _check(form, door)
        made = desk.request(first(form, "mark"), _sitting(desk, job, door, spoken, form))
    except (FormFaultError, InputError, RefusedError) as error:
        return _fault(error, spoken), 422
    principal = {"role": made.principal, "initialled": _initialled(form, job)}
    signers = [principal, *([{"role": "witness", "initialled": []}] if job.witnessed else [])]
    return {
        "request": made.to_bytes().decode(),
        "payload": to_base64url(made.payload),
        "signed_at": to_seconds(desk.studio.clock.now()),
        "signers": signers,
    }, 200


def _sign(desk: KioskDesk, job: Job, door: Door, spoken: str, form: Mapping[str, Sequence[str]]) -> Response:
    """Record what was signed, and show the receipt."""
    mark = first(form, "mark")
    try:
        _check(form, door)
        signed = first(form, "request")
        if signed:
            recorded = desk.countersign(mark, signed.encode(), camera=job.countersigned)
        else:
            recorded = desk.record(mark, _sitting(desk, job, door, spoken, form), form=form)
    except (FormFaultError, InputError, RefusedError, VerificationError) as error:
        if "json" in form:
            return JSONResponse(_fault(error, spoken), 422)
        told = _fault(error, spoken)
        return page("fault", language=spoken, status=422, message=told["message"], bar=door.bar)
    return _receipt(desk, recorded, spoken, door)


def _receipt(desk: KioskDesk, recorded: Recorded, spoken: str, door: Door) -> HTMLResponse:
    with desk.consents() as consents:
        receipt = consents.receipt(recorded)
    link = receipt_link(desk.studio, receipt.secret)
    return page(
        "signed",
        language=spoken,
        desk=desk,
        spoken=spoken,
        receipt=receipt,
        view=receipt_view(recorded, at=desk.studio.clock.now(), language=spoken, studio=desk.studio),
        link=link,
        square=as_svg(link or receipt.secret, label=words_for(spoken)("secret")),
        clear_seconds=CLEAR_SECONDS,
        paper=desk.paper,
        mark=door.marks.new(),
        bar=door.bar,
    )


def _sitting(
    desk: KioskDesk,
    job: Job,
    door: Door,
    spoken: str,
    form: Mapping[str, Sequence[str]],
    *,
    origin: str | None = None,
) -> Sitting:
    if spoken not in job.template.wordings:
        raise InputError("form: expected a language of the template", code="form-language")
    now = desk.studio.clock.now()
    shown_at = now - timedelta(seconds=door.marks.age(first(form, "mark")))
    return read_form(form, job, language=spoken, studio=desk.name, now=now, shown_at=shown_at, origin=origin)


def _check(form: Mapping[str, Sequence[str]], door: Door) -> None:
    door.marks.check(first(form, "mark"))
    door.check(first(form, "door"))


def _initialled(form: Mapping[str, Sequence[str]], job: Job) -> list[str]:
    permitted = form.get("permit", ())
    return [asked.scope.value for asked in job.apart if asked.scope.is_ai and asked.scope.value in permitted]


def _fault(error: ProvenanceError, spoken: str) -> dict[str, Any]:
    words = words_for(spoken)
    if isinstance(error, FormFaultError):
        return {"field": error.field, "message": words(error.word), "language": words.language}
    # One sentence in the language of the page; what exactly is wrong is for the staff, in English.
    word = {"kiosk-door": "fault_door", "form-mark": "fault_mark"}.get(error.code, "fault_other")
    return {"field": None, "message": words(word), "language": words.language, "detail": str(error)}
