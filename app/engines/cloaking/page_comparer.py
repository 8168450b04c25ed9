"""Asks for the chosen pages as other visitors, within the limits of all stages: what are only some of them shown?"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

from app.domain.scan_facts import FetchError, Reference
from app.domain.visitors import Visitor
from app.engines.cloaking.comparison import Compared, Comparison
from app.engines.cloaking.page_sample import SampledPage
from app.engines.cloaking.view import NOTHING, View, view_of
from app.engines.cloaking.visits import PLAIN, Visit, visits_for
from app.engines.extract.page import Extraction
from app.engines.model import FetchResult
from app.engines.net.client import Headers
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.parsing.page_parser import PageParser
from app.engines.ports import Unreadable
from app.engines.scope import Scope
from app.engines.urls import host_of

AT_ONCE: Final = 16  # pages; of each host the limits of all stages hold
TIMEOUT_S: Final = 10.0  # of one answer
WAIT_S: Final = 15.0  # of one answer with the wait for the host's turn: who wants longer pauses is compared less
MAX_HOPS: Final = 3  # redirects within the site that one visit follows
MAX_REFUSED: Final = 2  # visits of one sort that a host refuses: it is not asked so any more
OVERRUN: Final = frozenset({429, 503})  # asks for a pause, which all stages keep: it is left in peace at once
_TYPES: Final = ("text/html", "application/xhtml+xml", "")

OnCompared = Callable[[SampledPage, Sequence[Compared]], Awaitable[None]]
MayAsk = Callable[[str, asyncio.TaskGroup], Awaitable[bool]]


class PageComparer:
    """Compares each page once. `run` once."""

    def __init__(
        self,
        *,
        scope: Scope,
        plain: RateLimitedFetcher,
        make_fetcher: Callable[[], RateLimitedFetcher],
        parser: PageParser,
        may_ask: MayAsk,
        is_known: Callable[[str], bool],
        on_compared: OnCompared,
    ) -> None:
        """`plain` has the cookies of the crawl, one of `make_fetcher` none; `may_ask` is what robots.txt says;
        `on_compared` is told each page that is through, mostly with nothing.
        """
        self._scope = scope
        self._plain = plain
        self._make_fetcher = make_fetcher
        self._parser = parser
        self._may_ask = may_ask
        self._is_known = is_known
        self._on_compared = on_compared
        self._refused: Counter[tuple[str, Visitor]] = Counter()  # by host
        self._overrun: set[str] = set()  # hosts
        # Pages that are to be compared, and how many of them are through.
        self.total = 0
        self.done = 0
        # Visits that were refused or came to nothing: what they would have shown is not known.
        self.unseen = 0
        # Pages with signs of what only some are shown.
        self.differing = 0

    @property
    def left_out(self) -> int:
        """Pages that were not compared because the time was over."""
        return self.total - self.done

    async def run(self, pages: Collection[SampledPage], *, limit_s: float) -> None:
        """Compare the pages, for so long at most. Raises ScanStopped."""
        self.total = len(pages)
        waiting = deque(pages)
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s), asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._work(waiting, group))

    async def _work(self, waiting: deque[SampledPage], group: asyncio.TaskGroup) -> None:
        while waiting:
            page = waiting.popleft()
            found = await self._compare(page, group)
            self.differing += any(item.signs for item in found)
            await self._on_compared(page, found)
            self.done += 1

    async def _compare(self, page: SampledPage, group: asyncio.TaskGroup) -> list[Compared]:
        first = await self._visit(page.url, PLAIN, group)
        if not first.was_shown:
            return []
        views = [
            (item.visitor, await self._visit(page.url, item, group)) for item in visits_for(first.title + first.text)
        ]
        if not await self._judge(page, [first], views):
            return []
        again = await self._visit(page.url, PLAIN, group)
        return await self._judge(page, [first, again], views) if again.was_shown else []

    async def _judge(
        self, page: SampledPage, plain: Sequence[View], views: Sequence[tuple[Visitor, View]]
    ) -> list[Compared]:
        comparison = Comparison(page, plain, is_known=self._is_known)
        found = [comparison.later(await self._words(page, comparison.difference(None)))]
        for visitor, view in views:
            words = await self._words(page, comparison.difference(view)) if view.was_shown else ()
            found.append(comparison.of(visitor, view, words))
        return [item for item in found if item is not None]

    async def _words(self, page: SampledPage, difference: tuple[str, str]) -> Sequence[Reference]:
        added, usual = difference
        if not added:
            return ()
        try:
            return await self._parser.difference(added, usual, url=page.url)
        except Unreadable:
            return ()

    async def _visit(self, url: str, visit: Visit, group: asyncio.TaskGroup) -> View:
        """Return what the visit was shown."""
        origin = host_of(url), visit.visitor
        if origin[0] in self._overrun or self._refused[origin] >= MAX_REFUSED:
            self.unseen += 1
            return NOTHING
        fetcher = self._plain if visit.has_cookies else self._make_fetcher()
        result, found = FetchResult(url, url), None
        for _ in range(MAX_HOPS + 1):
            if not await self._may_ask(url, group):
                break
            result, found = await self._ask(url, visit, fetcher)
            target = result.hops[-1].location if result.hops else ""
            if not target or not self._scope.contains(host_of(target)):
                break
            url = target
        view = view_of(result, found, self._scope.is_own)
        self.unseen += not view.was_shown
        self._refused[origin] += not view.was_shown
        return view

    async def _ask(self, url: str, visit: Visit, fetcher: RateLimitedFetcher) -> tuple[FetchResult, Extraction | None]:
        try:
            async with asyncio.timeout(WAIT_S):
                result = await fetcher.fetch(
                    url, headers=visit.headers, max_redirects=0, wants_body=_is_page, timeout_s=TIMEOUT_S
                )
        except TimeoutError:
            return FetchResult(url, url, error=FetchError.TIMEOUT), None
        if result.status in OVERRUN:
            self._overrun.add(host_of(url))
        if result.hops or not result.status or not _is_page(result.headers):
            return result, None
        try:
            return result, await self._parser.page(result.body, url=url, headers=result.headers)
        except Unreadable:
            return result, None


def _is_page(headers: Headers) -> bool:
    declared = next((value for name, value in headers if name == "content-type"), "")
    return declared.partition(";")[0].strip().lower() in _TYPES
