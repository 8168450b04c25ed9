import asyncio

import pytest

from app.domain.messages import MessageCatalog
from app.domain.scan_facts import FetchError
from app.engines.crawl.robots import RobotsLoader
from app.engines.crawl.robots_gate import RobotsGate
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.scope import Scope
from tests.support.parsing import page_parser

ORIGIN = "https://a.test"
ROBOTS = f"{ORIGIN}/robots.txt"


@pytest.fixture
def gate(site, limits, sink):
    fetcher = RateLimitedFetcher(client=site, limits=limits)
    fetcher.assign_address("a.test", "127.64.0.1")
    return RobotsGate(
        scope=Scope("a.test"),
        fetcher=fetcher,
        loader=RobotsLoader(fetcher=fetcher, agent="Checker/1.0", retry_delays_s=()),
        parser=page_parser(),
        sink=sink,
        texts=MessageCatalog("en"),
    )


def robots(site, text, **rest):
    site.page(ROBOTS, text, content_type="text/plain", **rest)


async def test_an_origin_is_asked_once_however_many_wait_for_its_rules(site, gate):
    robots(site, "User-agent: *\nDisallow: /private")
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(gate.rules(f"{ORIGIN}/{path}", group)) for path in ("a", "private/b", "c")]
    assert site.asked == [ROBOTS]
    rules = asked[0].result()
    assert all(task.result() is rules for task in asked)
    assert (rules.allows(f"{ORIGIN}/a"), rules.allows(f"{ORIGIN}/private/b")) == (True, False)


async def test_a_crawl_delay_holds_for_the_address_and_is_logged(site, gate, limits, sink):
    robots(site, "User-agent: *\nCrawl-delay: 3")
    async with asyncio.TaskGroup() as group:
        await gate.rules(f"{ORIGIN}/", group)
    assert limits.delays == {"127.64.0.1": 3.0}
    assert [level for level, _ in sink.logs] == ["INFO"]


async def test_a_host_that_did_not_answer_is_asked_anew_for_the_next_url_without_a_warning(site, gate, sink):
    site.fail(ROBOTS, FetchError.CONNECT)
    async with asyncio.TaskGroup() as group:
        assert (await gate.rules(f"{ORIGIN}/1", group)).failed is not None
        robots(site, "")
        assert (await gate.rules(f"{ORIGIN}/2", group)).failed is None
    assert site.asked == [ROBOTS, ROBOTS]
    assert sink.warnings == []


async def test_a_server_that_fails_is_reported_and_not_asked_anew(site, gate, sink):
    robots(site, "", status=500)
    async with asyncio.TaskGroup() as group:
        for path in "12":
            assert (await gate.rules(f"{ORIGIN}/{path}", group)).failed is not None
    assert site.asked == [ROBOTS]
    assert len(sink.warnings) == 1


async def read_sitemaps(gate):
    found = []

    async def on_urls(urls):
        found.extend(urls)

    async with asyncio.TaskGroup() as group:
        return await gate.read_sitemaps(ORIGIN, group, on_urls), found


async def test_sitemaps_that_robots_names_are_read_when_they_are_in_scope_and_allowed(site, gate):
    named = ("/map.txt", "/private/map.txt", "https://other.test/map.txt")
    robots(site, "User-agent: *\nDisallow: /private\n" + "".join(f"Sitemap: {url}\n" for url in named))
    site.page(f"{ORIGIN}/map.txt", f"{ORIGIN}/1\n{ORIGIN}/2", content_type="text/plain")
    assert await read_sitemaps(gate) == (True, [f"{ORIGIN}/1", f"{ORIGIN}/2"])
    assert site.asked == [ROBOTS, f"{ORIGIN}/map.txt"]


async def test_the_usual_sitemap_is_tried_when_robots_names_none(site, gate):
    robots(site, "")
    assert await read_sitemaps(gate) == (True, [])
    assert site.asked == [ROBOTS, f"{ORIGIN}/sitemap.xml"]


async def test_sitemaps_of_a_host_that_does_not_answer_are_still_wanted(site, gate):
    site.fail(ROBOTS, FetchError.TIMEOUT)
    assert await read_sitemaps(gate) == (False, [])


async def test_any_answer_shows_that_a_host_is_there(site, gate):
    robots(site, "", status=404)
    assert await gate.is_there(ORIGIN)
    site.fail(ROBOTS, FetchError.CONNECT)
    assert not await gate.is_there(ORIGIN)
