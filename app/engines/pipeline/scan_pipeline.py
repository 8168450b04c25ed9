"""The five stages as one pipeline, in which all work starts as soon as possible.

Hosts that stage 1 finds are crawled at once; in-scope names from pages, policies and certificates go back to it;
third parties are captured when identified and analysed when captured; hops out of a capture are third parties too; a
violation is pushed when it is known. Stages may begin early and end in order.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from app.domain.coverage import COVERED
from app.domain.discovery import DISCOVERY
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog, Text
from app.domain.rechecks import RecheckOutcome
from app.domain.scan_facts import Capture, FetchError, HostFact
from app.domain.stages import StageKey
from app.engines.capture.capturer import CapturedPage
from app.engines.capture.render_service import OpenRenderService
from app.engines.capture.scan_contents import ScanContents
from app.engines.crawl.start_pages import home_page
from app.engines.local_reader.model import LocalModel
from app.engines.model import RecheckConfig, ScanConfig
from app.engines.notices import UnreadableNotice
from app.engines.pipeline.analysis.appearance_index import AppearanceIndex
from app.engines.pipeline.analysis.llm_review import MakeReader
from app.engines.pipeline.analysis.tampered_pages import TamperedPages
from app.engines.pipeline.capture.capture_stage import line_of
from app.engines.pipeline.capture.own_evidence import OwnEvidence
from app.engines.pipeline.capture.shared_render_service import SharedRenderService
from app.engines.pipeline.capture_selector import CaptureSelector, CaptureTarget
from app.engines.pipeline.network_stack import NetworkStack
from app.engines.pipeline.progress import ProgressReporter, say_awaited
from app.engines.pipeline.stage_factory import StageFactory
from app.engines.pipeline.stage_tracker import StageTracker
from app.engines.pipeline.tally import Tally
from app.engines.pipeline.third_party.own_suggestions import OwnSuggestions
from app.engines.pipeline.third_party.registrations import Registrations, open_registrations
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.pipeline.time_budget import TimeBudget
from app.engines.ports import ScanSink, ScanStore
from app.engines.scope import Scope
from app.engines.urls import host_of, origin_of

TICK_S: Final = 0.5  # how often the store is flushed and progress is looked at; kill -9 loses no more than this


class ScanPipeline:
    """The stages of one scan and what flows between them. `run` once."""

    def __init__(
        self,
        *,
        config: ScanConfig,
        network: NetworkStack,
        store: ScanStore,
        sink: ScanSink,
        contents: ScanContents,
        texts: MessageCatalog,
        monotonic: Callable[[], float],
        open_render_service: OpenRenderService,
        make_reader: MakeReader = lambda _: None,
        local_model: LocalModel | None = None,
        appearances: AppearanceIndex | None = None,
        recheck: RecheckConfig | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._sink = sink
        self._texts = texts
        self._budget = TimeBudget(limit_s=config.time_limit_s, store=store, monotonic=monotonic)
        self._scope = scope = Scope(config.target, frozenset(config.own_domains))
        build = StageFactory(
            config=config, network=network, store=store, sink=sink, contents=contents, texts=texts, scope=scope
        )
        self._stages = StageTracker(sink=sink, monotonic=monotonic)
        self._progress = ProgressReporter(sink=sink, stages=self._stages, texts=texts)
        self._selector = CaptureSelector()
        self._third_parties = parties = ThirdPartyIndex(scope=scope, store=store, selector=self._selector)
        self._discovery_cut = False  # the time limit ended it
        self._unreadable = UnreadableNotice(sink=sink, texts=texts, module=StageKey.CONTENT_CAPTURE.value)
        renders = SharedRenderService(open_render_service=open_render_service, is_start=self._is_start)
        self._second = build.llm_review(make_reader, self._budget, local_model)
        self._capture_stage = captures = build.capture_stage(
            on_capture=self._on_capture, on_rendered=self._on_rendered, budget=self._budget, render_service=renders
        )
        self._evidence = OwnEvidence(scope=scope, selector=self._selector, captures=captures, parties=parties)
        self._rechecks, self._second_looks = build.rechecks(recheck, captures)
        keep, second, notice = self._evidence.keep, self._second, self._unreadable
        self._analysis_stage = analyses = build.analysis_stage(
            parties, captures, keep, notice=notice, second=second, known=appearances, rechecks=self._rechecks
        )
        self._tampered = tampered = TamperedPages(report=analyses.report, on_page=self._evidence.keep_tampered)
        self._intake = build.intake(parties, captures, analyses, tampered, self._stages)
        self._shortfalls = build.shortfalls(parties, captures, renders, self._selector)
        self._discovery = build.discovery()
        self._crawl_stage = build.crawl_stage(
            budget=self._budget,
            render_service=renders,
            second=self._second,
            on_references=self._intake.take_in,
            on_host_named=self._discovery.offer,
        )
        self._crawler = self._crawl_stage.crawler
        self._tally = Tally(crawler=self._crawler, third_parties=parties, captures=captures, analyses=analyses)
        self._registrations: Registrations = open_registrations(network, config, on_known=self._on_registration)
        self._own = OwnSuggestions(scope=scope, dns=network.resolver, registrants=self._registrations, store=store)
        self._resumption = build.resumption(
            parties, captures, analyses, tampered, self._stages, self._crawl_stage, self._registrations
        )

    @property
    def ended_rechecks(self) -> Mapping[RecheckOutcome, int]:
        """How many rechecks have ended how, when `run` has returned."""
        return self._rechecks.ended

    async def run(self) -> None:
        """All five stages; see `ScanExecutor.run`."""
        async with asyncio.TaskGroup() as group:
            self._own.load()
            await self._resumption.run(self._tally.count_host, self._tally.counts)
            ticking = group.create_task(self._tick())
            async with asyncio.TaskGroup() as stages:
                for stage in (self._discover, self._crawl, self._capture):
                    stages.create_task(stage())
            await self._second.tell()
            await self._analysis_stage.tell()
            await self._own.find(self._third_parties.domains)
            await self._finish(StageKey.AI_ANALYSIS)
            ticking.cancel()
        self._save()
        self._store.settle()

    async def _discover(self) -> None:
        await self._stages.begin(StageKey.SUBDOMAIN_DISCOVERY)
        try:
            async with asyncio.timeout(self._budget.left_s):
                await self._discovery.run(self._on_host)
                await self._offer_crawled_hosts()
        except TimeoutError:
            self._discovery_cut = True
            await self._sink.warning("partial", self._texts("discovery_time"))
        self._store.put_checkpoint(DISCOVERY, self._discovery.summary.to_json())
        await self._finish(StageKey.SUBDOMAIN_DISCOVERY)
        self._crawler.wake()
        self._close_captures()

    async def _offer_crawled_hosts(self) -> None:
        """Hosts of URLs that an earlier attempt found, whose examination was lost with it."""
        for host in sorted(set(self._crawler.known_hosts) - {host.name for host in self._store.hosts()}):
            await self._discovery.offer(host, "page")

    async def _crawl(self) -> None:
        await self._stages.begin(StageKey.PAGE_CRAWL)
        await self._crawl_stage.run(self._are_hosts_settled)
        await self._second.read_site(self._intake.take_in)
        await self._tampered.take_in(self._third_parties.rare_scripts(self._crawler.pages))
        self._third_parties.save()
        self._store.put_checkpoint(COVERED, self._crawler.coverage.to_json())
        await self._sink.covered(self._crawler.coverage)
        await self._finish(StageKey.PAGE_CRAWL)
        await self._finish(StageKey.THIRD_PARTY)
        self._close_captures()

    def _are_hosts_settled(self) -> bool:
        """No host comes any more, neither from discovery nor from a certificate."""
        return (self._discovery.is_settled or self._discovery_cut) and self._capture_stage.is_own_settled

    def _is_start(self, url: str) -> bool:
        """Whether the address is that of a start page of the site."""
        return self._scope.is_own(host_of(url)) and (url == f"{origin_of(url)}/" or url in self._config.start_urls)

    def _close_captures(self) -> None:
        """When neither a host nor a page can bring further ones."""
        if self._stages.has_finished(StageKey.SUBDOMAIN_DISCOVERY) and self._stages.has_finished(StageKey.PAGE_CRAWL):
            self._capture_stage.close()

    async def _capture(self) -> None:
        for url in self._config.start_urls:
            self._evidence.choose(url)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._registrations.run())
            group.create_task(self._rechecks.run(self._analysis_stage.judge))
            await self._capture_stage.run(self._settle, self._look_again)
            self._registrations.close()
        if self._registrations.asked:
            await self._log(StageKey.CONTENT_CAPTURE, self._texts("registrations", **self._registrations.counts))
        self._third_parties.save()
        await self._shortfalls.tell()
        await self._finish(StageKey.CONTENT_CAPTURE)

    async def _look_again(self) -> None:
        """Before the end: what is new, or shows something else, is captured once more."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._rechecks.finish())
            group.create_task(self._second_looks.run())

    async def _finish(self, key: StageKey) -> None:
        """With the numbers as they are at the end."""
        await self._report_progress()
        await self._stages.finish(key)

    # What flows

    async def _on_host(self, host: HostFact) -> None:
        self._store.put_host(host)
        self._tally.count_host(host)
        self._crawler.add_host(host)
        is_left = bool(host.cnames) and not host.addresses  # perhaps an alias of what anybody can set up
        if is_left or ((host.https_alive or host.http_alive) and not host.wildcard and not self._config.start_urls):
            self._evidence.choose(home_page(host, self._config.scheme))

    async def _on_capture(self, target: CaptureTarget, page: CapturedPage) -> None:
        page = self._registrations.complete(target, page)
        self._third_parties.learn(target, page)
        capture = page.capture
        await self._stages.begin(StageKey.CONTENT_CAPTURE)
        self._store.put_capture(capture)
        await self._shortfalls.tell_not_kept()
        if target.evidence:
            return
        await self._log(StageKey.CONTENT_CAPTURE, line_of(target, capture, self._texts))
        if capture.error is FetchError.UNREADABLE:
            await self._unreadable.tell(target.url, "limits")
        away = self._third_parties.redirects_of(target, capture)
        if away:
            self._store.add_references(away)
            await self._intake.take_in(away[0].page_url, away)
        await self._stages.begin(StageKey.AI_ANALYSIS)
        await self._analysis_stage.analyse(target, page)
        if not target.own:
            self._registrations.offer(target, capture, self._third_parties.party_of(target))
        elif capture.tls is not None:
            self._own.saw_certificate(capture.tls)
            for name in capture.tls.names:
                await self._discovery.offer(name, "certificate")
            self._crawler.wake()

    async def _settle(self) -> None:
        """Nothing is left to capture: what is known now can change what was found."""
        await self._registrations.settle()
        await self._analysis_stage.analyse_changed()
        await self._tampered.take_in(self._evidence.forwards())

    async def _on_registration(self, target: CaptureTarget, capture: Capture) -> None:
        """It became known whose the captured domain is."""
        self._store.put_capture(capture)
        page = await self._analysis_stage.load(capture)
        await self._analysis_stage.analyse(target, page or CapturedPage(capture))

    async def _on_rendered(self, target: CaptureTarget, page: CapturedPage) -> None:
        """With its picture; when scripts changed the page, or the picture says more, it is looked at once more."""
        page = self._registrations.complete(target, page)
        if self._analysis_stage.has_changed(target, page.capture):
            await self._on_capture(target, page)
        else:
            self._store.put_capture(page.capture)
        await self._analysis_stage.read_picture(target, page)

    # Time and progress

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._save()
            if not self._budget.left_s:
                self._capture_stage.give_up()
                self._registrations.give_up()
                self._analysis_stage.give_up()
                self._rechecks.give_up()
                self._second_looks.give_up()
            await self._report_progress()

    def _save(self) -> None:
        self._third_parties.save()
        self._crawl_stage.save()
        self._second.save()
        self._budget.save()
        self._store.flush()

    async def _report_progress(self) -> None:
        await self._progress.report(
            self._tally.counts(),
            discovery=self._discovery.fraction,
            crawl_doing=self._crawl_stage.doing,
            captures=(self._capture_stage.captured, self._capture_stage.known),
            render_steps=self._capture_stage.render_steps,
            pictures=self._capture_stage.pictures,
            awaited=self._say_awaited(),
            analyses=(self._analysis_stage.done, self._capture_stage.to_analyse),
        )

    def _say_awaited(self) -> Text | None:
        return say_awaited(
            self._texts,
            registries=self._registrations.awaited,
            icons=self._analysis_stage.icons_awaited,
            rechecks=self._rechecks.awaited,
            second_looks=self._second_looks.awaited,
        )

    async def _log(self, key: StageKey, message: str) -> None:
        await self._sink.log(LogEntry("INFO", key.value, message))
