"""Being signed in on the page, in Chromium: tabs, restarts, other users, ends, and what no script may do."""

import re

import pytest
from playwright.async_api import async_playwright, expect

from app.domain.stages import StageKey
from app.domain.violations import ViolationKey
from tests.support.backend import ADMIN_PASSWORD, USER_PASSWORD
from tests.support.said import said_by_page
from tests.system.page_support import BROWSER, WAIT_MS, Theatre, open_theatre
from tests.system.test_new_page import built, open_new_page, sign_in  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
COOKIE_ROUTES = "/api/v1/auth/cookie/"
# What a script that got into the page would try. Each is refused by its name, and changes nothing.
INJECTIONS = {
    "TrustedHTML": [
        "document.getElementById('content').innerHTML = '<img src=x onerror=\"window.injected = 1\">'",
        "document.body.insertAdjacentHTML('beforeend', '<b>injected</b>')",
        "document.createElement('iframe').srcdoc = '<b>injected</b>'",
        "document.write('injected')",
        "new DOMParser().parseFromString('<b>injected</b>', 'text/html')",
    ],
    "TrustedScriptURL": ["document.createElement('script').src = '/static/dom.js'"],
    "TrustedScript": ["document.createElement('script').text = 'window.injected = 1'"],
    "disallowed": ["trustedTypes.createPolicy('mine', { createHTML: (text) => text })"],
    "already exists": ["trustedTypes.createPolicy('vue', { createHTML: (text) => text })"],
}
# A new tab waits for the others to answer as long as it takes them on a busy machine, not a tenth of a second.
PATIENT = """((later) => {
    window.setTimeout = (run, ms, ...more) => later(run, ms === 100 ? 20_000 : ms, ...more);
})(setTimeout)"""
ATTEMPT = "(code) => { try { Function; %s; return 'let through'; } catch (error) { return error.message; } }"


async def open_tab(page, address):
    """Another window of the same browser, and which routes of the cookie it asked."""
    tab = await page.context.new_page()
    await tab.add_init_script(PATIENT)
    tab.asked = []
    tab.on("request", lambda request: tab.asked.append(request.url) if COOKIE_ROUTES in request.url else None)
    await tab.goto(address)
    return tab


async def add_user(theatre: Theatre, name: str = "mei") -> None:
    await theatre.backend.users.create(
        username=name, email=f"{name}@corp.test", password=USER_PASSWORD, role="user", by="test"
    )


async def sign_in_as(page, name):
    await page.fill("#username", name)
    await page.fill("#password", USER_PASSWORD)
    await page.click("form button[type=submit]")
    await page.wait_for_selector(".bar")


async def test_tabs_share_one_session_and_its_end(browser, theatre):
    scene = await theatre.scene()
    page = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}", locale="en")
    await page.wait_for_selector("#username")
    await sign_in(page)
    tab = await open_tab(page, f"{theatre.url}/#/scans/{scene.task_id}")
    await expect(tab.locator("h1")).to_have_text("corp.test")
    assert tab.asked == []  # the first tab has told it
    await scene.progress(40, StageKey.PAGE_CRAWL, 40, "on and on")
    for one in (page, tab):
        await expect(one.locator(".verdict .percent")).to_have_text("40%")
    # No script can read what renews the session, and no storage has a token.
    for one in (page, tab):
        kept = await one.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
        assert "eyJ" not in kept
    await tab.get_by_role("button", name="Sign out").click()
    for one in (page, tab):
        await expect(one.locator("#username")).to_be_visible()
    await page.reload()
    await expect(page.locator("#username")).to_be_visible()
    # Who signs in on one is signed in on both, each where its link led.
    await page.goto(f"{theatre.url}/#/review")
    await sign_in(page)
    await expect(tab.locator(".bar")).to_be_visible()
    await expect(page.locator("h1")).to_have_text("Review")
    assert page.problems == []


async def test_a_browser_that_was_closed_is_signed_in_when_it_is_opened_again(theatre, tmp_path):
    async with async_playwright() as playwright:
        scene = await theatre.scene()
        address = f"{theatre.url}/#/scans/{scene.task_id}"

        async def open_again():
            context = await playwright.chromium.launch_persistent_context(tmp_path / "profile", **BROWSER, locale="en")
            context.set_default_timeout(WAIT_MS)
            page = context.pages[0]
            await page.goto(address)
            return context, page

        context, page = await open_again()
        await page.wait_for_selector("#username")
        await sign_in(page)
        await expect(page.locator("h1")).to_have_text("corp.test")
        await context.close()
        context, page = await open_again()
        await expect(page.locator("h1")).to_have_text("corp.test")
        await expect(page.locator(".live[data-kind=live]")).to_be_visible()
        # Signing out while the server is away must not leave a way back in.
        await theatre.stop()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.locator("#username")).to_be_visible()
        await context.close()
        await theatre.start()
        context, page = await open_again()
        await expect(page.locator("#username")).to_be_visible()
        assert await context.cookies(f"{theatre.url}{COOKIE_ROUTES}refresh") == []
        await context.close()


