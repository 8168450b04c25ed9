"""The guarded way out for Chromium: a forward proxy with the same policy, resolver and port map as our own client.

Playwright's `route()` is passed by by an iframe's redirect and by WebSockets; a proxy that the browser has no way
around is not. Every connection, tunnel or plain, goes to a numeric address that was checked right before.
"""

import asyncio
import base64
import contextlib
import hmac
import secrets
import socket
from dataclasses import dataclass
from typing import Final

import ada_url

from app.domain.scan_facts import DnsOutcome
from app.engines.net.policy import AddressPolicy, BlockedAddress
from app.engines.net.resolver import Endpoint, Resolver

MAX_CONNECTIONS: Final = 96  # Chromium opens 32 per proxy and renders run side by side; more is refused with 503
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_CONNECTION_BYTES: Final = 64 * 1024 * 1024  # from the other side through one connection
HEAD_TIMEOUT_S: Final = 15.0  # Chromium opens connections ahead of need; they are given back after this
CONNECT_TIMEOUT_S: Final = 8.0
IDLE_TIMEOUT_S: Final = 30.0
CHUNK_BYTES: Final = 64 * 1024
TUNNEL_PORT: Final = 443  # of a CONNECT without one
REFUSAL_HEADER: Final = "x-egress-refusal"  # on our own answers only: no server's passes with it

