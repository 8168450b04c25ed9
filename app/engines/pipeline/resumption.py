"""Takes in what an earlier attempt of the run has kept, so that its successor goes on from there."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture, Counts, HostFact
from app.domain.stages import StageKey
from app.engines.capture.scan_contents import ScanContents
from app.engines.crawl.crawler import Crawler
from app.engines.model import ScanConfig
from app.engines.pipeline.analysis.analysis_stage import AnalysisStage, hashes_of
from app.engines.pipeline.analysis.tampered_pages import TamperedPages
from app.engines.pipeline.capture.capture_stage import CaptureStage
from app.engines.pipeline.capture_selector import target_of_capture
from app.engines.pipeline.crawl.rendered_pages import RenderedPages
from app.engines.pipeline.stage_tracker import StageTracker
from app.engines.pipeline.third_party.registrations import Registrations
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.ports import ScanSink, ScanStore
from app.engines.scope import Scope


class Resumption:
    """`run` once, before anybody else uses the store."""

    def __init__(
        self,
        *,
        config: ScanConfig,
        scope: Scope,
        store: ScanStore,
        crawler: Crawler,
        rendered: RenderedPages,
        third_parties: ThirdPartyIndex,
        captures: CaptureStage,
        analyses: AnalysisStage,
        tampered: TamperedPages,
        registrations: Registrations,
        contents: ScanContents,
        stages: StageTracker,
        sink: ScanSink,
        texts: MessageCatalog,
    ) -> None:
        self._config = config
        self._scope = scope
        self._store = store
        self._crawler = crawler
        self._rendered = rendered
        self._third_parties = third_parties
        self._captures = captures
        self._analyses = analyses
        self._tampered = tampered
        self._registrations = registrations
        self._contents = contents
        self._stages = stages
        self._sink = sink
        self._texts = texts

    async def run(self, count_host: Callable[[HostFact], None], counts: Callable[[], Counts]) -> None:
        """The hosts are crawled on at once; discovery looks again.

        The store may hold a million URLs, so it is read in threads; until all of it is, nobody else uses the store.
        """
        hosts = self._store.hosts()
        await self._crawler.load(hosts)
        if not hosts:
            return
        for host in hosts:
            count_host(host)
            self._crawler.add_host(host)
        captures = await asyncio.to_thread(self._store.captures)
        async for targets in self._third_parties.load(captures, on_references=self._rendered.resume()):
            self._captures.add(targets)
        self._rendered.take_up()
        await self._sink.log(LogEntry("INFO", StageKey.PAGE_CRAWL.value, self._texts("resumed", **asdict(counts()))))
        await self._tampered.take_in(self._third_parties.signs)
        await self._begin_again(has_captures=bool(captures))
        await self._contents.resume(sha256 for capture in captures for sha256 in hashes_of(capture))
        for capture in captures:
            await self._take_in(capture)

    async def _begin_again(self, *, has_captures: bool) -> None:
        """A stage that has results was not skipped, even if nothing is left for it to do."""
        if self._third_parties.domains:
            await self._stages.begin(StageKey.THIRD_PARTY)
        if has_captures:
            await self._stages.begin(StageKey.CONTENT_CAPTURE)
            await self._stages.begin(StageKey.AI_ANALYSIS)

    async def _take_in(self, capture: Capture) -> None:
        target = target_of_capture(capture, self._scope.is_own(capture.host), self._config.start_urls)
        page = await self._analyses.load(capture)
        if page is None:  # what it said was not kept, and perhaps never analysed
            self._captures.add([target])
            return
        if not target.evidence:
            await self._analyses.analyse(target, page)
        self._third_parties.learn(target, page)
        if not target.own and not target.evidence:
            self._registrations.offer(target, capture, self._third_parties.party_of(target))
        self._captures.resume(target, page)
