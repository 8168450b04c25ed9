"""One connection: who it is, what it follows, and the way its frames leave."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.core.clock import Clock, to_wire
from app.core.identity import Identity
from app.core.limits import Pace, Strikes, TokenBucket
from app.core.metrics import Metrics
from app.websocket.codes import CloseCode
from app.websocket.fanout import LevelSet
from app.websocket.outbox import Dropped, Outbox, Overflow, Waiting
from app.websocket.peer import Peer
from app.websocket.protocol import EncodedEvent, LogsDropped
from app.websocket.topics import ALL_TOPICS

PAGE_BYTES: Final = 32_768  # of one write of a replay: fits a send buffer with room
# What a snapshot counts at least in its connection's pace: reading it costs more than sending it, and so their number
# has a bound too (256 a second by default).
SNAPSHOT_COST_BYTES: Final = 16_384
PULL_BURST_BYTES: Final = 1 << 20  # the largest replay leaves unpaced


class Follower:
    """A task followed on one connection.

    `cursor` is the seq up to which the log has been considered for it: sent, filtered or coalesced away. `last_sent`
    is what the next frame's `prev_seq` says: the last seq that was put on the socket, or the position of the snapshot
    or resume. While it is in a level set it has both from there.
    """

    __slots__ = (
        "__weakref__",
        "_cursor",
        "_last_sent",
        "catching_up",
        "connection",
        "generation",
        "joined_at_bytes",
        "level",
        "live",
        "log_tail",
        "needs_snapshot",
        "peer",
        "task_id",
        "topics",
    )

    def __init__(self, task_id: str, connection: "ConnectionInfo") -> None:
        self.peer = connection.peer
        self.level: LevelSet | None = None  # set while its connection is idle and it is level
        self.joined_at_bytes = 0  # the level set's
        self.task_id = task_id
        self.connection = connection
        self.topics = ALL_TOPICS
        self.log_tail = 200
        self._cursor = self._last_sent = 0
        self.live = False  # gets events as they are delivered; else its state comes from the log
        self.catching_up = False  # one catch-up in flight
        self.needs_snapshot = False  # the log no longer holds what comes after the cursor
        self.generation = 0  # raised when the position is set anew or given up: a read under way for it is void

    @property
    def cursor(self) -> int:
        return self._cursor if self.level is None else self.level.cursor

    @property
    def last_sent(self) -> int:
        return self._last_sent if self.level is None else self.level.last_sent

    def start_at(self, cursor: int) -> None:
        """A snapshot, replay or resume puts the position at `cursor`; what comes after it is read from the log."""
        self.leave_level()
        self._cursor = self._last_sent = cursor
        self.live = False
        self.generation += 1

    def stop_live(self) -> None:
        """From now on its state comes from the log again, and what is being read for it is void."""
        self.leave_level()
        self.live = False
        self.generation += 1

    def leave_level(self) -> None:
        """Take the position along. Idempotent."""
        if self.level is not None:
            self.level.leave(self)

    def take_back(self, cursor: int, last_sent: int, missed: Sequence[EncodedEvent], direct_bytes: int) -> None:
        """Out of the level set, with what it had published and not written."""
        self.level = None
        self.connection.direct_bytes += direct_bytes
        self._cursor, self._last_sent = cursor, last_sent
        for event in missed:
            self.connection.send_followed(self, event)

    def deliver(self, event: EncodedEvent) -> bool:
        """Take the row after the cursor and send it; False when it is not that one."""
        if not self.advance(event):
            return False
        if self.topics.wants(event.event.type):
            self.connection.send_followed(self, event)
        return True

    def advance(self, event: EncodedEvent) -> bool:
        """Whether it is the row after the cursor, which then moves on; else it is known already, or a gap to pull."""
        if event.event.seq != self._cursor + 1:
            return False
        self._cursor = event.event.seq
        return True

    def frame(self, event: EncodedEvent) -> bytes:
        """The frame as it leaves now, with the `prev_seq` that is true now."""
        frame = event.followed(self._last_sent)
        self._last_sent = event.event.seq
        return frame


@dataclass(slots=True, eq=False, weakref_slot=True)
class ConnectionInfo:
    """What is known of one open connection (seed: `ConnectionInfo`).

    The session owns it and removes it when it ends; every index holds it weakly. All methods are synchronous: nothing
    here ever waits for the client.
    """

    connection_id: str
    identity: Identity
    peer: Peer  # the WebSocket itself
    address: str
    connected_at: datetime
    outbox: Outbox
    commands: TokenBucket
    strikes: Strikes
    pulls: Pace  # bytes of snapshots and replays
    clock: Clock
    metrics: Metrics
    on_idle: Callable[[Follower], None]  # a follower of a connection that became idle may join its level set
    followers: dict[str, Follower] = field(default_factory=dict)  # by task
    # Per task: notices are sent above this seq only (the log's head at connect, the position at unsubscribe).
    notice_floor: dict[str, int] = field(default_factory=dict)
    ready: bool = False  # `connection_established` was sent: notices may follow
    opened_at: float = 0.0  # monotonic
    direct_bytes: int = 0  # written past the peer by the level sets that it has left
    ping_count: int = 0  # pings of the client
    ping_sequence: int = 0  # pings of ours
    control_ping_at: float = 0.0  # loop time of our last control ping
    last_rate_error_at: float | None = None  # monotonic; `rate_limited` is said once a second
    close_code: int | None = None  # set by whoever closes first
    close_reason: str = ""
    drain_waiters: list[asyncio.Future[None]] = field(default_factory=list)
    pace_waiters: int = 0  # snapshots and pages of replays that wait because enough has left this second
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
    def sent_bytes(self) -> int:
        """Bytes of frames that were handed over, without those of the level sets that it is in now."""
        return self.peer.sent_bytes + self.direct_bytes

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait for this client, here and in its transport."""
        return self.outbox.size + self.peer.unsent_bytes

    @property
    def drained(self) -> bool:
        """Nothing waits, neither here nor in the transport: a snapshot or replay may be pulled."""
        return not (self.outbox or self.peer.paused or self.peer.closed)

    @property
    def last_sent_at(self) -> float:
        """Loop time at which a frame was last handed over, alone or with a level set."""
        levels = (follower.level.sent_at for follower in self.followers.values() if follower.level is not None)
        return max(self.peer.last_sent, max(levels, default=0.0))

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
        """A reply or another frame that is not an event. It comes behind what was published before it."""
        self._flush_levels()
        if self.drained:
            self._write(payload)
        else:
            self._wait(Waiting(payload=payload))

    def send_pulled(self, payload: bytes) -> None:
        """A frame of a snapshot or replay: it was waited for until the socket had drained and is no backlog."""
        self.pulls.spend(max(len(payload), SNAPSHOT_COST_BYTES), self.clock.monotonic())
        self._write(payload)

    def _flush_levels(self) -> None:
        """Send what was published to the level sets of this connection."""
        for follower in tuple(self.followers.values()):
            if follower.level is not None:
                follower.level.flush()

    def send_page(self, follower: Follower, page: Sequence[EncodedEvent]) -> int:
        """Rows of the log behind the follower's cursor, as many as go into one write; how many of them are done with.

        As with `send_pulled`, it was waited for until the socket had drained.
        """
        frames: list[bytes] = []
        size = done = 0
        for event in page:
            if size and size + event.size > PAGE_BYTES:
                break
            if not follower.advance(event):
                done = len(page)  # known already, or a gap: the next read finds out
                break
            done += 1
            if follower.topics.wants(event.event.type):
                frames.append(follower.frame(event))
                size += event.size
                self.metrics.notified(event.event.type).inc()
        if frames:
            self.pulls.spend(size, self.clock.monotonic())
            self.peer.send_framed(b"".join(frames))
            self.metrics.messages_sent.inc(len(frames))
        return done

    def set_aside(self) -> None:
        """The transport holds bytes: what comes now waits here, and no level set writes to it."""
        for follower in self.followers.values():
            follower.leave_level()

    def flush(self) -> None:
        """The transport has drained: send what waits until it fills again."""
        self.unsent_before = 0  # the peer took all of it: what the transport holds from now on is new
        while self.outbox and not (self.peer.paused or self.peer.closed):
            self._write_waiting(self.outbox.pop())
        if self.drained:
            for follower in self.followers.values():
                self.on_idle(follower)
            self._wake()

    def end(self) -> None:
        """The peer is closed: nothing is written any more, and nobody waits for it."""
        self.set_aside()
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
        self._flush_levels()
        while not self.drained and not self.peer.closed:
            waiter = asyncio.get_running_loop().create_future()
            self.drain_waiters.append(waiter)
            await waiter
            self._flush_levels()
        return not self.peer.closed

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

    def close(self, code: int, reason: str = "") -> None:
        """Say why and end. The first reason stands."""
        self.note_close(code, reason)
        if code == CloseCode.TOO_SLOW:
            self.peer.abort()  # a peer that takes no bytes takes no close frame either
        else:
            self.peer.close(code, reason)

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
        self._write_framed(event.notice)
        self.metrics.notified(event.event.type).inc()

    def _write_followed(self, follower: Follower, event: EncodedEvent) -> None:
        self._write_framed(follower.frame(event))
        self.metrics.notified(event.event.type).inc()

    def _write(self, payload: bytes) -> None:
        self.peer.send(payload)
        self.metrics.messages_sent.inc()

    def _write_framed(self, frame: bytes) -> None:
        self.peer.send_framed(frame)
        self.metrics.messages_sent.inc()
