"""Following an origin's sitemaps from their roots to the pages."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from app.engines.extract.sitemap import MAX_BYTES, Sitemap
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.parsing.page_parser import PageParser
from app.engines.ports import Unreadable

MAX_FILES: Final = 50  # of one origin
MAX_NESTING: Final = 3
TIMEOUT_S: Final = 30.0
CHUNK: Final = 1_000  # URLs that are handed on at a time: 20 ms
_OK: Final = 200


@dataclass(kw_only=True, eq=False, repr=False)
class SitemapReader:
    """Follows sitemaps from their roots to the pages."""

    fetcher: RateLimitedFetcher
    parser: PageParser
    may_ask: Callable[[str], bool]  # by scope and robots.txt

    async def read(self, roots: Iterable[str], on_urls: Callable[[tuple[str, ...]], Awaitable[None]]) -> int:
        """Hand on the pages of every sitemap, each asked for once; returns how many files were read."""
        waiting = [(url, 1) for url in dict.fromkeys(roots)]
        seen: set[str] = set()
        read = 0
        while waiting and len(seen) < MAX_FILES:
            url, nesting = waiting.pop(0)
            if url in seen or not self.may_ask(url):
                continue
            seen.add(url)
            sitemap = await self._fetch(url)
            if sitemap is None:
                continue
            read += 1
            if not sitemap.is_index:
                for start in range(0, len(sitemap.urls), CHUNK):
                    await on_urls(tuple(sitemap.urls[start : start + CHUNK]))
                    await asyncio.sleep(0)
            elif nesting < MAX_NESTING:
                waiting += [(nested, nesting + 1) for nested in sitemap.urls[:MAX_FILES]]
        return read

    async def _fetch(self, url: str) -> Sitemap | None:
        result = await self.fetcher.fetch(
            url, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, max_redirects=MAX_NESTING, may_follow=self.may_ask
        )
        if result.status != _OK or result.error is not None:
            return None
        try:
            return await self.parser.sitemap(result.body, url=result.final_url)
        except Unreadable:
            return None  # as one that is not there
