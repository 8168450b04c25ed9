"""What the crawl asks of its neighbours. `app.engines.net` and `app.engines.extract` fulfil it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from app.engines.model import FetchResult, Reference

Headers = Sequence[tuple[str, str]]  # of an answer, names lower case


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
        wants_body: Callable[[Headers], bool] | None = ...,
    ) -> FetchResult:
        """`max_redirects=0`: the redirect itself is the answer, with its target as the only hop. An answer that
        `wants_body` refuses by its headers has no body and is truncated.
        """
        ...


class Cookies(Protocol):
    """What the site wants us to remember. `app.engines.net.cookies` fulfils it."""

    @property
    def version(self) -> int:
        """Grows with every cookie that was set to something new."""
        ...

    def take(self, url: str, lines: tuple[str, ...]) -> None:
        """The answer to `url` had these Set-Cookie headers."""
        ...

    def header_for(self, url: str) -> str:
        """The value of the Cookie header, empty when there is none to send."""
        ...


class HostLimits(Protocol):
    """Politeness towards one address. All stages of a scan share it and name hosts by their address."""

    def slot(self, host_or_address: str) -> AbstractAsyncContextManager[object]:
        """Held during one request."""
        ...

    def set_crawl_delay(self, host_or_address: str, delay_s: float) -> None:
        """At least this long between two starts."""
        ...

    def note(self, host_or_address: str, status: int, retry_after: str = "") -> None:
        """What the address answered (0: nothing), so that it can slow us down."""
        ...


class Extraction(Protocol):
    """What a document holds. URLs are absolute and serialised."""

    @property
    def title(self) -> str: ...

    @property
    def text(self) -> str:
        """Visible text."""
        ...

    @property
    def charset(self) -> str: ...

    @property
    def canonical(self) -> str | None: ...

    @property
    def links(self) -> Sequence[str]:
        """Own documents that a crawler may fetch (rel=next included), without fragment."""
        ...

    @property
    def references(self) -> Sequence[Reference]:
        """To foreign hosts."""
        ...

    @property
    def own_hosts(self) -> Sequence[str]:
        """Own hosts that the page names anywhere."""
        ...

    @property
    def stylesheets(self) -> Sequence[str]:
        """Own style sheets."""
        ...

    @property
    def meta_refresh(self) -> str | None: ...

    @property
    def script_location(self) -> str | None: ...


class Sitemap(Protocol):
    """What a sitemap lists."""

    @property
    def urls(self) -> Sequence[str]: ...

    @property
    def is_index(self) -> bool:
        """The URLs are sitemaps themselves."""
        ...


class Reader(Protocol):
    """Reads bodies, elsewhere (`app.engines.reading`): no page can hold the scan, or end it.

    Raises `Unreadable` for a body that cannot be read within its limits.
    """

    async def page(self, body: bytes, *, url: str, headers: Headers) -> Extraction:
        """A HTML document of the target."""
        ...

    async def sheet(self, body: bytes, *, url: str) -> Sequence[Reference]:
        """A style sheet."""
        ...

    async def sitemap(self, body: bytes, *, url: str) -> Sitemap:
        """A sitemap; what is none lists nothing."""
        ...
