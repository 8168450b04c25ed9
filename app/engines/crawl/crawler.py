"""Stage 2: hosts in, pages and their references out, politely and within limits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final

from app.domain.coverage import Coverage, CrawlCutoff, Seen
from app.domain.log_entry import LogEntry
from app.domain.messages import FOREIGN_LANGUAGE, MessageCatalog
from app.domain.scan_facts import FrontierUrl, HostFact, UrlState
from app.domain.stages import StageKey
from app.engines.crawl.answer_classifier import classify_answer
from app.engines.crawl.background_work import BackgroundWork
from app.engines.crawl.coverage import CoverageReporter
from app.engines.crawl.crawl_limits import CrawlLimits, ReachedLimit
from app.engines.crawl.document_intake import DocumentIntake
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.host_backoff import BackoffTiming, HostBackoff
from app.engines.crawl.page_processor import PageProcessor
from app.engines.crawl.page_writer import OnPage, OnReferences, PageWriter
from app.engines.crawl.redirect_loops import RedirectLoops
from app.engines.crawl.rendered_intake import RenderedIntake
from app.engines.crawl.retry_policy import RetryDecision
from app.engines.crawl.robots import RETRY_DELAYS_S, RobotsLoader
from app.engines.crawl.robots_gate import RobotsGate
from app.engines.crawl.sheet_library import SheetLibrary
from app.engines.crawl.start_pages import StartPages
from app.engines.crawl.traps import TrapDetector
from app.engines.model import FetchResult, ScanConfig
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.parsing.page_parser import PageParser
from app.engines.ports import FrontierPort, ScanSink, ScanStopped
from app.engines.scope import Scope
from app.engines.urls import host_of, origin_of, resolve

OnHostNamed = Callable[[str, str], Awaitable[None]]

MAX_IN_FLIGHT: Final = 32  # over all addresses
MAX_NAMED_HOSTS: Final = 500  # handed to discovery; a page can make up any number of names
FLUSH_EVERY_S: Final = 0.5
_MODULE: Final = StageKey.PAGE_CRAWL.value


class Crawler:
    """Crawls the target's hosts. `load` and `run` once, `add_host` at any time between and after."""

    def __init__(
        self,
        *,
        scope: Scope,
        store: FrontierPort,
        fetcher: RateLimitedFetcher,
        parser: PageParser,
        sink: ScanSink,
        scan: ScanConfig,
        agent: str,
        per_address: int = 4,
        on_references: OnReferences | None = None,
        on_host_named: OnHostNamed | None = None,
        on_page: OnPage | None = None,
        robots_delays_s: Sequence[float] = RETRY_DELAYS_S,
        texts: MessageCatalog | None = None,
        timing: BackoffTiming | None = None,
        is_blocked: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`agent` is the user agent, as robots.txt names it; `on_host_named` gets names below the target that
        documents mention, with where ("page", "start_url"), each once. `texts` None: warnings are in English.
        `is_blocked`: see `Frontier`.
        """
        self._scope = scope
        self._store = store
        self._sink = sink
        self._texts = texts or MessageCatalog(FOREIGN_LANGUAGE)
        self._scan = scan
        self._on_host_named = on_host_named
        traps = TrapDetector()
        self._frontier = Frontier(
            store=store, traps=traps, max_depth=scan.max_depth, per_address=per_address, is_blocked=is_blocked
        )
        self._fetcher = fetcher
        self._limits = CrawlLimits(scan.max_pages, self._fetcher)
        self._redirect_loops = RedirectLoops(self._frontier, fetcher)
        self._start_pages = StartPages(scan)
        self._documents = DocumentIntake()
        self._processor = PageProcessor(scope=scope, parser=parser)
        self._writer = PageWriter(
            store=store,
            frontier=self._frontier,
            traps=traps,
            sink=sink,
            texts=self._texts,
            on_references=on_references,
            on_page=on_page,
        )
        loader = RobotsLoader(fetcher=self._fetcher, agent=agent, retry_delays_s=robots_delays_s)
        self._robots = RobotsGate(
            scope=scope, fetcher=self._fetcher, loader=loader, parser=parser, sink=sink, texts=self._texts
        )
        self._sheets = SheetLibrary(scope=scope, fetcher=self._fetcher, robots=self._robots, parser=parser)
        self._backoff = HostBackoff(
            frontier=self._frontier, robots=self._robots, sink=sink, texts=self._texts, timing=timing or BackoffTiming()
        )
        self._coverage_reporter = CoverageReporter(
            frontier=self._frontier, fetcher=self._fetcher, sink=sink, texts=self._texts, agent=agent
        )
        self._begin()

    def _begin(self) -> None:
        """Set what changes in the course of the crawl."""
        self._named: set[str] = set()  # hosts that discovery knows
        self._visits = 0  # begun
        self._background = BackgroundWork(self.wake)
        self._wake = asyncio.Event()
        # What was seen; set by `run`.
        self.coverage = Coverage()

    async def load(self, hosts: Iterable[HostFact] = ()) -> None:
        """Take up what an earlier attempt has left in the store. To be awaited once, before the first host.

        `hosts`: those that are known, to be told by `add_host` all the same. Their URLs go straight to their queues.
        """
        for host in hosts:
            if host.addresses:
                self._frontier.open_host(host.name, min(host.addresses))
        await self._frontier.load()
        await self._writer.load()

    @property
    def rendered(self) -> RenderedIntake:
        """What reads pages as a browser has rendered them, for this crawl."""
        return RenderedIntake(frontier=self._frontier, processor=self._processor, sheets=self._sheets)

    @property
    def pages(self) -> int:
        """Count the 2xx HTML documents that were parsed, those of an earlier attempt included."""
        return self._writer.pages

    @property
    def crawled(self) -> int:
        """Count the URLs that were answered."""
        return self._frontier.done

    @property
    def begun(self) -> int:
        """Count the URLs and the other work that were begun: while that stays the same, there is nothing to do."""
        return self._visits + self._background.begun

    @property
    def known(self) -> int:
        """Count the known URLs in scope."""
        return self._frontier.known

    @property
    def known_hosts(self) -> Sequence[str]:
        """The hosts of all known URLs in scope."""
        return self._frontier.host_names

    def add_host(self, host: HostFact) -> None:
        """Take a host that discovery examined. One that answers gets its start page, unless the scan has start URLs or
        the host shows only what its wildcard shows. Without an address its URLs stay pending: a later telling may
        bring one. Telling the same again changes nothing.
        """
        self._named.add(host.name)
        if host.addresses:
            address = min(host.addresses)
            if host.http_alive or host.https_alive:
                self._backoff.expect_answers(host.name)
            self._fetcher.assign_address(host.name, address)
            self._frontier.open_host(host.name, address)
            if (page := self._start_pages.start_page_of(host)) is not None:
                self._frontier.add([page], 0)
        self.wake()

    def wake(self) -> None:
        """Look again whether there is work, or an end: something changed outside."""
        self._wake.set()

    async def may_ask(self, url: str, group: asyncio.TaskGroup) -> bool:
        """Whether robots.txt of the URL's origin lets us ask for it. `group` carries the request for it, if any."""
        rules = await self._robots.rules(url, group)
        return rules.failed is None and rules.allows(url)

    async def run(
        self, *, hosts_settled: Callable[[], bool], before_end: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Crawls until no URL is left and `hosts_settled()` says that no host comes any more, or until a limit.
        What is in flight at the time limit is broken off and stays pending. `before_end` is awaited before what was
        seen is counted.

        Raises:
            ScanStopped: from the sink or a callback.
        """
        cut = None
        try:
            async with asyncio.timeout(self._scan.time_limit_s):
                await self._run_group(hosts_settled)
        except TimeoutError:
            cut = CrawlCutoff.TIME
            await self._coverage_reporter.warn_of_limit(cut, self._texts("crawl_time", limit_s=self._scan.time_limit_s))
        except BaseExceptionGroup as group:
            if group.subgroup(ScanStopped) is not None:
                raise ScanStopped from group
            raise
        finally:
            self._store.flush()
        if before_end is not None:
            await before_end()
        await self._conclude(cut)

    async def _run_group(self, hosts_settled: Callable[[], bool]) -> None:
        async with asyncio.TaskGroup() as group:
            ticker = group.create_task(self._tick())
            self._add_start_urls(group)
            while not self._is_over(hosts_settled) or self._has_final_probes(group):
                self._wake.clear()
                self._dispatch(group)
                if not self._is_over(hosts_settled):
                    await self._wake.wait()
            ticker.cancel()

    async def _tick(self) -> None:
        """Flush the store, and bound what a forgotten `wake` costs."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            self._store.flush()
            self.wake()

    def _add_start_urls(self, group: asyncio.TaskGroup) -> None:
        found = (resolve(url, url) for url in self._scan.start_urls)
        urls = [url for url in found if url and self._scope.contains(host_of(url))]
        self._frontier.add(urls, 0)
        self._announce_hosts(map(host_of, urls), "start_url", group)

    def _dispatch(self, group: asyncio.TaskGroup) -> None:
        """Start whatever may be started now."""
        for origin in self._start_pages.unread_sitemaps():
            self._background.start(group, self._read_sitemaps(origin, group))
        while self._has_room() and (item := self._frontier.take()) is not None:
            self._visits += 1
            group.create_task(self._visit(item, group))

    def _has_room(self) -> bool:
        return self._frontier.in_flight < MAX_IN_FLIGHT and not self._limit()

    def _limit(self) -> ReachedLimit | None:
        """Return the limit that is reached. What is in flight may become a page."""
        return self._limits.reached(self.pages + self._frontier.in_flight)

    def _is_over(self, hosts_settled: Callable[[], bool]) -> bool:
        if self._frontier.in_flight or self._background.running:
            return False
        return bool(self._limit()) or (self._frontier.is_idle and hosts_settled())

    def _has_final_probes(self, group: asyncio.TaskGroup) -> bool:
        """Start the last questions: to hosts that were given up, and to a target that showed no web server."""
        if self._limit():
            return False
        if not self.known and (page := self._start_pages.fallback_page()) is not None:
            self._frontier.add([page], 0)
            return True
        return self._backoff.start_final_probes(partial(self._background.start, group))

    async def _visit(self, item: FrontierUrl, group: asyncio.TaskGroup) -> None:
        """Take one URL from robots.txt to the store."""
        rules = await self._robots.rules(item.url, group)
        if rules.failed is not None:
            await self._handle_failed_robots(item, rules.failed, group)
        elif not rules.allows(item.url):
            self._frontier.finish(item.id, UrlState.REFUSED, seen=Seen.ROBOTS)
        else:
            if rules.crawl_delay_s:
                self._frontier.limit_host(item.host, 1)  # others would only wait in line
            version = self._fetcher.cookies_version  # an answer may set new ones meanwhile
            await self._handle_answer(item, await self._fetch(item.url), version, group)
        self.wake()

    async def _handle_failed_robots(self, item: FrontierUrl, failed: FetchResult, group: asyncio.TaskGroup) -> None:
        """Put the URL back, or refuse it: its origin gave no robots.txt."""
        decision = self._backoff.decide(item, failed)
        if decision.retry:
            self._frontier.requeue(item.id, late=True)
        else:
            self._frontier.finish(item.id, UrlState.REFUSED, seen=classify_answer(failed, None, None))
        await self._update_host(item, decision, failed, group)

    async def _update_host(
        self, item: FrontierUrl, decision: RetryDecision, result: FetchResult, group: asyncio.TaskGroup
    ) -> None:
        if await self._backoff.apply(item, decision, result, start=partial(self._background.start, group)):
            self._start_pages.retry_sitemaps(origin_of(item.url))

    async def _fetch(self, url: str) -> FetchResult:
        if (answer := self._sheets.take_answer(url)) is not None:
            return answer
        return await self._fetcher.fetch(url, **self._documents.fetch_options(url))

    async def _handle_answer(
        self, item: FrontierUrl, result: FetchResult, cookies_version: int, group: asyncio.TaskGroup
    ) -> None:
        """Store what the answer brings. `cookies_version`: as it was when the URL was asked."""
        decision = self._backoff.decide(item, result)
        if decision.retry:
            self._frontier.requeue(item.id, late=True)
            await self._update_host(item, decision, result, group)
            return
        sheets = self._sheets.within(group)
        processed = await self._processor.read(item, self._frontier.depth_of(item.id), result, sheets)
        self._documents.note(result, processed)
        is_document = processed.document is not None
        seen = classify_answer(result, processed.page, processed.extraction, is_document=is_document)
        await self._writer.write(item, processed, seen)
        if processed.hops and processed.extraction is None:
            self._redirect_loops.note_redirect(item.id, processed.same_depth, cookies_version)
        self._announce_hosts(processed.hosts, "page", group)
        await self._update_host(item, decision, result, group)
        await self._writer.notify(item, processed)

    def _announce_hosts(self, hosts: Iterable[str], source: str, group: asyncio.TaskGroup) -> None:
        """Name new hosts to discovery. Beyond the limit they are ignored: their URLs stay pending."""
        for host in hosts:
            if host not in self._named and len(self._named) < MAX_NAMED_HOSTS + len(self._start_pages):
                self._named.add(host)
                if self._on_host_named:
                    self._background.start(group, self._on_host_named(host, source))

    async def _take_sitemap(self, urls: tuple[str, ...]) -> None:
        """Add what a sitemap lists, one step away: it hangs on the start page."""
        self._frontier.add([url for url in urls if self._scope.contains(host_of(url))], 1)
        self.wake()

    async def _read_sitemaps(self, origin: str, group: asyncio.TaskGroup) -> None:
        if not await self._robots.read_sitemaps(origin, group, self._take_sitemap):
            self._start_pages.sitemaps_failed(origin)

    async def _conclude(self, cut: CrawlCutoff | None) -> None:
        """Set the coverage, and warn of what was not seen."""
        await self._writer.report_traps()
        await self._documents.report(self._sink, self._texts)
        if cut is None and (limit := self._limit()) and not self._frontier.is_idle:
            cut, phrase, value = limit
            said = self._texts(phrase, limit=value, crawled=self.crawled, known=self.known)
            await self._coverage_reporter.warn_of_limit(cut, said)
        if self._frontier.overflowed:
            cut = cut or CrawlCutoff.ADDRESSES
            await self._coverage_reporter.warn_of_limit(CrawlCutoff.ADDRESSES, self._texts("crawl_overflow"))
        self.coverage = await self._coverage_reporter.report(self._start_pages, cut)
        said = self._texts("crawled", pages=self.pages, crawled=self.crawled, known=self.known)
        await self._sink.log(LogEntry("INFO", _MODULE, said))
