"""The crawl's way to the network: every request holds a slot of its host's address and tells how it went."""

from collections.abc import Callable, Mapping

from app.engines.crawl.ports import Cookies, Fetcher, Headers, HostLimits
from app.engines.model import FetchResult
from app.engines.urls import host_of

MAX_BYTES = 5 * 1024 * 1024  # decoded, of one document (scan.md)
TIMEOUT_S = 20.0
MAX_REDIRECTS = 10


class PoliteFetcher:
    """A `Fetcher` on top of another. Redirects that it is told to follow count as one request to the first host."""

    def __init__(self, *, client: Fetcher, limits: HostLimits, cookies: Cookies | None = None) -> None:
        """`cookies` None: none are kept."""
        self._client = client
        self._cookies = cookies
        self._limits = limits
        self._addresses: dict[str, str] = {}  # by host: under what the limits know it
        # Decoded bytes received so far.
        self.received = 0
        # Requests made so far.
        self.requests = 0

    def locate(self, host: str, address: str) -> None:
        """From now on the host counts to that address."""
        self._addresses[host] = address

    def slow_down(self, host: str, delay_s: float) -> None:
        """The host's robots.txt asks for so much time between two requests."""
        self._limits.set_crawl_delay(self._address(host), delay_s)

    def _address(self, host: str) -> str:
        return self._addresses.get(host, host)

    async def fetch(
        self,
        url: str,
        *,
        max_bytes: int = MAX_BYTES,
        timeout_s: float = TIMEOUT_S,
        max_redirects: int = MAX_REDIRECTS,
        headers: Mapping[str, str] | None = None,
        may_follow: Callable[[str], bool] | None = None,
        wants_body: Callable[[Headers], bool] | None = None,
    ) -> FetchResult:
        address = self._address(host_of(url))
        self.requests += 1
        # A client that follows redirects would carry the cookies to another host.
        cookies = self._cookies if max_redirects == 0 else None
        if cookies is not None and (cookie := cookies.header_for(url)):
            headers = {**(headers or {}), "Cookie": cookie}
        async with self._limits.slot(address):
            result = await self._client.fetch(
                url,
                max_bytes=max_bytes,
                timeout_s=timeout_s,
                max_redirects=max_redirects,
                headers=headers,
                may_follow=may_follow,
                wants_body=wants_body,
            )
        self._limits.note(address, result.status, result.header("retry-after"))
        self.received += len(result.body)
        if cookies is not None and (lines := tuple(value for name, value in result.headers if name == "set-cookie")):
            cookies.take(url, lines)
        return result
