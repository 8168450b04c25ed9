"""Requests of one user wait for each other before anything is done for them, so that others are not kept waiting."""

from contextlib import AsyncExitStack
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.dependencies import bearer_token
from app.core.read_limits import UserSemaphores

# Of one user: as many as have something to wait for (two reads, a write, a password). Those beyond lose nothing: the
# event loop computes one at a time.
REQUESTS_AT_ONCE: Final = 4


class RequestTurns:
    """Lets `REQUESTS_AT_ONCE` requests of a user be under way; those beyond wait, in order.

    The event loop serves whatever is ready by turns: beside a hundred requests of one user each step of another's waits
    for a hundred others. A request is under way until its answer begins, so a stream holds nobody up. The user is
    taken from the access token; requests without one have limits of their own, at the sign-in. What waits is bounded by
    the connections of an address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turns = UserSemaphores(at_once=REQUESTS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        user_id = _user_of(HTTPConnection(scope)) if scope["type"] == "http" else None
        if user_id is None:
            await self._app(scope, receive, send)
            return
        async with AsyncExitStack() as turn:
            await turn.enter_async_context(self._turns.slot(user_id))

            async def send_and_leave(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await turn.aclose()
                await send(message)

            await self._app(scope, receive, send_and_leave)


def _user_of(connection: HTTPConnection) -> str | None:
    token = bearer_token(connection)
    if token is None:
        return None
    user_id: str | None = connection.state.services.auth.user_of(token)
    return user_id
