"""One connection: who it is, what it follows, and the way its frames leave."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from app.core.clock import Clock, to_wire
from app.core.limits import DebtTokenBucket, Strikes, TokenBucket
from app.core.principal import Principal
from app.domain.close_codes import CloseCode
from app.domain.messages import DEFAULT_LANGUAGE, Language
from app.transport.port import SocketTransport
from app.websocket.connections.feed_position import FeedPosition
from app.websocket.connections.outbox import Dropped, Outbox, Overflow, Waiting
from app.websocket.connections.sent_frames import SentFrames
from app.websocket.connections.subscription import Subscription
from app.websocket.messages.encoded_event import EncodedEvent
from app.websocket.messages.frames import Frame, LogsDropped, MadeUpDeletion

PAGE_BYTES: Final = 32_768  # of one write of a replay: fits a send buffer with room
# What a snapshot counts at least in its connection's pace: reading it costs more than sending it, and so their number
# has a bound too (256 a second by default).
SNAPSHOT_COST_BYTES: Final = 16_384
PULL_BURST_BYTES: Final = 1 << 20  # the largest replay leaves unpaced


@dataclass(slots=True, eq=False, weakref_slot=True)
class ConnectionInfo:
    """What is known of one open connection (seed: `ConnectionInfo`).

    The session owns it and removes it when it ends; every index holds it weakly. All methods are synchronous: nothing
    here ever waits for the client.
    """

    connection_id: str
    principal: Principal
    transport: SocketTransport  # the WebSocket itself
    address: str
    connected_at: datetime
    outbox: Outbox
    commands: TokenBucket
    strikes: Strikes
    pulls: DebtTokenBucket  # bytes of snapshots and replays
    clock: Clock
    sent: SentFrames  # of this process
    on_idle: Callable[[Subscription], None]  # the connection became idle: it may join its in-sync group
    language: Language = DEFAULT_LANGUAGE  # of its reader
    followed: dict[str, Subscription] = field(default_factory=dict)  # by task
    feed: FeedPosition | None = None  # in its user's notifications; None: it does not follow them
    is_reading_feed: bool = False  # a read of the feed, or sending its frames, is in progress
    # Per task: notices are sent above this seq only (the log's head at connect, the position at unsubscribe).
    notice_floor: dict[str, int] = field(default_factory=dict)
    ready: bool = False  # `connection_established` was sent: notices may follow
    opened_at: float = 0.0  # monotonic
    direct_bytes: int = 0  # written past the transport by the in-sync groups that it has left
    ping_count: int = 0  # pings of the client
    ping_sequence: int = 0  # pings of ours
    control_ping_at: float = 0.0  # loop time of our last control ping
    last_rate_error_at: float | None = None  # monotonic; `rate_limited` is said once a second
    close_code: int | None = None  # set by the first to close
    close_reason: str = ""
    drain_waiters: list[asyncio.Future[None]] = field(default_factory=list)
    pace_waiters: int = 0  # snapshots and pages of replays that wait because enough has left this second
    # Loop time at which the transport last held fewer bytes than before; valid while it holds some.
    progress_at: float = 0.0
    unsent_before: int = 0

    @property
    def user_id(self) -> str:
        return self.principal.user_id

    @property
    def is_told_of_all(self) -> bool:
        """Return whether it gets what is for its user as a whole: not with a key of a group.

        That is notices of scans that it does not follow, and announcements to named users.
        """
        return self.principal.group is None

    def described(self) -> dict[str, Any]:
        """Return `api.v1.connection_schemas.OpenConnection`, of this server."""
        return {
            "connection_id": self.connection_id,
            "user_id": self.user_id,
            "username": self.principal.username,
            "address": self.address,
            "connected_at": to_wire(self.connected_at),
            "server": None,
            "subscriptions": len(self.followed),
            "backlog_bytes": self.backlog_bytes,
        }

    @property
    def subscriptions(self) -> set[str]:
        return set(self.followed)

    @property
    def last_heartbeat(self) -> float:
        """Loop time of the last sign of life: any byte counts."""
        return self.transport.last_received

    @property
    def sent_bytes(self) -> int:
        """Bytes of frames that were handed over, without those of the in-sync groups that it is in now."""
        return self.transport.sent_bytes + self.direct_bytes

    @property
    def backlog_bytes(self) -> int:
        """Bytes that wait for this client, here and in its transport."""
        return self.outbox.size + self.transport.unsent_bytes

    @property
    def drained(self) -> bool:
        """Wait until nothing is queued here or in the transport, so that a snapshot or replay can be sent."""
        return not (self.outbox or self.transport.paused or self.transport.closed)

    @property
    def last_sent_at(self) -> float:
        """Loop time at which a frame was last handed over, alone or with an in-sync group."""
        groups = (
            subscription.group.sent_at for subscription in self.followed.values() if subscription.group is not None
        )
        return max(self.transport.last_sent, max(groups, default=0.0))

    def send_followed(self, subscription: Subscription, event: EncodedEvent) -> None:
        """Send an event of a subscribed task, now or after the queued frames."""
        if self.drained:
            self._write_followed(subscription, event)
        else:
            self._wait(Waiting(event=event, subscription=subscription))

    def send_notice(self, event: EncodedEvent) -> None:
        """Send an event of a task of this user without a subscription on this connection."""
        if self.drained:
            self._write_notice(event)
        else:
            self._wait(Waiting(event=event))

    def send_frame(self, frame: Frame) -> None:
        """Send a reply or another frame that is not an event, after everything published before it."""
        self.send(frame.to_bytes())

    def send(self, payload: bytes) -> None:
        """Send an encoded frame."""
        self._flush_groups()
        if self.drained:
            self._write(payload)
        else:
            self._wait(Waiting(payload=payload))

    def send_pulled(self, *payloads: bytes) -> None:
        """Send frames of one read, which waited for the socket to drain and do not count as backlog."""
        self.pulls.spend(max(sum(map(len, payloads)), SNAPSHOT_COST_BYTES), self.clock.monotonic())
        for payload in payloads:
            self._write(payload)

    def _flush_groups(self) -> None:
        """Send what was published to the in-sync groups of this connection."""
        for subscription in tuple(self.followed.values()):
            if subscription.group is not None:
                subscription.group.flush()

    def send_page(self, subscription: Subscription, page: Sequence[EncodedEvent]) -> int:
        """Rows of the log behind the subscription's cursor, as many as go into one write; how many of them were taken.

        As with `send_pulled`, it was waited for until the socket had drained.
        """
        frames: list[bytes] = []
        sent: list[EncodedEvent] = []
        size = done = 0
        for event in page:
            if size and size + event.size > PAGE_BYTES:
                break
            if not subscription.advance(event):
                done = len(page)  # known already, or a gap: the next read finds out
                break
            done += 1
            if subscription.topics.wants(event.event.type):
                told = event.told_in(self.language)
                frames.append(subscription.frame(told))
                sent.append(told)
                size += told.size
        if frames:
            self.pulls.spend(size, self.clock.monotonic())
            self.transport.send_framed(b"".join(frames))
            self.sent.add_replay(sent)
        return done

    def send_deletion(self, task_id: str) -> None:
        """Say that a task is gone whose log can no longer say it."""
        self.discard(task_id)
        self.send_frame(MadeUpDeletion(task_id=task_id, by="system", timestamp=to_wire(self.clock.now())))

    def leave_groups(self) -> None:
        """Leave all in-sync groups when the transport holds bytes: frames are queued here from now on."""
        for subscription in self.followed.values():
            subscription.leave_group()

    def flush(self) -> None:
        """Send queued frames after the transport has drained, until it fills again."""
        self.unsent_before = 0  # the peer took all of it: what the transport holds from now on is new
        while self.outbox and not (self.transport.paused or self.transport.closed):
            self._write_waiting(self.outbox.pop())
        if self.drained:
            for subscription in self.followed.values():
                self.on_idle(subscription)
            self._wake()

    def end(self) -> None:
        """End the connection after its transport has closed: nothing is written or awaited any more."""
        self.leave_groups()
        self._wake()

    def _wake(self) -> None:
        for waiter in self.drain_waiters:
            if not waiter.done():
                waiter.set_result(None)
        self.drain_waiters.clear()

    async def wait_drained(self) -> bool:
        """Wait until a snapshot or replay may be pulled; False: the connection is gone or closing.

        What was published before has left by then, so the frames that follow in the same turn keep their order.
        """
        self._flush_groups()
        while not self.drained and not self.transport.closed:
            waiter = asyncio.get_running_loop().create_future()
            self.drain_waiters.append(waiter)
            await waiter
            self._flush_groups()
        return not self.transport.closed

    async def wait_for_turn(self) -> bool:
        """Wait until a snapshot or a page of a replay may be sent: drained, and within the pace. False: as above."""
        while await self.wait_drained():
            pause_s = self.pulls.wait_s(self.clock.monotonic())
            if not pause_s:
                return True
            self.pace_waiters += 1
            try:
                await self.clock.sleep(pause_s)
            finally:
                self.pace_waiters -= 1
        return False

    def discard(self, task_id: str) -> None:
        self.outbox.discard_task(task_id)

    def discard_all(self) -> None:
        while self.outbox:
            self.outbox.pop()

    def close(self, code: CloseCode, reason: str | None = None) -> None:
        """Say why and end. The first reason stands; None: the usual one of the code."""
        reason = code.reasons[0] if reason is None else reason
        self.note_close(code, reason)
        if code == CloseCode.TOO_SLOW:
            self.transport.abort()  # a peer that takes no bytes takes no close frame either
        else:
            self.transport.close(code, reason)

    def note_close(self, code: int, reason: str) -> None:
        """Remember how it ended; the first word stands."""
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason

    def _wait(self, frame: Waiting) -> None:
        if self.transport.closed:
            return
        try:
            if frame.event is not None:
                self.outbox.add_event(frame.event, frame.subscription)
            elif frame.payload is not None:
                self.outbox.add_payload(frame.payload)
        except Overflow:
            self.close(CloseCode.TOO_SLOW)
        self._count_saved()

    def _count_saved(self) -> None:
        outbox = self.outbox
        if outbox.coalesced or outbox.dropped_frames:
            self.sent.add_saved(outbox.coalesced, outbox.dropped_frames)
            outbox.coalesced = outbox.dropped_frames = 0

    def _write_waiting(self, waiting: Waiting) -> None:
        if waiting.payload is not None:
            self._write(waiting.payload)
        elif waiting.dropped is not None:
            self._write_dropped(waiting.dropped)
        elif waiting.event is not None and waiting.subscription is not None:
            self._write_followed(waiting.subscription, waiting.event)
        elif waiting.event is not None:
            self._write_notice(waiting.event)

    def _write_dropped(self, gone: Dropped) -> None:
        frame = LogsDropped(
            task_id=gone.task_id,
            from_log_seq=gone.from_log_seq,
            to_log_seq=gone.to_log_seq,
            count=gone.count,
            timestamp=to_wire(self.clock.now()),
        )
        self._write(frame.to_bytes())

    def _write_notice(self, event: EncodedEvent) -> None:
        self.transport.send_framed(event.notice)
        self.sent.add_notice(event)

    def _write_followed(self, subscription: Subscription, event: EncodedEvent) -> None:
        self.transport.send_framed(subscription.frame(event))
        self.sent.add_live((event,))

    def _write(self, payload: bytes) -> None:
        self.transport.send(payload)
        self.sent.add_control()
