"""Puts the application together from its settings: the only place that chooses implementations."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from app.compose.foundation import Foundation, lay_foundation
from app.compose.parts import (
    build_captures_probe,
    build_handler,
    build_identity,
    build_list_service,
    build_notifier,
    build_real_time,
    build_runner,
    build_scans,
    build_settings,
    build_site_parts,
    build_users,
)
from app.compose.results import build_results
from app.configuration.local_readers import LocalReaderService
from app.configuration.reading_model_probe import ReadingModelProbe
from app.configuration.service import ConfigurationService
from app.core.aio import BackgroundTasks
from app.core.clock import Clock, SystemClock
from app.core.config import Settings
from app.core.data_folder import ServerLocks, prepare_folder
from app.core.db import Database, DatabaseUnavailable
from app.core.deployment import require_shared_key
from app.core.lease import Lease
from app.core.metrics import Metrics
from app.core.security import Passwords
from app.domain.messages import MessageCatalog
from app.events.bus.base import Bus
from app.events.epoch import LogEpoch
from app.events.writer import EventWriter
from app.findings.assignments import AssignmentService
from app.findings.comments import CommentService
from app.findings.decisions import DecisionService
from app.findings.evidence.service import EvidenceService
from app.findings.expiry import DecisionExpiry
from app.findings.review import ReviewService
from app.identity.audit import AuditTrail
from app.identity.auth import AuthService
from app.identity.demo_visitor import DemoVisitor
from app.identity.users import UserService
from app.inventory.build import InventoryParts
from app.lists.service import ListService
from app.maintenance import startup
from app.maintenance.captures_probe import CapturesProbe
from app.maintenance.database_probe import DatabaseProbe
from app.maintenance.result_files import ResultFileCheck
from app.monitor.service import TaskMonitor
from app.notifications.build import NotificationParts
from app.orders.service import OrderService
from app.overview.service import OverviewService
from app.overview.service_numbers import ServiceNumbers
from app.reports.formats.service import ReportFileService
from app.reports.service import ReportService
from app.scans.holds import HoldService
from app.scans.lifecycle import Lifecycle
from app.scans.ports import ScanRunner
from app.scans.service import ScanService
from app.scans.workers import WorkerService
from app.scanstore.files import SCANS_FOLDER
from app.site_counts.service import SiteKeeper
from app.sites.build import SiteParts
from app.tasks.report_process.process import ReportProcess
from app.websocket.handlers import TaskMonitorHandler
from app.websocket.manager import WebSocketManager


@dataclass(slots=True, kw_only=True)
class Services:
    """Everything that one process needs, for the lifespan state. Built stopped; `start` and `stop` are its life."""

    settings: Settings
    clock: Clock
    texts: MessageCatalog
    metrics: Metrics
    db: Database
    bus: Bus
    event_writer: EventWriter
    epoch: LogEpoch
    lifecycle: Lifecycle
    audit: AuditTrail
    passwords: Passwords
    auth: AuthService
    configuration: ConfigurationService
    reading_model_probe: ReadingModelProbe
    local_readers: LocalReaderService
    lists: ListService
    users: UserService
    workers: WorkerService
    numbers: ServiceNumbers
    scans: ScanService
    holds: HoldService = field(init=False)
    orders: OrderService
    sites: SiteParts
    reports: ReportService
    evidence: EvidenceService
    decisions: DecisionService
    expiry: DecisionExpiry
    assignments: AssignmentService
    comments: CommentService
    review: ReviewService
    overview: OverviewService
    inventory: InventoryParts
    notifications: NotificationParts
    report_files: ReportFileService
    report_process: ReportProcess
    result_files: ResultFileCheck
    database_probe: DatabaseProbe
    captures_probe: CapturesProbe
    runner: ScanRunner
    monitor: TaskMonitor
    manager: WebSocketManager
    handler: TaskMonitorHandler
    lock: ServerLocks | None  # None: not the embedded mode
    lease: Lease  # of what one process alone does
    close_stores: Callable[[], None]
    visitor: DemoVisitor | None = None  # set by `compliance demo` alone
    _background: BackgroundTasks = field(default_factory=BackgroundTasks)
    _started: AsyncExitStack = field(default_factory=AsyncExitStack)  # what `stop` undoes, the last first

    def __post_init__(self) -> None:
        self.holds = HoldService(scans=self.scans)

    async def start(self) -> str | None:
        """Migrate, then start the parts. Returns the generated password of the first `admin`, to be shown once.

        When a part fails, those before it are stopped again. Raises ConfigurationError.
        """
        try:
            return await self._start()
        except BaseException as error:
            await self.stop()
            if isinstance(error, DatabaseUnavailable) or (isinstance(error, OSError) and error.errno is not None):
                raise startup.explain(error, self.settings) from error
            raise

    async def _start(self) -> str | None:
        stack = self._started
        stack.callback(self.release)
        stack.push_async_callback(self.db.close)
        stack.callback(self.close_stores)
        stack.callback(self.passwords.close)
        stack.callback(self.reports.close)
        stack.callback(self.evidence.close)
        stack.callback(self.inventory.differences.close)
        stack.callback(self.report_files.close)
        stack.push_async_callback(self.report_process.close)
        stack.push_async_callback(self.notifications.close)
        await asyncio.to_thread(startup.prepare_database, self.settings, self.db, self.clock)
        stack.callback(self.epoch.close)
        await asyncio.to_thread(self.epoch.open)
        self._background.keep(partial(self.epoch.keep_synced, self.clock), name="log-counter")
        stack.push_async_callback(self._background.close)
        await self.bus.start()
        stack.push_async_callback(self.bus.stop)
        stack.callback(self.bus.subscribe(self.overview.on_hint))
        stack.callback(self.bus.subscribe(self.inventory.keeper.on_hint))
        await self.audit.start()
        stack.push_async_callback(self.audit.stop)
        generated = await self.auth.ensure_admin()
        stack.push_async_callback(self.lease.release)
        stack.callback(self.bus.subscribe(self.notifications.sender.on_hint))
        for part in (self.runner, self.monitor, self.manager, self.notifications.sender):
            await part.start()
            stack.push_async_callback(part.stop)
        self._background.keep(self.auth.opaque.uses.keep_written, name="token-uses")
        self._background.keep(self.configuration.watch.keep_current, name="configuration")
        self._background.keep(self.lists.keep_current, name="lists")
        self._background.keep(self.captures_probe.keep_looking, name="captures-probe")
        self._background.keep(SiteKeeper(db=self.db, clock=self.clock).keep_current, name="sites")
        self._background.keep(self.expiry.keep_current, name="expiry")
        self._background.keep(self.sites.scheduler.keep_current, name="schedules")
        self._background.keep(self.inventory.keeper.keep_current, name="inventory")
        if self.settings.embedded:  # elsewhere results are rows, and cannot be put back by themselves
            self._background.start(self.result_files.check(), name="compare-results")
        return generated

    async def stop(self) -> None:
        """Sockets first (with a code that says: come back), then monitor, scans, audit rows, database, folder."""
        await self._started.aclose()
        self.release()

    def release(self) -> None:
        """Lets go of the data folder and the database. For services that were built and never started."""
        if self.lock is not None:
            self.lock.release()


def build_services(
    settings: Settings,
    *,
    clock: Clock | None = None,
    passwords: Passwords | None = None,
    runner: ScanRunner | None = None,
    monitor: TaskMonitor | None = None,
    manager: WebSocketManager | None = None,
) -> Services:
    """The embedded deployment's services. The keywords put something else (in tests) in a part's place.

    Takes the locks of data folder and database. Raises ConfigurationError.
    """
    require_shared_key(settings)
    prepare_folder(settings.data_dir)
    lock = ServerLocks(settings.data_dir, settings.database_file) if settings.embedded else None
    try:
        if lock is not None and settings.keeps_database:
            startup.finish_restore(settings.data_dir)
        return _build(settings, lock, clock or SystemClock(), passwords or Passwords(), runner, monitor, manager)
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def _build(
    settings: Settings,
    lock: ServerLocks | None,
    clock: Clock,
    passwords: Passwords,
    runner: ScanRunner | None,
    monitor: TaskMonitor | None,
    manager: WebSocketManager | None,
) -> Services:
    base = lay_foundation(settings, clock)
    settings, db, auth = base.settings, base.db, build_identity(base, passwords)
    runner, monitor = _choose_runner(base, (manager := manager or build_real_time(base, auth)), runner, monitor)
    configuration, scans, results = build_settings(base), build_scans(base, runner), build_results(base)
    return Services(
        settings=settings,
        clock=clock,
        texts=base.texts,
        metrics=base.metrics,
        db=db,
        bus=base.bus,
        event_writer=base.event_writer,
        epoch=base.epoch,
        lifecycle=base.lifecycle,
        audit=base.audit,
        passwords=passwords,
        auth=auth,
        configuration=configuration.service,
        reading_model_probe=configuration.probe,
        local_readers=configuration.local_readers,
        lists=build_list_service(base),
        users=build_users(base, passwords),
        workers=WorkerService(db=db, clock=clock, settings=base.live),
        numbers=ServiceNumbers(db=db, clock=clock, metrics=base.metrics),
        scans=scans,
        orders=(orders := OrderService(scans=scans)),
        sites=build_site_parts(base, scans, orders),
        reports=results.reports.reports,
        evidence=results.findings.evidence,
        decisions=results.findings.decisions,
        expiry=results.findings.expiry,
        assignments=results.findings.assignments,
        comments=results.findings.comments,
        review=results.findings.review,
        overview=results.overview,
        inventory=results.inventory,
        notifications=build_notifier(base, results.findings.pictures),
        report_files=results.reports.report_files,
        report_process=results.report_process,
        result_files=ResultFileCheck(db=db, scans_dir=settings.data_dir / SCANS_FOLDER),
        database_probe=DatabaseProbe(db=db, clock=clock),
        captures_probe=build_captures_probe(base),
        runner=runner,
        monitor=monitor,
        manager=manager,
        handler=build_handler(base, monitor),
        lock=lock,
        lease=base.lease,
        close_stores=base.results.close,
        _background=BackgroundTasks(base.metrics.note_background_failure),
    )


def _choose_runner(
    base: Foundation, manager: WebSocketManager, runner: ScanRunner | None, monitor: TaskMonitor | None
) -> tuple[ScanRunner, TaskMonitor]:
    if runner is None:
        return build_runner(base, manager)
    if monitor is None:
        raise ValueError("a runner in the embedded one's place needs a monitor, too")
    return runner, monitor
