"""The request that opens a WebSocket, and how it is answered (RFC 6455, section 4). No I/O.

uvicorn's HTTP side has parsed the request once and hands it over as complete bytes: its form is known to be good, what
it asks for is not.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MAX_LINE_BYTES: Final = 8_192
MAX_HEADERS: Final = 128
KEY_BYTES: Final = 16
Headers = list[tuple[bytes, bytes]]  # names in lower case


class BadHandshake(Exception):
    """The request is answered with `status`, and its connection ends."""

    def __init__(self, status: HTTPStatus, headers: Headers | None = None) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.headers = headers or []


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """A request that may be answered with 101."""

    path: bytes  # as it came, percent-encoded
    query: bytes
    headers: Headers
    accept: bytes  # the value of Sec-WebSocket-Accept
    subprotocols: list[str]


def read_request(data: bytes) -> UpgradeRequest:
    """Raises BadHandshake."""
    head, end, _ = data.partition(b"\r\n\r\n")
    if not end:
        raise BadHandshake(HTTPStatus.BAD_REQUEST)
    first, *lines = head.split(b"\r\n")
    if len(first) > MAX_LINE_BYTES:
        raise BadHandshake(HTTPStatus.REQUEST_URI_TOO_LONG)
    if len(lines) > MAX_HEADERS or any(len(line) > MAX_LINE_BYTES for line in lines):
        raise BadHandshake(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    method, _, rest = first.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    if method != b"GET":
        raise BadHandshake(HTTPStatus.METHOD_NOT_ALLOWED, [(b"Allow", b"GET")])
    if version != b"HTTP/1.1":
        raise BadHandshake(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    headers = [_read_header(line) for line in lines]
    path, _, query = target.partition(b"?")
    subprotocols = [name for name in _tokens(headers, b"sec-websocket-protocol") if name]
    return UpgradeRequest(path, query, headers, _accept(headers), subprotocols)


def accept_response(request: UpgradeRequest, more: Headers) -> bytes:
    """The 101. Raises ValueError for a header with a line break."""
    return _response(
        HTTPStatus.SWITCHING_PROTOCOLS,
        [
            (b"Upgrade", b"websocket"),
            (b"Connection", b"Upgrade"),
            (b"Sec-WebSocket-Accept", request.accept),
            *more,
        ],
        b"",
    )


def refusal(status: int, headers: Headers, body: bytes) -> bytes:
    """An answer instead of the 101; the connection is closed after it. Raises ValueError for a line break."""
    given = {name.lower() for name, _ in headers}
    more = [(b"Connection", b"close"), (b"Content-Length", b"%d" % len(body))]
    return _response(status, [*headers, *(pair for pair in more if pair[0].lower() not in given)], body)


def _response(status: int, headers: Headers, body: bytes) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {status:d} {phrase}".encode(), *(name + b": " + value for name, value in headers)]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise ValueError("a header has a line break")
    return b"\r\n".join([*lines, b"", body])


def _read_header(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not name or not name.isascii():
        raise BadHandshake(HTTPStatus.BAD_REQUEST)
    return name.lower(), value.strip()


def _accept(headers: Headers) -> bytes:
    if "upgrade" not in (token.lower() for token in _tokens(headers, b"connection")):
        raise BadHandshake(HTTPStatus.UPGRADE_REQUIRED, [(b"Upgrade", b"websocket")])
    if [token.lower() for token in _tokens(headers, b"upgrade")] != ["websocket"]:
        raise BadHandshake(HTTPStatus.UPGRADE_REQUIRED, [(b"Upgrade", b"websocket")])
    if _one(headers, b"sec-websocket-version") != b"13":
        raise BadHandshake(HTTPStatus.UPGRADE_REQUIRED, [(b"Sec-WebSocket-Version", b"13")])
    key = _one(headers, b"sec-websocket-key")
    try:
        good = len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except binascii.Error:
        good = False
    if not good:
        raise BadHandshake(HTTPStatus.BAD_REQUEST)
    return base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())


def _tokens(headers: Headers, name: bytes) -> list[str]:
    values = [value.decode("latin-1") for found, value in headers if found == name]
    return [token.strip() for value in values for token in value.split(",")]


def _one(headers: Headers, name: bytes) -> bytes:
    """The value of a header that comes once. Raises BadHandshake."""
    values = [value for found, value in headers if found == name]
    if len(values) != 1:
        raise BadHandshake(HTTPStatus.BAD_REQUEST)
    return values[0]
