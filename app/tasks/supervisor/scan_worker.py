"""Runs scans on a machine that has no server: claims what is next, and starts a process for each.

A worker has as many slots as threads that call `run_waiting`. What a slot does: claim the next scan, start its process,
pass its hints on, and recover the attempt when the process has left it unfinished; then again, until nothing waits.
"""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import structlog

from app.core import trace_context, tracing
from app.core.aio import BackgroundTasks, end_tasks
from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.deployment import SCAN_QUEUE
from app.core.errors import Unavailable
from app.core.file_permissions import make_private_folder
from app.core.live_settings import SettingsSource
from app.core.trace_context import read_header
from app.core.worker_metrics import WorkerMetrics
from app.domain.messages import MessageCatalog
from app.domain.task_row import TaskRow
from app.domain.tasks import TaskStatus
from app.events.bus.base import Bus, Hint, TaskHint
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.scans.lifecycle import Lifecycle
from app.scans.next_scan import claim_next
from app.scans.queries import tasks
from app.scans.recovery import LostAttemptRecovery
from app.scans.worker_presence import WorkerPresence
from app.tasks.dispatch.ports import Wakeups
from app.tasks.process_protocol import EXIT_CHECKPOINT_LEFT, EXIT_NO_RESOURCES, JobSpec
from app.tasks.process_start import ProcessNotStarted, ProcessStarter
from app.tasks.supervisor.overdue import kill_overdue
from app.tasks.supervisor.render_worker import RenderWorker
from app.tasks.supervisor.slots import Slots, look_unasked
from app.tasks.supervisor.start_limits import machine_load, starts_at_once
from app.tasks.supervisor.worker_handle import WorkerHandle

