"""The one place where frames become bytes on a socket.

`ServerProtocol` is a WebSocket protocol class for uvicorn with hand-written framing. To FastAPI it is an ordinary ASGI
WebSocket: routing, accepting and refusing are FastAPI's. What the server says leaves beside ASGI (ADR 0005): the
protocol is a `Peer` in `scope["extensions"]`, through which a frame that was encoded once is written without awaiting
anybody, and which knows what ASGI hides: when bytes last came, and whether the transport still holds bytes that the
kernel did not take. What the client says leaves ASGI too once a `Listener` has taken over: the application returns, and
all that its call held is given back (ADR 0010).
"""

import asyncio
import logging
from asyncio.transports import BaseTransport
from collections.abc import Callable
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import unquote

from uvicorn.protocols.utils import ClientDisconnected, get_local_addr, get_remote_addr, is_ssl

from app.websocket.framing import (
    ABNORMAL,
    INVALID_DATA,
    NO_CODE,
    FrameError,
    FrameReader,
    Opcode,
    close_payload,
    frame,
    frame_text,
    read_close,
)
from app.websocket.handshake import BadHandshake, Request, accept_response, read_request, refusal
from app.websocket.peer import PEER_KEY, READ_AHEAD, Content, Listener

ABORT_AFTER_S: Final = 5.0  # a peer that does not take our close frame for this long is cut off
STOP_AFTER_S: Final = 1.0  # when the server stops, nobody waits longer for a peer that takes no bytes
TURN_FRAMES: Final = 64  # of one client in a row: then the loop has time for the others
NORMAL, INTERNAL_ERROR, SERVICE_RESTART = 1000, 1011, 1012

log = logging.getLogger("uvicorn.error")


class State(Enum):
    OPENING = auto()  # the request is not answered
    OPEN = auto()
    CLOSING = auto()  # our close frame or refusal was sent
    CLOSED = auto()


