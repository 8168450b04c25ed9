"""Issue: bytes that the sender means as a body, or as another protocol, were parsed as the next request.

Behind a proxy that shares its connections, that request met the next user's answer, or got their token.
"""

import socket
import time
from contextlib import closing

import httpx
import pytest

from tests.support.service import nginx_before, read_all, read_answer

LOGIN = b'{"username": "admin", "password": "no"}'
HIDDEN = b"GET /livez HTTP/1.1\r\nHost: hidden\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
# What announces another protocol than ours: each makes the parser stop behind the head.
UPGRADES = [
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
    b"Connection: keep-alive, upgrade\r\nUpgrade: foo/1\r\n",
    b"Connection: upgrade\r\nConnection: keep-alive\r\nUpgrade: websocket\r\n",
    b"Connection: keep-alive\r\nConnection: UPGRADE\r\nUpgrade: TLS/1.0, h2c\r\n",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
    b"Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n",
]
METHODS = [b"GET /livez", b"POST /api/v1/auth/login", b"DELETE /api/v1/tasks/x", b"OPTIONS *"]


def with_length(body):
    return b"Content-Length: %d\r\n\r\n" % len(body), body


def in_chunks(body):
    return CHUNKED + b"\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def pretended_chunks(body):
    """A chunked body whose bytes, taken for requests, are some."""
    return CHUNKED + b"\r\n", b"0\r\n\r\n" + body


BODIES = {"length": with_length, "chunked": in_chunks, "pretended": pretended_chunks}


def talk(service, *parts):
    """What is answered to the parts, which leave one by one; the server has to end the connection."""
    with closing(service.connect()) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        first = b""
        for number, part in enumerate(parts):
            try:
                link.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                break  # it has already ended the connection, with what it said before
            if number == 0 and len(parts) > 1:
                first = read_answer(link)  # now the parser has stopped, and what comes next is new to it
        return first + read_all(link)


def answers(said):
    return [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("upgrade", UPGRADES, ids=range(len(UPGRADES)))
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_an_upgrade_with_a_body_is_a_400_and_nothing_of_the_body_is_parsed(service, method, upgrade, body):
    framing, content = body(HIDDEN * 3)
    head = method + b" HTTP/1.1\r\nHost: a\r\n" + upgrade + framing
    for parts in ([head, content], [head + content], [head + content[:9], content[9:]]):
        assert answers(talk(service, *parts)) == [400]


@pytest.mark.parametrize("upgrade", UPGRADES, ids=range(len(UPGRADES)))
@pytest.mark.parametrize("method", METHODS)
def test_an_upgrade_without_a_body_is_answered_once_and_ends_the_connection(service, method, upgrade):
    head = method + b" HTTP/1.1\r\nHost: a\r\n" + upgrade + b"\r\n"
    for parts in ([head], [head, HIDDEN], [head + HIDDEN], [head, HIDDEN * 500]):
        said = talk(service, *parts)
        assert len(answers(said)) == 1
        assert b"connection: close" in said.lower()


@pytest.mark.parametrize("target", [b"a:443", b"/livez", b"http://a/livez"])
@pytest.mark.parametrize("more", [b"", b"Content-Length: 37\r\n", CHUNKED], ids=["bare", "length", "chunked"])
def test_a_tunnel_is_none(service, target, more):
    head = b"CONNECT " + target + b" HTTP/1.1\r\nHost: a\r\n" + more + b"\r\n"
    for parts in ([head + HIDDEN], [head, HIDDEN]):
        (status,) = answers(talk(service, *parts))
        assert status >= 400


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_websocket_begins_without_a_body(service, method, body):
    framing, content = body(HIDDEN)
    head = (
        method + b" /api/v1/monitor/ws?token=x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + framing
    )
    for parts in ([head + content], [head, content]):
        assert answers(talk(service, *parts)) == [400]


def test_behind_an_upgrade_that_waits_for_its_turn_nothing_is_parsed(service):
    slow = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    slow += b"Content-Length: %d\r\n\r\n" % len(LOGIN) + LOGIN
    upgrade = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert len(answers(talk(service, slow + upgrade + HIDDEN))) <= 2
    assert len(answers(talk(service, slow + upgrade, HIDDEN))) <= 2


@pytest.mark.parametrize(
    "header", [b"Upgrade: h2c\r\n", b"Connection: Upgrade\r\n", b"Connection: Upgrade\r\nUpgrade:\r\n"]
)
def test_half_an_upgrade_is_none_and_its_body_is_one(service, header):
    head = b"GET /livez HTTP/1.1\r\nHost: a\r\n" + header + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN
    end = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert answers(talk(service, head + end)) == [200, 200]


# Through nginx, whose connection to the application is one for all

POSTS = {
    "length": b"Content-Length: %d\r\n\r\n%b",
    "chunked": CHUNKED + b"\r\n%x\r\n%b\r\n0\r\n\r\n",
}
PREFIX = b"POST /api/v1/auth/logout HTTP/1.1\r\nX-Rest: "  # the next request's head becomes its own, token included
PADDING = b"GET /livez HTTP/1.1\r\nHost: hidden\r\n\r\n" * 2_000  # more than leaves in one piece with the head


def attack(port, framing, body):
    """A stranger's request through the proxy, its body in a piece of its own."""
    head = b"POST /livez HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    head, _, content = (head + POSTS[framing] % (len(body), body)).partition(b"\r\n\r\n")
    with closing(socket.create_connection(("127.0.0.1", port), timeout=15)) as link:
        link.sendall(head + b"\r\n\r\n")
        time.sleep(0.2)  # so that the proxy has sent the head on by itself; no condition of ours can be seen there
        try:
            link.sendall(content)
        except (BrokenPipeError, ConnectionResetError):
            return
        link.settimeout(1)
        try:
            read_all(link)
        except TimeoutError:
            return


@pytest.fixture(scope="module")
def victim(service):
    return service.sign_in()


@pytest.mark.system
@pytest.mark.parametrize("buffering", ["off", "on"])
@pytest.mark.parametrize("connection", ["upgrade", "$http_connection"])
def test_no_stranger_s_body_meets_the_next_user_s_request(service, victim, tmp_path, connection, buffering):
    proxy = nginx_before(tmp_path / "nginx", service.port, connection=connection, buffering=buffering)
    with proxy as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as user:
        for framing in POSTS:
            for body in (PREFIX, HIDDEN, PADDING + PREFIX):
                attack(port, framing, body)
                for _ in range(3):
                    answer = user.get("/api/v1/auth/me", headers=victim)
                    assert (answer.status_code, answer.json().get("username")) == (200, "admin")
    assert service.http.get("/api/v1/auth/me", headers=victim).status_code == 200


@pytest.mark.system
def test_behind_the_proxy_an_upgrade_that_nobody_serves_is_answered_and_the_next_user_too(service, victim, tmp_path):
    proxy = nginx_before(tmp_path / "nginx", service.port)
    with proxy as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as user:
        for _ in range(5):
            assert user.get("/livez", headers={"Upgrade": "h2c"}).status_code == 200
            assert user.get("/api/v1/auth/me", headers=victim).json()["username"] == "admin"
