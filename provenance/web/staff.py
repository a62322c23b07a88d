"""The staff's side of a kiosk, behind a PIN: who signed today, which pictures have a consent, and the day's sum.

Whoever knows the PIN gets a cookie, the only one that there is; it is one of the session, which scripts cannot read
and which other sites' pages cannot send. Wrong PINs are counted for everybody together.
"""

import hmac
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from provenance.consent.status import ConsentCode, authorised
from provenance.errors import RefusedError, VaultError
from provenance.studio.consents import ConsentDesk
from provenance.studio.reading import Recorded
from provenance.web.desk import KioskDesk
from provenance.web.door import Door
from provenance.web.forms import first, read_fields
from provenance.web.pages import page, spoken_by
from provenance.web.shield import Rate
from provenance.web.words import words_for

COOKIE: Final = "staff"
PIN_DIGITS: Final = 6
# Wrong PINs in a minute; somebody who tries them all needs four months for half of them.
PIN_TRIES: Final = 3
SESSION_HOURS: Final = 12


def new_pin() -> str:
    """Return a new PIN."""
    return "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed today, as the staff sees them.

    Attributes:
        at: the time of day, by the studio's clock.
        code: of the consent.
        name: or None, where it was erased.
        guardian: whether somebody decided for a minor.
        permitted: how many uses they permitted, and still do.
        asked: how many they decided on.
        capture: whether photographs may be taken of them now.
        pictures: how many were stamped under it.
    """

    at: str
    code: str
    name: str | None
    guardian: bool
    permitted: int
    asked: int
    capture: bool
    pictures: int


class _Sessions:
    """Who gave the PIN, by the cookie that they got; forgotten when the kiosk stops."""

    def __init__(self, pin: str) -> None:
        self._pin = pin
        self._rate = Rate(PIN_TRIES)
        self._open: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def enter(self, pin: str, now: datetime) -> str | None:
        """Return a cookie for who knows the PIN; None for who does not.

        Raises:
            RefusedError: too many were wrong.
        """
        with self._lock:
            if not self._rate.take(""):
                raise RefusedError("pin: too many wrong ones", code="pin-slow", hint="wait a minute")
            if not hmac.compare_digest(self._pin.encode(), pin.strip().encode("utf-8", "replace")):
                return None
            self._rate = Rate(PIN_TRIES)
            cookie = secrets.token_urlsafe(32)
            self._open[cookie] = now + timedelta(hours=SESSION_HOURS)
            return cookie

    def leave(self, cookie: str) -> None:
        with self._lock:
            self._open.pop(cookie, None)

    def holds(self, cookie: str, now: datetime) -> bool:
        with self._lock:
            return now < self._open.get(cookie, now)


def make_staff(desk: KioskDesk, *, door: Door, pin: str) -> APIRouter:
    """Return the staff's pages.

    Args:
        desk: the studio.
        door: of the kiosk, with the marks of its forms.
        pin: that opens them.
    """
    router = APIRouter(include_in_schema=False)
    sessions = _Sessions(pin)

    def ask(request: Request, *, status: int = 200, word: str | None = None) -> HTMLResponse:
        language = spoken_by(request)
        return page(
            "staff_pin",
            language=language,
            status=status,
            studio=desk.name,
            mark=door.marks.new(),
            fault=None if word is None else words_for(language)(word),
            bar=door.bar,
        )

    @router.get("/staff")
    def show(request: Request) -> Response:
        now = desk.studio.clock.now()
        if not sessions.holds(request.cookies.get(COOKIE, ""), now):
            return ask(request)
        people = _today(desk, now)
        return page(
            "staff",
            language=spoken_by(request),
            studio=desk.name,
            day=now.date().isoformat(),
            people=people,
            summary=_summary(people),
            mark=door.marks.new(),
            bar=door.bar,
        )

    @router.post("/staff")
    async def enter(request: Request) -> Response:
        form = await read_fields(request)
        return await run_in_threadpool(_enter, form, request)

    def _enter(form: Mapping[str, Sequence[str]], request: Request) -> Response:
        try:
            door.marks.check(first(form, "mark"))
            if first(form, "leave"):
                sessions.leave(request.cookies.get(COOKIE, ""))
                gone = RedirectResponse("/staff", 303)
                gone.delete_cookie(COOKIE, path="/staff")
                return gone
            cookie = sessions.enter(first(form, "pin"), desk.studio.clock.now())
        except RefusedError as error:
            slow = error.code == "pin-slow"
            return ask(request, status=429 if slow else 422, word="staff_slow" if slow else "staff_again")
        if cookie is None:
            return ask(request, status=403, word="staff_wrong")
        entered = RedirectResponse("/staff", 303)
        secure = request.url.scheme == "https"
        entered.set_cookie(COOKIE, cookie, path="/staff", httponly=True, samesite="strict", secure=secure)
        return entered

    return router


def _today(desk: KioskDesk, now: datetime) -> list[Person]:
    found: list[Person] = []
    with desk.consents() as consents:
        for recorded in consents.all():
            if recorded.record.created_at.astimezone().date() == now.astimezone().date():
                name = _name(consents, recorded)
                found.append(_person(recorded, name, desk.studio.database.count_stamps(recorded.record.record_id), now))
    return sorted(found, key=lambda person: person.at, reverse=True)


def _person(recorded: Recorded, name: str | None, pictures: int, now: datetime) -> Person:
    record, at = recorded.record, max(now, recorded.history[-1].at)
    allowed = [
        grant.scope
        for grant in record.grants
        if authorised(record, recorded.history, scope=grant.scope, at=at).code is ConsentCode.IN_FORCE
    ]
    return Person(
        record.created_at.astimezone().strftime("%H:%M"),
        recorded.code,
        name,
        record.principal == "guardian",
        len(allowed),
        len(record.grants),
        "capture" in allowed,
        pictures,
    )


def _name(consents: ConsentDesk, recorded: Recorded) -> str | None:
    try:
        return consents.disclosures(recorded)["legal_name"]
    except VaultError:
        # It was erased.
        return None


def _summary(people: Sequence[Person]) -> dict[str, int]:
    return {
        "people": len(people),
        "photographed": sum(person.capture for person in people),
        "refused": sum(not person.capture for person in people),
        "without": sum(person.capture and not person.pictures for person in people),
        "pictures": sum(person.pictures for person in people),
    }
