"""Who asks: FastAPI dependencies over `Authenticator`, which the application's lifespan state carries."""

from typing import Annotated, Any, Final, Protocol, cast

import orjson
from fastapi import Depends, Query
from fastapi.security.utils import get_authorization_scheme_param
from starlette.requests import HTTPConnection, Request
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.websockets import WebSocket

from app.core.clock import Clock, to_wire
from app.core.errors import Forbidden, Unauthenticated
from app.core.identity import Authenticator, Identity

MAX_ADDRESS: Final = 45  # characters of an IPv6 address in its longest form


class _Services(Protocol):
    """What this module needs of the `Services` on the lifespan state."""

    @property
    def auth(self) -> Authenticator: ...

    @property
    def clock(self) -> Clock: ...


def client_address(connection: HTTPConnection) -> str | None:
    """The client's address, as uvicorn gives it: forwarded ones count from trusted proxies only."""
    return connection.client.host[:MAX_ADDRESS] if connection.client else None


async def get_current_user(request: Request) -> Identity:
    """The identity of the bearer token.

    Raises:
        Unauthenticated: `missing_token`, `invalid_token`, `expired_token` or `user_disabled`.
    """
    return await _services(request).auth.authenticate(bearer_token(request))


def bearer_token(request: HTTPConnection) -> str | None:
    """What the `Authorization` header carries; None without one, or with another scheme."""
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    return token if scheme.lower() == "bearer" else None


CurrentUser = Annotated[Identity, Depends(get_current_user)]


async def get_current_user_stream(
    request: Request,
    token: Annotated[
        str | None, Query(description="The access token, where no `Authorization` header can be sent (EventSource).")
    ] = None,
    ticket: Annotated[
        str | None, Query(description="Better than a token in the address: a one-time ticket of `POST ws/ticket`.")
    ] = None,
) -> Identity:
    """As `get_current_user`; without an `Authorization` header the ticket of the query counts, or else its token."""
    if "authorization" in request.headers:
        return await get_current_user(request)
    if ticket is not None:
        return await _services(request).auth.redeem(ticket)
    return await _services(request).auth.authenticate(token)


StreamUser = Annotated[Identity, Depends(get_current_user_stream)]


async def require_admin(user: CurrentUser) -> Identity:
    """Raises Forbidden (`admin_only`) for everybody else."""
    if not user.is_admin:
        raise Forbidden("This is for administrators.", code="admin_only")
    return user


CurrentAdmin = Annotated[Identity, Depends(require_admin)]


async def get_current_user_websocket(websocket: WebSocket) -> Identity:
    """The identity of `?ticket=`, or else of `?token=`, of a WebSocket that is not accepted yet.

    On failure the socket is accepted, sent one `error` and closed with 1008 and the code as reason, because a browser
    cannot read an HTTP status (protocol.md, section 5); then the error is raised, so that the caller ends too.

    Raises:
        Unauthenticated: as `get_current_user`; the socket is closed by then.
        Unavailable: the database does not answer; the socket is untouched.
    """
    services = _services(websocket)
    try:
        ticket = websocket.query_params.get("ticket")
        if ticket is not None:
            return await services.auth.redeem(ticket)
        return await services.auth.authenticate(websocket.query_params.get("token"))
    except Unauthenticated as error:
        await _refuse(websocket, error, to_wire(services.clock.now()))
        raise


async def _refuse(websocket: WebSocket, error: Unauthenticated, timestamp: str) -> None:
    frame = {"type": "error", "code": error.code, "message": error.message, "fatal": True, "timestamp": timestamp}
    await websocket.accept()
    await websocket.send_text(orjson.dumps(frame).decode())
    await websocket.close(WS_1008_POLICY_VIOLATION, error.code)


def _services(connection: HTTPConnection) -> _Services:
    return cast("_Services", cast("Any", connection.state).services)
