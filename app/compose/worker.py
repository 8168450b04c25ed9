"""Puts a worker of a distributed deployment together from its settings, as `app.compose.services` does for a server."""

from collections.abc import Sequence
from functools import partial
from socket import gethostname

import structlog

from app.compose.storage import build_bus, open_database
from app.configuration.target_rules import TargetRules
from app.configuration.watch import ConfigurationWatch, read_at_start
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import DatabaseUnavailable
from app.core.deployment import BROWSER_QUEUE, SCAN_QUEUE
from app.core.errors import ConfigurationError
from app.core.ids import new_id
from app.core.live_settings import SettingsSource
from app.core.program import program_version
from app.core.worker_metrics import WorkerMetrics
from app.domain.messages import MessageCatalog
from app.engines.capture.browser_profile import BrowserUnavailable, find_chromium
from app.events.bus.memory import MemoryBus
from app.events.writer import EventWriter
from app.maintenance import startup
from app.scans.lifecycle import Lifecycle
from app.scans.queries.workers import WorkerDescription
from app.scans.worker_presence import WorkerPresence
from app.tasks.dispatch.ports import Wakeups
from app.tasks.fork_server.starter import ForkingStarter
from app.tasks.process_start import ProcessStarter
from app.tasks.supervisor import render_process, worker_handle
from app.tasks.supervisor.render_process import RenderProcess
from app.tasks.supervisor.render_worker import RenderWorker
from app.tasks.supervisor.scan_worker import ScanWorker
from app.tasks.target_parser import EngineTargetParser

log = structlog.get_logger(__name__)


def build_scan_worker(
    settings: Settings, wakeups: Wakeups, metrics: WorkerMetrics, queues: Sequence[str], concurrency: int
) -> ScanWorker:
    """Return a worker of a distributed deployment, stopped. Blocking. Raises ConfigurationError.

    `queues` and `concurrency` are what others are told of it.
    """
    clock, texts = SystemClock(), MessageCatalog(settings.language)
    db = open_database(settings)
    try:
        startup.prepare_database(settings, db, clock)
    except DatabaseUnavailable as error:
        raise startup.explain(error, settings) from error
    queues = _served(settings, queues)
    # A browser worker has nothing to tell or to hear: its user of Redis has no access to the channels of hints, and its
    # role in PostgreSQL reads no more of the stored settings than rendering needs.
    has_bus = SCAN_QUEUE in queues
    live = read_at_start(db, settings, for_rendering=not has_bus)
    TargetRules(settings=live, targets=EngineTargetParser())  # a blocked name that is none is said at the start
    worker_id = f"worker-{new_id()[-8:]}"
    bus = build_bus(settings, clock=clock, on_failure=metrics.note_background_failure) if has_bus else MemoryBus()
    metrics.bus_healthy.set_function(lambda: float(bus.healthy))
    metrics.slots.set(concurrency if SCAN_QUEUE in queues else 0)
    if SCAN_QUEUE in queues and settings.secret_key is None:
        log.warning("worker_without_key")  # servers hear of its scans by their sweep alone
    described = WorkerDescription(worker_id, gethostname(), program_version(), tuple(queues), concurrency)
    modules = [worker_handle.MODULE, *((render_process.MODULE,) if BROWSER_QUEUE in queues else ())]
    starter = ForkingStarter(modules, count=lambda way: metrics.process_starts.labels(way).inc())
    return ScanWorker(
        worker_id=worker_id,
        db=db,
        event_writer=EventWriter(db=db, bus=bus),
        bus=bus,
        lifecycle=Lifecycle(clock=clock, texts=texts),
        texts=texts,
        clock=clock,
        settings=live,
        watch_configuration=ConfigurationWatch(db=db, clock=clock, live=live, for_rendering=not has_bus).keep_current,
        wakeups=wakeups,
        metrics=metrics,
        starter=starter,
        presence=WorkerPresence(
            db=db,
            clock=clock,
            worker=described,
            interval_s=settings.heartbeat_interval_s,
            on_failure=metrics.note_background_failure,
        ),
        renders=_build_render_worker(live, worker_id, metrics, starter) if BROWSER_QUEUE in queues else None,
    )


def require_browser(settings: Settings) -> None:
    """Raise ConfigurationError where there is no Chromium: scans would wait for what this worker never renders."""
    try:
        find_chromium(settings.chromium_path)
    except BrowserUnavailable as error:
        raise ConfigurationError(text="worker_needs_browser", reason=error.reason) from error


def _served(settings: Settings, queues: Sequence[str]) -> list[str]:
    """Return the queues that this machine can serve. Celery's own command takes all of them when none is named."""
    if BROWSER_QUEUE not in queues:
        return list(queues)
    try:
        require_browser(settings)
    except ConfigurationError as error:
        log.warning("queue_not_served", queue=BROWSER_QUEUE, reason=error.message)
        return [queue for queue in queues if queue != BROWSER_QUEUE]
    return list(queues)


def _build_render_worker(
    live: SettingsSource, worker_id: str, metrics: WorkerMetrics, starter: ProcessStarter
) -> RenderWorker:
    from app.scanstore.postgres.stores import PostgresScanStores  # its package is not installed everywhere

    settings = live.current
    stores = PostgresScanStores(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)
    make_process = partial(_make_render_process, live, metrics, starter)
    return RenderWorker(worker_id=worker_id, wanted=stores.leases, make_process=make_process, metrics=metrics)


def _make_render_process(
    live: SettingsSource, metrics: WorkerMetrics, starter: ProcessStarter, holder: str
) -> RenderProcess:
    return RenderProcess(
        settings=live.current,
        holder=holder,
        on_page=lambda outcome: metrics.pages.labels(outcome.name.lower()).inc(),
        starter=starter,
    )
