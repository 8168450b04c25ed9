"""Subscribe, resume, unsubscribe: the commands that move a subscription's position (protocol.md, sections 2 and 3)."""

from collections.abc import Callable
from dataclasses import dataclass

from app.core.clock import Clock, to_wire
from app.core.config import Settings
from app.core.db import Database, DatabaseDamaged, DatabaseUnavailable
from app.core.metrics import Metrics
from app.core.principal import Principal
from app.domain.messages import Language
from app.events.epoch import LogEpoch
from app.scans.queries import tasks
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.connections.subscription import Subscription
from app.websocket.delivery.dispatcher import Dispatcher
from app.websocket.messages.codes import ErrorCode, SnapshotReason
from app.websocket.messages.frames import ResultError, SubscriptionResult
from app.websocket.messages.topics import ALL_TOPICS, Topics
from app.websocket.messages.wording import result_error, say
from app.websocket.state.snapshot_cache import SnapshotCache
from app.websocket.state.state_reader import NoReplay, Replay, Snapshot, StateReader


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """What a client asks for. `action` is "subscribe", "resume" or "unsubscribe"."""

    task_id: str
    action: str
    last_seq: int | None = None
    epoch: str | None = None  # of `last_seq`
    log_tail: int = 0
    topics: Topics = ALL_TOPICS
    command_id: str | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class Subscriptions:
    """Handles one command at a time per connection; each sends its own reply."""

    db: Database
    reader: StateReader
    snapshots: SnapshotCache
    dispatcher: Dispatcher
    epoch: LogEpoch
    settings: Settings
    clock: Clock
    metrics: Metrics
    on_denied: Callable[[ConnectionInfo], None]
    on_followed: Callable[[ConnectionInfo, str], None]  # the task is followed from now on, or was placed anew
    confirm: Callable[[ConnectionInfo, float], None]  # what it follows, if its rights were questioned since that time

    async def subscribe(self, connection: ConnectionInfo, request: SubscriptionRequest) -> bool:
        """Follow a task, or place an existing subscription anew. Whether it succeeded."""
        existing = connection.followed.get(request.task_id)
        if existing is None and len(connection.followed) >= self.settings.ws_max_subscriptions:
            return self._refuse(connection, request, ErrorCode.SUBSCRIPTION_LIMIT)
        return await self._place(connection, request, existing)

    async def resume(
        self, connection: ConnectionInfo, task_id: str, last_seq: int, epoch: str | None, command_id: str | None
    ) -> bool:
        """Go on after `last_seq` on a live subscription."""
        existing = connection.followed.get(task_id)
        topics, log_tail = (existing.topics, existing.log_tail) if existing else (ALL_TOPICS, 0)
        request = SubscriptionRequest(task_id, "resume", last_seq, epoch, log_tail, topics, command_id)
        if existing is None:
            return self._refuse(connection, request, ErrorCode.NOT_SUBSCRIBED)
        return await self._place(connection, request, existing)

    async def unsubscribe(self, connection: ConnectionInfo, task_id: str, command_id: str | None) -> bool:
        request = SubscriptionRequest(task_id, "unsubscribe", command_id=command_id)
        subscription = connection.followed.get(task_id)
        if subscription is None:
            return self._refuse(connection, request, ErrorCode.NOT_SUBSCRIBED)
        connection.discard(task_id)
        self._reply(connection, request, success=True)
        try:
            await self.dispatcher.unfollow(subscription)
        except DatabaseUnavailable:
            self.dispatcher.release(task_id)  # only notices that are best effort are missing
        return True

    async def _place(
        self, connection: ConnectionInfo, request: SubscriptionRequest, existing: Subscription | None
    ) -> bool:
        with self.dispatcher.keep_hints(request.task_id):
            return await self._read_and_place(connection, request, existing)

    async def _read_and_place(
        self, connection: ConnectionInfo, request: SubscriptionRequest, existing: Subscription | None
    ) -> bool:
        if not await connection.wait_for_turn():
            return False
        since = self.clock.monotonic()
        try:
            start = await self._read_start(request, existing, connection.language)
            is_seen = start is not None and await self._is_seen(connection.principal, request.task_id, start[0].user_id)
        except DatabaseDamaged:
            return self._refuse(connection, request, ErrorCode.DATABASE_DAMAGED)
        except DatabaseUnavailable:
            return self._refuse(connection, request, ErrorCode.SERVER_BUSY)
        if start is None or not is_seen:
            self.on_denied(connection)
            return self._refuse(connection, request, ErrorCode.NOT_FOUND)
        if not await connection.wait_for_turn():
            return False
        found, reason = start
        subscription = self._subscription(connection, request, existing)
        if isinstance(found, Replay):
            self._replay(subscription, request, found)
        else:
            self._snapshot(subscription, request, found, reason)
        self.on_followed(connection, request.task_id)
        self.confirm(connection, since)  # its site may have left the group of the connection's key meanwhile
        return True

    async def _is_seen(self, principal: Principal, task_id: str, owner_id: str) -> bool:
        if principal.group is None:
            return principal.may_see(owner_id)
        return await self.db.read(lambda connection: tasks.find(connection, task_id, principal)) is not None

    async def _read_start(
        self, request: SubscriptionRequest, existing: Subscription | None, language: Language
    ) -> tuple[Snapshot | Replay, SnapshotReason | None] | None:
        reason: SnapshotReason | None = None
        if existing is not None and existing.topics != request.topics:
            reason = SnapshotReason.TOPICS_CHANGED
        elif request.last_seq is not None:
            found = await self._read_replay(request, request.last_seq)
            if not isinstance(found, NoReplay):
                return None if found is None else (found, None)
            reason = found.reason
        known = self.dispatcher.head_of(request.task_id)
        snapshot = await self.snapshots.get(request.task_id, request.log_tail, language, at_least=known)
        return None if snapshot is None else (snapshot, reason)

    async def _read_replay(self, request: SubscriptionRequest, after: int) -> Replay | NoReplay | None:
        return await self.db.read(
            lambda connection: self.reader.replay(
                connection,
                request.task_id,
                after,
                request.topics,
                epoch=request.epoch,
                max_events=self.settings.replay_max_events,
                max_bytes=self.settings.replay_max_bytes,
            )
        )

    def _subscription(
        self, connection: ConnectionInfo, request: SubscriptionRequest, existing: Subscription | None
    ) -> Subscription:
        subscription = existing or Subscription(request.task_id, connection)
        connection.discard(request.task_id)
        subscription.topics, subscription.log_tail = request.topics, request.log_tail
        subscription.needs_snapshot = False
        connection.followed[request.task_id] = subscription
        return subscription

    def _snapshot(
        self,
        subscription: Subscription,
        request: SubscriptionRequest,
        snapshot: Snapshot,
        reason: SnapshotReason | None,
    ) -> None:
        recovery = {} if request.last_seq is None else {"recovered": False, "replayed": 0}
        self._reply(subscription.connection, request, success=True, seq=snapshot.seq, reason=reason, **recovery)
        subscription.connection.send_pulled(snapshot.payload)
        self.metrics.snapshots.labels(reason or request.action).inc()
        subscription.start_at(snapshot.seq)
        self.dispatcher.follow(subscription, snapshot.user_id, snapshot.seq)

    def _replay(self, subscription: Subscription, request: SubscriptionRequest, replay: Replay) -> None:
        seq, count = request.last_seq, replay.count
        assert seq is not None
        self._reply(subscription.connection, request, success=True, seq=seq, recovered=True, replayed=count)
        self.metrics.replayed.inc(count)
        subscription.start_at(seq)
        self.dispatcher.follow(subscription, replay.user_id, replay.head)  # the catch-up sends the events

    def refuse_item(self, connection: ConnectionInfo, task_id: str, text: str, command_id: str | None) -> None:
        """Refuse an invalid item of `subscribe_tasks`; the others continue. `text` is the key of the message."""
        error = ResultError(code=ErrorCode.INVALID_FIELD, message=say(text, connection.language))
        request = SubscriptionRequest(task_id, "subscribe", command_id=command_id)
        self._reply(connection, request, success=False, error=error)

    def _refuse(self, connection: ConnectionInfo, request: SubscriptionRequest, code: ErrorCode) -> bool:
        self._reply(connection, request, success=False, error=result_error(code, connection.language))
        return False

    def _reply(self, connection: ConnectionInfo, request: SubscriptionRequest, **result: object) -> None:
        named = {"task_id": request.task_id, "action": request.action, "id": request.command_id}
        common = {"epoch": self.epoch.value, "timestamp": to_wire(self.clock.now())}
        connection.send_frame(SubscriptionResult.model_validate({**named, **result, **common}))
