"""Which of a scan's limits ends its crawl."""

from typing import Final

from app.domain.coverage import CrawlCutoff
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher

MAX_RECEIVED: Final = 2 * 1024**3  # decoded bytes of one scan (scan.md)
REQUESTS_PER_PAGE: Final = 4  # sheets, redirects, errors and files beside each page, on average at most
SPARE_REQUESTS: Final = 1_000
ReachedLimit = tuple[CrawlCutoff, str, int]  # with its phrase, and its value


class CrawlLimits:
    """Limits pages, requests and bytes. Time ends a crawl from outside."""

    def __init__(self, max_pages: int, fetcher: RateLimitedFetcher) -> None:
        self._max_pages = max_pages
        self._max_requests = REQUESTS_PER_PAGE * max_pages + SPARE_REQUESTS
        self._fetcher = fetcher

    def reached(self, pages: int) -> ReachedLimit | None:
        """Return the limit that forbids further requests. `pages` counts those read and those that may become one."""
        if pages >= self._max_pages:
            return CrawlCutoff.PAGES, "crawl_pages", self._max_pages
        if self._fetcher.requests >= self._max_requests:
            return CrawlCutoff.REQUESTS, "crawl_requests", self._max_requests
        return (CrawlCutoff.BYTES, "crawl_bytes", MAX_RECEIVED) if self._fetcher.received >= MAX_RECEIVED else None
