"""Passive sources of names, which are queried without touching the target. One module each."""

from collections.abc import Iterable
from typing import Protocol

from app.domain.discovery import SourceStatus
from app.domain.messages import Text
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher


class SourceFailed(Exception):
    """The source gave no usable answer, or not all of it. Never to be read as "no names". `reason` is for people.

    `names`: raw ones that it had given before.
    """

    def __init__(self, reason: Text, status: SourceStatus = SourceStatus.FAILED, names: Iterable[object] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.names = [name for name in names if isinstance(name, str)]


class Source(Protocol):
    """One passive source."""

    @property
    def name(self) -> str:
        """Return a stable name without blanks; it stands among a host's sources."""
        ...

    async def names(self, domain: str, fetcher: RateLimitedFetcher) -> list[str]:
        """Return the raw names at or below the domain; the caller validates them.

        Raises:
            SourceFailed: no usable answer, after the source's own retries.
        """
        ...
