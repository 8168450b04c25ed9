"""Issue: who aborts at the right moment had an error logged with its traceback, and in it what they, or others, sent.

8 to 37 bytes of log came of each byte sent, without signing in.
"""

import socket
import struct
from contextlib import closing

import pytest

from tests.support.service import read_all

SECRET = b"hunter2-7c1f94e07b5d"
# What is written of bytes that nobody signed for, per byte: a line for some requests, never an answer in full.
MAX_LOG_PER_BYTE = 1.0
ROUNDS = 40
INVALID = b'{"username": ["%b"], "password": {"%b": "%b"}, "%b": 1}' % ((SECRET,) * 4)
WRONG = b'{"username": "admin", "password": "%b"}' % SECRET


def post(body, path=b"/api/v1/auth/login", more=b""):
    head = b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + more
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def get(path, more=b""):
    return b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n" + more + b"\r\n"


SOCKET = get(
    b"/api/v1/monitor/ws?token=" + SECRET,
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n",
)
HALF = post(WRONG)[:-5]
ATTACKS = {
    "nul": b"\0",
    "nul behind a request": post(INVALID) + b"\0",
    "nul behind many": post(INVALID) * 20 + b"\0",
    "nul behind a wrong password": post(WRONG) + b"\0",
    "nul behind a query": get(b"/api/v1/tasks?token=" + SECRET) + b"\0",
    "pipelined and cut short": post(INVALID) * 20 + HALF,
    "pipelined with a socket behind": post(INVALID) * 3 + SOCKET,
    "pipelined with an upgrade behind": post(INVALID) * 3 + get(b"/livez", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"),
    "a body cut short": HALF,
    "a body that is no text": post(b"\xff\xfe" + SECRET),
    "a body that is no JSON": post(WRONG + SECRET),
    "a body in wrong pieces": post(b"", more=b"Transfer-Encoding: chunked\r\n") + b"zz\r\n" + SECRET,
    "a head that is none": SECRET + b"\r\n\r\n",
    "an address that is none": get(b"http://[" + SECRET + b"/"),
    "an address in other letters": get(b"/api/v1/tasks/%ff%fe" + SECRET),
    "a socket": SOCKET,
    "a socket that speaks at once": SOCKET + SECRET,
    "a path with a NUL": get(b"/api/v1/tasks/%00" + SECRET),
    "a foreign origin": SOCKET.replace(b"Host: a", b"Host: a\r\nOrigin: https://evil.example"),
}


def reset(link):
    """Close with RST: what is under way is lost."""
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.close()


def send_and_end(service, content):
    """End our side, read what is said, close."""
    with closing(service.connect()) as link:
        link.sendall(content)
        link.shutdown(socket.SHUT_WR)
        read_all(link)


def send_and_reset(service, content):
    link = service.connect()
    link.sendall(content)
    reset(link)


def send_in_two_and_reset(service, content):
    link = service.connect()
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.sendall(content[:-1])
    service.http.get("/livez")  # meanwhile it has begun
    try:
        link.sendall(content[-1:])
    except (BrokenPipeError, ConnectionResetError):
        link.close()
    else:
        reset(link)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """As everybody has it, but that a wrong password, a refused socket and a waiting body count again and again."""
    from tests.support.service import running_service

    limits = {"login_burst_per_address": 100_000, "ws_handshakes_per_s_per_address": 100_000}
    limits |= {"http_stall_timeout_s": 1, "http_head_timeout_s": 1, "http_keep_alive_s": 1}
    with running_service(tmp_path_factory.mktemp("service"), **limits) as running:
        yield running


@pytest.mark.parametrize("end", [send_and_end, send_and_reset, send_in_two_and_reset])
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_sent_is_not_logged_nor_more_than_is_sent(service, attack, end):
    content, before = ATTACKS[attack], service.log_bytes()
    rounds = 4 if end is send_and_end else ROUNDS
    for _ in range(rounds):
        end(service, content)
    service.settle()
    written = service.output.read_bytes()[before:]
    assert b"Traceback" not in written, written[:3_000]
    assert SECRET not in written, written[:3_000]
    assert len(written) <= MAX_LOG_PER_BYTE * rounds * len(content), written[:1_000]


def test_nothing_of_all_that_was_logged_later(service):
    """Some of it ends only when its time is over."""
    assert service.is_healthy()
    assert SECRET.decode() not in service.log()
    assert "Traceback" not in service.log()
