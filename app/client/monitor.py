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
from app.client.reconnect import EXPIRED, Backoff, CloseAction, after_close, after_no_ticket, stop_reason, trouble_of
from app.client.rest import fetch_ticket, is_passing, retry_after_s
from app.client.subscription import ANSWER_TIMEOUT_S, FrameEffect, TaskSubscription

SILENT_AFTER_S: Final = 60.0  # the server speaks at least every 25 s: this connection is dead
MIN_WAIT_S: Final = 0.05
CUT: Final = 1006  # no close frame came (RFC 6455, section 7.1.5)
FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True)
class Connecting:
    """A connection is being opened; `tries` before it have failed in a row."""

    tries: int


@dataclass(frozen=True, slots=True)
class Live:
    """The server has sent its welcome: events come as they happen."""

    connection_id: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The connection was lost or refused; the next try is in `delay_s`.

    `reason` is a stable key: a code of the wire, a close code such as `1006`, a status such as `http_503`, or one of
    ours (`reconnect.trouble_of`).
    """

    delay_s: float
    reason: str


ConnectionState = Connecting | Live | Waiting


class TokenProvider(Protocol):
    """Gives an access token. `renew`: the last one has expired, or is about to.

    Raises ServerUnreachable when it cannot know now (it is asked again later), SignInFailed when there is none.
    """

    def __call__(self, *, renew: bool) -> Awaitable[str]: ...


@dataclass(frozen=True, slots=True)
class _ConnectionEnd:
    """How a connection, or the try to open one, ended."""

    act: CloseAction
    reason: str
    welcomed_for_s: float | None = None  # None: it got no welcome


class _ConnectionGivenUp(Exception):
    """We let go of the connection, or do not open it."""

    def __init__(self, ended: _ConnectionEnd) -> None:
        super().__init__(ended.reason)
        self.ended = ended


class MonitorClient:
    """Follows tasks. Each `follow` has a connection of its own; nothing is shared between them."""

    def __init__(
        self,
        url: str,
        token_provider: TokenProvider,
        *,
        on_state: Callable[[ConnectionState], None] | None = None,
        open_socket: Connect = open_socket,
        ask_ticket: Callable[[str, str], Awaitable[str]] = fetch_ticket,
        chance: Callable[[], float] = random.random,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        silent_after_s: float = SILENT_AFTER_S,
        language: str | None = None,
    ) -> None:
        """`url`: of the server (http, https), or of its endpoint (ws, wss). Raises ValueError for another.

        `ask_ticket(address, token)` raises SignInFailed for a 401, ServerUnreachable for what may pass.
        A command without an answer for `answer_timeout_s` is sent again; a connection without a frame for
        `silent_after_s` is given up for a new one. `language` is that of the events' texts, such as `en`; None: the
        server's.
        """
        self._endpoint = endpoint_of(url)
        self._language = language
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
        """Yield snapshots and events in order, each event once, over any number of cuts. Never gives up by itself.

        Without `last_seq` it begins with a snapshot; `epoch` is that of the event with this `seq`. Whenever the log no
        longer reaches back, a `task_snapshot` comes that covers what is missing. Ends after `task_deleted`. Close the
        iterator (`aclosing`) to end it sooner.

        Raises:
            Stopped: the server said not to come back.
            SignInFailed: the token provider has no token.
            TaskLost: there is no such task, for this user at least.
        """
        subscription = TaskSubscription(
            task_id, last_seq=last_seq, epoch=epoch, log_tail=log_tail, answer_timeout_s=self._answer_timeout_s
        )
        async with aclosing(_FollowLoop(self, subscription).events()) as events:
            async for event in events:
                yield event
                if event.type == "task_deleted":
                    return

    def report_state(self, state: ConnectionState) -> None:
        if self._on_state is not None:
            self._on_state(state)

    async def token(self, *, renew: bool) -> str:
        return await self._token_provider(renew=renew)

    async def ticket(self, token: str) -> str:
        return await self._ask_ticket(ticket_address_of(self._endpoint), token)

    def open(self, ticket: str) -> AbstractAsyncContextManager[Socket]:
        """Open a socket by ticket: the token stays out of the address, which proxies keep in their logs."""
        chosen = "" if self._language is None else f"&lang={quote(self._language, safe='')}"
        return self._open_socket(f"{self._endpoint}?ticket={quote(ticket, safe='')}{chosen}")

    def renewal_delay_s(self, left_s: float) -> float:
        """Return a time in the first half of what is left: not everybody who is warned at once may ask at once."""
        return self._chance() * max(left_s, 0.0) / 2

    def new_backoff(self) -> Backoff:
        return Backoff(random=self._chance)


class _FollowLoop:
    """One `follow` over all its connections."""

    def __init__(self, client: MonitorClient, subscription: TaskSubscription) -> None:
        self._client = client
        self._subscription = subscription
        self._backoff = client.new_backoff()
        self._tries = 0  # in a row without a welcome
        self._renew = False  # the token that was used last has expired
        self._welcomed_at: float | None = None  # of the connection that is open
        self._heard_at = 0.0  # when it was opened, or its last frame came
        self._renew_at = math.inf  # when its token is to be renewed
        self._ended = _ConnectionEnd(CloseAction.RECONNECT, "")  # how the last connection ended; set when it has

    async def events(self) -> AsyncGenerator[Event, None]:
        while True:
            self._client.report_state(Connecting(self._tries))
            self._tries += 1
            self._welcomed_at, self._renew_at = None, math.inf
            async with aclosing(self._connected()) as events:
                async for event in events:
                    yield event
            await self._pause(self._ended)

    async def _connected(self) -> AsyncGenerator[Event, None]:
        """Run one connection, from the token to its end, which is left in `_ended`."""
        try:
            token = await self._client.token(renew=self._renew)
            async with self._client.open(await self._ticket(token)) as socket:
                self._heard_at = time.monotonic()
                async for event in self._listen(socket):
                    yield event
        except ServerUnreachable as error:
            self._backoff.hold(error.retry_after_s)
            self._ended = _ConnectionEnd(CloseAction.RECONNECT, error.code)
        except _ConnectionGivenUp as left:
            self._ended = left.ended
        except ConnectionClosed as closed:
            self._ended = self._closed(closed)
        except InvalidStatus as refused:
            self._ended = self._refused(refused)
        except InvalidURI as error:
            raise Stopped(f"{error}", code="invalid_url") from error
        except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
            self._ended = _ConnectionEnd(CloseAction.RECONNECT, trouble_of(error), self._welcomed_for_s())
        finally:
            self._subscription.disconnected()

    async def _ticket(self, token: str) -> str:
        try:
            return await self._client.ticket(token)
        except SignInFailed as refused:
            raise _ConnectionGivenUp(
                self._decide(after_no_ticket(refused.code), refused.code, cause=refused)
            ) from refused
        except ServerUnreachable:
            raise
        except ClientError as error:
            raise Stopped(f"This is no monitoring endpoint: {error.message}", code=error.code) from error

    async def _listen(self, socket: Socket) -> AsyncGenerator[Event, None]:
        while True:
            frame = await self._receive(socket)
            if frame is None:
                continue
            if self._subscription.receive(frame, time.monotonic()) is FrameEffect.APPLY:
                yield Event.of(frame, self._subscription.epoch)
            elif self._subscription.lost_code is not None:
                raise TaskLost(
                    f"The task {self._subscription.task_id} cannot be followed.", code=self._subscription.lost_code
                )

    async def _receive(self, socket: Socket) -> Mapping[str, Any] | None:
        """Send what is due, then wait for a frame. None: before one came, something else was due.

        Raises TimeoutError when the server has been silent for too long.
        """
        if time.monotonic() >= self._renew_at:
            await self._renew_in_place(socket)
        now = time.monotonic()
        command = self._subscription.next_command(now) if self._welcomed_at is not None else None
        if command is not None:
            await socket.send(json.dumps(command))
        due = self._subscription.due_at() if self._welcomed_at is not None else None
        silent_at = self._heard_at + self._client.silent_after_s
        try:
            # Never no time at all: the caller may have been busy while frames were waiting here.
            async with asyncio.timeout(max(MIN_WAIT_S, min(silent_at, due or silent_at, self._renew_at) - now)):
                frame: Mapping[str, Any] = json.loads(await socket.recv())
        except TimeoutError:
            if time.monotonic() >= silent_at:
                raise
            return None
        self._heard_at = time.monotonic()
        self._heed(frame)
        return frame

    def _heed(self, frame: Mapping[str, Any]) -> None:
        """Take what concerns the connection, not the task that is followed on it."""
        match frame["type"]:
            case "connection_established":
                self._welcomed_at = time.monotonic()
                self._tries, self._renew = 0, False
                self._client.report_state(Live(frame["connection_id"]))
            case "reconnect_advice":
                self._backoff.advise(frame["delay_min_ms"] / 1_000, frame["delay_max_ms"] / 1_000)
            case "error" if frame.get("fatal"):
                self._backoff.hold(frame.get("retry_after_ms", 0) / 1_000)
            case "token_expiring":
                left = datetime.fromisoformat(frame["expires_at"]) - datetime.fromisoformat(frame["timestamp"])
                self._renew_at = time.monotonic() + self._client.renewal_delay_s(left.total_seconds())
            case "auth_result" if not frame["success"]:
                raise _ConnectionGivenUp(
                    _ConnectionEnd(CloseAction.RECONNECT, frame["error"]["code"], self._welcomed_for_s())
                )

    async def _renew_in_place(self, socket: Socket) -> None:
        """Send a fresh token. Without one the connection ends with 4001, and coming back says why."""
        self._renew_at = math.inf
        try:
            token = await self._client.token(renew=True)
        except ClientError:
            return
        await socket.send(json.dumps({"type": "auth", "token": token}))

    def _closed(self, closed: ConnectionClosed) -> _ConnectionEnd:
        code, reason = (CUT, "") if closed.rcvd is None else (closed.rcvd.code, closed.rcvd.reason)
        key = stop_reason(code, reason)
        return self._decide(after_close(code, reason), key, cause=closed, close_code=code, said=reason or str(code))

    def _decide(
        self, act: CloseAction, key: str, *, cause: Exception, close_code: int | None = None, said: str | None = None
    ) -> _ConnectionEnd:
        """Return how the connection ended, or raise Stopped with `key`."""
        if act is CloseAction.STOP or (act is CloseAction.RENEW and self._renew):  # even the renewed token has expired
            raise Stopped(f"The server refuses the connection: {key}.", code=key, close_code=close_code) from cause
        return _ConnectionEnd(act, said or key, self._welcomed_for_s())

    def _refused(self, refused: InvalidStatus) -> _ConnectionEnd:
        status = refused.response.status_code
        if status != FORBIDDEN and not is_passing(status):
            raise Stopped(f"This is no monitoring endpoint: HTTP status {status}.", code=f"http_{status}") from refused
        self._backoff.hold(retry_after_s(refused.response.headers))
        return _ConnectionEnd(CloseAction.RECONNECT, f"http_{status}")

    def _welcomed_for_s(self) -> float | None:
        return None if self._welcomed_at is None else time.monotonic() - self._welcomed_at

    async def _pause(self, ended: _ConnectionEnd) -> None:
        self._renew = ended.act is CloseAction.RENEW
        if ended.welcomed_for_s is not None:
            self._backoff.was_connected(ended.welcomed_for_s)
        delay_s = self._backoff.next_delay_s()
        self._client.report_state(Waiting(delay_s, EXPIRED if self._renew else ended.reason))
        await asyncio.sleep(delay_s)
