"""Which URL is next: shortest distance first, hosts in turn, a few at a time per address.

Memory holds every known URL (some 600 bytes each); the store remembers them beyond a crash. A URL is one of
pending (waiting for its host's turn, or parked until its host is known), in flight, or finished.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import heappop
from typing import Final

from app.domain.coverage import Seen
from app.engines.crawl.traps import TrapGuard, shape_of
from app.engines.crawl.turns import Place, Turns
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
    seen: Seen | None = None
    taken: bool = False  # in flight
    late: int = 0  # how often it was put behind all others of its host

    def fact(self) -> FrontierUrl:
        return FrontierUrl(
            self.id, self.url, self.key, self.host, self.depth, self.shape, self.hops, self.state, self.seen
        )


class Frontier:
    """Known URLs and their order. Everything is synchronous; the store is told at once and flushed by the caller."""

    def __init__(
        self,
        *,
        store: FrontierPort,
        guard: TrapGuard,
        max_depth: int | None,
        per_lane: int = 4,
        max_known: int = MAX_KNOWN,
    ) -> None:
        self._store = store
        self._guard = guard
        self._max_depth = max_depth
        self._max_known = max_known
        self._normalise = lru_cache(maxsize=65_536)(normalise)  # pages repeat the same few thousand links
        self._entries: list[_Entry] = []  # by id - 1
        self._by_key: dict[str, _Entry] = {}
        self._turns = Turns(per_lane)
        self._parked: defaultdict[str, list[_Entry]] = defaultdict(list)  # by host that is neither open nor closed
        self._closed: set[str] = set()
        # URLs that got an answer.
        self.done = 0
        # Set for good once a URL was dropped because there are too many.
        self.overflowed = False

    @property
    def in_flight(self) -> int:
        """URLs that were taken and are not through."""
        return self._turns.in_flight

    @property
    def known(self) -> int:
        """All URLs, those out of depth or refused included."""
        return len(self._entries)

    @property
    def is_idle(self) -> bool:
        """Nothing in flight and nothing to give, now or after a pause. Parked URLs wait for `open_host`."""
        return self._turns.is_idle

    def load(self) -> None:
        """What an earlier process left in the store. Called once, before anything else."""
        for url in self._store.load_urls():
            entry = _Entry(url.id, url.url, url.key, url.host, url.depth, url.shape, url.hops, url.state, url.seen)
            self._entries.append(entry)
            self._by_key[entry.key] = entry
            self.done += entry.state is UrlState.DONE
            self._push(entry)

    def open_host(self, host: str, address: str) -> None:
        """The host exists: its URLs share a lane with all hosts of that address. May be called again."""
        if host in self._turns or host in self._closed:
            return
        self._turns.open(host, address)
        for entry in self._parked.pop(host, ()):
            self._push(entry)

    def close_host(self, host: str) -> None:
        """The host is gone, or must not be asked: what is pending there is refused, now and later."""
        self._closed.add(host)
        for entry in self._parked.pop(host, ()):
            self._refuse(entry, Seen.HOST_GIVEN_UP)
        self.resume_host(host)  # what waits there is refused when its turn comes

    def limit_host(self, host: str, limit: int) -> None:
        """At most so many URLs of the host's address in flight, from now on."""
        if host in self._turns:
            self._turns.limit_address(host, limit)

    def pause_host(self, host: str) -> None:
        """Nothing more of the host is given until `resume_host`; what is in flight stays in flight."""
        self._turns.pause(host, awaited=True)

    def shelve_host(self, host: str) -> None:
        """As `pause_host`, and nobody waits for it: `resume_host` or `close_host` may come at the end."""
        self._turns.pause(host, awaited=False)

    def resume_host(self, host: str, *, one_at_a_time: bool = False) -> None:
        """The host gives again: one URL at a time until this is called once more without that."""
        if host in self._turns:
            self._turns.resume(host, one_at_a_time=one_at_a_time)

    def add(self, urls: Iterable[str], depth: int) -> None:
        """URLs (serialised, in scope) at that distance from a start page; those known may come nearer."""
        self._find(urls, depth, hops=0)

    def take(self) -> FrontierUrl | None:
        """The next URL, now in flight; None when there is none to give at the moment."""
        entry = self._turns.take(self._pop)
        if entry is None:
            return None
        entry.taken = True
        return entry.fact()

    def depth_of(self, url_id: int) -> int:
        """The shortest distance known now; it may have fallen since the URL was taken."""
        return self._entries[url_id - 1].depth

    def finish(
        self,
        url_id: int,
        state: UrlState,
        *,
        seen: Seen | None = None,
        links: Iterable[str] = (),
        same: Iterable[str] = (),
    ) -> None:
        """The URL in flight is through.

        Args:
            url_id: from `take`.
            state: what became of it.
            seen: what it showed.
            links: URLs one step further away.
            same: URLs at the same distance: a redirect's target, a canonical address, a style sheet.
        """
        entry = self._land(url_id)
        entry.state, entry.seen = state, seen
        self.done += state is UrlState.DONE
        steps = [found << 1 | 1 for found in self._find(links, entry.depth + 1, hops=0)]
        if entry.hops < MAX_HOPS:
            steps += [found << 1 for found in self._find(same, entry.depth, hops=entry.hops + 1)]
        self._store.finish_url(url_id, state, steps, seen=seen)

    def give_back(self, url_id: int, *, late: bool = False) -> None:
        """The URL in flight is pending again: to be tried once more, or never tried. `late`: after all others."""
        entry = self._land(url_id)
        entry.late += late
        self._push(entry)

    def ask_again(self, url: str) -> int | None:
        """A URL that was answered is pending again; its id, None when it is unknown or still to be asked."""
        entry = self._by_key.get(self._normalise(url))
        if entry is None or entry.state is not UrlState.DONE:
            return None
        entry.state, entry.seen = UrlState.PENDING, None
        self.done -= 1
        self._store.finish_url(entry.id, UrlState.PENDING)
        self._push(entry)
        return entry.id

    def find(self, url: str) -> FrontierUrl | None:
        """What is known of the URL."""
        entry = self._by_key.get(self._normalise(url))
        return None if entry is None else entry.fact()

    def all(self) -> Iterator[FrontierUrl]:
        """Every known URL. Those still pending get what kept them from being asked, were the crawl over now."""
        for entry in self._entries:
            fact = entry.fact()
            yield fact if fact.state is not UrlState.PENDING else replace(fact, seen=self._reason(entry))

    def beside(self, url_id: int) -> list[int]:
        """Ids of the URLs at the same distance that `finish` was given."""
        return [step >> 1 for step in self._store.links_of(url_id) if not step & 1]

    def _reason(self, entry: _Entry) -> Seen:
        if self._max_depth is not None and entry.depth > self._max_depth:
            return Seen.DEPTH
        if entry.host in self._closed:
            return Seen.HOST_GIVEN_UP
        if entry.host not in self._turns:
            return Seen.NO_HOST
        return Seen.HOST_GIVEN_UP if self._turns.is_paused(entry.host) else Seen.LIMIT

    def _land(self, url_id: int) -> _Entry:
        entry = self._entries[url_id - 1]
        entry.taken = False
        self._turns.land(entry.host)
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
        """Into its host's queue, when it waits for its turn at all."""
        too_deep = self._max_depth is not None and entry.depth > self._max_depth
        if entry.state is not UrlState.PENDING or entry.taken or too_deep:
            return
        if entry.host in self._turns:
            self._turns.push(entry.host, (entry.late, entry.depth, is_binary(entry.url), entry.id))
        elif entry.host in self._closed:
            self._refuse(entry, Seen.HOST_GIVEN_UP)
        else:
            self._parked[entry.host].append(entry)

    def _pop(self, heap: list[Place]) -> _Entry | None:
        """The nearest URL that is still to be asked. An entry that has changed since it was pushed is skipped."""
        while heap:
            late, depth, _, url_id = heappop(heap)
            entry = self._entries[url_id - 1]
            if entry.state is not UrlState.PENDING or entry.taken or (entry.late, entry.depth) != (late, depth):
                continue
            if entry.host in self._closed:
                self._refuse(entry, Seen.HOST_GIVEN_UP)
            elif self._guard.admits(entry.shape):
                return entry
            else:
                self._refuse(entry, Seen.TRAP)
        return None

    def _refuse(self, entry: _Entry, seen: Seen) -> None:
        entry.state, entry.seen = UrlState.REFUSED, seen
        self._store.finish_url(entry.id, UrlState.REFUSED, seen=seen)
