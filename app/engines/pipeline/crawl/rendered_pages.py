"""Beside the crawl: some of its pages are rendered, and what they load, show and lead to only then is kept.

Rendering never holds the crawl up while that has anything to do; at its end the scan waits for what is left to render,
within bounds. What waits and what is through is remembered: an attempt that goes on renders nothing twice.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import FrontierUrl, Reference
from app.domain.stages import StageKey
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.loaded_request import LoadedRequest
from app.engines.capture.page_renderer import RENDER_TIMEOUT_S, Rendered, RenderFailed, RenderSlow
from app.engines.capture.render_limit import RenderLimit
from app.engines.crawl.page_processor import ProcessedPage
from app.engines.crawl.rendered_intake import RenderedDocument, RenderedIntake
from app.engines.pipeline.capture.renderings import PATIENT_TIMEOUT_S
from app.engines.pipeline.capture.shared_render_service import SharedRenderService
from app.engines.pipeline.crawl.idle_clock import IdleClock
from app.engines.pipeline.crawl.rendered_references import rendered_references, source_keys
from app.engines.pipeline.crawl.rendered_sample import RenderedSample, is_shell
from app.engines.pipeline.time_budget import TimeBudget
from app.engines.pipeline.work_queue import WorkQueue
from app.engines.ports import ScanSink, ScanStore
from app.engines.scope import Scope
from app.engines.urls import host_of, request_url

CHECKPOINT: Final = "drawn_pages"
WAIT_S: Final = 120.0  # how long a crawl that has nothing else to do waits for renders, in all
END_S: Final = 30.0  # for what is under way when nobody waits any more: it is told so, and this machine may be slow
MAX_HOSTS_NAMED: Final = 50  # own hosts of one page that are handed to discovery
_COUNTS: Final = ("rendered", "requests", "urls", "missing", "cut")


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A page that is to be rendered."""

    item: FrontierUrl
    known: frozenset[int] = field(repr=False)  # of its source (`source_keys`)
    timeout_s: float = RENDER_TIMEOUT_S
    is_first: bool = False  # it says nothing itself, or loads what nobody knows: rendered before the others


