"""What a server knows of the others: how many connections a user or an address has there, and whether they are heard.

Each server keeps a row of itself and one for each of its connections, in the database: it does not take Redis to count.
The rows follow what is open by moments, so several servers may for a moment let in more than a limit says: of a user's
sockets the oldest then give way wherever they are; of an address's, at most what each alone would let in.
"""

import asyncio
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Connection, Row

from app.core.clock import Clock, to_wire
from app.core.data_loader import DataLoader
from app.core.database_clock import database_time
from app.core.db import Database, DatabaseUnavailable
from app.core.ids import new_id
from app.core.limits import network_of
from app.domain.close_codes import CLOSED_BY_ADMIN, CloseCode
from app.events.bus.base import AccessHint, Publisher
from app.websocket.queries import servers

BEAT_S: Final = 4.0
SILENT_AFTER_S: Final = 12.0  # its connections count no more: clients of a killed server must get in peer_servers
LISTED_S: Final = 600.0  # that a server that was not heard of is shown
PAUSE_S: Final = 0.05  # between two rounds: who comes at the same time is written at the same time
Numbers = dict[str, Any]
log = structlog.get_logger(__name__)


class PeerServers(Protocol):
    """The other servers, as the parts that admit connections see them. Event loop only."""

    async def count_address(self, address: str) -> int:
        """Return how many connections there are from the network of this address."""
        ...

    async def count_streams(self, user_id: str) -> int:
        """Return how many event streams the user has there."""
        ...

    def opened(self, connection_id: str, *, user_id: str, address: str, is_stream: bool) -> None:
        """Tell the others that a connection is open here."""
        ...

    def closed(self, connection_id: str) -> None:
        """Tell them that it is not. Idempotent."""
        ...

    def look(self) -> None:
        """Somebody may have decided that a connection here is one too many."""
        ...

    async def servers(self) -> list[Numbers]:
        """Return what the others last said of themselves, and since when each is silent."""
        ...

    async def sockets(self) -> list[Numbers]:
        """Return the WebSockets of the others, the newest first."""
        ...

    async def close_socket(self, connection_id: str) -> bool:
        """Have the server that has it close a WebSocket, soon; False: there is none."""
        ...

    async def run(self) -> None: ...

    async def leave(self) -> None:
        """Remove this server's rows at its shutdown."""
        ...


class Nowhere:
    """Fulfils `PeerServers` for the only server that there is."""

    async def count_address(self, address: str) -> int:
        del address
        return 0

    async def count_streams(self, user_id: str) -> int:
        del user_id
        return 0

    def opened(self, connection_id: str, *, user_id: str, address: str, is_stream: bool) -> None:
        """Nobody asks."""

    def closed(self, connection_id: str) -> None:
        """Nobody asks."""

    def look(self) -> None:
        """Nobody decides."""

    async def servers(self) -> list[Numbers]:
        return []

    async def sockets(self) -> list[Numbers]:
        return []

    async def close_socket(self, connection_id: str) -> bool:
        del connection_id
        return False

    async def run(self) -> None:
        """Do nothing: there is nothing to keep."""

    async def leave(self) -> None:
        """Do nothing: there is nothing to remove."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection of this server."""

    user_id: str
    network: str
    is_stream: bool
    at: float  # monotonic


