"""What a passive source is: a place that already knows names, asked without touching the target."""

from typing import Protocol

from app.engines.discover.ports import Fetcher


class SourceFailed(Exception):
    """The source gave no usable answer. Never to be read as "no names". `reason` is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Source(Protocol):
    """One passive source."""

    @property
    def name(self) -> str:
        """Stable, without blanks: it stands among a host's sources."""
        ...

    async def names(self, domain: str, client: Fetcher) -> list[str]:
        """Raw names it has at or below the domain; they are validated by the caller.

        Raises:
            SourceFailed: no usable answer, after the source's own retries.
        """
        ...
