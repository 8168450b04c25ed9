"""Passive sources of names: places that already know names, asked without touching the target. One module each."""

from typing import Protocol

from app.domain.messages import Text
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher


class SourceFailed(Exception):
    """The source gave no usable answer. Never to be read as "no names". `reason` is for people."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason)
        self.reason = reason


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