@dataclass(kw_only=True, eq=False, repr=False)
class OtherServers:
    """Fulfils `PeerServers` with the database that the servers share.

    With the database away nobody is counted elsewhere: then each server's own limits hold, and nobody signs in anyway.
    """

    db: Database
    bus: Publisher
    clock: Clock
    host: str
    version: str
    most_per_user: int
    numbers: Callable[[], Numbers]  # of this server, for the others
    close: Callable[
        [str, CloseCode, str | None], None
    ]  # a connection of this server, by its id; None: the code's reason
    server_id: str = field(default_factory=new_id)
    _open: dict[str, Opened] = field(default_factory=dict, init=False)
    _written: set[str] | None = field(default=None, init=False)  # ids that have a row; None: nobody knows
    _unjudged: set[str] = field(default_factory=set, init=False)  # users who have come since the last round
    _heard: tuple[str, ...] = field(default=(), init=False)  # ids of the other servers
    _changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self._networks: DataLoader[str, int] = DataLoader(self._read_networks)
        self._streams: DataLoader[str, int] = DataLoader(self._read_streams)

    async def count_address(self, address: str) -> int:
        return await self._count(self._networks, network_of(address))

    async def count_streams(self, user_id: str) -> int:
        return await self._count(self._streams, user_id)

    def opened(self, connection_id: str, *, user_id: str, address: str, is_stream: bool) -> None:
        self._open[connection_id] = Opened(user_id, network_of(address), is_stream, self.clock.monotonic())
        if not is_stream:
            self._unjudged.add(user_id)
        self._changed.set()

    def closed(self, connection_id: str) -> None:
        if self._open.pop(connection_id, None) is not None:
            self._changed.set()

    def look(self) -> None:
        self._changed.set()

    async def servers(self) -> list[Numbers]:
        def work(connection: Connection) -> list[Numbers]:
            now = database_time(connection)
            return [_described(row, now) for row in servers.known(connection) if row.id != self.server_id]

        return await self.db.read(work)

    async def sockets(self) -> list[Numbers]:
        rows = await self.db.read(lambda connection: servers.sockets_of_peers(connection, self.server_id))
        return [_socket(row) for row in rows]

    async def close_socket(self, connection_id: str) -> bool:
        """Mark a socket for closing; its server finds the mark together with those of excess connections."""
        user_id = await self.db.write(lambda connection: servers.mark_socket(connection, connection_id))
        if user_id is not None:
            self.bus.publish(AccessHint(user_id))
        return user_id is not None

    async def run(self) -> None:
        """Keep the rows as what is open, until cancelled."""
        beat_at = self.clock.monotonic()
        while True:
            now = self.clock.monotonic()
            try:
                if now >= beat_at:
                    await self._beat()
                    self._written = None  # others may have taken this server for gone
                    beat_at = now + BEAT_S
                await self._write()
            except DatabaseUnavailable as error:
                self._written = None  # whether it was committed is not known
                log.warning("connections_not_shared", reason=error.message)
                await self.clock.sleep(1.0)
            except Exception:  # a boundary: the limits over all servers must not end with one mistake
                self._written = None
                log.exception("connections_not_shared")
                await self.clock.sleep(1.0)
            await self.clock.sleep(PAUSE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, beat_at - self.clock.monotonic())):
                    await self._changed.wait()

    async def leave(self) -> None:
        try:
            await self.db.write(lambda connection: servers.leave(connection, self.server_id))
        except DatabaseUnavailable as error:
            log.warning("server_row_left", reason=error.message)  # the others forget it when it is silent

    async def _beat(self) -> None:
        numbers = self.numbers()

        def work(connection: Connection) -> tuple[str, ...]:
            now = database_time(connection)
            servers.beat(
                connection, self.server_id, {"host": self.host, "version": self.version, "numbers": numbers}, now
            )
            others = [row for row in servers.known(connection) if row.id != self.server_id]
            silent_since = now - timedelta(seconds=SILENT_AFTER_S)
            gone = [row.id for row in others if row.heartbeat_at < silent_since]
            if gone:
                servers.forget_silent(connection, gone, now - timedelta(seconds=LISTED_S))
            return tuple(row.id for row in others if row.id not in gone)

        self._heard = await self.db.write(work)

    async def _write(self) -> None:
        """Bring the rows to what is open, and close here what is one too many, or closed by an administrator."""
        self._changed.clear()
        users, self._unjudged = self._unjudged, set()
        try:
            marked = await self._bring_and_judge(users)
        except BaseException:
            self._unjudged |= users
            raise
        for row in marked:
            if row.is_closed_by_admin:
                self.close(row.id, CloseCode.LOGGED_OUT, CLOSED_BY_ADMIN)
            else:
                self.close(row.id, CloseCode.CONNECTION_LIMIT, None)

    async def _bring_and_judge(self, users: set[str]) -> Sequence[Row[Any]]:
        """Return own connections that are to be closed. `users`: who has come since."""
        opened, written, now = dict(self._open), self._written, self.clock.monotonic()
        new, to_close = await self.db.write(lambda connection: self._bring(connection, opened, written, now))
        self._written = set(opened)
        users |= {opened[key].user_id for key in new if not opened[key].is_stream}
        if users:
            marked = await self.db.write(lambda c: servers.mark_excess(c, sorted(users), self.most_per_user))
            for user_id in {row.user_id for row in marked if row.server_id != self.server_id}:
                self.bus.publish(AccessHint(user_id))
            if any(row.server_id == self.server_id for row in marked):
                self._changed.set()
        return to_close

    def _bring(
        self, connection: Connection, opened: dict[str, Opened], written: set[str] | None, now: float
    ) -> tuple[AbstractSet[str], Sequence[Row[Any]]]:
        """Return the ids that are new, and the connections that are to be closed."""
        there = servers.open_ids(connection, self.server_id) if written is None else written
        surplus, missing = there - opened.keys(), opened.keys() - there
        if surplus:
            servers.remove(connection, sorted(surplus))
        if missing:
            moment = database_time(connection)
            rows = [
                {
                    "id": key,
                    "user_id": opened[key].user_id,
                    "network": opened[key].network,
                    "is_stream": opened[key].is_stream,
                    "opened_at": moment - timedelta(seconds=now - opened[key].at),
                }
                for key in sorted(missing)
            ]
            servers.add(connection, self.server_id, rows)
        return missing, servers.to_close(connection, self.server_id)

    async def _count(self, loader: "DataLoader[str, int]", key: str) -> int:
        if not self._heard:
            return 0
        try:
            return await loader.get(key) or 0
        except DatabaseUnavailable:
            return 0

    async def _read_networks(self, networks: Sequence[str]) -> dict[str, int]:
        return await self.db.read(lambda c: servers.count_networks(c, networks, self._heard))

    async def _read_streams(self, user_ids: Sequence[str]) -> dict[str, int]:
        return await self.db.read(lambda c: servers.count_streams(c, user_ids, self._heard))


def _described(row: Any, now: datetime) -> Numbers:
    silent_s = max(0.0, (now - row.heartbeat_at).total_seconds())
    return {
        "id": row.id,
        "host": row.host,
        "version": row.version,
        "started_at": to_wire(row.started_at),
        "silent_s": round(silent_s, 3),
        "is_heard": silent_s < SILENT_AFTER_S,
        **row.numbers,
    }


def _socket(row: Any) -> Numbers:
    return {
        "connection_id": row.id,
        "user_id": row.user_id,
        "username": row.username,
        "address": row.network,
        "connected_at": to_wire(row.opened_at),
        "server": row.host,
        "subscriptions": None,
        "backlog_bytes": None,
    }
