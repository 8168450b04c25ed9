"""The call of an ASGI application for one WebSocket, and all that only it needs.

It lasts from the opening request until the application returns: for ours until a session has taken over, for any other
until the end of the connection. Then the protocol lets go of it (ADR 0010).
"""

import asyncio
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote

from uvicorn.protocols.utils import ClientDisconnected, get_local_addr, get_remote_addr, is_ssl

from app.websocket.framing import NORMAL, Opcode, frame
from app.websocket.handshake import Headers, Request, accept_response
from app.websocket.peer import PEER_KEY, READ_AHEAD, Content, Peer, State

log = logging.getLogger("uvicorn.error")


class Socket(Peer, Protocol):
    """What the call needs of the protocol (`transport.ServerProtocol`)."""

    state: State
    ended: tuple[int, str] | None  # code and reason, from the moment when nothing comes any more

    def accept(self, response: bytes) -> None:
        """Open with the 101."""
        ...

    def refuse(self, status: int, headers: Headers | None = None, body: bytes = b"") -> None:
        """Answer the request with something else than 101; the connection ends."""
        ...

    def returned(self, *, failed: bool) -> None:
        """The application has ended."""
        ...


class AsgiCall:
    """One application, its scope, and the messages that wait for it."""

    __slots__ = (
        "_app_state",
        "_config",
        "_default_headers",
        "_denial",
        "_drained",
        "_inbox",
        "_request",
        "_socket",
        "_tasks",
        "_waiter",
    )

    def __init__(self, socket: Socket, config: Any, server_state: Any, app_state: dict[str, Any]) -> None:
        self._socket = socket
        self._config = config
        self._tasks: set[asyncio.Task[None]] = server_state.tasks  # the server waits for them when it stops
        self._default_headers: Sequence[tuple[bytes, bytes]] = server_state.default_headers
        self._app_state = app_state
        self._request: Request | None = None
        self._denial: tuple[int, Headers, bytes] | None = None
        self._inbox: list[Content] = []
        self._waiter: asyncio.Future[None] | None = None  # for a message or the end
        self._drained: asyncio.Future[None] | None = None  # until something may be sent

    @property
    def begun(self) -> bool:
        return self._request is not None

    def begin(self, request: Request, transport: asyncio.Transport) -> None:
        self._request = request
        scope = self._scope(request, transport)
        task = asyncio.get_running_loop().create_task(self._run(scope), name="websocket")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hear(self, content: Content) -> None:
        """A message of the client's."""
        self._inbox.append(content)
        _resolve(self._waiter)
        if len(self._inbox) >= READ_AHEAD:
            self._socket.wait()

    def hand_over(self) -> list[Content]:
        """The messages that wait, to somebody else."""
        waiting, self._inbox = self._inbox, []
        return waiting

    def wake(self) -> None:
        """The connection has ended, or its transport has drained: whoever waits looks again."""
        _resolve(self._waiter)
        _resolve(self._drained)
        self._drained = None

    def _scope(self, request: Request, transport: asyncio.Transport) -> dict[str, Any]:
        root = self._config.root_path
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(transport) else "ws",
            "server": get_local_addr(transport),
            "client": get_remote_addr(transport),
            "root_path": root,
            "path": root + unquote(request.path.decode("latin-1")),
            "raw_path": root.encode() + request.path,
            "query_string": request.query,
            "headers": request.headers,
            "subprotocols": request.subprotocols,
            "state": self._app_state.copy(),
            "extensions": {"websocket.http.response": {}, PEER_KEY: self._socket},
        }

    async def _run(self, scope: dict[str, Any]) -> None:
        connected = False

        async def receive() -> dict[str, Any]:
            nonlocal connected
            if connected:
                return await self._receive()
            connected = True
            return {"type": "websocket.connect"}

        failed = True
        try:
            await self._config.loaded_app(scope, receive, self._reply)
            failed = False
        except ClientDisconnected:
            failed = False
        except Exception:
            log.exception("Exception in ASGI application")
        finally:
            self._socket.returned(failed=failed)

    async def _receive(self) -> dict[str, Any]:
        """The next message of the client, or the end."""
        while not self._inbox and self._socket.ended is None:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if not self._inbox:
            assert self._socket.ended is not None
            code, reason = self._socket.ended
            return {"type": "websocket.disconnect", "code": code, "reason": reason}
        content = self._inbox.pop(0)
        if not self._inbox:
            self._socket.go_on()
        return {"type": "websocket.receive", "text" if isinstance(content, str) else "bytes": content}

    async def _reply(self, message: dict[str, Any]) -> None:
        """ASGI's `send`. Raises ClientDisconnected, or RuntimeError for what is not due."""
        socket = self._socket
        while socket.paused and socket.state is not State.CLOSED:
            self._drained = self._drained or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)
        match socket.state, message["type"]:
            case ((State.CLOSING | State.CLOSED), _):
                raise ClientDisconnected
            case State.OPENING, "websocket.accept" if self._denial is None:
                self._accept(message)
            case State.OPENING, "websocket.close" if self._denial is None:
                socket.refuse(HTTPStatus.FORBIDDEN)
            case State.OPENING, "websocket.http.response.start" if self._denial is None:
                self._denial = message["status"], list(message.get("headers", ())), b""
            case State.OPENING, "websocket.http.response.body" if self._denial is not None:
                self._add_denial(message)
            case State.OPEN, "websocket.send":
                self._send(message)
            case State.OPEN, "websocket.close":
                socket.close(message.get("code", NORMAL), message.get("reason") or "")
            case state, kind:
                raise RuntimeError(f"{kind} is not due: the WebSocket is {state.name.lower()}")

    def _accept(self, message: dict[str, Any]) -> None:
        assert self._request is not None
        headers = [*self._default_headers, *message.get("headers", ())]
        if message.get("subprotocol"):
            headers.append((b"Sec-WebSocket-Protocol", message["subprotocol"].encode()))
        self._socket.accept(accept_response(self._request, headers))

    def _add_denial(self, message: dict[str, Any]) -> None:
        assert self._denial is not None
        status, headers, body = self._denial
        self._denial = status, headers, body + message.get("body", b"")
        if not message.get("more_body", False):
            self._socket.refuse(*self._denial)

    def _send(self, message: dict[str, Any]) -> None:
        content = message.get("bytes")
        if content is not None:
            self._socket.send_framed(frame(Opcode.BINARY, content))
        else:
            self._socket.send(message["text"].encode())


def _resolve(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
