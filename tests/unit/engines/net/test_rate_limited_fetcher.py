import pytest

from app.domain.scan_facts import DnsAnswer, DnsOutcome, DnsRecord
from app.engines.discover.liveness import LivenessProber
from app.engines.model import FetchResult
from app.engines.net.limits import HostLimits
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher

ADDRESS = "192.0.2.1"


class Site:
    """Answers everything alike, and remembers when and how it was asked."""

    def __init__(self, clock, status=200, headers=(), body=b""):
        self.clock = clock
        self.answer = FetchResult("", "", status, headers, body)
        self.asked = []

    async def fetch(self, url, **options):
        self.asked.append((url, self.clock(), options))
        return self.answer


class Names:
    """Every name has the same two addresses."""

    def __init__(self):
        self.asked = []

    async def resolve(self, name):
        self.asked.append(name)
        records = tuple(DnsRecord(name, "A", address, 60) for address in ("192.0.2.9", ADDRESS))
        return DnsAnswer(name, DnsOutcome.ANSWER, records)


class Clock:
    """Moves by sleeping alone."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limits(clock):
    return HostLimits(clock=clock, sleep=clock.sleep)


async def test_a_host_that_answers_429_to_the_liveness_probe_is_asked_no_faster_by_the_crawl(clock, limits):
    site = Site(clock, 429, (("retry-after", "40"),))
    await LivenessProber(RateLimitedFetcher(client=site, limits=limits, resolver=Names())).probe("www.a.test")
    await RateLimitedFetcher(client=site, limits=limits, resolver=Names()).fetch("https://www.a.test/")
    *probes, crawl = [moment for _, moment, _ in site.asked]
    assert crawl == max(probes) + 40


async def test_what_one_stage_is_told_holds_for_all_hosts_of_the_address_in_all_stages(clock, limits):
    site = Site(clock)
    crawl, capture = (RateLimitedFetcher(client=site, limits=limits, resolver=Names()) for _ in range(2))
    crawl.assign_address("www.a.test", ADDRESS)
    crawl.set_crawl_delay("www.a.test", 5.0)
    await crawl.fetch("https://www.a.test/")
    await capture.fetch("https://partner.test/")
    assert [moment for _, moment, _ in site.asked] == [0.0, 5.0]


async def test_an_address_that_is_known_is_not_looked_up_and_an_ip_literal_never(clock, limits):
    names = Names()
    fetcher = RateLimitedFetcher(client=Site(clock), limits=limits, resolver=names)
    fetcher.assign_address("www.a.test", ADDRESS)
    for url in (
        "https://www.a.test/",
        "https://b.test/",
        "https://b.test/2",
        "http://192.0.2.7/",
        "http://[2001:db8::1]/",
    ):
        await fetcher.fetch(url)
    assert names.asked == ["b.test"]


async def test_requests_and_bytes_are_counted_and_the_options_reach_the_client(clock, limits):
    site = Site(clock, body=b"12345")
    fetcher = RateLimitedFetcher(client=site, limits=limits)
    for _ in range(2):
        await fetcher.fetch("https://www.a.test/", max_bytes=10, verify=False)
    assert (fetcher.requests, fetcher.received) == (2, 10)
    assert site.asked[0][2] == {"max_bytes": 10, "verify": False}
