"""The end of a crawl: what was seen, and a warning for everything that was not."""

import asyncio
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from app.domain.coverage import Coverage, Cut, Seen
from app.domain.verdict import Reason, reason_name
from app.engines.crawl.coverage import CoverageFold
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.polite import PoliteFetcher
from app.engines.phrases import Phrases
from app.engines.ports import ScanSink

HOSTS_NAMED: Final = 5  # of each reason, those with the most; a row keeps 50 warnings of a scan
PROBE_TIMEOUT_S: Final = 10.0
_SHOWN: Final = range(200, 300)  # of a page that had been read there; a redirect shows something else


class Conclusion:
    """Folds the frontier when the crawl is over."""

    def __init__(self, *, frontier: Frontier, fetcher: PoliteFetcher, sink: ScanSink, phrases: Phrases) -> None:
        self._frontier = frontier
        self._fetcher = fetcher
        self._sink = sink
        self._say = phrases

    async def draw(self, starts: Iterable[str], cut: Cut | None) -> Coverage:
        """What was seen; `starts` and `cut` as in `CoverageFold.coverage`. Costs are told to the sink."""
        fold = CoverageFold(self._frontier)
        changed = await self._changed(fold.doubtful_hosts()) if cut in (None, Cut.PAGES) else ()
        coverage = fold.coverage(starts=starts, cut=cut, changed=changed)
        for seen, costs in groupby(coverage.costs(), key=lambda cost: cost[0]):
            await self._warn(seen, [(host, number) for _, host, number in costs])
        return coverage

    async def _changed(self, hosts: dict[str, str]) -> set[str]:
        """A firewall may answer 404 to whoever asked too much: does the host still show what it had shown?"""
        async with asyncio.TaskGroup() as group:
            asked = {host: group.create_task(self._shows(url)) for host, url in hosts.items()}
        return {host for host, task in asked.items() if not task.result()}

    async def _shows(self, url: str) -> bool:
        answer = await self._fetcher.fetch(url, timeout_s=PROBE_TIMEOUT_S, max_redirects=0)
        return answer.status in _SHOWN

    async def _warn(self, seen: Seen, costs: list[tuple[str, int]]) -> None:
        reason = Reason(seen.value)
        name = reason_name(reason, self._say.language)
        for host, count in costs[:HOSTS_NAMED]:
            said = self._say("not_seen", host=host, count=count, reason=name)
            await self._sink.warning("partial", said, reason=reason, host=host, count=count)
        if others := costs[HOSTS_NAMED:]:
            count = sum(number for _, number in others)
            said = self._say("not_seen_more", hosts=len(others), count=count, reason=name)
            await self._sink.warning("partial", said, reason=reason, count=count)
