"""Rights that end while somebody is connected: looked at again when a hint says so, and every few seconds."""

from typing import Final

import structlog

from app.core.aio import BackgroundTasks
from app.core.clock import Clock
from app.core.db import DatabaseUnavailable
from app.core.identity import Authenticator
from app.websocket.codes import CODE_OF_ENDING, CloseCode
from app.websocket.connection import ConnectionInfo
from app.websocket.registry import Registry
from app.websocket.streams import Streams

MAX_REMEMBERED: Final = 10_000
log = structlog.get_logger(__name__)


class AccessMemory:
    """Whose access was questioned lately.

    An identity that was looked up just before its session ended, and took its place just after the hint of it, would
    keep its connection until the next round of checks. Who takes an identity asks here whether that may have been.
    """

    def __init__(self, *, clock: Clock, max_users: int = MAX_REMEMBERED) -> None:
        self._clock = clock
        self._max_users = max_users
        self._heard_at: dict[str, float] = {}  # monotonic; the newest last, the oldest goes when there are too many

    def note(self, user_id: str) -> None:
        self._heard_at.pop(user_id, None)
        self._heard_at[user_id] = self._clock.monotonic()
        if len(self._heard_at) > self._max_users:
            del self._heard_at[next(iter(self._heard_at))]

    def heard_since(self, user_id: str, moment: float) -> bool:
        return self._heard_at.get(user_id, float("-inf")) >= moment


class AccessWatch:
    """Closes the connections and streams whose session, user or role is no longer what it was."""

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        registry: Registry,
        streams: Streams,
        clock: Clock,
        background: BackgroundTasks,
        every_s: float,
    ) -> None:
        self.authenticator = authenticator
        self._registry = registry
        self._streams = streams
        self._clock = clock
        self._background = background
        self._every_s = every_s
        self.memory = AccessMemory(clock=clock)

    async def run(self) -> None:
        """Everybody, in rounds."""
        while True:
            await self._clock.sleep(self._every_s)
            try:
                await self._check(None)
            except Exception:  # a boundary: rights that ended must be seen in the next round at the latest
                log.exception("access_recheck_failed")

    def on_hint(self, user_id: str) -> None:
        """Somebody says that the user's rights have changed."""
        self.memory.note(user_id)
        self.look_again(user_id)

    def look_again(self, user_id: str) -> None:
        """At the user's connections and streams, soon."""
        self._background.start(self._check(user_id), name="recheck")

    def confirm(self, connection: ConnectionInfo, since: float) -> None:
        """The connection took an identity that was looked up after `since`: look again if it was questioned since."""
        if self.memory.heard_since(connection.user_id, since):
            self.look_again(connection.user_id)

    async def _check(self, user_id: str | None) -> None:
        connections = self._registry.all() if user_id is None else self._registry.of_user(user_id)
        streams = list(self._streams) if user_id is None else self._streams.of_user(user_id)
        identities = [connection.identity for connection in connections] + [stream.identity for stream in streams]
        try:
            ended = await self.authenticator.ended(identities)
        except DatabaseUnavailable:
            log.warning("access_recheck_failed")
            return
        for connection in connections:
            reason = ended.get(connection.identity)
            if reason is not None:
                connection.close(CODE_OF_ENDING.get(reason, CloseCode.LOGGED_OUT), reason)
        for stream in streams:
            if stream.identity in ended:
                stream.end(ended[stream.identity])
