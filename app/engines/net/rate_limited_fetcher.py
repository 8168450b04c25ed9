"""How discovery, crawl and capture ask a host: in a slot of its address, and the limits learn how it answered."""

from typing import Unpack

from app.engines.model import FetchResult
from app.engines.net.client import FetchOptions, HttpClient
from app.engines.net.cookies import ScanCookies
from app.engines.net.limits import HostLimits
from app.engines.net.policy import parse_address
from app.engines.net.resolver import Resolver
from app.engines.urls import host_of


class RateLimitedFetcher:
    """Asks hosts for one stage, within the limits that all stages share. Followed redirects count as one request to
    the first host.
    """

    def __init__(
        self,
        *,
        client: HttpClient,
        limits: HostLimits,
        resolver: Resolver | None = None,
        cookies: ScanCookies | None = None,
    ) -> None:
        """`resolver` None: a host without an assigned address counts by its name. `cookies` None: none are kept."""
        self._client = client
        self._limits = limits
        self._resolver = resolver
        self._cookies = cookies
        # Decoded bytes received so far.
        self.received = 0
        # Requests made so far.
        self.requests = 0

    @property
    def cookies_version(self) -> int:
        """Grows with every cookie that was set to something new."""
        return self._cookies.version if self._cookies else 0

    def assign_address(self, host: str, address: str) -> None:
        """Let the host count to that address from now on, in every stage."""
        self._limits.assign_address(host, address)

    def set_crawl_delay(self, host: str, delay_s: float) -> None:
        """Leave so much time between two requests, as the host's robots.txt asks."""
        self._limits.set_crawl_delay(host, delay_s)

    async def fetch(self, url: str, **options: Unpack[FetchOptions]) -> FetchResult:
        """Ask as `HttpClient.fetch` does, when it is the host's turn."""
        host = host_of(url)
        await self._find_address(host)
        self.requests += 1
        # A client that follows redirects would carry the cookies to another host.
        cookies = self._cookies if options.get("max_redirects") == 0 else None
        if cookies is not None and (cookie := cookies.header_for(url)):
            options["headers"] = {**options.get("headers", {}), "Cookie": cookie}
        async with self._limits.slot(host):
            result = await self._client.fetch(url, **options)
        self._limits.note(host, result.status, result.header("retry-after"))
        self.received += len(result.body)
        if cookies is not None and (lines := tuple(value for name, value in result.headers if name == "set-cookie")):
            cookies.take(url, lines)
        return result

    async def _find_address(self, host: str) -> None:
        if self._resolver is None or self._limits.has_address(host) or parse_address(host.strip("[]")) is not None:
            return
        answer = await self._resolver.resolve(host)
        if answer.addresses:
            self._limits.assign_address(host, min(answer.addresses))
