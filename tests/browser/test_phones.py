"""Going on on a person's own phone, in two real browsers: one at the kiosk, one with a virtual authenticator."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect
from support.browsers import add_authenticator
from support.handing import KIOSK_HOST, PHONE_HOST, encrypted, link_in
from support.sittings import NAME, Sitting
from support.studios import open_keys

from provenance.consent.records import parse_record
from provenance.studio import ConsentDesk, Recorded, Studio

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Own:
    """A person's own phone.

    Attributes:
        page: what it shows.
        cdp: what its authenticator is told by.
        authenticator: its id.
    """

    page: Page
    cdp: CDPSession
    authenticator: str

    def verify_user(self, known: bool) -> None:
        """Let its authenticator know its user from now on, or not."""
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.authenticator, "isUserVerified": known})


@pytest.fixture
def stand(studio: Studio) -> Iterator[str]:
    with encrypted(studio) as (server, _):
        yield server.url(KIOSK_HOST)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(
        locale="en-GB", reduced_motion="reduce", viewport={"width": 820, "height": 1100}, ignore_https_errors=True
    )
    made.set_default_timeout(20_000)
    yield made
    made.close()


@pytest.fixture
def own(browser: Browser) -> Iterator[Own]:
    made = browser.new_context(
        locale="en-GB", reduced_motion="reduce", viewport={"width": 390, "height": 800}, ignore_https_errors=True
    )
    made.set_default_timeout(20_000)
    complaints: list[str] = []
    page = made.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield Own(page, *add_authenticator(page))
    assert complaints == []
    made.close()


def hand_over(page: Page, address: str, *, language: str = "English") -> str:
    """Decide at the kiosk, go on on a phone, and return the link that the phone's camera reads."""
    page.goto(address)
    page.get_by_role("link", name=language).click()
    sitting = Sitting(page)
    sitting.choose()
    sitting.tell()
    page.locator("input[value=passkey]").check()
    sitting.go_on()
    expect(page.locator("#check-how")).to_have_text(re.compile("A passkey on your own phone signs"))
    page.get_by_role("button", name="Go on on my phone").click()
    expect(page.locator("#phone-square svg")).to_be_visible()
    return link_in(page)


def sign(own: Own) -> None:
    own.page.get_by_role("button", name="Make a passkey").click()
    own.page.get_by_role("button", name="Sign with it").click()


def recorded(studio: Studio, page: Page) -> Recorded:
    return ConsentDesk(studio, open_keys(studio)).find_by_secret(page.locator(".secret").inner_text())


def test_a_passkey_on_ones_own_phone_signs_what_was_decided_at_the_kiosk(
    studio: Studio, stand: str, page: Page, own: Own
) -> None:
    link = hand_over(page, stand)
    assert re.fullmatch(rf"https://{PHONE_HOST}:\d+/phone#[A-Za-z0-9_-]{{43}}", link)
    expect(page.locator("#phone-state")).to_have_text("Waiting for your phone…")
    own.page.goto(link)
    expect(own.page.locator("dd").first).to_have_text(NAME)
    assert own.page.url == link.partition("#")[0]
    expect(own.page.locator(".signing")).to_have_text(re.compile(r"on a device of my own\.$"))
    expect(page.locator("#phone-state")).to_have_text("Your phone shows it. Sign there.")
    sign(own)
    expect(own.page.locator("h1")).to_have_text("Done. Thank you.")
    expect(page.locator("main.signed .lead")).to_have_text("You signed on your own phone, and your receipt is there.")
    found = recorded(studio, own.page)
    assert found.record.assurance == "passkey"
    signature = next(one for one in found.record.signatures if one.role == "subject")
    assert signature.assertion is not None
    assert signature.assertion.origin == link.partition("/phone#")[0]
    assert signature.assertion.flags & 0x05 == 0x05
    # Anybody can check it again with nothing but the record.
    assert parse_record(found.record.to_bytes()) == found.record
    credentials = own.cdp.send("WebAuthn.getCredentials", {"authenticatorId": own.authenticator})["credentials"]
    assert [credential["rpId"] for credential in credentials] == [PHONE_HOST]
    # The kiosk clears itself, and never had the secret.
    assert own.page.locator(".secret").inner_text() not in page.content()
    page.locator("main.signed [data-home]").click()
    expect(page.locator("h1")).to_have_text("Next person")


def test_a_phone_that_does_not_know_its_user_signs_nothing(studio: Studio, stand: str, page: Page, own: Own) -> None:
    before = len(ConsentDesk(studio).all())
    own.page.goto(hand_over(page, stand))
    own.page.get_by_role("button", name="Make a passkey").click()
    own.verify_user(False)
    own.page.get_by_role("button", name="Sign with it").click()
    expect(own.page.locator("#told")).to_have_text("Nothing was signed. Try again, or sign at the kiosk.")
    assert len(ConsentDesk(studio).all()) == before
    own.verify_user(True)
    own.page.get_by_role("button", name="Sign with it").click()
    expect(own.page.locator("h1")).to_have_text("Done. Thank you.")
    assert recorded(studio, own.page).record.assurance == "passkey"


def test_who_changes_their_mind_signs_at_the_kiosk(studio: Studio, stand: str, page: Page, own: Own) -> None:
    link = hand_over(page, stand)
    page.get_by_role("button", name="Sign here instead").click()
    own.page.goto(link)
    expect(own.page.get_by_role("alert")).to_have_text(re.compile("This link leads nowhere any more"))
    page.locator("section.now [data-back]").click()
    sitting = Sitting(page)
    sitting.draw()
    sitting.sign()
    assert recorded(studio, page).record.assurance == "session-key"


def test_a_link_is_not_kept_in_a_phone(stand: str, page: Page, own: Own) -> None:
    own.page.goto(hand_over(page, stand))
    expect(own.page.locator("dd").first).to_have_text(NAME)
    own.page.reload()
    expect(own.page.get_by_role("alert")).to_have_text(re.compile("This link leads nowhere any more"))
    assert NAME not in own.page.content()
    assert own.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_the_phones_pages_can_be_used_by_everybody(stand: str, page: Page, own: Own, axe: str) -> None:
    link = hand_over(page, stand)

    def judge(shown: Page) -> None:
        for theme in ("light", "dark"):
            shown.emulate_media(color_scheme=theme, reduced_motion="reduce")
            shown.evaluate(axe)
            found = shown.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert [problem["id"] for problem in found["violations"]] == []

    judge(page)
    own.page.goto(link)
    expect(own.page.locator("#sign")).to_be_visible()
    judge(own.page)
    sign(own)
    expect(own.page.locator("h1")).to_have_text("Done. Thank you.")
    judge(own.page)
