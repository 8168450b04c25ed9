"""Responses from pieces that are already encoded: nothing is built or validated on the event loop."""

from collections.abc import AsyncIterator
from typing import Protocol

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core.errors import Unavailable
from app.core.json_chunks import JsonChunks, split
from app.core.pending_write import CLIENT_DISCONNECTED

JSON = "application/json"
ATTEMPT = "Scan-Attempt"  # heading: of which attempt the answer is
# For what strangers wrote: whatever a browser takes it for, nothing in it runs, loads or is framed.
SANDBOX = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
log = structlog.get_logger(__name__)


class PieceStream(Protocol):
    """A document that is made while it is read. `attempt`: whose results it shows; None: those of many."""

    @property
    def attempt(self) -> int | None: ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def close(self) -> None:
        """End what makes it. May be called twice."""
        ...


class StoredContent(Protocol):
    """A captured content, and the attempt that captured it."""

    @property
    def attempt(self) -> int: ...
    @property
    def data(self) -> bytes: ...
    @property
    def media_type(self) -> str: ...
    @property
    def file_name(self) -> str: ...


class JsonChunksResponse(Response):
    """A whole document, written piece by piece at its reader's pace."""

    media_type = JSON

    def __init__(self, document: JsonChunks, *, status_code: int = 200) -> None:
        super().__init__(status_code=status_code)
        self._pieces = document
        self.headers["content-length"] = str(sum(map(len, document)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the framework's shape
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class ReportResponse(Response):
    """A report as it is read. Its slot is given back whatever becomes of the reader.

    What fails on the way leaves the answer without its end, which every client of HTTP takes for a failure.
    """

    media_type = JSON

    def __init__(self, stream: PieceStream, *, media_type: str | None = None, file_name: str | None = None) -> None:
        super().__init__(media_type=media_type)
        if file_name is not None:
            self.headers["content-disposition"] = f'attachment; filename="{file_name}"'
            self.headers["content-security-policy"] = SANDBOX
        del self.headers["content-length"]
        if stream.attempt is not None:
            self.headers[ATTEMPT] = str(stream.attempt)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the framework's shape
        is_gone = scope.get(CLIENT_DISCONNECTED, lambda: False)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for piece in self._stream:
                if is_gone():  # the server takes what is written for nobody: the rest is not even read
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except Unavailable as error:
            log.warning("report_cut_off", code=error.code, reason=error.message)
        finally:
            await self._stream.close()


class ContentResponse(JsonChunksResponse):
    """A captured content: saved instead of shown, never sniffed, and without rights of any kind."""

    def __init__(self, content: StoredContent) -> None:
        super().__init__(split(content.data))
        self.headers["content-type"] = content.media_type
        self.headers["content-disposition"] = f'attachment; filename="{content.file_name}"'
        self.headers["content-security-policy"] = SANDBOX
        self.headers[ATTEMPT] = str(content.attempt)
