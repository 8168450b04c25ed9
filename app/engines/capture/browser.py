"""Pages as people see them: Chromium behind the guarded proxy, one throw-away context per page."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from app.engines.capture.chromium import BrowserUnavailable, Lodging, find_chromium
from app.engines.model import NetworkConfig
from app.engines.net.egress import REFUSAL_HEADER
from app.engines.net.failures import printable
from app.engines.net.redirects import request_url

if TYPE_CHECKING:  # Playwright takes a tenth of a second to import; most processes never render
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import BrowserContext, Page, Playwright, Request

__all__ = ["Browser", "BrowserUnavailable", "PageRequest", "RenderFailed", "Rendered"]

WIDTH: Final = 1280
HEIGHT: Final = 800
JPEG_QUALITY: Final = 70
RENDER_TIMEOUT_S: Final = 15.0
START_TIMEOUTS_S: Final = (20.0, 40.0, 60.0)  # on a busy machine the first start may not come to its end
LOAD_SHARE: Final = 0.35  # of the timeout, for the first byte and again for loading; then it is taken as it is
SETTLE_MS: Final = 1_500  # after loading, for what scripts still do; silence ends it earlier
CLOSE_TIMEOUT_S: Final = 0.5  # then it is killed: a cancelled scan must be gone within 2 s
MAX_HTML: Final = 5 * 1024 * 1024  # characters
MAX_REQUESTS: Final = 2_000  # recorded of one page; further ones are made but not kept
CONCURRENT: Final = 4  # pages at once; each is a process or more, and waits for the network most of its time
MAX_RESTARTS: Final = 3  # after crashes, in one scan

ARGS: Final = (
    "--disable-quic",  # UDP goes past every proxy
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # names are the proxy's business, also in prefetches
    "--dns-prefetch-disable",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-extensions",
    "--no-pings",
)
# A page that opens windows without end must not cost memory without end.
NO_POPUPS: Final = "window.open = () => null"


class RenderFailed(Exception):
    """This page gave no picture; `str()` says why. The browser goes on."""


class PageRequest(NamedTuple):
    """One request that a page made."""

    url: str
    resource_type: str  # Chromium's word: "document", "script", "image", "xhr", "fetch", "websocket", ...
    initiator_frame_url: str  # of the frame that made it; empty when that is not known


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page after its scripts ran."""

    final_url: str
    title: str
    html: str  # serialised DOM, at most MAX_HTML characters
    screenshot: bytes  # JPEG, WIDTH x HEIGHT
    requests: tuple[PageRequest, ...]