_HOP_BY_HOP: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"te", b"trailer", b"upgrade"}
    | {REFUSAL_HEADER.encode()}
)
_REASONS: Final = {
    400: "Bad Request",
    403: "Forbidden",
    407: "Proxy Authentication Required",
    411: "Length Required",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class _Refused(Exception):
    """Raised to answer this status and close."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Head:
    """First line and header lines of a message, undecoded."""

    first: bytes
    headers: tuple[tuple[bytes, bytes], ...]  # names lower case

    def get(self, name: bytes) -> bytes:
        return next((value for key, value in self.headers if key == name), b"")

    def end_to_end(self) -> bytes:
        """Return the header lines that pass a proxy, with the connection ending after this message."""
        kept = [(name, value) for name, value in self.headers if name not in _HOP_BY_HOP]
        return b"".join(name + b": " + value + b"\r\n" for name, value in (*kept, (b"connection", b"close"))) + b"\r\n"


class EgressProxy:
    """Serves as HTTP proxy (CONNECT and absolute form) on a free port of 127.0.0.1, for clients with its credentials.

    `username` and `password` are random per instance: no other process of the machine can use it.
    """

    # How many connections the policy refused, and how many a resolver gave no address for.
    blocked_count: int
    unresolved_count: int

    def __init__(self, *, policy: AddressPolicy, resolver: Resolver) -> None:
        self.username = "scan"
        self.password = secrets.token_urlsafe(24)
        self.blocked_count = 0
        self.unresolved_count = 0
        self._policy = policy
        self._resolver = resolver
        self._servers: list[asyncio.Server] = []
        self._sessions: set[asyncio.Task[None]] = set()  # removed when they end

    async def start(self) -> str:
        """Begin to listen; returns the proxy's URL without its credentials."""
        listener = socket.create_server(("127.0.0.1", 0))
        await self.serve(listener)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    async def serve(self, listener: socket.socket) -> asyncio.Server:
        """Serve at a socket that listens, too, which may be of another network namespace than ours. It is ours then."""
        server = await asyncio.start_server(self._accept, sock=listener, limit=MAX_HEAD_BYTES)
        self._servers.append(server)
        return server

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        for server in self._servers:
            server.close()
        for session in self._sessions:
            session.cancel()
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=1)
        self._servers.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve in a task of our own: asyncio's, before Python 3.12, logs an error when it is cancelled."""
        session = asyncio.create_task(self._serve(reader, writer), name="egress")
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            pass  # one of the two sides went away or said nothing: the connection simply ends
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_TIMEOUT_S):
                head = await _read_head(reader)
            self._admit(head)
            method, _, rest = head.first.partition(b" ")
            target = rest.partition(b" ")[0].decode("ascii", "replace")
            if method == b"CONNECT":
                await self._tunnel(target, reader, writer)
            else:
                await self._forward(method, target, head, reader, writer)
        except _Refused as refusal:
            writer.write(_refusal(refusal.status, str(refusal)))
            async with asyncio.timeout(IDLE_TIMEOUT_S):
                await writer.drain()

    def _admit(self, head: _Head) -> None:
        if len(self._sessions) > MAX_CONNECTIONS:
            raise _Refused(503, "too many connections")
        scheme, _, value = head.get(b"proxy-authorization").partition(b" ")
        expected = base64.b64encode(f"{self.username}:{self.password}".encode())
        if scheme.lower() != b"basic" or not hmac.compare_digest(value.strip(), expected):
            raise _Refused(407, "credentials needed")

    async def _tunnel(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = _split_authority(f"https://{target}/")
        upstream_reader, upstream_writer = await self._dial(host, port)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            async with asyncio.TaskGroup() as group:
                up = group.create_task(_pump(reader, upstream_writer))
                await _pump(upstream_reader, writer)
                up.cancel()  # nothing can come back any more
        except* (OSError, TimeoutError):
            pass  # either side cut the tunnel
        finally:
            upstream_writer.close()

    async def _forward(
        self, method: bytes, target: str, head: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass one request and one answer, then end: nothing else of the client's can reach this server."""
        if not target.startswith("http://"):
            raise _Refused(400, "absolute http URL needed")
        length = head.get(b"content-length") or b"0"
        if head.get(b"transfer-encoding") or not length.isdigit():
            raise _Refused(411, "length needed")
        host, port = _split_authority(target)
        upstream_reader, upstream_writer = await self._dial(host, port)
        try:
            upstream_writer.write(method + b" " + _origin_form(target) + b" HTTP/1.1\r\n" + head.end_to_end())
            await _pass_body(reader, upstream_writer, length=int(length))
            await _pass_answer(upstream_reader, writer)
        finally:
            upstream_writer.close()

    async def _dial(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first address that the policy allows and that answers. Raises `_Refused`."""
        answer, endpoints = await self._resolver.endpoints(host, port)
        if answer is not None and answer.outcome is DnsOutcome.BLOCKED:
            self.blocked_count += 1
            raise _Refused(403, "blocked name")
        if not endpoints:
            self.unresolved_count += 1
            raise _Refused(502, f"no address: {answer.outcome if answer else 'none'}")
        failure: OSError | None = None
        for endpoint in endpoints:
            try:
                return await self._connect(endpoint)
            except OSError as refused:  # TimeoutError is one too
                failure = refused
        if isinstance(failure, BlockedAddress):
            self.blocked_count += 1
            raise _Refused(403, "address policy") from failure
        raise _Refused(504 if isinstance(failure, TimeoutError) else 502, "no connection") from failure

    async def _connect(self, endpoint: Endpoint) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._policy.check(endpoint.address, endpoint.port)
        family = socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET
        with contextlib.ExitStack() as undo:
            sock = undo.enter_context(socket.socket(family, socket.SOCK_STREAM))
            sock.setblocking(False)
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().sock_connect(sock, (endpoint.address, endpoint.port))
            streams = await asyncio.open_connection(sock=sock, limit=MAX_HEAD_BYTES)
            undo.pop_all()
        return streams


async def _read_head(reader: asyncio.StreamReader) -> _Head:
    """Read a head. Raises EOFError when the peer left, LimitOverrunError for an endless head."""
    lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    pairs = (line.partition(b":") for line in lines[1:] if line)
    return _Head(lines[0], tuple((name.strip().lower(), value.strip()) for name, _, value in pairs))


async def _pass_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, length: int) -> None:
    while length > 0:
        async with asyncio.timeout(IDLE_TIMEOUT_S):
            data = await reader.read(min(length, CHUNK_BYTES))
            if not data:
                raise EOFError("the client left inside its request")
            writer.write(data)
            await writer.drain()
        length -= len(data)


async def _pass_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass the answer on with `Connection: close` whatever the server says: nothing more is asked here."""
    async with asyncio.timeout(IDLE_TIMEOUT_S):
        head = await _read_head(reader)
        while head.first.partition(b" ")[2].startswith(b"1"):  # interim answers; no upgrade was passed on
            head = await _read_head(reader)
    writer.write(head.first + b"\r\n" + head.end_to_end())
    await _pump(reader, writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, a long pause or too many bytes. Waiting for the slower side bounds the memory."""
    passed = 0
    while passed < MAX_CONNECTION_BYTES:
        async with asyncio.timeout(IDLE_TIMEOUT_S):
            data = await reader.read(CHUNK_BYTES)
            if not data:
                break
            writer.write(data)
            await writer.drain()
        passed += len(data)
    if writer.can_write_eof():
        writer.write_eof()


def _split_authority(url: str) -> tuple[str, int]:
    """Return host and port of a URL, read as browsers do. Raises `_Refused` for what is no URL."""
    try:
        parsed = ada_url.URL(url)
    except (ValueError, UnicodeError) as bad:
        raise _Refused(400, "bad target") from bad
    default = TUNNEL_PORT if parsed.protocol == "https:" else 80
    return str(parsed.hostname), int(parsed.port or default)


def _origin_form(url: str) -> bytes:
    """Return path and query as the browser wrote them."""
    rest = url.removeprefix("http://")
    cut = next((index for index, char in enumerate(rest) if char in "/?#"), len(rest))
    path = rest[cut:].partition("#")[0]
    return (path if path.startswith("/") else f"/{path}").encode("ascii", "replace")


def _refusal(status: int, detail: str) -> bytes:
    challenge = 'Proxy-Authenticate: Basic realm="scan"\r\n' if status == 407 else ""  # noqa: PLR2004 - a status
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: text/plain\r\nContent-Length: {len(detail)}\r\n"
    head += f"{REFUSAL_HEADER}: {detail}\r\n"
    return f"{head}{challenge}Connection: close\r\n\r\n{detail}".encode("ascii", "replace")
