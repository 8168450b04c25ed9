"""One command after the other, no more read than can be heard, and nothing left behind at the end."""

import asyncio
from types import SimpleNamespace

import pytest

from app.core.errors import Unavailable
from app.transport.port import READ_AHEAD, TRANSPORT_KEY
from app.websocket.session import Session, websocket_endpoint
from tests.support.realtime import until
from tests.support.transports import FakeTransport

PING = '{"type":"ping"}'


class Transport(FakeTransport):
    def __init__(self):
        super().__init__()
        self.reading = True
        self.listener = None

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def take_over(self, listener):
        self.listener = listener


class WebSocket:
    """As much of Starlette's as the endpoint uses."""

    def __init__(self, desk, token, origin=()):
        services = SimpleNamespace(
            manager=desk.manager, auth=desk.stack.auth, clock=desk.stack.clock, settings=desk.manager.settings
        )
        self.state = SimpleNamespace(services=services)
        self.transport = Transport()
        self.scope = {"extensions": {TRANSPORT_KEY: self.transport}}
        self.client = SimpleNamespace(host="192.0.2.1")
        self.query_params = {"token": token}
        self.headers = SimpleNamespace(getlist=lambda _name: list(origin), get=lambda _name, default="": default)
        self.denied = self.closed = None
        self.accepted, self.texts = False, []

    async def accept(self):
        self.accepted = True

    async def send_text(self, text):
        self.texts.append(text)

    async def close(self, code, reason=""):
        self.closed = int(code), str(reason)

    async def send_denial_response(self, response):
        self.denied = response.status_code


@pytest.fixture
async def session(desk):
    """(a session, its connection as a watcher)"""
    watcher = await desk.connect(desk.stack.add_user("a"))
    watcher.transport.__class__ = Transport
    watcher.transport.reading = True
    return Session(desk.manager, watcher.connection), watcher


def reasons(desk):
    return [row["detail"]["reason"] for row in desk.stack.audit.rows if row["outcome"] == "denied"]


async def test_commands_are_answered_in_the_order_received(session):
    heard, watcher = session
    for number in range(3):
        heard.on_message(f'{{"type":"ping","id":"{number}"}}')
    await until(lambda: len(watcher.transport.wire) >= watcher.read + 3)
    assert [frame["id"] for frame in watcher.frames()] == ["0", "1", "2"]


async def test_reading_stops_when_enough_waits_and_goes_on_when_all_is_heard(session):
    heard, watcher = session
    for _ in range(READ_AHEAD):
        heard.on_message(PING)
    assert not watcher.transport.reading
    await until(lambda: watcher.transport.reading)


async def test_nothing_is_left_behind_at_the_end(desk, session):
    heard, watcher = session
    heard.on_end(1000, "")
    await until(lambda: not len(desk.manager.registry))
    assert watcher.connection.close_code == 1000
    assert len(desk.manager.work) == 0


async def test_a_command_that_fails_ends_only_its_connection(desk, session, monkeypatch):
    heard, watcher = session
    other = await desk.connect(watcher.connection.user_id)

    async def fail(*_):
        raise RuntimeError("unheard of")

    monkeypatch.setattr(desk.manager.command_handler, "handle", fail)
    heard.on_message(PING)
    await until(lambda: watcher.transport.closed)
    assert watcher.transport.closed_with == (1011, "internal")
    assert not other.transport.closed


async def test_a_flood_of_control_frames_is_told_and_closed(session):
    heard, watcher = session
    heard.on_flood()
    (frame,) = watcher.frames()
    assert (frame["code"], frame["fatal"]) == ("rate_limited", True)
    assert watcher.transport.closed_with == (4029, "rate_limited")


async def test_a_connection_is_handed_to_a_session(desk):
    websocket = WebSocket(desk, desk.stack.add_user("a"))
    await websocket_endpoint(websocket)
    assert websocket.accepted
    assert isinstance(websocket.transport.listener, Session)
    assert len(desk.manager.registry) == 1


async def test_nobody_is_let_in_while_the_server_stops(desk):
    websocket = WebSocket(desk, desk.stack.add_user("a"))
    desk.manager.stopping = True
    await websocket_endpoint(websocket)
    assert (websocket.denied, websocket.accepted, reasons(desk)) == (503, False, ["stopping"])


async def test_a_page_of_another_origin_is_refused_before_its_token_is_looked_at(desk):
    websocket = WebSocket(desk, "bad", origin=["https://elsewhere.example"])
    await websocket_endpoint(websocket)
    assert (websocket.denied, reasons(desk)) == (403, ["origin_not_allowed"])


async def test_a_bad_token_is_told_over_the_socket(desk):
    websocket = WebSocket(desk, "bad")
    await websocket_endpoint(websocket)
    assert (websocket.closed, reasons(desk)) == ((1008, "invalid_token"), ["invalid_token"])


async def test_a_database_that_is_away_after_the_upgrade_is_told_over_the_socket(desk, monkeypatch):
    websocket = WebSocket(desk, desk.stack.add_user("a"))

    async def lose(*_):
        raise Unavailable("away")

    monkeypatch.setattr(desk.stack.db, "read", lose)
    await asyncio.wait_for(websocket_endpoint(websocket), 60)
    assert websocket.closed == (1011, "server_busy")
    assert "server_busy" in websocket.texts[0]
    assert len(desk.manager.registry) == 0
