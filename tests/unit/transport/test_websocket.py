"""The socket's protocol against a transport in memory: what a client can do to it."""

import asyncio
import gc
import weakref
from types import SimpleNamespace

import pytest

from app.transport import websocket as module
from app.transport.framing import Opcode, close_payload, frame
from app.transport.port import READ_AHEAD
from app.transport.websocket import TURN_FRAMES, ControlRate, WebSocketProtocol
from tests.unit.transport.test_framing import masked
from tests.unit.transport.test_handshake import request


class Transport(asyncio.Transport):
    """Takes everything, or nothing while it is stuck. Closed as soon as it holds nothing."""

    def __init__(self):
        super().__init__()
        self.protocol = None
        self.written = b""
        self.unsent = b""
        self.stuck = False
        self.lingers = False  # as TLS does, until the peer has finished the closing handshake
        self.reading = True
        self.closing = False
        self.lost = False

    def get_extra_info(self, name, default=None):
        return self if name == "socket" else default

    def fileno(self):
        return 1_000_000  # nobody's

    def getsockname(self):
        return "127.0.0.1", 80

    def getpeername(self):
        return "127.0.0.1", 50_000

    def set_write_buffer_limits(self, high=None, low=None):
        pass

    def get_write_buffer_size(self):
        return len(self.unsent)

    def write(self, data):
        assert not self.lost
        if not self.stuck:
            self.written += data
            return
        self.unsent += data
        if not self.protocol.paused:
            self.protocol.pause_writing()

    def drain(self):
        self.written, self.unsent, self.stuck = self.written + self.unsent, b"", False
        self.protocol.resume_writing()

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True
        if not (self.unsent or self.lingers):
            self.abort()

    def abort(self):
        self.closing = True
        if not self.lost:
            self.lost = True
            self.protocol.connection_lost(None)


class Listener:
    def __init__(self):
        self.heard = []
        self.ended = None
        self.floods = 0

    def on_message(self, content):
        self.heard.append(content)

    def on_flood(self):
        self.floods += 1

    def on_end(self, code, reason):
        self.ended = code, reason


class Waiting(Listener):
    """One that wants no more than a session does."""

    def __init__(self, peer):
        super().__init__()
        self.peer = peer

    def on_message(self, content):
        super().on_message(content)
        if len(self.heard) >= READ_AHEAD:
            self.peer.pause_reading()


async def turn():
    """One turn of the loop."""
    await asyncio.sleep(0)


def make(application, *, unsent=b""):
    config = SimpleNamespace(ws_max_size=65_536, loaded_app=application, root_path="", asgi_version="3.0")
    state = SimpleNamespace(connections=set(), tasks=set(), default_headers=[])
    transport = Transport()
    transport.unsent = unsent
    transport.protocol = protocol = WebSocketProtocol(config, state, {})
    protocol.connection_made(transport)
    protocol.data_received(request())
    return protocol, transport, state


