"""One scan, from its configuration to the end of its fifth stage."""

import time
from collections.abc import Callable
from pathlib import Path

from app.engines.capture.room import CaptureRoom
from app.engines.capture.store import ContentStore
from app.engines.graph.equipment import open_equipment
from app.engines.graph.scan_graph import ScanGraph
from app.engines.model import NetworkConfig, ScanConfig
from app.engines.phrases import Phrases
from app.engines.ports import ScanSink, ScanStore


class ScanExecutor:
    """Fulfils `tasks.scan_job.Scan`. One scan, once; what an earlier attempt left in the store is not done again.

    Progress, stages, log lines, warnings and violations go to the sink the moment they are known; what the scan
    collects goes into the store, contents of captured pages into `captures_dir`.
    """

    def __init__(
        self,
        *,
        config: ScanConfig,
        network: NetworkConfig,
        store: ScanStore,
        sink: ScanSink,
        captures_dir: Path,
        room: CaptureRoom | None = None,
        language: str = "zh-CN",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`language` is that of the deployment, for what people read; `room` bounds what is kept of the captures."""
        self._config = config
        self._network = network
        self._store = store
        self._sink = sink
        self._contents = ContentStore(captures_dir, room)
        self._phrases = Phrases(language)
        self._monotonic = monotonic

    async def run(self) -> None:
        """Returns when all five stages have ended.

        Raises:
            ScanStopped: the sink said so; may be inside an exception group.
            scanstore.errors.StoreUnavailable: the same; a new executor on the reopened store goes on.
        """
        target, language = self._config.target, self._phrases.language
        async with open_equipment(self._network, target=target, language=language) as equipment:
            graph = ScanGraph(
                config=self._config,
                equipment=equipment,
                store=self._store,
                sink=self._sink,
                contents=self._contents,
                phrases=self._phrases,
                monotonic=self._monotonic,
            )
            await graph.run()
