"""How a connection begins and ends: made, registered, watched and welcomed; closed and forgotten."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from app.core.clock import Clock, to_wire
from app.core.config import Settings
from app.core.data_loader import DataLoader
from app.core.db import Database
from app.core.ids import new_id
from app.core.limits import DebtTokenBucket, Strikes, TokenBucket
from app.core.principal import Principal
from app.domain.close_codes import CloseCode
from app.domain.messages import Language, MessageCatalog
from app.events.epoch import LogEpoch
from app.scans.queries import tasks
from app.transport.port import SocketTransport
from app.websocket.connections.connection import PULL_BURST_BYTES, ConnectionInfo
from app.websocket.connections.outbox import Outbox
from app.websocket.connections.peer_servers import PeerServers
from app.websocket.connections.registry import Registry
from app.websocket.connections.sent_frames import SentFrames
from app.websocket.delivery.dispatcher import Dispatcher
from app.websocket.lifecycle.connection_audit import ConnectionAudit
from app.websocket.messages.frames import ConnectionEstablished, Heartbeat


@dataclass(kw_only=True, eq=False, repr=False)
class ConnectionLifecycle:
    """The only place that makes connections, and that forgets them."""

    settings: Settings
    db: Database
    registry: Registry
    dispatcher: Dispatcher
    audit: ConnectionAudit
    sent: SentFrames
    epoch: LogEpoch
    clock: Clock
    on_welcomed: Callable[[ConnectionInfo], None]  # what waits for those who come
    peer_servers: PeerServers
    _welcome: "Welcome" = field(init=False)
    _heads: DataLoader[str, list[tasks.TaskHead]] = field(init=False)  # of an owner's unfinished tasks

    def __post_init__(self) -> None:
        self._welcome = Welcome(settings=self.settings, epoch=self.epoch)
        self._heads = DataLoader(self._read_heads)

    async def open(
        self, transport: SocketTransport, principal: Principal, address: str, language: Language
    ) -> ConnectionInfo:
        """Register an accepted socket and welcome it; `language` is its reader's.

        The user's oldest connection gives way (4503) when there are too many. Raises DatabaseUnavailable; the
        connection is then not registered.
        """
        connection = self._make(transport, principal, address, language)
        self.registry.add(connection)
        try:
            heads = await self._heads.get(principal.user_id)
        except BaseException:
            self.registry.remove(connection)
            raise
        self._evict_oldest(principal.user_id)
        if self.registry.get(connection.connection_id) is None:
            return connection  # it gave way to newer ones meanwhile, and is closed
        self.dispatcher.open_presence(connection, heads or [])
        connection.ready = True
        connection.send(self._welcome.frame(connection, self.clock.now()))
        self.peer_servers.opened(connection.connection_id, user_id=principal.user_id, address=address, is_stream=False)
        self.on_welcomed(connection)
        self.audit.opened(connection)
        return connection

    def close(self, connection: ConnectionInfo, code: CloseCode, reason: str | None = None) -> None:
        """Close it if it is open, and leave nothing of it behind. Idempotent."""
        connection.close(code, reason)
        if not self.registry.remove(connection):
            return
        self.peer_servers.closed(connection.connection_id)
        self.dispatcher.leave(connection)
        if connection.ready:
            self.audit.closed(connection)
        else:  # it gave way to a newer one before it was welcomed
            self.audit.refused(connection.close_reason, connection.address)

    def _make(
        self, transport: SocketTransport, principal: Principal, address: str, language: Language
    ) -> ConnectionInfo:
        settings = self.settings
        connection = ConnectionInfo(
            connection_id=new_id(),
            principal=principal,
            transport=transport,
            address=address,
            connected_at=self.clock.now(),
            outbox=Outbox(max_bytes=settings.ws_backlog_bytes, max_frames=settings.ws_backlog_frames),
            commands=TokenBucket(burst=settings.ws_command_burst, per_s=settings.ws_commands_per_s),
            strikes=Strikes(limit=settings.ws_strikes, window_s=settings.ws_strike_window_s),
            pulls=DebtTokenBucket(burst=PULL_BURST_BYTES, per_s=settings.ws_pull_bytes_per_s),
            clock=self.clock,
            sent=self.sent,
            on_idle=self.dispatcher.on_idle,
            language=language,
            opened_at=self.clock.monotonic(),
        )
        transport.on_pause = partial(self.dispatcher.on_backpressure, connection)
        transport.on_drain = connection.flush
        transport.on_closed = connection.end
        return connection

    def _evict_oldest(self, user_id: str) -> None:
        open_ones = self.registry.of_user(user_id)
        excess = len(open_ones) - self.settings.ws_max_connections_per_user
        for connection in open_ones[: max(0, excess)]:
            self.close(connection, CloseCode.CONNECTION_LIMIT)

    async def _read_heads(self, owners: Sequence[str]) -> dict[str, list[tasks.TaskHead]]:
        found: dict[str, list[tasks.TaskHead]] = {}
        for head in await self.db.read(lambda connection: tasks.heads(connection, [], owners)):
            found.setdefault(head.user_id, []).append(head)
        return found


class Welcome:
    """The first frame of a connection: who is connected, and the limits that hold here. Most of it never changes."""

    def __init__(self, *, settings: Settings, epoch: LogEpoch) -> None:
        self._epoch = epoch
        self._heartbeat = Heartbeat(interval_s=settings.ws_ping_after_s, timeout_s=settings.ws_idle_timeout_s)
        self._limits: dict[str, int | float] = {
            "max_subscriptions": settings.ws_max_subscriptions,
            "max_command_bytes": settings.ws_max_command_bytes,
            "command_burst": settings.ws_command_burst,
            "commands_per_s": settings.ws_commands_per_s,
            "backlog_bytes": settings.ws_backlog_bytes,
            "backlog_frames": settings.ws_backlog_frames,
            "replay_events": settings.replay_max_events,
        }

    def frame(self, connection: ConnectionInfo, now: datetime) -> bytes:
        moment = to_wire(now)
        return ConnectionEstablished(
            connection_id=connection.connection_id,
            message=MessageCatalog(connection.language)("connected"),
            user_id=connection.user_id,
            epoch=self._epoch.value,
            server_time=moment,
            heartbeat=self._heartbeat,
            limits=self._limits,
            token_expires_at=to_wire(connection.principal.expires_at),
            timestamp=moment,
        ).to_bytes()
