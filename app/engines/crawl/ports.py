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


class Extract(Protocol):
    """Reads a HTML document."""

    def __call__(self, body: bytes, *, url: str, headers: Headers, is_internal: Callable[[str], bool]) -> Extraction:
        """`is_internal`: whether a host is the site's own. Never raises for what a page holds."""
        ...


class ExtractCss(Protocol):
    """Reads a style sheet."""

    def __call__(self, text: str, *, url: str) -> Sequence[Reference]: ...
