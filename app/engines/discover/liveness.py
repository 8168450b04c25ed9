"""Whether a host answers HTTP, on both schemes, and what its start page looks like."""

import asyncio
import re
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from app.engines.discover.ports import Fetcher, HostSlots
from app.engines.model import FetchResult

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


class Prober:
    """Asks for start pages. No redirect is followed: a redirect is an answer too."""

    def __init__(self, *, client: Fetcher, limits: HostSlots | None = None) -> None:
        self._client = client
        self._limits = limits

    async def probe(self, name: str, address: str = "") -> Liveness:
        """Both schemes at once. `address`: what the limits count the host to."""
        async with asyncio.TaskGroup() as group:
            http = group.create_task(self.look("http", name, address))
            https = group.create_task(self.look("https", name, address))
        return Liveness(http.result(), https.result())

    async def look(self, scheme: str, name: str, address: str = "") -> Fingerprint | None:
        """The start page's fingerprint; None when no HTTP answer came."""
        async with self._slot(address or name):
            result = await self._client.fetch(
                f"{scheme}://{name}/", max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, max_redirects=0
            )
        return fingerprint(result, name) if result.status else None

    def _slot(self, address: str) -> AbstractAsyncContextManager[object]:
        return self._limits.slot(address) if self._limits else nullcontext()


def fingerprint(result: FetchResult, name: str) -> Fingerprint:
    """Pages that differ in nothing but the host's name look the same."""
    body = re.compile(re.escape(name.encode()), re.IGNORECASE).sub(b"*", result.body)
    title = _TITLE.search(body)
    location = result.hops[-1].location if result.hops else result.header("location")
    return Fingerprint(
        status=result.status,
        title=title[1].strip() if title else b"",
        location=location.replace(name, "*"),
        body=blake2b(body, digest_size=16).digest(),
    )
