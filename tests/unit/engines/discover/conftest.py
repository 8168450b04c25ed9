"""A small network without sockets."""

import itertools
from collections.abc import Callable

import pytest

from app.domain.scan_facts import DnsAnswer, DnsOutcome, DnsRecord, FetchError
from app.engines.model import FetchResult, NetworkConfig, ScanConfig


class FakeDns:
    """Records by name; `*.zone` is a wildcard as in RFC 4592 (the closest one that exists)."""

    def __init__(self) -> None:
        self.blocked: frozenset[str] = frozenset()
        self.addresses: dict[str, tuple[str, ...] | Callable[[], tuple[str, ...]]] = {}
        self.cnames: dict[str, str] = {}
        self.silent: Callable[[str], bool] = lambda name: False
        self.asked: list[str] = []
        self.traced: list[str] = []
        self.invented: list[str] = []

    async def leave_out_liars(self, invented):
        """As of a single resolver: it is never left out."""
        self.invented += invented
        return (), any([(await self.resolve(name)).addresses for name in invented])

    def is_blocked(self, name: str) -> bool:
        return name in self.blocked

    async def query(self, name: str, rdtype: str) -> DnsAnswer:
        if self.is_blocked(name):
            return DnsAnswer(name, DnsOutcome.BLOCKED)
        return await self.resolve(name)

    async def resolve(self, name: str) -> DnsAnswer:
        self.asked.append(name)
        if self.silent(name):
            return DnsAnswer(name, DnsOutcome.UNREACHABLE)
        records, current = [], name
        while target := self._find(current, self.cnames):
            target = target.replace("*", current.partition(".")[0])
            records.append(DnsRecord(current, "CNAME", target, 60))
            current = target
        found = self._find(current, self.addresses) or ()
        addresses = found() if callable(found) else found
        records += [DnsRecord(current, "A", address, 60) for address in addresses]
        outcome = DnsOutcome.ANSWER if addresses else DnsOutcome.NXDOMAIN
        return DnsAnswer(name, outcome, tuple(records))

    async def trace(self, name: str) -> DnsAnswer:
        self.traced.append(name)
        return await self.resolve(name)

    def _find(self, name, table):
        if name in self.addresses or name in self.cnames:
            return table.get(name)
        zone = name
        while "." in zone:
            zone = zone.partition(".")[2]
            if f"*.{zone}" in table:
                return table[f"*.{zone}"]
            if zone in self.addresses:
                return None
        return None


class FakeWeb:
    """Pages by URL or by host; what is unknown refuses the connection."""

    def __init__(self) -> None:
        self.pages: dict[str, FetchResult | Callable[[str], FetchResult]] = {}
        self.asked: list[str] = []

    def serve(self, url: str, body: str = "", *, status: int = 200) -> None:
        self.pages[url] = FetchResult(url, url, status, body=body.encode())

    async def fetch(self, url: str, **_: object) -> FetchResult:
        self.asked.append(url)
        host = url.split("/")[2]
        for key in (url, url.partition("?")[0], *(f"*.{host.split('.', n)[-1]}" for n in range(1, host.count(".")))):
            if key in self.pages:
                found = self.pages[key]
                return found(url) if callable(found) else found
        return FetchResult(url, url, error=FetchError.CONNECT)


class FakeSink:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.logs: list[tuple[str, str]] = []
        self.warnings: list[tuple[str, str]] = []

    async def stage(self, key, status, *, duration_ms=None) -> None: ...

    async def progress(self, key, fraction, message, counts) -> None: ...

    async def log(self, entry) -> None:
        self.logs.append((entry.level, entry.message))

    async def warning(self, code, message, *, reason=None, host=None, count=None) -> None:
        self.warnings.append((code, message))

    async def covered(self, coverage) -> None: ...

    async def violation(self, fact) -> bool:
        return True

    async def recheck(self, domain, key, state) -> bool:
        return True


@pytest.fixture
def dns():
    return FakeDns()


@pytest.fixture
def web():
    return FakeWeb()


@pytest.fixture
def sink():
    return FakeSink()


@pytest.fixture
def label():
    numbers = itertools.count()
    return lambda: f"x{next(numbers):06}"


@pytest.fixture
def config():
    return NetworkConfig(passive_sources=("https://ct.test/",), allow_networks=("127.64.0.0/10",))


@pytest.fixture
def scan():
    return ScanConfig("a.test")
