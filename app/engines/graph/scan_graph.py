"""Five stages as one graph in which everything goes on as soon as it can.

Hosts that stage 1 finds are crawled at once; in-scope names from pages, policies and certificates go back to it;
third parties are captured when they are identified and analysed when they are captured; hops out of a capture are
third parties too; a violation is pushed when it is known. Stages may begin early and end in order.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from app.domain.coverage import COVERED
from app.domain.stages import StageKey
from app.engines.capture.store import ContentStore
from app.engines.crawl.crawler import Crawler
from app.engines.crawl.recovery import Waiting
from app.engines.discover.discovery import Discovery
from app.engines.graph.budget import TimeBudget
from app.engines.graph.capturing import Capturing
from app.engines.graph.equipment import Equipment
from app.engines.graph.gauge import NOT_YET, crawl_fraction, follow_fraction
from app.engines.graph.parties import Parties
from app.engines.graph.stages import StageBoard
from app.engines.graph.targets import MAX_TARGETS, Target, TargetBook
from app.engines.graph.teller import ProgressTeller
from app.engines.graph.verdicts import Verdicts, hashes_of, without_text
from app.engines.identify.fold import MAX_DOMAINS
from app.engines.model import Capture, Counts, FetchError, HostFact, Reference, ScanConfig
from app.engines.net.cookies import ScanCookies
from app.engines.notices import UnreadableNotice
from app.engines.phrases import Phrases
from app.engines.ports import ScanSink, ScanStore
from app.engines.scope import Scope, registrable_domain
from app.engines.urls import host_of

TICK_S: Final = 0.5  # how often the store is flushed and progress is looked at; kill -9 loses no more than this
AT_ONCE: Final = 1_000  # references that are taken in in one go: 20 ms
OWN_STARTS: Final = 100  # start pages of the site itself that are captured


class ScanGraph:
    """The stages of one scan and what flows between them. `run` once."""

    def __init__(
        self,
        *,
        config: ScanConfig,
        equipment: Equipment,
        store: ScanStore,
        sink: ScanSink,
        contents: ContentStore,
        phrases: Phrases,
        monotonic: Callable[[], float],
    ) -> None:
        self._config = config
        self._store = store
        self._sink = sink
        self._say = phrases
        self._budget = TimeBudget(limit_s=config.time_limit_s, store=store, monotonic=monotonic)
        self._scope = Scope(config.target)
        self._board = StageBoard(sink=sink, monotonic=monotonic)
        self._teller = ProgressTeller(sink=sink, board=self._board)
        self._book = TargetBook()
        self._parties = Parties(scope=self._scope, store=store, book=self._book)
        self._subdomains: set[str] = set()
        self._own_starts = 0
        self._discovery_cut = False  # the time limit ended it
        self._unreadable = UnreadableNotice(sink=sink, phrases=phrases, module=StageKey.CONTENT_CAPTURE.value)
        self._verdicts = Verdicts(
            analyser=equipment.reader,
            parties=self._parties,
            contents=contents,
            sink=sink,
            phrases=phrases,
            notice=self._unreadable,
        )
        self._contents = contents
        self._is_room_said = False  # that captures are no longer kept
        self._capturing = Capturing(
            equipment=equipment,
            contents=contents,
            pictures=config.screenshots,
            on_capture=self._on_capture,
            on_drawn=self._on_drawn,
            on_problem=self._on_no_pictures,
        )
        self._discovery = self._make_discovery(equipment)
        self._crawler = self._make_crawler(equipment)

    async def run(self) -> None:
        """All five stages; see `ScanExecutor.run`."""
        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(self._tick())
            await self._resume()
            async with asyncio.TaskGroup() as stages:
                stages.create_task(self._discover())
                stages.create_task(self._crawl())
                stages.create_task(self._capture())
            await self._analyse_rest()
            ticking.cancel()
        self._save()

    def _make_discovery(self, equipment: Equipment) -> Discovery:
        return Discovery(
            scope=self._scope,
            resolver=equipment.resolver,
            client=equipment.client,
            sink=self._sink,
            config=equipment.config,
            scan=self._config,
            limits=equipment.limits,
            phrases=self._say,
        )

    def _make_crawler(self, equipment: Equipment) -> Crawler:
        return Crawler(
            scope=self._scope,
            store=self._store,
            client=equipment.client,
            limits=equipment.limits,
            reader=equipment.reader,
            sink=self._sink,
            scan=replace(self._config, time_limit_s=self._budget.crawl_limit_s()),
            agent=equipment.config.user_agent,
            per_address=equipment.config.connections_per_address,
            on_references=self._on_references,
            on_host_named=self._on_host_named,
            phrases=self._say,
            cookies=ScanCookies(),
            waiting=Waiting(silence_s=equipment.config.host_silence_s, busy_s=equipment.config.host_busy_s),
        )

    # Stages

    async def _resume(self) -> None:
        """What an earlier attempt of this run has left. Its hosts are crawled on at once; discovery looks again."""
        hosts = self._store.hosts()
        if not hosts:
            return
        for host in hosts:
            self._count_host(host)
            self._crawler.add_host(host)
        for start, targets in enumerate(self._parties.load()):
            self._capturing.add(targets)
            if start % AT_ONCE == 0:
                await asyncio.sleep(0)
        await self._log(StageKey.PAGE_CRAWL, self._say("resumed", **self._numbers()))
        captures = self._store.captures()
        self._contents.resume(sha256 for capture in captures for sha256 in hashes_of(capture))
        for capture in captures:
            target = Target(capture.domain, capture.host, capture.url, own=self._scope.is_own(capture.host))
            await self._verdicts.judge(target, capture)
            self._capturing.resume(target, self._verdicts.with_text(capture))

    async def _discover(self) -> None:
        await self._board.begin(StageKey.SUBDOMAIN_DISCOVERY)
        try:
            async with asyncio.timeout(self._budget.left_s):
                await self._discovery.run(self._on_host)
                await self._offer_crawled_hosts()
        except TimeoutError:
            self._discovery_cut = True
            await self._sink.warning("partial", self._say("discovery_time"))
        await self._finish(StageKey.SUBDOMAIN_DISCOVERY)
        self._crawler.wake()
        self._close_captures()

    async def _offer_crawled_hosts(self) -> None:
        """Hosts of URLs that an earlier attempt found, whose examination was lost with it."""
        hosts = {url.host for url in self._store.load_urls()} - {host.name for host in self._store.hosts()}
        for host in sorted(hosts):
            await self._discovery.offer(host, "page")

    async def _crawl(self) -> None:
        await self._board.begin(StageKey.PAGE_CRAWL)
        await self._crawler.run(hosts_settled=self._are_hosts_settled)
        self._parties.save()
        self._store.put_checkpoint(COVERED, self._crawler.coverage.to_json())
        await self._sink.covered(self._crawler.coverage)
        await self._finish(StageKey.PAGE_CRAWL)
        await self._finish(StageKey.THIRD_PARTY)
        self._close_captures()

    def _are_hosts_settled(self) -> bool:
        """No host comes any more, neither from discovery nor from a certificate."""
        return (self._discovery.is_settled or self._discovery_cut) and self._capturing.is_own_settled

    def _close_captures(self) -> None:
        """When neither a host nor a page can bring further ones."""
        if self._board.has_finished(StageKey.SUBDOMAIN_DISCOVERY) and self._board.has_finished(StageKey.PAGE_CRAWL):
            self._capturing.close()

    async def _capture(self) -> None:
        for url in self._config.start_urls:
            self._choose_own(url)
        await self._capturing.run()
        if self._capturing.left_out:
            await self._sink.warning("partial", self._say("capture_time", count=self._capturing.left_out))
        if self._book.left_out:
            await self._sink.warning("partial", self._say("capture_limit", limit=MAX_TARGETS))
        self._parties.save()
        if self._parties.omitted:
            said = self._say("parties_limit", limit=MAX_DOMAINS, count=self._parties.omitted)
            await self._sink.warning("partial", said)
        await self._finish(StageKey.CONTENT_CAPTURE)

    async def _analyse_rest(self) -> None:
        """All references are known now: what more refers to is judged again."""
        await self._verdicts.judge_changed()
        await self._finish(StageKey.AI_ANALYSIS)

    async def _finish(self, key: StageKey) -> None:
        """With the numbers as they are at the end."""
        await self._tell_progress()
        await self._board.finish(key)

    # What flows

    async def _on_host(self, host: HostFact) -> None:
        self._store.put_host(host)
        self._count_host(host)
        self._crawler.add_host(host)
        if (host.https_alive or host.http_alive) and not host.wildcard and not self._config.start_urls:
            self._choose_own(f"{'https' if host.https_alive else 'http'}://{host.name}/")

    async def _on_host_named(self, host: str, where: str) -> None:
        await self._discovery.offer(host, where)

    async def _on_references(self, page_url: str, references: Sequence[Reference]) -> None:
        """In pieces: a page may hold twenty thousand, and nobody waits for it."""
        for start in range(0, len(references), AT_ONCE):
            await self._take_in(page_url, references[start : start + AT_ONCE])
            await asyncio.sleep(0)

    async def _take_in(self, page_url: str, references: Sequence[Reference]) -> None:
        parties, targets = self._parties.add(references)
        if parties:
            await self._board.begin(StageKey.THIRD_PARTY)
        for party in parties:
            line = self._say("third_party_found", domain=party.domain, relation=party.relation.value, page=page_url)
            await self._log(StageKey.THIRD_PARTY, line)
        self._capturing.add(targets)
        hidden = {host_of(reference.url) for reference in references if reference.hidden is not None}
        for domain in {registrable_domain(host) for host in hidden}:
            await self._verdicts.judge_hidden(domain)

    async def _on_capture(self, target: Target, capture: Capture) -> bool:
        """Whether it violates."""
        await self._board.begin(StageKey.CONTENT_CAPTURE)
        self._store.put_capture(without_text(capture))
        await self._say_if_full()
        shown = capture.status or (capture.error.value if capture.error else "-")
        await self._log(StageKey.CONTENT_CAPTURE, self._say("captured", url=target.url, status=shown))
        if capture.error is FetchError.UNREADABLE:
            await self._unreadable.tell(target.url, "limits")
        away = self._parties.redirects_of(target, capture)
        if away:
            self._store.add_references(away)
            await self._on_references(away[0].page_url, away)
        await self._board.begin(StageKey.AI_ANALYSIS)
        violates = await self._verdicts.judge(target, capture)
        if target.own and capture.tls is not None:
            for name in capture.tls.names:
                await self._discovery.offer(name, "certificate")
            self._crawler.wake()
        return violates

    async def _on_drawn(self, target: Target, capture: Capture) -> None:
        """With its picture; when scripts changed the page, it is looked at once more."""
        if self._verdicts.is_news(target, capture):
            await self._on_capture(target, capture)
        else:
            self._store.put_capture(without_text(capture))

    async def _on_no_pictures(self, reason: str) -> None:
        await self._sink.warning("degraded", self._say("no_browser", reason=reason))

    async def _say_if_full(self) -> None:
        refusal = self._contents.room.refusal
        if refusal is not None and not self._is_room_said:
            self._is_room_said = True
            await self._sink.warning("degraded", self._say(f"captures_full_{refusal}"))

    def _choose_own(self, url: str) -> None:
        if self._own_starts >= OWN_STARTS:
            return
        target = self._book.choose_own(self._scope.registrable, url)
        if target is not None:
            self._own_starts += 1
            self._capturing.add([target])

    def _count_host(self, host: HostFact) -> None:
        if host.addresses and not host.wildcard:
            self._subdomains.add(host.name)

    # Time and progress

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._save()
            if not self._budget.left_s:
                self._capturing.give_up()
            await self._tell_progress()

    def _save(self) -> None:
        self._parties.save()
        self._budget.save()
        self._store.flush()

    async def _tell_progress(self) -> None:
        counts, numbers = self._counts(), self._numbers()
        discovery = min(NOT_YET, self._discovery.fraction)
        crawl = crawl_fraction(self._crawler.crawled, self._crawler.known, discovery)
        leading = 1.0 if self._board.has_finished(StageKey.PAGE_CRAWL) else crawl
        done, total = self._capturing.steps
        judged, pages, found = self._verdicts.done, self._capturing.known, self._verdicts.violations
        capture, analysis = follow_fraction(done, total, leading), follow_fraction(judged, pages, leading)
        for key, fraction, message in (
            (StageKey.SUBDOMAIN_DISCOVERY, discovery, self._say("discovering", **numbers)),
            (StageKey.PAGE_CRAWL, crawl, self._say("crawling", **numbers)),
            (StageKey.THIRD_PARTY, crawl, self._say("identifying", **numbers)),
            (StageKey.CONTENT_CAPTURE, capture, self._say("capturing", done=done, total=total)),
            (StageKey.AI_ANALYSIS, analysis, self._say("analysing", done=judged, total=pages, violations=found)),
        ):
            await self._teller.tell(key, fraction, message, counts)

    def _counts(self) -> Counts:
        return Counts(
            subdomains=len(self._subdomains),
            pages=self._crawler.pages,
            third_parties=len(self._parties.domains),
            captures=self._capturing.captured,
            violations=self._verdicts.violations,
            urls_known=self._crawler.known,
            urls_crawled=self._crawler.crawled,
        )

    def _numbers(self) -> dict[str, int]:
        """What the texts of progress name."""
        counts = self._counts()
        return {
            "subdomains": counts.subdomains,
            "pages": counts.pages,
            "third_parties": counts.third_parties,
            "urls_known": counts.urls_known,
            "urls_crawled": counts.urls_crawled,
        }

    async def _log(self, key: StageKey, message: str) -> None:
        await self._sink.log("INFO", key.value, message)
