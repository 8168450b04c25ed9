from types import SimpleNamespace

import pytest

from app.domain.coverage import CrawlCutoff
from app.engines.crawl.crawl_limits import MAX_RECEIVED, REQUESTS_PER_PAGE, SPARE_REQUESTS, CrawlLimits

MAX_REQUESTS = REQUESTS_PER_PAGE * 10 + SPARE_REQUESTS


@pytest.mark.parametrize(
    ("pages", "requests", "received", "reached"),
    [
        (9, MAX_REQUESTS - 1, MAX_RECEIVED - 1, None),
        (10, 0, 0, (CrawlCutoff.PAGES, "crawl_pages", 10)),
        (0, MAX_REQUESTS, 0, (CrawlCutoff.REQUESTS, "crawl_requests", MAX_REQUESTS)),
        (0, 0, MAX_RECEIVED, (CrawlCutoff.BYTES, "crawl_bytes", MAX_RECEIVED)),
        (10, MAX_REQUESTS, MAX_RECEIVED, (CrawlCutoff.PAGES, "crawl_pages", 10)),
    ],
)
def test_the_first_limit_that_is_reached_is_named_with_its_value(pages, requests, received, reached):
    fetcher = SimpleNamespace(requests=requests, received=received)
    assert CrawlLimits(10, fetcher).reached(pages) == reached
