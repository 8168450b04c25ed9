"""One scan, from its configuration to the end of its fifth stage."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.captures.port import ContentStorage
from app.captures.quota import CaptureQuota
from app.domain.messages import DEFAULT_LANGUAGE, MessageCatalog
from app.engines.capture.page_drawer import OpenDrawer, draw_here
from app.engines.capture.scan_contents import ScanContents
from app.engines.local_reader.opening import ModelSource, open_model
from app.engines.model import NetworkConfig, ReadingModelConfig, ScanConfig
from app.engines.pipeline.network_stack import open_network_stack
from app.engines.pipeline.scan_pipeline import ScanPipeline
from app.engines.pipeline.second_reading import MakeReader
from app.engines.ports import ScanSink, ScanStore
from app.engines.reading_model.client import ModelClient
from app.engines.reading_model.reader import PageReader


class ScanExecutor:
    """Fulfils `tasks.scan_job.Scan`. One scan, once; what an earlier attempt left in the store is not done again.

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
        open_drawer: OpenDrawer = draw_here,
        reading: ReadingModelConfig | None = None,
        local_models: ModelSource | None = None,
    ) -> None:
        """`language` is that of the deployment, for what people read; `quota` bounds what is kept of the captures;
        `open_drawer` says who draws pages; `reading` which language model reads along, None: none;
        `local_models` has the versions of the local reader, None: there is none.
        """
        self._config = config
        self._network = network
        self._store = store
        self._sink = sink
        self._captures = captures
        self._quota = quota
        self._texts = MessageCatalog(language)
        self._monotonic = monotonic
        self._open_drawer = open_drawer
        self._reading = reading
        self._local_models = local_models

    async def run(self) -> None:
        """Returns when all five stages have ended.

        Raises:
            ScanStopped: the sink said so; may be inside an exception group.
            scanstore.errors.StoreUnavailable: the same; a new executor on the reopened store goes on.
        """
        reads = self._reading is not None
        local = None if self._local_models is None else await open_model(self._local_models, self._store)
        async with (
            open_network_stack(
                self._network, target=self._config.target, own_domains=self._config.own_domains, reads=reads
            ) as network,
            self._open_reader() as make_reader,
        ):
            contents = ScanContents(self._captures, self._quota)
            pipeline = ScanPipeline(
                config=self._config,
                network=network,
                store=self._store,
                sink=self._sink,
                contents=contents,
                texts=self._texts,
                monotonic=self._monotonic,
                open_drawer=self._open_drawer,
                make_reader=make_reader,
                local_model=local,
            )
            try:
                await pipeline.run()
            finally:
                contents.close()

    @asynccontextmanager
    async def _open_reader(self) -> AsyncIterator[MakeReader]:
        if self._reading is None:
            yield lambda _: None
            return
        config = self._reading
        async with ModelClient(config, ca_file=self._network.ca_file) as client:
            yield lambda left_s: PageReader(config=config, client=client, store=self._store, left_s=left_s)
