"""The request that opens a WebSocket."""

import pytest

from app.transport.handshake import BadHandshake, accept_response, read_request, refusal

USUAL = {
    "Host": "example.org",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def request(first="GET /ws?token=a%20b HTTP/1.1", **changes):
    headers = {**USUAL, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [first, *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_the_example_of_the_rfc():
    found = read_request(request(Sec_WebSocket_Protocol="a, b"))
    assert (found.path, found.query, found.subprotocols) == (b"/ws", b"token=a%20b", ["a", "b"])
    assert (b"host", b"example.org") in found.headers
    answer = accept_response(found, [(b"X-Own", b"1")])
    assert answer.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-Own: 1\r\n\r\n" in answer


@pytest.mark.parametrize(
    ("data", "status", "header"),
    [
        (b"GET / HTTP/1.1\r\n", 400, None),
        (request("POST /ws HTTP/1.1"), 405, (b"Allow", b"GET")),
        (request("GET /ws HTTP/1.0"), 505, None),
        (request(f"GET /{'x' * 9_000} HTTP/1.1"), 414, None),
        (request(Cookie="x" * 9_000), 431, None),
        (request(**{f"X-{number}": "1" for number in range(129)}), 431, None),
        (request(Connection="close"), 426, (b"Upgrade", b"websocket")),
        (request(Upgrade="h2c"), 426, (b"Upgrade", b"websocket")),
        (request(Sec_WebSocket_Version="8"), 426, (b"Sec-WebSocket-Version", b"13")),
        (request(Sec_WebSocket_Version=None), 400, None),
        (request(Sec_WebSocket_Key=None), 400, None),
        (request(Sec_WebSocket_Key="c2hvcnQ="), 400, None),
        (request(Sec_WebSocket_Key="not base 64"), 400, None),
        (request(**{"": "no name"}), 400, None),
    ],
)
def test_requests_that_are_refused(data, status, header):
    with pytest.raises(BadHandshake) as bad:
        read_request(data)
    assert bad.value.status == status
    assert header is None or header in bad.value.headers


def test_a_refusal_says_how_long_it_is_and_that_it_is_the_end():
    assert refusal(429, [(b"Retry-After", b"1")], b"slow") == (
        b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 4\r\n\r\nslow"
    )
    assert refusal(599, [(b"content-length", b"0")], b"").startswith(b"HTTP/1.1 599 \r\ncontent-length: 0\r\n")


def test_no_header_smuggles_another():
    with pytest.raises(ValueError, match="line break"):
        refusal(403, [(b"X", b"a\r\nSet-Cookie: b")], b"")
