"""The I/O shell: one WebSocket after the other, until the caller has seen enough."""

import asyncio
import json
import math
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException

from app.client.endpoint import Connect, Socket, endpoint_of, open_socket, ticket_address_of
from app.client.errors import ClientError, ServerUnreachable, SignInFailed, Stopped, TaskLost
from app.client.events import Event
from app.client.following import ANSWER_TIMEOUT_S, Following, Verdict
from app.client.reconnect import EXPIRED, Act, Backoff, after_close, after_no_ticket, stop_reason
from app.client.rest import fetch_ticket, is_passing, retry_after_s

SILENT_AFTER_S: Final = 60.0  # the server speaks at least every 25 s: this connection is dead
MIN_PATIENCE_S: Final = 0.05
CUT: Final = 1006  # no close frame came (RFC 6455, section 7.1.5)
FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True)
class Connecting:
    """A connection is being opened; `tries` before it have failed in a row."""

    tries: int


@dataclass(frozen=True, slots=True)
class Live:
    """The server has greeted: events come as they happen."""

    connection_id: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The connection was lost or refused; the next try is in `delay_s`."""

    delay_s: float
    reason: str


State = Connecting | Live | Waiting


class TokenProvider(Protocol):
    """Gives an access token. `renew`: the last one has expired, or is about to.

    Raises ServerUnreachable when it cannot know now (it is asked again later), SignInFailed when there is none.
    """

    def __call__(self, *, renew: bool) -> Awaitable[str]: ...


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a connection, or the try to open one, ended."""

    act: Act
    reason: str
    greeted_for_s: float | None = None  # None: it was not greeted


class _Left(Exception):
    """We let go of the connection, or do not open it."""

    def __init__(self, ended: _Ended) -> None:
        super().__init__(ended.reason)
        self.ended = ended


class MonitorClient:
    """Follows tasks. Each `follow` has a connection of its own; nothing is shared between them."""

    def __init__(
        self,
        url: str,
        token_provider: TokenProvider,
        *,
        on_state: Callable[[State], None] | None = None,
        open_socket: Connect = open_socket,
        ask_ticket: Callable[[str, str], Awaitable[str]] = fetch_ticket,
        chance: Callable[[], float] = random.random,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        silent_after_s: float = SILENT_AFTER_S,
    ) -> None:
        """`url`: of the server (http, https), or of its endpoint (ws, wss). Raises ValueError for another.

        `ask_ticket(address, token)` raises SignInFailed for a 401, ServerUnreachable for what may pass.
        A command without an answer for `answer_timeout_s` is sent again; a connection without a frame for
        `silent_after_s` is given up for a new one.
        """
        self._endpoint = endpoint_of(url)
        self._token_provider = token_provider
        self._on_state = on_state
        self._open_socket = open_socket
        self._ask_ticket = ask_ticket
        self._chance = chance
        self._answer_timeout_s = answer_timeout_s
        self.silent_after_s = silent_after_s

    async def follow(
        self, task_id: str, last_seq: int | None = None, *, epoch: str | None = None, log_tail: int = 200
    ) -> AsyncGenerator[Event, None]:
        """Snapshots and events in order, each event once, over any number of cuts. Never gives up by itself.

        Without `last_seq` it begins with a snapshot; `epoch` is that of the event with this `seq`. Whenever the log no
        longer reaches back, a `task_snapshot` comes that covers what is missing. Ends after `task_deleted`. Close the
        iterator (`aclosing`) to end it sooner.

        Raises:
            Stopped: the server said not to come back.
            SignInFailed: the token provider has no token.
            TaskLost: there is no such task, for this user at least.
        """
        following = Following(
            task_id, last_seq=last_seq, epoch=epoch, log_tail=log_tail, answer_timeout_s=self._answer_timeout_s
        )
        async with aclosing(_Run(self, following).events()) as events:
            async for event in events:
                yield event
                if event.type == "task_deleted":
                    return

    def tell(self, state: State) -> None:
        if self._on_state is not None:
            self._on_state(state)

    async def token(self, *, renew: bool) -> str:
        return await self._token_provider(renew=renew)

    async def ticket(self, token: str) -> str:
        return await self._ask_ticket(ticket_address_of(self._endpoint), token)

    def open(self, ticket: str) -> AbstractAsyncContextManager[Socket]:
        """The token stays out of the address, which proxies keep in their logs."""
        return self._open_socket(f"{self._endpoint}?ticket={quote(ticket, safe='')}")

    def renewal_delay_s(self, left_s: float) -> float:
        """Somewhere in the first half of what is left, so that not everybody who is warned at once asks at once."""
        return self._chance() * max(left_s, 0.0) / 2

    def new_backoff(self) -> Backoff:
        return Backoff(random=self._chance)


