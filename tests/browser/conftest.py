"""A browser for the tests of one module, and a page of its own for each; what a page complains of fails its test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.browsers import TO_HERE, find_chromium, launched
from support.studios import make_studio
from support.web import kiosk, public_page

from provenance.studio import Studio
from provenance.web.serving import WebServer

# As long as a machine may take that does much else.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; for a module only, as the loop that drives it runs meanwhile, and others need their own."""
    find_chromium()
    with launched(TO_HERE) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="en-GB", reduced_motion="reduce", viewport={"width": 820, "height": 1100})
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; a script that fails or a policy that is broken fails the test."""
    complaints: list[str] = []
    made = context.new_page()
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on(
        "console",
        lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield made
    assert complaints == []


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    made = make_studio(tmp_path_factory.mktemp("browser") / "studio")
    yield made
    made.close()


@pytest.fixture(scope="module")
def stand(studio: Studio) -> Iterator[WebServer]:
    """A kiosk."""
    with kiosk(studio) as running:
        yield running


@pytest.fixture(scope="module")
def public(studio: Studio) -> Iterator[WebServer]:
    """A public page."""
    with public_page(studio) as running:
        yield running


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, where it was installed for the tests."""
    place = Path(__file__).parents[2] / ".judges" / "node_modules" / "axe-core" / "axe.min.js"
    if not place.exists():
        pytest.skip("no axe-core to judge accessibility: npm install --prefix .judges --ignore-scripts axe-core")
    return place.read_text("utf-8")
