"""What we use of uvicorn beyond its documented interface exists, and behaves as `app.transport` needs it.

An upgrade of uvicorn that breaks one of these names fails here, by the name, and not in a scan that hangs.
"""

import ast
import asyncio
import signal
from pathlib import Path

import httptools
import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import ClientDisconnected, get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

import app.transport

GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
OVERRIDDEN = {
    "connection_made", "connection_lost", "data_received", "handle_websocket_upgrade", "on_body", "on_header",
    "on_headers_complete", "on_message_begin", "on_message_complete", "on_response_complete", "on_url",
    "_start_asgi_task",
}  # fmt: skip


class Transport(asyncio.Transport):
    def __init__(self, **extra):
        super().__init__(extra)
        self.written = b""
        self.reading = True
        self.closing = False
        self.protocol = None

    def write(self, data):
        self.written += data

    def close(self):
        self.closing = True

    def is_closing(self):
        return self.closing

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def set_protocol(self, protocol):
        self.protocol = protocol


class Upgraded(asyncio.Protocol):
    """What a protocol class for WebSockets is given."""

    def __init__(self, config, server_state, app_state):
        self.arguments = config, server_state, app_state
        self.data = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data


async def never(_scope, _receive, _send):
    await asyncio.Event().wait()


def make_config(application=never):
    config = uvicorn.Config(application, http=HttpToolsProtocol, ws=Upgraded, log_config=None)
    config.load()
    return config


def connect(kind=HttpToolsProtocol):
    """(a connection of uvicorn's class or one below it, its transport)"""
    protocol = kind(make_config(), ServerState(), {"services": 1})
    transport = Transport(peername=("192.0.2.1", 5), sockname=("192.0.2.2", 80))
    protocol.connection_made(transport)
    return protocol, transport


@pytest.fixture
async def connection():
    protocol, transport = connect()
    yield protocol, transport
    for task in protocol.server_state.tasks:
        task.cancel()


def test_classes_are_taken_for_http_and_for_websockets():
    config = make_config()
    assert (config.http_protocol_class, config.ws_protocol_class) == (HttpToolsProtocol, Upgraded)


def test_the_configuration_has_what_a_call_of_the_application_needs():
    config = uvicorn.Config(never, ws_max_size=7, root_path="/r", log_config=None)
    config.load()
    assert (config.ws_max_size, config.root_path, config.asgi_version) == (7, "/r", "3.0")
    assert callable(config.loaded_app)


def test_the_state_of_the_server_has_connections_tasks_and_headers():
    state = ServerState()
    assert (state.connections, state.tasks, state.default_headers) == (set(), set(), [])


def test_addresses_and_encryption_come_from_the_transport():
    transport = Transport(peername=("192.0.2.1", 5), sockname=("192.0.2.2", 80), sslcontext=object())
    assert (get_remote_addr(transport), get_local_addr(transport)) == (("192.0.2.1", 5), ("192.0.2.2", 80))
    assert is_ssl(transport)
    assert not is_ssl(Transport())


def test_a_client_that_is_gone_is_an_error_of_the_systems_kind():
    assert issubclass(ClientDisconnected, OSError)


def test_every_method_that_we_override_is_uvicorns():
    tree = ast.parse((Path(app.transport.__path__[0]) / "http.py").read_text("utf-8"))
    ours = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "HttpProtocol")
    methods = {node.name for node in ours.body if isinstance(node, ast.FunctionDef)}
    theirs = {name for name in vars(HttpToolsProtocol) if name in methods and name != "__init__"}
    assert theirs == OVERRIDDEN


async def test_a_connection_knows_its_client_and_has_asked_nothing(connection):
    protocol, transport = connection
    assert (protocol.client, protocol.transport, protocol.cycle) == (("192.0.2.1", 5), transport, None)
    assert len(protocol.pipeline) == 0
    assert isinstance(protocol.flow, FlowControl)
    assert protocol.timeout_keep_alive == 5
    assert protocol in protocol.server_state.connections


