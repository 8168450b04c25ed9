"""One event, thousands of sockets: those that are in sync share a cursor, a frame and a write loop (ADR 0005).

An `InSyncGroup` holds the subscriptions to one task with the same topics and language whose connections are idle:
nothing waits for them, and they all had the same last frame. An event costs one comparison and one frame for all of
them. What is published in one turn of the loop leaves in one write per connection, straight to its descriptor. A socket
that does not take all of it is backpressured: it leaves the group, and comes back when it has drained. When writing
takes more than its share of the process's time, what is published meanwhile waits a few milliseconds and leaves
together (ADR 0009).
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import ref

import structlog

from app.core import tracing
from app.websocket.connections.sent_frames import SentFrames
from app.websocket.messages.encoded_event import EncodedEvent
from app.websocket.messages.topics import Topics

if TYPE_CHECKING:  # a group does not make its members
    from app.websocket.connections.subscription import Subscription

log = structlog.get_logger(__name__)

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

    def __init__(self, sent: SentFrames, *, share: float) -> None:
        self.sent = sent
        self._share = Share(share)
        self._dirty: list[InSyncGroup] = []
        self._timer: asyncio.TimerHandle | None = None  # the flush waits
        self._soon = False  # the flush comes at the end of this turn

    def touch(self, group: "InSyncGroup") -> None:
        """Schedule the frames of a set for the end of this turn, or for the next turn of the fan-out."""
        self._dirty.append(group)
        if self._soon or self._timer is not None:
            return
        wait_s = self._share.wait_s(time.monotonic())
        if wait_s > 0:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._flush_turn)
        else:
            self.hurry()

    def hurry(self) -> None:
        """Send the frames of a large set at the end of this turn."""
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
            groups, self._dirty = self._dirty, []
            for group in groups:
                try:
                    group.flush()
                except Exception:  # a boundary: members of the other groups must not wait for their next event
                    log.exception("flush_failed")
        self._share.use(started, time.monotonic())


@dataclass(slots=True, eq=False, repr=False)
class InSyncGroup:
    """Idle subscriptions to a task with the same topics and language, at the same position. Members are held weakly."""

    topics: Topics
    cursor: int
    fanout: Fanout
    on_flushed: Callable[[], None]  # nothing is pending: others may join
    last_sent: int = 0  # of every member, pending frames included; meaningless while there is none
    sent_at: float = 0.0  # loop time of the last write
    direct_bytes: int = 0  # written so far to each descriptor that was here from the beginning
    _written: int = 0  # `last_sent` without the pending frames
    _direct: "dict[int, ref[Subscription]]" = field(default_factory=dict)  # by descriptor
    _indirect: "dict[int, ref[Subscription]]" = field(default_factory=dict)  # by id: through their transports (TLS)
    _pending: list[EncodedEvent] = field(default_factory=list)  # published and not written
    _pending_bytes: int = 0

    def __len__(self) -> int:
        return len(self._direct) + len(self._indirect)

    def publish(self, event: EncodedEvent) -> None:
        """Publish the event after the cursor to all members."""
        self.cursor = event.event.seq
        if not (self._direct or self._indirect) or not self.topics.wants(event.event.type):
            return
        if not self._pending:
            self.fanout.touch(self)
        self._pending.append(event)
        self._pending_bytes += event.size
        self.last_sent = event.event.seq
        if self._pending_bytes > HURRY_BYTES:
            self.fanout.hurry()

    def may_join(self, cursor: int, last_sent: int) -> bool:
        """Return whether a subscription at this position is in sync with the members, with nothing in flight."""
        return cursor == self.cursor and not self._pending and (not len(self) or last_sent == self.last_sent)

    def join(self, member: "Subscription", last_sent: int) -> None:
        """Add a subscription, only after `may_join`; its connection is idle."""
        self.last_sent = self._written = last_sent
        member.joined_at_bytes = self.direct_bytes
        if member.transport.fd >= 0:
            self._direct[member.transport.fd] = ref(member)
        else:
            self._indirect[id(member)] = ref(member)

    def leave(self, member: "Subscription") -> None:
        """Give the member its position back, with what was published and is not written yet.

        Nothing is flushed here: that would write to others between a partial write and its rest.
        """
        direct_bytes = 0
        if self._indirect.pop(id(member), None) is None:
            del self._direct[member.transport.fd]
            direct_bytes = self.direct_bytes - member.joined_at_bytes
        member.take_back(self.cursor, self._written, tuple(self._pending), direct_bytes)

    def flush(self) -> None:
        """Write what is pending to every member."""
        if not self._pending:
            return
        data, events, count = self._join_frames(), self._pending, len(self)
        self._pending, self._pending_bytes, self._written = [], 0, self.last_sent
        self.sent_at = asyncio.get_running_loop().time()
        began_ns = time.time_ns() if tracing.is_on() else 0
        self._write_direct(data)
        for found in list(self._indirect.values()):
            _with(found, lambda member: member.transport.send_framed(data))
        self.fanout.sent.add_live(events, count)
        if began_ns:
            for event in events:
                note = {"sockets": count, "seq": event.event.seq}
                tracing.add_span("socket write", parent=event.trace, began_ns=began_ns, kind="producer", **note)
        self.on_flushed()

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
            self._write_rest(self._direct[fd], data, taken)

    def _write_rest(self, found: "ref[Subscription]", data: bytes, taken: int) -> None:
        member = found()
        if member is None:
            return
        member.joined_at_bytes += len(data) - max(taken, 0)
        if taken < 0:
            member.transport.abort()
        else:
            # The transport keeps the rest and pauses, upon which the connection leaves all its in-sync groups.
            member.transport.send_framed(data[taken:])


def _with(found: "ref[Subscription]", act: "Callable[[Subscription], None]") -> None:
    member = found()
    if member is not None:
        act(member)
