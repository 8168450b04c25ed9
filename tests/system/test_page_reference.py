"""The page about the real-time protocol, in the real Chromium, in front of the real server: read, sign in, watch."""

import json

import pytest
from playwright.async_api import expect

from app.domain.stages import StageKey
from tests.support.backend import ADMIN_PASSWORD
from tests.system.page_support import open_page

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

LANGUAGES = {"zh-CN": "身份验证", "en": "Authorize"}
TOKEN_OF_TAB = "JSON.parse(sessionStorage.getItem('compliance.session')).access"
# Opens everything, and what is within it, and says how much that is. What is opened is made in a later turn.
UNFOLD = """async () => {
    for (;;) {
        const closed = document.querySelectorAll("details:not([open])");
        closed.forEach((details) => (details.open = true));
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (!closed.length) break;
    }
    if (document.querySelector("details.folded:not(:has(> .inside))")) throw new Error("an empty one");
    return document.querySelectorAll("details.folded").length;
}"""
# Texts that stand for what is not there: keys without a text, and values without a value.
BARE = r"""() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const text = walker.currentNode.data.trim();
        if (/^reference\.[a-z_]+$|undefined|\[object|NaN/.test(text)) found.push(text);
    }
    return found;
}"""


async def open_reference(browser, theatre, fragment="", **options):
    """The page, built. `page.addresses` has what it asked for, `page.complaints` what the browser said against it."""
    page = await open_page(browser, "about:blank", **options)
    page.addresses, page.complaints = [], []
    page.on("request", lambda request: page.addresses.append(request.url))
    page.on("websocket", lambda socket: page.addresses.append(socket.url))
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    await page.goto(f"{theatre.url}/asyncapi{fragment}")
    await expect(page.locator("#access")).to_be_visible()
    return page


async def authorize(page):
    await page.fill("#username", "admin")
    await page.fill("#password", ADMIN_PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator(".access-state")).to_contain_text("admin")


async def open_operation(page, operation):
    element = page.locator(f"[id='{operation}']")
    await element.locator("> summary").click()
    return element


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [1280, 390])
async def test_everything_unfolds_in_both_languages_and_fits(browser, theatre, language, width):
    page = await open_reference(
        browser, theatre, locale=language, viewport={"width": width, "height": 844}, color_scheme="dark"
    )
    await expect(page.locator("#access h2")).to_have_text(LANGUAGES[language])
    assert await page.evaluate(UNFOLD) > 80
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.evaluate(BARE) == []
    ids = await page.locator("[id]").evaluate_all("(elements) => elements.map((element) => element.id)")
    assert sorted(set(ids)) == sorted(ids)
    links = await page.locator("main a[href^='#'], .contents a").evaluate_all(
        "(links) => links.map((link) => link.getAttribute('href').slice(1))"
    )
    assert set(links) <= set(ids)
    assert page.problems == page.complaints == []


async def test_a_pasted_token_is_used_and_is_gone_with_the_page(browser, theatre):
    page = await open_reference(browser, theatre, locale="en")
    pair = await theatre.backend.auth.login("admin", ADMIN_PASSWORD, address="127.0.0.1")
    await page.fill("#token", f"Bearer {pair.access_token}")
    await page.get_by_role("button", name="Use the token").click()
    await page.get_by_role("button", name="Connect", exact=True).click()
    await expect(page.locator(".frames")).to_contain_text("connection_established")
    assert await page.evaluate("sessionStorage.length") == 0
    assert pair.access_token not in await page.content()
    await page.reload()
    await expect(page.locator("#username")).to_be_visible()


async def test_the_console_opens_a_socket_follows_a_task_and_shows_its_frames(browser, theatre):
    scene = await theatre.scene("corp.test")
    page = await open_reference(browser, theatre, locale="en")
    await authorize(page)
    await page.get_by_role("button", name="Connect", exact=True).click()
    frames = page.locator(".frames")
    await expect(frames).to_contain_text("connection_established")
    await expect(page.locator(f"#console-tasks option[value='{scene.task_id}']")).to_have_count(1)
    await (await open_operation(page, "message.command.subscribe_task")).get_by_role("button").click()
    await page.fill("#console-task", scene.task_id)
    await page.keyboard.press("Tab")
    assert json.loads(await page.locator("#console-text").input_value())["task_id"] == scene.task_id
    await page.locator("#console").get_by_role("button", name="Send").click()
    await expect(frames).to_contain_text("subscription_result")
    await expect(frames).to_contain_text("task_snapshot")
    await scene.progress(12, StageKey.SUBDOMAIN_DISCOVERY, 60, "Asking")
    frame = frames.locator("li", has_text="task_progress").last
    await frame.locator("summary").click()
    shown = json.loads(await frame.locator("pre").inner_text())
    assert (shown["task_id"], shown["progress"]) == (scene.task_id, 12)

    await page.select_option("#console-command", "auth")
    await page.locator("#console").get_by_role("button", name="Send").click()
    await expect(frames).to_contain_text("auth_result")
    token = await page.evaluate(TOKEN_OF_TAB)
    assert token not in await page.content()
    assert [address for address in page.addresses if token in address] == []
    assert any("/monitor/ws?ticket=" in address for address in page.addresses)

    await page.get_by_role("button", name="Disconnect").click()
    await expect(frames).to_contain_text("Closed with 1000.")
    assert page.problems == page.complaints == []


async def test_the_server_s_close_code_is_shown_with_what_it_means(browser, theatre):
    page = await open_reference(browser, theatre, locale="en")
    await authorize(page)
    await page.get_by_role("button", name="Connect", exact=True).click()
    await expect(page.locator(".frames")).to_contain_text("connection_established")
    await page.locator("#console-text").fill("not JSON at all")
    for _ in range(3):
        await page.locator("#console").get_by_role("button", name="Send").click()
    await expect(page.locator(".frames")).to_contain_text("bad_json")
    await expect(page.locator(".frames")).to_contain_text("Closed with 4029.")
    await expect(page.locator(".frames")).to_contain_text("Too many invalid frames")


async def test_an_address_opens_what_it_names_and_the_keyboard_goes_on_from_there(browser, theatre):
    page = await open_reference(browser, theatre, "#message.command.ping", locale="en")
    message = page.locator("[id='message.command.ping']")
    await expect(message).to_have_attribute("open", "")
    assert await page.evaluate("document.activeElement.parentElement.id") == "message.command.ping"


async def test_the_language_is_changed_and_remembered(browser, theatre):
    page = await open_reference(browser, theatre, locale="en")
    await page.get_by_role("button", name="切换到中文").click()
    await expect(page.locator("#access h2")).to_have_text(LANGUAGES["zh-CN"])
    assert page.addresses[-1].endswith("/asyncapi.json?lang=zh-CN")
    await page.reload()
    await expect(page.locator("#console h2")).to_have_text("控制台")
