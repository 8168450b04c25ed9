"""The call of an ASGI application for one WebSocket, and all that only it needs.

It lasts from the opening request until the application returns: for ours until a session has taken over, for any other
until the end of the connection. Then the protocol lets go of it (ADR 0010).
"""

import asyncio
import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from uvicorn.protocols.utils import ClientDisconnected, get_local_addr, get_remote_addr, is_ssl

from app.transport.framing import NORMAL, Opcode, frame
from app.transport.handshake import Headers, UpgradeRequest, accept_response
from app.transport.port import READ_AHEAD, TRANSPORT_KEY, Content, SocketState

if TYPE_CHECKING:  # it makes the call
    from app.transport.websocket import WebSocketProtocol

log = logging.getLogger("uvicorn.error")


@dataclass(slots=True, eq=False, repr=False)
class AsgiCall:
    """One application, its scope, and the messages that wait for it."""

    socket: "WebSocketProtocol"
    config: Any
    server_state: Any  # the server waits for its tasks when it stops
    app_state: dict[str, Any]
    _request: UpgradeRequest | None = None
    _denial: tuple[int, Headers, bytes] | None = None
    _inbox: list[Content] = field(default_factory=list)
    _waiter: asyncio.Future[None] | None = None  # for a message or the end
    _drained: asyncio.Future[None] | None = None  # until something may be sent

    @property
    def begun(self) -> bool:
        return self._request is not None

    def begin(self, request: UpgradeRequest, transport: asyncio.Transport) -> None:
        self._request = request
        scope = self._scope(request, transport)
        task = asyncio.get_running_loop().create_task(self._run(scope), name="websocket")
        self.server_state.tasks.add(task)
        task.add_done_callback(self.server_state.tasks.discard)

    def receive(self, content: Content) -> None:
        """A message of the client's."""
        self._inbox.append(content)
        _resolve(self._waiter)
        if len(self._inbox) >= READ_AHEAD:
            self.socket.pause_reading()

    def take_waiting(self) -> list[Content]:
        """The messages that wait, to somebody else."""
        waiting, self._inbox = self._inbox, []
        return waiting

    def wake(self) -> None:
        """The connection has ended, or its transport has drained: waiters look again."""
        _resolve(self._waiter)
        _resolve(self._drained)
        self._drained = None

    def _scope(self, request: UpgradeRequest, transport: asyncio.Transport) -> dict[str, Any]:
        root = self.config.root_path
        return {
            "type": "websocket",
            "asgi": {"version": self.config.asgi_version, "spec_version": "2.4"},
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
            "state": self.app_state.copy(),
            "extensions": {"websocket.http.response": {}, TRANSPORT_KEY: self.socket},
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
            await self.config.loaded_app(scope, receive, self._reply)
            failed = False
        except ClientDisconnected:
            failed = False
        except Exception:
            log.exception("Exception in ASGI application")
        finally:
            self.socket.returned(failed=failed)

    async def _receive(self) -> dict[str, Any]:
        """The next message of the client, or the end."""
        while not self._inbox and self.socket.ended is None:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if not self._inbox:
            assert self.socket.ended is not None
            code, reason = self.socket.ended
            return {"type": "websocket.disconnect", "code": code, "reason": reason}
        content = self._inbox.pop(0)
        if not self._inbox:
            self.socket.resume_reading()
        return {"type": "websocket.receive", "text" if isinstance(content, str) else "bytes": content}

    async def _reply(self, message: dict[str, Any]) -> None:
        """ASGI's `send`. Raises ClientDisconnected, or RuntimeError for what is not due."""
        socket = self.socket
        while socket.paused and socket.state is not SocketState.CLOSED:
            self._drained = self._drained or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)
        match socket.state, message["type"]:
            case ((SocketState.CLOSING | SocketState.CLOSED), _):
                raise ClientDisconnected
            case SocketState.OPENING, "websocket.accept" if self._denial is None:
                self._accept(message)
            case SocketState.OPENING, "websocket.close" if self._denial is None:
                socket.refuse(HTTPStatus.FORBIDDEN)
            case SocketState.OPENING, "websocket.http.response.start" if self._denial is None:
                self._denial = message["status"], list(message.get("headers", ())), b""
            case SocketState.OPENING, "websocket.http.response.body" if self._denial is not None:
                self._add_denial(message)
            case SocketState.OPEN, "websocket.send":
                self._send(message)
            case SocketState.OPEN, "websocket.close":
                socket.close(message.get("code", NORMAL), message.get("reason") or "")
            case state, kind:
                raise RuntimeError(f"{kind} is not due: the WebSocket is {state.name.lower()}")

    def _accept(self, message: dict[str, Any]) -> None:
        assert self._request is not None
        headers = [*self.server_state.default_headers, *message.get("headers", ())]
        if message.get("subprotocol"):
            headers.append((b"Sec-WebSocket-Protocol", message["subprotocol"].encode()))
        self.socket.accept(accept_response(self._request, headers))

    def _add_denial(self, message: dict[str, Any]) -> None:
        assert self._denial is not None
        status, headers, body = self._denial
        self._denial = status, headers, body + message.get("body", b"")
        if not message.get("more_body", False):
            self.socket.refuse(*self._denial)

    def _send(self, message: dict[str, Any]) -> None:
        content = message.get("bytes")
        if content is not None:
            self.socket.send_framed(frame(Opcode.BINARY, content))
        else:
            self.socket.send(message["text"].encode())


def _resolve(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
