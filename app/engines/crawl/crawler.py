"""Stage 2: hosts in, pages and their references out, politely and within limits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from app.domain.coverage import Coverage, Cut, Seen
from app.domain.stages import StageKey
from app.engines.crawl.circles import Circles
from app.engines.crawl.conclusion import Conclusion
from app.engines.crawl.digest import Digest, Digester, is_readable, may_be_readable
from app.engines.crawl.frontier import Frontier, is_binary
from app.engines.crawl.gate import OriginGate
from app.engines.crawl.limit import CrawlLimit, Limit
from app.engines.crawl.patience import Patience, Verdict, is_silent
from app.engines.crawl.polite import MAX_BYTES, PoliteFetcher
from app.engines.crawl.ports import Cookies, Extraction, Fetcher, HostLimits, Reader
from app.engines.crawl.recovery import Recovery, Waiting
from app.engines.crawl.robots import RETRY_DELAYS_S, RobotsLoader
from app.engines.crawl.seen import seen_of
from app.engines.crawl.starts import Starts
from app.engines.crawl.traps import TrapGuard
from app.engines.model import FetchResult, FrontierUrl, HostFact, PageFact, Reference, ScanConfig, UrlState
from app.engines.net.limits import retry_after_s
from app.engines.notices import UnreadableNotice
from app.engines.phrases import Phrases
from app.engines.ports import FrontierPort, ScanSink, ScanStopped
from app.engines.scope import Scope
from app.engines.urls import host_of, origin_of, resolve

OnPage = Callable[[PageFact, Extraction | None], Awaitable[None]]
OnReferences = Callable[[str, Sequence[Reference]], Awaitable[None]]
OnHostNamed = Callable[[str, str], Awaitable[None]]

MAX_IN_FLIGHT: Final = 32  # over all addresses
MAX_NAMED_HOSTS: Final = 500  # handed to discovery; a page can make up any number of names
AT_ONCE: Final = 2_000  # links or references that are taken in in one go: 20 ms
FLUSH_EVERY_S: Final = 0.5
_MODULE: Final = StageKey.PAGE_CRAWL.value


class Crawler:
    """Crawls the target's hosts. `add_host` at any time, `run` once.

    For each document the store gets URL, page, references, hops and links in one piece, and only then the callbacks
    are awaited: after a crash the store knows more than they were told.
    """

    def __init__(
        self,
        *,
        scope: Scope,
        store: FrontierPort,
        client: Fetcher,
        limits: HostLimits,
        reader: Reader,
        sink: ScanSink,
        scan: ScanConfig,
        agent: str,
        per_address: int = 4,
        on_page: OnPage | None = None,
        on_references: OnReferences | None = None,
        on_host_named: OnHostNamed | None = None,
        robots_delays_s: Sequence[float] = RETRY_DELAYS_S,
        phrases: Phrases | None = None,
        cookies: Cookies | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        """`agent` is the user agent, as robots.txt names it; `on_host_named` gets names below the target that
        documents mention, with where ("page", "start_url"), each once. `phrases` None: warnings are in English.
        """
        self._scope = scope
        self._store = store
        self._sink = sink
        self._say = phrases or Phrases("en")
        self._scan = scan
        self._on_page = on_page
        self._on_references = on_references
        self._on_host_named = on_host_named
        self._guard = TrapGuard()
        self._frontier = Frontier(store=store, guard=self._guard, max_depth=scan.max_depth, per_lane=per_address)
        self._fetcher = PoliteFetcher(client=client, limits=limits, cookies=cookies)
        self._limits = CrawlLimit(scan.max_pages, self._fetcher)
        self._circles = Circles(self._frontier, cookies)
        self._starts = Starts(scan)
        self._digester = Digester(scope=scope, reader=reader)
        loader = RobotsLoader(client=self._fetcher, agent=agent, retry_delays_s=robots_delays_s)
        self._gate = OriginGate(
            scope=scope, fetcher=self._fetcher, loader=loader, reader=reader, sink=sink, phrases=self._say
        )
        waiting = waiting or Waiting()
        self._patience = Patience(waiting.monotonic, silence_s=waiting.silence_s, busy_s=waiting.busy_s)
        self._recovery = Recovery(
            frontier=self._frontier,
            patience=self._patience,
            gate=self._gate,
            sink=sink,
            phrases=self._say,
            sleep=waiting.sleep,
        )
        self._conclusion = Conclusion(frontier=self._frontier, fetcher=self._fetcher, sink=sink, phrases=self._say)
        self._unreadable = UnreadableNotice(sink=sink, phrases=self._say, module=_MODULE)
        self._named: set[str] = set()  # hosts that discovery knows
        self._foreign: set[str] = set()  # foreign hosts met so far
        self._traps_told = 0
        self._background = 0  # tasks under way that may bring hosts or URLs
        self._wake = asyncio.Event()
        # What was seen; set by `run`.
        self.coverage = Coverage()
        # 2xx HTML documents parsed so far, those of an earlier attempt included.
        self.pages = store.counts().pages
        self._frontier.load()

    @property
    def crawled(self) -> int:
        """URLs that were answered."""
        return self._frontier.done

    @property
    def known(self) -> int:
        """URLs in scope that are known."""
        return self._frontier.known

    @property
    def received(self) -> int:
        """Decoded bytes so far."""
        return self._fetcher.received

    def add_host(self, host: HostFact) -> None:
        """A host that discovery examined. One that answers gets its start page, unless the scan has start URLs or
        the host shows only what its wildcard shows. Without an address its URLs stay pending: a later telling may
        bring one. Telling the same again changes nothing.
        """
        self._named.add(host.name)
        if host.addresses:
            address = min(host.addresses)
            if host.http_alive or host.https_alive:
                self._patience.expect(host.name)
            self._fetcher.locate(host.name, address)
            self._frontier.open_host(host.name, address)
            if (page := self._starts.page_of(host)) is not None:
                self._frontier.add([page], 0)
        self.wake()

    def wake(self) -> None:
        """Something changed outside: look again whether there is work, or an end."""
        self._wake.set()

    async def run(self, *, hosts_settled: Callable[[], bool]) -> None:
        """Crawls until no URL is left and `hosts_settled()` says that no host comes any more, or until a limit.
        What is in flight at the time limit is broken off and stays pending.

        Raises:
            ScanStopped: from the sink or a callback.
        """
        cut = None
        try:
            async with asyncio.timeout(self._scan.time_limit_s):
                await self._run_group(hosts_settled)
        except TimeoutError:
            cut = Cut.TIME
            await self._sink.warning("partial", self._say("crawl_time", limit_s=self._scan.time_limit_s))
        except BaseExceptionGroup as group:
            if group.subgroup(ScanStopped) is not None:
                raise ScanStopped from group
            raise
        finally:
            self._store.flush()
        await self._conclude(cut)

    async def _run_group(self, hosts_settled: Callable[[], bool]) -> None:
        async with asyncio.TaskGroup() as group:
            ticker = group.create_task(self._tick())
            self._add_start_urls(group)
            while not self._is_over(hosts_settled) or self._has_last_questions(group):
                self._wake.clear()
                self._dispatch(group)
                if not self._is_over(hosts_settled):
                    await self._wake.wait()
            ticker.cancel()

    async def _tick(self) -> None:
        """What was collected becomes durable; and a forgotten `wake` costs no more than this."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            self._store.flush()
            self.wake()

    def _add_start_urls(self, group: asyncio.TaskGroup) -> None:
        found = (resolve(url, url) for url in self._scan.start_urls)
        urls = [url for url in found if url and self._scope.contains(host_of(url))]
        self._frontier.add(urls, 0)
        self._name_hosts(map(host_of, urls), "start_url", group)

    def _dispatch(self, group: asyncio.TaskGroup) -> None:
        """Starts whatever may be started now."""
        for origin in self._starts.unread_maps():
            self._start(group, self._read_sitemaps(origin, group))
        while self._has_room() and (item := self._frontier.take()) is not None:
            group.create_task(self._visit(item, group))

    def _start(self, group: asyncio.TaskGroup, work: Awaitable[None]) -> None:
        """In the background; the crawl does not end before it has."""
        self._background += 1

        async def carry() -> None:
            try:
                await work
            finally:
                self._background -= 1
                self.wake()

        group.create_task(carry())

    def _has_room(self) -> bool:
        return self._frontier.in_flight < MAX_IN_FLIGHT and not self._limit()

    def _limit(self) -> Limit | None:
        """What is in flight may become a page."""
        return self._limits.reached(self.pages + self._frontier.in_flight)

    def _is_over(self, hosts_settled: Callable[[], bool]) -> bool:
        if self._frontier.in_flight or self._background:
            return False
        return bool(self._limit()) or (self._frontier.is_idle and hosts_settled())

    def _has_last_questions(self, group: asyncio.TaskGroup) -> bool:
        """Before the end: hosts that were given up, and a target that showed no web server."""
        if self._limit():
            return False
        if not self.known and (page := self._starts.last_resort()) is not None:
            self._frontier.add([page], 0)
            return True
        return self._recovery.try_once_more(lambda work: self._start(group, work))

    async def _visit(self, item: FrontierUrl, group: asyncio.TaskGroup) -> None:
        """One URL, from the gate to the store."""
        rules = await self._gate.rules(item.url, group)
        if rules.failed is not None:
            await self._miss(item, rules.failed, group)
        elif not rules.allows(item.url):
            self._frontier.finish(item.id, UrlState.REFUSED, seen=Seen.ROBOTS)
        else:
            if rules.crawl_delay_s:
                self._frontier.limit_host(item.host, 1)  # others would only wait in line
            version = self._circles.version
            await self._take(item, await self._fetch(item.url), version, group)
        self.wake()

    async def _miss(self, item: FrontierUrl, failed: FetchResult, group: asyncio.TaskGroup) -> None:
        """The origin's robots.txt could not be had: nothing may be asked there."""
        verdict = self._judge(item, failed)
        if verdict.again:
            self._frontier.give_back(item.id, late=True)
        else:
            self._frontier.finish(item.id, UrlState.REFUSED, seen=seen_of(failed, None, None))
        await self._treat_host(item, verdict, failed, group)

    def _judge(self, item: FrontierUrl, result: FetchResult) -> Verdict:
        asked = retry_after_s(result.header("retry-after"))
        return self._patience.judge(item, result, retry_after_s=asked or 0.0)

    async def _treat_host(
        self, item: FrontierUrl, verdict: Verdict, result: FetchResult, group: asyncio.TaskGroup
    ) -> None:
        silent, origin = is_silent(result), origin_of(item.url)
        if verdict.well and self._recovery.well(item.host):
            self._starts.again(origin)
        if verdict.leave:
            await self._recovery.leave(item.host, origin, silent=silent)
        elif verdict.pause_s:
            start = partial(self._start, group)
            self._recovery.pause(item.host, origin, verdict.pause_s, silent=silent, start=start)

    async def _fetch(self, url: str) -> FetchResult:
        """Of what is no page and no style sheet only the headers are wanted."""
        wants_body = is_readable if is_binary(url) else may_be_readable
        return await self._fetcher.fetch(url, max_bytes=MAX_BYTES, max_redirects=0, wants_body=wants_body)

    async def _take(self, item: FrontierUrl, result: FetchResult, version: int, group: asyncio.TaskGroup) -> None:
        """`version`: the cookies' one when it was asked for."""
        verdict = self._judge(item, result)
        if verdict.again:
            self._frontier.give_back(item.id, late=True)
            await self._treat_host(item, verdict, result, group)
            return
        digest = await self._digester.read(item, self._frontier.depth_of(item.id), result)
        left = await self._take_in(item, digest)
        self._keep(item, digest, seen_of(result, digest.page, digest.extraction), left)
        if digest.hops and digest.extraction is None:
            self._circles.close(item.id, digest.same, version)
        self._name_hosts(digest.hosts, "page", group)
        await self._treat_host(item, verdict, result, group)
        await self._tell(item, digest)

    async def _take_in(self, item: FrontierUrl, digest: Digest) -> Sequence[Reference]:
        """Most of what a page with tens of thousands of links holds, in pieces, so that nobody waits for it; what is
        left of its references. After a crash in between, the page is asked for again, and the pieces are known.
        """
        references, links = digest.references, digest.links
        while len(references) > AT_ONCE:
            self._store.add_references(references[:AT_ONCE])
            references = references[AT_ONCE:]
            await asyncio.sleep(0)
        for start in range(0, len(links) - AT_ONCE, AT_ONCE):
            self._frontier.add(links[start : start + AT_ONCE], self._frontier.depth_of(item.id) + 1)
            await asyncio.sleep(0)
        return references

    def _keep(self, item: FrontierUrl, digest: Digest, seen: Seen, references: Sequence[Reference]) -> None:
        """Everything else about one answer, without an await: a flush takes all of it or nothing."""
        if digest.page is not None:
            depth = self._frontier.depth_of(item.id)  # a shorter way may have been found while it was read
            self._store.add_page(digest.page if digest.page.depth == depth else replace(digest.page, depth=depth))
            self.pages += digest.page.parsed
        if digest.hops:
            self._store.add_hops(digest.hops)
        if references:
            self._store.add_references(references)
        self._learn(item, digest, seen)
        self._frontier.finish(item.id, digest.state, seen=seen, links=digest.links, same=digest.same)

    def _learn(self, item: FrontierUrl, digest: Digest, seen: Seen) -> None:
        """An error says nothing of its like by its text, nor does a page that sends the browser on."""
        before = len(self._foreign)
        self._foreign.update(host_of(reference.url) for reference in digest.references)
        if seen is Seen.JUDGED and digest.extraction is not None and not digest.hops:
            brings_host = len(self._foreign) > before
            self._guard.learn(item.shape, digest.extraction.text, brings_host=brings_host)

    async def _tell(self, item: FrontierUrl, digest: Digest) -> None:
        if digest.unreadable:
            await self._unreadable.tell(item.url, digest.unreadable)
        if digest.references and self._on_references:
            await self._on_references(item.url, digest.references)
        if digest.page is not None and self._on_page:
            await self._on_page(digest.page, digest.extraction)
        await self._tell_traps()

    async def _tell_traps(self) -> None:
        while self._traps_told < len(self._guard.closed):
            shape = self._guard.closed[self._traps_told]
            self._traps_told += 1
            await self._log("INFO", self._say("nothing_new", shape=shape))

    def _name_hosts(self, hosts: Iterable[str], source: str, group: asyncio.TaskGroup) -> None:
        """Names that discovery does not know yet. Beyond the limit they are ignored: their URLs stay pending."""
        for host in hosts:
            if host not in self._named and len(self._named) < MAX_NAMED_HOSTS + len(self._starts):
                self._named.add(host)
                if self._on_host_named:
                    self._start(group, self._on_host_named(host, source))

    async def _take_sitemap(self, urls: tuple[str, ...]) -> None:
        """A sitemap hangs on the start page, so what it lists is one step away."""
        self._frontier.add([url for url in urls if self._scope.contains(host_of(url))], 1)
        self.wake()

    async def _read_sitemaps(self, origin: str, group: asyncio.TaskGroup) -> None:
        if not await self._gate.read_sitemaps(origin, group, self._take_sitemap):
            self._starts.missed(origin)

    async def _conclude(self, cut: Cut | None) -> None:
        """What was seen, and a warning for each thing that was not."""
        await self._tell_traps()
        limit = self._limit()
        if cut is None and limit and not self._frontier.is_idle:
            cut, phrase, value = limit
            said = self._say(phrase, limit=value, crawled=self.crawled, known=self.known)
            await self._sink.warning("partial", said)
        if self._frontier.overflowed:
            cut = cut or Cut.ADDRESSES
            await self._sink.warning("partial", self._say("crawl_overflow"))
        self.coverage = await self._conclusion.draw(self._starts.decisive(), cut)
        await self._log("INFO", self._say("crawled", pages=self.pages, crawled=self.crawled, known=self.known))

    async def _log(self, level: str, message: str) -> None:
        await self._sink.log(level, _MODULE, message)
