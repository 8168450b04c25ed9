"""Connections of this process under the names of the original design.

The work is done by its parts, which `factory` puts together: `lifecycle` (how connections begin and end),
`command_handler` and `delivery.subscriptions` (what clients ask for), `delivery.dispatcher` (from the log to the
sockets), `sse` (event streams).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response
from starlette.websockets import WebSocket

from app.core.aio import BackgroundTasks
from app.core.clock import Clock
from app.core.config import Settings
from app.core.principal import Principal
from app.core.trace_context import read_header
from app.core.tracing import span
from app.domain.close_codes import CLOSED_BY_ADMIN, CloseCode
from app.domain.messages import Language
from app.events.bus.base import AccessHint, BroadcastHint, Bus, FeedHint, Hint, TaskHint
from app.events.epoch import LogEpoch
from app.transport.port import TRANSPORT_KEY
from app.websocket.command_handler import CommandHandler
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.connections.peer_servers import PeerServers
from app.websocket.connections.registry import Registry
from app.websocket.delivery.broadcasts import Broadcasts
from app.websocket.delivery.dispatcher import Dispatcher
from app.websocket.delivery.feeds import NotificationFeeds
from app.websocket.delivery.subscriptions import SubscriptionRequest, Subscriptions
from app.websocket.delivery.sweep import Sweep
from app.websocket.lifecycle.admission import Admission, Refusal
from app.websocket.lifecycle.connection_audit import ConnectionAudit
from app.websocket.lifecycle.connection_lifecycle import ConnectionLifecycle
from app.websocket.lifecycle.drain import Drain
from app.websocket.lifecycle.heartbeat import HeartbeatMonitor
from app.websocket.lifecycle.revocation import RevocationWatch
from app.websocket.messages.frames import Frame, Level
from app.websocket.messages.topics import ALL_TOPICS, Topics
from app.websocket.sse.registry import StreamRegistry
from app.websocket.state.state_reader import StateReader


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class WebSocketManager:
    """One per process. `start` before the first connection, `stop` after the last request."""

    settings: Settings
    bus: Bus
    clock: Clock
    epoch: LogEpoch
    registry: Registry
    reader: StateReader
    connections: ConnectionLifecycle
    connection_audit: ConnectionAudit
    admission: Admission
    command_handler: CommandHandler
    subscriptions: Subscriptions
    dispatcher: Dispatcher
    broadcasts: Broadcasts
    feeds: NotificationFeeds
    peer_servers: PeerServers
    streams: StreamRegistry
    sweep: Sweep
    heartbeat: HeartbeatMonitor
    revocation: RevocationWatch
    draining: Drain
    background: BackgroundTasks  # the loops, and reads for those who are behind
    work: BackgroundTasks = field(default_factory=BackgroundTasks)  # of sessions that have commands to carry out
    stopping: bool = False  # nobody is let in any more
    _unsubscribe_bus: Callable[[], None] | None = None

    async def start(self) -> None:
        """Listen to the bus and start the loops."""
        self._unsubscribe_bus = self.bus.subscribe(self.on_hint)
        self.background.keep(self.sweep.run, name="sweep")
        self.background.keep(self.revocation.run, name="revocation")
        self.background.keep(self.broadcasts.run, name="broadcasts")
        self.background.keep(self.peer_servers.run, name="peer-servers")
        self.background.keep(self.heartbeat.run, name="heartbeat")

    async def drain(self, hurry: Callable[[], bool]) -> None:
        """Drain the connections one by one, and admit no new ones, if clients can connect to another server.

        Returns at once where they cannot (`drain_s` is 0), and soon when `hurry` says so.
        """
        if self.settings.drain_s > 0:
            self.stopping = True
            await self.draining.spread(self.settings.drain_s, hurry)

    async def stop(self) -> None:
        """Close all connections and streams (1012: come back) and end the loops. Idempotent."""
        self.stopping = True
        self.draining.close_all()
        if self._unsubscribe_bus is not None:
            self._unsubscribe_bus()
        await self.work.close()
        await self.background.close()
        await self.peer_servers.leave()

    async def connect(
        self, websocket: WebSocket, principal: Principal, *, address: str = "", language: Language | None = None
    ) -> ConnectionInfo:
        """Register an accepted socket and welcome it. The caller owns the result and must `disconnect` it.

        `language` is the reader's; None: the deployment's.

        The user's oldest connection gives way (4503) when there are too many. Raises DatabaseUnavailable; the
        connection is then not registered.
        """
        transport = websocket.scope["extensions"][TRANSPORT_KEY]
        return await self.connections.open(transport, principal, address, self._chosen(language))

    async def disconnect(
        self, connection: ConnectionInfo | str, code: CloseCode = CloseCode.NORMAL, reason: str | None = None
    ) -> None:
        """Close if it is open, and leave nothing of it behind. Idempotent. Takes the connection or its id."""
        found = self._find(connection)
        if found is not None:
            self.connections.close(found, code, reason)

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
        found = self._find(connection)
        if found is None:
            return False
        request = SubscriptionRequest(task_id, "subscribe", last_seq, epoch, log_tail, topics, command_id)
        return await self.subscriptions.subscribe(found, request)

    async def unsubscribe_from_task(self, connection: ConnectionInfo | str, task_id: str) -> bool:
        found = self._find(connection)
        return found is not None and await self.subscriptions.unsubscribe(found, task_id, None)

    async def refusal(self, address: str) -> Refusal | None:
        """Return why no further stream may be opened from this IP address; None: it may."""
        return await self.admission.check_address(address)

    async def open_stream(
        self,
        task_id: str,
        principal: Principal,
        *,
        address: str,
        last_seq: int | None,
        epoch: str | None,
        language: Language | None = None,
    ) -> Response:
        """Open the task's events as server-sent events; raises what `sse.registry.StreamRegistry.open` raises."""
        chosen = self._chosen(language)
        response = await self.streams.open(
            task_id, principal, address=address, last_seq=last_seq, epoch=epoch, language=chosen
        )
        self.revocation.recheck(principal.user_id)  # the session may have ended after its token was looked up
        return response

    async def broadcast_to_user(self, user_id: str, frame: Frame) -> int:
        """Send a frame to every connection of a user; how many there were. Best effort, never waits for a client."""
        return self._send_to(self.registry.of_user(user_id), frame)

    async def broadcast_to_task_subscribers(self, task_id: str, frame: Frame) -> int:
        """Send a frame to every connection that follows the task; each gets it once."""
        channel = self.dispatcher.channels.get(task_id)
        return self._send_to({f.connection for f in channel.subscriptions} if channel else (), frame)

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
        """Send an announcement to all users, some users, or the subscribers of a task, on every server.

        Who comes later gets it until it expires. `delivered`: to how many connections of this process it was handed.
        Raises LimitReached, DatabaseUnavailable.
        """
        broadcast_id, delivered = await self.broadcasts.say(
            message=message,
            level=level,
            sender=sender,
            data=data,
            user_ids=user_ids,
            task_id=task_id,
            expires_in_s=expires_in_s,
        )
        return {"broadcast_id": broadcast_id, "delivered": delivered}

    async def handle_client_message(self, connection: ConnectionInfo, message: str | bytes) -> None:
        """Process a client's frame: execute and answer a command, or answer with an `error`."""
        await self.command_handler.handle(connection, message)

    def on_hint(self, hint: Hint) -> None:
        """Process a message of the bus."""
        match hint:
            case TaskHint():
                self.epoch.seen(hint.commits)
                with span("deliver", parent=read_header(hint.trace) if hint.trace else None, kind="consumer"):
                    self.dispatcher.on_hint(hint)
                    self.streams.on_hint(hint)
            case AccessHint():
                self.revocation.on_hint(hint.user_id)
                self.peer_servers.look()
            case BroadcastHint():
                self.broadcasts.on_hint()
            case FeedHint():
                self.feeds.on_hint(hint.user_id)

    def _chosen(self, language: Language | None) -> Language:
        return language or Language(self.settings.language)

    def is_watched(self, task_id: str) -> bool:
        """Return whether the task has a subscription here, over a socket or an event stream."""
        channel = self.dispatcher.channels.get(task_id)
        return bool(channel is not None and channel.subscriptions) or self.streams.follows(task_id)

    def stats(self) -> dict[str, Any]:
        """Numbers for administrators."""
        connections = self.registry.all()
        return {
            "connections": len(connections),
            "users": len(self.registry.users()),
            "event_streams": len(self.streams),
            "subscriptions": sum(len(connection.followed) for connection in connections),
            "followed_tasks": sum(1 for channel in self.dispatcher.channels.values() if channel.subscriptions),
            "watched_tasks": len(self.dispatcher.channels),
            "backlog_bytes": sum(connection.backlog_bytes for connection in connections),
            "set_aside": sum(1 for connection in connections if not connection.drained),
            "sweep_lag_s": self.sweep_lag_s,
            "bus_healthy": self.bus.healthy,
            "connections_by_user": {user: len(self.registry.of_user(user)) for user in self.registry.users()},
        }

    async def sockets(self) -> list[dict[str, Any]]:
        """Return the open WebSockets of this server, then those of the others, each the newest first; of the latter
        only what all servers know. Raises DatabaseUnavailable.
        """
        own = sorted(self.registry.all(), key=lambda connection: -connection.opened_at)
        return [*(connection.described() for connection in own), *await self.peer_servers.sockets()]

    async def close_socket(self, connection_id: str) -> bool:
        """Close a WebSocket for good, wherever it is; False: there is none. Raises DatabaseUnavailable.

        Another server closes its own soon.
        """
        found = self.registry.get(connection_id)
        if found is None:
            return await self.peer_servers.close_socket(connection_id)
        await self.disconnect(found, CloseCode.LOGGED_OUT, CLOSED_BY_ADMIN)
        return True

    async def other_servers(self) -> list[dict[str, Any]]:
        """Return the last data of the other servers. Raises DatabaseUnavailable."""
        return await self.peer_servers.servers()

    @property
    def sweep_lag_s(self) -> float | None:
        """Return the seconds since the last good sweep; None before the first."""
        return self.sweep.lag_s

    def _find(self, connection: ConnectionInfo | str) -> ConnectionInfo | None:
        return self.registry.get(connection) if isinstance(connection, str) else connection

    def _send_to(self, connections: Iterable[ConnectionInfo], frame: Frame) -> int:
        payload = frame.to_bytes()
        count = 0
        for connection in connections:
            if connection.ready:  # the welcome is the first frame
                connection.send(payload)
                count += 1
        return count
