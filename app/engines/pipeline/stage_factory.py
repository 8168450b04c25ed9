"""Builds the stages of one scan from what all of them share."""

from dataclasses import dataclass

from app.domain.messages import MessageCatalog
from app.engines.capture.scan_contents import ScanContents
from app.engines.crawl.crawler import OnHostNamed
from app.engines.crawl.page_writer import OnReferences
from app.engines.discover.discovery import Discovery
from app.engines.local_reader.model import LocalModel
from app.engines.model import RecheckConfig, ScanConfig
from app.engines.notices import UnreadableNotice
from app.engines.pipeline.analysis.analysis_stage import AnalysisStage, OnViolations
from app.engines.pipeline.analysis.appearance_index import AppearanceIndex
from app.engines.pipeline.analysis.known_looks import KnownLooks
from app.engines.pipeline.analysis.llm_review import LlmReview, MakeReader
from app.engines.pipeline.analysis.picture_texts import PictureTexts
from app.engines.pipeline.analysis.rechecks import Rechecks
from app.engines.pipeline.analysis.second_looks import SecondLooks
from app.engines.pipeline.analysis.tampered_pages import TamperedPages
from app.engines.pipeline.capture.capture_shortfalls import CaptureShortfalls
from app.engines.pipeline.capture.capture_stage import CaptureStage, OnCapture
from app.engines.pipeline.capture.renderings import OnRendered
from app.engines.pipeline.capture.shared_render_service import SharedRenderService
from app.engines.pipeline.capture_selector import CaptureSelector
from app.engines.pipeline.crawl.crawl_stage import CrawlStage
from app.engines.pipeline.network_stack import NetworkStack
from app.engines.pipeline.reference_intake import ReferenceIntake
from app.engines.pipeline.resumption import Resumption
from app.engines.pipeline.stage_tracker import StageTracker
from app.engines.pipeline.third_party.registrations import Registrations
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.pipeline.time_budget import TimeBudget
from app.engines.ports import ScanSink, ScanStore
from app.engines.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFactory:
    """What the stages of one scan have in common. Each method builds a part of the scan; call each once."""

    config: ScanConfig
    network: NetworkStack
    store: ScanStore
    sink: ScanSink
    contents: ScanContents
    texts: MessageCatalog
    scope: Scope

    def capture_stage(
        self, *, on_capture: OnCapture, on_rendered: OnRendered, budget: TimeBudget, render_service: SharedRenderService
    ) -> CaptureStage:
        sink, texts = self.sink, self.texts
        return CaptureStage(
            network=self.network,
            contents=self.contents,
            screenshots=self.config.screenshots,
            on_capture=on_capture,
            on_rendered=on_rendered,
            on_problem=lambda reason: sink.warning("degraded", texts("no_browser", reason=texts.adopt(reason))),
            budget=budget,
            open_render_service=render_service.open,
            hurry_browser=lambda: render_service.hurry(is_last=True),
        )

    def llm_review(self, make_reader: MakeReader, budget: TimeBudget, local_model: LocalModel | None) -> LlmReview:
        return LlmReview(
            reader=make_reader(lambda: budget.left_s),
            parser=self.network.parser,
            store=self.store,
            sink=self.sink,
            texts=self.texts,
            local_model=local_model,
        )

    def analysis_stage(
        self,
        parties: ThirdPartyIndex,
        captures: CaptureStage,
        on_violations: OnViolations,
        *,
        notice: UnreadableNotice,
        second: LlmReview,
        known: AppearanceIndex | None,
        rechecks: Rechecks,
    ) -> AnalysisStage:
        parser, store = self.network.parser, self.store
        return AnalysisStage(
            parser=parser,
            third_parties=parties,
            contents=self.contents,
            sink=self.sink,
            texts=self.texts,
            notice=notice,
            is_own=self.scope.is_own,
            on_violations=on_violations,
            on_lost=captures.capture_again,
            second=second,
            pictures=PictureTexts(contents=self.contents, store=store, sink=self.sink, texts=self.texts),
            looks=KnownLooks(fetcher=self.network.fetcher(), parser=parser, store=store, book=known),
            before_report=rechecks.note,
        )

    def rechecks(self, config: RecheckConfig | None, captures: CaptureStage) -> tuple[Rechecks, SecondLooks]:
        """Return what captures once more what is new, and what shows something else."""
        store, sink, texts = self.store, self.sink, self.texts
        return (
            Rechecks(config=config, captures=captures, store=store, sink=sink, texts=texts),
            SecondLooks(
                config=config, captures=captures, store=store, sink=sink, texts=texts, is_own=self.scope.is_own
            ),
        )

    def intake(
        self,
        parties: ThirdPartyIndex,
        captures: CaptureStage,
        analyses: AnalysisStage,
        tampered: TamperedPages,
        stages: StageTracker,
    ) -> ReferenceIntake:
        return ReferenceIntake(
            third_parties=parties,
            captures=captures,
            analyses=analyses,
            tampered=tampered,
            stages=stages,
            sink=self.sink,
            texts=self.texts,
        )

    def shortfalls(
        self,
        parties: ThirdPartyIndex,
        captures: CaptureStage,
        render_service: SharedRenderService,
        selector: CaptureSelector,
    ) -> CaptureShortfalls:
        return CaptureShortfalls(
            contents=self.contents,
            captures=captures,
            render_service=render_service,
            selector=selector,
            third_parties=parties,
            sink=self.sink,
            texts=self.texts,
        )

    def discovery(self) -> Discovery:
        return Discovery(
            scope=self.scope,
            resolver=self.network.resolver,
            fetcher=self.network.fetcher(),
            sink=self.sink,
            config=self.network.config,
            scan=self.config,
            texts=self.texts,
        )

    def crawl_stage(
        self,
        *,
        budget: TimeBudget,
        render_service: SharedRenderService,
        second: LlmReview,
        on_references: OnReferences,
        on_host_named: OnHostNamed,
    ) -> CrawlStage:
        return CrawlStage(
            config=self.config,
            scope=self.scope,
            network=self.network,
            store=self.store,
            sink=self.sink,
            texts=self.texts,
            budget=budget,
            render_service=render_service,
            second=second,
            on_references=on_references,
            on_host_named=on_host_named,
        )

    def resumption(
        self,
        parties: ThirdPartyIndex,
        captures: CaptureStage,
        analyses: AnalysisStage,
        tampered: TamperedPages,
        stages: StageTracker,
        crawl: CrawlStage,
        registrations: Registrations,
    ) -> Resumption:
        return Resumption(
            config=self.config,
            scope=self.scope,
            store=self.store,
            crawler=crawl.crawler,
            rendered=crawl.rendered,
            third_parties=parties,
            captures=captures,
            analyses=analyses,
            tampered=tampered,
            registrations=registrations,
            contents=self.contents,
            stages=stages,
            sink=self.sink,
            texts=self.texts,
        )
