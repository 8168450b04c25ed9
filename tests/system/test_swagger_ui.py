"""`/docs`, Swagger UI under our Content-Security-Policy, in the real Chromium and in front of the real server."""

import json

import pytest
from playwright.async_api import expect

from tests.support.backend import ADMIN_PASSWORD
from tests.system.page_support import open_page
from tests.system.test_new_page import built  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

DESCRIBED = """async () => Object.values((await (await fetch("openapi.json")).json()).paths)
    .reduce((sum, methods) => sum + Object.keys(methods).length, 0)"""
# What Swagger UI says of each address whose operation has a `_` in its name.
OWN_NOTICE = "Deprecated: escaping deep link whitespace"


def is_complaint(said):
    return said.type == "error" and not said.text.startswith(OWN_NOTICE)


async def open_docs(browser, theatre, place="", **options):
    """The page, drawn. `page.addresses` has what it asked for, `page.complaints` what the browser said against it."""
    page = await open_page(browser, "about:blank", **options)
    page.addresses, page.complaints = [], []
    page.on("request", lambda request: page.addresses.append(request.url))
    page.on("console", lambda said: page.complaints.append(said.text) if is_complaint(said) else None)
    await page.goto(f"{theatre.url}/docs{place}")
    await expect(page.locator(".opblock").first).to_be_visible()
    return page


async def authorize(page, theatre):
    pair = await theatre.backend.auth.login("admin", ADMIN_PASSWORD, address="127.0.0.1")
    await page.locator(".auth-wrapper .authorize").click()
    form = page.locator(".auth-container", has_text="bearer")
    await form.locator("input").fill(pair.access_token)
    await form.get_by_role("button", name="Apply").click()
    await page.locator(".close-modal").click()
    return pair.access_token


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "开始扫描"), ("en", "Start a scan")])
async def test_every_operation_is_shown_in_the_reader_s_language_and_nothing_is_refused(
    browser, theatre, language, words
):
    page = await open_docs(browser, theatre, locale=language)
    await expect(page.locator(".opblock")).to_have_count(await page.evaluate(DESCRIBED))
    await expect(page.locator("#operations-tasks-create_task")).to_contain_text(words)
    assert await page.evaluate("document.documentElement.lang") == language
    assert [address for address in page.addresses if not address.startswith((theatre.url, "data:"))] == []
    assert page.problems == page.complaints == []


async def test_the_language_that_the_page_has_remembered_goes_before_the_browser_s(browser, theatre):
    page = await open_docs(browser, theatre, locale="en")
    await page.evaluate("localStorage.setItem('compliance.language', 'zh-CN')")
    await page.reload()
    await expect(page.locator("#operations-tasks-create_task")).to_contain_text("开始扫描")


async def test_a_request_is_tried_out_with_a_token_and_an_address_opens_its_operation(browser, theatre):
    scene = await theatre.scene("corp.test")
    page = await open_docs(browser, theatre, "#/tasks/list_tasks", locale="en")
    token = await authorize(page, theatre)
    operation = page.locator("#operations-tasks-list_tasks")
    await operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response").first
    await expect(answer.locator(".response-col_status")).to_contain_text("200")
    shown = json.loads(await answer.locator("pre.microlight, .highlight-code pre").first.inner_text())
    assert [item["id"] for item in shown["items"]] == [scene.task_id]
    assert [address for address in page.addresses if token in address] == []
    assert page.problems == page.complaints == []
