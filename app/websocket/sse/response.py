"""The HTTP response of an event stream: written at its reader's pace, and ended with it."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.transport.port import ABORT_KEY
from app.websocket.sse.stream import GONE, TOO_SLOW, Abort, EventStream

HEADERS: Final = {
    "Cache-Control": "no-cache, no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold events back until its buffer is full
}
log = structlog.get_logger(__name__)


class EventStreamResponse(Response):
    """Writes a stream at its reader's pace, and ends with either of them."""

    media_type = "text/event-stream"

    def __init__(self, stream: EventStream, *, stuck_after_s: float, on_end: Callable[[EventStream], None]) -> None:
        """Create the response; a reader that reads nothing for `stuck_after_s` is disconnected."""
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
        """Wait until the reader has left; ignore what it sends."""
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
        """Send a chunk; return whether the reader took it. The server's `send` waits while its buffer is full."""
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
