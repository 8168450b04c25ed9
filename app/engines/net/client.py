"""HTTP for the engine: guarded sockets, own redirect handling, bounded bodies. Never raises for what a network does."""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import ada_url
import aiohttp
from aiohttp.connector import AddrInfoType, Connection
from yarl import URL

from app.engines.model import FetchError, FetchResult, Hop, HopKind, NetworkConfig
from app.engines.net.body import BodyDecoder, MinimumSpeed, read_body
from app.engines.net.dialling import AiohttpResolver
from app.engines.net.failures import NETWORK_ERRORS, explain, printable
from app.engines.net.policy import AddressPolicy
from app.engines.net.redirects import location_target, request_url
from app.engines.net.resolver import Resolver
from app.engines.net.trust import looking_context, verifying_context

MAX_BYTES: Final = 5 * 1024 * 1024  # decoded
TIMEOUT_S: Final = 20.0
CONNECT_TIMEOUT_S: Final = 8.0  # per address; a host that is there answers a SYN well within that
MAX_REDIRECTS: Final = 10
REDIRECT_BODY_BYTES: Final = 64 * 1024  # kept of an answer that points elsewhere
MAX_CONNECTIONS: Final = 256  # of one client, over all hosts; politeness per host is `HostLimits`' business
MAX_HEADER_BYTES: Final = 64 * 1024  # one field; real policies (CSP) pass aiohttp's 8 KiB
KEEPALIVE_S: Final = 5.0
WantsBody = Callable[[tuple[tuple[str, str], ...]], bool]  # by the answer's headers, names lower case
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


@dataclass(frozen=True, slots=True)
class _Request:
    """What stays the same over all hops."""

    method: str
    headers: Mapping[str, str]
    max_bytes: int
    max_redirects: int
    may_follow: Callable[[str], bool] | None
    wants_body: WantsBody | None
    verify: bool


@dataclass(slots=True)
class _Trail:
    """What is known so far: kept step by step, so that a timeout loses nothing of it."""

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

    def fail(self, error: FetchError, detail: str) -> None:
        self.error, self.detail = error, printable(detail)

    def forget_answer(self) -> None:
        """Before the next hop: a failure there must not look like the last hop's answer."""
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
            duration_ms=round((time.monotonic() - started) * 1000),
        )


class HttpClient:
    """One client per policy: its connections were judged by it. No cookies, no environment proxies.

    Make it inside the running loop, close it there; `resolver` stays its maker's to close.
    """

    def __init__(
        self, *, config: NetworkConfig, policy: AddressPolicy, resolver: Resolver, speed: MinimumSpeed | None = None
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._speed = speed or MinimumSpeed()
        self._looking = looking_context()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=AiohttpResolver(resolver=resolver),
                socket_factory=self._guarded_socket,
                ssl=verifying_context(config.ca_file),
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

    async def fetch(
        self,
        url: str,
        *,
        max_bytes: int = MAX_BYTES,
        timeout_s: float = TIMEOUT_S,
        max_redirects: int = MAX_REDIRECTS,
        headers: Mapping[str, str] | None = None,
        may_follow: Callable[[str], bool] | None = None,
        wants_body: WantsBody | None = None,
        method: str = "GET",
        verify: bool = True,
    ) -> FetchResult:
        """Ask for a URL and follow its HTTP redirects; user info and fragment are not sent.

        `timeout_s` is for everything together. `max_redirects=0` asks once: a redirect is then the answer, with its
        target as the only hop and no error. When `may_follow` refuses a target, the redirect is the answer, with
        `OUT_OF_SCOPE`. A final answer that `wants_body` refuses stays without its body, as a truncated one.
        `verify=False` looks at a site although its certificate is bad. Raises only CancelledError.
        """
        started = time.monotonic()
        request = _Request(method, headers or {}, max_bytes, max_redirects, may_follow, wants_body, verify)
        target = request_url(url)
        trail = _Trail(url=url, current=target or url)
        if target is None:
            trail.fail(FetchError.BAD_URL, "not a http or https URL")
            return trail.result(started)
        try:
            async with asyncio.timeout(timeout_s):
                await self._follow(trail, request)
        except TimeoutError:
            trail.fail(FetchError.TIMEOUT, f"no complete answer within {timeout_s:g} s")
        return trail.result(started)

    async def _follow(self, trail: _Trail, request: _Request) -> None:
        while True:
            try:
                target = await self._ask(trail, request)
            except NETWORK_ERRORS as failure:
                trail.fail(*explain(failure))
                return
            if target is None:
                return
            trail.hops.append(Hop(trail.current, trail.status, trail.address, HopKind.HTTP, target))
            if request.max_redirects == 0 or (following := _next_hop(trail, request, target)) is None:
                return
            trail.forget_answer()
            trail.current = following

    async def _ask(self, trail: _Trail, request: _Request) -> str | None:
        """One request; its answer goes into the trail. Returns where it points, None when it is final."""
        url, headers = await self._wire_form(trail.current, request.headers)
        async with self._session.request(
            request.method, url, headers=headers, allow_redirects=False, ssl=True if request.verify else self._looking
        ) as response:
            trail.status = response.status
            trail.headers = tuple((name.lower(), value) for name, value in response.headers.items())
            trail.address = response.peer if isinstance(response, _Response) else ""
            target = location_target(response.status, response.headers.get("Location", ""), trail.current)
            if target is None and request.wants_body is not None and not request.wants_body(trail.headers):
                trail.truncated = True
                return None
            limit = min(request.max_bytes, REDIRECT_BODY_BYTES) if target is not None else request.max_bytes
            decoder = BodyDecoder(coding=response.headers.get("Content-Encoding", ""), max_bytes=limit)
            try:
                await read_body(response.content, decoder, speed=self._speed)
            finally:
                trail.body, trail.truncated = bytes(decoder.body), decoder.truncated
        return target

    async def _wire_form(self, url: str, headers: Mapping[str, str]) -> tuple[URL, dict[str, str]]:
        """An IP literal goes past aiohttp's resolver, so that its mapped port must be written into the URL here."""
        wire, parsed = URL(url, encoded=True), ada_url.URL(url)
        if parsed.host_type is not ada_url.HostType.DEFAULT and wire.port is not None:
            _, (endpoint,) = await self._resolver.endpoints(str(parsed.hostname), wire.port)
            if endpoint.port != wire.port:
                return wire.with_port(endpoint.port), {"Host": str(parsed.host), **headers}
        return wire, dict(headers)

    def _guarded_socket(self, info: AddrInfoType) -> socket.socket:
        """Sees every final address, however it came about: name, literal, redirect, rebinding."""
        family, kind, protocol, _, address = info
        self._policy.check(str(address[0]), int(address[1]))
        return socket.socket(family, kind, protocol)


def _next_hop(trail: _Trail, request: _Request, target: str) -> str | None:
    """The URL to ask next; None, with the reason in the trail, when the redirect is not followed."""
    following = request_url(target)
    if following is None:
        trail.fail(FetchError.BAD_URL, "redirect to something that is no http or https URL")
    elif len(trail.hops) > request.max_redirects:
        trail.fail(FetchError.TOO_MANY_REDIRECTS, f"more than {request.max_redirects} redirects")
    elif request.may_follow is not None and not request.may_follow(target):
        trail.fail(FetchError.OUT_OF_SCOPE, f"redirect out of scope to {target}")
    else:
        return following
    return None
