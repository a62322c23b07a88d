"""Take a picture of every page, into docs/screenshots/, or of every page in both themes and three widths, elsewhere.

PYTHONPATH=tests .venv/bin/python scripts/screenshots.py
PYTHONPATH=tests .venv/bin/python scripts/screenshots.py FOLDER
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page
from support.browsers import TO_HERE, add_authenticator, draw_signature, launched
from support.handing import KIOSK_HOST, encrypted, link_in
from support.pictures import with_changed_pixels
from support.sittings import Sitting
from support.studios import make_studio, record_ai_consent, record_consent, stamped
from support.web import kiosk, public_page

from provenance.picture.copies import make_copy
from provenance.picture.formats import PictureFormat
from provenance.stamping.interface import Making
from provenance.studio import Studio
from provenance_cli._demo_pictures import draw_portrait

ROOT = Path(__file__).parents[1]
DOCUMENTED = ROOT / "docs" / "screenshots"
WIDTHS = {"phone": 390, "tablet": 820, "desktop": 1280}


class _Camera:
    """Takes pictures of pages for the documents, or in every theme and width."""

    def __init__(self, folder: Path, *, every: bool) -> None:
        self._folder = folder
        self.every = every
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, page: Page, name: str) -> None:
        if not self.every:
            shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
            shot.quantize(64, dither=Image.Dither.NONE).save(self._folder / f"{name}.png", optimize=True)
            return
        for width_name, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 1000 if width > 400 else 800})
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                page.wait_for_timeout(80)
                page.screenshot(path=self._folder / f"{name}-{width_name}-{theme}.png", full_page=True)


def main() -> int:
    """Take the pictures; return the exit code."""
    every = len(sys.argv) > 1
    camera = _Camera(Path(sys.argv[1]) if every else DOCUMENTED, every=every)
    with tempfile.TemporaryDirectory() as folder, launched(TO_HERE) as browser:
        studio = make_studio(Path(folder) / "studio", "Studio Lumen")
        with kiosk(studio, pin="135790") as server:
            secret = _sit(browser, server.url("localhost"), camera)
            _staff(browser, server.url("localhost"), camera)
        with kiosk(studio, template="ai-headshot-service") as server:
            page = _page(browser)
            page.goto(server.url("localhost") + "sit/en")
            page.click("section.now [data-next]")
            page.check("input[value='ai.generate']", force=True)
            camera(page, "kiosk-ai")
        _phone(studio, browser, camera)
        with public_page(studio) as server:
            _receipt(browser, server.url("localhost"), secret, camera)
            _verify(browser, server.url("localhost"), _pictures(studio, Path(folder)), camera)
            page = _page(browser)
            page.goto(server.url("localhost"))
            page.set_input_files("#file", _copy(studio, Path(folder)))
            page.locator(".sources img").wait_for()
            camera(page, "verify-sources")
        studio.close()
    return 0


def _page(browser: Browser) -> Page:
    page = browser.new_page(
        viewport={"width": 820, "height": 1000}, reduced_motion="reduce", locale="en-GB", ignore_https_errors=True
    )
    page.on("console", lambda message: print(message.text, file=sys.stderr))
    return page


def _sit(browser: Browser, url: str, camera: _Camera) -> str:
    page = _page(browser)
    page.goto(url)
    camera(page, "kiosk-start")
    page.click("text=English")
    camera(page, "kiosk-read")
    page.click("section.now [data-next]")
    for scope in ("capture", "publish.internal", "publish.web"):
        page.check(f"input[value='{scope}']", force=True)
    camera(page, "kiosk-choose")
    page.click("section.now [data-next]")
    page.check("input[value=adult]")
    page.fill("#name", "Zoë Ångström")
    camera(page, "kiosk-who")
    page.click("section.now [data-next]")
    page.check("input[value=drawn]")
    draw_signature(page)
    camera(page, "kiosk-sign")
    page.click("section.now [data-next]")
    camera(page, "kiosk-check")
    page.click("#send")
    page.wait_for_selector("main.signed")
    camera(page, "kiosk-receipt")
    return page.inner_text(".secret")


def _phone(studio: Studio, browser: Browser, camera: _Camera) -> None:
    """Sign on a phone; under HTTPS, as no browser has passkeys otherwise."""
    with encrypted(studio) as (server, phones):
        page, own = _page(browser), _own_phone(browser)
        page.goto(server.url(KIOSK_HOST))
        page.click("text=English")
        sitting = Sitting(page)
        sitting.choose()
        sitting.tell()
        page.check("input[value=passkey]")
        camera(page, "kiosk-phone-way")
        sitting.go_on()
        page.click("#send")
        page.wait_for_selector("#phone-square svg")
        camera(page, "kiosk-phone")
        own.goto(link_in(page))
        own.wait_for_selector("#sign")
        camera(own, "phone-sign")
        own.click("#sign")
        own.get_by_role("button", name="Sign with it").click()
        own.wait_for_selector("main.signed")
        camera(own, "phone-receipt")
        own.goto(f"{phones.origin}/phone")
        own.wait_for_selector("[role=alert]")
        camera(own, "phone-lost")


def _own_phone(browser: Browser) -> Page:
    page = browser.new_page(
        viewport={"width": 390, "height": 800}, reduced_motion="reduce", locale="en-GB", ignore_https_errors=True
    )
    add_authenticator(page)
    return page


def _staff(browser: Browser, url: str, camera: _Camera) -> None:
    page = _page(browser)
    page.goto(f"{url}staff")
    camera(page, "staff-pin")
    page.fill("#pin", "135790")
    page.click("button.main")
    camera(page, "staff")


def _receipt(browser: Browser, url: str, secret: str, camera: _Camera) -> None:
    page = _page(browser)
    page.goto(f"{url}receipt")
    camera(page, "receipt-ask")
    page.fill("#secret", secret)
    page.click("button.main")
    camera(page, "receipt")


def _pictures(studio: Studio, folder: Path) -> list[Path]:
    """Return three pictures: one that passes, one that AI made, one that was tampered with."""
    (folder / "camera.jpg").write_bytes(draw_portrait(generated=False))
    (folder / "ai.jpg").write_bytes(draw_portrait(generated=True))
    code, ai = record_consent(studio).code, record_ai_consent(studio).code
    good = stamped(studio, folder / "camera.jpg", folder / "portrait.jpg", code=code)
    made = stamped(studio, folder / "ai.jpg", folder / "generated.jpg", declaration="ai-generated", code=ai)
    forged = folder / "forged.jpg"
    forged.write_bytes(with_changed_pixels(good.read_bytes()))
    return [good, made, forged]


def _copy(studio: Studio, folder: Path) -> Path:
    """Return a picture that was made from another one."""
    code = record_consent(studio, permit=("capture", "publish.web", "edit.basic")).code
    parent = stamped(studio, folder / "camera.jpg", folder / "original.jpg", code=code, thumbnail=True)
    small = folder / "small.jpg"
    small.write_bytes(make_copy((folder / "camera.jpg").read_bytes(), width=480, kind=PictureFormat.JPEG))
    making = Making(parent=parent)
    return stamped(studio, small, folder / "website.jpg", declaration="derivative", code=code, making=making)


def _verify(browser: Browser, url: str, pictures: list[Path], camera: _Camera) -> None:
    page = _page(browser)
    page.goto(url)
    camera(page, "verify-start")
    page.set_input_files("#file", pictures)
    page.locator(".card").nth(2).wait_for()
    camera(page, "verify")
    if camera.every:
        for language in ("de", "ja"):
            page.goto(f"{url}?language={language}")
            page.set_input_files("#file", pictures)
            page.locator(".card").nth(2).wait_for()
            camera(page, f"verify-{language}")


if __name__ == "__main__":
    sys.exit(main())
