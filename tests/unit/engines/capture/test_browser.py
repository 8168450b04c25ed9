"""With a fake Playwright. The real Chromium has its tests among the system's."""

import asyncio

import pytest
from playwright.async_api import Error
from playwright.async_api import TimeoutError as NotYet

from app.engines.capture.browser import (
    ARGS,
    MAX_REQUESTS,
    MAX_RESTARTS,
    Browser,
    BrowserUnavailable,
    PageRequest,
    RenderFailed,
    user_agent,
)
from app.engines.model import NetworkConfig


class FakeFrame:
    url = "http://a.test/frame"


class FakeRequest:
    resource_type = "script"

    def __init__(self, url, frame=None):
        self.url = url
        self._frame = frame

    @property
    def frame(self):
        if self._frame is None:
            raise Error("no frame yet")
        return self._frame


class FakeSocket:
    url = "ws://a.test/ws"


class FakeAnswer:
    def __init__(self, headers):
        self.headers = headers


class FakePage:
    """Plays what its site says: a function that may use the page's handlers, or hang, or raise."""

    def __init__(self, site):
        self.site = site
        self.handlers = {}
        self.url = "about:blank"
        self.contents = list(site.get("contents", ["<p>x</p>"]))

    def on(self, event, handler):
        self.handlers[event] = handler

    async def goto(self, url, *, wait_until, timeout):  # noqa: ASYNC109 - Playwright's name
        self.url = self.site.get("final_url", url)
        if "error" in self.site:
            raise self.site["error"]
        if self.site.get("hangs"):
            await asyncio.Event().wait()
        for event, thing in self.site.get("events", ()):
            self.handlers[event](thing)
        return FakeAnswer(self.site.get("headers", {}))

    async def wait_for_load_state(self, state, *, timeout):  # noqa: ASYNC109 - Playwright's name
        if state == self.site.get("never"):
            raise NotYet("never quiet")

    async def title(self):
        return "title"

    async def content(self):
        content = self.contents.pop(0)
        if isinstance(content, Exception):
            raise content
        return content

    async def screenshot(self, **options):
        assert options["type"] == "jpeg"
        return b"\xff\xd8"


class FakeContext:
    def __init__(self, chromium, options):
        self.chromium = chromium
        self.options = options
        self.closed = False
        self.scripts = []

    @property
    def browser(self):
        return self.chromium

    async def add_init_script(self, script):
        self.scripts.append(script)

    async def new_page(self):
        return FakePage(self.chromium.site)

    async def close(self):
        self.closed = True


class FakeChromium:
    """Browser, browser type and driver in one: enough of each."""

    version = "156.0.1"

    def __init__(self, site=None, *, launch_error=None):
        self.site = site or {}
        self.launch_error = launch_error
        self.launches = []
        self.contexts = []
        self.connected = True
        self.stopped = 0

    @property
    def chromium(self):
        return self

    async def launch_persistent_context(self, profile, **options):
        if self.launch_error is not None:
            raise self.launch_error
        self.launches.append(options)
        self.connected = True
        return FakeContext(self, options)

    async def new_context(self, **options):
        context = FakeContext(self, options)
        self.contexts.append(context)
        return context

    def is_connected(self):
        return self.connected

    async def stop(self):
        self.stopped += 1

    async def start(self):
        return self


@pytest.fixture
async def browse():
    """Starts a browser over a fake; closed at the end."""
    started = []

    async def start(fake, *, start_timeouts_s=(20,), **config):
        browser = Browser(
            start_timeouts_s=start_timeouts_s,
            config=NetworkConfig(chromium_path="/bin/sh", **config),
            proxy_url="http://127.0.0.1:9",
            proxy_username="scan",
            proxy_password="pw",
            start_driver=fake.start,
        )
        started.append(browser)
        await browser.start()
        return browser

    yield start
    for browser in started:
        await browser.close()


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


async def test_requests_are_recorded_with_their_frame_up_to_a_limit(browse):
    events = [
        ("request", FakeRequest("http://a.test/1", FakeFrame())),
        ("request", FakeRequest("http://a.test/2")),
        ("websocket", FakeSocket()),
        *[("request", FakeRequest("http://a.test/more"))] * MAX_REQUESTS,
    ]
    browser = await browse(FakeChromium({"events": events}))
    requests = (await browser.render("http://a.test/")).requests
    assert requests[:3] == (
        PageRequest("http://a.test/1", "script", "http://a.test/frame"),
        PageRequest("http://a.test/2", "script", ""),
        PageRequest("ws://a.test/ws", "websocket", "http://a.test/"),
    )
    assert len(requests) == MAX_REQUESTS


@pytest.mark.parametrize("state", ["load", "networkidle"])
async def test_a_page_that_never_comes_to_rest_is_taken_as_it_is(browse, state):
    browser = await browse(FakeChromium({"never": state}))
    assert (await browser.render("http://a.test/")).html == "<p>x</p>"


async def test_a_page_that_moves_on_while_it_is_read_is_read_again(browse):
    browser = await browse(FakeChromium({"contents": [Error("navigating"), "<p>there</p>"]}))
    assert (await browser.render("http://a.test/")).html == "<p>there</p>"


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
        await browser.render("http://a.test/", timeout_s=0.1)
    assert fake.contexts[0].closed


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:1", "chrome://version", "data:text/html,x", ""])
async def test_only_web_addresses_are_rendered(browse, url):
    fake = FakeChromium()
    browser = await browse(fake)
    with pytest.raises(RenderFailed, match="http"):
        await browser.render(url)
    assert fake.contexts == []


async def test_a_crashed_browser_is_started_again_but_not_for_ever(browse):
    fake = FakeChromium()
    browser = await browse(fake)
    for _ in range(MAX_RESTARTS):
        fake.connected = False
        await browser.render("http://a.test/")
    fake.connected = False
    with pytest.raises(BrowserUnavailable, match="not running"):
        await browser.render("http://a.test/")
    assert len(fake.launches) == 1 + MAX_RESTARTS


async def test_a_browser_that_does_not_start_leaves_nothing(browse):
    fake = FakeChromium(launch_error=Error("no usable sandbox\nlong log"))
    with pytest.raises(BrowserUnavailable, match=r"does not start: no usable sandbox$"):
        await browse(fake)
    assert fake.stopped == 1


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
    lodging = browser._lodging
    async with asyncio.timeout(2):
        await browser.close()
    assert not lodging.base.exists()


def test_the_user_agent_is_chromes_and_names_the_product():
    agent = user_agent("156.0.8078.108", "Scanner/1")
    assert "Chrome/156.0.0.0" in agent
    assert "Headless" not in agent
    assert agent.endswith("Scanner/1")


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
    with pytest.raises(BrowserUnavailable, match=r"in 2 tries of up to 0\.02 s"):
        await browse(SlowChromium(9), start_timeouts_s=(0.01, 0.02))
