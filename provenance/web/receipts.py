"""The receipt's pages: what I agreed to, withdrawing it, my data as a file, and whether the ledger still holds it.

Whoever has the secret on the receipt may do all of this, with no account. The secret comes in the body of a request,
never in an address: the link on a receipt keeps it in the fragment, which only the page itself can read.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool

from provenance.consent.grants import parse_scope
from provenance.consent.records import ConsentRecord
from provenance.errors import ProvenanceError, RefusedError, VerificationError
from provenance.note import NoteKey
from provenance.proof import parse_proof
from provenance.studio.consents import ConsentDesk
from provenance.studio.exporting import ExportDesk
from provenance.studio.reading import Recorded
from provenance.web.desk import KioskDesk
from provenance.web.door import Door
from provenance.web.forms import first, read_fields
from provenance.web.guesses import Guesses, WrongGuessError
from provenance.web.pages import page, spoken_by
from provenance.web.receipt_views import receipt_view
from provenance.web.shield import address_of
from provenance.web.sitting import folded
from provenance.web.words import words_for

Form = Mapping[str, Sequence[str]]


def make_receipts(desk: KioskDesk, *, door: Door, guesses: Guesses) -> APIRouter:
    """Return the pages of receipts.

    Args:
        desk: the studio.
        door: with the marks of forms.
        guesses: counts wrong secrets.
    """
    router = APIRouter(include_in_schema=False)
    pages = _Receipts(desk, door, guesses)

    @router.get("/receipt")
    def ask(request: Request) -> HTMLResponse:
        return pages.ask(spoken_by(request))

    @router.post("/receipt")
    async def show(request: Request) -> Response:
        return await run_in_threadpool(pages.show, *await _read(request))

    @router.post("/receipt/withdraw")
    async def withdraw(request: Request) -> Response:
        return await run_in_threadpool(pages.withdraw, *await _read(request))

    @router.post("/receipt/check")
    async def check(request: Request) -> Response:
        return await run_in_threadpool(pages.check, *await _read(request))

    @router.post("/receipt/file")
    async def file(request: Request) -> Response:
        return await run_in_threadpool(pages.file, *await _read(request))

    return router


async def _read(request: Request) -> tuple[Form, str]:
    return await read_fields(request), address_of(request.scope)


class _Receipts:
    def __init__(self, desk: KioskDesk, door: Door, guesses: Guesses) -> None:
        self._desk = desk
        self._door = door
        self._guesses = guesses

    def ask(self, language: str, *, word: str | None = None, status: int = 200) -> HTMLResponse:
        return page(
            "receipt",
            language=language,
            status=status,
            studio=self._desk.name,
            mark=self._door.marks.new(),
            fault=None if word is None else words_for(language)(word),
            bar=self._door.bar,
        )

    def show(self, form: Form, address: str) -> Response:
        return self._answer(form, address, lambda desk, recorded: self._page(form, recorded))

    def withdraw(self, form: Form, address: str) -> Response:
        def answer(desk: ConsentDesk, recorded: Recorded) -> Response:
            scopes = [parse_scope(text) for text in form.get("scope", ())]
            everything = first(form, "what") == "all"
            if not everything and not scopes:
                return self._page(form, recorded, told="withdraw_none")
            try:
                desk.withdraw(recorded, scopes=None if everything else scopes, proof="receipt-secret")
            except RefusedError as error:
                # It was sent twice, or somebody else was quicker: what was wanted is so.
                if error.code not in ("already-withdrawn", "scope-not-permitted"):
                    raise
                return self._page(form, desk.find(recorded.code), told="withdraw_before")
            after = desk.find(recorded.code)
            return self._page(form, after, told="withdraw_done", reached=len(desk.recall(after).stamps))

        return self._answer(form, address, answer)

    def check(self, form: Form, address: str) -> Response:
        def answer(desk: ConsentDesk, recorded: Recorded) -> Response:
            try:
                receipt = desk.receipt(recorded)
                receipt.verify()
                size = parse_proof(receipt.proof).verify(receipt.entry, keys=[NoteKey.from_text(receipt.log_key)]).size
            except (RefusedError, VerificationError) as error:
                return self._page(form, recorded, told="check_failed", detail=str(error))
            return self._page(form, recorded, told="check_held", entry=recorded.row.entry_index, size=size)

        return self._answer(form, address, answer)

    def file(self, form: Form, address: str) -> Response:
        kind = first(form, "kind")

        def answer(desk: ConsentDesk, recorded: Recorded) -> Response:
            if kind == "data":
                self._check_name(desk, recorded, first(form, "name"), address)
                document = ExportDesk(self._desk.unlocked).export(recorded)
                return _attachment(_laid_out(document), f"data-{recorded.code}.json", "application/json")
            if kind == "paper" and self._desk.paper:
                from provenance.studio.papers import PaperDesk

                data = PaperDesk(self._desk.unlocked).receipt(recorded).data
                return _attachment(data, f"receipt-{recorded.code}.pdf", "application/pdf")
            if kind == "withdrawal":
                found = [e for e in recorded.history if e.type in ("withdrawn", "withdrawal-requested")]
                if found:
                    data = desk.withdrawal_receipt(recorded, found[-1]).to_bytes()
                    return _attachment(data, f"withdrawal-{recorded.code}.json", "application/json")
            data = desk.receipt(recorded).to_bytes()
            return _attachment(data, f"receipt-{recorded.code}.json", "application/json")

        return self._answer(form, address, answer)

    # --- within

    def _answer(self, form: Form, address: str, answer: Any) -> Response:  # noqa: ANN401 a page of one consent
        language = first(form, "language") or "en"
        try:
            self._door.marks.check(first(form, "mark"))
            with self._desk.consents() as desk:
                made: Response = answer(desk, self._guesses.find(desk, first(form, "secret"), address))
                return made
        except WrongGuessError as error:
            return self.ask(language, word=error.word, status=error.status)
        except RefusedError as error:
            word = "receipt_stale" if error.code == "form-mark" else "receipt_refused"
            return self.ask(language, word=word, status=422)
        except ProvenanceError:
            return self.ask(language, word="receipt_refused", status=422)

    def _check_name(self, desk: ConsentDesk, recorded: Recorded, name: str, address: str) -> None:
        """Check that who asks for personal data knows whose they are: a receipt that was found names nobody."""
        personal = desk.disclosures(recorded)
        known = [folded(personal[field]) for field in ("legal_name", "guardian_name") if field in personal]
        if folded(name) not in known:
            self._guesses.count(address)
            raise WrongGuessError("receipt_name", HTTPStatus.UNPROCESSABLE_ENTITY, "name: is not the one on the record")

    def _page(self, form: Form, recorded: Recorded, *, told: str | None = None, **facts: object) -> HTMLResponse:
        language = first(form, "language") or "en"
        at = max(self._desk.studio.clock.now(), recorded.history[-1].at)
        return page(
            "receipt_shown",
            language=language,
            studio=self._desk.name,
            view=receipt_view(recorded, at=at, language=language, studio=self._desk.studio),
            secret=first(form, "secret").strip(),
            mark=self._door.marks.new(),
            told=None if told is None else words_for(language)(told, **{k: str(v) for k, v in facts.items()}),
            well=told not in ("check_failed", "withdraw_none"),
            withdrawn=_was_withdrawn(recorded.history),
            record=_facts(recorded.record),
            entry=recorded.row.entry_index,
            log=self._desk.studio.settings.log_origin,
            paper=self._desk.paper,
            bar=self._door.bar,
        )


def _was_withdrawn(history: Sequence[Any]) -> bool:
    return any(event.type in ("withdrawn", "withdrawal-requested") for event in history)


def _facts(record: ConsentRecord) -> dict[str, str]:
    return {"digest": record.digest.hex(), "controller": record.controller}


def _laid_out(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def _attachment(data: bytes, name: str, media_type: str) -> Response:
    # Of codes and words only, so that the header needs no escaping.
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
