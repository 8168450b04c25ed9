"""A fake Playwright, and browsers over it. The real Chromium has its tests among the system's."""

import asyncio

import pytest
from playwright.async_api import TimeoutError as NotYet

from app.engines.capture.page_renderer import PageRenderer
from app.engines.model import NetworkConfig


class FakeAnswer:
    def __init__(self, headers):
        self.headers = headers


class FakePage:
    """Plays what its site says: it may hang, or raise."""

    def __init__(self, site):
        self.site = site
        self.url = "about:blank"
        self.contents = list(site.get("contents", ["<p>x</p>"]))
        self.frames = [self]

    def on(self, event, handler):
        assert event == "crash"
        self.crash = handler

    async def goto(self, url, *, wait_until, timeout):  # noqa: ASYNC109 - Playwright's name
        self.url = self.site.get("final_url", url)
        if "opened" in self.site:
            self.site["opened"]()
        if "error" in self.site:
            raise self.site["error"]
        if self.site.get("crashes"):
            self.crash(self)
        if self.site.get("hangs") or self.site.get("crashes"):
            await asyncio.Event().wait()
        await asyncio.sleep(self.site.get("answers_after_s", 0))
        return FakeAnswer(self.site.get("headers", {}))

    async def wait_for_load_state(self, state, *, timeout):  # noqa: ASYNC109 - Playwright's name
        if state == self.site.get("never"):
            raise NotYet("never quiet")
        if state == self.site.get("waits"):
            await asyncio.Event().wait()

    async def answer(self, method, params):
        """As the protocol of Chromium's tools does."""
        match method:
            case "Page.getFrameTree":
                return {"frameTree": {"frame": {"id": "main", "url": self.url}}}
            case "Page.createIsolatedWorld":
                return {"executionContextId": 7}
            case "Runtime.evaluate" if params["contextId"] == 7:
                content = self.contents.pop(0)
                if isinstance(content, Exception):
                    raise content
                return {"result": {"value": ["title", content, False]}}
        raise AssertionError(method)

    async def screenshot(self, **options):
        assert options["type"] == "jpeg"
        if refusals := self.site.get("refusals"):
            raise refusals.pop()
        return b"\xff\xd8"


class FakeSession:
    def __init__(self, page):
        self.page = page

    async def send(self, method, params=None):
        return await self.page.answer(method, params)

    async def detach(self):
        pass


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

    async def new_cdp_session(self, page):
        return FakeSession(page)

    async def close(self):
        self.closed = True


class FakeChromium:
    """PageRenderer, browser type and driver in one: enough of each."""

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

    async def start(fake, *, start_timeouts_s=(20, 20), **config):
        browser = PageRenderer(
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