class Browser:
    """The system's Chromium, sandboxed, with no way out but the proxy.

    The proxy's URL and credentials come from a started `EgressProxy`. Certificate errors are looked past: the verdict
    on a certificate is `tls_facts`' business.
    """

    def __init__(
        self,
        *,
        config: NetworkConfig,
        proxy_url: str,
        proxy_username: str,
        proxy_password: str,
        start_driver: "Callable[[], Awaitable[Playwright]] | None" = None,
        start_timeouts_s: Sequence[float] = START_TIMEOUTS_S,
    ) -> None:
        """`start_driver`: Playwright's own when None. `start_timeouts_s`: one for each try."""
        self._start_timeouts_s = start_timeouts_s
        self._start_driver = start_driver or _start_playwright
        self._config = config
        self._proxy_url = proxy_url
        self._credentials = (proxy_username, proxy_password)
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._launching = asyncio.Lock()
        self._restarts = 0
        self._lodging: Lodging | None = None
        self._playwright: Playwright | None = None
        self._main: BrowserContext | None = None  # the persistent context; holds no page of ours

    async def start(self) -> None:
        """Raises `BrowserUnavailable` with the reason; nothing is left behind then. One that is slow is tried again."""
        executable = find_chromium(self._config.chromium_path)
        for timeout_s in self._start_timeouts_s:
            if await self._try_to_start(executable, timeout_s):
                return
        tries, longest_s = len(self._start_timeouts_s), max(self._start_timeouts_s)
        raise BrowserUnavailable(f"Chromium did not start in {tries} tries of up to {longest_s:g} s")

    async def _try_to_start(self, executable: str, timeout_s: float) -> bool:
        """False: not in time."""
        try:
            self._lodging = Lodging.prepare(executable)
            async with asyncio.timeout(timeout_s):
                await self._launch(self._lodging)
        except TimeoutError:
            await self.close()
            return False
        except BaseException:
            await self.close()
            raise
        return True

    async def close(self) -> None:
        """End the browser, by force if need be; leaves no process and no file. May be called twice."""
        lodging, main, playwright = self._lodging, self._main, self._playwright
        self._lodging = self._main = self._playwright = None
        if lodging is None:
            return
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await _farewell(main, playwright)
        finally:
            await lodging.kill()
            await asyncio.to_thread(lodging.remove)

    async def render(self, url: str, *, timeout_s: float = RENDER_TIMEOUT_S) -> Rendered:
        """Raises `RenderFailed`, or `BrowserUnavailable` when the browser crashed too often."""
        from playwright.async_api import Error

        target = request_url(url)
        if target is None:
            raise RenderFailed("not a http or https URL")
        async with self._slots:
            try:
                chromium = await self._running()
                async with asyncio.timeout(timeout_s), self._context(chromium) as context:
                    return await _render(await context.new_page(), target, timeout_s)
            except TimeoutError as slow:
                raise RenderFailed(f"no picture within {timeout_s:g} s") from slow
            except Error as failure:
                raise RenderFailed(printable(failure.message)) from failure

    async def _launch(self, lodging: Lodging) -> None:
        from playwright.async_api import Error

        username, password = self._credentials
        self._playwright = await self._start_driver()
        try:
            # Only a persistent context lets the profile be prepared for another user.
            self._main = await self._playwright.chromium.launch_persistent_context(
                lodging.profile,
                executable_path=lodging.wrapper,
                chromium_sandbox=True,  # Playwright's default is to switch it off for root
                headless=True,
                args=list(ARGS),
                env=lodging.environment(),
                proxy={"server": self._proxy_url, "bypass": "<-loopback>", "username": username, "password": password},
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                service_workers="block",
                accept_downloads=False,
            )
        except Error as failure:
            reason = printable(failure.message.strip().partition("\n")[0])
            raise BrowserUnavailable(f"Chromium does not start: {reason}") from failure

    async def _running(self) -> "Chromium":
        """The browser; a crashed one is started again."""
        async with self._launching:
            chromium = self._main.browser if self._main is not None else None
            if chromium is not None and chromium.is_connected():
                return chromium
            if self._lodging is None or self._restarts >= MAX_RESTARTS:
                raise BrowserUnavailable("Chromium is not running")
            self._restarts += 1
            await self.close()
            await self.start()
            if self._main is None or self._main.browser is None:
                raise BrowserUnavailable("Chromium ended right after its start")
            return self._main.browser

    @contextlib.asynccontextmanager
    async def _context(self, chromium: "Chromium") -> "AsyncIterator[BrowserContext]":
        """Like a new private window: nothing of one page reaches the next."""
        context = await chromium.new_context(
            viewport={"width": WIDTH, "height": HEIGHT},
            user_agent=user_agent(chromium.version, self._config.user_agent),
            locale="zh-CN",
            ignore_https_errors=True,
            service_workers="block",
            accept_downloads=False,
        )
        try:
            await context.add_init_script(NO_POPUPS)
            yield context
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await context.close()


async def _start_playwright() -> "Playwright":
    from playwright.async_api import async_playwright

    return await async_playwright().start()


def user_agent(version: str, product: str) -> str:
    """What Chromium calls itself when it is not headless, and who asks."""
    major = version.partition(".")[0]
    engine = "AppleWebKit/537.36 (KHTML, like Gecko)"
    return f"Mozilla/5.0 (X11; Linux x86_64) {engine} Chrome/{major}.0.0.0 Safari/537.36 {product}"


async def _farewell(main: "BrowserContext | None", playwright: "Playwright | None") -> None:
    from playwright.async_api import Error

    with contextlib.suppress(Error):
        if main is not None:
            await main.close()
    if playwright is not None:
        await playwright.stop()


async def _render(page: "Page", url: str, timeout_s: float) -> Rendered:
    from playwright.async_api import Error
    from playwright.async_api import TimeoutError as NotYet

    requests: list[PageRequest] = []
    page.on("request", lambda request: _record(requests, request))
    page.on("websocket", lambda ws: _keep(requests, PageRequest(ws.url, "websocket", page.url)))
    load_ms = timeout_s * LOAD_SHARE * 1000
    answer = await page.goto(url, wait_until="commit", timeout=load_ms)
    if answer is not None and (refusal := answer.headers.get(REFUSAL_HEADER)):
        raise RenderFailed(refusal)  # what would be shown is our own proxy's answer
    for state, wait_ms in (("load", load_ms), ("networkidle", SETTLE_MS)):
        with contextlib.suppress(NotYet):
            await page.wait_for_load_state(state, timeout=wait_ms)  # type: ignore[arg-type] # a literal of the two
    try:
        title, html = await page.title(), await page.content()
    except Error:  # it went on to another page in between: once more, there
        await page.wait_for_load_state("domcontentloaded", timeout=load_ms)
        title, html = await page.title(), await page.content()
    picture = await page.screenshot(type="jpeg", quality=JPEG_QUALITY, animations="disabled")
    return Rendered(page.url, title, html[:MAX_HTML], picture, tuple(requests))


def _record(requests: list[PageRequest], request: "Request") -> None:
    from playwright.async_api import Error

    try:
        frame_url = request.frame.url
    except Error:  # a navigation whose frame is not there yet
        frame_url = ""
    _keep(requests, PageRequest(request.url, request.resource_type, frame_url))


def _keep(requests: list[PageRequest], request: PageRequest) -> None:
    if len(requests) < MAX_REQUESTS:
        requests.append(request)
