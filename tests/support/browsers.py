"""A real browser: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Names that are no page's on the internet lead to this computer.
TO_HERE = "--host-resolver-rules=MAP *.local 127.0.0.1, MAP *.lan 127.0.0.1"


def find_chromium() -> Path:
    """Return where Chromium is; skip the test where there is none."""
    if CHROMIUM.exists():
        return CHROMIUM
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("no chromium on this machine")
    return Path(found)


@contextmanager
def launched(*flags: str) -> Iterator[Browser]:
    """Have a browser that reaches nothing but this computer."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()


def draw_signature(page: Page) -> None:
    """Draw something that looks like a signature."""
    box = page.locator("#pad").bounding_box()
    assert box is not None
    mouse, x, y = page.mouse, box["x"] + 60, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    steps = [(0, -50), (70, -52), (10, 48), (90, 50), (110, 0), (140, 20), (160, -10), (190, 22), (215, -12), (260, 18)]
    for dx, dy in [*steps, (330, -30), (360, 10), (420, -6)]:
        mouse.move(x + dx, y + dy, steps=8)
    mouse.up()


def add_authenticator(page: Page) -> tuple[CDPSession, str]:
    """Give a page's browser an authenticator of a phone that knows its user; return what it is told by, and its id."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    added = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return cdp, str(added["authenticatorId"])
