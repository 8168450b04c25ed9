"""Whether a host answers HTTP, on both schemes, and what its start page looks like."""

import asyncio
import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from app.engines.model import FetchResult
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher

TIMEOUT_S: Final = 10.0  # for one answer; a host that takes longer is not worth a crawl
MAX_BYTES: Final = 64 * 1024  # enough for a fingerprint
_TITLE: Final = re.compile(rb"<title(?:\s[^<>]{0,200})?>([^<]{0,1000})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a start page looks like, with the host's own name taken out of it."""

    status: int
    title: bytes
    location: str
    body: bytes  # hash


@dataclass(frozen=True, slots=True)
class Liveness:
    """What a host answered on both schemes; None where nothing answered."""

    http: Fingerprint | None
    https: Fingerprint | None


class LivenessProber:
    """Asks for start pages. No redirect is followed: a redirect is an answer too."""

    def __init__(self, fetcher: RateLimitedFetcher) -> None:
        self._fetcher = fetcher

    async def probe(self, name: str) -> Liveness:
        """Ask on both schemes at once."""
        async with asyncio.TaskGroup() as group:
            http = group.create_task(self.probe_scheme("http", name))
            https = group.create_task(self.probe_scheme("https", name))
        return Liveness(http.result(), https.result())

    async def probe_scheme(self, scheme: str, name: str) -> Fingerprint | None:
        """Return the start page's fingerprint; None when no HTTP answer came."""
        result = await self._fetcher.fetch(
            f"{scheme}://{name}/", max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, max_redirects=0
        )
        return fingerprint(result, name) if result.status else None


def fingerprint(result: FetchResult, name: str) -> Fingerprint:
    """Fingerprint a page; those that differ in nothing but the host's name look the same."""
    body = re.compile(re.escape(name.encode()), re.IGNORECASE).sub(b"*", result.body)
    title = _TITLE.search(body)
    location = result.hops[-1].location if result.hops else result.header("location")
    return Fingerprint(
        status=result.status,
        title=title[1].strip() if title else b"",
        location=location.replace(name, "*"),
        body=blake2b(body, digest_size=16).digest(),
    )
