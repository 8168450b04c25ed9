"""Puts the real-time side of a process together."""

from collections.abc import Callable
from socket import gethostname

from app.core.aio import BackgroundTasks
from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.metrics import Metrics
from app.core.principal import Authenticator
from app.core.program import program_version
from app.domain.close_codes import CloseCode
from app.events.bus.base import Bus
from app.events.epoch import LogEpoch
from app.services.audit import AuditTrail
from app.websocket.command_handler import CommandHandler
from app.websocket.connections.elsewhere import Elsewhere, Nowhere, Numbers, OtherServers
from app.websocket.connections.fanout import Fanout
from app.websocket.connections.registry import Registry
from app.websocket.connections.sent_frames import SentFrames
from app.websocket.delivery.broadcasts import Broadcasts
from app.websocket.delivery.catch_up import CatchUps
from app.websocket.delivery.dispatcher import Dispatcher
from app.websocket.delivery.subscriptions import Subscriptions
from app.websocket.delivery.sweep import Sweep
from app.websocket.lifecycle.admission import Admission
from app.websocket.lifecycle.connection_audit import ConnectionAudit
from app.websocket.lifecycle.connection_lifecycle import ConnectionLifecycle
from app.websocket.lifecycle.drain import Drain
from app.websocket.lifecycle.heartbeat import HeartbeatMonitor
from app.websocket.lifecycle.revocation import RevocationWatch
from app.websocket.lifecycle.token_refresh import TokenRefresh
from app.websocket.manager import WebSocketManager
from app.websocket.sse.registry import StreamRegistry
from app.websocket.state.log_reader import LogReader
from app.websocket.state.snapshot_cache import SnapshotCache
from app.websocket.state.state_reader import StateReader


def build_manager(
    *,
    settings: Settings,
    db: Database,
    bus: Bus,
    clock: Clock,
    authenticator: Authenticator,
    audit: AuditTrail,
    metrics: Metrics,
    epoch: LogEpoch | None = None,
) -> WebSocketManager:
    """Stopped. `epoch` None: of a log that was never restored, and that nobody restores."""
    epoch = epoch or LogEpoch(db=db)
    registry, background = Registry(bus), BackgroundTasks(metrics.note_background_failure)
    elsewhere = _elsewhere(settings, db, bus, clock, registry, lambda: _numbers(manager))
    # What is read
    reader = StateReader(clock=clock, max_snapshot_bytes=settings.snapshot_max_bytes, epoch=epoch)
    snapshots = SnapshotCache(db=db, reader=reader, clock=clock, epoch=epoch)
    log_reader = LogReader(db=db, clock=clock, epoch=epoch)
    # From the log to sockets and streams
    sent = SentFrames(metrics=metrics, clock=clock)
    dispatcher = Dispatcher(
        db=db,
        registry=registry,
        log_reader=log_reader,
        catch_ups=CatchUps(
            log_reader=log_reader,
            snapshots=snapshots,
            metrics=metrics,
            background=background,
            epoch=epoch,
            clock=clock,
        ),
        clock=clock,
        metrics=metrics,
        background=background,
        fanout=Fanout(sent, share=settings.ws_fanout_share),
        following=bus,
    )
    broadcasts = Broadcasts(
        db=db, bus=bus, registry=registry, dispatcher=dispatcher, clock=clock, background=background
    )
    streams = StreamRegistry(
        settings=settings,
        db=db,
        reader=reader,
        log_reader=log_reader,
        snapshots=snapshots,
        epoch=epoch,
        clock=clock,
        metrics=metrics,
        record=audit.record,
        following=bus,
        elsewhere=elsewhere,
    )
    sweep = Sweep(
        db=db,
        epoch=epoch,
        registry=registry,
        swept=(streams, dispatcher),
        clock=clock,
        interval_s=settings.sweep_interval_s,
    )
    metrics.sweep_lag.set_function(lambda: sweep.lag_s or 0.0)
    # How connections begin and end, and what clients say
    connection_audit = ConnectionAudit(registry=registry, metrics=metrics, audit=audit, clock=clock)
    connections = ConnectionLifecycle(
        settings=settings,
        db=db,
        registry=registry,
        dispatcher=dispatcher,
        audit=connection_audit,
        sent=sent,
        epoch=epoch,
        clock=clock,
        on_welcomed=broadcasts.welcome,
        elsewhere=elsewhere,
    )
    revocation = RevocationWatch(
        authenticator=authenticator,
        registry=registry,
        streams=streams,
        clock=clock,
        background=background,
        every_s=settings.access_recheck_s,
    )
    subscriptions = Subscriptions(
        db=db,
        reader=reader,
        snapshots=snapshots,
        dispatcher=dispatcher,
        epoch=epoch,
        settings=settings,
        clock=clock,
        metrics=metrics,
        on_denied=connection_audit.denied,
        on_followed=broadcasts.on_followed,
    )
    token_refresh = TokenRefresh(
        authenticator=authenticator, clock=clock, record=audit.record, confirm=revocation.confirm
    )
    manager = WebSocketManager(
        settings=settings,
        bus=bus,
        clock=clock,
        epoch=epoch,
        registry=registry,
        reader=reader,
        connections=connections,
        connection_audit=connection_audit,
        admission=Admission(settings=settings, registry=registry, streams=streams, elsewhere=elsewhere, clock=clock),
        command_handler=CommandHandler(
            settings=settings, clock=clock, subscriptions=subscriptions, token_refresh=token_refresh
        ),
        subscriptions=subscriptions,
        dispatcher=dispatcher,
        broadcasts=broadcasts,
        elsewhere=elsewhere,
        streams=streams,
        sweep=sweep,
        heartbeat=HeartbeatMonitor(settings=settings, registry=registry, clock=clock, metrics=metrics),
        revocation=revocation,
        draining=Drain(registry=registry, streams=streams, clock=clock, close_connection=connections.close),
        background=background,
        work=BackgroundTasks(metrics.note_background_failure),
    )
    return manager


def _elsewhere(
    settings: Settings, db: Database, bus: Bus, clock: Clock, registry: Registry, numbers: Callable[[], Numbers]
) -> Elsewhere:
    if settings.embedded:
        return Nowhere()

    def close(connection_id: str, code: CloseCode, reason: str | None) -> None:
        connection = registry.get(connection_id)
        if connection is not None:
            connection.close(code, reason)

    return OtherServers(
        db=db,
        bus=bus,
        clock=clock,
        host=gethostname(),
        version=program_version(),
        most_per_user=settings.ws_max_connections_per_user,
        numbers=numbers,
        close=close,
    )


def _numbers(manager: WebSocketManager) -> Numbers:
    """Return what other servers show of this one."""
    return {key: value for key, value in manager.stats().items() if key != "connections_by_user"}
