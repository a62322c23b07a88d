"""What a person sees on their own phone: what they decided at the kiosk, to be signed with a passkey, and the receipt.

These pages are an application of their own under a name of their own: who reaches it reaches nothing else of the kiosk.
"""

import json
from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool

from provenance.canonical import to_base64url
from provenance.clock import to_seconds
from provenance.errors import InputError, RefusedError, VerificationError
from provenance.web.desk import KioskDesk
from provenance.web.door import Door
from provenance.web.forms import first, read_fields
from provenance.web.pages import page, spoken_by
from provenance.web.phones import Handed, Phones
from provenance.web.receipt_views import receipt_link, receipt_view
from provenance.web.sitting import Job
from provenance.web.words import words_for

Form = Mapping[str, Sequence[str]]


def make_phone_pages(desk: KioskDesk, job: Job, *, phones: Phones, door: Door) -> APIRouter:
    """Return the pages.

    Args:
        desk: records what is signed.
        job: what is asked.
        phones: the sittings that are on their way.
        door: with the marks of forms on these pages.
    """
    router = APIRouter(include_in_schema=False)
    pages = _Phone(desk, job, phones, door)

    @router.get("/phone")
    def begin(request: Request) -> HTMLResponse:
        return page("phone", language=spoken_by(request), studio=desk.name)

    @router.post("/phone/open")
    async def show(request: Request) -> Response:
        return await run_in_threadpool(pages.show, await read_fields(request), spoken_by(request))

    @router.post("/phone/sign")
    async def sign(request: Request) -> Response:
        return await run_in_threadpool(pages.sign, await read_fields(request), spoken_by(request))

    return router


class _Phone:
    def __init__(self, desk: KioskDesk, job: Job, phones: Phones, door: Door) -> None:
        self._desk, self._job, self._phones, self._door = desk, job, phones, door

    def show(self, form: Form, spoken: str) -> Response:
        """Show what a link leads to, with what a passkey is to sign."""
        try:
            secret, handed = self._phones.open(first(form, "secret"))
        except RefusedError:
            return self._lost(spoken)
        request = handed.request
        personal = {disclosure.name: disclosure.value for disclosure in request.disclosures}
        choices = self._job.wording(handed.spoken, studio=self._desk.name).choices
        # What was not asked is denied, too, as at the kiosk; nobody is bothered with it.
        decided = [grant for grant in request.grants if grant.scope in choices]
        return page(
            "phone_sign",
            language=handed.spoken,
            spoken=handed.spoken,
            secret=secret,
            studio=self._desk.name,
            names=[personal[name] for name in ("guardian_name", "legal_name") if name in personal],
            text=request.notice.strip().split("\n\n"),
            intent=request.intent,
            permitted=[choices[grant.scope] for grant in decided if grant.decision == "permit"],
            denied=[choices[grant.scope] for grant in decided if grant.decision == "deny"],
            payload=to_base64url(request.payload),
            header=json.dumps(_header(handed, at=to_seconds(self._desk.studio.clock.now()))),
        )

    def sign(self, form: Form, spoken: str) -> Response:
        """Record what a passkey signed, and show the receipt."""
        secret = first(form, "secret")
        try:
            handed = self._phones.handed(secret)
        except RefusedError:
            return self._lost(spoken)
        language = handed.spoken
        try:
            signed = _signed(handed, first(form, "signature"))
            recorded = self._desk.countersign(handed.mark, signed, camera=self._job.countersigned)
        except (InputError, RefusedError, VerificationError):
            return page("fault", language=language, status=422, message=words_for(language)("fault_other"))
        self._phones.signed(secret)
        with self._desk.consents() as desk:
            receipt = desk.receipt(recorded)
        studio = self._desk.studio
        return page(
            "phone_signed",
            language=language,
            studio=self._desk.name,
            receipt=receipt,
            view=receipt_view(recorded, at=studio.clock.now(), language=language, studio=studio),
            link=receipt_link(studio, receipt.secret),
            paper=self._desk.paper,
            mark=self._door.marks.new(),
        )

    def _lost(self, spoken: str) -> HTMLResponse:
        return page("phone_lost", language=spoken, status=404, studio=self._desk.name)


def _header(handed: Handed, *, at: str) -> dict[str, object]:
    initials = {"initialled_scopes": list(handed.initialled)} if handed.initialled else {}
    return {"role": handed.request.principal, "assurance": "passkey", "signed_at": at, **initials}


def _signed(handed: Handed, member: str) -> bytes:
    """Return the request with the one signature that came from the phone; whether it is one, its reader checks."""
    try:
        signature = json.loads(member)
    except (ValueError, RecursionError):
        raise InputError("phone: expected a signature as json") from None
    return json.dumps({**json.loads(handed.request.to_bytes()), "signatures": [signature]}).encode()
