"""The part of a worker that renders pages of any scan: has one process with a browser, while something waits.

Orders stand in the database (`scanstore.postgres.renders`). A message only makes it look at once; it looks by itself
every few seconds, so that a lost one costs no more than that.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from app.core.aio import end_tasks
from app.core.ids import new_id
from app.core.worker_metrics import WorkerMetrics
from app.scanstore.errors import ScanStoreError
from app.tasks.process_start import ProcessNotStarted
from app.tasks.render_protocol import EXIT_NO_BROWSER
from app.tasks.supervisor.render_process import RenderProcess

LOOK_S: Final = 2.0
NO_BROWSER_PAUSE_S: Final = 30.0  # before it tries once more to start one
STOP_PATIENCE_S: Final = 5.0  # for giving back what it holds
# Why a process has ended, in the metrics (docs/metrics.md).
NO_RESOURCES: Final = "no_resources"
DIED: Final = "died"  # killed, or crashed
REASONS: Final = {0: "done", EXIT_NO_BROWSER: "no_browser"}
log = structlog.get_logger(__name__)


class WantedPages(Protocol):
    """`scanstore.postgres.renders.RenderLeases`, as far as it is asked here. Blocking; raise ScanStoreError."""

    def is_any_wanted(self) -> bool: ...

    def forget_over(self) -> None: ...

    def give_back(self, holder: str, *, counts: bool) -> None: ...


@dataclass(kw_only=True, eq=False, repr=False)
class RenderWorker:
    """Event loop only. `start` and `stop` once."""

    worker_id: str
    wanted: WantedPages
    make_process: Callable[[str], RenderProcess]  # of the name under which it holds pages
    metrics: WorkerMetrics = field(default_factory=WorkerMetrics)
    look_s: float = LOOK_S
    no_browser_pause_s: float = NO_BROWSER_PAUSE_S

    def __post_init__(self) -> None:
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._process: RenderProcess | None = None
        self._running: asyncio.Task[None] | None = None
        self._is_away = False  # the database did not answer last time

    async def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="rendering-worker")

    def wake(self) -> None:
        """Have it look now whether something waits."""
        self._woken.set()

    async def stop(self) -> None:
        """Give back what is held, and end the browser. May be called without `start`, and twice."""
        self._stopping.set()
        self._woken.set()
        running, self._running = self._running, None
        if running is None:
            return
        if self._process is not None:
            self._process.close_input()
        await asyncio.wait({running}, timeout=STOP_PATIENCE_S)
        if self._process is not None:
            self._process.kill()
        await end_tasks([running])

    async def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            has_browser = True
            try:
                if await asyncio.to_thread(self._look) and not self._stopping.is_set():
                    has_browser = await self._render()
            except Exception:
                log.exception("render_round_failed")  # the next one comes
            with suppress(TimeoutError):
                if has_browser:
                    await asyncio.wait_for(self._woken.wait(), self.look_s)
                else:
                    await asyncio.wait_for(self._stopping.wait(), self.no_browser_pause_s)

    async def _render(self) -> bool:
        """Return whether it is worth to look again soon."""
        holder = f"{self.worker_id}-{new_id()[-8:]}"
        self._process = self.make_process(holder)
        reason = DIED
        try:
            with self.metrics.rendering.track_inprogress():
                code = await self._process.run()
            reason = REASONS.get(code, DIED)
        except ProcessNotStarted as error:
            log.warning("render_process_not_started", reason=str(error))
            reason = NO_RESOURCES
            return False
        finally:
            self._process = None
            self.metrics.render_ended.labels(reason).inc()
        if code:
            log.warning("render_process_failed", code=code)
            await asyncio.to_thread(self._give_back, holder)
        self._woken.set()  # there may be more already
        return code != EXIT_NO_BROWSER

    def _look(self) -> bool:
        """Return whether something waits. In a thread."""
        try:
            is_wanted = self.wanted.is_any_wanted()
            if not is_wanted:
                self.wanted.forget_over()
        except ScanStoreError as error:
            if not self._is_away:
                log.warning("render_worker_waits", reason=str(error))
            self._is_away = True
            return False
        self._is_away = False
        return is_wanted

    def _give_back(self, holder: str) -> None:
        """Let others take at once what a process held that has died. In a thread."""
        try:
            self.wanted.give_back(holder, counts=True)
        except ScanStoreError as error:
            log.warning("pages_not_given_back", reason=str(error))  # they are taken over when their time is over