class RenderedPages:
    """`note` each page of the crawl, `run` beside it, `settle` at its end. Event loop only."""

    def __init__(
        self,
        *,
        scope: Scope,
        store: ScanStore,
        sink: ScanSink,
        texts: MessageCatalog,
        render_service: SharedRenderService,
        intake: RenderedIntake,
        on_found: Callable[[str, Sequence[Reference]], Awaitable[None]],
        on_host_named: Callable[[str, str], Awaitable[None]],
        on_changed: Callable[[], None],
        is_wanted: bool,
        budget: TimeBudget,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_found` is told a page and what it refers to only as rendered; `on_changed` that the crawl may go on.
        `is_wanted` False: nothing is rendered.
        """
        self._scope = scope
        self._store = store
        self._sink = sink
        self._texts = texts
        self._render_service = render_service
        self._intake = intake
        self._on_found = on_found
        self._on_host_named = on_host_named
        self._on_changed = on_changed
        self._is_wanted = is_wanted
        self._queue: WorkQueue[WaitingPage] = WorkQueue()
        self._limits: list[RenderLimit] = []  # of what is rendered just now
        self._idle = IdleClock(monotonic)  # of the crawl
        self._budget = budget
        self._monotonic = monotonic
        self._stopped = asyncio.Event()  # nothing is rendered any more
        self._has_hurried = False  # the browser, which was away
        stored = store.checkpoint(CHECKPOINT) or {}
        self._sample = RenderedSample(stored.get("chosen", ()))
        self._waiting: dict[int, None] = dict.fromkeys(stored.get("waiting", ()))  # ids
        self._counts: dict[str, int] = {name: stored.get(name, 0) for name in _COUNTS}
        self._source_keys: dict[str, set[int]] = {}  # by page that an earlier attempt has left

    # What is rendered

    def note(self, item: FrontierUrl, processed: ProcessedPage) -> None:
        """Take what the crawl saw of one address; most are left out at once."""
        found = processed.extraction
        if found is None or not self._is_wanted or not self._sample.choose(item, processed.page, found):
            return
        self._waiting[item.id] = None
        self._save()
        is_first = is_shell(found) or item.id in self._sample.urgent
        page = WaitingPage(item, source_keys(processed.references), is_first=is_first)
        self._queue.add([page], first=is_first)

    def resume(self) -> Callable[[Sequence[Reference]], None]:
        """Return who is to be told all references of the store, before `take_up`."""
        pages = {self._store.url_of(url_id).url for url_id in self._waiting} if self._is_wanted else set()
        self._source_keys = {url: set() for url in pages}

        def note(references: Sequence[Reference]) -> None:
            for reference in references:
                keys = self._source_keys.get(reference.page_url)
                if keys is not None:
                    keys |= source_keys([reference])

        return note

    def take_up(self) -> None:
        """Render what an earlier attempt had chosen and not rendered."""
        found = [self._store.url_of(url_id) for url_id in self._waiting] if self._is_wanted else []
        self._queue.add(WaitingPage(item, frozenset(self._source_keys.pop(item.url, ()))) for item in found)

    # When

    async def run(self) -> None:
        """Render until `settle`, or until nothing renders. Raises ScanStopped."""
        async with asyncio.TaskGroup() as group:
            rendering = group.create_task(self._render_all())
            stopping = group.create_task(self._stopped.wait())
            await asyncio.wait({rendering, stopping}, return_when=asyncio.FIRST_COMPLETED)
            rendering.cancel()
            stopping.cancel()

    async def _render_all(self) -> None:
        if not self._is_wanted or not await self._render_service.ready():
            self._queue.give_up()
            return
        await self._queue.work(self._render, workers=self._render_service.at_once)

    @property
    def unfinished(self) -> int:
        """Count the pages that wait, or are being rendered."""
        return sum(1 for _ in self._queue.unfinished())

    def is_settled(self, work: Hashable) -> bool:
        """Asked by a crawl that has nothing else to do: whether it need not wait for anything that is rendered.

        `work`: see `IdleClock.look`.
        """
        before_s = self._idle.waited_s
        self._idle.look(work)
        self._budget.note_browser_wait(self._idle.waited_s - before_s)
        return self._queue.is_idle or not self._wait_left_s or self._is_browser_away()

    def _is_browser_away(self) -> bool:
        """Whether there is no browser now, although one was started just for this."""
        if not self._render_service.is_away:
            return False
        if self._has_hurried:
            return True
        self._has_hurried = True
        self._render_service.hurry()
        return False

    async def settle(self, *, limit_s: float) -> None:
        """The crawl is over: wait for what is still rendered, so long at most, and say what came of it."""
        limit_s = min(limit_s, self._wait_left_s)
        if not self._is_browser_away() and await self._is_browser_there(limit_s):
            await self._drained_within(limit_s)
        self.give_up()
        await self._drained_within(END_S)
        self._counts["missing"] += self.unfinished
        self._queue.close()
        self._stopped.set()
        await self._tell()

    @property
    def _wait_left_s(self) -> float:
        return max(0.0, min(WAIT_S - self._idle.waited_s, self._budget.browser_left_s()))

    async def _drained_within(self, limit_s: float) -> None:
        began = self._monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, limit_s)):
                await self._queue.drained()
        self._budget.note_browser_wait(self._monotonic() - began)

    async def _is_browser_there(self, limit_s: float) -> bool:
        """Wait for a start that is under way."""
        if self._queue.is_idle:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, limit_s)):
                return await self._render_service.starts_now()
        return False

    def give_up(self) -> None:
        """Nobody waits any longer."""
        left = self._queue.drop(lambda _: True)
        self._counts["missing"] += len(left)
        for page in left:
            self._waiting.pop(page.item.id, None)
        self._queue.give_up()
        for limit in self._limits:
            limit.end()
        self._save()

    # What comes of it

    async def _render(self, page: WaitingPage) -> None:
        limit = RenderLimit(page.timeout_s)
        self._limits.append(limit)
        try:
            rendered = await self._render_service.render(page.item.url, limit=limit, logs=True)
        except RenderSlow as slow:
            if page.timeout_s < PATIENT_TIMEOUT_S and not limit.is_over:
                self._queue.add([replace(page, timeout_s=PATIENT_TIMEOUT_S)], first=page.is_first)
            else:
                await self._leave_out(page, slow.requests)
            return
        except (RenderFailed, BrowserUnavailable):
            await self._leave_out(page)
            return
        finally:
            self._limits.remove(limit)
        documents = await self._read(page.item, rendered)
        self._counts["rendered"] += 1
        await self._take_in(page, rendered, documents)
        self._on_changed()

    async def _leave_out(self, page: WaitingPage, requests: tuple[LoadedRequest, ...] = ()) -> None:
        """It was not rendered to its end: what it had asked for until then counts."""
        self._counts["missing"] += 1
        await self._take_in(page, Rendered(page.item.url, "", "", b"", requests), [])
        self._on_changed()

    async def _take_in(self, page: WaitingPage, rendered: Rendered, documents: list[RenderedDocument]) -> None:
        """Nothing is awaited between the last of what is written: a flush takes all of it or nothing."""
        item = page.item
        references = rendered_references(
            item.url,
            known=page.known,
            requests=rendered.requests,
            documents=[document.processed.references for document in documents],
            is_own=self._scope.is_own,
            sights=rendered.sights,
        )
        urls = await self._intake.take_in(item, documents)  # others are counted meanwhile
        self._counts["urls"] += urls
        if references:
            self._store.add_references(references)
        self._counts["requests"] += len(rendered.requests)
        self._counts["cut"] += rendered.is_cut
        self._waiting.pop(item.id, None)
        self._save()
        if references:
            await self._on_found(item.url, references)
        async with asyncio.TaskGroup() as group:  # each is examined, and may keep silent for 10 s
            for host in self._named_hosts(rendered, documents):
                group.create_task(self._name(host))

    async def _name(self, host: str) -> None:
        await self._on_host_named(host, "page")

    async def _read(self, item: FrontierUrl, rendered: Rendered) -> list[RenderedDocument]:
        """Read the page and the frames that are part of it. What scripts led to elsewhere is no page of the site."""
        url = request_url(rendered.final_url)
        if url is None or not self._scope.is_own(host_of(url)):
            return []
        documents = [await self._intake.read(item, url, rendered.html)]
        return [*documents, *[await self._intake.read(item, url, html) for html in rendered.frames]]

    def _named_hosts(self, rendered: Rendered, documents: Iterable[RenderedDocument]) -> list[str]:
        named = {host_of(request.web_url) for request in rendered.requests}
        named.update(host for document in documents for host in document.processed.hosts)
        return sorted(host for host in named if host and self._scope.contains(host))[:MAX_HOSTS_NAMED]

    def _save(self) -> None:
        """Into the same flush as what it is about."""
        if not self._is_wanted:
            return
        counts = {"chosen": list(self._sample.chosen), "waiting": list(self._waiting), **self._counts}
        self._store.put_checkpoint(CHECKPOINT, counts)

    async def _tell(self) -> None:
        counts = self._counts
        if not self._is_wanted:
            await self._log("scripts_not_run")
            return
        if counts["rendered"]:
            await self._log("pages_drawn", pages=counts["rendered"], requests=counts["requests"], urls=counts["urls"])
        if counts["missing"] and self._render_service.problem is None:
            await self._sink.warning("degraded", self._texts("pages_not_drawn", count=counts["missing"]))
        if counts["cut"]:
            await self._sink.warning("degraded", self._texts("drawings_cut", count=counts["cut"]))
        if self._sample.left_out:
            await self._sink.warning("degraded", self._texts("drawings_limit", count=self._sample.left_out))

    async def _log(self, key: str, **values: int) -> None:
        await self._sink.log(LogEntry("INFO", StageKey.PAGE_CRAWL.value, self._texts(key, **values)))
