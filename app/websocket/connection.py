"""One connection: who it is, what it follows, and the way its frames leave."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from starlette.websockets import WebSocket

from app.core.clock import Clock, to_wire
from app.core.identity import Identity
from app.core.limits import Strikes, TokenBucket
from app.core.metrics import Metrics
from app.websocket.codes import CloseCode
from app.websocket.outbox import Dropped, Outbox, Overflow, Waiting
from app.websocket.protocol import EncodedEvent, LogsDropped
from app.websocket.transport import Peer

ALL_TOPICS: Final = frozenset({"progress", "logs"})
TOPIC_OF_TYPE: Final = {"task_progress": "progress", "task_logs": "logs"}


@dataclass(slots=True, eq=False, weakref_slot=True)
class Follower:
    """A task followed on one connection.

    `cursor` is the seq up to which the log has been considered for it: sent, filtered or coalesced away.
    `last_sent` is what the next frame's `prev_seq` says: the last seq that was put on the socket, or the position of
    the snapshot or resume. While `live` is False its state comes from the log, not from the live stream.
    """

    task_id: str
    connection: "ConnectionInfo"
    topics: frozenset[str] = ALL_TOPICS
    log_tail: int = 200
    cursor: int = 0
    last_sent: int = 0
    live: bool = False
    catching_up: bool = False  # one catch-up in flight
    needs_snapshot: bool = False  # the log no longer holds what comes after the cursor
    generation: int = 0  # raised when the position is set anew: a read under way for the old one is void

    def wants(self, event_type: str) -> bool:
        topic = TOPIC_OF_TYPE.get(event_type)
        return topic is None or topic in self.topics

    def start_at(self, cursor: int) -> None:
        """A snapshot, replay or resume puts the position at `cursor`; what comes after it is read from the log."""
        self.cursor = self.last_sent = cursor
        self.live = False
        self.generation += 1

    def deliver(self, event: EncodedEvent) -> bool:
        """Take the row after the cursor; False when it is not that one (known already, or a gap to be pulled)."""
        seq = event.event.seq
        if seq != self.cursor + 1:
            return False
        self.cursor = seq
        if self.wants(event.event.type):
            self.connection.send_followed(self, event)
        return True


@dataclass(slots=True, eq=False, weakref_slot=True)
class ConnectionInfo:
    """What is known of one open connection (seed: `ConnectionInfo`).

    The session owns it and removes it when it ends; every index holds it weakly. All methods are synchronous: nothing
    here ever waits for the client.
    """

    connection_id: str
    identity: Identity
    websocket: WebSocket
    peer: Peer
    address: str
    connected_at: datetime
    outbox: Outbox
    commands: TokenBucket
    strikes: Strikes
    clock: Clock
    metrics: Metrics
    followers: dict[str, Follower] = field(default_factory=dict)  # by task
    # Per task: notices are sent above this seq only (the log's head at connect, the position at unsubscribe).
    notice_floor: dict[str, int] = field(default_factory=dict)
    ready: bool = False  # `connection_established` was sent: notices may follow
    opened_at: float = 0.0  # monotonic
    ping_count: int = 0  # pings of the client
    ping_sequence: int = 0  # pings of ours
    control_ping_at: float = 0.0  # loop time of our last control ping
    last_rate_error_at: float | None = None  # monotonic; `rate_limited` is said once a second
    close_code: int | None = None  # set by whoever closes first
    close_reason: str = ""
    drain_waiters: list[asyncio.Future[None]] = field(default_factory=list)
    # Loop time at which the transport last held fewer bytes than before; valid while it holds some.
    progress_at: float = 0.0
    unsent_before: int = 0

    @property
    def user_id(self) -> str:
        return self.identity.user_id

    @property
    def subscriptions(self) -> set[str]:
        return set(self.followers)

    @property
    def last_heartbeat(self) -> float:
        """Loop time of the last sign of life: any byte counts."""
        return self.peer.last_received

    @property
    def drained(self) -> bool:
        """Nothing waits, neither here nor in the transport: a snapshot or replay may be pulled."""
        return not self.outbox and self.peer.writable

    def send_followed(self, follower: Follower, event: EncodedEvent) -> None:
        """An event of a followed task, now or behind what waits."""
        if self.drained:
            self._write_followed(follower, event)
        else:
            self._wait(Waiting(event=event, follower=follower))

    def send_notice(self, event: EncodedEvent) -> None:
        """An event of a task of this user that is not followed here."""
        if self.drained:
            self._write_notice(event)
        else:
            self._wait(Waiting(event=event))

    def send(self, payload: bytes) -> None:
        """A reply or another frame that is not an event."""
        if self.drained:
            self._write(payload)
        else:
            self._wait(Waiting(payload=payload))

    def send_pulled(self, payload: bytes) -> None:
        """A frame of a snapshot or replay: it was waited for until the socket had drained and is no backlog."""
        self._write(payload)

    def flush(self) -> None:
        """The transport has drained, or the connection is lost: send what waits until it fills again."""
        while self.outbox and self.peer.writable:
            self._write_waiting(self.outbox.pop())
        if self.drained or self.peer.closed:
            for waiter in self.drain_waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self.drain_waiters.clear()

    async def wait_drained(self) -> bool:
        """Wait until a snapshot or replay may be pulled; False: the connection is gone or closing."""
        while not self.drained and not self.peer.closed:
            waiter = asyncio.get_running_loop().create_future()
            self.drain_waiters.append(waiter)
            await waiter
        return not self.peer.closed

    def discard(self, task_id: str) -> None:
        self.outbox.discard_task(task_id)

    def discard_all(self) -> None:
        while self.outbox:
            self.outbox.pop()

    def close(self, code: int, reason: str = "") -> None:
        """Say why and end. The first reason stands."""
        self.note_close(code, reason)
        if code == CloseCode.TOO_SLOW:
            self.peer.abort()  # a peer that takes no bytes takes no close frame either
        else:
            self.peer.close(code, reason)
        self.flush()

    def note_close(self, code: int, reason: str) -> None:
        """Remember how it ended; the first word stands."""
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason

    def _wait(self, frame: Waiting) -> None:
        if self.peer.closed:
            return
        try:
            if frame.event is not None:
                self.outbox.add_event(frame.event, frame.follower)
            elif frame.payload is not None:
                self.outbox.add_payload(frame.payload)
        except Overflow:
            self.close(CloseCode.TOO_SLOW, "too_slow")
        self._count_savings()

    def _count_savings(self) -> None:
        if self.outbox.coalesced:
            self.metrics.frames_coalesced.inc(self.outbox.coalesced)
            self.outbox.coalesced = 0
        if self.outbox.dropped_frames:
            self.metrics.log_frames_dropped.inc(self.outbox.dropped_frames)
            self.outbox.dropped_frames = 0

    def _write_waiting(self, waiting: Waiting) -> None:
        if waiting.payload is not None:
            self._write(waiting.payload)
        elif waiting.dropped is not None:
            self._write_dropped(waiting.dropped)
        elif waiting.event is not None and waiting.follower is not None:
            self._write_followed(waiting.follower, waiting.event)
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
        self._write(event.notice)
        self.metrics.notifications_sent.labels(event.event.type).inc()

    def _write_followed(self, follower: Follower, event: EncodedEvent) -> None:
        self._write(event.followed(follower.last_sent))
        follower.last_sent = event.event.seq
        self.metrics.notifications_sent.labels(event.event.type).inc()

    def _write(self, payload: bytes) -> None:
        self.peer.send(payload)
        self.metrics.messages_sent.inc()
