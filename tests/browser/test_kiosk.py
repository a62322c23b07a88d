"""People at the kiosk, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from support.own_templates import add_photographers_template
from support.sittings import NAME, Sitting
from support.studios import open_keys
from support.web import kiosk

from provenance.studio import ConsentDesk, Recorded, Studio
from provenance.web.door import Door
from provenance.web.serving import WebServer
from provenance.web.sitting import Camera

pytestmark = pytest.mark.slow


def recorded(studio: Studio, secret: str) -> Recorded:
    return ConsentDesk(studio, open_keys(studio)).find_by_secret(secret)


def personal(studio: Studio, secret: str) -> dict[str, str]:
    desk = ConsentDesk(studio, open_keys(studio))
    return desk.disclosures(desk.find_by_secret(secret))


def test_a_person_draws_and_their_browser_signs_with_a_key_of_its_own(
    studio: Studio, stand: WebServer, page: Page
) -> None:
    sitting = Sitting.begin(page, stand)
    sitting.choose()
    sitting.tell()
    sitting.draw()
    expect(page.locator("#check-yes li")).to_have_count(2)
    expect(page.locator("#check-how")).to_have_text(re.compile("key that it made for you"))
    secret = sitting.sign()
    found = recorded(studio, secret)
    assert found.record.assurance == "session-key"
    assert [grant.scope.value for grant in found.record.grants if grant.decision == "permit"] == [
        "capture",
        "publish.web",
    ]
    assert personal(studio, secret)["signature"].startswith("data:image/svg+xml;base64,")
    assert page.locator(".receipt .code").inner_text() == found.code


def test_a_person_types_in_another_language(studio: Studio, stand: WebServer, page: Page) -> None:
    sitting = Sitting.begin(page, stand, language="Deutsch")
    sitting.choose()
    page.get_by_label("18 oder älter").check()
    page.locator("#name").fill("山田 太郎")
    sitting.go_on()
    sitting.type("山田 太郎")
    secret = sitting.sign()
    assert personal(studio, secret)["signature"] == "山田 太郎"
    expect(page.locator("h1")).to_have_text("Fertig. Vielen Dank.")


def test_a_person_needs_no_mouse(studio: Studio, stand: WebServer, page: Page) -> None:
    page.goto(stand.url("localhost"))
    keys = page.keyboard
    keys.press("Tab")  # to the content
    keys.press("Tab")
    keys.press("Enter")  # English
    page.locator("section.now h1").wait_for()
    expect(page.locator("section.now [data-next]")).to_be_visible()

    def tab_to(selector: str) -> None:
        for _ in range(30):
            keys.press("Tab")
            if page.locator(selector).evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"no way to {selector} by the keyboard")

    tab_to("section.now [data-next]")
    keys.press("Enter")
    tab_to("input[value='capture']")
    keys.press("Space")
    tab_to("section.now [data-next]")
    keys.press("Enter")
    tab_to("input[value=adult]")
    keys.press("Space")
    tab_to("#name")
    keys.type(NAME)
    keys.press("Enter")
    tab_to("input[value=drawn]")
    keys.press("ArrowRight")
    expect(page.locator("input[value=typed]")).to_be_checked()
    tab_to("#typed")
    keys.type(NAME)
    keys.press("Enter")
    tab_to("#send")
    keys.press("Enter")
    page.locator("main.signed").wait_for()
    assert recorded(studio, page.locator(".secret").inner_text()).record.assurance == "session-key"


def test_a_child_is_signed_for_by_their_guardian(studio: Studio, stand: WebServer, page: Page) -> None:
    sitting = Sitting.begin(page, stand)
    sitting.choose()
    expect(page.locator("#guardian")).to_be_hidden()
    page.get_by_label("Under 18").check()
    expect(page.locator("label[for=name]")).to_have_text("Full name of the child")
    page.locator("#name").fill("Åsa")
    page.locator("#guardian").fill(NAME)
    page.get_by_label("a parent").check()
    sitting.go_on()
    sitting.type()
    secret = sitting.sign()
    assert recorded(studio, secret).record.principal == "guardian"
    assert personal(studio, secret)["legal_name"] == "Åsa"


def test_what_is_missing_is_told_where_it_is(stand: WebServer, page: Page) -> None:
    sitting = Sitting.begin(page, stand)
    for _ in range(4):
        sitting.go_on()
    page.locator("#send").click()
    expect(page.locator("section.now h1")).to_have_text("Who you are")
    expect(page.get_by_role("alert").filter(has_text="Say whether you are 18 or older.")).to_be_visible()
    sitting.tell()
    sitting.go_on()
    page.locator("#send").click()
    expect(page.get_by_role("alert").filter(has_text="Draw or type your signature.")).to_be_visible()


def test_ai_needs_its_own_switch_its_own_initials_and_a_grown_up(studio: Studio, page: Page) -> None:
    with kiosk(studio, template="ai-headshot-service") as server:
        sitting = Sitting.begin(page, server)
        sitting.choose(["ai.generate"])
        page.locator("section.now [data-back]").click()
        page.locator("[id='initials.ai.generate']").fill("ZÅ")
        page.get_by_label("Nobody").check()
        sitting.go_on()
        page.locator("#born").fill("1990-05-06")
        sitting.tell()
        sitting.draw()
        secret = sitting.sign()
    record = recorded(studio, secret).record
    assert (record.body["kind"], record.assurance) == ("digital_replica", "session-key")
    assert next(s.initialled for s in record.signatures if s.role == "subject") == ("ai.generate",)


def test_the_photographer_signs_too_where_the_template_asks(studio: Studio, page: Page) -> None:
    with kiosk(studio, template=add_photographers_template(studio), camera=Camera("Ann Lee")) as server:
        sitting = Sitting.begin(page, server)
        sitting.choose()
        sitting.tell()
        sitting.draw()
        page.locator("#send").click()
        expect(page.get_by_role("alert").filter(has_text="The photographer has to tick this.")).to_be_visible()
        page.get_by_label("Ann Lee: I take these pictures").check()
        sitting.go_on()
        secret = sitting.sign()
    record = recorded(studio, secret).record
    assert record.assurance == "session-key"
    assert {one.role for one in record.signatures} == {"subject", "photographer", "controller"}


def test_on_plain_http_in_a_network_the_studios_device_signs(studio: Studio, browser: Browser) -> None:
    door = Door.to_network(insecure=True)
    with kiosk(studio, door=door, hosts=("studio.lan",)) as server:
        page = browser.new_page(reduced_motion="reduce", viewport={"width": 820, "height": 1100})
        page.goto(f"{server.url('studio.lan')}#{door.key}")
        assert page.evaluate("isSecureContext") is False
        page.get_by_role("link", name="English").click()
        expect(page.locator(".bar")).to_have_text(re.compile("This connection is not encrypted"))
        sitting = Sitting(page)
        sitting.choose()
        sitting.tell()
        sitting.draw()
        expect(page.locator("#check-how")).to_have_text(re.compile("This device signs"))
        secret = sitting.sign()
        page.locator("main.signed [data-home]").click()
        expect(page).to_have_url(f"{server.url('studio.lan')}#{door.key}")
        page.close()
    assert recorded(studio, secret).record.assurance == "drawn"


def test_without_scripts_everything_can_be_filled_in_at_once(
    studio: Studio, stand: WebServer, browser: Browser
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{stand.url('localhost')}sit/en")
    page.locator("input[value='capture']").check(force=True)
    page.get_by_label("18 or older").check()
    page.locator("#name").fill(NAME)
    page.locator("input[value=typed]").check()
    page.locator("#typed").fill(NAME)
    page.locator("#send").click()
    assert recorded(studio, page.locator(".secret").inner_text()).record.assurance == "drawn"
    page.close()


def test_two_kiosks_at_once_do_not_know_of_each_other(studio: Studio, stand: WebServer, browser: Browser) -> None:
    sittings = [Sitting.begin(browser.new_page(viewport={"width": 820, "height": 1100}), stand) for _ in range(2)]
    names = ["Ann", "Ben"]
    for sitting in sittings:
        sitting.choose()
    for sitting, name in zip(sittings, names, strict=True):
        sitting.tell(name)
    for sitting, name in zip(sittings, names, strict=True):
        sitting.type(name)
    secrets = [sitting.sign() for sitting in sittings]
    assert [personal(studio, secret)["legal_name"] for secret in secrets] == names
    for sitting in sittings:
        sitting.page.close()


def test_a_lost_connection_loses_nothing_and_records_once(studio: Studio, stand: WebServer, page: Page) -> None:
    sitting = Sitting.begin(page, stand)
    sitting.choose()
    sitting.tell()
    page.context.set_offline(True)
    sitting.draw()
    page.locator("#send").click()
    expect(page.locator("#told")).to_have_text(re.compile("Nothing is lost"))
    page.context.set_offline(False)
    before = len(ConsentDesk(studio).all())
    # The answer to the signature gets lost, after it was recorded.
    page.route("**/sign", lambda route: (route.fetch(), route.abort()))
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Try again").click()
    expect(page.locator("#told")).to_be_visible()
    assert len(ConsentDesk(studio).all()) == before + 1
    page.unroute("**/sign")
    expect(page.locator("#send")).to_be_enabled()
    secret = sitting.sign()
    assert len(ConsentDesk(studio).all()) == before + 1
    assert personal(studio, secret)["legal_name"] == NAME


@pytest.mark.parametrize("way", ["back", "reload", "forward"])
def test_nothing_of_a_person_is_left_for_the_next(stand: WebServer, page: Page, way: str) -> None:
    sitting = Sitting.begin(page, stand)
    sitting.choose()
    sitting.tell()
    sitting.type()
    secret = sitting.sign()
    page.locator("main.signed [data-home]").click()
    expect(page.locator("h1")).to_have_text("Next person")
    if way == "reload":
        page.reload()
    else:
        page.go_back()
        if way == "forward":
            page.go_forward()
    page.wait_for_load_state()
    found = page.content() + "".join(page.locator("input").evaluate_all("all => all.map(one => one.value)"))
    for piece in (NAME, "ngstr", secret):
        assert piece not in found
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


@pytest.mark.parametrize("way", ["back", "reload", "leave"])
def test_whoever_stops_midway_leaves_nothing(stand: WebServer, page: Page, way: str) -> None:
    sitting = Sitting.begin(page, stand)
    sitting.choose()
    sitting.tell()
    sitting.draw()
    if way == "reload":
        page.reload()
    elif way == "back":
        page.go_back()
        page.go_forward()
    else:
        page.goto(stand.url("localhost"))
        page.go_back()
    page.wait_for_load_state()
    found = page.content() + "".join(page.locator("input").evaluate_all("all => all.map(one => one.value)"))
    assert "ngstr" not in found
    assert page.locator("input:checked").count() == 0


def test_the_receipt_clears_itself(studio: Studio, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.web.kiosk.CLEAR_SECONDS", 3)
    with kiosk(studio) as server:
        sitting = Sitting.begin(page, server)
        sitting.choose()
        sitting.tell()
        sitting.type()
        sitting.sign()
        page.get_by_role("button", name="I need more time").click()
        expect(page.locator("h1")).to_have_text("Next person", timeout=10_000)


def test_a_page_that_nobody_touches_clears_itself(studio: Studio, page: Page) -> None:
    page.clock.install()
    with kiosk(studio) as server:
        sitting = Sitting.begin(page, server)
        sitting.choose()
        sitting.tell()
        page.clock.run_for(303_000)
        expect(page.locator("#idle")).to_be_visible()
        page.get_by_role("button", name="I am still here").click()
        expect(page.locator("#idle")).to_be_hidden()
        page.clock.run_for(365_000)
        expect(page.locator("h1")).to_have_text("Next person")


def test_a_server_that_fails_is_told_and_nothing_is_lost(studio: Studio, stand: WebServer, page: Page) -> None:
    sitting = Sitting.begin(page, stand)
    sitting.choose()
    sitting.tell()
    sitting.type()
    page.route("**/request", lambda route: route.fulfill(status=500, body="this cannot be answered now"))
    page.locator("#send").click()
    expect(page.locator("#told")).to_have_text("This could not be recorded. Ask the studio for help.")
    page.unroute("**/request")
    assert personal(studio, sitting.sign())["legal_name"] == NAME
