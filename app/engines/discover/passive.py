"""Asks the passive sources of a deployment, each once, and says honestly what came of each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from app.domain.discovery import SourceReport, SourceStatus
from app.domain.log_entry import LogEntry, LogLevel
from app.domain.messages import MessageCatalog
from app.domain.stages import StageKey
from app.engines.discover.hostnames import valid_names
from app.engines.discover.pool import for_each
from app.engines.discover.source_cache import SourceCache
from app.engines.discover.sources import Source, SourceFailed
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.ports import ScanSink
from app.engines.scope import Scope

MAX_NAMES: Final = 10_000  # of one source; what is beyond is left out and said
_MODULE: Final = StageKey.SUBDOMAIN_DISCOVERY.value

Offer = Callable[[str, str], Awaitable[None]]


class PassiveSources:
    """`run` once."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        scope: Scope,
        fetcher: RateLimitedFetcher,
        cache: SourceCache | None,
        sink: ScanSink,
        texts: MessageCatalog,
        at_once: int,
    ) -> None:
        """`cache` None: each is asked. `at_once`: names of one source that are offered at the same time."""
        self._sources = tuple(sources)
        self._scope = scope
        self._fetcher = fetcher
        self._cache = cache
        self._sink = sink
        self._texts = texts
        self._at_once = at_once
        # What came of each, in the order of their answers.
        self.reports: list[SourceReport] = []

    async def run(self, offer: Offer) -> None:
        """Ask all at the same time; `offer` gets each valid name with the name of its source."""
        async with asyncio.TaskGroup() as group:
            for source in self._sources:
                group.create_task(self._ask(source, offer))

    async def _ask(self, source: Source, offer: Offer) -> None:
        names = await self._cache.get(source.name, self._scope.target_name) if self._cache else None
        if names is None:
            names = await self._fresh_names(source)
        else:
            self.reports.append(SourceReport(source.name, SourceStatus.CACHED, len(names)))
            await self._log("INFO", self._texts("source_cached", source=source.name, named=len(names)))
        if len(names) > MAX_NAMES:
            said = self._texts("source_too_long", source=source.name, named=len(names), limit=MAX_NAMES)
            await self._sink.warning("partial", said)
        await for_each(names[:MAX_NAMES], lambda name: offer(name, source.name), workers=self._at_once)

    async def _fresh_names(self, source: Source) -> list[str]:
        """Return what it answers, valid and each once. What was said before it failed counts, and is not kept."""
        try:
            raw = await source.names(self._scope.target_name, self._fetcher)
        except SourceFailed as failure:
            names = valid_names(failure.names, self._scope)
            self.reports.append(SourceReport(source.name, failure.status, len(names)))
            reason = self._texts.adopt(failure.reason)
            await self._log("WARNING", self._texts("source_failed", source=source.name, reason=reason))
            return names
        names = await asyncio.to_thread(valid_names, raw, self._scope)  # a large log has a hundred thousand
        self.reports.append(SourceReport(source.name, SourceStatus.ASKED, len(names)))
        await self._log("INFO", self._texts("source_named", source=source.name, named=len(names)))
        if self._cache:
            await self._cache.put(source.name, self._scope.target_name, names[: MAX_NAMES + 1])
        return names

    async def _log(self, level: LogLevel, message: str) -> None:
        await self._sink.log(LogEntry(level, _MODULE, message))
