"""Builds what one process alone does: watching tasks, waking workers, and removing what is old."""

from typing import Final

from app.captures.port import ContentStorage
from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.lease import Lease, PostgresLease, SoleProcess
from app.core.live_settings import SettingsSource
from app.core.metrics import Metrics
from app.domain.messages import MessageCatalog
from app.events.bus.base import Publisher
from app.events.writer import EventWriter
from app.maintenance.capture_garbage_collector import CaptureGarbageCollector
from app.maintenance.retention import RetentionService
from app.monitor.service import TaskMonitor, WorkerControl
from app.scans.lifecycle import Lifecycle
from app.scanstore.location import OpenStores
from app.tasks.dispatch.celery_runner import CeleryRunner

LEASE_SLACK_S: Final = 10.0  # beyond the time between two rounds of the monitor, before a silent holder loses its lease


def build_lease(settings: Settings) -> Lease:
    """Return what says which process watches tasks and wakes workers: the only one, or one of several."""
    if settings.embedded:
        return SoleProcess()
    silence_s = settings.monitor_interval_s + LEASE_SLACK_S
    return PostgresLease(settings.resolved_database_url, name="monitor", silence_s=silence_s)


def build_celery_runner(settings: Settings, *, db: Database, lease: Lease, clock: Clock) -> CeleryRunner:
    """Return what wakes the workers of a distributed deployment."""
    from app.tasks.dispatch.celery_app import make_celery  # its package is not installed everywhere
    from app.tasks.dispatch.wakeups import CeleryWakeups

    return CeleryRunner(db=db, wakeups=CeleryWakeups(make_celery(settings)), lease=lease, clock=clock)


def build_monitor(
    settings: SettingsSource,
    *,
    db: Database,
    bus: Publisher,
    lifecycle: Lifecycle,
    texts: MessageCatalog,
    clock: Clock,
    control: WorkerControl,
    results: OpenStores,
    captures: ContentStorage,
    metrics: Metrics,
    lease: Lease,
) -> TaskMonitor:
    """Return the monitor with retention, stopped. All that either writes begins with the lease's guard."""
    embedded = settings.current.embedded
    guarded = db if embedded else db.guarded(lease.guard)

    async def require_lease() -> None:
        await guarded.write(lambda _: None)

    collector = CaptureGarbageCollector(
        contents=captures,
        stores=results.stores,
        clock=clock,
        require_lease=None if embedded else require_lease,
    )
    return TaskMonitor(
        db=guarded,
        event_writer=EventWriter(db=guarded, bus=bus),
        lifecycle=lifecycle,
        texts=texts,
        clock=clock,
        settings=settings,
        worker_control=control,
        retention=RetentionService(
            db=guarded,
            clock=clock,
            settings=settings,
            remove_files=results.remove_under(lease.guard),
            captures=collector,
        ),
        concurrent_tasks=metrics.concurrent_tasks,
        monitoring_errors=metrics.monitoring_errors,
        lease=lease,
    )
