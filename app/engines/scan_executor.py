"""One scan, from its configuration to the end of its fifth stage."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.captures.port import ContentStorage
from app.captures.quota import CaptureQuota
from app.domain.messages import DEFAULT_LANGUAGE, MessageCatalog
from app.domain.reputation_lists import LISTS, FindLists, FoundLists, used_list_of
from app.domain.rule_data import RULE_DATA
from app.engines.analyse.rule_dates import rule_dates
from app.engines.capture.render_service import OpenRenderService, render_here
from app.engines.capture.scan_contents import ScanContents
from app.engines.lists.in_use import OpenLists, opened, tell_lists
from app.engines.local_reader.opening import ModelSource, count_effects, open_model
from app.engines.model import NetworkConfig, ReadingModelConfig, RecheckConfig, ScanConfig
from app.engines.parsing.launch import Launch, execute
from app.engines.pipeline.analysis.appearance_index import AppearanceIndex, LoadLooks, LooksUnavailable
from app.engines.pipeline.capture.thumbnails import Thumbnails
from app.engines.pipeline.network_stack import open_network_stack
from app.engines.pipeline.scan_pipeline import ScanPipeline
from app.engines.ports import CountEndedRechecks, ScanSink, ScanStore
from app.engines.reading_model.client import ModelClient
from app.engines.reading_model.reader import PageReader, PictureOf
from app.engines.scope import Scope

LoadRecheck = Callable[[], Awaitable[RecheckConfig | None]]
OpenReader = Callable[[Callable[[], float], PictureOf], PageReader | None]


class ScanExecutor:
    """Fulfils `tasks.worker.scan_job.Scan`. One scan, once; what an earlier attempt left in the store is kept.

    Progress, stages, log lines, warnings and violations go to the sink the moment they are known; what the scan
    collects goes into the store, contents of captured pages into `captures`.
    """

    def __init__(
        self,
        *,
        config: ScanConfig,
        network: NetworkConfig,
        store: ScanStore,
        sink: ScanSink,
        captures: ContentStorage,
        quota: CaptureQuota | None = None,
        language: str = DEFAULT_LANGUAGE,
        monotonic: Callable[[], float] = time.monotonic,
        open_render_service: OpenRenderService = render_here,
        reading: ReadingModelConfig | None = None,
        local_models: ModelSource | None = None,
        find_lists: FindLists = lambda _: FoundLists(),
        load_looks: LoadLooks | None = None,
        load_recheck: LoadRecheck | None = None,
        count_rechecks: CountEndedRechecks = lambda _: None,
        launch_parsers: Launch = execute,
    ) -> None:
        """`language` is that of the deployment, for what people read; `quota` bounds what is kept of the captures;
        `open_render_service` says who renders pages; `reading` which language model reads along, None: none;
        `local_models` has the versions of the local classifier, None: none; `find_lists` finds the lists of the
        deployment, `load_looks` the looks that it knows, None: it knows none; `load_recheck` says what the scan
        before has found, None: there is none; `launch_parsers` starts the processes that read pages;
        `count_rechecks` hears how rechecks have ended.
        """
        self._config = config
        self._network = network
        self._store = store
        self._sink = sink
        self._captures = captures
        self._quota = quota
        self._texts = MessageCatalog(language)
        self._monotonic = monotonic
        self._open_render_service = open_render_service
        self._reading = reading
        self._local_models = local_models
        self._find_lists = find_lists
        self._load_looks = load_looks
        self._load_recheck = load_recheck
        self._count_rechecks = count_rechecks
        self._launch_parsers = launch_parsers

    async def run(self) -> None:
        """Returns when all five stages have ended.

        Raises:
            ScanStopped: the sink said so; may be inside an exception group.
            scanstore.errors.StoreUnavailable: the same; a new executor on the reopened store goes on.
        """
        self._store.put_checkpoint(RULE_DATA, await asyncio.to_thread(rule_dates))
        reads = self._reading is not None
        local = None if self._local_models is None else await open_model(self._local_models, self._store)
        async with (
            self._open_lists() as lists,
            open_network_stack(
                self._network,
                target=self._config.target,
                own_domains=self._config.own_domains,
                reads=reads,
                lists=lists,
                launch_parsers=self._launch_parsers,
            ) as network,
            self._open_reader() as open_reader,
        ):
            contents = ScanContents(self._captures, self._quota)
            thumbnails = Thumbnails(contents=contents, parser=network.parser)
            pipeline = ScanPipeline(
                config=self._config,
                network=network,
                store=self._store,
                sink=self._sink,
                contents=contents,
                texts=self._texts,
                monotonic=self._monotonic,
                open_render_service=self._open_render_service,
                make_reader=lambda left_s: open_reader(left_s, thumbnails.of),
                local_model=local,
                appearances=await self._open_appearance_index(),
                recheck=None if self._load_recheck is None else await self._load_recheck(),
            )
            try:
                await pipeline.run()
            finally:
                contents.close()
        if self._local_models is not None:
            count_effects(self._local_models, self._store)
        self._count_rechecks(pipeline.ended_rechecks)

    @asynccontextmanager
    async def _open_lists(self) -> AsyncIterator[OpenLists]:
        """Those that an earlier attempt of the run began with, as far as they are still there."""
        scope = Scope(self._config.target, frozenset(self._config.own_domains))
        known = self._store.checkpoint(LISTS)
        before = None if known is None else [used_list_of(used) for used in known]
        found = await asyncio.to_thread(self._find_lists, before)
        with opened(found) as lists:
            if lists or known is not None:
                self._store.put_checkpoint(LISTS, [used.to_json() for used, _ in lists])
            await tell_lists(found, lists, scope=scope, sink=self._sink, texts=self._texts)
            yield lists

    async def _open_appearance_index(self) -> AppearanceIndex:
        """Without it a scan goes on, and says so. Raises ScanStopped."""
        try:
            return AppearanceIndex(() if self._load_looks is None else await self._load_looks())
        except LooksUnavailable:
            await self._sink.warning("degraded", self._texts("looks_unavailable"))
            return AppearanceIndex()

    @asynccontextmanager
    async def _open_reader(self) -> AsyncIterator[OpenReader]:
        if self._reading is None:
            yield lambda *_: None
            return
        config = self._reading
        async with ModelClient(config, ca_file=self._network.ca_file) as client:
            yield lambda left_s, picture_of: PageReader(
                config=config, client=client, store=self._store, left_s=left_s, picture_of=picture_of
            )
