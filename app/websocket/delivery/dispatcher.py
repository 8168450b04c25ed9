"""How a committed event reaches everyone who should see it: by hints, by reads of the log, and by the sweep.

The log is the truth, the bus is a hint, each subscription owns a cursor (ADR 0001). What is here decides only *when*
the log is read; which rows are taken is decided by the cursors, in one synchronous step.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from app.core.aio import BackgroundTasks
from app.core.clock import Clock
from app.core.db import Database, DatabaseDamaged, DatabaseUnavailable
from app.core.metrics import Metrics
from app.core.trace_context import read_header
from app.core.tracing import span
from app.domain.tasks import TERMINAL, UNFINISHED
from app.events.bus.base import TaskHint, UserFollowing
from app.scans.queries import tasks
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.connections.fanout import Fanout
from app.websocket.connections.registry import Registry
from app.websocket.connections.subscription import Subscription
from app.websocket.delivery.catch_up import CatchUps
from app.websocket.delivery.task_channel import TaskChannel
from app.websocket.state.log_reader import LogReader

# A finished task's cursor is kept this long after nobody follows it, so that a late hint finds it and adds nothing.
KEEP_FINISHED_S: Final = 60.0
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class PendingHint:
    """The highest hint of a task that is not watched yet, kept for those who read its state at the moment."""

    seq: int = 0
    readers: int = 0


@dataclass(kw_only=True, eq=False, repr=False)
class Dispatcher:
    """All channels of this process."""

    db: Database
    registry: Registry
    log_reader: LogReader
    catch_ups: CatchUps
    clock: Clock
    metrics: Metrics
    background: BackgroundTasks
    fanout: Fanout
    following: UserFollowing  # the owner of each channel's task is followed
    channels: dict[str, TaskChannel] = field(default_factory=dict, init=False)
    # Of tasks that somebody is about to follow.
    _pending_hints: dict[str, PendingHint] = field(default_factory=dict, init=False)

    def on_hint(self, hint: TaskHint) -> None:
        """Process a hint from the bus. Unknown tasks matter only if their owner is connected."""
        channel = self.channels.get(hint.task_id)
        if channel is None:
            pending = self._pending_hints.get(hint.task_id)
            if pending is not None:
                pending.seq = max(pending.seq, hint.seq)
            if not self.registry.has_user(hint.user_id):
                return
            channel = self.channel(hint.task_id, hint.user_id, _start_of(hint))
        self._note_status(channel, hint.status)
        channel.offer(hint.seq, hint.events)
        self._pull_if_behind(channel)

    def channel(self, task_id: str, user_id: str, cursor: int) -> TaskChannel:
        """Return the task's channel; created at `cursor` if there is none."""
        channel = self.channels.get(task_id)
        if channel is None:
            self.following.follow(user_id)
            channel = self.channels[task_id] = TaskChannel(
                cursor=cursor,
                target_seq=cursor,
                task_id=task_id,
                user_id=user_id,
                registry=self.registry,
                fanout=self.fanout,
            )
        return channel

    def head_of(self, task_id: str) -> int:
        """Return the highest known seq; 0 for an unwatched task."""
        channel = self.channels.get(task_id)
        return 0 if channel is None else channel.cursor

    def open_presence(self, connection: ConnectionInfo, heads: list[tasks.TaskHead]) -> None:
        """Watch the unfinished tasks of a connected owner from the current ends of their logs."""
        for head in heads:
            channel = self.channel(head.task_id, head.user_id, head.last_seq)
            self._note_status(channel, head.status)
            connection.notice_floor[head.task_id] = max(head.last_seq, channel.cursor)
            channel.raise_target(head.last_seq)
            self._pull_if_behind(channel)

    @contextmanager
    def keep_hints(self, task_id: str) -> Iterator[None]:
        """While somebody reads the state of a task that nobody watches here: hints that come meanwhile are kept."""
        pending = self._pending_hints.setdefault(task_id, PendingHint())
        pending.readers += 1
        try:
            yield
        finally:
            pending.readers -= 1
            if not pending.readers:
                del self._pending_hints[task_id]

    def follow(self, subscription: Subscription, user_id: str, head: int) -> None:
        """Deliver the events after the cursor to the subscription. `head`: the end of the log as it was read."""
        known = self.channels.get(subscription.task_id)
        if known is not None and subscription not in known.subscriptions:
            subscription.noticed = known.cursor
        channel = self.channel(subscription.task_id, user_id, head)
        pending = self._pending_hints.get(subscription.task_id)
        if pending is not None:
            channel.raise_target(pending.seq)
        channel.subscriptions.add(subscription)
        self.sync(subscription)
        self._pull_if_behind(channel)

    def sync(self, subscription: Subscription) -> None:
        """Join the live stream if nothing lies between, else catch up in the background."""
        channel = self.channels[subscription.task_id]
        if subscription.cursor >= channel.cursor and not subscription.catching_up and not subscription.needs_snapshot:
            channel.go_live(subscription)
        else:
            self.catch_ups.start(subscription, channel)

    async def unfollow(self, subscription: Subscription) -> None:
        """Stop following; events after the position come as notices again to the owner's connection."""
        connection, task_id = subscription.connection, subscription.task_id
        connection.followed.pop(task_id, None)
        channel = self.channels[task_id]
        channel.remove(subscription)
        connection.discard(task_id)
        # What waited was taken by the cursor, but has not left: the position is what was sent, now or as notices then.
        position = max(subscription.last_sent, subscription.noticed)
        head = max(subscription.cursor, channel.cursor)
        connection.notice_floor[task_id] = head
        if position < head and connection.user_id == channel.user_id and connection.is_told_of_all:
            await self.catch_ups.send_notices(connection, task_id, position, head)
        self.release(task_id)

    def leave(self, connection: ConnectionInfo) -> None:
        """Forget the subscriptions and watched tasks of a closed connection."""
        for subscription in list(connection.followed.values()):
            channel = self.channels.get(subscription.task_id)
            if channel is not None:
                channel.remove(subscription)
        followed = list(connection.followed)
        connection.followed.clear()
        connection.discard_all()
        for task_id in followed:
            self.release(task_id)
        if not self.registry.has_user(connection.user_id):
            for channel in [channel for channel in self.channels.values() if channel.user_id == connection.user_id]:
                self.release(channel.task_id)

    def on_idle(self, subscription: Subscription) -> None:
        """Resume the subscriptions of a drained connection."""
        channel = self.channels.get(subscription.task_id)
        if channel is not None:
            channel.try_join_group(subscription)

    def on_backpressure(self, connection: ConnectionInfo) -> None:
        """Give each subscription of a backpressured connection its own position."""
        connection.leave_groups()
        for subscription in connection.followed.values():
            channel = self.channels.get(subscription.task_id)
            if channel is not None:
                channel.mark_out_of_sync(subscription)

    def release(self, task_id: str) -> None:
        """Drop the channel when nobody needs it any more."""
        channel = self.channels.get(task_id)
        if channel is None or channel.subscriptions:
            return
        if self.registry.has_user(channel.user_id):
            finished = channel.finished_at
            if finished is None or self.clock.monotonic() - finished < KEEP_FINISHED_S:
                return
        self._drop(channel)

    def _drop(self, channel: TaskChannel) -> None:
        del self.channels[channel.task_id]
        self.following.unfollow(channel.user_id)

    def begin_sweep(self) -> Collection[str]:
        """See `sweep.Swept`."""
        for channel in self.channels.values():
            channel.swept_cursor = channel.cursor
        return self.channels.keys()

    async def end_sweep(self, heads: Mapping[str, tasks.TaskHead], *, restored: bool) -> None:
        """See `sweep.Swept`."""
        if restored:
            for channel in list(self.channels.values()):
                if (head := heads.get(channel.task_id)) is not None:
                    self.catch_ups.start_over(channel, head.last_seq)
            return
        for head in heads.values():
            await self._compare(head)
        for channel in list(self.channels.values()):
            if channel.swept_cursor is not None and channel.task_id not in heads:
                self._make_up_deletion(channel)
                continue
            for subscription in list(channel.subscriptions):
                if not subscription.live:  # a catch-up that failed with the database goes on
                    self.sync(subscription)
            self.release(channel.task_id)

    async def _compare(self, head: tasks.TaskHead) -> None:
        channel = self.channels.get(head.task_id)
        if channel is None:
            if head.status not in UNFINISHED or not self.registry.has_user(head.user_id):
                return  # somebody else has asked for it: an event stream
            channel = self.channel(head.task_id, head.user_id, await self._unseen_start(head))
        self._note_status(channel, head.status)
        if channel.swept_cursor is not None and head.last_seq < channel.swept_cursor:
            self.catch_ups.start_over(channel, head.last_seq)
            return
        channel.raise_target(head.last_seq)
        if channel.behind and not channel.pulling:
            self.metrics.sweep_repairs.inc()
            with span("sweep repair", parent=read_header(head.trace) if head.trace else None):
                self._pull_if_behind(channel)

    async def _unseen_start(self, head: tasks.TaskHead) -> int:
        """Return the start position of a task whose hints were all lost while its owner was connected."""
        if head.attempt == 1:
            return 0
        retried = await self.db.read(lambda connection: tasks.last_retry_seq(connection, head.task_id))
        return max(0, retried - 1)

    def _make_up_deletion(self, channel: TaskChannel) -> None:
        """Send the deletion of a task to those who have not received its event."""
        self._drop(channel)
        owners = () if channel.deleted else self.registry.of_user(channel.user_id)
        untold = {connection for connection in owners if connection.ready and connection.is_told_of_all}
        for subscription in list(channel.subscriptions):
            if not channel.deleted or subscription.cursor < channel.cursor or subscription.needs_snapshot:
                untold.add(subscription.connection)
            channel.dismiss(subscription)
        for connection in untold:
            connection.send_deletion(channel.task_id)

    def _note_status(self, channel: TaskChannel, status: str) -> None:
        channel.status = status
        if status in TERMINAL:
            channel.finished_at = channel.finished_at or self.clock.monotonic()
        else:
            channel.finished_at = None

    def _pull_if_behind(self, channel: TaskChannel) -> None:
        if channel.behind and not channel.pulling:
            channel.pulling = True
            self.background.start(self._pull(channel), name=f"pull {channel.task_id}")

    async def _pull(self, channel: TaskChannel) -> None:
        """Read until the cursor is where the log is said to be."""
        try:
            while channel.behind and self.channels.get(channel.task_id) is channel:
                page = await self.log_reader.page(channel.task_id, channel.cursor)
                if not page.follows(channel.cursor):
                    for subscription in channel.skip_to(page.first_kept - 1):
                        self.catch_ups.start_from_snapshot(subscription, channel)
                elif not page.events:
                    channel.give_up()  # the hint ran ahead of what can be read; the sweep tries again
                    return
                for event in page.events:
                    channel.deliver(event)
        except DatabaseDamaged:
            for subscription in list(channel.subscriptions):
                self.catch_ups.end_damaged(subscription, channel)
            channel.give_up()
        except DatabaseUnavailable:
            log.warning("pull_failed", task_id=channel.task_id)  # the sweep repairs when the database is back
            channel.give_up()
        finally:
            channel.pulling = False


def _start_of(hint: TaskHint) -> int:
    """Return the start position of an unwatched task: before the hint's events, or 0 for a new task.

    Connections that were open before the task began have no floor for it; those that opened later do.
    """
    if not hint.events:
        return hint.seq - 1
    first = hint.events[0]
    new = hint.status in UNFINISHED and first.attempt == 1 and first.type != "task_retrying"
    return 0 if new else first.seq - 1