async def test_nobody_sees_anything_of_somebody_else(browser, theatre):
    await add_user(theatre)
    scene = await theatre.scene()
    admins = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}", locale="en")
    await admins.wait_for_selector("#username")
    await sign_in(admins)
    theirs = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}", locale="en")
    await theirs.wait_for_selector("#username")
    await sign_in_as(theirs, "mei")
    await expect(theirs.locator("h1")).to_have_text("Scan not found")
    await theirs.goto(f"{theatre.url}/#/scans")
    await expect(theirs.locator(".state")).to_contain_text("No scans yet")
    heard = []
    theirs.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(frame)))  # noqa: PLW0108 - it marks what it is given
    await theirs.reload()
    await expect(theirs.locator(".live[data-kind=live]")).to_be_visible()
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.9, "bets")
    await expect(admins.locator(".entry")).to_have_count(1)
    await expect(theirs.locator(".row")).to_have_count(0)
    assert heard
    assert not any(scene.task_id in str(frame) or "casino.test" in str(frame) for frame in heard)
    for view in ("#/admin/users", "#/admin/connections"):
        await theirs.goto(f"{theatre.url}/{view}")
        await expect(theirs.locator("[data-state=forbidden]")).to_be_visible()
    assert admins.problems == theirs.problems == []


async def test_a_tab_of_the_user_before_is_loaded_anew_for_the_next(browser, theatre):
    await add_user(theatre)
    await theatre.scene("secret.test")
    page = await open_new_page(browser, theatre.url, "#/scans", locale="en")
    await sign_in(page)
    await expect(page.locator(".row")).to_contain_text("secret.test")
    # Another window of this browser that did not hear of the first: it signs in by itself.
    tab = await page.context.new_page()
    await tab.add_init_script("delete window.BroadcastChannel")
    await tab.context.clear_cookies()
    await tab.goto(f"{theatre.url}/#/scans")
    await sign_in_as(tab, "mei")
    await page.evaluate("window.isOld = true")
    theatre.clock.turned_s = theatre.settings.access_token_ttl_s + 1  # now the first needs the cookie
    await expect(page.locator(".user")).to_have_text("mei")
    await expect(page.locator(".state")).to_contain_text("No scans yet")
    assert await page.evaluate("window.isOld") is None
    assert "secret.test" not in await page.content()


async def test_an_access_token_that_ends_is_nothing_that_a_reader_notices(browser, tmp_path):
    async with open_theatre(tmp_path, ws_check_interval_s=0.05) as theatre:
        scene = await theatre.scene()
        page = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}", locale="en")
        await page.wait_for_selector("#username")
        await sign_in(page)
        await expect(page.locator(".live[data-kind=live]")).to_be_visible()
        async with page.expect_response(lambda answer: answer.url.endswith("cookie/refresh")) as renewed:
            theatre.clock.turned_s = theatre.settings.access_token_ttl_s + 1
        assert (await renewed.value).status == 200
        await scene.progress(40, StageKey.PAGE_CRAWL, 40, "on and on")
        await expect(page.locator(".verdict .percent")).to_have_text("40%")
        assert page.problems == []


async def test_a_session_that_ran_out_meanwhile_leads_to_signing_in_and_back(browser, tmp_path):
    async with open_theatre(tmp_path, ws_check_interval_s=0.05) as theatre:
        scene = await theatre.scene()
        address = f"#/scans/{scene.task_id}"
        page = await open_new_page(browser, theatre.url, address, locale="en")
        await page.wait_for_selector("#username")
        await sign_in(page)
        await expect(page.locator(".live[data-kind=live]")).to_be_visible()
        theatre.clock.turned_s = theatre.settings.refresh_token_ttl_s + 1
        await expect(page.locator(".problem")).to_have_text(said_by_page("signin.ended"))
        assert await page.get_by_text("corp.test").count() == 0
        await sign_in(page)
        await expect(page.locator("h1")).to_have_text("corp.test")
        assert page.url.endswith(address)
        assert page.problems == []


async def test_signing_out_everywhere_reaches_other_browsers(browser, theatre):
    here = await open_new_page(browser, theatre.url, "#/profile", locale="en")
    there = await open_new_page(browser, theatre.url, "#/review", locale="en")
    for page in (here, there):
        await page.wait_for_selector("#username")
        await sign_in(page)
    await expect(there.locator(".live[data-kind=live]")).to_be_visible()
    await here.get_by_role("button", name="Sign out everywhere").click()
    await expect(here.locator("#username")).to_be_visible()
    await expect(there.locator(".problem")).to_have_text(said_by_page("signin.ended"))
    await there.reload()
    await expect(there.locator("#username")).to_be_visible()
    assert here.problems == there.problems == []


