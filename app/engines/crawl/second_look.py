"""Reads a page of the site once more after the crawl. Nothing of it is stored."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.scan_facts import FrontierUrl, Reference
from app.engines.crawl.page_processor import PageProcessor, ProcessedPage, may_be_readable
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.scope import Scope
from app.engines.urls import host_of


class MayAsk(Protocol):
    """`Crawler.may_ask`."""

    async def __call__(self, url: str, group: asyncio.TaskGroup) -> bool: ...


@dataclass(kw_only=True, eq=False, repr=False)
class SecondLook:
    """With the cookies of the crawl, without style sheets and without a browser."""

    scope: Scope
    fetcher: RateLimitedFetcher
    processor: PageProcessor
    may_ask: MayAsk

    async def references_of(self, url: str) -> Sequence[Reference] | None:
        """Return all foreign references of the page; None: it may not be asked for, or did not respond as a page."""
        if not self.scope.contains(host_of(url)):
            return None
        async with asyncio.TaskGroup() as group:
            may_ask = await self.may_ask(url, group)
        if not may_ask:
            return None
        result = await self.fetcher.fetch(url, max_redirects=0, wants_body=may_be_readable)
        read = await self.processor.read(FrontierUrl(0, url, url, host_of(url), 0), 0, result)
        return read.references if _is_whole(read) else None


def _is_whole(read: ProcessedPage) -> bool:
    """Whether all that the page refers to is known: it is a page that arrived completely, a redirect or a sheet."""
    if read.unreadable or read.page is None:
        return not read.unreadable and bool(read.references)
    return bool(read.hops) or (read.page.parsed and not read.page.truncated and read.page.error is None)
