"""The pages about the interface, in the real Chromium, in front of the real server: read, sign in, try out, watch."""

import asyncio
import json

import pytest
from playwright.async_api import expect

from app.domain.stages import StageKey
from tests.support.backend import ADMIN_PASSWORD
from tests.system.page_support import open_page

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

PAGES = ["docs", "asyncapi"]
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


async def open_reference(browser, theatre, name, **options):
    """The page, built. `page.addresses` has what it asked for, `page.complaints` what the browser said against it."""
    page = await open_page(browser, "about:blank", **options)
    page.addresses, page.complaints = [], []
    page.on("request", lambda request: page.addresses.append(request.url))
    page.on("websocket", lambda socket: page.addresses.append(socket.url))
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    await page.goto(f"{theatre.url}/{name}")
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


def answer_of(operation):
    return operation.locator(".answer")


async def shown_json(operation):
    return json.loads(await answer_of(operation).locator("pre").inner_text())


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [1280, 390])
async def test_everything_unfolds_in_both_languages_and_fits(browser, theatre, name, language, width):
    page = await open_reference(
        browser, theatre, name, locale=language, viewport={"width": width, "height": 844}, color_scheme="dark"
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


async def test_a_token_is_had_by_signing_in_and_a_get_is_tried_out(browser, theatre):
    scene = await theatre.scene("corp.test")
    page = await open_reference(browser, theatre, "docs", locale="en")
    await authorize(page)
    operation = await open_operation(page, "list_tasks")
    await page.locator("[id='list_tasks.query.status']").select_option("running")
    await operation.get_by_role("button", name="Send").click()
    await expect(answer_of(operation).locator("strong")).to_have_text("200 OK")
    assert [item["id"] for item in (await shown_json(operation))["items"]] == [scene.task_id]
    await answer_of(operation).locator("summary").click()
    await expect(answer_of(operation).locator(".headers")).to_contain_text("no-store")
    token = await page.evaluate(TOKEN_OF_TAB)
    await page.get_by_role("button", name="Show as curl").click()
    await expect(operation.locator("pre").filter(has_text="curl")).to_contain_text("Bearer $TOKEN")
    assert token not in await page.content()
    assert [address for address in page.addresses if token in address or not address.startswith(theatre.url)] == []
    assert page.problems == page.complaints == []


async def test_a_post_is_tried_out_with_a_body_and_what_is_wrong_is_shown(browser, theatre):
    page = await open_reference(browser, theatre, "docs", locale="en")
    await authorize(page)
    operation = await open_operation(page, "create_task")
    example = json.loads(await page.locator("[id='create_task.body']").input_value())
    assert example["target_domain"] == "example.com"
    await page.locator("[id='create_task.body']").fill('{"target_domain": "shop.test", "colour": 1}')
    await operation.get_by_role("button", name="Send").click()
    await expect(answer_of(operation).locator("strong")).to_contain_text("422")
    assert (await shown_json(operation))["errors"][0]["field"] == "body.colour"
    await page.locator("[id='create_task.body']").fill('{"target_domain": "shop.test"}')
    await operation.get_by_role("button", name="Send").click()
    await expect(answer_of(operation).locator("strong")).to_contain_text("201")
    made = await shown_json(operation)
    assert made["target_domain"] == "shop.test"

    cancelling = await open_operation(page, "cancel_task")
    await page.locator("[id='cancel_task.path.task_id']").fill(made["id"])
    await cancelling.get_by_role("button", name="Send").click()
    await expect(answer_of(cancelling).locator("strong")).to_contain_text("202")


async def test_what_is_missing_is_said_an_id_is_remembered_and_deleting_asks_first(browser, theatre):
    scene = await theatre.scene(claimed=False)
    page = await open_reference(browser, theatre, "docs", locale="en")
    await authorize(page)
    await open_operation(page, "get_task")
    gone = await open_operation(page, "delete_task")
    await gone.get_by_role("button", name="Send").click()
    await expect(gone.get_by_role("alert")).to_have_text("Still to be filled in: task_id")
    await page.locator("[id='get_task.path.task_id']").fill(scene.task_id)
    await page.locator("[id='delete_task.path.task_id']").focus()
    await expect(page.locator("[id='delete_task.path.task_id']")).to_have_value(scene.task_id)
    await gone.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("dialog")).to_contain_text(scene.task_id)
    await page.keyboard.press("Escape")
    await expect(answer_of(gone)).to_be_hidden()
    await gone.get_by_role("button", name="Send").click()
    await page.get_by_role("dialog").get_by_role("button", name="Send").click()
    await expect(answer_of(gone).locator("strong")).to_have_text("204 No Content")
    await expect(answer_of(gone)).to_contain_text("Without a body.")


async def test_without_a_token_the_page_says_so_and_shows_the_refusal(browser, theatre):
    page = await open_reference(browser, theatre, "docs")
    operation = await open_operation(page, "me")
    await operation.get_by_role("button", name="发送").click()
    await expect(operation.get_by_role("alert")).to_have_text("尚未提供令牌，请先在上方完成身份验证。")
    await expect(answer_of(operation).locator("strong")).to_contain_text("401")