async def accept(_scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    await receive()


@pytest.fixture
async def opened():
    """A protocol whose handshake is over; a listener has taken over."""
    protocol, transport, state = make(accept)
    await turn()
    assert transport.written.startswith(b"HTTP/1.1 101 ")
    transport.written = b""
    listener = Listener()
    protocol.take_over(listener)
    yield protocol, transport, listener
    transport.abort()
    await asyncio.gather(*state.tasks)


async def test_who_speaks_before_the_answer_is_refused():
    may_answer = asyncio.Event()
    raised = []

    async def slow(_scope, receive, send):
        await receive()
        await may_answer.wait()
        try:
            await send({"type": "websocket.accept"})
        except OSError as error:
            raised.append(error)

    protocol, transport, state = make(slow)
    await turn()
    protocol.data_received(masked(Opcode.PING, b"are you there?") + masked(Opcode.TEXT, b"now"))
    assert transport.written.startswith(b"HTTP/1.1 400 ")
    assert transport.lost
    may_answer.set()
    await asyncio.gather(*state.tasks)
    assert raised


async def test_who_has_not_taken_an_earlier_answer_opens_nothing():
    """What the transport holds for somebody else would be neither seen nor waited for, and frames would pass it by."""
    _, transport, state = make(accept, unsent=b"the end of an HTTP response")
    assert transport.lost
    assert (transport.written, state.tasks, state.connections) == (b"", set(), set())


async def test_a_client_that_takes_no_pongs_gets_the_last_one_later(opened):
    protocol, transport, _ = opened
    protocol._control_rate = ControlRate(burst=10_000)
    transport.stuck = True
    protocol.data_received(masked(Opcode.PING, b"first"))
    before = transport.get_write_buffer_size()
    for number in range(1_000):
        protocol.data_received(masked(Opcode.PING, b"%d" % number))
    assert transport.get_write_buffer_size() == before
    transport.drain()
    assert transport.written == frame(Opcode.PONG, b"first") + frame(Opcode.PONG, b"999")


async def test_nothing_follows_our_close_frame_when_the_transport_drains(opened):
    protocol, transport, _ = opened
    transport.stuck = True
    protocol.data_received(masked(Opcode.PING, b"a") + masked(Opcode.PING, b"b"))
    protocol.close(4010)
    transport.drain()
    assert transport.written == frame(Opcode.PONG, b"a") + frame(Opcode.CLOSE, close_payload(4010))


async def test_frames_that_come_together_are_taken_in_turns(opened):
    protocol, transport, listener = opened
    count = 3 * TURN_FRAMES + 1
    protocol.data_received(b"".join(masked(Opcode.TEXT, b"%d" % number) for number in range(count)))
    assert len(listener.heard) == TURN_FRAMES
    assert not transport.reading
    for _ in range(3):
        await turn()
    assert listener.heard == [str(number) for number in range(count)]
    assert transport.reading


async def test_pieces_of_a_message_are_taken_in_turns_too(opened):
    protocol, transport, listener = opened
    pieces = masked(Opcode.CONTINUATION, b"", fin=False) * TURN_FRAMES
    protocol.data_received(masked(Opcode.TEXT, b"a", fin=False) + pieces + masked(Opcode.CONTINUATION, b"z"))
    assert not transport.reading
    await turn()
    assert listener.heard == ["az"]
    assert transport.reading


async def test_no_more_is_heard_than_was_asked_for(opened):
    protocol, transport, _ = opened
    listener = Waiting(protocol)
    protocol.take_over(listener)
    protocol.data_received(b"".join(masked(Opcode.TEXT, b"%d" % number) for number in range(2 * READ_AHEAD)))
    await turn()
    assert len(listener.heard) == READ_AHEAD
    assert not transport.reading
    first, listener.heard = listener.heard, []
    protocol.resume_reading()
    await turn()
    assert [*first, *listener.heard] == [str(number) for number in range(2 * READ_AHEAD)]


async def test_a_good_bye_behind_what_waits_is_heard_in_its_turn(opened):
    protocol, transport, listener = opened
    protocol.data_received(masked(Opcode.TEXT, b"x") * TURN_FRAMES + masked(Opcode.CLOSE, close_payload(1000)))
    assert listener.ended is None
    await turn()
    assert listener.ended == (1000, "")
    assert transport.written == frame(Opcode.CLOSE, close_payload(1000))
    assert transport.lost


async def test_what_comes_after_a_good_bye_does_no_harm(opened):
    protocol, transport, listener = opened
    protocol.data_received(masked(Opcode.CLOSE, b"") + masked(Opcode.TEXT, b"late") + b"\xff" * 20)
    assert (listener.heard, listener.ended) == ([], (1005, ""))
    assert transport.written == frame(Opcode.CLOSE, close_payload(1000))


@pytest.mark.parametrize("end", ["answer", "half_close", "stop"])
async def test_a_transport_that_lingers_is_cut_off(opened, monkeypatch, end):
    """TLS waits for the closing handshake of the peer, for half a minute, although all bytes were taken."""
    monkeypatch.setattr(module, "ABORT_AFTER_S", 0.01)
    monkeypatch.setattr(module, "STOP_AFTER_S", 0.01)
    protocol, transport, _ = opened
    transport.lingers = True
    if end == "answer":
        protocol.data_received(masked(Opcode.CLOSE, b""))
    elif end == "half_close":
        assert not protocol.eof_received()
    else:
        protocol.shutdown()
    assert not transport.lost
    async with asyncio.timeout(30):
        while not transport.lost:  # noqa: ASYNC110 - the transport is no awaitable
            await asyncio.sleep(0.005)


async def test_who_listened_is_free_when_the_connection_is_lost(opened):
    """A session holds its connection, that its peer, and that the session: only a garbage collection would end it."""
    protocol, transport, _ = opened
    listener = Waiting(protocol)
    protocol.take_over(listener)
    seen = weakref.ref(listener)
    gc.disable()
    try:
        del listener
        transport.abort()
        assert seen() is None
    finally:
        gc.enable()


async def test_control_frames_have_a_rate_and_come_back_with_time(opened):
    protocol, _, listener = opened
    now = [0.3]
    protocol.loop = SimpleNamespace(time=lambda: now[0])
    for count, later_s in ((50, 0.0), (10, 1.0), (1, 0.1), (50, 1_000.0)):
        now[0] += later_s
        protocol.data_received(masked(Opcode.PONG, b"") * count)
        assert listener.floods == 0
    protocol.data_received(masked(Opcode.PONG, b""))
    assert listener.floods == 1


async def test_a_flood_at_an_application_that_listens_by_itself_is_closed():
    protocol, transport, state = make(accept)
    await turn()
    await turn()
    protocol.data_received(masked(Opcode.PING, b"") * 60)
    assert transport.written.count(frame(Opcode.PONG, b"")) == 50
    assert transport.written.endswith(frame(Opcode.CLOSE, close_payload(1008)))
    transport.abort()
    await asyncio.gather(*state.tasks)
