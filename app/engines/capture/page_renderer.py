"""Rendering: pages as visitors see them, with a screenshot, in one disposable context per page."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from app.engines.capture.browser_process import CLOSE_TIMEOUT_S, BrowserProcess
from app.engines.capture.link_sight import LinkSight, look_at_links
from app.engines.capture.loaded_request import LoadedRequest
from app.engines.capture.page_source import MAX_HTML, read_nameless_frames, read_source
from app.engines.capture.render_limit import RenderLimit
from app.engines.capture.render_slots import CONCURRENT, OPEN, RenderSlots
from app.engines.capture.request_log import RequestLog
from app.engines.net.egress import REFUSAL_HEADER
from app.engines.net.failures import printable
from app.engines.urls import request_url

if TYPE_CHECKING:  # Playwright takes a tenth of a second to import; most processes never render
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import BrowserContext, Page

WIDTH: Final = 1280
HEIGHT: Final = 800
JPEG_QUALITY: Final = 70
RENDER_TIMEOUT_S: Final = 15.0
LOAD_SHARE: Final = 0.35  # of the timeout, for the first byte and again for loading; then it is taken as it is
SPARE_S: Final = 1.5  # of the timeout: for what a page needs before its address is asked for, and when it is done
SETTLE_MS: Final = 1_500  # after loading, for what scripts still do; silence ends it earlier
# After loading, when it matters what a page loads: scripts like to wait for two seconds before they load the rest.
LAZY_S: Final = 2.3
REFUSED_S: Final = 0.25  # between a screenshot that Chromium refused and the second attempt
MAX_URL: Final = 8_192  # characters of the final address; a page may give itself one of two million
OVERSIZED: Final = "it took too much memory"

# A page that opens windows without end must not cost memory without end.
NO_POPUPS: Final = "window.open = () => null"
# In a network of its own the browser takes itself for offline, and some pages would show that instead of themselves.
ONLINE: Final = "Object.defineProperty(Navigator.prototype, 'onLine', {get: () => true, configurable: true})"


class RenderFailed(Exception):
    """This page gave no screenshot; `str()` says why. The browser goes on."""


class RenderOversized(RenderFailed):
    """It, or another page beside it, took the browser beyond its memory."""

    def __init__(self) -> None:
        super().__init__(OVERSIZED)


class RenderSlow(RenderFailed):
    """It was not ready in time: on a machine that does less, or with more patience, it may be."""

    def __init__(self, reason: str, requests: tuple[LoadedRequest, ...] = ()) -> None:
        super().__init__(reason)
        # What it had asked for until then, if that was wanted.
        self.requests = requests


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page after its scripts ran."""

    final_url: str
    title: str  # at most `page_source.MAX_TITLE` characters
    html: str  # serialised DOM, at most `page_source.MAX_HTML` characters
    screenshot: bytes  # JPEG, WIDTH x HEIGHT
    # When they were wanted: all requests, and the DOM of frames without an address of their own.
    requests: tuple[LoadedRequest, ...] = ()
    frames: tuple[str, ...] = ()
    is_cut: bool = False  # it asked for more than a page may
    sights: tuple[LinkSight, ...] = ()  # links to others as the browser shows them; none: it did not say


class Crashes:
    """Ends a page's time when its process ends: what is asked of it from then on is never answered."""

    def __init__(self) -> None:
        self.seen = False

    def end_with(self, page: "Page", running: asyncio.Timeout) -> None:
        def end(_: object) -> None:
            if not running.expired():
                self.seen = True
                with contextlib.suppress(RuntimeError):  # the page is done, and is being closed
                    running.reschedule(asyncio.get_running_loop().time())

        page.on("crash", end)


