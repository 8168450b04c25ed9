"""Puts the real-time side of a process together."""

from collections.abc import Callable
from dataclasses import dataclass
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
from app.identity.audit import AuditTrail
from app.notifications.feed_reader import FeedReader
from app.websocket.command_handler import CommandHandler
from app.websocket.connections.fanout import Fanout
from app.websocket.connections.peer_servers import Nowhere, Numbers, OtherServers, PeerServers
from app.websocket.connections.registry import Registry
from app.websocket.connections.sent_frames import SentFrames
from app.websocket.delivery.broadcasts import Broadcasts
from app.websocket.delivery.catch_up import CatchUps
from app.websocket.delivery.dispatcher import Dispatcher
from app.websocket.delivery.feeds import NotificationFeeds
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Foundation:
    """What all parts of the real-time side are built on."""

    settings: Settings
    db: Database
    bus: Bus
    clock: Clock
    authenticator: Authenticator
    audit: AuditTrail
    metrics: Metrics
    epoch: LogEpoch
    registry: Registry
    background: BackgroundTasks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Readers:
    """What reads tasks and the log."""

    state: StateReader
    snapshots: SnapshotCache
    log: LogReader


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivery:
    """What carries events from the log to sockets and streams, and notifications from the feed."""

    sent: SentFrames
    dispatcher: Dispatcher
    broadcasts: Broadcasts
    feeds: NotificationFeeds
    streams: StreamRegistry
    sweep: Sweep


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
    base = _Foundation(
        settings=settings,
        db=db,
        bus=bus,
        clock=clock,
        authenticator=authenticator,
        audit=audit,
        metrics=metrics,
        epoch=epoch or LogEpoch(db=db),
        registry=Registry(bus),
        background=BackgroundTasks(metrics.note_background_failure),
    )
    peer_servers = _peer_servers(settings, db, bus, clock, base.registry, lambda: _numbers(manager))
    readers = _build_readers(base)
    delivery = _build_delivery(base, readers, peer_servers)
    manager = _build_connections(base, readers, delivery, peer_servers)
    return manager


def _build_readers(base: _Foundation) -> _Readers:
    state = StateReader(clock=base.clock, max_snapshot_bytes=base.settings.snapshot_max_bytes, epoch=base.epoch)
    return _Readers(
        state=state,
        snapshots=SnapshotCache(db=base.db, reader=state, clock=base.clock, epoch=base.epoch),
        log=LogReader(db=base.db, clock=base.clock, epoch=base.epoch),
    )


def _build_delivery(base: _Foundation, readers: _Readers, peer_servers: PeerServers) -> _Delivery:
    sent = SentFrames(metrics=base.metrics, clock=base.clock)
    dispatcher = _build_dispatcher(base, readers, sent)
    streams = StreamRegistry(
        settings=base.settings,
        db=base.db,
        reader=readers.state,
        log_reader=readers.log,
        snapshots=readers.snapshots,
        epoch=base.epoch,
        clock=base.clock,
        metrics=base.metrics,
        record=base.audit.record,
        following=base.bus,
        peer_servers=peer_servers,
    )
    feeds = NotificationFeeds(
        reader=FeedReader(db=base.db),
        registry=base.registry,
        authenticator=base.authenticator,
        epoch=base.epoch,
        clock=base.clock,
        metrics=base.metrics,
        background=base.background,
    )
    sweep = Sweep(
        db=base.db,
        epoch=base.epoch,
        registry=base.registry,
        swept=(streams, dispatcher),
        feeds=feeds,
        clock=base.clock,
        interval_s=base.settings.sweep_interval_s,
    )
    base.metrics.sweep_lag.set_function(lambda: sweep.lag_s or 0.0)
    broadcasts = Broadcasts(
        db=base.db,
        bus=base.bus,
        registry=base.registry,
        dispatcher=dispatcher,
        clock=base.clock,
        background=base.background,
    )
    return _Delivery(sent=sent, dispatcher=dispatcher, broadcasts=broadcasts, feeds=feeds, streams=streams, sweep=sweep)