class _Run:
    """One `follow` over all its connections."""

    def __init__(self, client: MonitorClient, following: Following) -> None:
        self._client = client
        self._following = following
        self._backoff = client.new_backoff()
        self._tries = 0  # in a row without a greeting
        self._renew = False  # the token that was used last has expired
        self._greeted_at: float | None = None  # of the connection that is open
        self._heard_at = 0.0  # when it was opened, or its last frame came
        self._renew_at = math.inf  # when its token is to be renewed
        self._ended = _Ended(Act.RECONNECT, "")  # how the last connection ended; set when it has

    async def events(self) -> AsyncGenerator[Event, None]:
        while True:
            self._client.tell(Connecting(self._tries))
            self._tries += 1
            self._greeted_at, self._renew_at = None, math.inf
            async with aclosing(self._connected()) as events:
                async for event in events:
                    yield event
            await self._pause(self._ended)

    async def _connected(self) -> AsyncGenerator[Event, None]:
        """One connection, from the token to its end, which is left in `_ended`."""
        try:
            token = await self._client.token(renew=self._renew)
            async with self._client.open(await self._ticket(token)) as socket:
                self._heard_at = time.monotonic()
                async for event in self._listen(socket):
                    yield event
        except ServerUnreachable as error:
            self._backoff.hold(error.retry_after_s)
            self._ended = _Ended(Act.RECONNECT, error.code)
        except _Left as left:
            self._ended = left.ended
        except ConnectionClosed as closed:
            self._ended = self._closed(closed)
        except InvalidStatus as refused:
            self._ended = self._refused(refused)
        except InvalidURI as error:
            raise Stopped(f"{error}", code="invalid_url") from error
        except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
            self._ended = _Ended(Act.RECONNECT, type(error).__name__, self._greeted_for_s())
        finally:
            self._following.disconnected()

    async def _ticket(self, token: str) -> str:
        try:
            return await self._client.ticket(token)
        except SignInFailed as refused:
            raise _Left(self._judge(after_no_ticket(refused.code), refused.code, cause=refused)) from refused
        except ServerUnreachable:
            raise
        except ClientError as error:
            raise Stopped(f"This is no monitoring endpoint: {error.message}", code=error.code) from error

    async def _listen(self, socket: Socket) -> AsyncGenerator[Event, None]:
        while True:
            frame = await self._receive(socket)
            if frame is None:
                continue
            if self._following.receive(frame, time.monotonic()) is Verdict.APPLY:
                yield Event.of(frame, self._following.epoch)
            elif self._following.lost_code is not None:
                raise TaskLost(
                    f"The task {self._following.task_id} cannot be followed.", code=self._following.lost_code
                )

    async def _receive(self, socket: Socket) -> Mapping[str, Any] | None:
        """Sends what is due, then waits for a frame. None: before one came, something else was due.

        Raises TimeoutError when the server has been silent for too long.
        """
        if time.monotonic() >= self._renew_at:
            await self._renew_in_place(socket)
        now = time.monotonic()
        command = self._following.next_command(now) if self._greeted_at is not None else None
        if command is not None:
            await socket.send(json.dumps(command))
        due = self._following.due_at() if self._greeted_at is not None else None
        silent_at = self._heard_at + self._client.silent_after_s
        try:
            # Never no time at all: the caller may have been busy while frames were waiting here.
            async with asyncio.timeout(max(MIN_PATIENCE_S, min(silent_at, due or silent_at, self._renew_at) - now)):
                frame: Mapping[str, Any] = json.loads(await socket.recv())
        except TimeoutError:
            if time.monotonic() >= silent_at:
                raise
            return None
        self._heard_at = time.monotonic()
        self._note(frame)
        return frame

    def _note(self, frame: Mapping[str, Any]) -> None:
        """What concerns the connection, whoever is followed on it."""
        match frame["type"]:
            case "connection_established":
                self._greeted_at = time.monotonic()
                self._tries, self._renew = 0, False
                self._client.tell(Live(frame["connection_id"]))
            case "reconnect_advice":
                self._backoff.advise(frame["delay_min_ms"] / 1_000, frame["delay_max_ms"] / 1_000)
            case "error" if frame.get("fatal"):
                self._backoff.hold(frame.get("retry_after_ms", 0) / 1_000)
            case "token_expiring":
                left = datetime.fromisoformat(frame["expires_at"]) - datetime.fromisoformat(frame["timestamp"])
                self._renew_at = time.monotonic() + self._client.renewal_delay_s(left.total_seconds())
            case "auth_result" if not frame["success"]:
                raise _Left(_Ended(Act.RECONNECT, frame["error"]["code"], self._greeted_for_s()))

    async def _renew_in_place(self, socket: Socket) -> None:
        """Events wait meanwhile. Without a fresh token the connection ends with 4001, and coming back says why."""
        self._renew_at = math.inf
        try:
            token = await self._client.token(renew=True)
        except ClientError:
            return
        await socket.send(json.dumps({"type": "auth", "token": token}))

    def _closed(self, closed: ConnectionClosed) -> _Ended:
        code, reason = (CUT, "") if closed.rcvd is None else (closed.rcvd.code, closed.rcvd.reason)
        key = stop_reason(code, reason)
        return self._judge(after_close(code, reason), key, cause=closed, close_code=code, said=reason or str(code))

    def _judge(
        self, act: Act, key: str, *, cause: Exception, close_code: int | None = None, said: str | None = None
    ) -> _Ended:
        """Raises Stopped, with `key`."""
        if act is Act.STOP or (act is Act.RENEW and self._renew):  # even the renewed token has expired
            raise Stopped(f"The server refuses the connection: {key}.", code=key, close_code=close_code) from cause
        return _Ended(act, said or key, self._greeted_for_s())

    def _refused(self, refused: InvalidStatus) -> _Ended:
        status = refused.response.status_code
        if status != FORBIDDEN and not is_passing(status):
            raise Stopped(f"This is no monitoring endpoint: HTTP status {status}.", code=f"http_{status}") from refused
        self._backoff.hold(retry_after_s(refused.response.headers))
        return _Ended(Act.RECONNECT, f"HTTP {status}")

    def _greeted_for_s(self) -> float | None:
        return None if self._greeted_at is None else time.monotonic() - self._greeted_at

    async def _pause(self, ended: _Ended) -> None:
        self._renew = ended.act is Act.RENEW
        if ended.greeted_for_s is not None:
            self._backoff.was_connected(ended.greeted_for_s)
        delay_s = self._backoff.next_delay_s()
        self._client.tell(Waiting(delay_s, EXPIRED if self._renew else ended.reason))
        await asyncio.sleep(delay_s)
