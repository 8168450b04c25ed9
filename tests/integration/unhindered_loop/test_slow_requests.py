"""Clients that draw a request out, or hold what they need not: bounded on the real server, and nobody else notices."""

import asyncio
import itertools
import socket
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from websockets.asyncio.client import connect

from tests.support.logs import captured_log
from tests.support.realtime import until, warning
from tests.support.streaming import open_stream, stream_backend

HEAD_S, STALL_S = 0.4, 0.6
LIMITS = {"http_head_timeout_s": HEAD_S, "http_stall_timeout_s": STALL_S, "ws_send_buffer_bytes": 4_096}
LOGIN = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
TASKS = LOGIN.replace(b"auth/login", b"tasks")  # where a body may be larger
GET = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
BODY = b'{"username": "admin", "password": "wrong"}'


@pytest.fixture
async def backend(tmp_path):
    async with stream_backend(tmp_path, **LIMITS) as found:
        yield found


@pytest.fixture
def log():
    with captured_log("INFO") as stream:
        yield stream


class Client:
    """A connection whose user decides about every byte."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def say(self, data):
        self.writer.write(data)

    async def rest(self):
        """All that comes until the server closes."""
        async with asyncio.timeout(30):
            return await self.reader.read()

    async def drip(self, data, every_s=0.02):
        """`data` again and again until the server has closed; what it said."""

        async def go_on():
            with suppress(ConnectionError):
                while True:
                    self.say(data)
                    await self.writer.drain()
                    await asyncio.sleep(every_s)

        dripping = asyncio.create_task(go_on())
        try:
            return await self.rest()
        finally:
            dripping.cancel()
            with suppress(asyncio.CancelledError):
                await dripping

    async def get(self, path):
        self.say(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        return await self.answer()

    async def answer(self):
        """Head and body of one answer."""
        async with asyncio.timeout(30):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            return head + await self.reader.readexactly(length)


@asynccontextmanager
async def connected(backend, *, address="127.0.0.1", receive_buffer=None):
    sock = socket.socket()
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.bind((address, 0))
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", backend.port))
    client = Client(*await asyncio.open_connection(sock=sock, limit=65_536 if receive_buffer is None else 1_024))
    try:
        yield client
    finally:
        client.writer.transport.abort()


def cut(backend, reason):
    return backend.services.metrics.http_cut.labels(reason)._value.get()


# Time


async def test_a_head_that_drips_is_answered_408_in_time(backend, log):
    began = asyncio.get_running_loop().time()
    async with connected(backend) as client:
        client.say(b"GET /livez HTTP/1.1\r\nHost: a\r\n")
        answer = await client.drip(b"X-More: 1\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer
    assert HEAD_S <= asyncio.get_running_loop().time() - began < HEAD_S + 5
    assert cut(backend, "head_timeout") == 1
    assert "Traceback" not in log.getvalue()


@pytest.mark.parametrize("said", [b"G", b"GET /livez HTTP/1.1\r\nHo", b"GET /livez HTTP/1.1\r\nHost: a\r\n"])
async def test_a_head_that_stops_is_answered_408(backend, said):
    async with connected(backend) as client:
        client.say(said)
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("said", [b"", b"\r\n"])
async def test_a_connection_on_stock_is_closed_without_a_word(backend, said):
    async with connected(backend) as client:
        client.say(said)
        assert await client.rest() == b""
    assert cut(backend, "head_timeout") == 0


async def test_the_second_head_of_a_connection_has_its_time_too(backend):
    async with connected(backend) as client:
        assert (await client.get("/livez")).startswith(b"HTTP/1.1 200 ")
        assert (await client.drip(b"G" * 3, every_s=0.05)).startswith(b"HTTP/1.1 4")
    async with connected(backend) as client:
        await client.get("/livez")
        client.say(b"GET /li")
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("framing", [b"Content-Length: 500000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
@pytest.mark.parametrize("drop", [b"", b"1\r\nx\r\n"], ids=["still", "drips"])
async def test_a_body_without_progress_is_answered_408(backend, log, framing, drop):
    async with connected(backend) as client:
        client.say(LOGIN + framing + drop)
        answer = await (client.drip(drop, every_s=0.1) if drop else client.rest())
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert cut(backend, "body_timeout") == 1
    assert "Traceback" not in log.getvalue()


async def test_an_upload_that_goes_on_may_take_as_long_as_it_takes(backend):
    async with connected(backend) as client:
        began = asyncio.get_running_loop().time()
        client.say(TASKS + b"Transfer-Encoding: chunked\r\n\r\n")
        client.say(b"%x\r\n%b\r\n" % (len(BODY), BODY))
        while asyncio.get_running_loop().time() - began < 3 * STALL_S:
            client.say(b"1400\r\n" + b" " * 5_120 + b"\r\n")
            await asyncio.sleep(0.05)
        client.say(b"0\r\n\r\n")
        assert (await client.answer()).startswith(b"HTTP/1.1 401 ")


async def test_who_asks_first_has_time_from_the_answer_on(backend):
    async with connected(backend) as client:
        client.say(LOGIN + b"Expect: 100-continue\r\nContent-Length: 50\r\n\r\n")
        answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("more", "after"),
    [
        ("", b""),
        ("", b"GET /livez HTTP/1.1\r\nHo"),  # the next request's head begins, while the answer is under way
        ("Content-Length: 5\r\n", b"1"),  # a body that nobody needs
    ],
    ids=["quiet", "next", "body"],
)
async def test_a_long_answer_outlives_all_limits(tmp_path, more, after):
    async with stream_backend(tmp_path, sse_ping_after_s=0.1, **LIMITS) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        async with connected(backend) as client:
            head = f"GET /api/v1/monitor/tasks/{task}/events?token={user} HTTP/1.1\r\nHost: a\r\n{more}\r\n"
            client.say(head.encode() + after)
            async with asyncio.timeout(30):
                assert (await client.reader.readline()).startswith(b"HTTP/1.1 200 ")
                for _ in range(int(3 * STALL_S / 0.1)):
                    await client.reader.readuntil(b": ping\n\n")
                await backend.say(task, warning("still here"))
                await client.reader.readuntil(b"still here")


@pytest.mark.parametrize(
    "behind", [GET, GET * 3, GET + b"\0", b"\0", b""], ids=["one", "many", "nul", "broken", "none"]
)
@pytest.mark.parametrize("cut_off", [False, True], ids=["ends", "aborts"])
async def test_a_stream_hears_that_its_client_is_gone_whatever_was_sent_behind_it(tmp_path, log, behind, cut_off):
    """uvicorn tells the newest request alone: the stream before it went on for nobody."""
    async with stream_backend(tmp_path, sse_ping_after_s=0.1, **LIMITS) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        async with connected(backend) as client:
            streams = backend.services.metrics.open_streams
            client.say(f"GET /api/v1/monitor/tasks/{task}/events?token={user} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            await client.reader.readuntil(b"event: task_snapshot")
            assert streams._value.get() == 1
            client.say(behind)
            if cut_off:
                client.writer.transport.abort()
            else:
                client.writer.close()
            await until(lambda: streams._value.get() == 0)
    assert "Traceback" not in log.getvalue()


async def test_an_answer_that_nobody_reads_is_cut_off(backend):
    async with connected(backend, receive_buffer=2_048) as client:
        client.say(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: cut(backend, "unread") == 1)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.answer()


async def test_an_answer_that_is_closed_and_not_read_is_cut_off(backend):
    async with connected(backend, receive_buffer=2_048) as client:
        client.say(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await until(lambda: cut(backend, "unread") == 1)


async def test_a_slow_reader_gets_its_answer(tmp_path):
    limits = {**LIMITS, "http_stall_timeout_s": 1.5}
    async with stream_backend(tmp_path, **limits) as backend, connected(backend, receive_buffer=2_048) as client:
        client.say(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        began, answer = asyncio.get_running_loop().time(), b""
        async with asyncio.timeout(120):
            while part := await client.reader.read(4_096):
                answer += part
                await asyncio.sleep(0.05)
        assert asyncio.get_running_loop().time() - began > 1.5
        assert answer.endswith(b"}")
        assert cut(backend, "unread") == 0


@pytest.mark.parametrize("trusted", [(), ("127.0.0.1",)], ids=["client", "proxy"])
async def test_an_idle_connection_is_kept_for_the_next_request_and_not_for_ever(tmp_path, trusted):
    limits = {"http_keep_alive_s": 1, "trusted_proxies": trusted}
    async with stream_backend(tmp_path, **limits) as backend, connected(backend) as client:
        for _ in range(2):
            assert (await client.get("/livez")).startswith(b"HTTP/1.1 200 ")
        if trusted:  # a proxy must not find it closed under its next request
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.reader.read(1), 1.5)
        else:
            assert await client.rest() == b""


async def test_a_body_after_its_answer_keeps_no_connection(backend):
    """Answered before the body came: uvicorn stops its keep-alive at the body's first byte, and never looks again."""
    async with connected(backend) as client:
        client.say(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        assert (await client.answer()).startswith(b"HTTP/1.1 404 ")
        client.say(b"12345")
        assert await client.rest() == b""
    async with connected(backend) as client:
        client.say(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        await client.answer()
        with suppress(ConnectionError):
            assert await client.drip(b"200\r\n" + b" " * 512 + b"\r\n") == b""


# Size


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 400_000,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Many: 1\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Many: 1234567890\r\n" * 20_000 + b"\r\n",
        b"GET /api/v1/monitor/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: "
        + b"a" * 70_000
        + b"\r\n\r\n",
        b"\r\n" * 200_000,
    ],
    ids=["address", "header", "no-end", "many", "many-and-long", "upgrade", "empty-lines"],
)
async def test_a_head_that_is_too_large_is_answered_431(backend, log, head):
    """To who reads only when all is sent, too."""
    async with connected(backend) as client:
        client.say(head)
        await client.writer.drain()
        answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert cut(backend, "head_too_large") == 1
    assert "Traceback" not in log.getvalue()


