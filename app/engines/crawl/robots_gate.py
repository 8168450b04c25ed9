"""robots.txt of each origin, read before any other request there, with its sitemaps."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from app.domain.log_entry import LogEntry, LogLevel
from app.domain.messages import MessageCatalog
from app.domain.stages import StageKey
from app.engines.crawl.retry_policy import is_transient, is_unresponsive
from app.engines.crawl.robots import MAX_BYTES, TIMEOUT_S, RobotsLoader, RobotsRules
from app.engines.crawl.sitemap_reader import SitemapReader
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.parsing.page_parser import PageParser
from app.engines.ports import ScanSink
from app.engines.scope import Scope
from app.engines.urls import host_of, origin_of, resolve

_MODULE: Final = StageKey.PAGE_CRAWL.value


@dataclass(kw_only=True, eq=False, repr=False)
class RobotsGate:
    """Keeps the rules by origin, each asked for once, however many wait for them."""

    scope: Scope
    fetcher: RateLimitedFetcher
    loader: RobotsLoader
    parser: PageParser
    sink: ScanSink
    texts: MessageCatalog
    _rules: dict[str, asyncio.Task[RobotsRules]] = field(default_factory=dict, init=False)

    async def rules(self, url: str, group: asyncio.TaskGroup) -> RobotsRules:
        """Return the rules for the URL. `group` carries the request when it is the first, or when the host did not
        answer the last one.
        """
        origin = origin_of(url)
        if origin not in self._rules:
            self._rules[origin] = group.create_task(self._load(origin))
        task = self._rules[origin]
        rules = task.result() if task.done() else await asyncio.shield(task)
        if rules.failed is not None and is_transient(rules.failed) and self._rules.get(origin) is task:
            del self._rules[origin]
        return rules

    async def _load(self, origin: str) -> RobotsRules:
        rules = await self.loader.load(origin)
        if rules.crawl_delay_s > 0:
            self.fetcher.set_crawl_delay(host_of(origin), rules.crawl_delay_s)
            await self._log("INFO", self.texts("crawl_delay", origin=origin, delay_s=rules.crawl_delay_s))
        if rules.failed is not None and not is_transient(rules.failed):
            await self.sink.warning("partial", self.texts("robots_unavailable", origin=origin))
        return rules

    async def read_sitemaps(
        self, origin: str, group: asyncio.TaskGroup, on_urls: Callable[[tuple[str, ...]], Awaitable[None]]
    ) -> bool:
        """Hand on the pages of the origin's sitemaps: those that robots.txt names, else `/sitemap.xml`. False: its
        host did not answer.
        """
        rules = await self.rules(origin, group)
        if rules.failed is not None:
            return not is_transient(rules.failed)
        named = [url for raw in rules.sitemaps if (url := resolve(f"{origin}/", raw))]
        may_ask = self._may_ask_of(origin, rules)
        reader = SitemapReader(fetcher=self.fetcher, parser=self.parser, may_ask=may_ask)
        read = await reader.read(named or [f"{origin}/sitemap.xml"], on_urls)
        if read:
            await self._log("INFO", self.texts("sitemaps_read", origin=origin, count=read))
        return True

    async def is_there(self, origin: str) -> bool:
        """Whether the origin answers its robots.txt with anything at all: the smallest question for any host."""
        answer = await self.fetcher.fetch(f"{origin}/robots.txt", max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
        return not is_unresponsive(answer)

    def _may_ask_of(self, origin: str, rules: RobotsRules) -> Callable[[str], bool]:
        """Return which sitemaps may be asked: all of other hosts in scope, and of this origin what its rules allow."""

        def may_ask(url: str) -> bool:
            if not self.scope.contains(host_of(url)):
                return False
            return origin_of(url) != origin or rules.allows(url)

        return may_ask

    async def _log(self, level: LogLevel, message: str) -> None:
        await self.sink.log(LogEntry(level, _MODULE, message))
