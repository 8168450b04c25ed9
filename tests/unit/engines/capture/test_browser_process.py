"""The start, the crashes and the end of a browser over a fake Playwright."""

import asyncio
import re

import pytest
from playwright.async_api import Error, async_playwright

from app.engines.capture.browser_process import ARGS, MAX_RESTARTS, WITHOUT_FEATURES, start_failure
from app.engines.capture.browser_profile import BrowserUnavailable
from tests.support.said import said
from tests.unit.engines.capture.conftest import FakeChromium


async def test_chromium_starts_sandboxed_behind_the_proxy_and_shut_in(browse):
    fake = FakeChromium()
    await browse(fake)
    options = fake.launches[0]
    assert options["chromium_sandbox"] is True
    assert options["proxy"] == {
        "server": "http://127.0.0.1:9",
        "bypass": "<-loopback>",
        "username": "scan",
        "password": "pw",
    }
    assert options["service_workers"] == "block"
    assert {"--disable-quic", "--disable-background-networking"} <= set(options["args"])
    assert set(options["args"]) == set(ARGS)


async def test_what_playwright_switches_off_stays_off(tmp_path):
    """Chromium takes the last list alone, which is ours."""
    said, browser = tmp_path / "said", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {said}\n')
    browser.chmod(0o755)
    async with async_playwright() as playwright:
        with pytest.raises(Error):
            await playwright.chromium.launch(executable_path=browser)
    option = "--disable-features="
    (theirs,) = [line.removeprefix(option) for line in said.read_text().splitlines() if line.startswith(option)]
    assert set(theirs.split(",")) < set(WITHOUT_FEATURES.removeprefix(option).split(","))


async def test_a_crashed_browser_is_started_again_but_not_for_ever(browse):
    fake = FakeChromium()
    browser = await browse(fake)
    for _ in range(MAX_RESTARTS):
        fake.connected = False
        await browser.render("http://a.test/")
    fake.connected = False
    with pytest.raises(BrowserUnavailable, match="not restarted"):
        await browser.render("http://a.test/")
    assert len(fake.launches) == 1 + MAX_RESTARTS


async def test_a_browser_that_does_not_start_leaves_nothing(browse):
    fake = FakeChromium(launch_error=Error("no usable sandbox\nlong log"))
    with pytest.raises(BrowserUnavailable, match=re.escape(said("browser.sandbox"))) as refused:
        await browse(fake)
    assert fake.stopped == 2  # it was tried once more
    assert refused.value.is_lasting


async def test_a_browser_whose_process_ended_may_start_later(browse):
    with pytest.raises(BrowserUnavailable, match=re.escape(said("browser.exited"))) as refused:
        await browse(FakeChromium(launch_error=Error("Target page, context or browser has been closed")))
    assert not refused.value.is_lasting


@pytest.mark.parametrize(
    ("message", "key"),
    [
        ("Target page, context or browser has been closed\nBrowser logs:\n[1:1] No usable sandbox!", "browser.sandbox"),
        ("Target page, context or browser has been closed\nBrowser logs:\n", "browser.exited"),
        ("spawn /x EACCES\nCall log", "browser.start_failed"),
    ],
)
def test_why_a_browser_does_not_start_has_a_key(message, key):
    reason = start_failure(message)
    assert reason.key == key
    assert "log" not in reason


async def test_closing_twice_is_fine_and_ends_rendering(browse):
    fake = FakeChromium()
    browser = await browse(fake)
    await browser.close()
    await browser.close()
    assert fake.stopped == 1
    with pytest.raises(BrowserUnavailable):
        await browser.render("http://a.test/")


async def test_a_driver_that_hangs_does_not_hold_up_the_end(browse):
    fake = FakeChromium()
    fake.stop = asyncio.Event().wait
    browser = await browse(fake)
    profile = browser._profile
    async with asyncio.timeout(60):
        await browser.close()
    assert not profile.base.exists()


async def test_a_driver_is_asked_to_end_although_its_browser_hangs(browse, monkeypatch):
    """Playwright tells of the end of one that was not asked as an error that nobody takes."""
    fake = FakeChromium()
    browser = await browse(fake)
    monkeypatch.setattr(browser._main, "close", asyncio.Event().wait)
    await browser.close()
    assert fake.stopped == 1


class FailingChromium(FakeChromium):
    """Its first starts fail."""

    def __init__(self, failing_starts):
        super().__init__()
        self.failing_starts = failing_starts

    async def launch_persistent_context(self, profile, **options):
        if self.failing_starts:
            self.failing_starts -= 1
            raise Error("Target page, context or browser has been closed")
        return await super().launch_persistent_context(profile, **options)


async def test_a_start_that_fails_is_tried_once_more(browse):
    fake = FailingChromium(1)
    browser = await browse(fake)
    assert (await browser.render("http://a.test/")).title == "title"
    assert fake.stopped == 1  # nothing is left of the first


async def test_a_start_that_fails_twice_is_given_up(browse):
    fake = FailingChromium(9)
    with pytest.raises(BrowserUnavailable):
        await browse(fake)
    assert fake.failing_starts == 7


class SlowChromium(FakeChromium):
    """Its first starts come to no end."""

    def __init__(self, slow_starts):
        super().__init__()
        self.slow_starts = slow_starts

    async def launch_persistent_context(self, profile, **options):
        if self.slow_starts:
            self.slow_starts -= 1
            await asyncio.Event().wait()
        return await super().launch_persistent_context(profile, **options)


async def test_a_start_that_takes_too_long_is_tried_again(browse):
    fake = SlowChromium(2)
    browser = await browse(fake, start_timeouts_s=(0.01, 0.01, 20))
    assert (await browser.render("http://a.test/")).title == "title"
    assert fake.stopped == 2  # those that came to no end were ended


async def test_starts_that_never_come_to_an_end_are_given_up(browse):
    with pytest.raises(BrowserUnavailable, match=r"after 2 tries of up to 0\.02 s"):
        await browse(SlowChromium(9), start_timeouts_s=(0.01, 0.02))