async def test_a_page_that_opens_while_the_server_is_away_asks_for_no_password(browser, theatre):
    page = await open_new_page(browser, theatre.url, "#/review", locale="en")
    await page.wait_for_selector("#username")
    await sign_in(page)
    refresh = re.compile("cookie/refresh$")
    await page.route(refresh, lambda route: route.abort())
    await page.reload()
    await expect(page.locator("[data-state=failed]")).to_contain_text(said_by_page("error.network"))
    assert await page.locator("#username").count() == 0
    await page.unroute(refresh)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("h1")).to_have_text("Review")
    assert page.problems == []


async def test_no_text_becomes_markup_or_code_wherever_it_comes_from(browser, theatre):
    page = await open_new_page(browser, theatre.url, "#/scans", locale="en")
    await sign_in(page)
    await expect(page.locator(".state")).to_be_visible()
    assert page.problems == []
    before = await page.content()
    for reason, codes in INJECTIONS.items():
        for code in codes:
            assert reason in await page.evaluate(ATTEMPT % code), code
    assert await page.evaluate("window.injected") is None
    assert await page.content() == before
    answer = await page.request.get(f"{theatre.url}/")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


async def test_a_page_of_another_origin_can_do_nothing_with_the_cookie(browser, theatre, tmp_path):
    """A neighbour on the same host: SameSite lets its requests take the cookie along."""
    async with open_theatre(tmp_path / "other") as other:
        page = await open_new_page(browser, theatre.url, "#/scans", locale="en")
        await sign_in(page)
        foreign = await page.context.new_page()
        await foreign.goto(f"{other.url}/static/favicon.svg")
        await foreign.goto(f"{other.url}/livez")
        sent = []
        page.context.on("response", lambda answer: sent.append(answer) if theatre.url in answer.url else None)
        for mode in ("cors", "no-cors"):
            for name in ("refresh", "logout"):
                await foreign.evaluate(
                    "([url, mode]) => fetch(url, { method: 'POST', mode, credentials: 'include' }).catch(() => null)",
                    [f"{theatre.url}{COOKIE_ROUTES}{name}", mode],
                )
        for answer in sent:
            assert answer.status in {400, 403}, (answer.url, answer.status)
        await page.reload()
        await expect(page.locator(".user")).to_have_text("admin")
        assert ADMIN_PASSWORD not in await page.content()


async def test_a_connection_that_an_administrator_closes_is_not_the_end_of_the_session(browser, theatre):
    scene = await theatre.scene()
    page = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}", locale="en")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.locator(".live[data-kind=live]")).to_be_visible()
    tab = await open_tab(page, f"{theatre.url}/#/review")
    await expect(tab.locator(".live[data-kind=live]")).to_be_visible()
    manager = theatre.backend.manager
    oldest = min(manager.registry.all(), key=lambda connection: connection.opened_at)
    assert await manager.close_socket(oldest.connection_id)
    notice = page.locator(".stopped")
    await expect(notice).to_contain_text("An administrator closed the live connection of this window.")
    await scene.progress(40, StageKey.PAGE_CRAWL, 40, "on and on")
    await expect(tab.locator(".live[data-kind=live]")).to_be_visible()  # the other window has not noticed
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.locator(".live[data-kind=stopped]")).to_be_visible()  # and this one does not come back by itself
    assert await page.locator("h1").inner_text() == "corp.test"
    await notice.get_by_role("button", name="Reconnect").click()
    await expect(page.locator(".live[data-kind=live]")).to_be_visible()
    await expect(notice).to_have_count(0)
    await expect(page.locator(".verdict .percent")).to_have_text("40%")
    assert page.problems == []


async def test_a_window_too_many_is_told_and_comes_back_on_demand(browser, tmp_path):
    async with open_theatre(tmp_path, ws_max_connections_per_user=1) as theatre:
        first = await open_new_page(browser, theatre.url, "#/review", locale="en")
        second = await open_new_page(browser, theatre.url, "#/review", locale="en")
        await sign_in(first)
        await expect(first.locator(".live[data-kind=live]")).to_be_visible()
        await sign_in(second)
        await expect(first.locator(".stopped")).to_contain_text("You have too many windows open")
        await expect(second.locator(".live[data-kind=live]")).to_be_visible()
        await first.get_by_role("button", name="Reconnect").click()
        await expect(first.locator(".live[data-kind=live]")).to_be_visible()
        assert first.problems == second.problems == []