ROUND_S: Final = 1.0
STOP_PATIENCE_S: Final = 5.0  # for the checkpoints; then the processes are killed
SHORTAGE_PAUSE_S: Final = 5.0  # of a slot, after a process that did not start for want of a resource
START_LOOK_S: Final = 0.2
LOOK_S: Final = 5.0  # between two looks whether the attempts of our processes still run
OVER_PATIENCE_S: Final = 30.0  # for a process whose attempt is over, which its own heartbeat tells it sooner
# Why a scan's process has ended, in the metrics (docs/metrics.md).
NO_RESOURCES: Final = "no_resources"
NOT_RUN: Final = "not_run"  # an error of ours
DIED: Final = "died"  # killed, or crashed
REASONS: Final = {0: "done", EXIT_CHECKPOINT_LEFT: "checkpoint", EXIT_NO_RESOURCES: NO_RESOURCES}
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class ScanWorker:
    """`start`, `run_waiting` and `stop` belong to one event loop."""

    worker_id: str
    db: Database
    event_writer: EventWriter
    bus: Bus
    lifecycle: Lifecycle
    texts: MessageCatalog
    clock: Clock
    settings: SettingsSource
    wakeups: Wakeups  # of other workers, when a scan of ours waits again
    presence: WorkerPresence
    metrics: WorkerMetrics = field(default_factory=WorkerMetrics)
    starter: ProcessStarter | None = None  # of the scans' processes; None: they are executed
    renders: RenderWorker | None = None  # None: it does not serve the queue of pages to be rendered
    load: Callable[[], float] = machine_load
    watch_configuration: Callable[[], Coroutine[Any, Any, None]] | None = (
        None  # until cancelled; None: settings never change
    )

    def __post_init__(self) -> None:
        self._handles: dict[tuple[str, int], WorkerHandle] = {}  # by task and attempt: an old one may still be here
        self._claiming = asyncio.Lock()  # one slot at a time, so that another's claim is not taken for a lost one
        self._claimed: set[tuple[str, int]] = set()  # by a slot that has it in hand
        self._claim_unknown = False  # a claim got no answer: it may have been committed
        self._slots = Slots(self.presence.worker.concurrency)
        self._over_since: dict[tuple[str, int], float] = {}  # monotonic; of those whose attempt does not run any more
        self._recovery = LostAttemptRecovery(
            lifecycle=self.lifecycle, texts=self.texts, max_requeues=self.settings.current.max_requeues
        )
        self._stopping = asyncio.Event()
        self._background = BackgroundTasks(self.metrics.note_background_failure)
        self._waking: asyncio.Task[None] | None = None  # a browser worker, at most one at a time
        self._leave_bus: Callable[[], None] | None = None

    async def start(self) -> None:
        make_private_folder(self.settings.current.data_dir / "scans")
        await self.bus.start()
        self._leave_bus = self.bus.subscribe(self._on_hint)
        self._background.keep(self._watch, name="scan-worker")
        if SCAN_QUEUE in self.presence.worker.queues:
            self._background.keep(partial(look_unasked, self._slots, self.run_waiting, self.clock), name="unasked")
        if self.watch_configuration is not None:
            self._background.keep(self.watch_configuration, name="configuration")
        if self.renders is not None:
            await self.renders.start()
        await self.presence.start()
        log.info("worker_started", worker_id=self.worker_id)

    async def stop(self) -> None:
        """End all scans from their checkpoints, and give them back without counting that. May be called twice."""
        self.stop_taking()
        if self.renders is not None:
            await self.renders.stop()
        for handle in self._handles.values():
            handle.close_input()
        await self._await_finished(STOP_PATIENCE_S)
        for handle in self._handles.values():
            handle.kill()
        await self._await_finished(STOP_PATIENCE_S)
        await self._background.close()
        if self._waking is not None:
            await end_tasks([self._waking])
            self._waking = None
        if self._leave_bus is not None:
            self._leave_bus()
            self._leave_bus = None
        await self.bus.stop()
        await self.presence.stop()
        if self.starter is not None:
            await self.starter.close()
        log.info("worker_stopped", worker_id=self.worker_id)

    def stop_taking(self) -> None:
        """Claim nothing more."""
        self._stopping.set()

    async def run_waiting(self) -> int:
        """Run what waits, one after the other, until nothing does, and return how many were run (`Slots.work`).

        A database that is away is waited for.
        """
        return await self._slots.work(self._run_next)

    async def _run_next(self) -> bool:
        row = await self._next()
        if row is None:
            return False
        try:
            with trace_context.entered(read_header(row.trace or "")):
                await self._run(row)
        finally:
            self._claimed.discard((row.id, row.attempt))
        return True

    async def _next(self) -> TaskRow | None:
        """Claim what is next. After a claim whose answer was lost, go on with what it has claimed: nobody else will,
        until its heartbeat is missed.
        """
        async with self._claiming:
            while not self._stopping.is_set():
                try:
                    await self._until_start_is_due()
                    row = await self._find_claimed() if self._claim_unknown else None
                    row = row or await self._claim()
                except DatabaseUnavailable as error:
                    self._note_wait(error)
                    await self._pause(ROUND_S if self._claim_unknown else 0.0)
                    self._claim_unknown = True
                else:
                    if row is not None:
                        self._claimed.add((row.id, row.attempt))
                    return row
            return None

    async def _until_start_is_due(self) -> None:
        """Wait while as many processes are starting as the load of this machine allows: others may claim meanwhile."""
        slots = self.presence.worker.concurrency
        while not self._stopping.is_set():
            starting = sum(key not in self._handles or not self._handles[key].begun for key in self._claimed)
            if starting < starts_at_once(slots, load=self.load(), processors=os.cpu_count() or 1):
                return
            await self._pause(START_LOOK_S)

    async def _find_claimed(self) -> TaskRow | None:
        """Return a task that is ours, and that no slot has in hand. Raises DatabaseUnavailable."""
        rows = await self.db.read(tasks.active)
        ours = (row for row in rows if row.worker_id == self.worker_id)
        found = next((row for row in ours if (row.id, row.attempt) not in self._claimed), None)
        self._claim_unknown = found is not None  # more than one answer may have been lost
        if found is not None:
            log.info("claim_found", task_id=found.id, attempt=found.attempt)
        return found

    async def _claim(self) -> TaskRow | None:
        began_ns = time.time_ns()
        unit = claim_next(self.lifecycle, self.worker_id, scans_per_user=self.settings.current.scans_per_user)
        claimed = await self.event_writer.write(unit)
        if claimed is None:
            return None
        row = await self.db.read(lambda connection: tasks.find(connection, claimed.task_id))
        if row is not None and tracing.is_on():  # whose trace it belongs to is known only now
            parent = read_header(row.trace or "")
            tracing.add_span("claim", parent=parent, began_ns=began_ns, kind="consumer", task_id=row.id)
        return row

    async def _run(self, row: TaskRow) -> None:
        spec = JobSpec(
            row.id, row.attempt, row.run, self.worker_id, row.target_domain, row.config, claimed=True, trace=row.trace
        )
        handle = WorkerHandle(
            spec=spec, settings=self.settings.current, monotonic=self.clock.monotonic, starter=self.starter
        )
        handle.set_watched(watched=True)  # who follows it is known to servers alone
        self._handles[row.id, row.attempt] = handle
        self.bus.follow(row.user_id)
        try:
            no_resources = await self._run_process(handle)
            await self._until_done(spec, counts=not (no_resources or self._stopping.is_set()))
        finally:
            self.bus.unfollow(row.user_id)
            del self._handles[row.id, row.attempt]
            handle.finished.set()
        if no_resources:
            await self._pause(SHORTAGE_PAUSE_S)

    async def _run_process(self, handle: WorkerHandle) -> bool:
        """Return whether it ended for want of a resource."""
        if self._stopping.is_set():
            handle.close_input()
        reason = NOT_RUN
        with self.metrics.running.track_inprogress(), self.metrics.duration.time():
            self.metrics.started.inc()
            try:
                code = await handle.run(
                    self.bus.publish,
                    self._want_browser,
                    lambda effect, count: self.metrics.local_verdicts.labels(effect.value).inc(count),
                    lambda outcome, count: self.metrics.rechecks.labels(outcome.value).inc(count),
                )
                reason = NO_RESOURCES if handle.was_killed_at_start(code) else REASONS.get(code, DIED)
            except ProcessNotStarted as error:
                log.warning("scan_process_not_started", task_id=handle.spec.task_id, reason=str(error))
                reason = NO_RESOURCES
            except Exception:
                log.exception("scan_process_not_run", task_id=handle.spec.task_id)
            finally:
                self.metrics.ended.labels(reason).inc()
        return reason == NO_RESOURCES

    def _want_browser(self) -> None:
        """Wake a browser worker, unless one is being woken."""
        if self._waking is None or self._waking.done():
            self._waking = asyncio.create_task(self._wake_browser(), name="wake-browser")

    async def _wake_browser(self) -> None:
        try:
            await asyncio.to_thread(self.wakeups.wake_browser)
        except Unavailable as error:
            log.warning("browser_worker_not_woken", reason=error.message)  # it looks by itself

    async def _until_done(self, spec: JobSpec, *, counts: bool) -> None:
        """Recover the attempt, and try again while the database is away; when we end, the monitor does it."""
        while True:
            try:
                return await self._recover(spec, counts=counts)
            except DatabaseUnavailable as error:
                self._note_wait(error)
                if self._stopping.is_set():
                    return None
            await self._pause(ROUND_S)

    def _note_wait(self, error: DatabaseUnavailable) -> None:
        self.metrics.database_waits.inc()
        log.warning("worker_waits", reason=error.message)

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until the worker ends."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _recover(self, spec: JobSpec, *, counts: bool) -> None:
        row = await self.db.read(lambda connection: tasks.find(connection, spec.task_id))
        unit = self._recovery.resolve_lost(row, spec.attempt, counts=counts)
        result = None if unit is None else await self.event_writer.write(unit)
        if result is not None and result.status == TaskStatus.PENDING:
            try:
                await asyncio.to_thread(self.wakeups.send, 1)
            except Unavailable as error:
                log.warning("workers_not_woken", reason=error.message)  # the monitor's process finds it

    async def _watch(self) -> None:
        """Kill processes that do not end although they should."""
        look_at = self.clock.monotonic() + LOOK_S
        while True:
            await self.clock.sleep(ROUND_S)
            try:
                self._kill_overdue()
                if self.clock.monotonic() >= look_at:
                    look_at = self.clock.monotonic() + LOOK_S
                    await self._beat_for_those_starting()
                    await self._kill_those_over()
            except DatabaseUnavailable as error:
                self._note_wait(error)
            except Exception:
                log.exception("worker_round_failed")  # the next one comes

    def _kill_overdue(self) -> None:
        limit_s = self.settings.current.cancel_force_after_s
        kill_overdue(self._handles.values(), now=self.clock.monotonic(), cancel_force_after_s=limit_s)

    async def _beat_for_those_starting(self) -> None:
        """Raise the heartbeat of attempts whose process has not begun: their tasks are claimed, and where a machine has
        too much to do the monitor would take them for lost. Raises DatabaseUnavailable.
        """
        for handle in list(self._handles.values()):
            if not handle.begun:
                spec = handle.spec
                recorder = Recorder(task_id=spec.task_id, attempt=spec.attempt, run=spec.run, clock=self.clock)
                await self.db.write(partial(recorder.heartbeat, running_s=0.0))

    async def _kill_those_over(self) -> None:
        """Kill processes that have not noticed for a while that their attempt was taken over, or has ended: they stand
        still, or their event loop hangs, and would have their slot for ever. Raises DatabaseUnavailable.
        """
        rows = await self.db.read(tasks.active) if self._handles else []
        at_work = {(row.id, row.attempt) for row in rows}
        now = self.clock.monotonic()
        self._over_since = {key: self._over_since.get(key, now) for key in self._handles if key not in at_work}
        for key, since in self._over_since.items():
            if now - since >= OVER_PATIENCE_S:
                log.warning("scan_over_killed", task_id=key[0], attempt=key[1])
                self._handles[key].kill()

    def _on_hint(self, hint: Hint) -> None:
        """A cancel that somebody asked for; without the hint the scan's own heartbeat sees it."""
        if isinstance(hint, TaskHint) and hint.status == TaskStatus.CANCELLING:
            for (task_id, _), handle in self._handles.items():
                if task_id == hint.task_id:
                    handle.cancel()

    async def _await_finished(self, patience_s: float) -> None:
        waiters = [asyncio.ensure_future(handle.finished.wait()) for handle in self._handles.values()]
        if waiters:
            await asyncio.wait(waiters, timeout=patience_s)
        for waiter in waiters:
            waiter.cancel()
