"""HTTP for the engine: guarded sockets, own redirect handling, bounded bodies. Never raises for what a network does."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self, TypedDict, Unpack

import ada_url
import aiohttp
from aiohttp.connector import AddrInfoType, Connection
from yarl import URL

from app.domain.scan_facts import FetchError, Hop, HopKind
from app.engines.model import FetchResult, NetworkConfig
from app.engines.net.body import BodyDecoder, MinimumSpeed, read_body
from app.engines.net.failures import NETWORK_ERRORS, classify_failure, is_unreached, printable
from app.engines.net.http_resolver import HttpResolver
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver
from app.engines.net.tls_contexts import unverified_context, verifying_context
from app.engines.urls import host_of_serialised, join, request_url

MAX_BYTES: Final = 5 * 1024 * 1024  # decoded
TIMEOUT_S: Final = 20.0
CONNECT_TIMEOUT_S: Final = 8.0  # per address; a host that is there answers a SYN well within that
MAX_REDIRECTS: Final = 10
REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
REDIRECT_BODY_BYTES: Final = 64 * 1024  # kept of an answer that points elsewhere
MAX_CONNECTIONS: Final = 256  # of one client, over all hosts; `HostLimits` has those per address
MAX_HEADER_BYTES: Final = 64 * 1024  # one field; real policies (CSP) pass aiohttp's 8 KiB
KEEPALIVE_S: Final = 5.0
Headers = Sequence[tuple[str, str]]  # of an answer, names lower case
DEFAULT_HEADERS: Final = (
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8"),
    ("Accept-Encoding", "gzip, deflate"),
)


class _Response(aiohttp.ClientResponse):
    """Remembers where the answer came from: small ones have given their connection back before anybody can ask."""

    peer: str = ""  # numeric address, set when the answer starts

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        if connection.transport is not None:
            self.peer = str((connection.transport.get_extra_info("peername") or ("",))[0])
        return await super().start(connection)


class FetchOptions(TypedDict, total=False):
    """How one URL is asked for; `_Request` has the defaults."""

    method: str
    headers: Mapping[str, str]
    body: bytes
    max_bytes: int
    timeout_s: float
    max_redirects: int
    may_follow: Callable[[str], bool]
    wants_body: Callable[[Headers], bool]
    verify: bool


@dataclass(frozen=True, slots=True)
class _Request:
    """What stays the same over all hops."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None  # sent with every hop; of a request that follows no redirect
    max_bytes: int = MAX_BYTES
    timeout_s: float = TIMEOUT_S
    max_redirects: int = MAX_REDIRECTS
    may_follow: Callable[[str], bool] | None = None
    wants_body: Callable[[Headers], bool] | None = None
    verify: bool = True


@dataclass(slots=True)
class _Exchange:
    """What is known of one fetch so far, kept step by step, so that a timeout loses nothing of it."""

    url: str
    current: str
    hops: list[Hop] = field(default_factory=list)
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    truncated: bool = False
    address: str = ""
    error: FetchError | None = None
    detail: str = ""
    unreached: bool = False

    def fail(self, error: FetchError, detail: str) -> None:
        self.error, self.detail = error, printable(detail)

    def forget_answer(self) -> None:
        """Clear the answer before the next hop: a failure there must not look like the last one's answer."""
        self.status, self.headers, self.body, self.truncated, self.address = 0, (), b"", False, ""

    def result(self, started: float) -> FetchResult:
        return FetchResult(
            url=self.url,
            final_url=self.current,
            status=self.status,
            headers=self.headers,
            body=self.body,
            truncated=self.truncated,
            hops=tuple(self.hops),
            address=self.address,
            error=self.error,
            error_detail=self.detail,
            unreached=self.unreached,
            duration_ms=round((time.monotonic() - started) * 1000),
        )


