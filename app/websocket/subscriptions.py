"""Subscribe, resume, unsubscribe: the commands that move a follower's position (protocol.md, sections 2 and 3)."""

from collections.abc import Callable
from dataclasses import dataclass

from app.core.clock import Clock, to_wire
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.metrics import Metrics
from app.events.epoch import LogEpoch
from app.repositories.tasks import Viewer
from app.websocket.codes import ErrorCode, SnapshotReason
from app.websocket.connection import ConnectionInfo, Follower
from app.websocket.delivery import Delivery
from app.websocket.protocol import ResultError, SubscriptionResult
from app.websocket.resume import NoReplay, Replay, Snapshot, StateReader
from app.websocket.snapshots import SnapshotCache
from app.websocket.topics import ALL_TOPICS, Topics

MESSAGES = {
    ErrorCode.NOT_FOUND: "no such task",
    ErrorCode.NOT_SUBSCRIBED: "the task is not followed on this connection",
    ErrorCode.SUBSCRIPTION_LIMIT: "too many tasks are followed on this connection",
    ErrorCode.SERVER_BUSY: "the database does not answer, try again",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks to follow. `action` is "subscribe" or "resume"."""

    task_id: str
    action: str
    last_seq: int | None
    epoch: str | None  # of `last_seq`
    log_tail: int
    topics: Topics
    command_id: str | None


class Subscriptions:
    """Handles one command at a time per connection; each sends its own reply."""

    def __init__(
        self,
        *,
        db: Database,
        reader: StateReader,
        snapshots: SnapshotCache,
        delivery: Delivery,
        epoch: LogEpoch,
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
        on_denied: Callable[[ConnectionInfo], None],
    ) -> None:
        self._db = db
        self._reader = reader
        self._snapshots = snapshots
        self._delivery = delivery
        self._epoch = epoch
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._on_denied = on_denied

    async def subscribe(self, connection: ConnectionInfo, request: Request) -> bool:
        """Follow a task, or place an existing subscription anew. Whether it succeeded."""
        existing = connection.followers.get(request.task_id)
        if existing is None and len(connection.followers) >= self._settings.ws_max_subscriptions:
            return self._refuse(connection, request, ErrorCode.SUBSCRIPTION_LIMIT)
        return await self._place(connection, request, existing)

    async def resume(
        self, connection: ConnectionInfo, task_id: str, last_seq: int, epoch: str | None, command_id: str | None
    ) -> bool:
        """Go on after `last_seq` on a live subscription."""
        existing = connection.followers.get(task_id)
        topics = existing.topics if existing else ALL_TOPICS
        log_tail = existing.log_tail if existing else 0
        request = Request(task_id, "resume", last_seq, epoch, log_tail, topics, command_id)
        if existing is None:
            return self._refuse(connection, request, ErrorCode.NOT_SUBSCRIBED)
        return await self._place(connection, request, existing)

    async def unsubscribe(self, connection: ConnectionInfo, task_id: str, command_id: str | None) -> bool:
        follower = connection.followers.get(task_id)
        if follower is None:
            request = Request(task_id, "unsubscribe", None, None, 0, ALL_TOPICS, command_id)
            return self._refuse(connection, request, ErrorCode.NOT_SUBSCRIBED)
        connection.discard(task_id)
        self._reply(connection, task_id=task_id, action="unsubscribe", success=True, id=command_id)
        try:
            await self._delivery.unfollow(follower)
        except DatabaseUnavailable:
            self._delivery.release(task_id)  # only notices that are best effort are missing
        return True

    async def _place(self, connection: ConnectionInfo, request: Request, existing: Follower | None) -> bool:
        with self._delivery.expecting(request.task_id):
            return await self._read_and_place(connection, request, existing)

    async def _read_and_place(self, connection: ConnectionInfo, request: Request, existing: Follower | None) -> bool:
        if not await connection.wait_for_turn():
            return False
        try:
            start = await self._read_start(request, existing)
        except DatabaseUnavailable:
            return self._refuse(connection, request, ErrorCode.SERVER_BUSY)
        if start is None or not _may_see(connection, start[0].user_id):
            self._on_denied(connection)
            return self._refuse(connection, request, ErrorCode.NOT_FOUND)
        if not await connection.wait_for_turn():
            return False
        found, reason = start
        follower = self._follower(connection, request, existing)
        if isinstance(found, Replay):
            self._replay(follower, request, found)
        else:
            self._snapshot(follower, request, found, reason)
        return True

    async def _read_start(
        self, request: Request, existing: Follower | None
    ) -> tuple[Snapshot | Replay, SnapshotReason | None] | None:
        reason: SnapshotReason | None = None
        if existing is not None and existing.topics != request.topics:
            reason = SnapshotReason.TOPICS_CHANGED
        elif request.last_seq is not None:
            found = await self._read_replay(request, request.last_seq)
            if not isinstance(found, NoReplay):
                return None if found is None else (found, None)
            reason = found.reason
        known = self._delivery.head_of(request.task_id)
        snapshot = await self._snapshots.get(request.task_id, request.log_tail, at_least=known)
        return None if snapshot is None else (snapshot, reason)

    async def _read_replay(self, request: Request, after: int) -> Replay | NoReplay | None:
        return await self._db.read(
            lambda connection: self._reader.replay(
                connection,
                request.task_id,
                after,
                request.topics,
                epoch=request.epoch,
                max_events=self._settings.replay_max_events,
                max_bytes=self._settings.replay_max_bytes,
            )
        )

    def _follower(self, connection: ConnectionInfo, request: Request, existing: Follower | None) -> Follower:
        follower = existing or Follower(request.task_id, connection)
        connection.discard(request.task_id)
        follower.topics, follower.log_tail = request.topics, request.log_tail
        follower.needs_snapshot = False
        connection.followers[request.task_id] = follower
        return follower

    def _snapshot(
        self, follower: Follower, request: Request, snapshot: Snapshot, reason: SnapshotReason | None
    ) -> None:
        asked_for_events = request.last_seq is not None
        connection = follower.connection
        self._reply(
            connection,
            task_id=request.task_id,
            action=request.action,
            success=True,
            seq=snapshot.seq,
            recovered=False if asked_for_events else None,
            replayed=0 if asked_for_events else None,
            reason=reason,
            id=request.command_id,
        )
        connection.send_pulled(snapshot.payload)
        self._metrics.snapshots.labels(reason or request.action).inc()
        follower.start_at(snapshot.seq)
        self._delivery.follow(follower, snapshot.user_id, snapshot.seq)

    def _replay(self, follower: Follower, request: Request, replay: Replay) -> None:
        assert request.last_seq is not None
        self._reply(
            follower.connection,
            task_id=request.task_id,
            action=request.action,
            success=True,
            seq=request.last_seq,
            recovered=True,
            replayed=replay.count,
            id=request.command_id,
        )
        self._metrics.replayed.inc(replay.count)
        follower.start_at(request.last_seq)
        self._delivery.follow(follower, replay.user_id, replay.head)  # the catch-up sends the events

    def refuse_item(self, connection: ConnectionInfo, task_id: str, message: str, command_id: str | None) -> None:
        """One item of `subscribe_tasks` was not understood; the others go on."""
        error = ResultError(code=ErrorCode.INVALID_FIELD, message=message)
        self._reply(connection, task_id=task_id, action="subscribe", success=False, error=error, id=command_id)

    def _refuse(self, connection: ConnectionInfo, request: Request, code: ErrorCode) -> bool:
        error = ResultError(code=code, message=MESSAGES[code])
        self._reply(
            connection,
            task_id=request.task_id,
            action=request.action,
            success=False,
            error=error,
            id=request.command_id,
        )
        return False

    def _reply(self, connection: ConnectionInfo, **fields: object) -> None:
        frame = SubscriptionResult.model_validate(
            {**fields, "epoch": self._epoch.value, "timestamp": to_wire(self._clock.now())}
        )
        connection.send(frame.to_bytes())


def _may_see(connection: ConnectionInfo, owner_id: str) -> bool:
    return Viewer(connection.user_id, connection.identity.is_admin).may_see(owner_id)
