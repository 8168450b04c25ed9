"""JSON answers in gzip, for readers who take it. Plain ASGI.

What is compressed tells by its length what stands in it; who can put guesses beside a secret and see the length learns
the secret (BREACH). So only answers are compressed that nobody else can cause or put words into: of reads, to who
showed a token in a header, which no foreign page can send; never of `auth/`, where tokens are made, and never an error,
a captured content or a download. Streams and reports, whose length nobody knows beforehand, are never held back.
"""

import asyncio
import zlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.content_coding import GZIP, choose_coding
from app.api.middleware import API_PREFIX, AUTH_PREFIX

LEAST_BYTES: Final = 1_024  # a shorter answer fits into one packet as it is
INLINE_BYTES: Final = 8_192  # compressed on the loop within 0.3 ms; a longer piece in a thread
LEVEL: Final = 6
GZIP_WINDOW: Final = zlib.MAX_WBITS | 16
JSON: Final = "application/json"
ACCEPTED: Final = "accept-encoding"


class JsonCompression:
    """Compresses what may be, piece by piece as it is written."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_confidential_read(scope):
            send = _Answer(send, takes_gzip=choose_coding(Headers(scope=scope).get(ACCEPTED), [GZIP]) is not None).send
        await self._app(scope, receive, send)


def _is_confidential_read(scope: Scope) -> bool:
    """Return whether the request is a read that neither another page nor an unauthenticated client can cause."""
    path: str = scope["path"]
    is_ours = path.startswith(API_PREFIX) and not path.startswith(AUTH_PREFIX)
    return is_ours and scope["method"] == "GET" and "authorization" in Headers(scope=scope)


def _is_compressible(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    return (
        message["status"] == 200  # noqa: PLR2004 - OK
        and headers.get("content-type", "").partition(";")[0] == JSON
        and int(headers.get("content-length", "0")) >= LEAST_BYTES
        and "content-encoding" not in headers
        and "content-disposition" not in headers
    )


class _Answer:
    """One answer on its way to the server."""

    def __init__(self, send: Send, *, takes_gzip: bool) -> None:
        self._send = send
        self._takes_gzip = takes_gzip
        self._start: Message | None = None  # held until the first piece says whether it is the only one
        self._packer: zlib._Compress | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_compressible(message):
            MutableHeaders(scope=message).add_vary_header(ACCEPTED.title())
            if self._takes_gzip:
                self._start, self._packer = message, zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_WINDOW)
                return
        if message["type"] == "http.response.body" and self._packer is not None:
            await self._write(message.get("body", b""), more=message.get("more_body", False))
            return
        await self._send(message)

    async def _write(self, piece: bytes, *, more: bool) -> None:
        packed = await self._pack(piece, more=more)
        if self._start is not None:
            headers = MutableHeaders(scope=self._start)
            headers["content-encoding"] = GZIP
            del headers["content-length"]
            if not more:
                headers["content-length"] = str(len(packed))
            start, self._start = self._start, None
            await self._send(start)
        if packed or not more:
            await self._send({"type": "http.response.body", "body": packed, "more_body": more})

    async def _pack(self, piece: bytes, *, more: bool) -> bytes:
        if len(piece) <= INLINE_BYTES:
            return self._packed(piece, more=more)
        return await asyncio.to_thread(self._packed, piece, more=more)

    def _packed(self, piece: bytes, *, more: bool) -> bytes:
        assert self._packer is not None
        packed = self._packer.compress(piece)
        return packed if more else packed + self._packer.flush()
