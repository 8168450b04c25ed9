"""The local reader in the administration, in Chromium: from its report to the switch, on a phone."""

import pytest
from playwright.async_api import expect

from app.configuration.queries import local_readers
from tests.integration.test_api_local_reader import REPORT
from tests.support.local_reader import model_data, stored
from tests.system.page_support import sign_in
from tests.system.test_new_page import AXE, PHONE, SERIOUS, STANDING, built, open_new_page  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]


def add_version(backend):
    model = stored(model_data())
    values = {"made_at": backend.clock.now(), "data": model.data, "sha256": model.sha256, "report": REPORT}
    backend.db.write_sync(lambda c: local_readers.add(c, values))


async def test_a_version_is_read_about_switched_on_and_off(browser, theatre):
    add_version(theatre.backend)
    page = await open_new_page(browser, theatre.url, "#/admin/reader", locale="en", viewport=PHONE, color_scheme="dark")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await page.get_by_role("button", name="Show the report").click()
    await expect(page.locator("[data-part=report] .problem")).to_contain_text("shop.example")
    await page.evaluate(AXE.read_text("utf-8"))
    await page.evaluate(STANDING)
    assert await page.evaluate(SERIOUS) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for action, said in (("Enable", "Version 1 is used"), ("Disable", "No version is enabled")):
        await page.get_by_role("button", name=action).click()
        dialog = page.get_by_role("dialog")
        await page.evaluate(STANDING)
        assert await page.evaluate(SERIOUS) == []
        await dialog.get_by_role("button", name=action).click()
        await expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()
        await expect(dialog).to_be_hidden()
    assert page.problems == []
