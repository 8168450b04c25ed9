"""One task as server-sent events for one reader (HTML Living Standard, "Server-sent events"; protocol.md, section 8).

The same log and the same payloads as on the socket, without `prev_seq`: HTTP keeps the order, and the reader's
`Last-Event-ID` is its position. A stream is a cursor of its own that is pulled by its reader: what the reader does not
take is not read from the log, so there is no queue, nothing to coalesce, and nothing that a slow one costs the others.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core.clock import Clock, to_wire
from app.core.db import DatabaseUnavailable
from app.core.identity import Identity
from app.events.types import Event
from app.websocket.protocol import EncodedEvent, Frame, MadeUpDeletion, ReconnectAdvice
from app.websocket.resume import Snapshot

ABORT_KEY: Final = "compliance.abort"  # an ASGI extension of ours: app/api/transport.py
CHUNK_BYTES: Final = 16_384  # events are sent together up to about here; one may be larger
# Browsers wait so long before they come back. At random, so that not all of them come at once.
RETRY_MS: Final = (500, 3_000)
RESTART_MS: Final = (0, 2_000)  # the same after a restart, as `reconnect_advice` says it on the socket
PING: Final = b": ping\n\n"
GONE: Final = "gone"  # the reader has left
DELETED: Final = "deleted"
RESTART: Final = "restart"
TOO_SLOW: Final = "too_slow"
HEADERS: Final = {
    "Cache-Control": "no-cache, no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold events back until its buffer is full
}
log = structlog.get_logger(__name__)

# (task, seq): the next events, a page at most; None when there were some and they are no longer kept.
ReadAfter = Callable[[str, int], Awaitable[Sequence[Event] | None]]
Abort = Callable[[], None]
ReadSnapshot = Callable[[str, int], Awaitable[Snapshot | None]]  # (task, a seq that it reaches if the log does)


class EventStream:
    """The position of one reader, and what comes next for it. All methods but `chunks` are synchronous."""

    __slots__ = (
        "__weakref__",
        "_clock",
        "_lost",
        "_needs_snapshot",
        "_offered",
        "_on_events",
        "_pending",
        "_read_after",
        "_read_epoch",
        "_read_snapshot",
        "_woken",
        "abort",
        "address",
        "cursor",
        "ended",
        "epoch",
        "identity",
        "opened_at",
        "ping_after_s",
        "sent_bytes",
        "task_id",
        "wanted",
    )

    def __init__(
        self,
        *,
        task_id: str,
        identity: Identity,
        address: str,
        read_epoch: Callable[[], str],
        read_after: ReadAfter,
        read_snapshot: ReadSnapshot,
        clock: Clock,
        ping_after_s: float,
        on_events: Callable[[int], None],
    ) -> None:
        """`on_events`: told how many were handed over."""
        self.task_id = task_id
        self.identity = identity
        self.address = address
        self.ping_after_s = ping_after_s
        self.opened_at = clock.monotonic()
        self.sent_bytes = 0  # that the reader took
        self.epoch = read_epoch()  # in which `cursor` counts
        self.cursor = 0  # seq of what was handed over last
        self.wanted = 0  # the highest seq that a hint or the sweep spoke of
        self.ended: str | None = None  # why the stream ends; set once
        self.abort: Abort | None = None  # set while the reader's socket takes nothing
        self._needs_snapshot = False
        self._lost = False  # the task's row is gone
        self._offered: Sequence[Event] = ()  # bodies of the newest hint
        self._pending: deque[Event] = deque()  # read, and not yet handed over: one page at most
        self._woken = asyncio.Event()
        self._read_after = read_after
        self._read_snapshot = read_snapshot
        self._on_events = on_events
        self._clock = clock
        self._read_epoch = read_epoch

    def start_at(self, cursor: int, head: int) -> None:
        """Go on after `cursor`; the log ends at `head`."""
        self.cursor, self.wanted = cursor, max(self.wanted, head)

    def restart(self) -> None:
        """The position cannot be served: a snapshot replaces it."""
        self._needs_snapshot = True
        self._woken.set()

    def offer(self, seq: int, events: Sequence[Event] = ()) -> None:
        """The task reached `seq`; `events` are bodies that came along."""
        self.wanted = max(self.wanted, seq)
        if events:
            self._offered = events
        self._woken.set()

    def lose(self) -> None:
        """The task's row is gone, and with it the event that would say so."""
        self._lost = True
        self._woken.set()

    def end(self, reason: str) -> None:
        """No more events. The first reason stands."""
        if self.ended is None:
            self.ended = reason
            self._woken.set()
            if self.abort is not None:  # a reader that takes no bytes takes no good-bye either
                self.abort()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """What to write, one piece after the other, until the stream has ended. Each is asked for when the one
        before it was taken.
        """
        yield f"retry: {random.randint(*RETRY_MS)}\n\n".encode()  # noqa: S311 - spreads load, keeps no secret
        while self.ended is None:
            self._woken.clear()
            chunk = await self._next()
            if chunk:
                yield chunk
            elif self.ended is None and not await self._wait():
                yield PING
        yield self._good_bye()

    async def _wait(self) -> bool:
        """Until there is something to look at; False: nothing for so long that a sign of life is due."""
        try:
            async with asyncio.timeout(self.ping_after_s):
                await self._woken.wait()
        except TimeoutError:
            return False
        return True

    async def _next(self) -> bytes:
        """The next piece; empty when the reader has all that is known of."""
        try:
            if self._lost:
                return self._made_up_deletion()
            if self._needs_snapshot:
                return await self._snapshot()
            if not self._pending and self.cursor < self.wanted:
                await self._fill()
            return await self._snapshot() if self._needs_snapshot else self._encode_pending()
        except DatabaseUnavailable:
            log.warning("stream_read_failed", task_id=self.task_id)
            self.wanted = self.cursor  # the sweep speaks up when the database is back
            return b""

    async def _fill(self) -> None:
        offered, self._offered = self._offered, ()
        events: Sequence[Event] | None = [event for event in offered if event.seq > self.cursor]
        if not events or events[0].seq != self.cursor + 1:
            events = await self._read_after(self.task_id, self.cursor)
        if events is None:
            self._needs_snapshot = True
        elif not events:
            self.wanted = self.cursor  # the hint ran ahead of what can be read
        else:
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
            parts.append(encode(event.type, EncodedEvent(event).payload, self._id_of(event.seq)))
            size += len(parts[-1])
            self.cursor = event.seq
            if event.type == "task_deleted":
                self.end(DELETED)
        self._on_events(len(parts))
        return b"".join(parts)

    async def _snapshot(self) -> bytes:
        epoch = self._read_epoch()  # before the read: a restore in between is found by the sweep, which compares
        found = await self._read_snapshot(self.task_id, self.wanted)
        if found is None:
            return self._made_up_deletion()
        self._needs_snapshot = False
        self._pending.clear()
        self.epoch = epoch
        self.cursor, self.wanted = found.seq, max(self.wanted, found.seq)
        return encode("task_snapshot", found.payload, self._id_of(found.seq))

    def _id_of(self, seq: int) -> str:
        """What the reader comes back with (`Last-Event-ID`)."""
        return f"{self.epoch}:{seq}"

    def _made_up_deletion(self) -> bytes:
        self.end(DELETED)
        frame = MadeUpDeletion(task_id=self.task_id, by="system", timestamp=to_wire(self._clock.now()))
        return encode(frame.type, frame.to_bytes())

    def _good_bye(self) -> bytes:
        """Why it ends, for people; after a restart also when to come back."""
        said = f": {self.ended}\n\n".encode()
        if self.ended != RESTART:
            return said
        low, high = RESTART_MS
        advice: Frame = ReconnectAdvice(
            reason=RESTART, delay_min_ms=low, delay_max_ms=high, timestamp=to_wire(self._clock.now())
        )
        retry = f"retry: {random.randint(low, high)}\n".encode()  # noqa: S311 - spreads load, keeps no secret
        return said + retry + encode("reconnect_advice", advice.to_bytes())


