"""Renders what waits: leases pages, as many as the browser renders side by side, and answers each of them.

A page's lease is renewed while it is rendered. A page that is no longer ours (its scan has ended, or we were taken
for dead) is let go of. What a database that is away keeps us from answering is rendered by the next one that leases it.
"""

import asyncio
from collections.abc import Callable, Collection
from functools import partial
from typing import Final, Protocol, TypeVar

import structlog

from app.captures.contents import pack
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.page_renderer import Rendered, RenderFailed, RenderSlow
from app.engines.capture.render_limit import RenderLimit
from app.engines.urls import is_same_page, request_url
from app.scanstore.errors import ScanStoreError
from app.scanstore.renders import RenderAnswer, RenderOrder, RenderOutcome
from app.tasks.render_log import pack_log

LOOK_S: Final = 0.25  # between two looks at what waits
RENEW_S: Final = 4.0  # a third of a lease (`scanstore.postgres.renders`), and less
IDLE_S: Final = 20.0  # then the browser is ended: what leaks in it goes with it
MAX_PAGES: Final = 300  # of one browser, as many as of one scan's
GIVE_BACK_S: Final = 1.0
T = TypeVar("T")
log = structlog.get_logger(__name__)


class Leases(Protocol):
    """`scanstore.postgres.renders.RenderLeases`, which says what the calls mean. Every call blocks."""

    def lease(self, holder: str, count: int) -> list[RenderOrder]: ...

    def renew(self, holder: str, ids: Collection[str]) -> set[str]: ...

    def finish(self, holder: str, render_id: str, answer: RenderAnswer) -> bool: ...

    def give_back(self, holder: str, *, counts: bool) -> None: ...


class Browser(Protocol):
    """`engines.capture.page_renderer.PageRenderer`."""

    @property
    def slots(self) -> int: ...

    async def render(self, url: str, *, limit: RenderLimit | None = None, logs: bool = False) -> Rendered: ...


class PageLoop:
    """`run` once. `on_answered` is told what came of each page that was answered."""

    def __init__(
        self,
        *,
        leases: Leases,
        browser: Browser,
        holder: str,
        on_answered: Callable[[RenderOutcome], None],
        max_pages: int = MAX_PAGES,
        idle_s: float = IDLE_S,
        renew_s: float = RENEW_S,
    ) -> None:
        self._leases = leases
        self._browser = browser
        self._holder = holder
        self._on_answered = on_answered
        self._max_pages = max_pages
        self._idle_s = idle_s
        self._renew_s = renew_s
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._limits: dict[str, RenderLimit] = {}  # of the pages under way
        self._is_away = False  # the database did not answer last time
        self._lost: BrowserUnavailable | None = None  # why there is no browser any more
        # How many pages were answered.
        self.rendered = 0

    async def run(self) -> None:
        """Render until nothing has waited for a while, or the browser has rendered enough. Raises BrowserUnavailable.

        When it is cancelled, what it holds is given back.
        """
        renewing = asyncio.create_task(self._renew(), name="renew-leases")
        try:
            await self._render_what_waits()
        finally:
            renewing.cancel()
            await self._release()
        if self._lost is not None:
            raise self._lost

    async def _render_what_waits(self) -> None:
        loop = asyncio.get_running_loop()
        taken, busy_at = 0, loop.time()
        while self._lost is None:
            room = min(self._browser.slots - len(self._under_way), self._max_pages - taken)
            found = await self._lease(room) if room > 0 else []
            for order in found:
                self._begin(order)
            taken += len(found)
            if self._under_way:
                busy_at = loop.time()
                await asyncio.wait(self._under_way.values(), timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            elif taken >= self._max_pages or loop.time() - busy_at >= self._idle_s:
                return
            else:
                await asyncio.sleep(LOOK_S)

    async def _lease(self, count: int) -> list[RenderOrder]:
        nothing: list[RenderOrder] = []
        return await self._ask(partial(self._leases.lease, self._holder, count), nothing)

    def _begin(self, order: RenderOrder) -> None:
        self._limits[order.id] = limit = RenderLimit(order.timeout_s)
        self._under_way[order.id] = task = asyncio.create_task(self._render(order, limit), name="render-page")
        task.add_done_callback(lambda _: self._forget(order.id))

    def _forget(self, render_id: str) -> None:
        del self._under_way[render_id], self._limits[render_id]

    async def _render(self, order: RenderOrder, limit: RenderLimit) -> None:
        """The border of a page: whatever rendering it does ends here."""
        try:
            answer = await self._answer(order, limit)
        except BrowserUnavailable as lost:
            self._lost = lost
            return
        except Exception as error:
            log.exception("page_not_rendered")
            answer = RenderAnswer(RenderOutcome.FAILED, type(error).__name__)
        if await self._ask(partial(self._leases.finish, self._holder, order.id, answer), False):
            self.rendered += 1
            self._on_answered(answer.outcome)

    async def _answer(self, order: RenderOrder, limit: RenderLimit) -> RenderAnswer:
        try:
            rendered = await self._browser.render(order.url, limit=limit, logs=order.logs)
        except RenderSlow as slow:
            return RenderAnswer(RenderOutcome.SLOW, str(slow))
        except RenderFailed as failure:
            return RenderAnswer(RenderOutcome.FAILED, str(failure))
        document = b""
        if order.needs_document or is_elsewhere(rendered.final_url, order.url):
            document = await asyncio.to_thread(lambda: pack(rendered.html.encode("utf-8", "replace")))
        log = await asyncio.to_thread(pack_log, rendered) if order.logs else b""
        return RenderAnswer(
            RenderOutcome.RENDERED, "", rendered.final_url, rendered.title, rendered.screenshot, document, log
        )

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._renew_s)
            if held := set(self._under_way):
                still = await self._ask(partial(self._leases.renew, self._holder, held), held)
                for render_id in held - still:
                    if (limit := self._limits.get(render_id)) is not None:
                        limit.end()

    async def _release(self) -> None:
        """Let others take what we hold. A page that was under way when the browser was lost may be the reason."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=GIVE_BACK_S)
        await self._ask(partial(self._leases.give_back, self._holder, counts=self._lost is not None), None)

    async def _ask(self, work: Callable[[], T], otherwise: T) -> T:
        """Ask the database, in a thread; `otherwise` when it is away: a lease runs out by itself."""
        try:
            value = await asyncio.to_thread(work)
        except ScanStoreError as error:
            if not self._is_away:
                log.warning("render_waits", reason=str(error))
            self._is_away = True
            return otherwise
        if self._is_away:
            log.info("render_goes_on")
        self._is_away = False
        return value


def is_elsewhere(final_url: str, url: str) -> bool:
    """Return whether scripts led away from the page, to one that can be asked for."""
    return request_url(final_url) is not None and not is_same_page(final_url, url)
