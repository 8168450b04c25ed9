"""One event, thousands of sockets: those who are level share a cursor, a frame and a write loop (ADR 0005).

A `LevelSet` holds the followers of one task with the same topics whose connections are idle: nothing waits for them,
and they all had the same last frame. An event costs one comparison and one frame for all of them. What is published
in one turn of the loop leaves in one write per connection, straight to its descriptor; whoever does not take all of it
is set aside (`connection`) and comes back when its socket has drained. When writing takes more than its share of the
process's time, what is published meanwhile waits a few milliseconds and leaves together (ADR 0009).
"""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol
from weakref import ref

import structlog

from app.core.metrics import Metrics
from app.websocket.peer import Peer
from app.websocket.protocol import EncodedEvent
from app.websocket.topics import Topics

log = structlog.get_logger(__name__)


class Member(Protocol):
    """What a level set needs of a follower (`connection.Follower`)."""

    peer: Peer
    # `LevelSet.direct_bytes` as it was when the member joined, and what it did not take: the rest was written to it.
    joined_at_bytes: int

    def take_back(self, cursor: int, last_sent: int, missed: Sequence[EncodedEvent], direct_bytes: int) -> None:
        """It has left its level set at this position; `missed` was published and not yet written to it.

        `direct_bytes` were written to its descriptor, past its peer, while it was in the set.
        """
        ...


BURST_S: Final = 0.005  # of writing that never waits
LONGEST_WAIT_S: Final = 0.05
HURRY_BYTES: Final = 16_384  # of one set: this much never waits, and fits the smallest usual send buffer


