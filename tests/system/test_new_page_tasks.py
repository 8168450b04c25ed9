"""What a person who had never seen the page failed at or hesitated over (docs/usability.md), each as it goes now."""

import pytest
from playwright.async_api import expect

from tests.support.said import said_by_page
from tests.support.scanned import TARGET
from tests.system.page_support import open_theatre
from tests.system.test_new_page import PHONE, built, open_new_page, sign_in  # noqa: F401 - a fixture
from tests.system.test_new_page_journey import FINDINGS, records, scanned, served  # noqa: F401 - fixtures

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
WIDE = {"width": 2560, "height": 1300}
COLUMN = "https://www.shop.test/start?utm=1\nshop.test\r\nWWW.Shop.test\nbrand.test/landing\n"
ONLY_LINKED = "codeforge.test"  # a third party of the demo that no finding is about
MOST_SCREENS = 4
PASTE = """(field, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""
FITS = "() => document.documentElement.scrollWidth <= innerWidth"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_column_of_addresses_becomes_sites_that_are_scanned_every_monday(browser, tmp_path, language):
    def text(key, **values):
        return said_by_page(key, language, **values)

    async with open_theatre(tmp_path / "data") as theatre:
        page = await open_new_page(browser, theatre.url, "#/sites", locale=language)
        await sign_in(page)
        await page.get_by_role("button", name=text("sites.add"), exact=True).first.click()
        await page.locator("#site-domain").evaluate(PASTE, COLUMN)
        await expect(page.locator("#site-domains")).to_have_value("www.shop.test\nshop.test\nbrand.test")
        dialog = page.get_by_role("dialog", name=text("sites.add"))
        await dialog.get_by_label(text("sites.schedule")).select_option(label=text("sites.kind.weekly"))
        await dialog.get_by_label(text("sites.time"), exact=True).fill("06:00")
        await dialog.get_by_role("button", name=text("sites.add_all"), exact=True).click()
        await expect(page.locator("li.site")).to_have_count(3)
        await expect(page.locator("li.site", has_text="06:00")).to_have_count(3)
        assert page.problems == []


async def test_the_search_also_finds_what_sites_merely_link_to(browser, served):  # noqa: F811 - a fixture
    page = await open_new_page(browser, served.url, locale="en")
    await sign_in(page)
    await page.get_by_role("button", name=said_by_page("search.title", "en")).click()
    await page.keyboard.type(ONLY_LINKED)
    await expect(page.locator(".hit[aria-selected=true]")).to_have_text(ONLY_LINKED)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text(ONLY_LINKED)
    await expect(page.locator("main table a")).to_have_text(TARGET)


async def test_lists_use_a_wide_screen_and_findings_stand_two_beside_each_other(browser, served, records):  # noqa: F811
    page = await open_new_page(browser, served.url, locale="en", viewport=WIDE)
    await sign_in(page)
    for address in ("overview", "scans", "sites", "orders", "review", f"scans/{records.task_id}"):
        await page.goto(f"{served.url}/#/{address}")
        await expect(page.locator("main.roomy")).to_be_visible()
        assert (await page.locator("main").bounding_box())["width"] > 1700, address
    first, second = [await page.locator(".group").nth(number).bounding_box() for number in (0, 1)]
    assert first["y"] == second["y"]
    assert first["x"] + first["width"] < second["x"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_all_findings_of_the_demo_are_four_screens_of_a_phone(browser, served, records, language):  # noqa: F811
    address = f"#/scans/{records.task_id}"
    page = await open_new_page(browser, served.url, address, locale=language, viewport=PHONE)
    await sign_in(page)
    await expect(page.locator(".entry")).to_have_count(FINDINGS)
    assert (await page.locator(".groups").bounding_box())["height"] <= MOST_SCREENS * PHONE["height"]
    assert await page.evaluate(FITS)
