"""What the set of hidden links says is so in Chromium: a link that is called hidden leaves no pixel on the page.

Whether somebody sees a link is asked of the picture: it is taken with the link and without it, and compared.
"""

import base64
import io

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page, Route, sync_playwright

from tests.eval.hidden_links.hidden_links import SHEET_PATH, Design, designs, harmless_designs
from tests.system.page_support import BROWSER

pytestmark = pytest.mark.system

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
_WHOLE_SIZE = """() => {
    const both = [document.documentElement, document.body].filter((element) => element !== null);
    const sizes = (side) => both.flatMap((one) => ["scroll", "offset", "client"].map((of) => one[of + side]));
    return [Math.max(...sizes("Width")), Math.max(...sizes("Height"))];
}"""


class Studio:
    """One window, in which designs are shown one after another."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._design: Design | None = None
        page.route("**/*", self._answer)

    def show(self, design: Design) -> None:
        self._design = design
        self._page.goto(ADDRESS)
        self._page.evaluate(_STAND_STILL)

    def _answer(self, route: Route) -> None:
        assert self._design is not None
        if route.request.url == ADDRESS:
            route.fulfill(body=self._design.html, content_type="text/html")
        elif route.request.url.endswith(SHEET_PATH):
            route.fulfill(body=self._design.sheet, content_type="text/css")
        else:
            route.abort()

    def who_is_seen(self, hosts: tuple[str, ...]) -> dict[str, bool]:
        """Whether a link to each host is seen. They are taken away one after another."""
        before, seen = self._picture(), {}
        for host in hosts:
            seen[host] = self._page.evaluate(_MAKE_UNSEEN, host)
            if seen[host]:
                after = self._picture()
                seen[host] = before != after and differ(decoded(before), decoded(after))
                before = after
        return seen

    def _picture(self) -> bytes:
        """Of the whole page, as a PNG."""
        width, height = self._page.evaluate(_WHOLE_SIZE)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        options = {"format": "png", "captureBeyondViewport": True, "optimizeForSpeed": True, "clip": clip}
        return base64.b64decode(self._session.send("Page.captureScreenshot", options)["data"])


@pytest.fixture(scope="module")
def studio():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**BROWSER)
        yield Studio(browser.new_page(viewport={"width": 1280, "height": 600}))
        browser.close()


def decoded(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture)).convert("RGB")


def differ(before: Image.Image, after: Image.Image) -> bool:
    if before.size != after.size:
        return True
    red, green, blue = ImageChops.difference(before, after).split()
    strongest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return sum(strongest.histogram()[CLEARLY:]) >= SEEN_FROM


@pytest.mark.parametrize("design", designs(), ids=lambda design: design.id)
def test_a_hidden_link_leaves_no_pixel(studio, design):
    studio.show(design)
    seen = studio.who_is_seen((*design.hidden, *design.shown))
    assert seen == dict.fromkeys(design.hidden, False) | dict.fromkeys(design.shown, True)


@pytest.mark.parametrize("design", harmless_designs(), ids=lambda design: design.id)
def test_a_shown_link_is_seen_and_a_reachable_one_waits_for_its_visitor(studio, design):
    studio.show(design)
    seen = studio.who_is_seen((*design.reachable, *design.shown))
    assert seen == dict.fromkeys(design.reachable, False) | dict.fromkeys(design.shown, True)
