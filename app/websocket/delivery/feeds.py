"""The topic `notifications`: from a user's feed to those of the user's connections that follow it (ADR 0079).

The feed is the truth, a hint says that it has changed, and each connection owns a position in it. What it has not been
told is read from the feed at the pace of its socket, live ones too, so that nothing waits here for a slow client:

1. Wait until the socket has drained and the connection's pace allows more.
2. Read the next notifications and the state of the feed, in one transaction. Send them, and begin again if there may
   be more.
3. Send the state, if it is another one than was told last.

Notifications are few and a user has few connections: those that stand at the same number share a read. However often a
connection subscribes, at most one read of the feed is in progress for it: the next one waits until the one for the
position before has ended, and the latest position counts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import structlog
from sqlalchemy import Row

from app.core.aio import BackgroundTasks
from app.core.clock import Clock, to_wire
from app.core.db import DatabaseDamaged, DatabaseUnavailable
from app.core.errors import Forbidden
from app.core.metrics import Metrics
from app.core.principal import Authenticator
from app.domain.notifications import FeedHead
from app.events.epoch import LogEpoch
from app.events.log_identity import FIRST_EPOCH
from app.notifications.feed import FeedPage
from app.notifications.feed_reader import PAGE_ROWS, FeedReader
from app.notifications.schemas.feed import NotificationResponse
from app.websocket.connections.connection import PAGE_BYTES, ConnectionInfo
from app.websocket.connections.feed_position import FeedPosition
from app.websocket.connections.registry import Registry
from app.websocket.messages.codes import ErrorCode, SnapshotReason
from app.websocket.messages.commands import Subscribe, Unsubscribe
from app.websocket.messages.frames import NotificationFrame, NotificationState, ResultError, TopicResult
from app.websocket.messages.wording import result_error, say

TOPIC: Final = "notifications"
ROUTE: Final = "list_notifications"  # who may use this route may follow its user's notifications
Action = Literal["subscribe", "unsubscribe"]
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class NotificationFeeds:
    """Carries out the commands of the topic, and tells those who follow it."""

    reader: FeedReader
    registry: Registry
    authenticator: Authenticator
    epoch: LogEpoch
    clock: Clock
    metrics: Metrics
    background: BackgroundTasks

    async def subscribe(self, connection: ConnectionInfo, command: Subscribe) -> bool:
        """Follow the user's notifications after a position, or follow them anew. Whether it succeeded."""
        try:
            connection.principal.require_route(ROUTE)
        except Forbidden as refusal:
            self.authenticator.note_denied(refusal, connection.principal, address=connection.address)
            message = refusal.text_in(connection.language)
            return self._refuse(connection, command, ResultError(code=ErrorCode(refusal.code), message=message))
        if not await connection.wait_for_turn():
            return False
        try:
            head = await self.reader.head(connection.user_id)
        except DatabaseDamaged:
            return self._refuse(connection, command, result_error(ErrorCode.DATABASE_DAMAGED, connection.language))
        except DatabaseUnavailable:
            return self._refuse(connection, command, result_error(ErrorCode.SERVER_BUSY, connection.language))
        reason = self._reason(command, head)
        seq = head.last_seq if command.last_seq is None or reason is not None else command.last_seq
        recovered = None if command.last_seq is None else reason is None
        connection.feed = FeedPosition(cursor=seq, last_sent=seq)
        self._reply(connection, "subscribe", command.id, success=True, seq=seq, recovered=recovered, reason=reason)
        self._wake(connection)
        return True

    def unsubscribe(self, connection: ConnectionInfo, command: Unsubscribe) -> bool:
        """Stop following. Whether it was followed."""
        if connection.feed is None:
            message = say("not_subscribed_to_topic", connection.language)
            return self._refuse(connection, command, ResultError(code=ErrorCode.NOT_SUBSCRIBED, message=message))
        connection.feed = None
        self._reply(connection, "unsubscribe", command.id, success=True)
        return True

    def on_hint(self, user_id: str) -> None:
        """Look at the feed of a user for those connections that follow it."""
        for connection in self.registry.of_user(user_id):
            self._wake(connection)

    def begin_sweep(self) -> Collection[str]:
        """Return the users whose feeds are followed here."""
        return {connection.user_id for connection in self.registry.all() if connection.feed is not None}

    def end_sweep(self, heads: Mapping[str, FeedHead], *, restored: bool) -> None:
        """Compare what was told with the feeds as they were read; a user without a feed is not in `heads`.

        `restored`: as in `sweep.Swept.end_sweep`.
        """
        for connection in self.registry.all():
            position = connection.feed
            if position is None:
                continue
            head = heads.get(connection.user_id, FeedHead())
            if restored:
                self._start_over(connection, position, head, SnapshotReason.EPOCH)
                self._wake(connection)
            elif not connection.is_reading_feed and _is_behind(position, head):
                self.metrics.sweep_repairs.inc()
                self._wake(connection)

    def _reason(self, command: Subscribe, head: FeedHead) -> SnapshotReason | None:
        """Return why the position is of no use; None: it is, or there is none."""
        if command.last_seq is None:
            return None
        if (command.epoch or FIRST_EPOCH) != self.epoch.value:
            return SnapshotReason.EPOCH
        return SnapshotReason.AHEAD_OF_LOG if command.last_seq > head.last_seq else None

    def _wake(self, connection: ConnectionInfo) -> None:
        position = connection.feed
        if position is None:
            return
        position.is_due = True
        if not connection.is_reading_feed:
            connection.is_reading_feed = True
            self.background.start(self._run(connection), name="notifications")

    async def _run(self, connection: ConnectionInfo) -> None:
        """Read until the position that the connection has by then is up to date."""
        try:
            while (position := connection.feed) is not None and position.is_due:
                position.is_due = False
                await self._follow(connection, position)
        finally:
            connection.is_reading_feed = False

    async def _follow(self, connection: ConnectionInfo, position: FeedPosition) -> None:
        try:
            await self._bring_up_to_date(connection, position)
        except DatabaseDamaged:
            self._end(connection, position, ErrorCode.DATABASE_DAMAGED)
        except DatabaseUnavailable:
            log.warning("feed_unreadable")  # the sweep begins again when the database is back
        except Exception:  # a boundary: what cannot be sent would be tried again by each sweep
            log.exception("feed_failed", user_id=connection.user_id)
            self._end(connection, position, ErrorCode.SERVER_BUSY)

    async def _bring_up_to_date(self, connection: ConnectionInfo, position: FeedPosition) -> None:
        while await _may_send(connection, position):
            page = await self.reader.page(connection.user_id, position.cursor)
            if page.head.last_seq < position.cursor and connection.feed is position:
                self._start_over(connection, position, page.head, SnapshotReason.AHEAD_OF_LOG)  # before the sweep
            if not await self._send_rows(connection, position, page.rows):
                return
            if len(page.rows) < PAGE_ROWS:
                position.cursor = max(position.cursor, page.head.last_seq)  # those between are no longer kept
                await self._send_state(connection, position, page)
                return

    async def _send_rows(self, connection: ConnectionInfo, position: FeedPosition, rows: Sequence[Row[Any]]) -> bool:
        """Send notifications, as many as go into one write at a time; False: nobody follows any more."""
        sent = 0
        while sent < len(rows):
            if not await _may_send(connection, position):
                return False
            payloads: list[bytes] = []
            size = 0
            for row in rows[sent:]:
                payload = self._frame(connection, position, row)
                if payloads and size + len(payload) > PAGE_BYTES:
                    break
                payloads.append(payload)
                size += len(payload)
                position.cursor = position.last_sent = row.seq
            connection.send_pulled(*payloads)
            sent += len(payloads)
        return True

    async def _send_state(self, connection: ConnectionInfo, position: FeedPosition, page: FeedPage) -> None:
        state = (page.head.last_seq, page.head.read_revision, page.unread)
        if state == position.told or not await _may_send(connection, position):
            return
        position.told = state
        frame = NotificationState(
            seq=page.head.last_seq,
            unread=page.unread,
            read_revision=page.head.read_revision,
            timestamp=to_wire(self.clock.now()),
        )
        connection.send_pulled(frame.to_bytes())

    def _frame(self, connection: ConnectionInfo, position: FeedPosition, row: Row[Any]) -> bytes:
        notification = NotificationResponse.of(row, connection.language)
        return NotificationFrame(
            seq=row.seq, prev_seq=position.last_sent, notification=notification, timestamp=notification.created_at
        ).to_bytes()

    def _start_over(
        self, connection: ConnectionInfo, position: FeedPosition, head: FeedHead, reason: SnapshotReason
    ) -> None:
        """Say that the numbers mean others than before, because a backup was restored; go on after the newest one."""
        position.go_to(head.last_seq)
        self._reply(connection, "subscribe", None, success=True, seq=head.last_seq, recovered=False, reason=reason)

    def _end(self, connection: ConnectionInfo, position: FeedPosition, code: ErrorCode) -> None:
        """Say that it is followed no longer: the client reads the feed over REST then."""
        if connection.feed is position:
            connection.feed = None
            error = result_error(code, connection.language)
            self._reply(connection, "unsubscribe", None, success=True, error=error)

    def _refuse(self, connection: ConnectionInfo, command: Subscribe | Unsubscribe, error: ResultError) -> bool:
        action: Action = "subscribe" if isinstance(command, Subscribe) else "unsubscribe"
        self._reply(connection, action, command.id, success=False, error=error)
        return False

    def _reply(self, connection: ConnectionInfo, action: Action, command_id: str | None, **result: Any) -> None:
        connection.send_frame(
            TopicResult(
                topic=TOPIC,
                action=action,
                id=command_id,
                epoch=self.epoch.value,
                timestamp=to_wire(self.clock.now()),
                **result,
            )
        )


async def _may_send(connection: ConnectionInfo, position: FeedPosition) -> bool:
    """Wait until something may be sent; False: the connection is gone, or does not follow from there any more."""
    return await connection.wait_for_turn() and connection.feed is position


def _is_behind(position: FeedPosition, head: FeedHead) -> bool:
    if position.told is None:
        return True
    last_seq, read_revision, _ = position.told
    return head.last_seq > last_seq or head.read_revision > read_revision
