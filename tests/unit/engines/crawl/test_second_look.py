"""A page is read again as the crawl read it; what does not respond as a page says nothing."""

import pytest

from app.engines.crawl.page_processor import PageProcessor
from app.engines.crawl.second_look import SecondLook
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.scope import Scope
from tests.support.parsing import page_parser

ROOT = "https://a.test/"
LINKS = "<p>text</p><a href=https://b.test/x>b</a>"


class Robots:
    allows = True

    async def may_ask(self, url, group):
        return self.allows


@pytest.fixture
def robots():
    return Robots()


@pytest.fixture
def look(site, limits, robots):
    scope = Scope("a.test")
    fetcher = RateLimitedFetcher(client=site, limits=limits)
    fetcher.assign_address("a.test", "127.64.0.1")
    processor = PageProcessor(scope=scope, parser=page_parser("a.test"))
    return SecondLook(scope=scope, fetcher=fetcher, processor=processor, may_ask=robots.may_ask)


async def urls(look, path=""):
    found = await look.references_of(ROOT + path)
    return None if found is None else [reference.url for reference in found]


async def test_all_foreign_references_of_a_page_are_read(look, site):
    site.page(ROOT, LINKS + "<a href=/own>own</a>")
    assert await urls(look) == ["https://b.test/x"]
    site.page(ROOT, "<p>nothing</p>")
    assert await urls(look) == []


async def test_a_page_that_is_away_or_cut_says_nothing(look, site):
    site.page(ROOT + "away", LINKS, status=503)
    site.page(ROOT + "text", LINKS, content_type="text/plain")
    assert await urls(look, "away") is None
    assert await urls(look, "text") is None
    assert await urls(look, "missing") is None


async def test_what_may_not_be_asked_for_is_not(look, site, robots):
    site.page(ROOT, LINKS)
    robots.allows = False
    assert await urls(look) is None
    assert await look.references_of("https://b.test/") is None
    assert site.asked == []
