"""Which URL is next: shortest distance first, hosts in turn, a few at a time per address.

Memory holds a few numbers of every known URL (`known_urls`); what it says is read from the store when its turn comes. A
URL is one of pending (waiting for its host's turn, or kept back until its host is known), in flight, or finished.
"""

from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from heapq import heappop
from typing import Final

from app.domain.coverage import Seen
from app.domain.scan_facts import FrontierUrl, UrlState
from app.engines.crawl.host_queues import HostQueues
from app.engines.crawl.known_urls import KnownUrls
from app.engines.crawl.traps import TrapDetector
from app.engines.crawl.url_patterns import is_binary, url_pattern
from app.engines.pieces import pieces
from app.engines.ports import FrontierPort
from app.engines.urls import host_of_serialised, normalise

MAX_KNOWN: Final = 1_000_000  # URLs; later ones are dropped and `overflowed` says so
MAX_HOSTS: Final = 100_000  # of them; a page can make up any number of names
MAX_HOPS: Final = 10  # redirects in a row (scan.md)
RECENT: Final = 65_536  # URLs whose ids are at hand: pages repeat the same few thousand links
FRESH: Final = 4_096  # new URLs that are at hand as a whole: on a small site most are asked before they are forgotten
MAX_RECENT: Final = 512  # characters of one of them
AT_ONCE: Final = 500  # URLs that are loaded in one go: 5 ms
_ID: Final = 2**32 - 1  # the lowest bits of a key of a queue


