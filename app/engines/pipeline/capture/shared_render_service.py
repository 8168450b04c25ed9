"""One browser for all renderings of a scan: screenshots, and pages of the site with their requests.

A start page of the site is wanted for both, and rendered once: the first who asks has its requests noted, and the other
one gets what came of that. So does one who wants a picture of a page whose requests were noted a little before.

A browser that does not start, on a machine that is short of memory or very busy, is started again a little later.
Nobody waits for that: when there is nothing else to do, it is started at once, and if that fails, there is none.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

from app.domain.messages import Text
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.page_renderer import Rendered, RenderFailed, RenderOversized, RenderSlow
from app.engines.capture.render_limit import RenderLimit
from app.engines.capture.render_service import OpenRenderer, OpenRenderService, RenderService

MAX_KEPT: Final = 24  # pages that were rendered for one and may be wanted by the other; some 200 kB each
RETRY_S: Final = (30.0, 120.0, 300.0)  # after a start that failed; then there is no browser in this scan
MAX_KEPT_CHARS: Final = 16_000_000  # of their documents: one of a hostile page may have 5 million


class SharedRenderService:
    """A `RenderService` while `open` is; what is asked for before waits for it. Event loop only."""

    def __init__(self, *, open_render_service: OpenRenderService, is_start: Callable[[str], bool]) -> None:
        """`is_start`: whether the address is that of a start page."""
        self._open_render_service = open_render_service
        self._is_start = is_start
        self._render_service: RenderService | None = None
        self._settled = asyncio.Event()  # it is open, or it is known that there is none
        self._wanted = asyncio.Event()  # somebody has nothing else to wait for
        self._tried = asyncio.Event()  # the last start has ended, well or not
        self._is_last_try = False
        # Whether it did not start, and will be started again later.
        self.is_away = False
        # Why there is none, or none any more; None while there is one, and before that is known.
        self.problem: Text | None = None
        # Pages that were not rendered because the browser took too much memory.
        self.oversized: set[str] = set()
        self._rendering: dict[str, asyncio.Event] = {}  # pages whose requests are noted just now
        self._kept: OrderedDict[str, Rendered] = OrderedDict()  # the newest last

    @property
    def at_once(self) -> int:
        return 1 if self._render_service is None else self._render_service.at_once

    @asynccontextmanager
    async def open(self, open_renderer: OpenRenderer) -> AsyncIterator[RenderService]:
        """Render while this is open: an `OpenRenderService`. Raises BrowserUnavailable."""
        try:
            async with AsyncExitStack() as stack:
                self._render_service = await self._start(stack, open_renderer)
                self._settle()
                yield self
        except BrowserUnavailable as error:
            self.problem = error.reason
            raise
        finally:
            self._render_service = None
            self._settle()

    def _settle(self) -> None:
        self._settled.set()
        self._tried.set()

    async def _start(self, stack: AsyncExitStack, open_renderer: OpenRenderer) -> RenderService:
        """Start it, several times if need be. Raises BrowserUnavailable."""
        for pause_s in RETRY_S:
            try:
                return await stack.enter_async_context(self._open_render_service(open_renderer))
            except BrowserUnavailable as error:
                if error.is_lasting or self._is_last_try:
                    raise
            await self._pause(pause_s)
        return await stack.enter_async_context(self._open_render_service(open_renderer))

    async def _pause(self, pause_s: float) -> None:
        self.is_away = True
        self._tried.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._wanted.wait()
        self._wanted.clear()
        self._tried.clear()
        self.is_away = False

    def hurry(self, *, is_last: bool = False) -> None:
        """Start it now, if it is away. `is_last`: nothing else is left to do in the scan, so that nobody waits for a
        further try.
        """
        self._is_last_try = self._is_last_try or is_last
        if self.is_away:
            self.is_away = False
            self._tried.clear()
            self._wanted.set()

    async def starts_now(self) -> bool:
        """Start it now, if it is away, and return whether it is open then."""
        self.hurry()
        await self._tried.wait()
        return self._render_service is not None

    async def ready(self) -> bool:
        """Wait until it is open; False: there is nothing that renders."""
        await self._settled.wait()
        return self._render_service is not None

    async def render(
        self, url: str, *, limit: RenderLimit | None = None, needs_document: bool = True, logs: bool = False
    ) -> Rendered:
        """Raises as `PageRenderer.render`."""
        if (known := await self._rendered(url, limit)) is not None:
            return known
        if not logs and not self._is_start(url):
            return await self._render(url, limit, needs_document=needs_document, logs=False)
        self._rendering[url] = ended = asyncio.Event()
        try:
            rendered = await self._render(url, limit, needs_document=True, logs=True)
        finally:
            del self._rendering[url]
            ended.set()
        self._kept[url] = rendered
        while len(self._kept) > MAX_KEPT or sum(map(_size, self._kept.values())) > MAX_KEPT_CHARS:
            self._kept.popitem(last=False)
        return rendered

    async def _rendered(self, url: str, limit: RenderLimit | None) -> Rendered | None:
        """Return the page as somebody else had it rendered; None: nobody had, or it did not succeed."""
        while (ended := self._rendering.get(url)) is not None:
            if limit is None:
                await ended.wait()
                continue
            try:
                async with limit.until_ended():
                    await ended.wait()
            except TimeoutError:
                raise RenderSlow("nobody waits for it any more") from None
        return self._kept.pop(url, None)

    async def _render(self, url: str, limit: RenderLimit | None, *, needs_document: bool, logs: bool) -> Rendered:
        if not await self.ready() or self._render_service is None:
            raise RenderFailed("nothing renders any more") if self.problem is None else BrowserUnavailable(self.problem)
        try:
            return await self._render_service.render(url, limit=limit, needs_document=needs_document, logs=logs)
        except RenderOversized:
            self.oversized.add(url)
            raise


def _size(rendered: Rendered) -> int:
    return len(rendered.html) + sum(map(len, rendered.frames))
