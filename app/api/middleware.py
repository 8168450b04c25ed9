"""Around every request: a bounded body, and headers that keep browsers from doing harm. Plain ASGI."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import CODES, problem
from app.core.pending_write import CLIENT_DISCONNECTED, REQUEST_CLIENT, RequestClient
from app.core.principal import ACTING_KEY
from app.core.reader import READER, Reader
from app.rest.language import language_of

T = TypeVar("T")

# No inline code, nothing from elsewhere, no framing; sockets and requests go to ourselves alone. Pictures may come from
# memory (blob:): the page fetches screenshots with its token, which no address may hold.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # an address may hold a token
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": PAGE_POLICY,
}
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})  # what they start may be shared with others
API_PREFIX: Final = "/api/"
AUTH_PREFIX: Final = "/api/v1/auth/"
# A connection that is closed while its peer still writes is reset, and an answer may be lost with it (RFC 9112, 9.6).
DISCARD_BYTES: Final = 32 * 1_048_576
DISCARD_S: Final = 5.0


class SecurityHeaders:
    """Adds `HEADERS` where the response does not set its own, and forbids caching what the interface says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                # The page's parts belong together: a browser asks again before it mixes them over an upgrade.
                cached = "no-store" if scope["path"].startswith(API_PREFIX) else "no-cache"
                headers.setdefault("Cache-Control", cached)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class DisconnectGuard:
    """A request whose client has gone before anything was written for it is not carried out, and one that only reads
    is not read for any further.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_gone = scope.get(CLIENT_DISCONNECTED)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] in READS:
            with _set(READER, Reader(is_gone or _is_there)), _set(ACTING_KEY, ""):
                await self._app(scope, receive, send)
        else:
            client = None if is_gone is None else RequestClient(is_gone)
            with _set(REQUEST_CLIENT, client), _set(ACTING_KEY, ""):
                await self._app(scope, receive, send)


def _is_there() -> bool:
    """Return whether the client is connected; true if the transport cannot tell."""
    return False


@contextmanager
def _set(variable: ContextVar[T], value: T) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


class BodyLimit:
    """413 for a body above `max_bytes`, announced or not; above `max_auth_bytes` for those who still sign in. Nothing
    of the body is kept; its rest is read and thrown away, within bounds, so that the answer arrives.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int, max_auth_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._max_auth_bytes = max_auth_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_auth = scope["path"].startswith(AUTH_PREFIX)
        max_bytes = min(self._max_auth_bytes, self._max_bytes) if is_auth else self._max_bytes
        headers = Headers(scope=scope)
        announced = headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced[:20]) > max_bytes:
            if "expect" not in headers:  # a client that asks first (RFC 9110, 10.1.1) sends nothing after a refusal
                await _discard(receive)
            response = problem(language_of(HTTPConnection(scope)), 413, CODES[413], headers={"Connection": "close"})
            await response(scope, receive, send)
            return
        await self._app(scope, _Counted(receive, max_bytes), send)


class _Counted:
    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._left = max_bytes

    async def __call__(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                if message.get("more_body", False):
                    await _discard(self._receive)
                # The framework hands on this type alone while it reads a body.
                raise HTTPException(413, headers={"Connection": "close"})
        return message


async def _discard(receive: Receive) -> None:
    left = DISCARD_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_S):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):  # the end, or the peer is gone
                    return
