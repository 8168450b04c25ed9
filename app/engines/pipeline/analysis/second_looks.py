"""Captures pages that show something else than in the scan before once more, at least a minute later, when everything
else is captured and before the scan ends (ADR 0085).

What came of it is in the store: a scan that goes on from its checkpoint looks at the others only.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from app.domain.comparable import comparable_url
from app.domain.inventory import NO_NAME, Showing
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture
from app.domain.second_looks import SECOND_LOOKS, LookOutcome, SecondLook, needs_second_look, outcome_of
from app.domain.stages import StageKey
from app.engines.model import RecheckConfig
from app.engines.pipeline.analysis.rechecks import Captures
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.ports import ScanSink, ScanStore
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_LOOKS: Final = 50  # of one scan; what is beyond counts as seen once
WORKERS: Final = 8
WAIT_S: Final = 120.0  # how long a scan whose other work is done waits for them, after the pause


class SecondLooks:
    """`run` once, when everything is captured and pages can still be rendered."""

    def __init__(
        self,
        *,
        config: RecheckConfig | None,
        captures: Captures,
        store: ScanStore,
        sink: ScanSink,
        texts: MessageCatalog,
        is_own: Callable[[str], bool],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`config` None: there is no scan before, and nothing happens. `is_own` is asked about hosts. `now` is that of
        captures.
        """
        self._config = config
        self._captures = captures
        self._store = store
        self._sink = sink
        self._texts = texts
        self._is_own = is_own
        self._now = now
        self._is_over = asyncio.Event()
        self._looks: dict[str, Any] = store.checkpoint(SECOND_LOOKS) or {}
        self.awaited = 0  # pages that are to be captured once more

    def give_up(self) -> None:
        """The time is over: what waits counts as seen once."""
        self._is_over.set()

    async def run(self) -> None:
        """Capture what shows something else once more. Raises ScanStopped."""
        if self._config is None:
            return
        changed = list(self._changed(self._config))
        some = changed[:MAX_LOOKS]
        self._give_up_on(capture for capture, _ in changed[MAX_LOOKS:])
        if not some:
            return
        self.awaited = len(some)
        await self._pause([capture for capture, _ in some], self._config.after_s)
        waiting = iter(some)
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
                for _ in range(WORKERS):
                    group.create_task(self._work(waiting))
        self._give_up_on(capture for capture, _ in some if capture.url not in self._looks)
        self.awaited = 0

    def _changed(self, config: RecheckConfig) -> Iterable[tuple[Capture, Showing]]:
        for capture in self._store.captures():
            known = config.shown.get(comparable_url(capture.url))
            if known is None or capture.url in self._looks:
                continue
            if needs_second_look(known, _showing(capture), is_own=self._is_own(capture.host)):
                yield capture, known

    async def _work(self, waiting: Iterable[tuple[Capture, Showing]]) -> None:
        for capture, known in waiting:
            if self._is_over.is_set():
                return
            first = _showing(capture)
            second = await self._look(capture, with_browser=bool(first.look))
            found = outcome_of(known, first, second, is_own=self._is_own(capture.host))
            self._keep(capture, found)
            self.awaited -= 1
            message = self._texts(f"second_look_{found.outcome}", url=capture.url)
            await self._sink.log(LogEntry("INFO", StageKey.CONTENT_CAPTURE.value, message))

    async def _look(self, capture: Capture, *, with_browser: bool) -> Showing | None:
        """Return what the page shows now; None: it could not be seen as at first."""
        target = CaptureTarget(capture.domain, capture.host, capture.url, own=self._is_own(capture.host))
        page = await self._captures.look_again(target)
        if with_browser and page.capture.error is None and not page.capture.dead:
            rendered = await self._captures.render_again(page)
            if rendered is None:
                return None
            page = rendered
        return _showing(page.capture)

    async def _pause(self, captures: Iterable[Capture], after_s: float) -> None:
        """Until the newest capture is old enough. A clock that was set cannot make that longer."""
        newest = max(capture.captured_at or self._now() for capture in captures)
        left_s = min(after_s, newest + after_s - self._now())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, left_s)):
                await self._is_over.wait()

    def _give_up_on(self, captures: Iterable[Capture]) -> None:
        """Note all of them with one write: there may be thousands, and each write has all of them."""
        failed = {capture.url: SecondLook(LookOutcome.FAILED).to_json() for capture in captures}
        if failed:
            self._looks |= failed
            self._store.put_checkpoint(SECOND_LOOKS, self._looks)

    def _keep(self, capture: Capture, found: SecondLook) -> None:
        self._looks[capture.url] = found.to_json()
        self._store.put_checkpoint(SECOND_LOOKS, self._looks)


def _showing(capture: Capture) -> Showing:
    """Return what a capture shows, as `inventory.loader` reads it from a store."""
    kind = NO_NAME if capture.dead else "" if capture.error is not None else capture.page_class
    site = registrable_domain(host_of(capture.final_url) or capture.host)
    return Showing(kind, site, capture.url, capture.title, capture.look)
