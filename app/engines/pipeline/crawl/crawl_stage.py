"""Stage 2 of the pipeline: the crawl, pages that are rendered beside it, and those that are compared at its end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from app.domain.messages import MessageCatalog, Text
from app.domain.scan_facts import FrontierUrl
from app.engines.crawl.crawler import Crawler
from app.engines.crawl.host_backoff import BackoffTiming
from app.engines.crawl.page_processor import ProcessedPage
from app.engines.crawl.page_writer import OnReferences
from app.engines.model import ScanConfig
from app.engines.net.cookies import ScanCookies
from app.engines.pipeline.analysis.llm_review import LlmReview
from app.engines.pipeline.capture.shared_render_service import SharedRenderService
from app.engines.pipeline.crawl.cloaked_pages import CloakedPages
from app.engines.pipeline.crawl.rendered_pages import RenderedPages
from app.engines.pipeline.network_stack import NetworkStack
from app.engines.pipeline.progress import say_doing
from app.engines.pipeline.time_budget import TimeBudget
from app.engines.ports import ScanSink, ScanStore
from app.engines.scope import Scope


class CrawlStage:
    """`run` once, `save` at any time."""

    def __init__(
        self,
        *,
        config: ScanConfig,
        scope: Scope,
        network: NetworkStack,
        store: ScanStore,
        sink: ScanSink,
        texts: MessageCatalog,
        budget: TimeBudget,
        render_service: SharedRenderService,
        second: LlmReview,
        on_references: OnReferences,
        on_host_named: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """`on_references` is told a page, and what it refers to; `on_host_named` as of `Crawler`."""
        self._network = network
        self._budget = budget
        self._second = second
        self._texts = texts
        # What the crawler had begun when it last had nothing to do, and whether no host could come any more.
        self._idle_since, self._are_hosts_settled = -1, False
        self._cookies = ScanCookies()
        self.crawler = Crawler(
            scope=scope,
            store=store,
            fetcher=network.fetcher(cookies=self._cookies),
            parser=network.parser,
            sink=sink,
            scan=replace(config, time_limit_s=budget.crawl_limit_s()),
            agent=network.config.user_agent,
            per_address=network.config.connections_per_address,
            on_references=on_references,
            on_host_named=on_host_named,
            on_page=self._on_page,
            texts=texts,
            timing=BackoffTiming(unresponsive_s=network.config.host_silence_s, busy_s=network.config.host_busy_s),
            is_blocked=network.resolver.is_blocked,
        )
        self.rendered = RenderedPages(
            scope=scope,
            store=store,
            sink=sink,
            texts=texts,
            render_service=render_service,
            intake=self.crawler.rendered,
            on_found=on_references,
            on_host_named=on_host_named,
            on_changed=self.crawler.wake,
            is_wanted=config.screenshots,
            budget=budget,
        )
        self._cloaked = CloakedPages(
            scope=scope, store=store, sink=sink, texts=texts, on_found=on_references, is_wanted=config.cloaking
        )

    @property
    def doing(self) -> Text | None:
        """Say what it does instead of crawling: it compares pages, or waits; None: it crawls."""
        return say_doing(
            self._texts,
            comparison=self._cloaked.progress,
            is_idle=self._idle_since == self.crawler.begun,
            are_hosts_settled=self._are_hosts_settled,
            crawled=self.crawler.crawled,
            to_render=self.rendered.unfinished,
        )

    def save(self) -> None:
        """Put into the store what changed."""
        self._cloaked.save()

    async def run(self, hosts_settled: Callable[[], bool]) -> None:
        """Return when all pages are crawled, rendered and compared. Raises ScanStopped."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.rendered.run())
            await self.crawler.run(
                hosts_settled=lambda: self._is_settled(are_hosts_settled=hosts_settled()),
                before_end=self._settle_rendered,
            )
        await self._cloaked.run(
            self._network,
            cookies=self._cookies,
            may_ask=self.crawler.may_ask,
            limit_s=self._budget.crawl_limit_s(),
        )

    def _is_settled(self, *, are_hosts_settled: bool) -> bool:
        """Asked by a crawl that has nothing to do."""
        self._idle_since, self._are_hosts_settled = self.crawler.begun, are_hosts_settled
        is_rendered = self.rendered.is_settled(self.crawler.begun if are_hosts_settled else None)
        return are_hosts_settled and is_rendered

    async def _settle_rendered(self) -> None:
        await self.rendered.settle(limit_s=self._budget.crawl_limit_s())

    def _on_page(self, item: FrontierUrl, processed: ProcessedPage) -> None:
        self._cloaked.note(item, processed)
        self._second.note(item, processed)
        self.rendered.note(item, processed)
