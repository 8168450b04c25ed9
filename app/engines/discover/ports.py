"""What discovery asks of the network. `app.engines.net` fulfils it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from app.engines.model import DnsAnswer, FetchResult


class Lookup(Protocol):
    """Resolves absolute names. Never raises for what the network does."""

    async def query(self, name: str, rdtype: str) -> DnsAnswer:
        """One question."""
        ...

    async def resolve(self, name: str) -> DnsAnswer:
        """A and AAAA together."""
        ...


class Fetcher(Protocol):
    """Fetches one URL under the address policy. Never raises for what the network does."""

    async def fetch(
        self,
        url: str,
        *,
        max_bytes: int = ...,
        timeout_s: float = ...,
        max_redirects: int = ...,
        headers: Mapping[str, str] | None = ...,
        may_follow: Callable[[str], bool] | None = ...,
    ) -> FetchResult:
        """`max_redirects=0`: the redirect itself is the answer, with its target as the only hop."""
        ...


class HostSlots(Protocol):
    """Politeness: a few connections per host address, crawl-delay, Retry-After."""

    def slot(self, host: str) -> AbstractAsyncContextManager[object]:
        """Held during one request to the host."""
        ...
