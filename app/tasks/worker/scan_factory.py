"""Builds a scan from the settings, inside its own process: what `compose` is for the server."""

from functools import partial

from app.captures.port import ContentStorage
from app.captures.quota import CaptureQuota
from app.core.config import Settings
from app.domain.reputation_lists import FindLists, FoundLists
from app.engines.capture.render_service import OpenRenderService, render_here
from app.engines.local_reader.opening import ModelSource
from app.engines.model import ScanConfig
from app.engines.parsing.launch import Launch, execute
from app.engines.ports import CountEndedRechecks, ScanSink, ScanStore
from app.engines.scan_executor import ScanExecutor
from app.tasks.network_settings import network_config
from app.tasks.process_protocol import JobSpec
from app.tasks.reading_model_settings import reading_model_config
from app.tasks.worker.earlier_findings import EarlierFindings
from app.tasks.worker.known_looks import StoredLooks


class ScanFactory:
    """Makes the executor of an attempt."""

    def __init__(
        self,
        settings: Settings,
        captures: ContentStorage,
        room: CaptureQuota | None = None,
        open_render_service: OpenRenderService = render_here,
        local_models: ModelSource | None = None,
        find_lists: FindLists = lambda _: FoundLists(),
        looks: StoredLooks | None = None,
        earlier: EarlierFindings | None = None,
        launch_parsers: Launch = execute,
        count_rechecks: CountEndedRechecks = lambda _: None,
    ) -> None:
        self._settings = settings
        self._captures = captures
        self._room = room
        self._open_render_service = open_render_service
        self._local_models = local_models
        self._find_lists = find_lists
        self._looks = looks
        self._earlier = earlier
        self._launch_parsers = launch_parsers
        self._count_rechecks = count_rechecks

    def __call__(self, spec: JobSpec, store: ScanStore, sink: ScanSink) -> ScanExecutor:
        return ScanExecutor(
            config=ScanConfig.from_json(spec.config, target=spec.target_domain),
            network=network_config(self._settings),
            store=store,
            sink=sink,
            captures=self._captures,
            quota=self._room,
            language=self._settings.language,
            open_render_service=self._open_render_service,
            reading=reading_model_config(self._settings),
            local_models=self._local_models,
            find_lists=self._find_lists,
            load_looks=None if self._looks is None else partial(self._looks.load, spec.task_id),
            load_recheck=None if self._earlier is None else partial(self._earlier.load, spec.task_id),
            launch_parsers=self._launch_parsers,
            count_rechecks=self._count_rechecks,
        )