class Frontier:
    """Keeps all known URLs in order. Everything but `load` is synchronous; the store is written at once, flushed by the
    caller.
    """

    def __init__(
        self,
        *,
        store: FrontierPort,
        traps: TrapDetector,
        max_depth: int | None,
        per_address: int = 4,
        max_known: int = MAX_KNOWN,
        max_hosts: int = MAX_HOSTS,
        is_blocked: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._traps = traps
        self._max_depth = max_depth
        self._max_known = max_known
        self._max_hosts = max_hosts
        self._is_blocked = is_blocked  # nothing may be asked of such a host; its URLs are known, and stay pending
        self._recent: dict[str, int] = {}  # ids by URL; emptied when it is full
        self._fresh: dict[int, FrontierUrl] = {}  # new ones by id, until their turn; emptied when it is full
        self._known = KnownUrls()
        self._taken: set[int] = set()  # in flight
        self._host_queues = HostQueues(per_address)
        # Ids by host that is neither open nor closed.
        self._unopened: defaultdict[str, array[int]] = defaultdict(partial(array, "I"))
        self._closed: set[str] = set()
        # URLs that got an answer.
        self.done = 0
        # Set for good once a URL was dropped because there are too many.
        self.overflowed = False

    @property
    def in_flight(self) -> int:
        """Count the URLs that were taken and are not finished."""
        return self._host_queues.in_flight

    @property
    def known(self) -> int:
        """Count all URLs, those out of depth or refused included."""
        return len(self._known)

    @property
    def host_names(self) -> Sequence[str]:
        """The hosts of all known URLs."""
        return self._known.host_names

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight, or to be given now or after a pause. URLs kept back wait for `open_host`."""
        return self._host_queues.is_idle

    async def load(self) -> None:
        """Load what an earlier process left in the store. To be awaited once, before anything else."""
        async for urls in pieces(self._store.load_urls(), AT_ONCE):
            for url in urls:
                url_id = self._create(url.key, url.host, url.url, url.depth, url.hops, url.found_on)
                assert url_id == url.id  # the store counts as we do
                self._known.set_state(url_id, url.state, url.seen)
                self.done += url.state is UrlState.DONE
                self._push(url_id)

    def open_host(self, host: str, address: str) -> None:
        """Let the host give URLs, unless it is blocked; hosts of one address share connections. May be called again."""
        if host in self._host_queues or host in self._closed or self._is_blocked(host):
            return
        self._host_queues.open(host, address)
        waiting = self._unopened.pop(host, ())
        self._host_queues.push_all(
            host, [self._known.queue_key(url_id) for url_id in waiting if self._is_wanted(url_id)]
        )

    def close_host(self, host: str) -> None:
        """Refuse what is pending at the host, now and later: it is gone, or must not be asked."""
        self._closed.add(host)
        for url_id in self._unopened.pop(host, ()):
            self._refuse(url_id, Seen.HOST_GIVEN_UP)
        self.resume_host(host)  # what waits there is refused when its turn comes

    def limit_host(self, host: str, limit: int) -> None:
        """Have at most so many URLs of the host's address in flight, from now on."""
        if host in self._host_queues:
            self._host_queues.limit_address(host, limit)

    def pause_host(self, host: str) -> None:
        """Give nothing more of the host until `resume_host`; what is in flight stays in flight."""
        self._host_queues.pause(host, awaited=True)

    def suspend_host(self, host: str) -> None:
        """Pause the host without a wait: `resume_host` or `close_host` may come at the end."""
        self._host_queues.pause(host, awaited=False)

    def resume_host(self, host: str, *, one_at_a_time: bool = False) -> None:
        """Let the host give again; one URL at a time until this is called once more without that."""
        if host in self._host_queues:
            self._host_queues.resume(host, one_at_a_time=one_at_a_time)

    def add(self, urls: Iterable[str], depth: int, *, found_on: int = 0) -> None:
        """Add URLs (serialised, in scope) at that distance from a start page; known ones may come nearer.

        `found_on`: id of the URL whose document names them, 0 when no page does.
        """
        self._find(urls, depth, hops=0, found_on=found_on)

    def take(self) -> FrontierUrl | None:
        """Return the next URL, now in flight; None when there is none at the moment."""
        url = self._host_queues.take(self._pop)
        if url is not None:
            self._taken.add(url.id)
        return url

    def depth_of(self, url_id: int) -> int:
        """Return the shortest distance known now; it may have fallen since the URL was taken."""
        return self._known.depths[url_id]

    def host_of(self, url_id: int) -> str:
        return self._known.host(url_id)

    def hops_of(self, url_id: int) -> int:
        """Return how many redirects in a row led here."""
        return self._known.hops(url_id)

    def seen_of(self, url_id: int) -> Seen | None:
        """Return what the URL showed; of a pending one what would keep it from being asked, were the crawl over now."""
        return self._reason(url_id) if self._known.is_pending(url_id) else self._known.seen(url_id)

    def finish(
        self,
        url_id: int,
        state: UrlState,
        *,
        seen: Seen | None = None,
        links: Iterable[str] = (),
        same_depth: Iterable[str] = (),
    ) -> None:
        """Finish a URL in flight.

        Args:
            url_id: from `take`.
            state: what became of it.
            seen: what it showed.
            links: URLs one step further away.
            same_depth: URLs at the same distance: a redirect's target, a canonical address, a style sheet.
        """
        self._release(url_id)
        known = self._known
        known.set_state(url_id, state, seen)
        self.done += state is UrlState.DONE
        depth, hops = known.depths[url_id], known.hops(url_id)
        steps = [found << 1 | 1 for found in self._find(links, depth + 1, hops=0, found_on=url_id)]
        if hops < MAX_HOPS:
            steps += [found << 1 for found in self._find(same_depth, depth, hops=hops + 1, found_on=url_id)]
        self._store.finish_url(url_id, state, steps, seen=seen)

    def extend(self, url_id: int, links: Iterable[str], *, seen: Seen | None = None) -> None:
        """Add what an answered URL shows only when it is rendered: URLs one step further away; `seen` is what it showed
        then, None: what it had shown.
        """
        known = self._known
        state = known.state(url_id)
        if state is not UrlState.DONE:
            return
        known.set_state(url_id, state, seen or known.seen(url_id))
        found = self._find(links, known.depths[url_id] + 1, hops=0, found_on=url_id)
        steps = dict.fromkeys((*self._store.links_of(url_id), *(item << 1 | 1 for item in found)))
        self._store.finish_url(url_id, state, list(steps), seen=known.seen(url_id))

    def requeue(self, url_id: int, *, late: bool = False) -> None:
        """Make a URL in flight pending again, tried or not. `late`: after all others of its host."""
        self._release(url_id)
        if late:
            self._known.put_deferred(url_id)
        self._push(url_id)

    def reopen(self, url: str) -> int | None:
        """Make an answered URL pending again; returns its id, None when it is unknown or still to be asked."""
        url_id = self._id_of(url)
        if not url_id or self._known.state(url_id) is not UrlState.DONE:
            return None
        self._known.set_state(url_id, UrlState.PENDING, None)
        self.done -= 1
        self._store.finish_url(url_id, UrlState.PENDING)
        self._push(url_id)
        return url_id

    def find(self, url: str) -> FrontierUrl | None:
        """Return what is known of the URL."""
        url_id = self._id_of(url)
        return self.fact(url_id) if url_id else None

    def fact(self, url_id: int) -> FrontierUrl:
        """Return the URL as it stands now; what it says comes from the store."""
        stored, known = self._fresh.pop(url_id, None) or self._store.url_of(url_id), self._known
        return stored.as_of(known.depths[url_id], known.state(url_id), known.seen(url_id))

    def same_depth_as(self, url_id: int) -> list[int]:
        """Return the ids of the URLs at the same distance that `finish` was given."""
        return [step >> 1 for step in self._store.links_of(url_id) if not step & 1]

    def _reason(self, url_id: int) -> Seen:
        host = self._known.host(url_id)
        if self._max_depth is not None and self._known.depths[url_id] > self._max_depth:
            return Seen.DEPTH
        is_closed = host in self._closed
        if host not in self._host_queues and not is_closed:
            return Seen.BLOCKED_TARGET if self._is_blocked(host) else Seen.NO_HOST
        return Seen.HOST_GIVEN_UP if is_closed or self._host_queues.is_paused(host) else Seen.LIMIT

    def _release(self, url_id: int) -> None:
        self._taken.discard(url_id)
        self._host_queues.release(self._known.host(url_id))

    def _id_of(self, url: str) -> int:
        """Return the id of the URL; 0: it is not known."""
        return self._recent.get(url) or self._known.find(normalise(url))

    def _find(self, urls: Iterable[str], depth: int, *, hops: int, found_on: int) -> list[int]:
        """Return the ids of the URLs, and add new ones."""
        ids: list[int] = []
        fresh: list[FrontierUrl] = []
        recent, depths = self._recent, self._known.depths
        for url in urls:
            url_id = recent.get(url)
            if url_id is None:
                key = normalise(url)
                url_id = self._known.find(key)
                if not url_id:
                    host = host_of_serialised(url)
                    if self._is_full(host):
                        self.overflowed = True
                        continue
                    url_id = self._create(key, host, url, depth, hops, found_on)
                    fresh.append(FrontierUrl(url_id, url, key, host, depth, url_pattern(url), hops, found_on=found_on))
                self._remember(url, url_id)
            if depth < depths[url_id]:
                self._shorten_distance(url_id, depth)
            ids.append(url_id)
        if fresh:
            self._store.add_urls(fresh)
            if len(self._fresh) > FRESH:
                self._fresh.clear()
            for added in fresh:
                self._fresh[added.id] = added
                self._push(added.id)
        return ids

    def _is_full(self, host: str) -> bool:
        known = self._known
        too_many_hosts = len(known.host_names) >= self._max_hosts and not known.knows_host(host)
        return len(known) >= self._max_known or too_many_hosts

    def _create(self, key: str, host: str, url: str, depth: int, hops: int, found_on: int) -> int:
        return self._known.add(key, host, depth, hops=hops, found_on=found_on, is_binary=is_binary(url))

    def _remember(self, url: str, url_id: int) -> None:
        if len(url) <= MAX_RECENT:
            if len(self._recent) >= RECENT:
                self._recent.clear()
            self._recent[url] = url_id

    def _shorten_distance(self, url_id: int, depth: int) -> None:
        """Bring the URL nearer, and all that is reached through it: a shorter way was found."""
        changes: dict[int, int] = {}
        depths = self._known.depths
        waiting = deque([(url_id, depth)])
        while waiting:
            current, nearer = waiting.popleft()
            if nearer >= depths[current]:
                continue
            depths[current] = changes[current] = nearer
            if self._known.is_pending(current):
                self._push(current)
                continue
            for step in self._store.links_of(current):
                waiting.append((step >> 1, nearer + (step & 1)))
        self._store.set_depths(changes)

    def _push(self, url_id: int) -> None:
        """Put the URL into its host's queue, when it is to be asked at all."""
        if not self._is_wanted(url_id):
            return
        host = self._known.host(url_id)
        if host in self._host_queues:
            self._host_queues.push(host, self._known.queue_key(url_id))
        elif host in self._closed:
            self._refuse(url_id, Seen.HOST_GIVEN_UP)
        else:
            self._unopened[host].append(url_id)

    def _is_wanted(self, url_id: int) -> bool:
        known = self._known
        too_deep = self._max_depth is not None and known.depths[url_id] > self._max_depth
        return not too_deep and url_id not in self._taken and known.is_pending(url_id)

    def _pop(self, heap: list[int]) -> FrontierUrl | None:
        """Return the nearest URL that is still to be asked. Those that changed since they were pushed are skipped."""
        known = self._known
        while heap:
            key = heappop(heap)
            url_id = key & _ID
            if not known.is_pending(url_id) or url_id in self._taken or key != known.queue_key(url_id):
                continue
            if known.host(url_id) in self._closed:
                self._refuse(url_id, Seen.HOST_GIVEN_UP)
                continue
            url = self.fact(url_id)
            if self._traps.allows(url.pattern):
                return url
            self._refuse(url_id, Seen.TRAP)
        return None

    def _refuse(self, url_id: int, seen: Seen) -> None:
        self._known.set_state(url_id, UrlState.REFUSED, seen)
        self._store.finish_url(url_id, UrlState.REFUSED, seen=seen)