class ServerProtocol(asyncio.Protocol):
    """Given to uvicorn as `ws="app.websocket.transport:ServerProtocol"`. A `Peer`, too."""

    __slots__ = (
        "_application",
        "_denial",
        "_drained",
        "_ended",
        "_inbox",
        "_listener",
        "_pong",
        "_reader",
        "_reading_waits",
        "_server_state",
        "_state",
        "_timer",
        "_transport",
        "_waiter",
        "closed",
        "fd",
        "last_received",
        "last_sent",
        "loop",
        "on_closed",
        "on_drain",
        "on_pause",
        "paused",
    )

    def __init__(
        self,
        config: Any,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.loop = _loop or asyncio.get_running_loop()
        self._server_state = server_state
        self._application: _Application | None = _Application(self, config, server_state.tasks, app_state)
        self._reader = FrameReader(config.ws_max_size)
        self._state = State.OPENING
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._listener: Listener | None = None
        self._inbox: list[Content] = []  # for the application, before somebody has taken over
        self._ended: tuple[int, str] | None = None
        self._waiter: asyncio.Future[None] | None = None  # the application waits for a message or the end
        self._drained: asyncio.Future[None] | None = None  # the application waits until it may send
        self._denial: tuple[int, list[tuple[bytes, bytes]], bytes] | None = None
        self._pong: bytes | None = None  # to be answered when the transport has drained: the last ping
        self._reading_waits = False
        self._timer: asyncio.TimerHandle | None = None
        self.fd = -1
        self.last_received = self.last_sent = self.loop.time()
        self.paused = False
        self.closed = False
        self.on_pause: Callable[[], None] | None = None
        self.on_drain: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None

    # What the transport says

    def connection_made(self, transport: BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server_state.connections.add(self)
        encrypted = transport.get_extra_info("ssl_object") is not None
        # Pause at the first byte that the kernel does not take: that is what "set aside" means. Plain transports pause
        # above the limit; TLS ones already at it, which with 0 would be always.
        self._transport.set_write_buffer_limits(high=1 if encrypted else 0, low=0)
        connected = transport.get_extra_info("socket")
        if connected is not None and not encrypted:
            self.fd = connected.fileno()

    def data_received(self, data: bytes) -> None:
        self.last_received = self.loop.time()
        if self._state is State.OPENING:
            self._open(data)
        elif not self._is_deaf:
            self._reader.feed(data)
            if not self._reading_waits:
                self._hear()

    def eof_received(self) -> None:
        self._retire()
        self._end(ABNORMAL)
        self._cut_off_after(ABORT_AFTER_S)

    def pause_writing(self) -> None:
        self.paused = True
        if self.on_pause is not None:
            self.on_pause()

    def resume_writing(self) -> None:
        self.paused = False
        self._wake_sender()
        if self._pong is not None and not self.closed:
            self._transport.write(frame(Opcode.PONG, self._pong))
        self._pong = None
        if self.on_drain is not None:
            self.on_drain()

    def connection_lost(self, exc: Exception | None) -> None:
        self._state = State.CLOSED
        self._retire()
        self._server_state.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._end(ABNORMAL)
        self._wake_sender()
        # Whom it tells hold it: without this they stay until a garbage collection.
        self._listener = self.on_pause = self.on_drain = self.on_closed = None
        if exc is None:
            self._transport.close()

    def shutdown(self) -> None:
        """Uvicorn stops."""
        if self._state is State.OPEN:
            self._write_close(SERVICE_RESTART)
            self._end(SERVICE_RESTART)
        elif self._state is State.OPENING:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        self._close_transport(STOP_AFTER_S)

    # What the fan-out asks: see Peer

    @property
    def unsent_bytes(self) -> int:
        return 0 if self._state is State.CLOSED else self._transport.get_write_buffer_size()

    def send(self, payload: bytes) -> None:
        self.send_framed(frame_text(payload))

    def send_framed(self, frames: bytes) -> None:
        if not self.closed:
            self.last_sent = self.loop.time()
            self._transport.write(frames)

    def ping(self) -> None:
        if not self.closed:
            self._transport.write(frame(Opcode.PING, b""))

    def close(self, code: int, reason: str = "") -> None:
        if self.closed or self._state is not State.OPEN:
            return
        self._write_close(code, reason)
        self._end(code, reason)
        self.go_on()  # or the answer to our close frame would not be seen
        self._abort_after(ABORT_AFTER_S)

    def abort(self) -> None:
        self._retire()
        if self._state is not State.CLOSED:
            self._transport.abort()

    def take_over(self, listener: Listener) -> None:
        self._listener = listener
        waiting, self._inbox = self._inbox, []
        for content in waiting:
            listener.on_message(content)
        if self._ended is not None:
            listener.on_end(*self._ended)
        elif waiting:
            self.go_on()

    def wait(self) -> None:
        if not self._reading_waits and self._state is State.OPEN:
            self._reading_waits = True
            self._transport.pause_reading()

    def go_on(self) -> None:
        if self._reading_waits:
            self._reading_waits = False
            self.loop.call_soon(self._read_on)

    # The handshake

    def _open(self, data: bytes) -> None:
        application = self._application
        if application is None or application.begun:  # it speaks before it was answered
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        if self.fd >= 0 and self._transport.get_write_buffer_size():  # TLS may hold bytes of its own beginning
            # The answer to an earlier request was not taken: the transport has paused somebody else, and never us.
            self.abort()
            return
        try:
            request = read_request(data)
        except BadHandshake as bad:
            self._refuse(bad.status, bad.headers)
            return
        application.begin(request, self._transport)

    def _refuse(self, status: int, headers: list[tuple[bytes, bytes]] | None = None, body: bytes = b"") -> None:
        """Answer the request with something else than 101; the connection ends."""
        self._retire()
        self._state = State.CLOSING
        self._transport.write(refusal(status, headers or [], body))
        self._end(ABNORMAL)
        self._close_transport(ABORT_AFTER_S)

    # What the client says

    @property
    def _is_deaf(self) -> bool:
        """Nothing that comes matters any more; after our close frame its answer does."""
        return self._transport.is_closing() or (self.closed and self._state is not State.CLOSING)

    def _hear(self) -> bool:
        """Take what has come, frame by frame, until enough waits or it is the others' turn. Whether that was all."""
        try:
            for _ in range(TURN_FRAMES):
                found = self._reader.read()
                if found is None:
                    return True
                self._take(*found)
                if self._reading_waits or self._is_deaf:
                    return False
        except FrameError as error:
            self._fail(error)
            return False
        self._transport.pause_reading()
        self.loop.call_soon(self._read_on)
        return False

    def _read_on(self) -> None:
        if not (self._reading_waits or self._is_deaf) and self._hear():
            self._transport.resume_reading()

    def _take(self, opcode: Opcode, payload: bytes) -> None:
        if opcode is Opcode.CLOSE:
            self._take_close(payload)
        elif self._state is State.CLOSING:
            pass  # after our close frame nothing matters but its answer
        elif opcode is Opcode.PING and self.paused:
            self._pong = payload  # instead of earlier ones (section 5.5.3): who takes no pongs is not to pile them up
        elif opcode is Opcode.PING:
            self._transport.write(frame(Opcode.PONG, payload))
        elif opcode is Opcode.TEXT:
            self._take_text(payload)
        elif opcode is Opcode.BINARY:
            self._deliver(payload)

    def _take_text(self, payload: bytes) -> None:
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            raise FrameError(INVALID_DATA, "invalid UTF-8") from None
        self._deliver(text)

    def _deliver(self, content: Content) -> None:
        if self._listener is not None:
            self._listener.on_message(content)
            return
        self._inbox.append(content)
        _resolve(self._waiter)
        if len(self._inbox) >= READ_AHEAD:
            self.wait()

    def _take_close(self, payload: bytes) -> None:
        code, reason = read_close(payload)
        if self._state is State.OPEN:
            self._write_close(NORMAL if code == NO_CODE else code)
            self._end(code, reason)
        self._close_transport(ABORT_AFTER_S)

    def _fail(self, error: FrameError) -> None:
        if self._state is State.OPEN:
            self._write_close(error.code, error.reason)
            self._end(error.code, error.reason)
            self._close_transport(ABORT_AFTER_S)
        else:  # bytes that are no answer to our close frame: nothing is left to say
            self._transport.abort()

    # The end

    def _write_close(self, code: int, reason: str = "") -> None:
        self._retire()
        self._state = State.CLOSING
        self._transport.write(frame(Opcode.CLOSE, close_payload(code, reason)))

    def _retire(self) -> None:
        """Nothing may be written from here on. Before the descriptor is closed: no frame may meet its next owner."""
        if self.closed:
            return
        self.closed = True
        if self.on_closed is not None:
            self.on_closed()
        self.fd = -1

    def _end(self, code: int, reason: str = "") -> None:
        """The first word stands."""
        if self._ended is not None:
            return
        self._ended = code, reason
        _resolve(self._waiter)
        if self._listener is not None:
            self._listener.on_end(code, reason)

    def _close_transport(self, patience_s: float) -> None:
        self._transport.close()
        self._cut_off_after(patience_s)

    def _cut_off_after(self, seconds: float) -> None:
        """A transport that closes waits until the peer has taken all that it holds, and with TLS until it has said
        good-bye: here no longer than this.
        """
        if self._state is not State.CLOSED:
            self._abort_after(seconds)

    def _abort_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._transport.abort)

    # ASGI: until somebody has taken over

    async def receive(self) -> dict[str, Any]:
        """The next message of the client, or the end."""
        while not self._inbox and self._ended is None:
            self._waiter = self.loop.create_future()
            await self._waiter
        if not self._inbox:
            assert self._ended is not None
            code, reason = self._ended
            return {"type": "websocket.disconnect", "code": code, "reason": reason}
        content = self._inbox.pop(0)
        if not self._inbox:
            self.go_on()
        return {"type": "websocket.receive", "text" if isinstance(content, str) else "bytes": content}

    async def reply(self, message: dict[str, Any]) -> None:
        """ASGI's `send`. Raises ClientDisconnected, or RuntimeError for what is not due."""
        while self.paused and self._state is not State.CLOSED:
            self._drained = self._drained or self.loop.create_future()
            await asyncio.shield(self._drained)
        if self._state is State.CLOSED:
            raise ClientDisconnected
        match self._state, message["type"]:
            case State.OPENING, "websocket.accept" if self._denial is None:
                self._accept(message)
            case State.OPENING, "websocket.close" if self._denial is None:
                self._refuse(HTTPStatus.FORBIDDEN)
            case State.OPENING, "websocket.http.response.start" if self._denial is None:
                self._denial = message["status"], list(message.get("headers", ())), b""
            case State.OPENING, "websocket.http.response.body" if self._denial is not None:
                self._add_denial(message)
            case State.OPEN, "websocket.send":
                self._send_message(message)
            case State.OPEN, "websocket.close":
                self.close(message.get("code", NORMAL), message.get("reason") or "")
            case State.CLOSING, _:
                raise ClientDisconnected
            case state, kind:
                raise RuntimeError(f"{kind} is not due: the WebSocket is {state.name.lower()}")

    def _accept(self, message: dict[str, Any]) -> None:
        assert self._application is not None
        assert self._application.request is not None
        headers = [*self._server_state.default_headers, *message.get("headers", ())]
        if message.get("subprotocol"):
            headers.append((b"Sec-WebSocket-Protocol", message["subprotocol"].encode()))
        self._transport.write(accept_response(self._application.request, headers))
        self._state = State.OPEN

    def _add_denial(self, message: dict[str, Any]) -> None:
        assert self._denial is not None
        status, headers, body = self._denial
        self._denial = status, headers, body + message.get("body", b"")
        if not message.get("more_body", False):
            self._refuse(*self._denial)

    def _send_message(self, message: dict[str, Any]) -> None:
        content = message.get("bytes")
        if content is not None:
            self.send_framed(frame(Opcode.BINARY, content))
        else:
            self.send(message["text"].encode())

    def _wake_sender(self) -> None:
        _resolve(self._drained)
        self._drained = None

    def returned(self, *, failed: bool) -> None:
        """The application has ended."""
        self._application = None
        if self._listener is not None and not failed:
            return
        if self._state is State.OPENING:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
        elif self._state is State.OPEN:
            self.close(INTERNAL_ERROR if failed else NORMAL)


class _Application:
    """The call of the ASGI application, and all that only it needs."""

    __slots__ = ("_config", "_protocol", "_state", "_tasks", "begun", "request")

    def __init__(
        self, protocol: ServerProtocol, config: Any, tasks: "set[asyncio.Task[None]]", state: dict[str, Any]
    ) -> None:
        self._protocol = protocol
        self._config = config
        self._tasks = tasks  # of the server, which waits for them when it stops
        self._state = state
        self.begun = False
        self.request: Request | None = None

    def begin(self, request: Request, transport: asyncio.Transport) -> None:
        self.begun = True
        self.request = request
        task = self._protocol.loop.create_task(self._run(self._scope(request, transport)), name="websocket")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
            "state": self._state.copy(),
            "extensions": {"websocket.http.response": {}, PEER_KEY: self._protocol},
        }

    async def _run(self, scope: dict[str, Any]) -> None:
        protocol, connected = self._protocol, False

        async def receive() -> dict[str, Any]:
            nonlocal connected
            if connected:
                return await protocol.receive()
            connected = True
            return {"type": "websocket.connect"}

        failed = True
        try:
            await self._config.loaded_app(scope, receive, protocol.reply)
            failed = False
        except ClientDisconnected:
            failed = False
        except Exception:
            log.exception("Exception in ASGI application")
        finally:
            protocol.returned(failed=failed)


def _resolve(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
