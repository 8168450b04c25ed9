"""The event streams of this process: who may open one, what wakes them, and when they end.

Hints and the sweep only say how far a task's log is; each stream reads for itself.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from weakref import WeakSet, finalize

import structlog
from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.errors import LimitReached, NotFound, Unavailable
from app.core.limits import network_of
from app.core.metrics import Metrics
from app.core.principal import Principal
from app.domain.messages import DEFAULT_LANGUAGE, Language
from app.events.bus.base import TaskHint, UserFollowing
from app.events.epoch import LogEpoch
from app.scans.queries import tasks
from app.websocket.connections.peer_servers import PeerServers
from app.websocket.messages.topics import ALL_TOPICS
from app.websocket.sse.response import EventStreamResponse
from app.websocket.sse.stream import RESTART, EventStream
from app.websocket.state.log_reader import LogPage, LogReader
from app.websocket.state.snapshot_cache import SnapshotCache
from app.websocket.state.state_reader import Replay, Snapshot, StateReader

PAGE: Final = 50  # rows of one read: what a stream holds at most
LOG_TAIL: Final = 200  # lines of a snapshot, as after `subscribe_task`
TOKEN_EXPIRED: Final = "token_expired"  # noqa: S105 - a reason
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class StreamRegistry:
    """One per process. StreamRegistry are held weakly: their responses own them, and give them back when they end."""

    settings: Settings
    db: Database
    reader: StateReader
    log_reader: LogReader
    snapshots: SnapshotCache
    epoch: LogEpoch
    clock: Clock
    metrics: Metrics
    record: Callable[..., object]
    peer_servers: PeerServers
    following: UserFollowing  # both the reader and the task's owner are followed
    _by_task: dict[str, WeakSet[EventStream]] = field(default_factory=dict, init=False)
    _stopping: bool = field(default=False, init=False)

    def __len__(self) -> int:
        return sum(map(len, self._by_task.values()))

    def __iter__(self) -> Iterator[EventStream]:
        """Iterate over the current streams; streams may come and go meanwhile."""
        return iter([stream for streams in self._by_task.values() for stream in streams])

    def count_address(self, address: str) -> int:
        network = network_of(address)
        return sum(1 for stream in self if network_of(stream.address) == network)

    def follows(self, task_id: str) -> bool:
        """Return whether the task has a stream."""
        return bool(self._by_task.get(task_id))

    def of_user(self, user_id: str) -> list[EventStream]:
        return [stream for stream in self if stream.principal.user_id == user_id]

    async def open(
        self,
        task_id: str,
        principal: Principal,
        *,
        address: str,
        last_seq: int | None,
        epoch: str | None = None,
        language: Language = DEFAULT_LANGUAGE,
    ) -> EventStreamResponse:
        """Open a stream after `last_seq` of `epoch` (None: of a log that was never restored), or starting with a
        snapshot (`last_seq` None, or when that cannot be served).

        Raises NotFound (also for foreign tasks), LimitReached (`stream_limit`), Unavailable, DatabaseUnavailable.
        """
        if self._stopping:
            raise Unavailable(text="stopping")
        on_others = await self.peer_servers.count_streams(principal.user_id)
        if len(self.of_user(principal.user_id)) + on_others >= self.settings.sse_max_streams_per_user:
            raise LimitReached(code="stream_limit", retry_after_s=30)
        stream = self._make(task_id, principal, address, language)
        self._by_task.setdefault(task_id, WeakSet()).add(stream)  # from here on it hears of hints
        finalize(stream, self._unfollow, stream.followed_users).atexit = False  # a response that is never sent
        finalize(stream, self.peer_servers.closed, stream.stream_id).atexit = False
        self._follow(stream, principal.user_id)
        self.peer_servers.opened(stream.stream_id, user_id=principal.user_id, address=address, is_stream=True)
        try:
            await self._place(stream, last_seq, epoch)
            await stream.prepare()
        except BaseException as error:
            self._remove(stream)
            if isinstance(error, NotFound):  # which task is not written down: it is not this user's
                self.record("stream.open", "denied", user_id=principal.user_id, address=address)
            raise
        self._opened(stream)
        return EventStreamResponse(stream, stuck_after_s=self.settings.ws_stuck_after_s, on_end=self._closed)

    def on_hint(self, hint: TaskHint) -> None:
        for stream in list(self._by_task.get(hint.task_id, ())):
            stream.offer(hint.seq, hint.events)

    def begin_sweep(self) -> Collection[str]:
        """End what has expired. See `delivery.sweep.Swept`."""
        now = self.clock.now()
        for stream in self:
            stream.swept_cursor = stream.cursor
            if stream.principal.expires_at <= now:
                stream.end(TOKEN_EXPIRED)
        self._by_task = {task_id: streams for task_id, streams in self._by_task.items() if streams}
        return self._by_task.keys()

    async def end_sweep(self, heads: Mapping[str, tasks.TaskHead], *, restored: bool) -> None:
        """See `delivery.sweep.Swept`."""
        for stream in self:
            if stream.swept_cursor is None:
                continue
            head = heads.get(stream.task_id)
            if head is None:
                stream.lose()
            elif restored or head.last_seq < stream.swept_cursor or stream.epoch != self.epoch.value:
                stream.restart()
            else:
                stream.offer(head.last_seq)

    def refuse_new(self) -> None:
        self._stopping = True

    def stop(self) -> None:
        """Tell every reader to come back, and take no new ones. Their responses end by themselves. Idempotent."""
        self.refuse_new()
        for stream in self:
            stream.end(RESTART)

    def _make(self, task_id: str, principal: Principal, address: str, language: Language) -> EventStream:
        return EventStream(
            task_id=task_id,
            principal=principal,
            address=address,
            language=language,
            read_epoch=lambda: self.epoch.value,
            read_page=self._read_page,
            read_snapshot=partial(self._read_snapshot, language),
            clock=self.clock,
            ping_after_s=self.settings.sse_ping_after_s,
            on_events=self.metrics.stream_events.inc,
        )

    async def _place(self, stream: EventStream, last_seq: int | None, epoch: str | None) -> None:
        owner, head, serves = await self.db.read(
            self.epoch.watching(lambda connection: self._find_head(connection, stream, last_seq, epoch))
        )
        self._follow(stream, owner)
        if serves:
            stream.start_at(last_seq or 0, head)
        else:
            stream.offer(head)
            stream.restart()

    def _find_head(
        self, connection: Connection, stream: EventStream, last_seq: int | None, epoch: str | None
    ) -> tuple[str, int, bool]:
        """Return the task's owner, the end of the log, and whether it serves `last_seq`; if not, a snapshot is needed.

        Raises NotFound.
        """
        row = tasks.find(connection, stream.task_id, stream.principal)
        if row is None:
            raise NotFound(text="no_such_task")
        if last_seq is None:
            return row.user_id, row.last_seq, False
        limits = {"max_events": self.settings.replay_max_events, "max_bytes": self.settings.replay_max_bytes}
        found = self.reader.replay(connection, stream.task_id, last_seq, ALL_TOPICS, epoch=epoch, **limits)
        return row.user_id, row.last_seq, isinstance(found, Replay)

    async def _read_page(self, task_id: str, after: int) -> LogPage:
        return await self.log_reader.page(task_id, after, limit=PAGE)

    async def _read_snapshot(self, language: Language, task_id: str, at_least: int) -> Snapshot | None:
        return await self.snapshots.get(task_id, LOG_TAIL, language, at_least=at_least)

    def _opened(self, stream: EventStream) -> None:
        self.metrics.open_streams.set(len(self))
        self.record("stream.open", **_who(stream))
        log.info("stream_opened", task_id=stream.task_id, user_id=stream.principal.user_id)

    def _closed(self, stream: EventStream) -> None:
        self._remove(stream)
        duration_s = round(self.clock.monotonic() - stream.opened_at, 3)
        self.metrics.open_streams.set(len(self))
        self.metrics.stream_closes.labels(stream.ended).inc()
        detail = {"reason": stream.ended, "duration_s": duration_s, "bytes_out": stream.sent_bytes}
        self.record("stream.close", **_who(stream), detail=detail)
        log.info("stream_closed", task_id=stream.task_id, reason=stream.ended, duration_s=duration_s)

    def _follow(self, stream: EventStream, user_id: str) -> None:
        stream.followed_users.append(user_id)
        self.following.follow(user_id)

    def _unfollow(self, users: list[str]) -> None:
        while users:
            self.following.unfollow(users.pop())

    def _remove(self, stream: EventStream) -> None:
        self._unfollow(stream.followed_users)
        self.peer_servers.closed(stream.stream_id)
        streams = self._by_task.get(stream.task_id)
        if streams is not None:
            streams.discard(stream)
            if not streams:
                del self._by_task[stream.task_id]


def _who(stream: EventStream) -> dict[str, Any]:
    return {"user_id": stream.principal.user_id, "address": stream.address, "object_id": stream.task_id}
