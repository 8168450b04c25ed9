"""A worker whose scans are no processes and last parts of a second: `hurried SECONDS worker ARGUMENTS...`.

All else is the product's: it claims, beats, reports, hears of cancels and ends as any worker, by the same job body. So
hundreds of scans can meet a cancel, or the end of their time, at any moment of their lives.
"""

import asyncio
import random
import sys
from collections.abc import Callable
from functools import cache, partial
from itertools import cycle
from typing import Final

from app.cli import main
from app.core.aio import call_on_loop
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.domain.coverage import Coverage
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Counts
from app.domain.stages import STAGES, StageStatus
from app.domain.third_parties import PartyCoverage
from app.domain.violations import ViolationFact, ViolationKey
from app.engines.ports import ScanSink, ScanStore
from app.events.bus.base import Hint, TaskHint
from app.events.writer import EventWriter
from app.scans.lifecycle import Lifecycle
from app.tasks.process_protocol import JobSpec
from app.tasks.sink.reporter import StopReason
from app.tasks.sink.writer import RetryingWriter
from app.tasks.supervisor import scan_worker
from app.tasks.supervisor.worker_handle import CountRechecks, CountVerdicts, WorkerHandle
from app.tasks.worker.heartbeat import WorkerHeartbeat
from app.tasks.worker.loop_watchdog import LoopWatchdog
from app.tasks.worker.main import EXIT_CODES
from app.tasks.worker.scan_job import ScanJob
from app.tasks.worker.store_lease import StoreLease
from app.tasks.worker.store_place import place_of
from tests.support.violations import assess_unseen

MODULE = "tests.fault.distributed.hurried"
LONGEST_S: Final = float(sys.argv[1]) if __name__ == "__main__" else 1.0
# Dealt, so that there are always some that are over at once and some that take all the time there is.
LENGTHS_S: Final = cycle(
    (lambda: 0.0, lambda: LONGEST_S, lambda: random.uniform(0, LONGEST_S), lambda: random.uniform(0, LONGEST_S))
)
FOUND: Final = ViolationFact(
    domain="bad-bets.example",
    violation_key=ViolationKey.GAMBLING,
    confidence_score=0.9,
    description="found",
    evidence=(),
    needs_review=False,
)


class HurriedScan:
    """Fulfils `scan_job.Scan`: all stages and one violation."""

    def __init__(self, spec: JobSpec, store: ScanStore, sink: ScanSink) -> None:
        self._spec = spec
        self._store = store
        self._sink = sink

    async def run(self) -> None:
        share_s = next(LENGTHS_S)() / len(STAGES)
        for stage in STAGES:
            await self._sink.stage(stage.key, StageStatus.RUNNING)
            await asyncio.sleep(share_s)
            await self._sink.progress(stage.key, 0.5, "at work", Counts())
            if stage is STAGES[-1]:
                await self._sink.violation(FOUND)
            await self._sink.stage(stage.key, StageStatus.COMPLETED)
        await self._sink.covered(Coverage())


class Pipe:
    """Fulfils `events.bus.base.Publisher`, in the place of the pipe to the worker."""

    def __init__(self, on_hint: Callable[[TaskHint], None]) -> None:
        self._on_hint = on_hint
        self._loop = asyncio.get_running_loop()

    def publish(self, hint: Hint) -> None:
        if isinstance(hint, TaskHint):
            call_on_loop(self._loop, self._on_hint, hint)


class HurriedHandle(WorkerHandle):
    """Runs the job on the worker's own loop."""

    _job: ScanJob | None = None
    _asked: StopReason | None = None  # before there was a job

    async def run(
        self,
        on_hint: Callable[[TaskHint], None],
        on_browser_wanted: Callable[[], None] = lambda: None,
        on_verdicts: CountVerdicts = lambda _, __: None,
        on_rechecks: CountRechecks = lambda _, __: None,
    ) -> int:
        settings, clock, texts = self._settings, SystemClock(), MessageCatalog(self._settings.language)
        db, watchdog = database(settings), LoopWatchdog()
        writer = RetryingWriter(EventWriter(db=db, bus=Pipe(on_hint)))
        place = place_of(settings, self.spec.task_id, self.spec.run, self.spec.attempt)
        self._job = ScanJob(
            spec=self.spec,
            db=db,
            writer=writer,
            lifecycle=Lifecycle(clock=clock, texts=texts),
            texts=texts,
            clock=clock,
            lease=StoreLease(place, clock),
            make_scan=HurriedScan,
            assess=assess_unseen,
            read_parties=PartyCoverage,
            make_heartbeat=partial(WorkerHeartbeat, db=db, watchdog=watchdog, interval_s=settings.heartbeat_interval_s),
            log_lines_per_s=settings.scan_log_lines_per_s,
            log_max_bytes=settings.scan_log_max_bytes,
        )
        touching = asyncio.create_task(watchdog.keep_touching())
        if self._asked is not None:
            self._job.stop(self._asked)
        try:
            return EXIT_CODES.get(await self._job.run(), 0)
        finally:
            touching.cancel()
            writer.close()

    def cancel(self) -> None:
        if self.cancelled_at is None:
            self.cancelled_at = self._monotonic()
            self._stop(StopReason.CANCELLED)

    def close_input(self) -> None:
        self._stop(StopReason.ORPHANED)

    def _stop(self, reason: StopReason) -> None:
        if self._job is None:
            self._asked = self._asked or reason
        else:
            self._job.stop(reason)


@cache
def database(settings: Settings) -> Database:
    return Database(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)


if __name__ == "__main__":
    scan_worker.WorkerHandle = HurriedHandle  # type: ignore[misc] # a process for each scan, otherwise
    sys.exit(main(sys.argv[2:]))