async def test_a_pasted_token_is_used_and_is_gone_with_the_page(browser, theatre):
    page = await open_reference(browser, theatre, "docs", locale="en")
    pair = await theatre.backend.auth.login("admin", ADMIN_PASSWORD, address="127.0.0.1")
    await page.fill("#token", f"Bearer {pair.access_token}")
    await page.get_by_role("button", name="Use the token").click()
    operation = await open_operation(page, "me")
    await operation.get_by_role("button", name="Send").click()
    await expect(answer_of(operation).locator("pre")).to_contain_text('"admin"')
    assert await page.evaluate("sessionStorage.length") == 0
    assert pair.access_token not in await page.content()
    await page.reload()
    await expect(page.locator("#username")).to_be_visible()


async def test_a_stream_is_shown_as_it_comes_and_is_stopped(browser, theatre):
    scene = await theatre.scene()
    page = await open_reference(browser, theatre, "docs", locale="en")
    await authorize(page)
    operation = await open_operation(page, "follow_events")
    assert await page.locator("[id='follow_events.query.token']").count() == 0  # no token in an address
    await page.locator("[id='follow_events.path.task_id']").fill(scene.task_id)
    await operation.get_by_role("button", name="Send").click()
    text = answer_of(operation).locator("pre")
    await expect(text).to_contain_text("event: task_snapshot")
    await scene.log("something new on the page")
    await expect(text).to_contain_text("something new on the page")
    await answer_of(operation).get_by_role("button", name="Stop").click()
    await expect(answer_of(operation)).to_contain_text("Stopped; this is what had come by then.")
    await scene.log("never seen")
    await expect(text).not_to_contain_text("never seen")


async def test_an_answer_is_awaited_given_up_for_the_next_and_may_never_come(browser, theatre):
    page = await open_reference(browser, theatre, "docs", locale="en")
    held = asyncio.Event()

    async def hold(route):
        await held.wait()
        await route.continue_()

    await page.route("**/livez", hold)
    operation = await open_operation(page, "live")
    send = operation.get_by_role("button", name="Send")
    await send.click()
    await expect(answer_of(operation).locator("strong")).to_have_text("…")
    await answer_of(operation).get_by_role("button", name="Stop").click()
    await expect(answer_of(operation)).to_be_hidden()
    await expect(operation.get_by_role("alert")).to_be_hidden()
    await send.click()
    await send.click()
    held.set()
    await expect(answer_of(operation).locator("strong")).to_have_text("200 OK")
    await expect(operation.get_by_role("alert")).to_be_hidden()
    await page.unroute("**/livez")
    await theatre.stop()
    await send.click()
    await expect(operation.get_by_role("alert")).to_have_text("The server cannot be reached.")
    assert page.problems == []


async def test_a_download_is_not_shown_but_saved(browser, theatre):
    scene = await theatre.scene()
    page = await open_reference(browser, theatre, "docs", locale="en")
    await authorize(page)
    operation = await open_operation(page, "get_report")
    await page.locator("[id='get_report.path.task_id']").fill(scene.task_id)
    await page.locator("[id='get_report.query.format']").select_option("html")
    await operation.get_by_role("button", name="Send").click()
    await expect(answer_of(operation)).to_contain_text("A file; it is not shown here.")
    async with page.expect_download() as saved:
        await answer_of(operation).get_by_role("button", name="Save as a file").click()
    download = await saved.value
    assert download.suggested_filename.endswith(".html")
    content = await asyncio.to_thread((await download.path()).read_bytes)
    assert content[:200].lower().startswith(b"<!doctype html>")


async def test_the_console_opens_a_socket_follows_a_task_and_shows_its_frames(browser, theatre):
    scene = await theatre.scene("corp.test")
    page = await open_reference(browser, theatre, "asyncapi", locale="en")
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
    page = await open_reference(browser, theatre, "asyncapi", locale="en")
    await authorize(page)
    await page.get_by_role("button", name="Connect", exact=True).click()
    await expect(page.locator(".frames")).to_contain_text("connection_established")
    await page.locator("#console-text").fill("not JSON at all")
    for _ in range(3):
        await page.locator("#console").get_by_role("button", name="Send").click()
    await expect(page.locator(".frames")).to_contain_text("bad_json")
    await expect(page.locator(".frames")).to_contain_text("Closed with 4029.")
    await expect(page.locator(".frames")).to_contain_text("Too many frames that were not understood")


async def test_it_is_used_by_the_keyboard_alone_and_an_address_opens_what_it_names(browser, theatre):
    page = await open_reference(browser, theatre, "docs#live", locale="en")
    await expect(page.locator("#live")).to_have_attribute("open", "")
    assert await page.evaluate("document.activeElement.parentElement.id") == "live"
    await page.keyboard.press("Tab")
    await expect(page.locator("#live").get_by_role("button", name="Send")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(answer_of(page.locator("#live")).locator("strong")).to_have_text("200 OK")


async def test_the_language_is_changed_and_remembered(browser, theatre):
    page = await open_reference(browser, theatre, "docs", locale="en")
    await page.get_by_role("button", name="切换到中文").click()
    await expect(page.locator("#access h2")).to_have_text(LANGUAGES["zh-CN"])
    assert page.addresses[-1].endswith("/openapi.json?lang=zh-CN")
    await expect(page.locator("#create_task > summary")).to_contain_text("开始扫描")
    await page.goto(f"{theatre.url}/asyncapi")
    await expect(page.locator("#console h2")).to_have_text("控制台")