@pytest.mark.parametrize(
    "body", [b"0\r\nX-Trailer: " + b"a" * 400_000, b"0\r\n" + b"X: 1\r\n" * 70_000, b"1;" + b"a" * 400_000]
)
async def test_what_stands_around_a_chunked_body_is_bounded_too(backend, body):
    async with connected(backend) as client:
        client.say(LOGIN + b"Transfer-Encoding: chunked\r\n\r\n" + body)
        assert (await client.rest()).startswith(b"HTTP/1.1 431 ")


async def test_a_large_body_in_one_piece_with_its_head_is_no_large_head(backend):
    async with connected(backend) as client:
        for _ in range(2):  # the second head may come in one piece with the rest of the first body
            client.say(TASKS + b"Content-Length: 200000\r\n\r\n" + BODY.ljust(200_000))
        for _ in range(2):
            assert (await client.answer()).startswith(b"HTTP/1.1 401 ")


async def test_what_is_no_http_is_answered_400(backend):
    async with connected(backend) as client:
        client.say(b"\x16\x03\x01 hello\r\n\r\n")
        assert (await client.rest()).startswith(b"HTTP/1.1 400 ")
    assert cut(backend, "bad_request") == 1


# Numbers


async def closed_with(backend, **options):
    async with connected(backend, **options) as client:
        return (await client.rest()).split(b"\r\n")[0]


