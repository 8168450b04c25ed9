"""A scan on the page that is read by a link: without signing in, without anything to act on, and nothing else."""

import pytest
from playwright.async_api import expect

from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from tests.support.said import said_by_page
from tests.system.page_evidence import store_evidence
from tests.system.test_new_page import built, open_new_page, sign_in  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]


async def test_a_link_shows_the_scan_to_somebody_who_is_not_signed_in(browser, theatre):
    scene = await theatre.scene()
    store_evidence(theatre, scene)
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.93, "The page is a casino's.")
    page = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}", locale="en")
    await sign_in(page)
    await page.click(".share")
    await page.click(".el-dialog button[type=submit]")
    address = await page.locator(".el-dialog .secret code").inner_text()

    reader = await open_new_page(browser, theatre.url, "#/sign-in", locale="en")
    await reader.wait_for_selector("#username")
    asked = []

    def note(request):
        asked.append(request)

    reader.on("request", note)
    await reader.goto(address)  # the address alone changes: the page is loaded anew by itself
    await expect(reader.locator("h1")).to_have_text("corp.test")
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1, total_pages_crawled=9)
    await expect(reader.locator(".entry .evidence")).to_be_visible()
    for gone in (".share", ".live", ".bar nav", "[data-tab=log]", "#username"):
        await expect(reader.locator(gone)).to_have_count(0)
    await reader.click(".entry .evidence")
    await expect(reader.locator("h1.domain")).to_have_text("casino.test")
    await expect(reader.locator(".screenshot img")).to_be_visible()
    await expect(reader.locator(".decision")).to_have_count(0)

    token = address.rpartition("/")[2]
    sent = [request for request in asked if "/api/" in request.url]
    assert {request.method for request in sent} == {"GET"}
    assert [request.url for request in asked if token in request.url.partition("#")[0]] == []
    assert {request.headers.get("authorization") for request in sent if scene.task_id in request.url} == {
        f"Bearer {token}"
    }

    await page.click(".el-dialog .link button")
    await expect(page.locator(".el-dialog .link")).to_have_count(0)
    await reader.goto(address)
    await reader.reload()
    await expect(reader.locator("h1")).to_have_text(said_by_page("share.gone_title"))
    assert reader.problems == []
