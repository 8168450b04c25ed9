"""What the crawl saw, folded over all URLs that it knows. Pure but for what the frontier remembers."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from app.domain.coverage import APART, COUNTED_AS, LOST, Coverage, Cut, Seen
from app.engines.crawl.frontier import MAX_HOPS, Frontier
from app.engines.model import FrontierUrl

MIN_GONE: Final = 3  # addresses of a host from which on it is asked whether it still shows what it had shown
GONE_SHARE: Final = 0.05
# What a redirect counts as, by what its chain comes to: the first that is there. One that leads away was read.
_LEADS_TO: Final = (Seen.WALL, Seen.JUDGED, *LOST, *APART, Seen.GONE, Seen.NO_HOST)


class CoverageFold:
    """Sees to it that a URL which leads elsewhere counts as what it leads to."""

    def __init__(self, frontier: Frontier) -> None:
        self._frontier = frontier
        self._facts = {fact.id: fact for fact in frontier.all()}
        self._seen = {url_id: self._end_of(fact) for url_id, fact in self._facts.items()}

    def doubtful_hosts(self) -> dict[str, str]:
        """Hosts with many addresses that are gone, each with a URL that it had shown."""
        judged: defaultdict[str, list[FrontierUrl]] = defaultdict(list)
        gone: Counter[str] = Counter()
        for fact in self._facts.values():
            if fact.seen is Seen.JUDGED:
                judged[fact.host].append(fact)
            gone[fact.host] += self._seen[fact.id] is Seen.GONE
        return {
            host: min(judged[host], key=lambda fact: (fact.depth, fact.id)).url
            for host, number in gone.items()
            if judged[host] and number >= max(MIN_GONE, GONE_SHARE * len(judged[host]))
        }

    def coverage(self, *, starts: Iterable[str], cut: Cut | None, changed: Collection[str] = ()) -> Coverage:
        """`starts`: URLs that all have to show content. `changed`: hosts that show no more what they had shown, so
        that what they call gone is refused.
        """
        hosts: defaultdict[str, Counter[Seen]] = defaultdict(Counter)
        for fact in self._facts.values():
            seen = self._seen[fact.id]
            refused = seen is Seen.GONE and fact.host in changed
            hosts[fact.host][Seen.CLIENT_ERROR if refused else seen] += 1
        wanted = list(starts)
        start_page = bool(wanted) and all(map(self._shows_content, wanted))
        return Coverage(_in_order(hosts), start_page, cut)

    def _end_of(self, fact: FrontierUrl) -> Seen:
        if fact.seen is None:
            return Seen.NO_ANSWER
        if fact.seen is not Seen.MOVED:
            return COUNTED_AS.get(fact.seen, fact.seen)
        ends = self._ends(fact)
        if not ends:  # what a page linked to has shown nothing; the steps behind it are nobody's pages
            return Seen.TRAP if fact.hops else Seen.NO_ANSWER
        if ends & {Seen.FORM, Seen.SIGN_IN}:
            return Seen.SIGN_IN
        return next((seen for seen in _LEADS_TO if seen in ends), Seen.JUDGED)

    def _shows_content(self, url: str) -> bool:
        fact = self._frontier.find(url)
        return fact is not None and Seen.JUDGED in (self._ends(fact) if fact.seen is Seen.MOVED else {fact.seen})

    def _ends(self, fact: FrontierUrl) -> set[Seen | None]:
        """What the chain of redirects from here comes to: `MOVED` where it leads away; empty when it has no end."""
        known, waiting, ends = {fact.id}, [fact], set[Seen | None]()
        for _ in range(MAX_HOPS + 1):
            steps = {one: self._frontier.beside(one.id) for one in waiting}
            ends |= {Seen.MOVED for one, near in steps.items() if not near and one.hops < MAX_HOPS}
            beside = {near for step in steps.values() for near in step} - known
            known |= beside
            waiting = [self._facts[near] for near in beside if self._facts[near].seen is Seen.MOVED]
            ends |= {self._facts[near].seen for near in beside} - {Seen.MOVED}
        return ends


def _in_order(hosts: Mapping[str, Counter[Seen]]) -> dict[str, dict[Seen, int]]:
    return {host: {seen: hosts[host][seen] for seen in Seen if hosts[host][seen]} for host in sorted(hosts)}