async def test_an_address_has_so_many_connections_and_others_have_theirs(tmp_path):
    async with stream_backend(tmp_path, http_max_connections_per_address=3) as backend:
        for _ in range(3):  # each time all places are free again
            async with AsyncExitStack() as stack:
                first, *_ = [await let_in(stack, backend) for _ in range(3)]
                assert await closed_with(backend) == b"HTTP/1.1 429 Too Many Requests"
                assert (await first.get("/livez")).startswith(b"HTTP/1.1 200 ")
                other = await stack.enter_async_context(connected(backend, address="127.0.0.2"))
                assert (await other.get("/livez")).startswith(b"HTTP/1.1 200 ")
    assert cut(backend, "address_limit") >= 3


async def let_in(stack, backend):
    """A connection that got a place, as soon as the server has seen that others left."""
    async with asyncio.timeout(20):
        while True:
            client = await stack.enter_async_context(connected(backend))
            with suppress(ConnectionError):
                if (await client.get("/livez")).startswith(b"HTTP/1.1 200 "):
                    return client


async def test_the_process_has_so_many_connections(tmp_path):
    limits = {"http_max_connections": 2, "http_max_connections_per_address": 1, "trusted_proxies": ("127.0.0.1",)}
    async with stream_backend(tmp_path, **limits) as backend, connected(backend), connected(backend):
        assert await closed_with(backend) == b"HTTP/1.1 503 Service Unavailable"
        assert await closed_with(backend, address="127.0.0.2") == b"HTTP/1.1 503 Service Unavailable"


async def test_all_come_from_a_proxy(tmp_path):
    limits = {"http_max_connections_per_address": 1, "trusted_proxies": ("10.0.0.0/8", "127.0.0.1")}
    async with stream_backend(tmp_path, **limits) as backend, connected(backend), connected(backend) as second:
        assert (await second.get("/livez")).startswith(b"HTTP/1.1 200 ")


async def test_a_socket_takes_no_place_once_it_is_one_and_a_stream_does(tmp_path):
    async with stream_backend(tmp_path, http_max_connections_per_address=1) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        place = f"ws://127.0.0.1:{backend.port}/api/v1/monitor/ws?token={user}"
        async with (
            connect(place, proxy=None),
            connect(place, proxy=None),
            open_stream(backend, task, user) as stream,
        ):
            assert (await stream.event())["type"] == "task_snapshot"
            assert await closed_with(backend) == b"HTTP/1.1 429 Too Many Requests"


async def test_no_socket_is_opened_behind_an_answer_that_is_under_way(backend, log):
    user = await backend.sign_in()
    upgrade = (
        f"GET /api/v1/monitor/ws?token={user} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
    async with connected(backend) as client:
        client.say(LOGIN + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY + upgrade)
        with suppress(ConnectionError):
            assert b" 101 " not in await client.rest()
    async with connected(backend) as client:
        assert (await client.get("/livez")).startswith(b"HTTP/1.1 200 ")
    assert "Traceback" not in log.getvalue()


async def test_many_who_stall_keep_nobody_else_waiting(backend):
    async with asyncio.TaskGroup() as group:
        for number in range(60):
            group.create_task(stall(backend, number))
        for _ in itertools.repeat(None, 20):
            async with connected(backend) as client:
                assert (await client.get("/livez")).startswith(b"HTTP/1.1 200 ")


async def stall(backend, number):
    beginnings = b"GET / HTTP/1.1\r\nX: ", LOGIN + b"Content-Length: 9\r\n\r\n", LOGIN
    async with connected(backend) as client:
        client.say(beginnings[number % 3])
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")
