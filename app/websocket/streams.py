"""The event streams of this process: who may open one, what wakes them, and when they end.

Hints and the sweep only say how far a task's log is (delivery.md, rules 2 to 4); each stream reads for itself.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final
from weakref import WeakSet

import structlog
from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.errors import LimitReached, NotFound, Unavailable
from app.core.identity import Identity
from app.core.limits import network_of
from app.core.metrics import Metrics
from app.events.bus.base import TaskHint
from app.events.epoch import LogEpoch
from app.events.log import read_after
from app.events.types import Event
from app.repositories import tasks
from app.websocket.resume import Replay, Snapshot, StateReader
from app.websocket.snapshots import SnapshotCache
from app.websocket.stream import RESTART, EventStream, EventStreamResponse
from app.websocket.topics import ALL_TOPICS

PAGE: Final = 50  # rows of one read: what a stream holds at most
LOG_TAIL: Final = 200  # lines of a snapshot, as after `subscribe_task`
TOKEN_EXPIRED: Final = "token_expired"  # noqa: S105 - a reason
log = structlog.get_logger(__name__)


class Streams:
    """One per process. Streams are held weakly: their responses own them, and give them back when they end."""

    def __init__(
        self,
        *,
        settings: Settings,
        db: Database,
        reader: StateReader,
        snapshots: SnapshotCache,
        epoch: LogEpoch,
        clock: Clock,
        metrics: Metrics,
        record: Callable[..., object],
        recheck: Callable[[str], None],
    ) -> None:
        """`record`: of the audit log. `recheck`: looks again whether a user's watchers may still watch."""
        self._settings = settings
        self._db = db
        self._reader = reader
        self._snapshots = snapshots
        self._epoch = epoch
        self._clock = clock
        self._metrics = metrics
        self._record = record
        self._recheck = recheck
        self._by_task: dict[str, WeakSet[EventStream]] = {}
        self._stopping = False

    def __len__(self) -> int:
        return sum(map(len, self._by_task.values()))

    def __iter__(self) -> Iterator[EventStream]:
        """As of now; streams may come and go meanwhile."""
        return iter([stream for streams in self._by_task.values() for stream in streams])

    def count_address(self, address: str) -> int:
        network = network_of(address)
        return sum(1 for stream in self if network_of(stream.address) == network)

    def follows(self, task_id: str) -> bool:
        """Whether there is a stream of the task."""
        return bool(self._by_task.get(task_id))

    def of_user(self, user_id: str) -> list[EventStream]:
        return [stream for stream in self if stream.identity.user_id == user_id]

    async def open(
        self, task_id: str, identity: Identity, *, address: str, last_seq: int | None, epoch: str | None = None
    ) -> EventStreamResponse:
        """A stream that goes on after `last_seq` of `epoch` (None: of a log that was never restored), or begins with a
        snapshot (`last_seq` None, or when that cannot be served).

        Raises NotFound (also for foreign tasks), LimitReached (`stream_limit`), Unavailable, DatabaseUnavailable.
        """
        if self._stopping:
            raise Unavailable("The server is going down.")
        if len(self.of_user(identity.user_id)) >= self._settings.sse_max_streams_per_user:
            raise LimitReached("Too many event streams are open.", code="stream_limit", retry_after_s=30)
        stream = self._make(task_id, identity, address)
        self._by_task.setdefault(task_id, WeakSet()).add(stream)  # from here on it hears of hints
        try:
            await self._place(stream, last_seq, epoch)
        except BaseException as error:
            self._remove(stream)
            if isinstance(error, NotFound):  # which task is not written down: it is not this user's
                self._record("stream.open", "denied", user_id=identity.user_id, address=address)
            raise
        self._opened(stream)
        self._recheck(identity.user_id)  # the session may have ended after its token was looked up
        return EventStreamResponse(stream, stuck_after_s=self._settings.ws_stuck_after_s, on_end=self._closed)

    def on_hint(self, hint: TaskHint) -> None:
        for stream in list(self._by_task.get(hint.task_id, ())):
            stream.offer(hint.seq, hint.events)

    async def run(self) -> None:
        """The sweep, until cancelled."""
        while True:
            await self._clock.sleep(self._settings.sweep_interval_s)
            try:
                await self.sweep()
            except DatabaseUnavailable:
                log.warning("stream_sweep_failed")
            except Exception:  # a boundary: whatever it is, the next sweep must come, for it repairs all the rest
                log.exception("stream_sweep_failed")

    async def sweep(self) -> None:
        """End what has expired, and compare every position with its log, in one query. Raises DatabaseUnavailable."""
        now = self._clock.now()
        for stream in self:
            if stream.identity.expires_at <= now:
                stream.end(TOKEN_EXPIRED)
        self._by_task = {task_id: streams for task_id, streams in self._by_task.items() if streams}
        before = [(stream, stream.cursor) for stream in self]
        if not before:
            return
        named = list(self._by_task)
        read = self._epoch.watching(lambda connection: tasks.heads(connection, named, []))
        heads = {head.task_id: head for head in await self._db.read(read)}
        for stream, cursor in before:
            head = heads.get(stream.task_id)
            if head is None:
                stream.lose()
            elif head.last_seq < cursor or stream.epoch != self._epoch.value:
                stream.restart()  # a backup was restored
            else:
                stream.offer(head.last_seq)

    def refuse_new(self) -> None:
        self._stopping = True

    def stop(self) -> None:
        """Tell every reader to come back, and take no new ones. Their responses end by themselves. Idempotent."""
        self.refuse_new()
        for stream in self:
            stream.end(RESTART)

    def _make(self, task_id: str, identity: Identity, address: str) -> EventStream:
        return EventStream(
            task_id=task_id,
            identity=identity,
            address=address,
            read_epoch=lambda: self._epoch.value,
            read_after=self._read_after,
            read_snapshot=self._read_snapshot,
            clock=self._clock,
            ping_after_s=self._settings.sse_ping_after_s,
            on_events=self._metrics.stream_events.inc,
        )

    async def _place(self, stream: EventStream, last_seq: int | None, epoch: str | None) -> None:
        head, serves = await self._db.read(
            self._epoch.watching(lambda connection: self._find_head(connection, stream, last_seq, epoch))
        )
        if serves:
            stream.start_at(last_seq or 0, head)
        else:
            stream.offer(head)
            stream.restart()

    def _find_head(
        self, connection: Connection, stream: EventStream, last_seq: int | None, epoch: str | None
    ) -> tuple[int, bool]:
        """Where the log ends, and whether it serves `last_seq`; if not, a snapshot is needed. Raises NotFound."""
        viewer = tasks.Viewer(stream.identity.user_id, stream.identity.is_admin)
        row = tasks.find(connection, stream.task_id, viewer)
        if row is None:
            raise NotFound("There is no such task.")
        if last_seq is None:
            return row.last_seq, False
        limits = {"max_events": self._settings.replay_max_events, "max_bytes": self._settings.replay_max_bytes}
        found = self._reader.replay(connection, stream.task_id, last_seq, ALL_TOPICS, epoch=epoch, **limits)
        return row.last_seq, isinstance(found, Replay)

    async def _read_after(self, task_id: str, seq: int) -> list[Event] | None:
        return await self._db.read(self._epoch.watching(lambda connection: _read_page(connection, task_id, seq)))

    async def _read_snapshot(self, task_id: str, at_least: int) -> Snapshot | None:
        return await self._snapshots.get(task_id, LOG_TAIL, at_least=at_least)

    def _opened(self, stream: EventStream) -> None:
        self._metrics.open_streams.set(len(self))
        self._record("stream.open", **_who(stream))
        log.info("stream_opened", task_id=stream.task_id, user_id=stream.identity.user_id)

    def _closed(self, stream: EventStream) -> None:
        self._remove(stream)
        duration_s = round(self._clock.monotonic() - stream.opened_at, 3)
        self._metrics.open_streams.set(len(self))
        self._metrics.stream_closes.labels(stream.ended).inc()
        detail = {"reason": stream.ended, "duration_s": duration_s, "bytes_out": stream.sent_bytes}
        self._record("stream.close", **_who(stream), detail=detail)
        log.info("stream_closed", task_id=stream.task_id, reason=stream.ended, duration_s=duration_s)

    def _remove(self, stream: EventStream) -> None:
        followers = self._by_task.get(stream.task_id)
        if followers is not None:
            followers.discard(stream)
            if not followers:
                del self._by_task[stream.task_id]


def _read_page(connection: Connection, task_id: str, seq: int) -> list[Event] | None:
    """None: there is no next event although the log goes on, so it was pruned."""
    events = read_after(connection, task_id, seq, limit=PAGE)
    if events:
        return events if events[0].seq == seq + 1 else None
    heads = tasks.heads(connection, [task_id], [])
    return None if heads and heads[0].last_seq > seq else events


def _who(stream: EventStream) -> dict[str, Any]:
    return {"user_id": stream.identity.user_id, "address": stream.address, "object_id": stream.task_id}
