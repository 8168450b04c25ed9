"""Builds single parts of a server on its foundation."""

from app.compose.foundation import Foundation
from app.compose.monitor import build_celery_runner, build_monitor
from app.configuration.build import ConfigurationParts, build_configuration
from app.configuration.local_readers import LocalReaderService
from app.core.clock import Clock
from app.core.db import Database
from app.core.security import Passwords
from app.domain.local_reading import ModelFault, StoredModel
from app.engines.local_reader.model import UnusableModel, read_model
from app.identity.audit import AuditTrail
from app.identity.auth import AuthService
from app.identity.build import build_auth
from app.identity.users import UserService
from app.lists.build import build_lists
from app.lists.service import ListService
from app.maintenance.captures_probe import CapturesProbe
from app.maintenance.user_scans import OrderedScans
from app.monitor.service import TaskMonitor, WorkerControl
from app.notifications.build import NotificationParts, build_notifications
from app.notifications.ports import FindingPictures
from app.orders.service import OrderService
from app.scans.ports import ScanRunner
from app.scans.service import ScanService
from app.sites.build import SiteParts, build_sites
from app.tasks.dispatch.celery_runner import CeleryRunner
from app.tasks.fork_server.starter import ForkingStarter
from app.tasks.list_reading.process import update_in_process
from app.tasks.notification_sending import PolicedHttpSender
from app.tasks.reading_model_question import ask_model
from app.tasks.supervisor.embedded_runner import EmbeddedRunner
from app.tasks.supervisor.worker_handle import MODULE
from app.websocket.factory import build_manager
from app.websocket.handlers import TaskMonitorHandler
from app.websocket.manager import WebSocketManager


def build_identity(base: Foundation, passwords: Passwords) -> AuthService:
    checks = base.metrics.token_checks
    return build_auth(
        base.live,
        db=base.db,
        bus=base.bus,
        clock=base.clock,
        passwords=passwords,
        audit=base.audit,
        on_checked=lambda kind, outcome: checks.labels(kind, outcome).inc(),
    )


def build_real_time(base: Foundation, auth: AuthService) -> WebSocketManager:
    return build_manager(
        settings=base.settings,
        db=base.db,
        bus=base.bus,
        clock=base.clock,
        authenticator=auth,
        audit=base.audit,
        metrics=base.metrics,
        epoch=base.epoch,
    )


def build_runner(base: Foundation, manager: WebSocketManager) -> tuple[ScanRunner, TaskMonitor]:
    runner: EmbeddedRunner | CeleryRunner
    if base.settings.embedded:
        metrics = base.metrics
        runner = EmbeddedRunner(
            db=base.db,
            event_writer=base.event_writer,
            bus=base.bus,
            lifecycle=base.lifecycle,
            texts=base.texts,
            clock=base.clock,
            settings=base.live,
            is_watched=manager.is_watched,
            count_verdicts=lambda effect, count: metrics.local_verdicts.labels(effect.value).inc(count),
            count_rechecks=lambda outcome, count: metrics.rechecks.labels(outcome.value).inc(count),
            starter=ForkingStarter((MODULE,), count=lambda way: metrics.process_starts.labels(way).inc()),
            on_failure=metrics.note_background_failure,
        )
    else:
        runner = build_celery_runner(base.settings, db=base.db, lease=base.lease, clock=base.clock)
    return runner, _build_monitor(base, runner)


def _build_monitor(base: Foundation, control: WorkerControl) -> TaskMonitor:
    return build_monitor(
        base.live,
        db=base.db,
        bus=base.bus,
        lifecycle=base.lifecycle,
        texts=base.texts,
        clock=base.clock,
        control=control,
        results=base.results,
        captures=base.captures,
        metrics=base.metrics,
        lease=base.lease,
    )


def build_handler(base: Foundation, monitor: TaskMonitor) -> TaskMonitorHandler:
    return TaskMonitorHandler(
        db=base.db,
        event_writer=base.event_writer,
        lifecycle=base.lifecycle,
        monitor=monitor,
        clock=base.clock,
        language=base.settings.language,
    )


def build_list_service(base: Foundation) -> ListService:
    return build_lists(
        base.live,
        db=base.db,
        clock=base.clock,
        lease=base.lease,
        metrics=base.metrics,
        audit=base.audit,
        update=update_in_process,
    )


def build_notifier(base: Foundation, pictures: FindingPictures) -> NotificationParts:
    return build_notifications(
        base.settings,
        db=base.db,
        bus=base.bus,
        clock=base.clock,
        audit=base.audit,
        metrics=base.metrics,
        targets=base.targets,
        http=PolicedHttpSender(base.settings),
        pictures=pictures,
    )


def build_users(base: Foundation, passwords: Passwords) -> UserService:
    return UserService(
        db=base.db,
        bus=base.bus,
        clock=base.clock,
        passwords=passwords,
        audit=base.audit,
        scans=OrderedScans(),
        remove_files=base.results.remove,
    )


def build_scans(base: Foundation, runner: ScanRunner) -> ScanService:
    return ScanService(
        settings=base.live,
        db=base.db,
        clock=base.clock,
        event_writer=base.event_writer,
        lifecycle=base.lifecycle,
        audit=base.audit,
        runner=runner,
        targets=base.targets,
    )


def build_site_parts(base: Foundation, scans: ScanService, orders: OrderService) -> SiteParts:
    return build_sites(
        base.live,
        db=base.db,
        bus=base.bus,
        clock=base.clock,
        texts=base.texts,
        audit=base.audit,
        metrics=base.metrics,
        lease=base.lease,
        scans=scans,
        orders=orders,
    )


def build_captures_probe(base: Foundation) -> CapturesProbe:
    probe = CapturesProbe(storage=base.captures, clock=base.clock)
    base.metrics.captures_healthy.set_function(lambda: float(probe.answers))
    return probe


def build_settings(base: Foundation) -> ConfigurationParts:
    return build_configuration(
        base.live,
        db=base.db,
        clock=base.clock,
        audit=base.audit,
        targets=base.targets,
        ask=ask_model,
        find_fault=find_fault,
    )


def build_local_readers(*, db: Database, clock: Clock, audit: AuditTrail) -> LocalReaderService:
    """Return what shows versions of the local reader and switches them; for commands."""
    return LocalReaderService(db=db, clock=clock, audit=audit, find_fault=find_fault)


def find_fault(stored: StoredModel) -> ModelFault | None:
    """Return why a version of the local reader cannot be used; None: it can."""
    try:
        read_model(stored)
    except UnusableModel as error:
        return error.fault
    return None
