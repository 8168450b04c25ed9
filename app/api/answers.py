"""Answers that were encoded elsewhere, in pieces: nothing is built, validated or encoded on the event loop."""

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core.errors import Unavailable
from app.core.waiting import IS_GONE
from app.services.documents import Document
from app.services.report_stream import ReportStream

JSON = "application/json"
log = structlog.get_logger(__name__)


class DocumentResponse(Response):
    """A whole document, written piece by piece at its reader's pace."""

    media_type = JSON

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._pieces = document
        self.headers["content-length"] = str(sum(map(len, document)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the framework's shape
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class ReportResponse(Response):
    """A report as it is read. It gives its place back whatever becomes of the reader.

    What fails on the way leaves the answer without its end, which every client of HTTP takes for a failure.
    """

    media_type = JSON

    def __init__(self, stream: ReportStream) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the framework's shape
        is_gone = scope.get(IS_GONE, lambda: False)
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