def _build_dispatcher(base: _Foundation, readers: _Readers, sent: SentFrames) -> Dispatcher:
    catch_ups = CatchUps(
        log_reader=readers.log,
        snapshots=readers.snapshots,
        metrics=base.metrics,
        background=base.background,
        epoch=base.epoch,
        clock=base.clock,
    )
    return Dispatcher(
        db=base.db,
        registry=base.registry,
        log_reader=readers.log,
        catch_ups=catch_ups,
        clock=base.clock,
        metrics=base.metrics,
        background=base.background,
        fanout=Fanout(sent, share=base.settings.ws_fanout_share),
        following=base.bus,
    )


def _build_connections(
    base: _Foundation, readers: _Readers, delivery: _Delivery, peer_servers: PeerServers
) -> WebSocketManager:
    """Return what begins and ends connections, and answers what clients say."""
    settings, registry, clock, streams = base.settings, base.registry, base.clock, delivery.streams
    connection_audit = ConnectionAudit(registry=registry, metrics=base.metrics, audit=base.audit, clock=clock)
    connections = ConnectionLifecycle(
        settings=settings,
        db=base.db,
        registry=registry,
        dispatcher=delivery.dispatcher,
        audit=connection_audit,
        sent=delivery.sent,
        epoch=base.epoch,
        clock=clock,
        on_welcomed=delivery.broadcasts.welcome,
        peer_servers=peer_servers,
    )
    revocation = RevocationWatch(
        authenticator=base.authenticator,
        db=base.db,
        registry=registry,
        streams=streams,
        clock=clock,
        background=base.background,
        every_s=settings.access_recheck_s,
    )
    subscriptions = _build_subscriptions(base, readers, delivery, connection_audit, revocation)
    return WebSocketManager(
        settings=settings,
        bus=base.bus,
        clock=clock,
        epoch=base.epoch,
        registry=registry,
        reader=readers.state,
        connections=connections,
        connection_audit=connection_audit,
        admission=Admission(
            settings=settings, registry=registry, streams=streams, peer_servers=peer_servers, clock=clock
        ),
        command_handler=_build_command_handler(base, subscriptions, delivery.feeds, revocation),
        subscriptions=subscriptions,
        dispatcher=delivery.dispatcher,
        broadcasts=delivery.broadcasts,
        feeds=delivery.feeds,
        peer_servers=peer_servers,
        streams=streams,
        sweep=delivery.sweep,
        heartbeat=HeartbeatMonitor(settings=settings, registry=registry, clock=clock, metrics=base.metrics),
        revocation=revocation,
        draining=Drain(registry=registry, streams=streams, clock=clock, close_connection=connections.close),
        background=base.background,
        work=BackgroundTasks(base.metrics.note_background_failure),
    )


def _build_subscriptions(
    base: _Foundation,
    readers: _Readers,
    delivery: _Delivery,
    connection_audit: ConnectionAudit,
    revocation: RevocationWatch,
) -> Subscriptions:
    return Subscriptions(
        db=base.db,
        reader=readers.state,
        snapshots=readers.snapshots,
        dispatcher=delivery.dispatcher,
        epoch=base.epoch,
        settings=base.settings,
        clock=base.clock,
        metrics=base.metrics,
        on_denied=connection_audit.denied,
        on_followed=delivery.broadcasts.on_followed,
        confirm=revocation.confirm,
    )


def _build_command_handler(
    base: _Foundation, subscriptions: Subscriptions, feeds: NotificationFeeds, revocation: RevocationWatch
) -> CommandHandler:
    token_refresh = TokenRefresh(
        authenticator=base.authenticator, clock=base.clock, record=base.audit.record, confirm=revocation.confirm
    )
    return CommandHandler(
        settings=base.settings,
        clock=base.clock,
        subscriptions=subscriptions,
        feeds=feeds,
        token_refresh=token_refresh,
    )


def _peer_servers(
    settings: Settings, db: Database, bus: Bus, clock: Clock, registry: Registry, numbers: Callable[[], Numbers]
) -> PeerServers:
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
