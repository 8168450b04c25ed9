"""A page that stays open in Chromium while the server is upgraded."""

import re

import pytest
from playwright.async_api import expect

from tests.system.test_new_page import built, open_new_page, sign_in  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
ENTRY = re.compile(r"\./assets/index-[\w-]+\.js")


async def test_a_view_that_is_gone_after_an_upgrade_is_reached_in_the_new_version(browser, theatre):
    page = await open_new_page(browser, theatre.url, "#/overview", locale="en")
    await sign_in(page)
    asked = []

    async def upgraded(route):
        """What this page has not loaded is gone, and `/` begins with another script, until it is loaded anew."""
        kind = route.request.resource_type
        if "document" not in asked:
            asked.append(kind)
        if "document" in asked:
            await route.continue_()
        elif kind == "script":
            await route.fulfill(status=404)
        else:
            answer = await route.fetch()
            await route.fulfill(response=answer, body=ENTRY.sub("./assets/index-next.js", await answer.text()))

    await page.route(re.compile(r"/assets/ReviewView-.*\.js$"), upgraded)
    await page.route(f"{theatre.url}/", upgraded)
    await page.get_by_role("link", name="Review", exact=True).click()
    await expect(page.get_by_role("heading", level=1, name="Review")).to_be_visible()
    assert page.url == f"{theatre.url}/#/review"
    assert list(dict.fromkeys(asked)) == ["script", "fetch", "document"]
    await page.go_back()
    await expect(page).to_have_url(f"{theatre.url}/#/overview")
    await expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
