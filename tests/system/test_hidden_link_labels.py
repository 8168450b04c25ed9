"""What the set of hidden links says is so in Chromium: a link that is called hidden leaves no pixel on the page.

Whether somebody sees a link is asked of the picture: it is taken with the link and without it, and compared.
"""

import io
import os

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page, Route, sync_playwright

from tests.eval.hidden_links.hidden_links import SHEET_PATH, Design, designs, harmless_designs

pytestmark = pytest.mark.system

CHROMIUM = os.environ.get("COMPLIANCE_CHROMIUM_PATH", "/usr/bin/chromium")
ADDRESS = "https://www.designs.example/"
SEEN_FROM = 20  # pixels that change with the link: less is no word that somebody reads
CLEARLY = 40  # of 255: what a pixel has to change in its strongest colour

_MAKE_UNSEEN = """host => {
    const named = ["href", "src", "value"].map(name => `[${name}*="//${host}/"]`).join(",");
    const link = document.querySelector(named);
    if (!link) return false;
    link.style.setProperty("opacity", "0", "important");
    link.style.setProperty("transition", "none", "important");
    return true;
}"""
_STAND_STILL = "for (let number = 1; number < 100; number++) { clearInterval(number); }"


@pytest.fixture(scope="module")
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        yield browser.new_page(viewport={"width": 1280, "height": 600})
        browser.close()


def show(page: Page, design: Design) -> None:
    page.unroute_all()

    def answer(route: Route) -> None:
        if route.request.url == ADDRESS:
            route.fulfill(body=design.html, content_type="text/html")
        elif route.request.url.endswith(SHEET_PATH):
            route.fulfill(body=design.sheet, content_type="text/css")
        else:
            route.abort()

    page.route("**/*", answer)
    page.goto(ADDRESS)
    page.evaluate(_STAND_STILL)


def picture(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")


def is_seen(page: Page, host: str) -> bool:
    before = picture(page)
    if not page.evaluate(_MAKE_UNSEEN, host):
        return False
    after = picture(page)
    if before.size != after.size:
        return True
    red, green, blue = ImageChops.difference(before, after).split()
    strongest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return sum(strongest.histogram()[CLEARLY:]) >= SEEN_FROM


@pytest.mark.parametrize("design", designs(), ids=lambda design: design.id)
def test_a_hidden_link_leaves_no_pixel(page, design):
    show(page, design)
    seen = {host: is_seen(page, host) for host in (*design.hidden, *design.shown)}
    assert seen == dict.fromkeys(design.hidden, False) | dict.fromkeys(design.shown, True)


@pytest.mark.parametrize("design", harmless_designs(), ids=lambda design: design.id)
def test_a_shown_link_is_seen_and_a_reachable_one_waits_for_its_visitor(page, design):
    show(page, design)
    seen = {host: is_seen(page, host) for host in (*design.reachable, *design.shown)}
    assert seen == dict.fromkeys(design.reachable, False) | dict.fromkeys(design.shown, True)