class HttpClient:
    """Asks by HTTP under one policy: its connections were judged by it. No cookies, no environment proxies.

    Make it inside the running loop, close it there; `resolver` stays its maker's to close.
    """

    def __init__(
        self,
        *,
        config: NetworkConfig,
        policy: AddressPolicy,
        resolver: Resolver,
        speed: MinimumSpeed | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls`: the context that verifies; None: it is made here, which blocks for some 10 ms."""
        self._policy = policy
        self._resolver = resolver
        self._speed = speed or MinimumSpeed()
        self._unverified_tls = unverified_context()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=HttpResolver(resolver=resolver),
                socket_factory=self._guarded_socket,
                ssl=tls or verifying_context(config.ca_file),
                use_dns_cache=False,  # the resolver keeps its own, by TTL
                limit=MAX_CONNECTIONS,
                keepalive_timeout=KEEPALIVE_S,
            ),
            headers=dict(DEFAULT_HEADERS) | {"User-Agent": config.user_agent},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            response_class=_Response,
            auto_decompress=False,
            max_field_size=MAX_HEADER_BYTES,
            max_line_size=MAX_HEADER_BYTES,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    async def fetch(self, url: str, **options: Unpack[FetchOptions]) -> FetchResult:
        """Ask for a URL and follow its HTTP redirects; user info and fragment are not sent.

        `timeout_s` is for everything together. `max_redirects=0` asks once: a redirect is then the answer, with its
        target as the only hop and no error. When `may_follow` refuses a target, the redirect is the answer, with
        `OUT_OF_SCOPE`. A final answer that `wants_body` refuses stays without its body, as a truncated one.
        `verify=False` looks at a site although its certificate is bad. Raises only CancelledError.
        """
        started = time.monotonic()
        request = _Request(**options)
        target = request_url(url)
        exchange = _Exchange(url=url, current=target or url)
        if target is None:
            exchange.fail(FetchError.BAD_URL, "not a http or https URL")
            return exchange.result(started)
        try:
            async with asyncio.timeout(request.timeout_s):
                await self._follow(exchange, request)
        except TimeoutError:
            exchange.fail(FetchError.TIMEOUT, f"no complete answer within {request.timeout_s:g} s")
        return exchange.result(started)

    async def _follow(self, exchange: _Exchange, request: _Request) -> None:
        while True:
            try:
                target = await self._ask(exchange, request)
            except NETWORK_ERRORS as failure:
                exchange.fail(*classify_failure(failure))
                exchange.unreached = is_unreached(failure)
                return
            if target is None:
                return
            exchange.hops.append(Hop(exchange.current, exchange.status, exchange.address, HopKind.HTTP, target))
            if request.max_redirects == 0 or (following := _next_hop(exchange, request, target)) is None:
                return
            exchange.forget_answer()
            exchange.current = following

    async def _ask(self, exchange: _Exchange, request: _Request) -> str | None:
        """Send one request; its answer goes into the exchange. Returns where it points, None when it is final."""
        url, headers = await self._wire_form(exchange.current, request.headers)
        async with self._session.request(
            request.method,
            url,
            headers=headers,
            data=request.body,
            allow_redirects=False,
            ssl=True if request.verify else self._unverified_tls,
        ) as response:
            exchange.status = response.status
            exchange.headers = tuple((name.lower(), value) for name, value in response.headers.items())
            exchange.address = response.peer if isinstance(response, _Response) else ""
            target = location_target(response.status, response.headers.get("Location", ""), exchange.current)
            if target is None and request.wants_body is not None and not request.wants_body(exchange.headers):
                exchange.truncated = True
                return None
            limit = min(request.max_bytes, REDIRECT_BODY_BYTES) if target is not None else request.max_bytes
            decoder = BodyDecoder(coding=response.headers.get("Content-Encoding", ""), max_bytes=limit)
            try:
                await read_body(response.content, decoder, speed=self._speed)
            finally:
                exchange.body, exchange.truncated = bytes(decoder.body), decoder.truncated
        return target

    async def _wire_form(self, url: str, headers: Mapping[str, str]) -> tuple[URL, dict[str, str]]:
        """Write the mapped port of an IP literal into the URL: literals go past aiohttp's resolver."""
        wire = URL(url, encoded=True)
        host = host_of_serialised(url)
        if ":" not in host and host[-1:].isalpha():  # no literal is written like that
            return wire, dict(headers)
        parsed = ada_url.URL(url)
        if parsed.host_type is not ada_url.HostType.DEFAULT and wire.port is not None:
            _, (endpoint,) = await self._resolver.endpoints(str(parsed.hostname), wire.port)
            if endpoint.port != wire.port:
                return wire.with_port(endpoint.port), {"Host": str(parsed.host), **headers}
        return wire, dict(headers)

    def _guarded_socket(self, info: AddrInfoType) -> socket.socket:
        """Check every final address, however it came about: name, literal, redirect, rebinding."""
        family, kind, protocol, _, address = info
        self._policy.check(str(address[0]), int(address[1]))
        return socket.socket(family, kind, protocol)


def location_target(status: int, location: str, base: str) -> str | None:
    """Return the absolute target of a HTTP redirect; None when the answer is no redirect."""
    return join(base, location) if status in REDIRECT_STATUSES and location else None


def _next_hop(exchange: _Exchange, request: _Request, target: str) -> str | None:
    """Return the URL to ask next; None, with the reason in the exchange, when the redirect is not followed."""
    following = request_url(target)
    if following is None:
        exchange.fail(FetchError.BAD_URL, "redirect to something that is no http or https URL")
    elif len(exchange.hops) > request.max_redirects:
        exchange.fail(FetchError.TOO_MANY_REDIRECTS, f"more than {request.max_redirects} redirects")
    elif request.may_follow is not None and not request.may_follow(target):
        exchange.fail(FetchError.OUT_OF_SCOPE, f"redirect out of scope to {target}")
    else:
        return following
    return None
