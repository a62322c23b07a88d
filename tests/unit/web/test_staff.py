"""The staff's side: a PIN that cannot be tried out, and what it opens."""

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from support.pictures import draw_jpeg
from support.studios import make_studio, record_consent, stamped
from support.web import Visitor, kiosk, secret_in

from provenance.studio import Studio
from provenance.web.serving import WebServer
from provenance.web.staff import new_pin

PIN = "135790"


@pytest.fixture(scope="module")
def server(studio: Studio) -> Iterator[WebServer]:
    with kiosk(studio, pin=PIN) as running:
        yield running


def enter(visitor: Visitor, pin: str = PIN) -> tuple[int, str]:
    """Give a PIN; return the status, and the cookie to send back."""
    answer = visitor.post("/staff", {"mark": visitor.mark("/staff"), "pin": pin})
    cookie = SimpleCookie(answer.headers.get("Set-Cookie", ""))
    return answer.status, "; ".join(f"{name}={morsel.value}" for name, morsel in cookie.items())


def test_the_pin_opens_todays_people(studio: Studio, visitor: Visitor, tmp_path: Path) -> None:
    visitor.sign(name="Åsa <b>", typed="Åsa <b>")
    visitor.sign(name="Ann", typed="Ann", permit=[])
    stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=record_consent(studio).code)
    withdrawn = secret_in(visitor.sign(name="Ben", typed="Ben").data)
    visitor.receipt("/withdraw", withdrawn, what="all")
    status, cookie = enter(visitor)
    assert status == 303
    page = visitor.get("/staff", Cookie=cookie).data.decode()
    assert "Åsa &lt;b&gt;" in page
    sums = [int(number) for number in re.findall(r"<dd>(\d+)</dd>", page)]
    assert sums == [4, 2, 2, 1, 1]


def test_without_the_pin_nothing_is_shown(visitor: Visitor) -> None:
    visitor.sign()
    for cookie in ("", "staff=", "staff=x", "staff=é".encode().decode("latin-1")):
        page = visitor.get("/staff", Cookie=cookie).data.decode()
        assert "It stands in the terminal" in page
        assert "ngstr" not in page


def test_the_cookie_is_of_the_session_and_no_script_reads_it(studio: Studio) -> None:
    with kiosk(studio, pin=PIN) as server:
        visitor = Visitor(server)
        answer = visitor.post("/staff", {"mark": visitor.mark("/staff"), "pin": PIN})
    cookie = answer.headers["Set-Cookie"]
    assert {part.strip().partition("=")[0].lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "path",
        "samesite",
    }
    assert "SameSite=strict" in cookie
    assert "Path=/staff" in cookie


def test_whoever_locks_it_needs_the_pin_again(studio: Studio) -> None:
    with kiosk(studio, pin=PIN) as server:
        visitor = Visitor(server)
        _, cookie = enter(visitor)
        assert b"People signed" in visitor.get("/staff", Cookie=cookie).data
        visitor.post("/staff", {"mark": visitor.mark("/staff"), "leave": "yes"}, Cookie=cookie)
        assert b"People signed" not in visitor.get("/staff", Cookie=cookie).data


def test_pins_cannot_be_tried_out(studio: Studio) -> None:
    with kiosk(studio, pin=PIN) as server:
        visitor = Visitor(server)
        assert [enter(visitor, pin)[0] for pin in ("000000", "", "é", "999999", PIN)] == [403, 403, 403, 429, 429]


def test_a_form_without_its_mark_opens_nothing(visitor: Visitor) -> None:
    answer = visitor.post("/staff", {"pin": PIN})
    assert (answer.status, "Set-Cookie" in answer.headers) == (422, False)


def test_a_kiosk_without_a_pin_has_no_staff_page(studio: Studio) -> None:
    with kiosk(studio) as server:
        assert Visitor(server).get("/staff").status == 404


def test_somebody_whose_data_were_erased_has_no_name(tmp_path: Path) -> None:
    from provenance.studio.erasing import ErasureDesk

    made = make_studio(tmp_path / "studio")
    unlocked = made.unlock(None)
    ErasureDesk(made, unlocked).erase(record_consent(made), full=False)
    with kiosk(made, pin=PIN) as server:
        visitor = Visitor(server)
        _, cookie = enter(visitor)
        assert b"(erased)" in visitor.get("/staff", Cookie=cookie).data
    made.close()


def test_a_pin_is_six_digits() -> None:
    assert re.fullmatch(r"\d{6}", new_pin())
    assert new_pin() != new_pin() or new_pin() != new_pin()


def test_the_staffs_pages_speak_the_language_of_their_browser(studio: Studio) -> None:
    with kiosk(studio, pin=PIN) as server:
        page = Visitor(server).get("/staff", Accept_Language="fr").data.decode()
        assert "Il s’affiche dans le terminal" in page
