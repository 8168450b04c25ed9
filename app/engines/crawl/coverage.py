"""The end of a crawl: what it saw of all URLs that it knows, and a warning for everything that it did not see."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from app.domain.coverage import COUNTED_AS, EXCLUDED, LOST, Coverage, CrawlCutoff, Seen
from app.domain.messages import MessageCatalog, Text
from app.domain.verdict import Reason, reason_name
from app.engines.crawl.frontier import MAX_HOPS, Frontier
from app.engines.crawl.robots import product_token
from app.engines.crawl.start_pages import StartPages
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.ports import ScanSink

MIN_GONE: Final = 3  # addresses of a host from which on it is asked whether it still shows what it had shown
GONE_SHARE: Final = 0.05
# What a redirect counts as, by what its chain comes to: the first that is there. One that leads away was read.
_LEADS_TO: Final = (Seen.WALL, Seen.JUDGED, *LOST, *EXCLUDED, Seen.GONE, Seen.NO_HOST)
AT_ONCE: Final = 1_000  # URLs that are counted in one go: some milliseconds, and more where all of them forward
HOSTS_NAMED: Final = 5  # of each reason, those with the most; a row keeps 50 warnings of a scan
PROBE_TIMEOUT_S: Final = 10.0
_SHOWN: Final = range(200, 300)  # of a page that had been read there; a redirect shows something else


class CoverageAggregate:
    """Counts every URL by what it showed; one that leads elsewhere counts as what it leads to."""

    def __init__(self, frontier: Frontier) -> None:
        self._frontier = frontier
        self._hosts: defaultdict[str, Counter[Seen]] = defaultdict(Counter)
        self._judged: Counter[str] = Counter()  # by host: URLs that themselves showed a page
        self._nearest: dict[str, tuple[int, int]] = {}  # of these by host: (distance, id) of the nearest

    async def count(self) -> None:
        """Count all URLs. To be awaited once, before anything else."""
        for url_id in range(1, self._frontier.known + 1):
            self._count(url_id)
            if url_id % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _count(self, url_id: int) -> None:
        frontier = self._frontier
        host, seen = frontier.host_of(url_id), frontier.seen_of(url_id)
        self._hosts[host][self._end_of(url_id, seen)] += 1
        if seen is Seen.JUDGED:
            self._judged[host] += 1
            place = (frontier.depth_of(url_id), url_id)
            self._nearest[host] = min(self._nearest.get(host, place), place)

    def doubtful_hosts(self) -> dict[str, str]:
        """Return the hosts with many addresses that are gone, each with a URL that it had shown."""
        return {
            host: self._frontier.fact(self._nearest[host][1]).url
            for host, judged in self._judged.items()
            if self._hosts[host][Seen.GONE] >= max(MIN_GONE, GONE_SHARE * judged)
        }

    def coverage(
        self, *, starts: Iterable[str], cut: CrawlCutoff | None, resolved: bool = True, changed: Collection[str] = ()
    ) -> Coverage:
        """Return the sum. `starts`: URLs that all have to show content. `changed`: hosts that no longer show what they
        had shown, so that what they call gone is refused.
        """
        for host in changed:
            found = self._hosts[host]
            found[Seen.CLIENT_ERROR] += found.pop(Seen.GONE, 0)
        wanted = list(starts)
        start_page = bool(wanted) and all(map(self._shows_content, wanted))
        return Coverage(_in_order(self._hosts), start_page, cut, resolved)

    def _end_of(self, url_id: int, seen: Seen | None) -> Seen:
        if seen is None:
            return Seen.NO_ANSWER
        if seen is not Seen.MOVED:
            return COUNTED_AS.get(seen, seen)
        ends = self._ends(url_id)
        if not ends:  # what a page linked to has shown nothing; the steps behind it are no pages of their own
            return Seen.TRAP if self._frontier.hops_of(url_id) else Seen.NO_ANSWER
        if ends & {Seen.FORM, Seen.SIGN_IN}:
            return Seen.SIGN_IN
        return next((seen for seen in _LEADS_TO if seen in ends), Seen.JUDGED)

    def _shows_content(self, url: str) -> bool:
        fact = self._frontier.find(url)
        return fact is not None and Seen.JUDGED in (self._ends(fact.id) if fact.seen is Seen.MOVED else {fact.seen})

    def _ends(self, url_id: int) -> set[Seen | None]:
        """What the chain of redirects from here comes to: `MOVED` where it leads away; empty when it has no end."""
        frontier = self._frontier
        known, waiting, ends = {url_id}, [url_id], set[Seen | None]()
        for _ in range(MAX_HOPS + 1):
            steps = {item: frontier.same_depth_as(item) for item in waiting}
            ends |= {Seen.MOVED for one, near in steps.items() if not near and frontier.hops_of(one) < MAX_HOPS}
            beside = {near for step in steps.values() for near in step} - known
            known |= beside
            seen = {near: frontier.seen_of(near) for near in beside}
            waiting = [near for near, shown in seen.items() if shown is Seen.MOVED]
            ends |= set(seen.values()) - {Seen.MOVED}
        return ends


def _in_order(hosts: Mapping[str, Counter[Seen]]) -> dict[str, dict[Seen, int]]:
    return {host: {seen: hosts[host][seen] for seen in Seen if hosts[host][seen]} for host in sorted(hosts)}


@dataclass(kw_only=True, eq=False, repr=False)
class CoverageReporter:
    """Counts and reports once, when the crawl is over."""

    frontier: Frontier
    fetcher: RateLimitedFetcher
    sink: ScanSink
    texts: MessageCatalog
    agent: str  # the scanner's user agent, which the owner of a site can allow in its robots.txt

    async def report(self, starts: StartPages, cut: CrawlCutoff | None) -> Coverage:
        """Return what was seen, and warn the sink of the rest."""
        aggregate = CoverageAggregate(self.frontier)
        await aggregate.count()
        changed = await self._changed(aggregate.doubtful_hosts()) if cut in (None, CrawlCutoff.PAGES) else ()
        # A crawl that a limit ended before the first host was examined does not know.
        resolved = starts.is_resolved or cut is not None
        coverage = aggregate.coverage(starts=starts.required_pages(), cut=cut, resolved=resolved, changed=changed)
        for seen, costs in groupby(coverage.costs(), key=lambda cost: cost[0]):
            await self._warn(seen, [(host, number) for _, host, number in costs])
        return coverage

    async def warn_of_limit(self, cut: CrawlCutoff, said: Text) -> None:
        await self.sink.warning("partial", said, reason=Reason(cut.value))

    async def _changed(self, hosts: dict[str, str]) -> set[str]:
        """A firewall may answer 404 to a client that asked too much: does the host still show what it had shown?"""
        async with asyncio.TaskGroup() as group:
            asked = {host: group.create_task(self._shows(url)) for host, url in hosts.items()}
        return {host for host, task in asked.items() if not task.result()}

    async def _shows(self, url: str) -> bool:
        answer = await self.fetcher.fetch(url, timeout_s=PROBE_TIMEOUT_S, max_redirects=0)
        return answer.status in _SHOWN

    async def _warn(self, seen: Seen, costs: list[tuple[str, int]]) -> None:
        reason = Reason(seen.value)
        name = self._name(reason)
        for host, count in costs[:HOSTS_NAMED]:
            said = self.texts("not_seen", host=host, count=count, reason=name)
            await self.sink.warning("partial", said, reason=reason, host=host, count=count)
        if others := costs[HOSTS_NAMED:]:
            count = sum(number for _, number in others)
            said = self.texts("not_seen_more", hosts=len(others), count=count, reason=name)
            await self.sink.warning("partial", said, reason=reason, count=count)

    def _name(self, reason: Reason) -> Text:
        """Return the reason for people; of what the owner of the site can change, with how."""
        if reason is Reason.ROBOTS:
            return self.texts("robots_disallowed", agent=product_token(self.agent))
        return reason_name(reason, self.texts.language)
