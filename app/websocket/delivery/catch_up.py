"""Brings subscriptions that are behind to the live events, each at the pace of its socket.

1. Wait until the socket has drained and the connection's pace allows more.
2. If the log no longer holds what comes after the cursor: send a snapshot, and go on from its position.
3. If the cursor is at the channel's: the subscription is live, and done.
4. Else read the next rows, send as many as fit into one write, and begin again.
"""

from dataclasses import dataclass
from typing import Final

import structlog

from app.core.aio import BackgroundTasks
from app.core.clock import Clock, to_wire
from app.core.db import DatabaseDamaged, DatabaseUnavailable
from app.core.metrics import Metrics
from app.events.epoch import LogEpoch
from app.events.types import NOTICE_TYPES
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.connections.subscription import Subscription
from app.websocket.delivery.task_channel import TaskChannel
from app.websocket.messages.codes import ErrorCode
from app.websocket.messages.frames import SubscriptionResult
from app.websocket.messages.wording import result_error
from app.websocket.state.log_reader import LogReader
from app.websocket.state.snapshot_cache import SnapshotCache

PRUNED: Final = "pruned"  # why such a snapshot is sent, in the metrics
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class CatchUps:
    """One at a time for each subscription. A database that does not answer ends it; the sweep starts it again."""

    log_reader: LogReader
    snapshots: SnapshotCache
    metrics: Metrics
    background: BackgroundTasks
    epoch: LogEpoch
    clock: Clock

    def start(self, subscription: Subscription, channel: TaskChannel) -> None:
        if not subscription.catching_up:
            subscription.catching_up = True
            self.background.start(self._run(subscription, channel), name=f"catch-up {subscription.task_id}")

    def start_from_snapshot(self, subscription: Subscription, channel: TaskChannel) -> None:
        subscription.needs_snapshot = True
        self.start(subscription, channel)

    def start_over(self, channel: TaskChannel, seq: int) -> None:
        """Restart all subscriptions from a snapshot, because the log ends at `seq` below the cursor after a restore."""
        log.warning("log_went_back", task_id=channel.task_id, cursor=channel.cursor, seq=seq)
        for subscription in channel.go_back(seq):
            self.start_from_snapshot(subscription, channel)

    def end_damaged(self, subscription: Subscription, channel: TaskChannel) -> None:
        """End the subscriptions of a task whose log is damaged, with an error."""
        connection = subscription.connection
        if connection.followed.get(channel.task_id) is not subscription:
            return
        channel.dismiss(subscription)
        connection.discard(channel.task_id)
        ended = SubscriptionResult(
            task_id=channel.task_id,
            action="unsubscribe",
            success=True,
            epoch=self.epoch.value,
            error=result_error(ErrorCode.DATABASE_DAMAGED, connection.language),
            timestamp=to_wire(self.clock.now()),
        )
        connection.send_frame(ended)

    async def send_notices(self, connection: ConnectionInfo, task_id: str, after: int, to: int) -> None:
        """Send the notices above `after` up to `to`, for a task that is followed no longer."""
        while after < to and (page := await self.log_reader.shared_rows(task_id, after)):
            for encoded in page:
                if encoded.event.seq <= to and encoded.event.type in NOTICE_TYPES:
                    connection.send_notice(encoded.told_in(connection.language))
            after = page[-1].event.seq
            if after < to and not await connection.wait_drained():  # no more than a page waits
                return

    async def _run(self, subscription: Subscription, channel: TaskChannel) -> None:
        try:
            while await self._step(subscription, channel):
                pass
        except DatabaseDamaged:
            self.end_damaged(subscription, channel)
        except DatabaseUnavailable:
            log.warning("catch_up_failed", task_id=channel.task_id)
        finally:
            subscription.catching_up = False

    async def _step(self, subscription: Subscription, channel: TaskChannel) -> bool:
        """Do one read and send its frames; return False when the subscription is live or gone."""
        connection = subscription.connection
        if not await connection.wait_for_turn() or connection.followed.get(subscription.task_id) is not subscription:
            return False
        if subscription.needs_snapshot:
            return await self._send_snapshot(subscription, channel)
        if subscription.cursor >= channel.cursor:
            channel.go_live(subscription)
            return False
        return await self._send_rows(subscription)

    async def _send_rows(self, subscription: Subscription) -> bool:
        connection, generation, after = subscription.connection, subscription.generation, subscription.cursor
        page = await self.log_reader.shared_rows(subscription.task_id, after)
        if generation != subscription.generation:
            return True
        if not page or page[0].event.seq > after + 1:
            subscription.needs_snapshot = True
            return True
        sent = 0
        while sent < len(page):
            if not await connection.wait_for_turn() or generation != subscription.generation:
                return not connection.transport.closed
            sent += connection.send_page(subscription, page[sent:])
        return True

    async def _send_snapshot(self, subscription: Subscription, channel: TaskChannel) -> bool:
        connection, generation, known = subscription.connection, subscription.generation, channel.cursor
        snapshot = await self.snapshots.get(
            subscription.task_id, subscription.log_tail, connection.language, at_least=known
        )
        if not await connection.wait_for_turn():
            return False
        if generation != subscription.generation:
            return True
        if snapshot is None:
            if channel.deleted:  # else the sweep comes back to it when the event was delivered
                channel.dismiss(subscription)
                connection.send_deletion(subscription.task_id)
            return False
        if snapshot.seq < known:
            self.start_over(channel, snapshot.seq)  # before the sweep has seen it
        subscription.needs_snapshot = False
        connection.discard(subscription.task_id)
        subscription.start_at(snapshot.seq)
        connection.send_pulled(snapshot.payload)
        self.metrics.snapshots.labels(PRUNED).inc()
        return True