class PageRenderer(BrowserProcess):
    """Renders pages in the browser that it is. Certificate errors are ignored here; `tls_facts` reports them."""

    @cached_property
    def _slots(self) -> RenderSlots:
        return RenderSlots()

    @property
    def at_once(self) -> int:
        return OPEN * CONCURRENT

    @property
    def slots(self) -> int:
        """How many pages are rendered side by side just now: fewer while the machine is busy."""
        return self._slots.limit

    async def render(
        self,
        url: str,
        *,
        limit: RenderLimit | None = None,
        needs_document: bool = True,  # noqa: ARG002 - here it costs nothing
        logs: bool = False,
    ) -> Rendered:
        """`limit` None: RENDER_TIMEOUT_S. It counts from when the page's turn comes. `logs`: requests are noted.

        Raises `RenderFailed` or `RenderSlow`, or `BrowserUnavailable` when the browser crashed too often.
        """
        from playwright.async_api import Error
        from playwright.async_api import TimeoutError as NotYet

        target = request_url(url)
        if target is None:
            raise RenderFailed("not a http or https URL")
        limit = limit or RenderLimit(RENDER_TIMEOUT_S)
        log = RequestLog(target) if logs else None
        async with self._slots.slot(is_first=logs):  # a page of the site
            ends, crashes = self.memory_ends, Crashes()
            try:
                chromium = await self.running()
                async with limit.running(self.processor_times) as running, self._context(chromium, running) as context:
                    page = await context.new_page()
                    crashes.end_with(page, running)
                    async with _listening(log, context, page):
                        rendered = await _render(context, page, target, limit, log, self._slots)
            except (TimeoutError, NotYet) as slow:
                if self.memory_ends > ends and not limit.is_over:
                    raise RenderOversized from slow
                if crashes.seen:
                    raise RenderFailed("the page's process ended") from slow
                if not limit.is_over:
                    self._slots.was_slow()
                so_far = () if log is None else log.requests()
                raise RenderSlow(f"no screenshot within {limit.timeout_s:g} s", so_far) from slow
            except Error as failure:
                if self.memory_ends > ends:
                    raise RenderOversized from failure
                raise RenderFailed(printable(failure.message)) from failure
            self._slots.was_rendered()
            return rendered

    @contextlib.asynccontextmanager
    async def _context(self, chromium: "Chromium", running: asyncio.Timeout) -> "AsyncIterator[BrowserContext]":
        """Like a new private window: nothing of one page reaches the next. `running` is the page's time."""
        context = await chromium.new_context(
            viewport={"width": WIDTH, "height": HEIGHT},
            user_agent=user_agent(chromium.version, self.config.user_agent),
            locale="zh-CN",
            ignore_https_errors=True,
            service_workers="block",
            accept_downloads=False,
        )
        is_abandoned = False
        try:
            await context.add_init_script(f"{NO_POPUPS};{ONLINE}")
            yield context
        except asyncio.CancelledError:
            is_abandoned = not running.expired()  # the scan is cancelled: its browser is about to be killed
            raise
        finally:
            if not is_abandoned:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_TIMEOUT_S):
                        await context.close()


def user_agent(version: str, product: str) -> str:
    """What Chromium calls itself when it is not headless, and who asks."""
    major = version.partition(".")[0]
    engine = "AppleWebKit/537.36 (KHTML, like Gecko)"
    return f"Mozilla/5.0 (X11; Linux x86_64) {engine} Chrome/{major}.0.0.0 Safari/537.36 {product}"


@contextlib.asynccontextmanager
async def _listening(log: RequestLog | None, context: "BrowserContext", page: "Page") -> AsyncIterator[None]:
    if log is None:
        yield
        return
    try:
        await log.attach(context, page)
        yield
    finally:
        await log.close()


async def _render(
    context: "BrowserContext", page: "Page", url: str, limit: RenderLimit, log: RequestLog | None, slots: RenderSlots
) -> Rendered:
    from playwright.async_api import Error
    from playwright.async_api import TimeoutError as NotYet

    load_s = limit.timeout_s * LOAD_SHARE
    async with limit.part(load_s):  # in the place of Playwright's timeouts, which know the clock alone
        answer = await page.goto(url, wait_until="commit", timeout=0)
    if answer is not None and (refusal := answer.headers.get(REFUSAL_HEADER)):
        raise RenderFailed(refusal)  # what would be shown is our own proxy's answer
    with contextlib.suppress(NotYet, TimeoutError):
        async with limit.part(load_s):
            await page.wait_for_load_state("load", timeout=0)
    if log is not None:
        async with slots.resting():
            await asyncio.sleep(LAZY_S)
    with contextlib.suppress(NotYet):
        await page.wait_for_load_state("networkidle", timeout=SETTLE_MS)
    try:
        source = await read_source(context, page)
    except Error:  # it went on to another page in between: once more, there
        async with limit.part(load_s):
            await page.wait_for_load_state("domcontentloaded", timeout=0)
        source = await read_source(context, page)
    screenshot = await take_screenshot(page)
    final_url = page.url if len(page.url) <= MAX_URL else url
    if log is None:
        return Rendered(final_url, source.title, source.html, screenshot)
    frames = await read_nameless_frames(context, page, MAX_HTML - len(source.html))
    requests = log.requests()  # before the page is scrolled about
    sights = await look_at_links(context, page, left_s=await limit.left_s() - SPARE_S)
    return Rendered(final_url, source.title, source.html, screenshot, requests, frames, log.is_cut, sights)


async def take_screenshot(page: "Page") -> bytes:
    """Return what is seen of the page, as JPEG.

    Chromium sometimes refuses ("Unable to capture screenshot") while the machine is busy, and does not a moment later.
    Raises Playwright's Error if it refuses twice. Has no time limit of its own.
    """
    from playwright.async_api import Error

    async def take() -> bytes:
        return await page.screenshot(type="jpeg", quality=JPEG_QUALITY, animations="disabled", timeout=0)

    try:
        return await take()
    except Error:
        await asyncio.sleep(REFUSED_S)
        return await take()
