"""One browser for all renderings of a scan: screenshots, and pages of the site with their requests.

A start page of the site is wanted for both, and rendered once: the first who asks has its requests noted, and the other
one gets what came of that. So does one who wants a picture of a page whose requests were noted a little before.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from app.domain.messages import Text
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.page_renderer import Rendered, RenderFailed, RenderOversized, RenderSlow
from app.engines.capture.render_limit import RenderLimit
from app.engines.capture.render_service import OpenRenderer, OpenRenderService, RenderService

MAX_KEPT: Final = 24  # pages that were rendered for one and may be wanted by the other; some 200 kB each
MAX_KEPT_CHARS: Final = 16_000_000  # of their documents: one of a hostile page may have 5 million


class SharedRenderService:
    """A `RenderService` while `open` is; what is asked for before waits for it. Event loop only."""

    def __init__(self, *, open_render_service: OpenRenderService, is_start: Callable[[str], bool]) -> None:
        """`is_start`: whether the address is that of a start page."""
        self._open_render_service = open_render_service
        self._is_start = is_start
        self._render_service: RenderService | None = None
        self._settled = asyncio.Event()  # it is open, or it is known that there is none
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
            async with self._open_render_service(open_renderer) as render_service:
                self._render_service = render_service
                self._settled.set()
                yield self
        except BrowserUnavailable as error:
            self.problem = error.reason
            raise
        finally:
            self._render_service = None
            self._settled.set()

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
