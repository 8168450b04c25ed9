"""Whether a host answers HTTP, on both schemes, and what its start page looks like."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from app.domain.scan_facts import FetchError
from app.engines.model import FetchResult
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher

TIMEOUT_S: Final = 10.0  # for one answer; a host that takes longer is not worth a crawl
MAX_BYTES: Final = 64 * 1024  # enough for a fingerprint
SILENT_AFTER: Final = 3  # names without any connection: nobody listens at the address, and the others are not asked
# The same of names that got a connection and no answer in time: what stands behind may be gone for these names alone.
HUNG_AFTER: Final = 12
# Of an address: such a request was never sent there.
_SAYS_NOTHING: Final = frozenset({FetchError.BLOCKED, FetchError.DNS, FetchError.DNS_UNREACHABLE, FetchError.BAD_URL})
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


@dataclass(slots=True, eq=False)
class _Door:
    """What is known of one scheme at the addresses that names share."""

    first: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SILENT_AFTER))  # until it has answered
    silent: int = 0  # names that got no connection
    hung: int = 0  # names that got one, and no answer in time
    is_open: bool = False  # somebody is there

    @property
    def is_closed(self) -> bool:
        return not self.is_open and (self.silent >= SILENT_AFTER or self.hung >= HUNG_AFTER)

    def note(self, result: FetchResult) -> None:
        if result.unreached:
            self.silent += 1
        elif result.error is FetchError.TIMEOUT and not result.status:
            self.hung += 1
        else:
            self.is_open = self.is_open or result.error not in _SAYS_NOTHING


class LivenessProber:
    """Asks for start pages. No redirect is followed: a redirect is an answer too.

    A thousand names may share an address where nobody listens, and each would cost a timeout: the first of them find
    out, the others are spared. An address that gave a single answer, or cut a connection, is asked for every name.
    """

    def __init__(self, fetcher: RateLimitedFetcher) -> None:
        self._fetcher = fetcher
        self._doors: dict[tuple[str, frozenset[str]], _Door] = {}

    async def probe(self, name: str, addresses: Iterable[str] = ()) -> Liveness:
        """Ask on both schemes at once. `addresses` of the name; without them it is asked whatever others came to."""
        places = frozenset(addresses)
        async with asyncio.TaskGroup() as group:
            http = group.create_task(self.probe_scheme("http", name, places))
            https = group.create_task(self.probe_scheme("https", name, places))
        return Liveness(http.result(), https.result())

    async def probe_scheme(self, scheme: str, name: str, addresses: frozenset[str] = frozenset()) -> Fingerprint | None:
        """Return the start page's fingerprint; None when no HTTP answer came."""
        door = self._doors.setdefault((scheme, addresses), _Door()) if addresses else _Door()
        if door.is_open:
            return await self._ask(scheme, name, door)
        async with door.first:
            return None if door.is_closed else await self._ask(scheme, name, door)

    async def _ask(self, scheme: str, name: str, door: _Door) -> Fingerprint | None:
        result = await self._fetcher.fetch(
            f"{scheme}://{name}/", max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, max_redirects=0
        )
        door.note(result)
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
