"""The principal of a request: FastAPI dependencies over the `Authenticator` of the lifespan state."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Final, Protocol, cast

import orjson
from fastapi import Depends, Query, Security
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from starlette.requests import HTTPConnection, Request
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.websockets import WebSocket

from app.core.clock import Clock, to_wire
from app.core.config import Settings
from app.core.errors import Forbidden, NotFound, ScannerError, Unauthenticated
from app.core.opaque_tokens import LINK, is_opaque
from app.core.principal import ACTING_KEY, Authenticator, Principal
from app.core.reader import note_reader
from app.core.scopes import LINK_ROUTES
from app.domain.messages import Language

MAX_AGENT: Final = 200  # characters that are kept of a `User-Agent`
MAX_ADDRESS: Final = 45  # characters of an IPv6 address in its longest form


# It documents alone: what is wrong with a token is told apart below.
BEARER: Final = HTTPBearer(
    scheme_name="bearer",
    auto_error=False,
    description=(
        "The access token of `POST auth/login`, or an API key of `POST auth/keys` with the scope that the route needs "
        "(`x-key-scope`)."
    ),
)


class _Services(Protocol):
    """What this module needs of the `Services` on the lifespan state."""

    auth: Authenticator
    clock: Clock
    settings: Settings


def client_address(connection: HTTPConnection) -> str | None:
    """Return the client's IP address from uvicorn, which accepts forwarded addresses from trusted proxies only."""
    return connection.client.host[:MAX_ADDRESS] if connection.client else None


def client_agent(connection: HTTPConnection) -> str | None:
    """Return the shortened user agent of the client; None without one. It is untrusted text."""
    return connection.headers.get("user-agent", "")[:MAX_AGENT] or None


async def get_current_user(
    request: Request,
    _documented: Annotated[object, Security(BEARER)] = None,
) -> Principal:
    """Return the principal of the bearer token: an access token, an API key, or a read-only link to a scan.

    Raises:
        Unauthenticated: `missing_token`, `invalid_token`, `expired_token` or `user_disabled`.
        Forbidden: `read_only`, of a reviewer or a viewer; `insufficient_scope` or `session_required`, of a key or a
            link that is not for this route.
        NotFound: a link that leads nowhere.
    """
    token = bearer_token(request)
    if token is not None and token.startswith(LINK) and request.scope["route"].name not in LINK_ROUTES:
        raise Forbidden(code="insufficient_scope", text="link_not_enough")  # whether or not it leads anywhere
    return _admitted(await _authenticate(request, token), request)


def bearer_token(request: HTTPConnection) -> str | None:
    """Return the bearer token of the `Authorization` header; None without one, or with another scheme."""
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    return token if scheme.lower() == "bearer" else None


def has_metrics_token(request: HTTPConnection, settings: Settings) -> bool:
    """Return whether the request has the metrics token, which gives access to the metrics only."""
    token = settings.metrics_token
    if token is None:
        return False
    given = bearer_token(request) or ""
    return secrets.compare_digest(given.encode(), token.get_secret_value().encode())


CurrentUser = Annotated[Principal, Depends(get_current_user)]


async def get_current_user_stream(
    request: Request,
    _documented: Annotated[object, Security(BEARER)] = None,
    token: Annotated[
        str | None,
        Query(
            description="Access token, for clients that cannot send an `Authorization` header (EventSource).",
            examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2ln"],
        ),
    ] = None,
    ticket: Annotated[
        str | None,
        Query(
            description="Preferred to a token in the URL: a one-time ticket of `POST ws/ticket`.",
            examples=["Zk3q0S0mN1xYw8uV"],
        ),
    ] = None,
) -> Principal:
    """Return the principal of the `Authorization` header, or else of the query's ticket, or else of its token."""
    if "authorization" in request.headers:
        return await get_current_user(request)
    if ticket is not None:
        return _admitted(_at_address(await _services(request).auth.redeem(ticket), request), request)
    return _admitted(await _authenticate(request, _token_in_address(token, request)), request)


StreamUser = Annotated[Principal, Depends(get_current_user_stream)]


