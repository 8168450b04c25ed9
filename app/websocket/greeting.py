"""The first frame of a connection: who one is, and the limits that hold here."""

from datetime import datetime

from app.core.clock import to_wire
from app.core.config import Settings
from app.events.epoch import LogEpoch
from app.services.texts import Texts
from app.websocket.connection import ConnectionInfo
from app.websocket.protocol import ConnectionEstablished, Heartbeat


class Greeting:
    """Most of it is the same for everybody."""

    def __init__(self, *, settings: Settings, texts: Texts, epoch: LogEpoch) -> None:
        self._epoch = epoch
        self._texts = texts
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
            message=self._texts("connected"),
            user_id=connection.user_id,
            epoch=self._epoch.value,
            server_time=moment,
            heartbeat=self._heartbeat,
            limits=self._limits,
            token_expires_at=to_wire(connection.identity.expires_at),
            timestamp=moment,
        ).to_bytes()
