"""Connections of this process: who may open one, what it follows, what reaches it, and when it ends.

The class keeps the seed's names; the work is done by its parts: `subscriptions` (commands that move a position),
`delivery` (from the log to the sockets), `liveness` (heartbeats and stuck peers), `registry` (who is here).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from starlette.websockets import WebSocket

from app.core.aio import BackgroundTasks
from app.core.batch import BatchedReads
from app.core.clock import Clock, to_wire
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.identity import Authenticator, Identity
from app.core.ids import new_id
from app.core.limits import Pace, Strikes, TokenBucket
from app.core.metrics import Metrics
from app.events.bus.base import AccessHint, Bus, Hint, TaskHint
from app.events.epoch import LogEpoch
from app.repositories import tasks
from app.services.texts import Texts
from app.websocket.access import AccessWatch
from app.websocket.admission import Admission
from app.websocket.codes import CloseCode
from app.websocket.connection import PULL_BURST_BYTES, ConnectionInfo
from app.websocket.delivery import Delivery
from app.websocket.dialogue import Dialogue
from app.websocket.fanout import Fanout
from app.websocket.farewell import Farewell
from app.websocket.greeting import Greeting
from app.websocket.ledger import Audit, Ledger
from app.websocket.liveness import Liveness
from app.websocket.outbox import Outbox
from app.websocket.peer import PEER_KEY
from app.websocket.protocol import (
    AdminBroadcast,
    Frame,
    Level,
)
from app.websocket.registry import Registry
from app.websocket.renewal import Renewal
from app.websocket.resume import StateReader
from app.websocket.snapshots import SnapshotCache
from app.websocket.streams import Streams
from app.websocket.subscriptions import Request, Subscriptions
from app.websocket.topics import ALL_TOPICS, Topics

log = structlog.get_logger(__name__)


class WebSocketManager:
    """One per process. `start` before the first connection, `stop` after the last request."""

    def __init__(
        self,
        *,
        settings: Settings,
        db: Database,
        bus: Bus,
        clock: Clock,
        texts: Texts,
        authenticator: Authenticator,
        audit: Audit,
        metrics: Metrics,
        epoch: LogEpoch | None = None,
    ) -> None:
        """`epoch` None: of a log that was never restored, and that nobody restores."""
        self.settings = settings
        self.metrics = metrics
        self.registry = Registry()
        fanout = Fanout(metrics, share=settings.ws_fanout_share)
        self._db = db
        self._heads = BatchedReads(self._read_heads)  # of an owner's unfinished tasks
        self._bus = bus
        self._clock = clock
        self.epoch = epoch or LogEpoch(db=db)
        self._greeting = Greeting(settings=settings, texts=texts, epoch=self.epoch)
        self.ledger = Ledger(registry=self.registry, metrics=metrics, audit=audit, clock=clock)
        self._background = BackgroundTasks()
        self.work = BackgroundTasks()  # of sessions that have commands to carry out
        self._unsubscribe_bus: Any = None
        self.reader = StateReader(
            language=settings.language, clock=clock, max_snapshot_bytes=settings.snapshot_max_bytes, epoch=self.epoch
        )
        snapshots = SnapshotCache(db=db, reader=self.reader, clock=clock, epoch=self.epoch)
        self.streams = Streams(
            settings=settings,
            db=db,
            reader=self.reader,
            snapshots=snapshots,
            epoch=self.epoch,
            clock=clock,
            metrics=metrics,
            record=audit.record,
            recheck=self._look_again,
        )
        self.stopping = False  # nobody is let in any more
        self._farewell = Farewell(registry=self.registry, streams=self.streams, clock=clock, dismiss=self._dismiss)
        self.admission = Admission(settings=settings, registry=self.registry, streams=self.streams, clock=clock)
        self.delivery = Delivery(
            db=db,
            registry=self.registry,
            snapshots=snapshots,
            clock=clock,
            metrics=metrics,
            background=self._background,
            fanout=fanout,
            epoch=self.epoch,
        )
        self.subscriptions = Subscriptions(
            db=db,
            reader=self.reader,
            snapshots=snapshots,
            delivery=self.delivery,
            epoch=self.epoch,
            settings=settings,
            clock=clock,
            metrics=metrics,
            on_denied=self.ledger.denied,
        )
        self.liveness = Liveness(settings=settings, registry=self.registry, clock=clock, metrics=metrics)
        self.access = AccessWatch(
            authenticator=authenticator,
            registry=self.registry,
            streams=self.streams,
            clock=clock,
            background=self._background,
            every_s=settings.access_recheck_s,
        )
        renewal = Renewal(authenticator=authenticator, clock=clock, record=audit.record, confirm=self.access.confirm)
        self.dialogue = Dialogue(settings=settings, clock=clock, subscriptions=self.subscriptions, renewal=renewal)

        metrics.sweep_lag.set_function(lambda: self.sweep_lag_s or 0.0)

    async def start(self) -> None:
        """Listen to the bus and start the loops."""
        self._unsubscribe_bus = self._bus.subscribe(self._on_hint)
        self._background.start(self._sweep_loop(), name="sweep")
        self._background.start(self.access.run(), name="access")
        self._background.start(self.liveness.run(), name="liveness")
        self._background.start(self.streams.run(), name="streams")

    async def drain(self, hurry: Callable[[], bool]) -> None:
        """Where clients can go elsewhere: let nobody in, and send those who are here away one by one.

        Returns at once where they cannot (`ws_drain_s` is 0), and soon when `hurry` says so.
        """
        if self.settings.ws_drain_s > 0:
            self.stopping = True
            await self._farewell.spread(self.settings.ws_drain_s, hurry)

    async def stop(self) -> None:
        """Say good-bye to everybody (1012: come back) and end the loops. Idempotent."""
        self.stopping = True
        self._farewell.say()
        if self._unsubscribe_bus is not None:
            self._unsubscribe_bus()
        await self.work.close()
        await self._background.close()

    async def connect(self, websocket: WebSocket, identity: Identity, *, address: str = "") -> ConnectionInfo:
        """Register an accepted socket and greet it. The caller owns the result and must `disconnect` it.

        The user's oldest connection gives way (4503) when there are too many. Raises DatabaseUnavailable; the
        connection is then not registered.
        """
        connection = self._make(websocket, identity, address)
        self.registry.add(connection)
        try:
            heads = await self._heads.get(identity.user_id)
        except BaseException:
            self.registry.remove(connection)
            raise
        self._evict_oldest(identity.user_id)
        if self.registry.get(connection.connection_id) is None:
            return connection  # it gave way to newer ones meanwhile, and is closed
        self.delivery.open_presence(connection, heads or [])
        connection.ready = True
        connection.send(self._greeting.frame(connection, self._clock.now()))
        self.ledger.opened(connection)
        return connection

    async def disconnect(
        self, connection: ConnectionInfo | str, code: int = CloseCode.NORMAL, reason: str = ""
    ) -> None:
        """Close if it is open, and leave nothing of it behind. Idempotent. Takes the connection or its id."""
        found = self.registry.get(connection) if isinstance(connection, str) else connection
        if found is None:
            return
        found.close(code, reason)
        self._forget(found)

    async def subscribe_to_task(
        self,
        connection: ConnectionInfo | str,
        task_id: str,
        *,
        last_seq: int | None = None,
        epoch: str | None = None,
        log_tail: int = 200,
        topics: Topics = ALL_TOPICS,
        command_id: str | None = None,
    ) -> bool:
        """Follow a task on a connection; the reply and the snapshot or replay are sent. Whether it succeeded."""
        found = self.registry.get(connection) if isinstance(connection, str) else connection
        if found is None:
            return False
        request = Request(task_id, "subscribe", last_seq, epoch, log_tail, topics, command_id)
        return await self.subscriptions.subscribe(found, request)

    async def unsubscribe_from_task(self, connection: ConnectionInfo | str, task_id: str) -> bool:
        found = self.registry.get(connection) if isinstance(connection, str) else connection
        return found is not None and await self.subscriptions.unsubscribe(found, task_id, None)

    async def broadcast_to_user(self, user_id: str, frame: Frame) -> int:
        """Send a frame to every connection of a user; how many there were. Best effort, never waits for a client."""
        return self._send_to(self.registry.of_user(user_id), frame)

    async def broadcast_to_task_subscribers(self, task_id: str, frame: Frame) -> int:
        """Send a frame to every connection that follows the task; each gets it once."""
        feed = self.delivery.feeds.get(task_id)
        return self._send_to({f.connection for f in feed.followers} if feed else (), frame)

    async def broadcast(
        self,
        *,
        message: str,
        level: Level = "info",
        sender: str,
        data: dict[str, Any] | None = None,
        user_ids: Sequence[str] | None = None,
        task_id: str | None = None,
        expires_in_s: float | None = None,
    ) -> dict[str, Any]:
        """An administrator's message to everybody, to some users, or to the followers of a task."""
        now = self._clock.now()
        frame = AdminBroadcast(
            broadcast_id=new_id(),
            message=message,
            level=level,
            sender=sender,
            data=data,
            expires_at=None if expires_in_s is None else to_wire(now + timedelta(seconds=expires_in_s)),
            timestamp=to_wire(now),
        )
        if task_id is not None:
            delivered = await self.broadcast_to_task_subscribers(task_id, frame)
        elif user_ids is not None:
            delivered = sum([await self.broadcast_to_user(user_id, frame) for user_id in dict.fromkeys(user_ids)])
        else:
            delivered = self._send_to(self.registry.all(), frame)
        return {"broadcast_id": frame.broadcast_id, "delivered": delivered}

    async def handle_client_message(self, connection: ConnectionInfo, message: str | bytes) -> None:
        """One frame of a client: a command is carried out and answered, anything else gets its `error`."""
        await self.dialogue.handle(connection, message)

    def is_watched(self, task_id: str) -> bool:
        """Whether somebody here follows the task, over a socket or an event stream."""
        feed = self.delivery.feeds.get(task_id)
        return bool(feed is not None and feed.followers) or self.streams.follows(task_id)

    def stats(self) -> dict[str, Any]:
        """Numbers for administrators."""
        connections = self.registry.all()
        return {
            "connections": len(connections),
            "users": len(self.registry.users()),
            "event_streams": len(self.streams),
            "subscriptions": sum(len(connection.followers) for connection in connections),
            "followed_tasks": sum(1 for feed in self.delivery.feeds.values() if feed.followers),
            "watched_tasks": len(self.delivery.feeds),
            "backlog_bytes": sum(connection.outbox.size for connection in connections),
            "set_aside": sum(1 for connection in connections if not connection.drained),
            "sweep_lag_s": self.sweep_lag_s,
            "bus_healthy": self._bus.healthy,
            "connections_by_user": {user: len(self.registry.of_user(user)) for user in self.registry.users()},
        }

    def now(self) -> datetime:
        """The clock of this manager, for frames that are made outside it."""
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def _read_heads(self, owners: Sequence[str]) -> dict[str, list[tasks.TaskHead]]:
        found: dict[str, list[tasks.TaskHead]] = {}
        for head in await self._db.read(lambda connection: tasks.heads(connection, [], owners)):
            found.setdefault(head.user_id, []).append(head)
        return found

    @property
    def sweep_lag_s(self) -> float | None:
        """Seconds since the last good sweep; None before the first."""
        swept = self.delivery.swept_at
        return None if swept is None else self._clock.monotonic() - swept

    def _make(self, websocket: WebSocket, identity: Identity, address: str) -> ConnectionInfo:
        settings = self.settings
        peer = websocket.scope["extensions"][PEER_KEY]
        connection = ConnectionInfo(
            connection_id=new_id(),
            identity=identity,
            peer=peer,
            address=address,
            connected_at=self._clock.now(),
            outbox=Outbox(max_bytes=settings.ws_backlog_bytes, max_frames=settings.ws_backlog_frames),
            commands=TokenBucket(burst=settings.ws_command_burst, per_s=settings.ws_commands_per_s),
            strikes=Strikes(limit=settings.ws_strikes, window_s=settings.ws_strike_window_s),
            pulls=Pace(burst=PULL_BURST_BYTES, per_s=settings.ws_pull_bytes_per_s),
            clock=self._clock,
            metrics=self.metrics,
            on_idle=self.delivery.on_idle,
            opened_at=self._clock.monotonic(),
        )
        peer.on_pause = partial(self.delivery.on_set_aside, connection)
        peer.on_drain = connection.flush
        peer.on_closed = connection.end
        return connection

    def _evict_oldest(self, user_id: str) -> None:
        open_ones = self.registry.of_user(user_id)
        excess = len(open_ones) - self.settings.ws_max_connections_per_user
        for connection in open_ones[: max(0, excess)]:
            connection.close(CloseCode.CONNECTION_LIMIT, "connection_limit")
            self._forget(connection)

    def _send_to(self, connections: Any, frame: Frame) -> int:
        payload = frame.to_bytes()
        count = 0
        for connection in connections:
            if connection.ready:  # the greeting is the first frame
                connection.send(payload)
                count += 1
        return count

    def _on_hint(self, hint: Hint) -> None:
        match hint:
            case TaskHint():
                self.epoch.seen(hint.commits)
                self.delivery.on_hint(hint)
                self.streams.on_hint(hint)
            case AccessHint():
                self.access.on_hint(hint.user_id)

    async def _sweep_loop(self) -> None:
        while True:
            try:
                await self.delivery.sweep()
            except DatabaseUnavailable:
                log.warning("sweep_failed")
            except Exception:  # a boundary: whatever it is, the next sweep must come, for it repairs all the rest
                log.exception("sweep_failed")
            await self._clock.sleep(self.settings.sweep_interval_s)

    def _look_again(self, user_id: str) -> None:
        self.access.look_again(user_id)

    def _dismiss(self, connection: ConnectionInfo) -> None:
        connection.close(CloseCode.RESTART, "restart")
        self._forget(connection)

    def _forget(self, connection: ConnectionInfo) -> None:
        if not self.registry.remove(connection):
            return
        self.delivery.leave(connection)
        if connection.ready:
            self.ledger.closed(connection)
        else:  # it gave way to a newer one before it was greeted
            self.ledger.refused(connection.close_reason, connection.address)
