"""What the page costs on the wire, in Chromium."""

import pytest

from bench.page_figures import LOADED
from tests.system.page_support import open_page, open_theatre, sign_in
from tests.system.test_new_page import built  # noqa: F401 - a fixture
from tests.system.test_nginx import Front

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
# What came over the network for each file of the page; 0 for one that the browser still had.
TRANSFERRED = """() => performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/assets/"))
    .map((entry) => entry.transferSize)"""
HAS_LOADED = f"(least) => ({TRANSFERRED})().length >= least"


async def test_the_page_comes_compressed_through_the_proxy(tmp_path, browser):
    async with open_theatre(tmp_path / "data", trusted_proxies=("127.0.0.1",)) as theatre:
        front = Front(tmp_path / "nginx", theatre.settings.port)
        with front.running():
            await front.answers()
            url = f"https://127.0.0.1:{front.port}/"
            page = await open_page(browser, url, locale="en", ignore_https_errors=True)
            await sign_in(page)
            sent, unpacked = await page.evaluate(LOADED)
    assert 0 < sent < 0.4 * unpacked


async def test_files_that_the_browser_has_are_not_asked_for_again(theatre, browser):
    page = await open_page(browser, theatre.url, locale="en")
    await sign_in(page)
    first = await page.evaluate(TRANSFERRED)
    assert all(first)
    await page.goto("about:blank")
    await page.goto(theatre.url)
    await page.wait_for_function(HAS_LOADED, arg=len(first) / 2)
    again = await page.evaluate(TRANSFERRED)
    assert not any(again)
