"""Which URL is next: shortest distance first, hosts in turn, a few at a time per address.

Memory holds every known URL (some 600 bytes each); the store remembers them beyond a crash. A URL is one of
pending (waiting in its lane's heap, or parked until its host is known), in flight, or finished.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heappop, heappush
from typing import Final

from app.engines.crawl.traps import TrapGuard, shape_of
from app.engines.model import FrontierUrl, UrlState
from app.engines.ports import FrontierPort
from app.engines.urls import host_of_serialised, normalise

MAX_KNOWN: Final = 200_000  # URLs; later ones are dropped and `overflowed` says so
MAX_HOPS: Final = 10  # redirects in a row (scan.md)
# Documents that a browser would not show as a page: asked for last, and without their body.
BINARY: Final = frozenset(
    {
        "7z", "aac", "apk", "avi", "bin", "bmp", "bz2", "csv", "deb", "dmg", "doc", "docx", "eot", "epub", "exe",
        "flac", "flv", "gif", "gz", "ico", "iso", "jar", "jpeg", "jpg", "m4a", "m4v", "mkv", "mov", "mp3", "mp4",
        "mpeg", "mpg", "msi", "ods", "odt", "ogg", "ogv", "otf", "pdf", "pkg", "png", "ppt", "pptx", "psd", "rar",
        "rpm", "rtf", "svg", "tar", "tgz", "tif", "tiff", "ttf", "wav", "webm", "webp", "wma", "wmv", "woff", "woff2",
        "xls", "xlsx", "xz", "zip",
    }
)  # fmt: skip


def is_binary(url: str) -> bool:
    """By extension: only a hint for the order and for how much is read, never for what is looked at."""
    folder, _, name = url.partition("#")[0].partition("?")[0].rpartition("/")
    _, dot, extension = name.rpartition(".")
    return bool(dot) and extension.lower() in BINARY and not folder.endswith("/")


@dataclass(slots=True)
class _Entry:
    """One known URL."""

    id: int
    url: str
    key: str
    host: str
    depth: int
    shape: str
    hops: int
    state: UrlState = UrlState.PENDING
    taken: bool = False  # in flight

    def fact(self) -> FrontierUrl:
        return FrontierUrl(self.id, self.url, self.key, self.host, self.depth, self.shape, self.hops, self.state)


@dataclass(slots=True)
class _Lane:
    """URLs of the hosts behind one address."""

    limit: int
    # (depth, binary last, id); an entry whose depth has changed since, or that was finished, is skipped when popped.
    heap: list[tuple[int, bool, int]] = field(default_factory=list)
    in_flight: int = 0
    queued: bool = False  # stands in `Frontier._ready`


class Frontier:
    """Known URLs and their order. Everything is synchronous; the store is told at once and flushed by the caller."""

    def __init__(
        self,
        *,
        store: FrontierPort,
        guard: TrapGuard,
        max_depth: int,
        per_lane: int = 4,
        max_known: int = MAX_KNOWN,
    ) -> None:
        self._store = store
        self._guard = guard
        self._max_depth = max_depth
        self._per_lane = per_lane
        self._max_known = max_known
        self._normalise = lru_cache(maxsize=65_536)(normalise)  # pages repeat the same few thousand links
        self._entries: list[_Entry] = []  # by id - 1
        self._by_key: dict[str, _Entry] = {}
        self._lanes: dict[str, _Lane] = {}  # by address
        self._lane_of: dict[str, _Lane] = {}  # by host, once it is open
        self._parked: defaultdict[str, list[_Entry]] = defaultdict(list)  # by host that is neither open nor closed
        self._closed: set[str] = set()
        self._ready: deque[_Lane] = deque()  # lanes with something to give, in turn
        # URLs in flight.
        self.in_flight = 0
        # URLs that got an answer.
        self.done = 0
        # Set for good once a URL was dropped because there are too many.
        self.overflowed = False

    @property
    def known(self) -> int:
        """All URLs, those out of depth or refused included."""
        return len(self._entries)

    @property
    def is_idle(self) -> bool:
        """Nothing in flight and nothing to give. Parked URLs wait for `open_host`."""
        return not self.in_flight and not self._ready

    def load(self) -> None:
        """What an earlier process left in the store. Called once, before anything else."""
        for url in self._store.load_urls():
            entry = _Entry(url.id, url.url, url.key, url.host, url.depth, url.shape, url.hops, url.state)
            self._entries.append(entry)
            self._by_key[entry.key] = entry
            self.done += entry.state is UrlState.DONE
            self._push(entry)

    def open_host(self, host: str, address: str) -> None:
        """The host exists: its URLs share a lane with all hosts of that address. May be called again."""
        if host in self._lane_of or host in self._closed:
            return
        self._lane_of[host] = self._lanes.setdefault(address, _Lane(self._per_lane))
        for entry in self._parked.pop(host, ()):
            self._push(entry)

    def close_host(self, host: str) -> None:
        """The host is gone, or must not be asked: what is pending there is refused, now and later."""
        self._closed.add(host)
        for entry in self._parked.pop(host, ()):
            self._refuse(entry)

    def limit_host(self, host: str, limit: int) -> None:
        """At most so many URLs of the host's address in flight, from now on."""
        lane = self._lane_of.get(host)
        if lane is not None:
            lane.limit = min(lane.limit, limit)

    def add(self, urls: Iterable[str], depth: int) -> None:
        """URLs (serialised, in scope) at that distance from a start page; those known may come nearer."""
        self._find(urls, depth, hops=0)

    def take(self) -> FrontierUrl | None:
        """The next URL, now in flight; None when there is none to give at the moment."""
        while self._ready:
            lane = self._ready.popleft()
            lane.queued = False
            entry = self._pop(lane)
            if entry is None:
                continue
            entry.taken = True
            lane.in_flight += 1
            self.in_flight += 1
            self._queue(lane)
            return entry.fact()
        return None

    def depth_of(self, url_id: int) -> int:
        """The shortest distance known now; it may have fallen since the URL was taken."""
        return self._entries[url_id - 1].depth

    def finish(self, url_id: int, state: UrlState, *, links: Iterable[str] = (), same: Iterable[str] = ()) -> None:
        """The URL in flight is through.

        Args:
            url_id: from `take`.
            state: what became of it.
            links: URLs one step further away.
            same: URLs at the same distance: a redirect's target, a canonical address, a style sheet.
        """
        entry = self._land(url_id)
        entry.state = state
        self.done += state is UrlState.DONE
        steps = [found << 1 | 1 for found in self._find(links, entry.depth + 1, hops=0)]
        if entry.hops < MAX_HOPS:
            steps += [found << 1 for found in self._find(same, entry.depth, hops=entry.hops + 1)]
        self._store.finish_url(url_id, state, steps)

    def give_back(self, url_id: int) -> None:
        """The URL in flight is pending again: to be tried once more, or never tried."""
        self._push(self._land(url_id))

    def _land(self, url_id: int) -> _Entry:
        entry = self._entries[url_id - 1]
        entry.taken = False
        self.in_flight -= 1
        lane = self._lane_of[entry.host]
        lane.in_flight -= 1
        self._queue(lane)
        return entry

    def _find(self, urls: Iterable[str], depth: int, *, hops: int) -> list[int]:
        """Ids of the URLs; new ones are added."""
        ids: list[int] = []
        fresh: list[_Entry] = []
        for url in urls:
            key = self._normalise(url)
            entry = self._by_key.get(key)
            if entry is None:
                if len(self._entries) >= self._max_known:
                    self.overflowed = True
                    continue
                entry = self._create(url, key, depth, hops)
                fresh.append(entry)
            elif depth < entry.depth:
                self._come_nearer(entry, depth)
            ids.append(entry.id)
        if fresh:
            self._store.add_urls([entry.fact() for entry in fresh])
            for entry in fresh:
                self._push(entry)
        return ids

    def _create(self, url: str, key: str, depth: int, hops: int) -> _Entry:
        entry = _Entry(len(self._entries) + 1, url, key, host_of_serialised(url), depth, shape_of(url), hops)
        self._entries.append(entry)
        self._by_key[key] = entry
        return entry

    def _come_nearer(self, entry: _Entry, depth: int) -> None:
        """A shorter way was found: to the URL, and so to all that is reached through it."""
        changes: dict[int, int] = {}
        waiting = deque([(entry, depth)])
        while waiting:
            current, nearer = waiting.popleft()
            if nearer >= current.depth:
                continue
            current.depth = nearer
            changes[current.id] = nearer
            if current.state is UrlState.PENDING:
                self._push(current)
                continue
            for step in self._store.links_of(current.id):
                waiting.append((self._entries[(step >> 1) - 1], nearer + (step & 1)))
        self._store.set_depths(changes)

    def _push(self, entry: _Entry) -> None:
        """Into its lane, when it waits for its turn at all."""
        if entry.state is not UrlState.PENDING or entry.taken or entry.depth > self._max_depth:
            return
        lane = self._lane_of.get(entry.host)
        if lane is not None:
            heappush(lane.heap, (entry.depth, is_binary(entry.url), entry.id))
            self._queue(lane)
        elif entry.host in self._closed:
            self._refuse(entry)
        else:
            self._parked[entry.host].append(entry)

    def _pop(self, lane: _Lane) -> _Entry | None:
        while lane.heap:
            depth, _, url_id = heappop(lane.heap)
            entry = self._entries[url_id - 1]
            if entry.state is not UrlState.PENDING or entry.taken or entry.depth != depth:
                continue
            if entry.host not in self._closed and self._guard.admits(entry.shape):
                return entry
            self._refuse(entry)
        return None

    def _refuse(self, entry: _Entry) -> None:
        entry.state = UrlState.REFUSED
        self._store.finish_url(entry.id, UrlState.REFUSED)

    def _queue(self, lane: _Lane) -> None:
        if lane.heap and lane.in_flight < lane.limit and not lane.queued:
            lane.queued = True
            self._ready.append(lane)
