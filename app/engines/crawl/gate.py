"""What each origin allows: robots.txt is read before anything else is asked there, and its sitemaps with it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from app.domain.stages import StageKey
from app.engines.crawl.patience import is_silent, may_pass
from app.engines.crawl.polite import PoliteFetcher
from app.engines.crawl.ports import Reader
from app.engines.crawl.robots import MAX_BYTES, TIMEOUT_S, RobotsLoader, RobotsRules
from app.engines.crawl.sitemap import SitemapReader
from app.engines.phrases import Phrases
from app.engines.ports import ScanSink
from app.engines.scope import Scope
from app.engines.urls import host_of, origin_of, resolve

_MODULE: Final = StageKey.PAGE_CRAWL.value


class OriginGate:
    """Rules by origin, each asked for once, however many wait for them."""

    def __init__(
        self,
        *,
        scope: Scope,
        fetcher: PoliteFetcher,
        loader: RobotsLoader,
        reader: Reader,
        sink: ScanSink,
        phrases: Phrases,
    ) -> None:
        self._scope = scope
        self._fetcher = fetcher
        self._loader = loader
        self._reader = reader
        self._sink = sink
        self._say = phrases
        self._rules: dict[str, asyncio.Task[RobotsRules]] = {}

    async def rules(self, url: str, group: asyncio.TaskGroup) -> RobotsRules:
        """The rules that hold for the URL. `group` carries the request when it is the first, or when the host did not
        answer the last one.
        """
        origin = origin_of(url)
        if origin not in self._rules:
            self._rules[origin] = group.create_task(self._load(origin))
        task = self._rules[origin]
        rules = task.result() if task.done() else await asyncio.shield(task)
        if rules.failed is not None and may_pass(rules.failed) and self._rules.get(origin) is task:
            del self._rules[origin]
        return rules

    async def _load(self, origin: str) -> RobotsRules:
        rules = await self._loader.load(origin)
        if rules.crawl_delay_s > 0:
            self._fetcher.slow_down(host_of(origin), rules.crawl_delay_s)
            await self._log("INFO", self._say("crawl_delay", origin=origin, delay_s=rules.crawl_delay_s))
        if rules.failed is not None and not may_pass(rules.failed):
            await self._sink.warning("partial", self._say("robots_unavailable", origin=origin))
        return rules

    async def read_sitemaps(
        self, origin: str, group: asyncio.TaskGroup, on_urls: Callable[[tuple[str, ...]], Awaitable[None]]
    ) -> bool:
        """Hands on the pages of the origin's sitemaps: those that robots.txt names, else `/sitemap.xml`. False: its
        host did not answer.
        """
        rules = await self.rules(origin, group)
        if rules.failed is not None:
            return not may_pass(rules.failed)
        named = [url for raw in rules.sitemaps if (url := resolve(f"{origin}/", raw))]
        may_ask = self._may_ask_of(origin, rules)
        reader = SitemapReader(client=self._fetcher, reader=self._reader, may_ask=may_ask)
        read = await reader.read(named or [f"{origin}/sitemap.xml"], on_urls)
        if read:
            await self._log("INFO", self._say("sitemaps_read", origin=origin, count=read))
        return True

    async def is_there(self, origin: str) -> bool:
        """Whether the origin answers its robots.txt with anything at all: the smallest question that any host knows."""
        answer = await self._fetcher.fetch(f"{origin}/robots.txt", max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
        return not is_silent(answer)

    def _may_ask_of(self, origin: str, rules: RobotsRules) -> Callable[[str], bool]:
        """Sitemaps of other hosts in scope may be named too; only for the own origin the rules are at hand."""

        def may_ask(url: str) -> bool:
            if not self._scope.contains(host_of(url)):
                return False
            return origin_of(url) != origin or rules.allows(url)

        return may_ask

    async def _log(self, level: str, message: str) -> None:
        await self._sink.log(level, _MODULE, message)