class Share:
    """How soon may fan-out write again, so that in the long run it takes no more than its share of the time?

    A virtual schedule (GCRA): T seconds of writing use T / share seconds; up to BURST_S that were not used are kept.
    All times are `time.monotonic()`: a loop's own time stands still during a turn.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._used_until = 0.0

    def wait_s(self, now: float) -> float:
        return max(0.0, self._used_until - now)

    def use(self, started: float, ended: float) -> None:
        earliest = max(self._used_until, started - BURST_S)
        self._used_until = min(earliest + (ended - started) / self._share, ended + LONGEST_WAIT_S)


class Fanout:
    """Collects what is published in one turn of the loop, or while writing has to wait, and flushes it once."""

    def __init__(self, metrics: Metrics, *, share: float) -> None:
        self.metrics = metrics
        self._share = Share(share)
        self._dirty: list[LevelSet] = []
        self._timer: asyncio.TimerHandle | None = None  # the flush waits
        self._soon = False  # the flush comes at the end of this turn

    def touch(self, level: "LevelSet") -> None:
        """The set has frames to send: by the end of this turn, or as soon as it is fan-out's turn."""
        self._dirty.append(level)
        if self._soon or self._timer is not None:
            return
        wait_s = self._share.wait_s(time.monotonic())
        if wait_s > 0:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._flush_turn)
        else:
            self.hurry()

    def hurry(self) -> None:
        """A set has so much to send that it cannot wait longer than this turn."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._soon:
            self._soon = True
            asyncio.get_running_loop().call_soon(self._flush_turn)

    def _flush_turn(self) -> None:
        self._soon, self._timer = False, None
        started = time.monotonic()
        while self._dirty:
            levels, self._dirty = self._dirty, []
            for level in levels:
                try:
                    level.flush()
                except Exception:  # a boundary: the other sets' followers are not to wait for their next event
                    log.exception("flush_failed")
        self._share.use(started, time.monotonic())


class LevelSet:
    """Idle followers of one task with the same topics, at the same position. Members are held weakly."""

    __slots__ = (
        "_direct",
        "_fanout",
        "_indirect",
        "_on_flushed",
        "_pending",
        "_pending_bytes",
        "_written",
        "cursor",
        "direct_bytes",
        "last_sent",
        "sent_at",
        "topics",
    )

    def __init__(self, topics: Topics, cursor: int, *, fanout: Fanout, on_flushed: Callable[[], None]) -> None:
        self.topics = topics
        self.cursor = cursor
        self.last_sent = cursor  # of every member, pending frames included; meaningless while there is none
        self.sent_at = 0.0  # loop time of the last write
        self.direct_bytes = 0  # written so far to each descriptor that was here from the beginning
        self._written = cursor  # `last_sent` without the pending frames
        self._fanout = fanout
        self._direct: dict[int, ref[Member]] = {}  # by descriptor
        self._indirect: dict[int, ref[Member]] = {}  # by id: written through their transports (TLS)
        self._pending: list[EncodedEvent] = []  # published and not written
        self._pending_bytes = 0
        self._on_flushed = on_flushed  # nothing is pending: others may join

    def __len__(self) -> int:
        return len(self._direct) + len(self._indirect)

    def publish(self, event: EncodedEvent) -> None:
        """The event after the cursor, for all members."""
        self.cursor = event.event.seq
        if not (self._direct or self._indirect) or not self.topics.wants(event.event.type):
            return
        if not self._pending:
            self._fanout.touch(self)
        self._pending.append(event)
        self._pending_bytes += event.size
        self.last_sent = event.event.seq
        if self._pending_bytes > HURRY_BYTES:
            self._fanout.hurry()

    def may_join(self, cursor: int, last_sent: int) -> bool:
        """Whether a follower at this position stands where the members stand, with nothing on its way to them."""
        return cursor == self.cursor and not self._pending and (not len(self) or last_sent == self.last_sent)

    def join(self, member: Member, last_sent: int) -> None:
        """Only after `may_join`; its connection is idle."""
        self.last_sent = self._written = last_sent
        member.joined_at_bytes = self.direct_bytes
        if member.peer.fd >= 0:
            self._direct[member.peer.fd] = ref(member)
        else:
            self._indirect[id(member)] = ref(member)

    def leave(self, member: Member) -> None:
        """Give the member its position back, with what was published and is not written yet.

        Nothing is flushed here: that would write to others between a partial write and its rest.
        """
        direct_bytes = 0
        if self._indirect.pop(id(member), None) is None:
            del self._direct[member.peer.fd]
            direct_bytes = self.direct_bytes - member.joined_at_bytes
        member.take_back(self.cursor, self._written, tuple(self._pending), direct_bytes)

    def flush(self) -> None:
        """Write what is pending to every member."""
        if not self._pending:
            return
        data, events, count = self._join_frames(), self._pending, len(self)
        self._pending, self._pending_bytes, self._written = [], 0, self.last_sent
        self.sent_at = asyncio.get_running_loop().time()
        self._write_direct(data)
        for found in list(self._indirect.values()):
            _with(found, lambda member: member.peer.send_framed(data))
        self._count(events, count)
        self._on_flushed()

    def _join_frames(self) -> bytes:
        if len(self._pending) == 1:
            return self._pending[0].followed(self._written)
        frames, last = [], self._written
        for event in self._pending:
            frames.append(event.followed(last))
            last = event.event.seq
        return b"".join(frames)

    def _write_direct(self, data: bytes) -> None:
        write, size = os.write, len(data)
        short: list[tuple[int, int]] = []  # descriptor, bytes taken; -1: broken
        descriptors = iter(self._direct)
        fd = -1
        while True:
            try:
                for fd in descriptors:
                    taken = write(fd, data)
                    if taken != size:
                        short.append((fd, taken))
                break
            except BlockingIOError:
                short.append((fd, 0))
            except OSError:
                short.append((fd, -1))
        self.direct_bytes += size
        for fd, taken in short:
            self._set_aside(self._direct[fd], data, taken)

    def _set_aside(self, found: "ref[Member]", data: bytes, taken: int) -> None:
        member = found()
        if member is None:
            return
        member.joined_at_bytes += len(data) - max(taken, 0)
        if taken < 0:
            member.peer.abort()
        else:
            # The transport keeps the rest and pauses, upon which the connection leaves all its level sets.
            member.peer.send_framed(data[taken:])

    def _count(self, events: Sequence[EncodedEvent], members: int) -> None:
        metrics = self._fanout.metrics
        metrics.messages_sent.inc(members * len(events))
        for event in events:
            metrics.notified(event.event.type).inc(members)


def _with(found: "ref[Member]", act: Callable[[Member], None]) -> None:
    member = found()
    if member is not None:
        act(member)
