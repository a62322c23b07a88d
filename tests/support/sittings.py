"""Somebody who sits at a kiosk in a browser, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Page
from support.browsers import draw_signature

from provenance.web.serving import WebServer

NAME = "Zoë Ångström"


@dataclass(frozen=True)
class Sitting:
    """One person at a kiosk.

    Attributes:
        page: what they look at.
    """

    page: Page

    @classmethod
    def begin(cls, page: Page, server: WebServer, *, language: str = "English", host: str = "localhost") -> "Sitting":
        """Open the kiosk, and choose a language."""
        page.goto(server.url(host))
        page.get_by_role("link", name=language).click()
        return cls(page)

    def go_on(self) -> None:
        """Go to the next step."""
        self.page.locator("section.now [data-next]").click()

    def choose(self, scopes: Sequence[str] = ("capture", "publish.web")) -> None:
        """Read, and switch some uses on."""
        self.go_on()
        for scope in scopes:
            self.page.locator(f"input[value='{scope}']").check(force=True)
        self.go_on()

    def tell(self, name: str = NAME) -> None:
        """Say who they are."""
        self.page.get_by_label("18 or older").check()
        self.page.locator("#name").fill(name)
        self.go_on()

    def draw(self) -> None:
        """Draw a signature."""
        self.page.locator("input[value=drawn]").check()
        draw_signature(self.page)
        self.go_on()

    def type(self, name: str = NAME) -> None:
        """Type a name as signature."""
        self.page.locator("input[value=typed]").check()
        self.page.locator("#typed").fill(name)
        self.go_on()

    def sign(self) -> str:
        """Sign; return the secret on the receipt."""
        self.page.locator("#send").click()
        self.page.locator("main.signed").wait_for()
        return self.page.locator(".secret").inner_text()