def encode(kind: str, payload: bytes, event_id: str | None = None) -> bytes:
    """One event of a stream. `payload` is JSON on one line; without `event_id` the reader's position stays."""
    identified = b"" if event_id is None else b"id: %s\n" % event_id.encode()
    return b"%sevent: %s\ndata: %s\n\n" % (identified, kind.encode(), payload)


class EventStreamResponse(Response):
    """Writes a stream at its reader's pace, and ends with either of them."""

    media_type = "text/event-stream"

    def __init__(self, stream: EventStream, *, stuck_after_s: float, on_end: Callable[[EventStream], None]) -> None:
        """A reader whose socket takes no byte for `stuck_after_s` is cut off."""
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._stream = stream
        self._stuck_after_s = stuck_after_s
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        abort = scope.get("extensions", {}).get(ABORT_KEY, {}).get("abort")
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(self._listen(receive), name="stream-reader")
                await self._write(send, abort)
                if self._stream.ended != TOO_SLOW or abort is None:  # else it ends when the abort is done
                    listening.cancel()
        finally:
            self._stream.end(GONE)
            self._on_end(self._stream)

    async def _listen(self, receive: Receive) -> None:
        """Until the reader has left. What else it sends means nothing."""
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        except HTTPException:  # a body without end
            log.info("stream_body_too_large", task_id=self._stream.task_id)
        self._stream.end(GONE)

    async def _write(self, send: Send, abort: Abort | None) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._stream.chunks()) as chunks:
            async for chunk in chunks:
                if not await self._hand_over(send, chunk, abort):
                    return
        await self._hand_over(send, b"", abort, last=True)

    async def _hand_over(self, send: Send, chunk: bytes, abort: Abort | None, *, last: bool = False) -> bool:
        """Whether the reader took it. The server's `send` waits while its buffer is full."""
        self._stream.abort = abort
        try:
            async with asyncio.timeout(self._stuck_after_s):
                await send({"type": "http.response.body", "body": chunk, "more_body": not last})
            self._stream.sent_bytes += len(chunk)
        except TimeoutError:
            self._stream.end(TOO_SLOW)
            return False
        finally:
            self._stream.abort = None
        return self._stream.ended != GONE
