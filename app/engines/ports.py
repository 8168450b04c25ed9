"""What the engine needs from the outside. Implemented in `tasks` (sink) and `scanstore` (store)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from app.domain.coverage import Coverage, Seen
from app.domain.log_entry import LogEntry
from app.domain.rechecks import Recheck, RecheckOutcome
from app.domain.scan_facts import Capture, Counts, FrontierUrl, Hop, HostFact, PageFact, Reference, ThirdParty, UrlState
from app.domain.stages import StageKey, StageStatus
from app.domain.verdict import Reason
from app.domain.violations import ViolationFact, ViolationKey

CountEndedRechecks = Callable[[Mapping[RecheckOutcome, int]], None]


class ScanStopped(Exception):
    """The attempt is cancelled, stale or finished: unwind, write nothing more."""


class Unreadable(Exception):
    """A body cannot be read within its limits; the scan goes on without it.

    `reason` is a key: `cpu`, `memory`, `nesting`, `crashed` (the process died), `error` (a defect, which is logged).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ScanSink(Protocol):
    """Where a running scan reports. All calls are ordered; each may wait (back-pressure), none loses anything
    but superseded progress.

    Raises `ScanStopped` from any call once the attempt is cancelled, stale or finished: the scan then stops.
    """

    async def stage(self, key: StageKey, status: StageStatus, *, duration_ms: int | None = None) -> None:
        """A stage changed. Stages may start early, but they end in order."""
        ...

    async def progress(self, key: StageKey, fraction: float, message: str, counts: Counts) -> None:
        """How far a stage is, 0.0..1.0. May be called often: the sink thins it out."""
        ...

    async def log(self, entry: LogEntry) -> None:
        """One line for people, as the scan says it: the sink sanitises it and adds the time."""
        ...

    async def warning(
        self,
        code: str,
        message: str,
        *,
        reason: Reason | None = None,
        host: str | None = None,
        count: int | None = None,
    ) -> None:
        """`degraded` or `partial`; each code and message is said once per attempt. `reason`, `host` and `count` say in
        `partial` what was not seen, where, and how much of it; `reason` alone says which limit ended the crawl.
        """
        ...

    async def covered(self, coverage: Coverage) -> None:
        """What the scan saw of the site; the last call counts. A scan that never says so has seen nothing."""
        ...

    async def violation(self, fact: ViolationFact) -> bool:
        """Commits the violation at once. False: this one was known already (same domain and key)."""
        ...

    async def recheck(self, domain: str, key: ViolationKey, state: Recheck) -> bool:
        """Says before a violation is reported that it is to be looked at again, and later what came of it.

        Return whether the violation is in this state now. `AWAITED` is refused for a violation that was reported
        without it, or whose recheck is over; `NOT_CONFIRMED` for one that does not await it.
        """
        ...


class FrontierPort(Protocol):
    """Where the frontier outlives a crash. The frontier itself decides; this only remembers.

    Every call is quick and synchronous, but for those that read all that an earlier attempt has left (`load_urls`,
    `counts`, `references`, `captures`): they may be made in any thread, while no other call is. What was written counts
    after `flush`, all of it or nothing of it: a URL is never remembered as done without its page, its references and
    the URLs found on it.
    """

    def load_urls(self) -> Iterator[FrontierUrl]:
        """All known URLs by ascending id, a few at a time in memory. Nothing is added meanwhile."""
        ...

    def url_of(self, url_id: int) -> FrontierUrl:
        """The URL, its key, host and pattern as they were added. How near it is and what became of it may be older."""
        ...

    def add_urls(self, urls: Iterable[FrontierUrl]) -> None:
        """New URLs. The caller gives ids and keys that are unique."""
        ...

    def finish_url(self, url_id: int, state: UrlState, links: Sequence[int] = (), *, seen: Seen | None = None) -> None:
        """The URL's state and what it showed, and where its document leads: numbers below 2**32 that mean something to
        the frontier alone. `PENDING` once more: it is asked again.
        """
        ...

    def links_of(self, url_id: int) -> Sequence[int]:
        """The numbers that `finish_url` was given; empty for an unfinished URL."""
        ...

    def set_depths(self, depths: Mapping[int, int]) -> None:
        """Shorter ways were found: id -> depth. The pages under these URLs show it too."""
        ...

    def add_page(self, page: PageFact) -> None:
        """A fetched document. A second one for the same URL replaces the first."""
        ...

    def add_hops(self, hops: Iterable[Hop], *, found_on: int = 0) -> None:
        """Redirects met while crawling; `found_on`: id of the URL whose document named the one that was asked."""
        ...

    def add_references(self, references: Iterable[Reference]) -> None:
        """Adds those that no known one equals in every field but `repeats`."""
        ...

    def counts(self) -> Counts:
        """The statistics so far, `violations` left at 0: those live in the main database."""
        ...

    def flush(self) -> None:
        """Sends everything so far on its way to be durable against the death of the process. Called at least once a
        second. Raises what an earlier flush failed with.
        """
        ...

    @property
    def writing(self) -> Future[None] | None:
        """What `flush` has begun and has not ended; None: all of it is durable. Not to be cancelled."""
        ...

    def settle(self) -> None:
        """Flushes, and returns when everything so far is durable and readers see it. May wait for a database."""
        ...


class ScanStore(FrontierPort, Protocol):
    """What one scan collects, as its own process writes it. One writer: where two processes could, the later attempt
    shuts the earlier one out.
    """

    def put_host(self, host: HostFact) -> None:
        """Adds or replaces by name."""
        ...

    def hosts(self) -> list[HostFact]:
        """All, by name."""
        ...

    def references(self) -> Iterator[Reference]:
        """All references in the order of finding, a few at a time in memory. Nothing is added meanwhile."""
        ...

    def put_third_party(self, party: ThirdParty) -> None:
        """Adds or replaces by domain."""
        ...

    def third_parties(self) -> list[ThirdParty]:
        """All, by domain."""
        ...

    def put_capture(self, capture: Capture) -> None:
        """Adds or replaces by (host, url)."""
        ...

    def captures(self) -> list[Capture]:
        """All, by domain, host and URL."""
        ...

    def put_checkpoint(self, key: str, value: Any) -> None:
        """Remembers a JSON value under a key."""
        ...

    def checkpoint(self, key: str) -> Any:
        """The value last put under the key, or None."""
        ...

    def close(self) -> None:
        """Settles and lets go. May be called twice."""
        ...
