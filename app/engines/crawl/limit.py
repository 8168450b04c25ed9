"""Which of a scan's limits ends its crawl."""

from typing import Final

from app.domain.coverage import Cut
from app.engines.crawl.polite import PoliteFetcher

MAX_RECEIVED: Final = 2 * 1024**3  # decoded bytes of one scan (scan.md)
REQUESTS_PER_PAGE: Final = 4  # sheets, redirects, errors and files beside each page, on average at most
SPARE_REQUESTS: Final = 1_000
Limit = tuple[Cut, str, int]  # with its phrase, and its value


class CrawlLimit:
    """Pages, requests and bytes. Time ends a crawl from outside."""

    def __init__(self, max_pages: int, fetcher: PoliteFetcher) -> None:
        self._max_pages = max_pages
        self._max_requests = REQUESTS_PER_PAGE * max_pages + SPARE_REQUESTS
        self._fetcher = fetcher

    def reached(self, pages: int) -> Limit | None:
        """The limit that forbids further requests; `pages` are those read and those that may become one."""
        if pages >= self._max_pages:
            return Cut.PAGES, "crawl_pages", self._max_pages
        if self._fetcher.requests >= self._max_requests:
            return Cut.REQUESTS, "crawl_requests", self._max_requests
        return (Cut.BYTES, "crawl_bytes", MAX_RECEIVED) if self._fetcher.received >= MAX_RECEIVED else None
