"""A site without sockets, a store on disk, the real extraction."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from app.domain.scan_facts import FetchError, Hop, HopKind, HostFact
from app.engines.crawl.crawler import Crawler
from app.engines.crawl.host_backoff import BackoffTiming
from app.engines.model import FetchResult, ScanConfig
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.scope import Scope
from app.engines.urls import resolve
from app.scanstore.sqlite import SqliteScanStore
from tests.support.parsing import page_parser


class FakeSite:
    """Answers by URL; what is unknown is a 404. Remembers every request."""

    def __init__(self) -> None:
        self.answers = {}
        self.asked: list[str] = []
        self.read: dict[str, int] = {}  # by URL: bytes of the body that were handed out
        self.delays: dict[str, asyncio.Event] = {}
        self.running = self.most_running = 0

    def page(self, url, body="", *, status=200, content_type="text/html; charset=utf-8", **headers):
        named = tuple((key.replace("_", "-"), value) for key, value in headers.items())
        found = (("content-type", content_type), *named) if content_type else named
        encoded = body.encode() if isinstance(body, str) else body
        self.answers[url] = FetchResult(url, url, status, found, encoded, address="127.64.0.1")

    def links(self, url, *targets):
        self.page(url, f"<p>{url}</p>" + "".join(f'<a href="{target}">x</a>' for target in targets))

    def redirect(self, url, location, status=302):
        target = resolve(url, location)
        hop = Hop(url, status, "127.64.0.1", HopKind.HTTP, target)
        self.answers[url] = FetchResult(url, url, status, (("location", location),), hops=(hop,))

    def fail(self, url, error=FetchError.CONNECT):
        self.answers[url] = FetchResult(url, url, error=error)

    async def fetch(self, url, *, max_bytes=5_000_000, wants_body=None, **_):
        self.asked.append(url)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await (self.delays[url].wait() if url in self.delays else asyncio.sleep(0))
        finally:
            self.running -= 1
        found = self.answers.get(url, FetchResult(url, url, 404, body=b"no"))
        found = found(url) if callable(found) else found
        limit = max_bytes if wants_body is None or wants_body(found.headers) else 0
        self.read[url] = min(limit, len(found.body))
        return replace(found, body=found.body[:limit], truncated=True) if len(found.body) > limit else found


class FakeLimits:
    """Lets everything pass and remembers."""

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}
        self.delays: dict[str, float] = {}
        self.notes: list[tuple[str, int, str]] = []

    @asynccontextmanager
    async def slot(self, host):
        yield

    def assign_address(self, host, address):
        self.addresses[host] = address

    def set_crawl_delay(self, host, delay_s):
        self.delays[self.addresses[host]] = delay_s

    def note(self, host, status, retry_after=""):
        self.notes.append((self.addresses.get(host, host), status, retry_after))


class FakeSink:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.logs: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self.limits: list[str] = []  # reasons of those
        self.missed: list[tuple[str, str | None, int]] = []  # what was not seen: (reason, host, number)
        self.said_of: dict[str, str] = {}  # by reason: the last sentence about it

    async def stage(self, key, status, *, duration_ms=None): ...

    async def progress(self, key, fraction, message, counts): ...

    async def log(self, entry):
        self.logs.append((entry.level, entry.message))

    async def warning(self, code, message, *, reason=None, host=None, count=None):
        assert code == "partial"
        if count is None:
            self.warnings.append(message)
            self.limits += [] if reason is None else [reason.value]
        else:
            self.missed.append((reason.value, host, count))
            self.said_of[reason.value] = message

    async def covered(self, coverage): ...

    async def violation(self, fact):
        return True

    async def recheck(self, domain, key, state):
        return True


@pytest.fixture
def site():
    return FakeSite()


@pytest.fixture
def limits():
    return FakeLimits()


@pytest.fixture
def sink():
    return FakeSink()


@pytest.fixture
def store(tmp_path):
    store = SqliteScanStore(tmp_path / "scan.db")
    yield store
    store.close()


class Moments:
    """A clock that moves by sleeping alone, so that nobody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def moments():
    return Moments()


@pytest.fixture
def make_crawler(site, limits, sink, store, moments):
    """A crawler of a.test; keywords are for `ScanConfig` and `Crawler`."""

    def make(*, store=store, agent="Checker/1.0", callbacks=None, **config):
        return Crawler(
            scope=Scope("a.test"),
            store=store,
            fetcher=RateLimitedFetcher(client=site, limits=limits),
            parser=page_parser(),
            sink=sink,
            scan=ScanConfig("a.test", **config),
            agent=agent,
            robots_delays_s=(0, 0),
            timing=BackoffTiming(moments.monotonic, moments.sleep),
            **(callbacks or {}),
        )

    return make


def host(name="a.test", address="127.64.0.1", **rest):
    return HostFact(name, ("target",), (address,), https_alive=True, **rest)


@pytest.fixture
def crawl(make_crawler):
    """Crawls a.test to the end and gives the crawler back."""

    async def run(crawler=None, hosts=None, **config):
        crawler = crawler or make_crawler(**config)
        await crawler.load()
        for fact in hosts or [host()]:
            crawler.add_host(fact)
        async with asyncio.timeout(20):
            await crawler.run(hosts_settled=lambda: True)
        return crawler

    return run


@pytest.fixture
def make_host():
    return host
