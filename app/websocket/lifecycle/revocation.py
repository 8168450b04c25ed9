"""Ends connections whose rights have ended: they are checked again when a hint says so, and every few seconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from app.core.aio import BackgroundTasks
from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.principal import Authenticator
from app.domain.close_codes import CODE_OF_ENDING, CloseCode
from app.scans.queries import tasks
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.connections.registry import Registry
from app.websocket.sse.registry import StreamRegistry
from app.websocket.sse.stream import EventStream

MAX_REMEMBERED: Final = 10_000
ROLE_CHANGED: Final = "role_changed"  # said as well when a scan has left the group of a key
Reader = ConnectionInfo | EventStream
log = structlog.get_logger(__name__)


class RecentRevocations:
    """Whose access was questioned lately.

    A principal that was looked up just before its session ended, and took its place just after the hint of it, would
    keep its connection until the next round of checks. Who takes a principal asks here whether that may have been.
    """

    def __init__(self, *, clock: Clock, max_users: int = MAX_REMEMBERED) -> None:
        self._clock = clock
        self._max_users = max_users
        self._noted_at: dict[str, float] = {}  # monotonic; the newest last, the oldest goes when there are too many

    def note(self, user_id: str) -> None:
        self._noted_at.pop(user_id, None)
        self._noted_at[user_id] = self._clock.monotonic()
        if len(self._noted_at) > self._max_users:
            del self._noted_at[next(iter(self._noted_at))]

    def noted_since(self, user_id: str, moment: float) -> bool:
        return self._noted_at.get(user_id, float("-inf")) >= moment


@dataclass(kw_only=True, eq=False, repr=False)
class RevocationWatch:
    """Closes the connections and streams whose session, user or role is no longer what it was, and those that follow a
    scan which has left the group of their key.
    """

    authenticator: Authenticator
    db: Database
    registry: Registry
    streams: StreamRegistry
    clock: Clock
    background: BackgroundTasks
    every_s: float
    recent: RecentRevocations = field(init=False)

    def __post_init__(self) -> None:
        self.recent = RecentRevocations(clock=self.clock)

    async def run(self) -> None:
        """Everybody, in rounds."""
        while True:
            await self.clock.sleep(self.every_s)
            try:
                await self._check(None)
            except Exception:  # a boundary: rights that ended must be seen in the next round at the latest
                log.exception("access_recheck_failed")

    def on_hint(self, user_id: str) -> None:
        """Somebody says that the user's rights have changed."""
        self.recent.note(user_id)
        self.recheck(user_id)

    def recheck(self, user_id: str) -> None:
        """Check the user's connections and streams soon."""
        self.background.start(self._check(user_id), name="recheck")

    def confirm(self, connection: ConnectionInfo, since: float) -> None:
        """Confirm a principal that was looked up after `since`; check again if it was questioned since."""
        if self.recent.noted_since(connection.user_id, since):
            self.recheck(connection.user_id)

    async def _check(self, user_id: str | None) -> None:
        connections = self.registry.all() if user_id is None else self.registry.of_user(user_id)
        streams = list(self.streams) if user_id is None else self.streams.of_user(user_id)
        principals = [connection.principal for connection in connections] + [stream.principal for stream in streams]
        try:
            ended = await self.authenticator.ended(principals)
            strayed = await self._strayed([*connections, *streams])
        except DatabaseUnavailable:
            log.warning("access_recheck_failed")
            return
        for connection in connections:
            reason = ended.get(connection.principal, ROLE_CHANGED if connection in strayed else None)
            if reason is not None:
                connection.close(CODE_OF_ENDING.get(reason, CloseCode.LOGGED_OUT), reason)
        for stream in streams:
            reason = ended.get(stream.principal, ROLE_CHANGED if stream in strayed else None)
            if reason is not None:
                stream.end(reason)

    async def _strayed(self, some: Sequence[Reader]) -> set[Reader]:
        """Return those with a key of a group that follow a scan whose site is not in it: one read for each group."""
        by_group: dict[tuple[str, str | None], list[Reader]] = {}
        for one in some:
            if one.principal.group is not None:
                by_group.setdefault((one.principal.user_id, one.principal.group), []).append(one)
        found: set[Reader] = set()
        for readers in by_group.values():
            followed = {one: _followed(one) for one in readers}
            ids = frozenset[str]().union(*followed.values())
            if ids:
                work = partial(tasks.out_of_group, task_ids=ids, principal=readers[0].principal)
                outside = await self.db.read(work)
                found |= {one for one, own in followed.items() if own & outside}
        return found


def _followed(one: Reader) -> frozenset[str]:
    return frozenset((one.task_id,) if isinstance(one, EventStream) else one.followed)
