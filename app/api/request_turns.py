"""Requests of one user wait for each other before anything is done for them, so that others are not kept waiting."""

from collections import deque
from contextlib import AsyncExitStack
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import problem_of
from app.core.dependencies import bearer_token
from app.core.errors import LimitReached
from app.core.pending_write import CLIENT_DISCONNECTED
from app.core.read_limits import UserSemaphores
from app.rest.language import language_of

# Of one user: as many as have something to wait for (two reads, a write, a password). Those beyond lose nothing: the
# event loop computes one at a time.
REQUESTS_AT_ONCE: Final = 4
MAX_WAITING: Final = 100  # of one user: more than a browser ever asks for; beyond it 429


class RequestTurns:
    """Lets `REQUESTS_AT_ONCE` requests of a user be under way; those beyond wait, in order.

    The event loop serves whatever is ready by turns: beside a hundred requests of one user each step of another's waits
    for a hundred others. A request is under way from the end of its body until its answer begins, so neither a slow
    upload nor a stream holds anybody up. A request whose client has gone while it waited is not carried out.

    The user is taken from the access token, whether or not its session is still open; requests without one have limits
    of their own, at the sign-in.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int) -> None:
        """`max_body_bytes`: larger ones pass without a turn, to be refused."""
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._turns = UserSemaphores(at_once=REQUESTS_AT_ONCE, max_waiting=MAX_WAITING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        user_id = _user_of(HTTPConnection(scope)) if scope["type"] == "http" else None
        if user_id is None:
            await self._app(scope, receive, send)
            return
        body = _Body(receive)
        if not await body.read(Headers(scope=scope), self._max_body_bytes):
            await self._app(scope, body.receive, send)
            return
        async with AsyncExitStack() as turn:
            try:
                await turn.enter_async_context(self._turns.slot(user_id))
            except LimitReached as error:
                await problem_of(error, language_of(HTTPConnection(scope)))(scope, body.receive, send)
                return
            if scope.get(CLIENT_DISCONNECTED, _is_there)():
                return

            async def send_and_leave(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await turn.aclose()
                await send(message)

            await self._app(scope, body.receive, send_and_leave)


class _Body:
    """Reads a request's body before anybody asks for it, and gives it to who does."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read: deque[Message] = deque()

    async def read(self, headers: Headers, max_bytes: int) -> bool:
        """Return whether all of it is there; a larger one than `max_bytes` is not waited for."""
        announced = headers.get("content-length", "0")
        if "transfer-encoding" not in headers and announced == "0":
            return True
        if not announced.isdecimal() or int(announced[:20]) > max_bytes:
            return False
        size = 0
        while size <= max_bytes:
            message = await self._receive()
            self._read.append(message)
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                return True
        return False

    async def receive(self) -> Message:
        return self._read.popleft() if self._read else await self._receive()


def _is_there() -> bool:
    """Return whether the client has gone; never, if the transport cannot tell."""
    return False


def _user_of(connection: HTTPConnection) -> str | None:
    token = bearer_token(connection)
    if token is None:
        return None
    user_id: str | None = connection.state.services.auth.user_of(token)
    return user_id
