"""One task as server-sent events for one reader (HTML Living Standard, "Server-sent events"; protocol.md, section 8).

The same log and the same payloads as on the socket, without `prev_seq`: HTTP keeps the order, and the reader's
`Last-Event-ID` is its position. A stream is a cursor of its own that is pulled by its reader: what the reader does not
take is not read from the log, so there is no queue, nothing to coalesce, and nothing that a slow one costs the others.
The first piece alone is read before the answer begins, whose status says whether the log can be read.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from app.core.clock import Clock, to_wire
from app.core.db import DatabaseDamaged, DatabaseUnavailable
from app.core.ids import new_id
from app.core.principal import Principal
from app.domain.messages import Language
from app.events.event import Event
from app.websocket.messages.encoded_event import EncodedEvent
from app.websocket.messages.frames import Frame, MadeUpDeletion, ReconnectAdvice
from app.websocket.state.log_position import LogPosition
from app.websocket.state.log_reader import LogPage
from app.websocket.state.state_reader import Snapshot

CHUNK_BYTES: Final = 16_384  # events are sent together up to about here; one may be larger
# Browsers wait so long before they come back. At random, so that not all of them come at once.
RETRY_MS: Final = (500, 3_000)
RESTART_MS: Final = (0, 2_000)  # the same after a restart, as `reconnect_advice` says it on the socket
PING: Final = b": ping\n\n"
GONE: Final = "gone"  # the reader has left
DELETED: Final = "deleted"
RESTART: Final = "restart"
TOO_SLOW: Final = "too_slow"
DAMAGED: Final = DatabaseDamaged.code  # what it needs of the log, for good: who comes back is answered 503
log = structlog.get_logger(__name__)

ReadPage = Callable[[str, int], Awaitable[LogPage]]  # (task, seq): what comes after it
Abort = Callable[[], None]
ReadSnapshot = Callable[[str, int], Awaitable[Snapshot | None]]  # (task, a seq that it reaches if the log does)


@dataclass(slots=True, kw_only=True, eq=False, repr=False, weakref_slot=True)
class EventStream(LogPosition):
    """The position of one reader, and what comes next for it. All methods but `chunks` are synchronous."""

    task_id: str
    principal: Principal
    address: str
    language: Language  # of the reader
    read_epoch: Callable[[], str]
    read_page: ReadPage
    read_snapshot: ReadSnapshot
    clock: Clock
    ping_after_s: float
    on_events: Callable[[int], None]  # told how many were handed over
    stream_id: str = field(default_factory=new_id)
    opened_at: float = field(init=False)
    epoch: str = field(init=False)  # in which `cursor` counts
    sent_bytes: int = 0  # that the reader took
    ended: str | None = None  # why the stream ends; set once
    abort: Abort | None = None  # set while the reader's socket takes nothing
    followed_users: list[str] = field(default_factory=list)  # whose hints it needs; kept by the registry
    _needs_snapshot: bool = False
    _lost: bool = False  # the task's row is gone
    _offered: Sequence[Event] = ()  # bodies of the newest hint
    _pending: deque[Event] = field(default_factory=deque)  # read, and not yet handed over: one page at most
    _prepared: bytes = b""  # the first piece, between `prepare` and `chunks`
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.opened_at, self.epoch = self.clock.monotonic(), self.read_epoch()

    def start_at(self, cursor: int, head: int) -> None:
        """Go on after `cursor`; the log ends at `head`."""
        self.cursor = cursor
        self.raise_target(head)

    def restart(self) -> None:
        """Replace a position that cannot be served by a snapshot."""
        self._needs_snapshot = True
        self._woken.set()

    def offer(self, seq: int, events: Sequence[Event] = ()) -> None:
        """Take the news that the task reached `seq`; `events` are bodies sent with it."""
        self.raise_target(seq)
        if events:
            self._offered = events
        self._woken.set()

    def lose(self) -> None:
        """End the stream of a task whose row is gone together with its deletion event."""
        self._lost = True
        self._woken.set()

    def end(self, reason: str) -> None:
        """End the stream; the first reason counts."""
        if self.ended is None:
            self.ended = reason
            self._woken.set()
            if self.abort is not None:  # a reader that takes no bytes takes no closing chunk either
                self.abort()

    async def prepare(self) -> None:
        """Read the first piece, before anything is answered. Raises DatabaseDamaged: there will never be one."""
        self._prepared = await self._next()
        if self.ended == DAMAGED:
            raise DatabaseDamaged

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the chunks to write, until the stream has ended. Each is requested when the one
        before it was taken; a ping is due `ping_after_s` later, however often the stream is woken for nothing.
        """
        loop = asyncio.get_running_loop()
        yield f"retry: {random.randint(*RETRY_MS)}\n\n".encode()  # noqa: S311 - spreads load, keeps no secret
        prepared, self._prepared = self._prepared, b""
        if prepared:
            yield prepared
        ping_at = loop.time() + self.ping_after_s
        while self.ended is None:
            self._woken.clear()
            chunk = await self._next()
            if not chunk and self.ended is None and not await self._wait(until=ping_at):
                chunk = PING
            if chunk:
                yield chunk
                ping_at = loop.time() + self.ping_after_s
        yield self._ending()

    async def _wait(self, *, until: float) -> bool:
        """Return whether there is something to look at before `until` (the loop's time)."""
        try:
            async with asyncio.timeout_at(until):
                await self._woken.wait()
        except TimeoutError:
            return False
        return asyncio.get_running_loop().time() < until

    async def _next(self) -> bytes:
        """Return the next chunk; empty if the reader has all known events."""
        try:
            if self._lost:
                return self._made_up_deletion()
            if self._needs_snapshot:
                return await self._snapshot()
            if not self._pending and self.behind:
                await self._fill()
            return await self._snapshot() if self._needs_snapshot else self._encode_pending()
        except DatabaseDamaged:
            self.end(DAMAGED)
            return b""
        except DatabaseUnavailable:
            log.warning("stream_read_failed", task_id=self.task_id)
            self.give_up()  # the sweep speaks up when the database is back
            return b""

    async def _fill(self) -> None:
        offered, self._offered = self._offered, ()
        events = [event for event in offered if event.seq > self.cursor]
        if not events or events[0].seq != self.cursor + 1:
            page = await self.read_page(self.task_id, self.cursor)
            self._needs_snapshot = not page.follows(self.cursor)
            events = page.events
        if self._needs_snapshot:
            return
        if not events:
            self.give_up()  # the hint ran ahead of what can be read
        self._pending.extend(events)

    def _encode_pending(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while self._pending and size < CHUNK_BYTES and self.ended is None:
            event = self._pending[0]
            if event.seq != self.cursor + 1:  # what lies between was pruned
                self.restart()
                break
            self._pending.popleft()
            parts.append(encode(event.type, EncodedEvent(event).told_in(self.language).payload, self._id_of(event.seq)))
            size += len(parts[-1])
            self.cursor = event.seq
            if event.type == "task_deleted":
                self.end(DELETED)
        self.on_events(len(parts))
        return b"".join(parts)

    async def _snapshot(self) -> bytes:
        epoch = self.read_epoch()  # before the read: a restore in between is found by the sweep, which compares
        found = await self.read_snapshot(self.task_id, self.target_seq)
        if found is None:
            return self._made_up_deletion()
        self._needs_snapshot = False
        self._pending.clear()
        self.epoch = epoch
        self.cursor = found.seq
        self.raise_target(found.seq)
        return encode("task_snapshot", found.payload, self._id_of(found.seq))

    def _id_of(self, seq: int) -> str:
        """Return the id for resuming (`Last-Event-ID`)."""
        return f"{self.epoch}:{seq}"

    def _made_up_deletion(self) -> bytes:
        self.end(DELETED)
        frame = MadeUpDeletion(task_id=self.task_id, by="system", timestamp=to_wire(self.clock.now()))
        return encode(frame.type, frame.to_bytes())

    def _ending(self) -> bytes:
        """Return the reason of the end for people; for a restart also when to reconnect."""
        said = f": {self.ended}\n\n".encode()
        if self.ended != RESTART:
            return said
        low, high = RESTART_MS
        advice: Frame = ReconnectAdvice(
            reason=RESTART, delay_min_ms=low, delay_max_ms=high, timestamp=to_wire(self.clock.now())
        )
        retry = f"retry: {random.randint(low, high)}\n".encode()  # noqa: S311 - spreads load, keeps no secret
        return said + retry + encode("reconnect_advice", advice.to_bytes())


def encode(kind: str, payload: bytes, event_id: str | None = None) -> bytes:
    """Encode one event of a stream. `payload` is JSON on one line; without `event_id` the reader's position stays."""
    identified = b"" if event_id is None else b"id: %s\n" % event_id.encode()
    return b"%sevent: %s\ndata: %s\n\n" % (identified, kind.encode(), payload)
