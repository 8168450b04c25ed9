"""HTTP connections: uvicorn's protocol, with an end to all that a client could render out.

uvicorn by itself waits for ever for a head that does not end, a body that drips and a reader that takes nothing, keeps
heads of any size, and takes any number of connections. Here each has a limit (docs/settings.md, "Requests"). A timer
of each connection looks at it now and then; nothing else is added to what a request costs.

It also parses on behind a request that asks for another protocol, and takes the body of that request for the next one
(request smuggling). Here such a request is the last of its connection, and may have no body. And of an abort it tells
only the newest of the calls that are under way. Here all of them hear that the client is gone.
"""

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Any, Final, cast

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.core.pending_write import CLIENT_DISCONNECTED
from app.transport.cut_requests import answer_unless_cut
from app.transport.handshake import refusal
from app.transport.http_limits import FREE_BODY_BYTES, REASONS, HttpConnectionLimits
from app.transport.port import ABORT_KEY

MAX_HEADERS: Final = 128  # of one request, trailers of a chunked body included
MIN_BODY_BYTES_PER_S: Final = 500  # a slower body is no upload but a way to hold a connection
# So long what still comes after a refusal is thrown away: a connection that is closed while its peer writes is reset,
# and the answer may be lost with it (RFC 9112, section 9.6).
LINGER_S: Final = 2.0
# Longer than proxies keep an idle connection (nginx and most balancers: 60 s), or one would be closed under a request.
PROXY_KEEP_ALIVE_S: Final = 75


class Awaiting(Enum):
    """What the client owes us."""

    NOTHING = auto()  # the application has the request
    HEAD = auto()
    BODY = auto()
    END = auto()  # all is said; it is to close