async def test_a_request_becomes_a_cycle_with_its_scope(connection):
    protocol, _ = connection
    protocol.data_received(GET)
    cycle = protocol.cycle
    assert isinstance(cycle, RequestResponseCycle)
    assert cycle.scope is protocol.scope
    assert protocol.headers == [(b"host", b"x")]
    assert (cycle.response_started, cycle.response_complete, cycle.disconnected) == (False, False, False)
    assert (cycle.keep_alive, cycle.waiting_for_100_continue) == (True, False)
    assert cycle.message_event.is_set()  # the end of an empty body
    assert len(protocol.server_state.tasks) == 1


async def test_a_second_request_waits_behind_the_first_and_stops_reading(connection):
    protocol, transport = connection
    protocol.data_received(GET + GET)
    assert len(protocol.pipeline) == 1
    assert (protocol.flow.read_paused, transport.reading) == (True, False)
    protocol.flow.resume_reading()
    assert transport.reading


async def test_a_cycle_that_is_told_of_a_disconnect_says_so_and_writes_nothing_more(connection):
    protocol, transport = connection
    protocol.data_received(POST)
    cycle = protocol.cycle
    cycle.disconnected = True
    cycle.message_event.set()
    assert await cycle.receive() == {"type": "http.disconnect"}
    await cycle.send({"type": "http.response.start", "status": 200, "headers": []})
    assert transport.written == b""


async def test_the_keep_alive_timer_is_armed_by_an_answer_and_can_be_taken_back(connection):
    protocol, _ = connection
    protocol.on_response_complete()
    assert protocol.timeout_keep_alive_task is not None
    protocol._unset_keepalive_if_required()
    assert protocol.timeout_keep_alive_task is None


async def test_an_upgrade_hands_the_transport_and_the_whole_request_over(connection):
    protocol, transport = connection
    protocol.data_received(UPGRADE)
    upgraded = transport.protocol
    assert isinstance(upgraded, Upgraded)
    assert upgraded.transport is transport
    assert upgraded.arguments == (protocol.config, protocol.server_state, {"services": 1})
    assert upgraded.data.startswith(b"GET /ws HTTP/1.1\r\n")
    assert upgraded.data.endswith(b"\r\n\r\n")
    assert protocol not in protocol.server_state.connections


async def test_the_parser_says_whether_an_upgrade_is_asked_for_and_raises_after_it():
    asked = []

    class Asking(HttpToolsProtocol):
        def on_headers_complete(self):
            asked.append((self.parser.should_upgrade(), self._should_upgrade()))

    protocol, _ = connect(Asking)
    with pytest.raises(httptools.HttpParserUpgrade):
        protocol.parser.feed_data(UPGRADE)
    assert asked == [(True, True)]


async def test_what_a_callback_raises_ends_the_parsing_and_is_the_context_of_the_error():
    class Refusing(HttpToolsProtocol):
        def on_url(self, url):
            raise ValueError(url)

    protocol, _ = connect(Refusing)
    with pytest.raises(httptools.HttpParserError) as caught:
        protocol.parser.feed_data(GET)
    assert isinstance(caught.value.__context__, ValueError)


async def test_a_lost_connection_needs_no_parser_and_no_flow(connection):
    """We drop both after an upgrade, so that nothing holds the old object."""
    protocol, _ = connection
    protocol.parser = protocol.flow = None
    protocol.connection_lost(None)
    assert protocol not in protocol.server_state.connections


def test_a_server_remembers_signals_and_raises_them_when_it_has_ended():
    server = uvicorn.Server(make_config())
    assert (server.should_exit, server.force_exit) == (False, False)
    with server.capture_signals():
        signal.raise_signal(signal.SIGTERM)
        assert server._captured_signals == [signal.SIGTERM]
        server._captured_signals.clear()  # else it is raised once more here
    assert server.should_exit


async def test_a_server_that_has_started_has_its_listeners():
    async def lifespan_off(_scope, _receive, _send):
        raise AssertionError

    server = uvicorn.Server(uvicorn.Config(lifespan_off, lifespan="off", log_config=None, port=0))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    assert [listener.is_serving() for listener in server.servers] == [True]
    await server.shutdown()
