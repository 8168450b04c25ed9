"""What the use cases need from the outside. `wiring` fills every port; no service knows who stands behind one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from app.core.identity import Identity
from app.domain.coverage import Coverage
from app.domain.parties import Outcome


@dataclass(frozen=True, slots=True)
class ParsedTarget:
    """A name that can be scanned."""

    name: str  # A-labels, lower case, no trailing dot
    display: str  # the same in Unicode
    registrable: str  # registrable domain, A-labels


class TargetParser(Protocol):
    """Reads what a person typed. Pure: no network."""

    def parse(self, text: str) -> ParsedTarget:
        """Raises InvalidInput with a code that begins with `target_`."""
        ...

    def parse_start_url(self, text: str, target: ParsedTarget) -> str:
        """The URL serialised. Raises InvalidInput with code `start_url_invalid` or `start_url_outside_target`."""
        ...


class ScanRunner(Protocol):
    """Runs pending tasks. The database is the truth: both calls are hints that make it quick.

    `wake` and `cancel` never block and never raise; they are called after COMMIT on the event loop.
    """

    def wake(self) -> None:
        """A task became pending, or one that waited is gone: look."""
        ...

    def cancel(self, task_id: str) -> None:
        """The task became `cancelling`."""
        ...

    async def start(self) -> None:
        """Requeues what ran when the last server ended, then begins to run what is pending."""
        ...

    async def stop(self) -> None:
        """Ends all scans from their checkpoints; nothing runs afterwards. May be called without `start`, and twice."""
        ...


class Monitor(Protocol):
    """Watches deadlines and lost workers (`monitor.service`)."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def run(self) -> None:
        """The loop itself, until cancelled."""
        ...

    async def check_running_tasks(self) -> None:
        """One round."""
        ...

    async def handle_timeout(self, task: Any) -> None:
        """End the attempt of a task's row that ran for too long, and its process."""
        ...


class ScanReader(AbstractContextManager["ScanReader"], Protocol):
    """One look at what a scan has collected (`scanstore.reader`). Blocking; lists come as (items, total).

    Items are facts with the attributes of `schemas.results`. Raises `scanstore.errors.ScanStoreError`.
    """

    @property
    def present(self) -> bool:
        """Whether there is a file with what a scan collected; without one everything is empty."""
        ...

    def subdomains(self, *, offset: int = 0, limit: int = 100, q: str = "") -> tuple[Sequence[Any], int]: ...

    def pages(
        self, *, offset: int = 0, limit: int = 100, q: str = "", status: int | None = None, parsed: bool | None = None
    ) -> tuple[Sequence[Any], int]: ...

    def third_parties(
        self,
        *,
        offset: int = 0,
        limit: int = 100,
        q: str = "",
        category: str | None = None,
        outcome: Outcome | None = None,
    ) -> tuple[Sequence[Any], int]: ...

    def subdomains_after(self, name: str, *, limit: int) -> Sequence[Any]:
        """The next ones by name."""
        ...

    def third_parties_after(self, domain: str, *, limit: int) -> Sequence[Any]:
        """The next ones by domain."""
        ...

    def omitted_third_parties(self) -> int:
        """References to domains beyond the number that a scan keeps."""
        ...

    def coverage(self) -> tuple[int, int]:
        """(crawled, known) URLs in scope."""
        ...

    def seen(self) -> Coverage:
        """What became of them, as far as the crawl got."""
        ...


class ScanReaders(Protocol):
    """Opens a reader; one of a missing file is empty and not `present`."""

    def __call__(self, path: Path) -> ScanReader: ...


class FileRemover(Protocol):
    """Removes what the runs of a deleted task left in the data folder. Blocks.

    What is gone already is no error. Raises OSError for what cannot be removed.
    """

    def __call__(self, task_id: str, last_run: int) -> None: ...


class TicketStore(Protocol):
    """Where open tickets are (`services.tickets`). Atomic: of two that take the same ticket one gets it."""

    async def put(self, digest: str, identity: Identity, *, ttl_s: float) -> None:
        """Raises LimitReached when there are too many. `ttl_s` is the same in all calls."""
        ...

    async def take(self, digest: str) -> Identity | None:
        """The identity, once; None when it is unknown, was taken or has expired."""
        ...


class Hub(Protocol):
    """The real-time side as REST, readiness and wiring use it (`websocket.manager`)."""

    async def start(self) -> None: ...

    @property
    def stopping(self) -> bool:
        """No new watchers are let in: readiness fails, so that others get them."""
        ...

    async def drain(self, hurry: Callable[[], bool]) -> None:
        """Sends the watchers away one by one over `ws_drain_s`, all at once as soon as `hurry` says so."""
        ...

    async def stop(self) -> None:
        """Advises clients to reconnect and closes all sockets. May be called twice."""
        ...

    def is_watched(self, task_id: str) -> bool:
        """Whether somebody follows the task now."""
        ...

    def stats(self) -> Mapping[str, Any]:
        """Numbers for administrators; among them `sweep_lag_s`, None before the first sweep."""
        ...

    async def broadcast(
        self,
        *,
        message: str,
        level: Literal["info", "warning", "error", "success"] = "info",
        sender: str,
        data: dict[str, Any] | None = None,
        user_ids: Sequence[str] | None = None,
        task_id: str | None = None,
        expires_in_s: float | None = None,
    ) -> Mapping[str, Any]:
        """`{"broadcast_id": ..., "delivered": number of connections}`."""
        ...
