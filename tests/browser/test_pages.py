"""Receipts and checked pictures in a real browser, and every page as those need it who see or move differently."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.pictures import draw_jpeg, with_changed_pixels
from support.studios import open_keys, record_consent, stamped

from provenance.stamping.interface import Making
from provenance.studio import ConsentDesk, Studio
from provenance.web.serving import WebServer

pytestmark = pytest.mark.slow


@pytest.fixture
def secret(studio: Studio) -> str:
    desk = ConsentDesk(studio, open_keys(studio))
    return desk.receipt(record_consent(studio)).secret


@pytest.fixture(scope="module")
def pictures(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    plain = draw_jpeg(folder / "plain.jpg")
    good = stamped(studio, plain, folder / "stamped.jpg", code=record_consent(studio).code)
    bad = folder / "tampered.jpg"
    bad.write_bytes(with_changed_pixels(good.read_bytes()))
    return [good, plain, bad]


def test_three_pictures_are_checked_and_one_is_tampered(public: WebServer, page: Page, pictures: list[Path]) -> None:
    page.goto(public.url("localhost"))
    page.set_input_files("#file", pictures)
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator(".card.good h2")).to_have_text("stamped.jpg")
    expect(page.locator(".card.open h2")).to_have_text("plain.jpg")
    expect(page.locator(".card.bad h2")).to_have_text("tampered.jpg")
    expect(page.locator(".card.bad .reason")).to_have_text(
        "This file is not as it was when Studio Lümen issued its credential. Do not rely on it."
    )
    expect(page.locator(".card .thumb img")).to_have_count(3)


def test_what_a_picture_was_made_from_is_drawn(studio: Studio, public: WebServer, page: Page, tmp_path: Path) -> None:
    code = record_consent(studio, permit=("capture", "edit.basic")).code
    parent = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "parent.jpg", code=code, thumbnail=True)
    making = Making(parent=parent)
    source = draw_jpeg(tmp_path / "b.jpg", size=(120, 90))
    made = stamped(studio, source, tmp_path / "copy.jpg", declaration="derivative", code=code, making=making)
    page.goto(public.url("localhost"))
    page.set_input_files("#file", made)
    expect(page.locator(".sources strong")).to_have_text("The picture before it")
    drawn = page.locator(".sources img")
    expect(drawn).to_be_visible()
    assert drawn.evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 0


def test_the_report_is_saved_as_the_command_prints_it(public: WebServer, page: Page, pictures: list[Path]) -> None:
    page.goto(public.url("localhost"))
    page.get_by_text("For a use that you plan").click()
    page.select_option("#scope", "publish.advertising")
    page.set_input_files("#file", pictures[0])
    expect(page.locator(".card.bad .advice")).to_have_text("Do not publish it.")
    page.get_by_text("The report as JSON").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save").click()
    document = json.loads(Path(saved.value.path()).read_text("utf-8"))
    assert (saved.value.suggested_filename, document["verdict"]) == ("stamped.report.json", "FAILED")
    with page.expect_download() as kept:
        page.get_by_role("button", name="Keep the report as a page").click()
    text = Path(kept.value.path()).read_text("utf-8")
    assert kept.value.suggested_filename == "stamped.report.html"
    assert text.startswith("<!DOCTYPE html>")
    assert "Nothing was decided on publish.advertising" in text


def test_a_picture_is_dropped_on_the_page(public: WebServer, page: Page, pictures: list[Path]) -> None:
    page.goto(public.url("localhost"))
    data = list(pictures[0].read_bytes())
    transfer = page.evaluate_handle(
        "bytes => { const made = new DataTransfer();"
        " made.items.add(new File([new Uint8Array(bytes)], 'dropped.jpg', {type: 'image/jpeg'})); return made; }",
        data,
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    expect(page.locator(".card.good h2")).to_have_text("dropped.jpg")


def test_a_link_on_the_receipt_opens_it_and_its_secret_goes_nowhere_else(
    studio: Studio, public: WebServer, page: Page, secret: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url + json.dumps(request.headers)))
    page.goto(f"{public.url('localhost')}receipt#{secret}")
    expect(page.locator("h1")).to_have_text("What you agreed to")
    assert not [line for line in asked if secret in line]
    assert secret not in page.url
    page.get_by_label("publish them on websites").check()
    page.get_by_role("button", name="Withdraw what I ticked").click()
    expect(page.get_by_role("status")).to_contain_text("Withdrawn.")
    page.get_by_role("button", name="Withdraw everything").click()
    expect(page.get_by_text("There is nothing left to withdraw.")).to_be_visible()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("status")).to_contain_text("Yes. Entry")
    desk = ConsentDesk(studio, open_keys(studio))
    assert [event.type for event in desk.find_by_secret(secret).history] == ["given", "withdrawn", "withdrawn"]


@pytest.fixture(params=["light", "dark"])
def judged(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """Pages into which the judge may be put, which their own policy would not let in."""
    made = browser.new_context(
        bypass_csp=True, color_scheme=request.param, reduced_motion="reduce", viewport={"width": 390, "height": 800}
    )
    yield made
    made.close()


def judge(page: Page, axe: str) -> None:
    """Let axe-core judge what is shown."""
    page.evaluate(axe)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    told = [
        f"{violation['impact']} {violation['id']}: {node['html'][:120]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert told == []


def test_axe_finds_nothing_serious_at_the_kiosk(stand: WebServer, judged: BrowserContext, axe: str) -> None:
    from support.sittings import Sitting

    page = judged.new_page()
    page.goto(stand.url("localhost"))
    judge(page, axe)
    sitting = Sitting.begin(page, stand)
    judge(page, axe)
    sitting.go_on()
    page.locator("input[value='ai.edit']").check(force=True)
    judge(page, axe)
    page.locator("input[value='ai.edit']").uncheck(force=True)
    sitting.go_on()
    page.get_by_label("Under 18").check()
    judge(page, axe)
    sitting.tell()
    page.locator("input[value=drawn]").check()
    judge(page, axe)
    sitting.type()
    judge(page, axe)
    sitting.sign()
    judge(page, axe)


def test_axe_finds_nothing_serious_on_public_pages(
    public: WebServer, judged: BrowserContext, axe: str, secret: str, pictures: list[Path]
) -> None:
    page = judged.new_page()
    page.goto(f"{public.url('localhost')}receipt")
    judge(page, axe)
    page.fill("#secret", "wrong")
    page.locator("button.main").click()
    judge(page, axe)
    page.fill("#secret", secret)
    page.locator("button.main").click()
    judge(page, axe)
    page.goto(public.url("localhost"))
    page.set_input_files("#file", pictures)
    expect(page.locator(".card")).to_have_count(3)
    judge(page, axe)


@pytest.mark.parametrize("width", [320, 390, 820, 1280])
@pytest.mark.parametrize("path", ["", "sit/en", "sit/ja", "receipt", "nothing"])
def test_no_page_scrolls_sideways(stand: WebServer, browser: Browser, path: str, width: int) -> None:
    # 320 pixels are what 200 % and more leave of a small screen (WCAG 2.2, 1.4.10).
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(stand.url("localhost") + path)
    for _ in range(5 if path.startswith("sit") else 1):
        sizes = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert sizes[0] <= sizes[1]
        small = page.locator("button:visible, a.main:visible, .switch:visible, .option:visible").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().height).filter(height => height < 43)"
        )
        assert small == []
        if path.startswith("sit") and page.locator("section.now [data-next]").count():
            page.locator("section.now [data-next]").click()
    page.close()