async def require_admin(user: CurrentUser) -> Principal:
    """Raises Forbidden (`admin_only`) for everybody else."""
    if not user.is_admin:
        raise Forbidden(code="admin_only")
    return user


CurrentAdmin = Annotated[Principal, Depends(require_admin)]


async def get_current_user_websocket(websocket: WebSocket) -> Principal:
    """Return the principal of a WebSocket that is not accepted yet: of its `Authorization` header, which programs can
    send, otherwise of `?ticket=`, otherwise of `?token=`.

    On failure the socket is accepted, sent one `error` and closed with 1008 and the code as reason, because a browser
    cannot read an HTTP status (protocol.md, section 5); then the error is raised, so that the caller ends too.

    Raises:
        Unauthenticated, Forbidden: as `get_current_user`; the socket is closed by then.
        Unavailable: the database does not answer; the socket is untouched.
    """
    services = _services(websocket)
    try:
        principal = await _principal_of_socket(websocket)
        _check(principal.require_socket, principal, websocket)
    except (Unauthenticated, Forbidden) as error:
        language = reader_language(websocket, services.settings.language)
        await _refuse(websocket, error, language, to_wire(services.clock.now()))
        raise
    if principal.key_id:
        services.auth.note_use(principal)
    ACTING_KEY.set(principal.key_id)
    return principal


async def _principal_of_socket(websocket: WebSocket) -> Principal:
    token = bearer_token(websocket)
    if token is not None:
        return await _authenticate(websocket, token)
    ticket = websocket.query_params.get("ticket")
    if ticket is not None:
        return _at_address(await _services(websocket).auth.redeem(ticket), websocket)
    return await _authenticate(websocket, _token_in_address(websocket.query_params.get("token"), websocket))


def _token_in_address(token: str | None, connection: HTTPConnection) -> str | None:
    """Return the token of a query. One that lives long is refused there, good or not: addresses are logged.

    Raises Unauthenticated (`invalid_token`).
    """
    if is_opaque(token):
        error = Unauthenticated(code="invalid_token", text="key_in_address")
        _services(connection).auth.note_denied(error, None, address=client_address(connection))
        raise error
    return token


def reader_language(websocket: WebSocket, default: Language) -> Language:
    """Return the language of `?lang=`, else the deployment's."""
    return Language.of_locale(websocket.query_params.get("lang", "")) or default


async def _refuse(websocket: WebSocket, error: ScannerError, language: Language, timestamp: str) -> None:
    message = str(error.text_in(language))
    frame = {"type": "error", "code": error.code, "message": message, "fatal": True, "timestamp": timestamp}
    await websocket.accept()
    await websocket.send_text(orjson.dumps(frame).decode())
    await websocket.close(WS_1008_POLICY_VIOLATION, error.code)


async def _authenticate(connection: HTTPConnection, token: str | None) -> Principal:
    auth = _services(connection).auth
    try:
        principal = await auth.authenticate(token)
    except (Unauthenticated, NotFound) as error:
        if is_opaque(token):
            auth.note_denied(error, None, address=client_address(connection))
        if isinstance(error, NotFound) and isinstance(connection, WebSocket):  # a socket has no such answer
            raise Unauthenticated(code="invalid_token", text="link_opens_no_socket") from error
        raise
    return _at_address(principal, connection)


def _at_address(principal: Principal, connection: HTTPConnection) -> Principal:
    note_reader(principal.waits_as)
    return replace(principal, address=client_address(connection))


def _admitted(principal: Principal, request: Request) -> Principal:
    """Return the principal, if it may use this route. Raises Forbidden."""
    _check(partial(principal.require_route, request.scope["route"].name), principal, request)
    if principal.key_id or principal.link_id:
        _services(request).auth.note_use(principal)
    ACTING_KEY.set(principal.key_id)
    return principal


def _check(require: Callable[[], None], principal: Principal, connection: HTTPConnection) -> None:
    try:
        require()
    except (Forbidden, Unauthenticated) as error:
        if principal.key_id or principal.link_id:
            _services(connection).auth.note_denied(error, principal, address=principal.address)
        raise


def _services(connection: HTTPConnection) -> _Services:
    return cast("_Services", cast("Any", connection.state).services)
