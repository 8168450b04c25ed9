"""Pages of this scan are rendered by browser workers; by a browser of its own while there are none.

Orders stand in the scan's store, and are looked at a few times a second while something is under way. Nothing hangs on
a single question: what the database did not hear is said again, and what it lost is asked for again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Final, Protocol, TypeVar

import structlog
import zstandard

from app.core.aio import end_tasks
from app.core.db import DatabaseUnavailable
from app.core.ids import new_id
from app.domain.messages import english
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.page_renderer import (
    OVERSIZED,
    RENDER_TIMEOUT_S,
    PageRenderer,
    Rendered,
    RenderFailed,
    RenderOversized,
    RenderSlow,
)
from app.engines.capture.page_source import MAX_HTML
from app.engines.capture.render_limit import RenderLimit
from app.engines.capture.render_service import OpenRenderer
from app.scanstore.errors import ScanStoreError
from app.scanstore.renders import RenderAnswer, RenderOrder, RenderOutcome, RenderState
from app.tasks.render_log import unpack_log

AT_ONCE: Final = 32  # pages that a scan asks for at a time; eight browser workers render so many
LOOK_S: Final = 0.25
PRESENCE_S: Final = 5.0  # how often it is asked whether there are browser workers
GONE_AFTER_S: Final = 45.0  # a browser worker that was silent for so long is no more
# A page that nobody is at, while nobody is at any other either: then the workers that there are cannot render.
IDLE_PATIENCE_S: Final = 30.0
HERE_FOR_S: Final = 60.0  # then workers are asked again
CLOSE_S: Final = 0.5  # for taking back what is under way; browser workers notice by themselves
MAX_DOCUMENT: Final = 4 * MAX_HTML  # bytes; a character has four at most
T = TypeVar("T")
log = structlog.get_logger(__name__)


class Renders(Protocol):
    """`scanstore.postgres.renders.ScanRenders`, which says what the calls mean. Blocking; raise ScanStoreError."""

    def put(self, orders: Sequence[RenderOrder]) -> None: ...

    def states(self) -> list[RenderState]: ...

    def answer(self, render_id: str) -> RenderAnswer | None: ...

    def remove(self, ids: Collection[str]) -> None: ...

    def take_back(self, ids: Collection[str]) -> set[str]: ...

    def remove_all(self) -> None: ...

    def is_any_held(self) -> bool: ...


class _Instead(Enum):
    """What a page gets in the place of an answer."""

    RENDER_HERE = auto()


def _future() -> "asyncio.Future[RenderAnswer | _Instead]":
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False, slots=True)
class _Waiting:
    """A page that was asked for."""

    order: RenderOrder
    alone_since: float  # monotonic; since when nobody is at it
    answer: "asyncio.Future[RenderAnswer | _Instead]" = field(default_factory=_future)


class SpreadRenders:
    """Fulfils `engines.capture.render_service.RenderService`. Event loop only."""

    def __init__(
        self,
        *,
        renders: Renders,
        silence: Callable[[], float | None],
        want_browser: Callable[[], None],
        open_renderer: OpenRenderer,
        look_s: float = LOOK_S,
    ) -> None:
        """`silence`: seconds since a browser worker was last heard of, None when there is none; it blocks, and raises
        DatabaseUnavailable. `want_browser` wakes one.
        """
        self._renders = renders
        self._silence = silence
        self._want_browser = want_browser
        self._open_renderer = open_renderer
        self._look_s = look_s
        self._waiting: dict[str, _Waiting] = {}
        self._left: set[str] = set()  # ids whose order is to be removed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="renders")
        self._stack = AsyncExitStack()  # ends the browser of our own
        self._opening = asyncio.Lock()
        self._own: PageRenderer | None = None
        self._has_workers = False  # as was last heard
        self._asked_at = float("-inf")  # monotonic; when that was
        self._here_until = float("-inf")  # monotonic; until then pages are rendered here
        self._changed = asyncio.Event()
        self._is_away = False  # the database did not answer last time

    @property
    def at_once(self) -> int:
        return AT_ONCE

    @asynccontextmanager
    async def open(self) -> AsyncIterator["SpreadRenders"]:
        """Render while this is open. Raises BrowserUnavailable: no browser worker is there, and no browser here."""
        looking = None
        try:
            if not await self._is_served():
                await self._open_own()
            looking = asyncio.create_task(self._keep_looking(), name="renders")
            yield self
        finally:
            if looking is not None:
                await end_tasks([looking])
            await self._close()

    async def render(
        self, url: str, *, limit: RenderLimit | None = None, needs_document: bool = True, logs: bool = False
    ) -> Rendered:
        limit = limit or RenderLimit(RENDER_TIMEOUT_S)
        if not await self._is_served():
            return await self._render_here(url, limit, logs=logs)
        waiting = _Waiting(RenderOrder(new_id(), url, limit.timeout_s, needs_document, logs), _now())
        self._waiting[waiting.order.id] = waiting
        self._changed.set()
        try:
            async with limit.until_ended():
                answer = await waiting.answer
        except TimeoutError:
            raise RenderSlow("nobody waits for it any more") from None
        finally:
            del self._waiting[waiting.order.id]
            self._left.add(waiting.order.id)
            self._changed.set()
        if isinstance(answer, _Instead):
            return await self._render_here(url, limit, logs=logs)
        return await asyncio.to_thread(_rendered, answer)  # a large one takes a tenth of a second

    # Here

    async def _render_here(self, url: str, limit: RenderLimit, *, logs: bool) -> Rendered:
        browser = await self._open_own()
        return await browser.render(url, limit=limit, logs=logs)

    async def _open_own(self) -> PageRenderer:
        """Return the browser of our own, which is started when it is first needed."""
        async with self._opening:
            if self._own is None:
                try:
                    self._own = await self._stack.enter_async_context(self._open_renderer())
                except BrowserUnavailable as error:
                    raise BrowserUnavailable(english("browser.nobody_draws", reason=error.reason)) from error
                log.info("pages_rendered_here")
            return self._own

    # Elsewhere

    async def _is_served(self) -> bool:
        """Whether there are browser workers, as far as is known; a database that is away does not change that."""
        if _now() < self._here_until:
            return False
        if _now() - self._asked_at >= PRESENCE_S:
            self._asked_at = _now()
            silence_s = await self._ask(self._silence, 0.0 if self._has_workers else None)
            self._has_workers = silence_s is not None and silence_s < GONE_AFTER_S
        return self._has_workers

    async def _keep_looking(self) -> None:
        while True:
            if not self._waiting and not self._left:
                self._changed.clear()
                await self._changed.wait()
            try:
                await self._look()
            except Exception:
                log.exception("renders_not_looked_at")  # the next look comes
            await asyncio.sleep(self._look_s)

    async def _look(self) -> None:
        """Ask for what was not asked for, take what has been answered, and remove what nobody waits for."""
        left = set(self._left)  # whose order may be there by now
        known = await self._ask(self._renders.states, None)
        if known is None:
            return
        states = {state.id: state for state in known}
        await self._put([one.order for key, one in self._waiting.items() if key not in states])
        for state in known:
            await self._note(state)
        unwanted = [key for key in states if key not in self._waiting]
        if unwanted:
            await self._ask(partial(self._renders.remove, unwanted), None)
        self._left -= left
        if self._waiting:
            await self._take_back()

    async def _put(self, orders: list[RenderOrder]) -> None:
        if orders:
            await self._ask(partial(self._renders.put, orders), None)
            self._want_browser()

    async def _note(self, state: RenderState) -> None:
        waiting = self._waiting.get(state.id)
        if waiting is None or waiting.answer.done():
            return
        if state.is_held:
            waiting.alone_since = _now()
        if state.is_answered:
            answer = await self._ask(partial(self._renders.answer, state.id), None)
            if answer is not None and not waiting.answer.done():
                waiting.answer.set_result(answer)

    async def _take_back(self) -> None:
        """Render here what nobody is at, when nobody is there to render it."""
        alone = [key for key, one in self._waiting.items() if _now() - one.alone_since >= self._look_s]
        if not alone or (await self._is_served() and not await self._is_idle(alone)):
            return
        nothing: set[str] = set()
        for key in await self._ask(partial(self._renders.take_back, alone), nothing):
            waiting = self._waiting.get(key)
            if waiting is not None and not waiting.answer.done():
                waiting.answer.set_result(_Instead.RENDER_HERE)

    async def _is_idle(self, alone: list[str]) -> bool:
        """Whether workers are there and none of them renders anything, for a long while."""
        longest_s = max(_now() - self._waiting[key].alone_since for key in alone if key in self._waiting)
        if longest_s < IDLE_PATIENCE_S or await self._ask(self._renders.is_any_held, True):
            return False
        log.warning("browser_workers_do_not_render", seconds=round(longest_s))
        self._here_until = _now() + HERE_FOR_S
        return True

    async def _ask(self, work: Callable[[], T], otherwise: T) -> T:
        """Ask the database, in our thread; `otherwise` when it is away."""
        try:
            value = await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (ScanStoreError, DatabaseUnavailable) as error:
            if not self._is_away:
                log.warning("renders_wait", reason=str(error))
            self._is_away = True
            return otherwise
        self._is_away = False
        return value

    async def _close(self) -> None:
        """Take back what is under way, for a moment, and end the browser of our own."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._ask(self._renders.remove_all, None)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)
            await self._stack.aclose()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _rendered(answer: RenderAnswer) -> Rendered:
    """Return the page as if it had been rendered here. Raises RenderSlow, RenderFailed."""
    match answer.outcome:
        case RenderOutcome.SLOW:
            raise RenderSlow(answer.reason)
        case RenderOutcome.FAILED:
            raise RenderOversized if answer.reason == OVERSIZED else RenderFailed(answer.reason)
        case RenderOutcome.RENDERED:
            more = unpack_log(answer.log) if answer.log else ((), (), False, ())
            return Rendered(answer.final_url, answer.title, _document(answer.document), answer.screenshot, *more)


def _document(packed: bytes) -> str:
    if not packed:
        return ""
    if zstandard.frame_content_size(packed) > MAX_DOCUMENT:
        raise RenderFailed("the document is too large")
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_DOCUMENT).decode("utf-8", "replace")