class HttpProtocol(HttpToolsProtocol):
    """Given to uvicorn as `http=make_http_protocol(limits)`.

    Adds `scope["extensions"]["compliance.abort"]["abort"]`, which ASGI lacks: called, it drops the connection at once,
    unsent bytes included. uvicorn closes a transport only after the last byte was taken.
    """

    def __init__(
        self,
        config: Any,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: HttpConnectionLimits,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._address: str | None = None  # under which it is counted in the limits
        self._timer: asyncio.TimerHandle | None = None
        self._awaiting = Awaiting.HEAD
        self._since = self.loop.time()  # when this wait began
        self._begun = False  # bytes of the head are here
        self._head_bytes = 0  # of the request's head and trailers, as far as they are parsed
        self._headers = 0
        self._unparsed_bytes = 0  # came since the parser last said something: of a header that does not end
        self._body_bytes = 0  # came since `_since`
        self._stored_bytes = 0  # of bodies whose answers are not complete, as far as they are kept
        self._unsent_bytes = 0  # at the last look
        self._taken_at = self._since  # when the client was last seen to take bytes, or there were none
        self._running: RequestResponseCycle | None = None  # the application's call that answers; `cycle` is the newest
        self._upgrade_asked = False  # what comes behind the head is not for the parser

    # What the transport says

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        address = self.client[0] if self.client else ""
        reason = self._limits.admit(address)
        if reason is not None:
            self._limits.count_cut(reason)
            self._write_refusal(reason)
            self._awaiting = Awaiting.END
            self.transport.close()  # no waiting here: it is places that are short
            return
        self._address = address
        if self._limits.is_proxy(address):
            self.timeout_keep_alive = PROXY_KEEP_ALIVE_S
        self._timer = self.loop.call_later(self._limits.check_interval_s, self._check)

    def data_received(self, data: bytes) -> None:
        if self._awaiting is Awaiting.END or self._upgrade_asked:
            return  # read and thrown away, so that an answer under way is not lost by a reset
        if self._awaiting is Awaiting.NOTHING:
            self._await_next(Awaiting.HEAD)
        self._unparsed_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        except HttpParserError as error:
            self._refuse(_reason_of(error))
        else:
            if self._unparsed_bytes > self._limits.settings.http_max_head_bytes:
                self._refuse("head_too_large")

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._tell_gone()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """The parser and this object hold each other: without the last line they stay until a garbage collection."""
        if self.pipeline or (self.cycle is not None and not self.cycle.response_complete):
            self._abort()  # no client does that: the answer under way would end up between frames
            return
        self._leave()
        super().handle_websocket_upgrade()
        self.parser = self.flow = None  # type: ignore[assignment]

    # What the parser says

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT_KEY: {"abort": self._abort}}
        if self._awaiting is not Awaiting.HEAD:
            self._await_next(Awaiting.HEAD)
        self._begun = True
        self._head_bytes = self._headers = self._unparsed_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        self._count_head(len(name) + len(value) + len(b": \r\n"))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._upgrade_asked = self.parser.should_upgrade()
        if self._upgrade_asked and _has_body(self.headers):
            raise _Refused("upgrade_with_body")
        super().on_headers_complete()
        upgrades = self._upgrade_asked and self._should_upgrade()  # then there is no answer of ours, and no cycle
        if not upgrades and (self._upgrade_asked or self._limits.closing):
            self.cycle.keep_alive = False
        self._await_next(Awaiting.BODY)

    def on_body(self, body: bytes) -> None:
        self._unparsed_bytes = 0
        self._body_bytes += len(body)
        if not self.cycle.response_complete and not self._store(len(body)):
            raise _Refused("body_limit")
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        # Who is answered before the end of the body owes the next request: uvicorn's keep-alive would not look again.
        answered = self.cycle is not None and self.cycle.response_complete
        self._await_next(Awaiting.HEAD if answered else Awaiting.NOTHING)

    def on_response_complete(self) -> None:
        if self._awaiting is Awaiting.BODY:
            self._await_next(Awaiting.BODY)  # from now on it has to come to its end
        if not self.pipeline:
            self._forget_bodies()
        super().on_response_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        cast("dict[str, Any]", cycle.scope)[CLIENT_DISCONNECTED] = lambda: cycle.disconnected
        super()._start_asgi_task(cycle, partial(answer_unless_cut, app, cycle))

    def _count_head(self, count: int) -> None:
        """Raises _Refused, which ends the parsing."""
        self._unparsed_bytes = 0
        self._head_bytes += count
        if self._head_bytes > self._limits.settings.http_max_head_bytes or self._headers > MAX_HEADERS:
            raise _Refused("head_too_large")

    # Bodies in memory

    def _store(self, count: int) -> bool:
        """Whether so many more bytes may be kept. What is above the largest body is thrown away as it comes."""
        before = self._stored_bytes
        after = min(before + count, max(before, self._limits.settings.max_body_bytes))
        counted = max(0, after - FREE_BODY_BYTES) - max(0, before - FREE_BODY_BYTES)
        if counted and not self._limits.reserve_body(self._address or "", counted):
            return False
        self._stored_bytes = after
        return True

    def _forget_bodies(self) -> None:
        counted, self._stored_bytes = max(0, self._stored_bytes - FREE_BODY_BYTES), 0
        if counted:
            self._limits.free_body(self._address or "", counted)

    # The limits in time

    def _await_next(self, wait: Awaiting) -> None:
        self._awaiting = wait
        self._since = self.loop.time()
        self._begun = False
        self._body_bytes = self._unparsed_bytes = 0

    def _check(self) -> None:
        self._timer = self.loop.call_later(self._limits.check_interval_s, self._check)
        now = self.loop.time()
        if self._takes_nothing(now):
            self._limits.count_cut("unread")
            self._abort()
        elif self._awaiting is Awaiting.HEAD:
            self._check_head(now)
        elif self._awaiting is Awaiting.BODY:
            self._check_body(now)
        elif self._awaiting is Awaiting.END and now - self._since >= LINGER_S:
            self._abort()

    def _takes_nothing(self, now: float) -> bool:
        """Whether bytes wait for the client and none was taken for too long."""
        before, self._unsent_bytes = self._unsent_bytes, self.transport.get_write_buffer_size()
        if self._unsent_bytes == 0 or self._unsent_bytes != before:
            self._taken_at = now
        return now - self._taken_at >= self._limits.settings.http_stall_timeout_s

    def _check_head(self, now: float) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._since = now  # it comes early, while the answer to the one before is under way
        elif now - self._since >= self._limits.settings.http_head_timeout_s:
            if self._begun:
                self._refuse("head_timeout")
            else:  # on stock, as browsers open them: an answer would be taken for that of a request to come
                self.transport.close()

    def _check_body(self, now: float) -> None:
        cycle = self.cycle
        under_way = not cycle.response_complete
        if under_way and (self.flow.read_paused or cycle.waiting_for_100_continue or cycle.response_started):
            self._await_next(Awaiting.BODY)  # not the client is slow: we do not read, or do not need it
            return
        spent_s = now - self._since
        if spent_s < self._limits.settings.http_stall_timeout_s:
            return
        if self._body_bytes >= spent_s * MIN_BODY_BYTES_PER_S and under_way:
            self._await_next(Awaiting.BODY)
        else:
            self._refuse("body_timeout")

    # The end

    def _refuse(self, reason: str) -> None:
        """Answer in the application's place, where no other answer is under way, and end the connection."""
        if self._awaiting is Awaiting.END or self.transport.is_closing():
            return
        self._limits.count_cut(reason)
        if not self._may_answer():
            self._abort()
            return
        self._await_next(Awaiting.END)
        self._unset_keepalive_if_required()
        self._write_refusal(reason)
        self._tell_gone()
        if self.transport.can_write_eof():
            self.flow.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()

    def _may_answer(self) -> bool:
        if self.pipeline:
            return False
        if self.cycle is None:
            return True
        return not self.cycle.response_started if self._awaiting is Awaiting.BODY else self.cycle.response_complete

    def _write_refusal(self, reason: str) -> None:
        status = REASONS[reason]
        assert status is not None
        body = status.phrase.encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        self.transport.write(refusal(status, headers, body))

    def _abort(self) -> None:
        """Drop the connection at once, unsent bytes included."""
        self._tell_gone()
        self.transport.abort()

    def _tell_gone(self) -> None:
        """Each call of the application that is under way hears a disconnect, and what it still says goes nowhere: who
        writes to a transport that was aborted gets an error instead.
        """
        self.pipeline.clear()  # those are not begun
        for cycle in (self._running, self.cycle):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        if self.flow is not None:
            self.flow.resume_writing()

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._address is not None:
            self._forget_bodies()
            self._limits.release(self._address)
            self._address = None


class _Refused(Exception):
    """Ends the parsing of a request, for one of `limits.REASONS`."""


def _reason_of(error: HttpParserError) -> str:
    """Why the parser gave up: what a callback said, or that it did not understand."""
    said = error.__context__
    return str(said) if isinstance(said, _Refused) else "bad_request"


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a body is announced, whatever its framing; the parser has checked that a length is a number."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b" \t0")) for name, value in headers
    )


def make_http_protocol(limits: HttpConnectionLimits) -> type[asyncio.Protocol]:
    """What uvicorn calls for each connection; to its types it is a class."""
    protocol: Callable[..., asyncio.Protocol] = partial(HttpProtocol, limits=limits)
    return cast("type[asyncio.Protocol]", protocol)
