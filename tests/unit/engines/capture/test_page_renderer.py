"""Pages in a browser over a fake Playwright."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from playwright.async_api import Error

from app.engines.capture import page_renderer
from app.engines.capture.browser_processor import ProcessorTimes
from app.engines.capture.page_renderer import MAX_URL, RenderFailed, RenderOversized, RenderSlow, user_agent
from app.engines.capture.render_limit import RenderLimit
from app.engines.capture.render_slots import RenderSlots
from tests.unit.engines.capture.conftest import FakeChromium, FakePage, FakeSession


async def test_every_page_has_a_context_of_its_own_that_is_closed(browse):
    fake = FakeChromium()
    browser = await browse(fake, user_agent="Scanner/1 (contact)")
    await browser.render("http://user:pw@a.test/")
    rendered = await browser.render("http://b.test/#x")
    assert rendered.final_url == "http://b.test/"
    assert (rendered.title, rendered.html, rendered.screenshot) == ("title", "<p>x</p>", b"\xff\xd8")
    assert len(fake.contexts) == 2
    assert all(context.closed for context in fake.contexts)
    assert fake.contexts[0].options["user_agent"].endswith("Scanner/1 (contact)")
    assert fake.contexts[0].options["viewport"] == {"width": 1280, "height": 800}


@pytest.mark.parametrize("state", ["load", "networkidle"])
async def test_a_page_that_never_comes_to_rest_is_taken_as_it_is(browse, state):
    browser = await browse(FakeChromium({"never": state}))
    assert (await browser.render("http://a.test/")).html == "<p>x</p>"


async def test_a_page_that_never_ends_loading_is_taken_as_it_is_in_time(browse):
    browser = await browse(FakeChromium({"waits": "load"}))
    assert (await browser.render("http://a.test/", limit=RenderLimit(2))).html == "<p>x</p>"


async def test_a_page_whose_browser_was_starved_is_rendered_all_the_same(browse, monkeypatch):
    browser = await browse(FakeChromium({"answers_after_s": 1.0}))
    began = time.monotonic()

    async def starved():
        return ProcessorTimes({}, {1: time.monotonic() - began})

    with pytest.raises(RenderSlow):
        await browser.render("http://a.test/", limit=RenderLimit(0.5))
    monkeypatch.setattr(browser, "processor_times", starved)
    assert (await browser.render("http://a.test/", limit=RenderLimit(1.0))).html == "<p>x</p>"


async def test_a_page_that_moves_on_while_it_is_read_is_read_again(browse):
    browser = await browse(FakeChromium({"contents": [Error("navigating"), "<p>there</p>"]}))
    assert (await browser.render("http://a.test/")).html == "<p>there</p>"


async def test_a_screenshot_that_was_refused_once_is_taken_again_and_one_that_was_refused_twice_fails_the_page(browse):
    refusals = [Error("Unable to capture screenshot")]
    browser = await browse(FakeChromium({"refusals": refusals}))
    assert (await browser.render("http://a.test/")).screenshot == b"\xff\xd8"
    assert not refusals
    refusals += [Error("Unable to capture screenshot")] * 2
    with pytest.raises(RenderFailed, match="Unable to capture"):
        await browser.render("http://a.test/")


@pytest.mark.parametrize(
    ("site", "reason"),
    [
        ({"error": Error("net::ERR_FAILED\nlog")}, "ERR_FAILED log"),
        ({"hangs": True}, "within 0.1 s"),
        ({"headers": {"x-egress-refusal": "address policy"}}, "address policy"),
        ({"contents": [Error("gone"), Error("gone again")]}, "gone again"),
    ],
)
async def test_a_page_without_a_picture_fails_alone_and_is_closed(browse, site, reason):
    fake = FakeChromium(site)
    browser = await browse(fake)
    with pytest.raises(RenderFailed, match=reason):
        await browser.render("http://a.test/", limit=RenderLimit(0.1))
    assert fake.contexts[0].closed


@pytest.mark.parametrize("site", [{"error": Error("Page crashed")}, {"hangs": True}])
async def test_a_page_that_ends_while_the_browser_takes_too_much_memory_is_oversized(browse, site):
    browser = await browse(FakeChromium(site))
    site["opened"] = browser._note_memory_end
    with pytest.raises(RenderOversized):
        await browser.render("http://a.test/", limit=RenderLimit(0.1))
    del site["opened"]
    with pytest.raises(RenderFailed) as failed:
        await browser.render("http://a.test/", limit=RenderLimit(0.1))
    assert not isinstance(failed.value, RenderOversized)


async def test_a_page_whose_process_ends_is_not_waited_for(browse):
    fake = FakeChromium({"crashes": True})
    browser = await browse(fake)
    async with asyncio.timeout(10):
        with pytest.raises(RenderFailed, match="process ended") as failed:
            await browser.render("http://a.test/", limit=RenderLimit(60))
    assert not isinstance(failed.value, RenderSlow)
    assert fake.contexts[0].closed


async def test_a_page_that_gives_itself_an_endless_address_has_the_one_that_was_asked_for(browse):
    browser = await browse(FakeChromium({"final_url": f"http://a.test/#{'x' * MAX_URL}"}))
    assert (await browser.render("http://a.test/")).final_url == "http://a.test/"


async def test_links_that_the_browser_does_not_tell_of_in_time_cost_no_picture(monkeypatch):
    monkeypatch.setattr(page_renderer, "LAZY_S", 0)
    log = SimpleNamespace(requests=tuple, is_cut=False)
    page = FakePage({})
    sessions = [FakeSession(page), FakeSession(page), None]  # the document, frames, and then the links

    async def new_cdp_session(_):
        return sessions.pop(0) or await asyncio.Event().wait()

    silent = SimpleNamespace(new_cdp_session=new_cdp_session)
    async with asyncio.timeout(60):
        rendered = await page_renderer._render(silent, page, "http://a.test/", RenderLimit(2), log, RenderSlots())
    assert (rendered.screenshot, rendered.sights) == (b"\xff\xd8", ())


async def test_a_page_that_nobody_waits_for_any_longer_ends_at_once_and_is_closed(browse):
    fake = FakeChromium({"hangs": True})
    browser = await browse(fake)
    under_way, waiting = RenderLimit(60), RenderLimit(60)
    waiting.end()
    async with asyncio.timeout(30):
        rendering = asyncio.ensure_future(browser.render("http://a.test/", limit=under_way))
        while not fake.contexts:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        under_way.end()
        for ended in (rendering, browser.render("http://b.test/", limit=waiting)):
            with pytest.raises(RenderSlow):
                await ended
    assert [context.closed for context in fake.contexts] == [True] * len(fake.contexts)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:1", "chrome://version", "data:text/html,x", ""])
async def test_only_web_addresses_are_rendered(browse, url):
    fake = FakeChromium()
    browser = await browse(fake)
    with pytest.raises(RenderFailed, match="http"):
        await browser.render(url)
    assert fake.contexts == []


def test_the_user_agent_is_chromes_and_names_the_product():
    agent = user_agent("156.0.8078.108", "Scanner/1")
    assert "Chrome/156.0.0.0" in agent
    assert "Headless" not in agent
    assert agent.endswith("Scanner/1")
