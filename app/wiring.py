"""Puts the application together from its settings: the only place that chooses implementations."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from app.core.aio import BackgroundTasks
from app.core.clock import Clock, SystemClock
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.errors import ConfigurationError
from app.core.folder import Ownership, prepare_folder
from app.core.metrics import Metrics
from app.core.replacement import replace
from app.core.security import Passwords, Tokens, load_secret
from app.events.bus.base import Bus
from app.events.bus.memory import MemoryBus
from app.events.epoch import LogEpoch
from app.events.journal import Journal
from app.monitor.captures import CaptureSweep
from app.monitor.purge import Purge
from app.monitor.service import TaskMonitor
from app.scanstore.reader import SqliteScanReader
from app.services.audit import AuditTrail
from app.services.auth import AuthService
from app.services.lifecycle import Lifecycle
from app.services.login import Login
from app.services.mint import Mint
from app.services.ports import FileRemover, Hub, Monitor, ScanRunner
from app.services.presence import ResultFiles
from app.services.readiness import Readiness
from app.services.reports import ReportService
from app.services.scans import ScanService
from app.services.startup import explain, prepare_database, prepare_new_database, require_database
from app.services.texts import Texts
from app.services.throttle import Throttle
from app.services.tickets import MemoryTickets, Tickets
from app.services.users import UserService
from app.tasks.embedded import EmbeddedRunner
from app.tasks.store_files import captures_dir, remove_stores
from app.tasks.targets import EngineTargets
from app.websocket.handlers import TaskMonitorHandler
from app.websocket.manager import WebSocketManager

SCANS_FOLDER: Final = "scans"


@dataclass(slots=True, kw_only=True)
class Services:
    """Everything that one process needs, for the lifespan state. Built stopped; `start` and `stop` are its life."""

    settings: Settings
    clock: Clock
    texts: Texts
    metrics: Metrics
    db: Database
    bus: Bus
    journal: Journal
    epoch: LogEpoch
    lifecycle: Lifecycle
    audit: AuditTrail
    passwords: Passwords
    auth: AuthService
    users: UserService
    scans: ScanService
    reports: ReportService
    results: ResultFiles
    readiness: Readiness
    runner: ScanRunner
    monitor: Monitor
    manager: Hub
    handler: TaskMonitorHandler
    lock: Ownership | None  # None: not the embedded mode
    _background: BackgroundTasks = field(default_factory=BackgroundTasks)
    _started: AsyncExitStack = field(default_factory=AsyncExitStack)  # what `stop` undoes, the last first

    async def start(self) -> str | None:
        """Migrate, then start the parts. Returns the generated password of the first `admin`, to be shown once.

        When a part fails, those before it are stopped again. Raises ConfigurationError.
        """
        try:
            return await self._start()
        except (DatabaseUnavailable, OSError) as error:
            await self.stop()
            if isinstance(error, OSError) and error.errno is None:  # not the system's
                raise
            raise explain(error, self.settings) from error
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> str | None:
        stack = self._started
        stack.callback(self.release)
        stack.push_async_callback(self.db.close)
        stack.callback(self.passwords.close)
        stack.callback(self.reports.close)
        await asyncio.to_thread(prepare_database, self.settings, self.db, self.clock)
        stack.callback(self.epoch.close)
        await asyncio.to_thread(self.epoch.open)
        self._background.start(self.epoch.keep_synced(self.clock), name="log-counter")
        stack.push_async_callback(self._background.close)
        await self.audit.start()
        stack.push_async_callback(self.audit.stop)
        generated = await self.auth.ensure_admin()
        await self.runner.start()
        stack.push_async_callback(self.runner.stop)
        await self.monitor.start()
        stack.push_async_callback(self.monitor.stop)
        await self.manager.start()
        stack.push_async_callback(self.manager.stop)
        self._background.start(self.results.check(), name="compare-results")
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
    monitor: Monitor | None = None,
    manager: Hub | None = None,
) -> Services:
    """The embedded deployment's services. The keywords put something else (in tests) in a part's place.

    Takes the locks of data folder and database. Raises ConfigurationError.
    """
    prepare_folder(settings.data_dir)
    lock = Ownership(settings.data_dir, settings.database_file) if settings.embedded else None
    try:
        if lock is not None and settings.keeps_database:
            finish_restore(settings.data_dir)
        return _build(settings, lock, clock or SystemClock(), passwords or Passwords(), runner, monitor, manager)
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def finish_restore(data_dir: Path) -> Path | None:
    """What a restore has laid ready takes its place; returns where the old data is now. The caller holds the lock.

    Raises ConfigurationError when the disk refuses; the next start goes on.
    """
    try:
        return replace(data_dir)
    except OSError as error:
        raise ConfigurationError(
            f"The restore that waits in {data_dir} cannot be finished: {error.filename}: {error.strerror}; mend that, "
            "and start again."
        ) from error


def open_database(settings: Settings) -> Database:
    """The database alone, for commands beside a running server. Raises ConfigurationError."""
    prepare_folder(settings.data_dir)
    require_database(settings)
    return Database(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)


def build_auth(
    settings: Settings, *, db: Database, bus: Bus, clock: Clock, passwords: Passwords, audit: AuditTrail
) -> AuthService:
    """Signing in; also for commands that only manage users."""
    previous = settings.secret_key_previous
    tokens = Tokens(
        secret=load_secret(settings), clock=clock, previous=(previous.get_secret_value(),) if previous else ()
    )
    mint = Mint(settings=settings, clock=clock, tokens=tokens)
    throttle = Throttle(settings=settings, clock=clock)
    return AuthService(
        settings=settings,
        db=db,
        bus=bus,
        clock=clock,
        passwords=passwords,
        tokens=tokens,
        mint=mint,
        login=Login(db=db, clock=clock, passwords=passwords, mint=mint, throttle=throttle, audit=audit),
        throttle=throttle,
        tickets=Tickets(settings=settings, store=MemoryTickets(clock=clock)),
        audit=audit,
    )


def _build(
    settings: Settings,
    lock: Ownership | None,
    clock: Clock,
    passwords: Passwords,
    runner: ScanRunner | None,
    monitor: Monitor | None,
    manager: Hub | None,
) -> Services:
    db = open_database(settings)
    try:
        prepare_new_database(settings, db, clock)
    except DatabaseUnavailable as error:
        raise explain(error, settings) from error
    bus = MemoryBus()
    texts = Texts(settings.language)
    metrics = Metrics()
    journal = Journal(db=db, bus=bus)
    epoch = LogEpoch(db=db, folder=settings.data_dir if settings.embedded else None)
    lifecycle = Lifecycle(clock=clock, texts=texts)
    audit = AuditTrail(db=db, clock=clock)
    auth = build_auth(settings, db=db, bus=bus, clock=clock, passwords=passwords, audit=audit)
    remove_files = partial(remove_stores, settings.data_dir)
    manager = manager or WebSocketManager(
        settings=settings,
        db=db,
        bus=bus,
        clock=clock,
        texts=texts,
        authenticator=auth,
        audit=audit,
        metrics=metrics,
        epoch=epoch,
    )
    if runner is None:
        embedded = EmbeddedRunner(
            db=db,
            journal=journal,
            bus=bus,
            lifecycle=lifecycle,
            texts=texts,
            clock=clock,
            settings=settings,
            is_watched=manager.is_watched,
        )
        runner = embedded
        monitor = monitor or TaskMonitor(
            db=db,
            journal=journal,
            lifecycle=lifecycle,
            texts=texts,
            clock=clock,
            settings=settings,
            killer=embedded,
            purger=Purge(
                db=db,
                clock=clock,
                settings=settings,
                remove_files=remove_files,
                captures=CaptureSweep(
                    captures=captures_dir(settings.data_dir), scans=settings.data_dir / SCANS_FOLDER, clock=clock
                ),
            ),
            concurrent_tasks=metrics.concurrent_tasks,
            monitoring_errors=metrics.monitoring_errors,
        )
    if monitor is None:
        raise ConfigurationError("a runner of one's own needs a monitor of one's own")
    return Services(
        settings=settings,
        clock=clock,
        texts=texts,
        metrics=metrics,
        db=db,
        bus=bus,
        journal=journal,
        epoch=epoch,
        lifecycle=lifecycle,
        audit=audit,
        passwords=passwords,
        auth=auth,
        users=_users(db, bus, clock, passwords, audit, remove_files),
        scans=ScanService(
            settings=settings,
            db=db,
            clock=clock,
            journal=journal,
            lifecycle=lifecycle,
            audit=audit,
            runner=runner,
            targets=EngineTargets(),
        ),
        reports=ReportService(
            db=db,
            readers=SqliteScanReader,
            scans_dir=settings.data_dir / SCANS_FOLDER,
            language=settings.language,
            clock=clock,
            reports_at_once=settings.reports_at_once,
        ),
        results=ResultFiles(db=db, scans_dir=settings.data_dir / SCANS_FOLDER),
        readiness=Readiness(db=db, clock=clock),
        runner=runner,
        monitor=monitor,
        manager=manager,
        handler=TaskMonitorHandler(
            db=db,
            journal=journal,
            lifecycle=lifecycle,
            monitor=monitor,
            clock=clock,
            language=settings.language,
        ),
        lock=lock,
    )


def _users(
    db: Database, bus: Bus, clock: Clock, passwords: Passwords, audit: AuditTrail, remove_files: FileRemover
) -> UserService:
    return UserService(db=db, bus=bus, clock=clock, passwords=passwords, audit=audit, remove_files=remove_files)
