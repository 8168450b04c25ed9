"""What administrators say: to everybody who is connected anywhere, and to those who come before it expires.

It is a row. The server that takes it sends it to its own connections at once; a hint tells the others to look, and all
of them look every few seconds, so that it arrives with the bus dead as well. What expires is kept for late comers, over
restarts; what does not is news for a moment.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import Connection, Row

from app.core.aio import BackgroundTasks
from app.core.clock import Clock, to_wire
from app.core.database_clock import database_time
from app.core.db import Database, DatabaseUnavailable
from app.core.errors import LimitReached
from app.core.ids import new_id
from app.events.bus.base import BroadcastHint, Publisher
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.connections.registry import Registry
from app.websocket.delivery.dispatcher import Dispatcher
from app.websocket.messages.frames import AdminBroadcast, Level
from app.websocket.queries import broadcasts

LOOK_EVERY_S: Final = 5.0  # so that all have it within ten seconds when no hint arrives
NEWS_S: Final = 60.0  # that one without an end stays: time for every server to look
MAX_KEPT: Final = 50
MAX_KEPT_BYTES: Final = 262_144  # everybody who connects gets all of them, which is no backlog of a slow client
RETRY_AFTER_S: Final = 60.0
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Broadcast:
    """One that has not ended."""

    payload: bytes
    user_ids: frozenset[str] | None  # None: to all
    task_id: str | None
    is_kept: bool
    ends_at: float  # monotonic
    delivered: int = 0  # connections of this process that got it when it was news

    def concerns(self, connection: ConnectionInfo) -> bool:
        if self.task_id is not None:
            return self.task_id in connection.followed
        return self.user_ids is None or (connection.is_told_of_all and connection.user_id in self.user_ids)


@dataclass(kw_only=True, eq=False, repr=False)
class Broadcasts:
    """Says them here, and learns of those that other servers were told."""

    db: Database
    bus: Publisher
    registry: Registry
    dispatcher: Dispatcher
    clock: Clock
    background: BackgroundTasks
    _known: dict[str, Broadcast] = field(default_factory=dict, init=False)
    # Of those for a task: who has it already. One may unsubscribe and subscribe again.
    _given: WeakKeyDictionary[ConnectionInfo, set[str]] = field(default_factory=WeakKeyDictionary, init=False)

    async def run(self) -> None:
        """Look for what others were told, until cancelled."""
        while True:
            await self._look()
            await self.clock.sleep(LOOK_EVERY_S)

    def on_hint(self) -> None:
        """Somebody has said something."""
        self.background.start(self._look(), name="broadcasts")

    async def say(
        self,
        *,
        message: str,
        level: Level,
        sender: str,
        data: dict[str, Any] | None,
        user_ids: Sequence[str] | None,
        task_id: str | None,
        expires_in_s: float | None,
    ) -> tuple[str, int]:
        """Return its id, and to how many connections of this process it was handed.

        `task_id` comes before `user_ids`. Raises LimitReached (too many are kept), DatabaseUnavailable.
        """
        broadcast_id = new_id()

        def work(connection: Connection) -> tuple[dict[str, Any], float]:
            now = database_time(connection)
            broadcasts.forget_ended(connection, now)
            expires_at = None if expires_in_s is None else now + timedelta(seconds=expires_in_s)
            frame = AdminBroadcast(
                broadcast_id=broadcast_id,
                message=message,
                level=level,
                sender=sender,
                data=data,
                expires_at=None if expires_at is None else to_wire(expires_at),
                timestamp=to_wire(self.clock.now()),
            ).to_bytes()
            if expires_at is not None:
                _require_room(connection, now, len(frame))
            ends_at = expires_at or now + timedelta(seconds=NEWS_S)
            row = {
                "id": broadcast_id,
                "frame": frame.decode(),
                "size": len(frame),
                "user_ids": None if user_ids is None else [*user_ids],
                "task_id": task_id,
                "is_kept": expires_at is not None,
                "ends_at": ends_at,
            }
            broadcasts.add(connection, row)
            return row, (ends_at - now).total_seconds()

        row, left_s = await self.db.write(work)
        broadcast = self._learn(row, left_s)
        self.bus.publish(BroadcastHint())
        return broadcast_id, broadcast.delivered

    def welcome(self, connection: ConnectionInfo) -> None:
        """Somebody has come: give them what is kept and meant for them."""
        now = self.clock.monotonic()
        for broadcast_id, broadcast in self._known.items():
            if broadcast.is_kept and broadcast.ends_at > now and broadcast.concerns(connection):
                self._give(connection, broadcast_id, broadcast)

    def on_followed(self, connection: ConnectionInfo, task_id: str) -> None:
        """Send the current announcements of a task to a new subscriber."""
        now, given = self.clock.monotonic(), self._given.get(connection, set())
        for broadcast_id, broadcast in self._known.items():
            is_due = broadcast.is_kept and broadcast.ends_at > now and broadcast_id not in given
            if is_due and broadcast.task_id == task_id:
                self._give(connection, broadcast_id, broadcast)

    async def _look(self) -> None:
        try:
            known = frozenset(self._known)
            now, ids, rows = await self.db.read(lambda connection: _read_news(connection, known))
        except DatabaseUnavailable:
            log.warning("broadcasts_unreadable")  # the next look finds them
            return
        for row in rows:
            self._learn(row._asdict(), (row.ends_at - now).total_seconds())
        monotonic = self.clock.monotonic()
        self._known = {key: known for key, known in self._known.items() if key in ids or known.ends_at > monotonic}

    def _learn(self, row: Mapping[str, Any], left_s: float) -> Broadcast:
        """Hand it to those who are here, unless it is known: the one who said it and two looks may meet."""
        known = self._known.get(row["id"])
        if known is not None:
            return known
        broadcast = self._known[row["id"]] = Broadcast(
            payload=row["frame"].encode(),
            user_ids=None if row["user_ids"] is None else frozenset(row["user_ids"]),
            task_id=row["task_id"],
            is_kept=row["is_kept"],
            ends_at=self.clock.monotonic() + left_s,
        )
        for connection in self._concerned(broadcast):
            if connection.ready:  # the welcome is the first frame
                self._give(connection, row["id"], broadcast)
                broadcast.delivered += 1
        return broadcast

    def _concerned(self, broadcast: Broadcast) -> Iterable[ConnectionInfo]:
        if broadcast.task_id is not None:
            channel = self.dispatcher.channels.get(broadcast.task_id)
            return {subscription.connection for subscription in channel.subscriptions} if channel else ()
        if broadcast.user_ids is None:
            return self.registry.all()
        named = (connection for user_id in broadcast.user_ids for connection in self.registry.of_user(user_id))
        return [connection for connection in named if broadcast.concerns(connection)]

    def _give(self, connection: ConnectionInfo, broadcast_id: str, broadcast: Broadcast) -> None:
        connection.send(broadcast.payload)
        if broadcast.task_id is not None and broadcast.is_kept:
            self._given.setdefault(connection, set()).add(broadcast_id)


def _read_news(connection: Connection, known: Collection[str]) -> tuple[datetime, set[str], Sequence[Row[Any]]]:
    """Return the database's time, the ids of all that are open, and those of them that are not known."""
    now = database_time(connection)
    ids = broadcasts.open_ids(connection, now)
    news = [item for item in ids if item not in known]
    return now, set(ids), broadcasts.with_ids(connection, news) if news else ()


def _require_room(connection: Connection, now: datetime, size: int) -> None:
    number, kept = broadcasts.kept(connection, now)
    if number >= MAX_KEPT or kept + size > MAX_KEPT_BYTES:
        raise LimitReached(text="too_many_broadcasts", retry_after_s=RETRY_AFTER_S)
