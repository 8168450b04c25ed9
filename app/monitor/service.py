"""The loop that watches tasks. `policy` decides; here its decisions become events, kills and requeues."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

import structlog

from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.deployment import SCAN_QUEUE
from app.core.lease import Lease, LeaseLost, SoleProcess
from app.core.live_settings import SettingsSource
from app.domain.messages import MessageCatalog
from app.domain.task_row import TaskRow
from app.domain.tasks import ACTIVE, TaskStatus
from app.domain.translation import said
from app.events.types import TaskWarning
from app.events.writer import EventWriter
from app.monitor.policy import Action, Limits, Observation, Rounds, WatchState, assess
from app.scans.lifecycle import Lifecycle
from app.scans.queries import queue, tasks, workers
from app.scans.recovery import LostAttemptRecovery

MAX_WAITING: Final = 1_000  # pending tasks looked at in one round
FORGET_WORKER_S: Final = 600.0  # an administrator sees for so long that a worker was lost
HOUR_S: Final = 3_600
log = structlog.get_logger(__name__)


class WorkerControl(Protocol):
    """Ends the process of a task (`tasks.supervisor.embedded_runner`)."""

    async def kill(self, task_id: str) -> bool:
        """SIGKILL; returns when it is gone. False: no process of that task is known here."""
        ...

    def is_responsive(self, task_id: str) -> bool:
        """Whether a process of that task shows that it is at work, by a way that needs no database."""
        ...


class Gauge(Protocol):
    def set(self, value: float) -> None: ...


class Counter(Protocol):
    def inc(self, amount: float = 1) -> None: ...


class Retention(Protocol):
    """Removes what is old enough (`maintenance.retention`)."""

    async def purge(self) -> None: ...


@dataclass(kw_only=True, eq=False, repr=False)
class TaskMonitor:
    """Only one is active per database: the one that holds the lease. Its writes begin with its guard (`compose`)."""

    db: Database
    event_writer: EventWriter
    lifecycle: Lifecycle
    texts: MessageCatalog
    clock: Clock
    settings: SettingsSource
    worker_control: WorkerControl
    retention: Retention
    concurrent_tasks: Gauge
    monitoring_errors: Counter
    lease: Lease = field(default_factory=SoleProcess)

    def __post_init__(self) -> None:
        self._recovery = LostAttemptRecovery(
            lifecycle=self.lifecycle, texts=self.texts, max_requeues=self.settings.current.max_requeues
        )
        self._watches: dict[str, WatchState] = {}
        self._rounds = Rounds()  # that saw anything
        self._was_blind = False  # the last round could not write
        self._served_at = self.clock.monotonic()  # when a worker was last heard of; at first: it may have been just now
        self._running: set[asyncio.Task[None]] = set()
        self._handlers: Mapping[Action, Callable[[Any], Awaitable[object]]] = MappingProxyType(
            {
                Action.WARN_LONG_RUNNING: self._warn_long_running,
                Action.FAIL_TIMEOUT: self.handle_timeout,
                Action.WARN_STALLED: self._warn_stalled,
                Action.SUSPECT: self._suspect,
                Action.RECOVERED: self._recovered,
                Action.LOST: self._lost,
                Action.WARN_WAITING: self._warn_waiting,
                Action.WARN_NO_WORKER: self._warn_no_worker,
                Action.FORCE_CANCEL: self._lost,
            }
        )

    @property
    def _limits(self) -> Limits:
        """Of this moment: an administrator may change them."""
        return Limits.of(self.settings.current)

    async def start(self) -> None:
        if not self._running:
            self._running = {
                asyncio.create_task(self.run(), name="task-monitor"),
                asyncio.create_task(self.run_retention(), name="retention"),
            }

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        self._running = set()

    async def run(self) -> None:
        """Check every 10 s (setting), until cancelled. A round that fails is logged and counted; the next one comes."""
        while True:
            try:
                await self._check_if_held()
            except DatabaseUnavailable as error:
                self.monitoring_errors.inc()
                log.warning("monitor_waits", reason=error.message)
            except LeaseLost:
                log.warning("monitor_replaced")
            except Exception:
                self.monitoring_errors.inc()
                log.exception("monitor_round_failed")
            await self.clock.sleep(self.settings.current.monitor_interval_s)

    async def run_retention(self) -> None:
        """Remove what is old enough, until cancelled: beside `run`, so that watching never waits for it."""
        while True:
            try:
                if await self.lease.is_held():
                    await self.retention.purge()
            except DatabaseUnavailable as error:
                log.warning("retention_waits", reason=error.message)
            except LeaseLost:
                log.warning("retention_replaced")
            except Exception:
                self.monitoring_errors.inc()
                log.exception("retention_failed")
            await self.clock.sleep(self.settings.current.monitor_interval_s)

    async def _check_if_held(self) -> None:
        try:
            is_held = await self.lease.is_held()
        except DatabaseUnavailable:
            self._was_blind = True  # no heartbeat could be written either
            raise
        if is_held:
            await self.check_running_tasks()
        else:
            self._watches = {}  # who takes the lease has seen nothing yet
            self._served_at = self.clock.monotonic()
            self.concurrent_tasks.set(0)  # said by the holder alone, so that the sum over all processes is right

    async def check_running_tasks(self) -> None:
        """Make one round. Raises DatabaseUnavailable: the round then counts as no observation of anything."""
        # While nobody can write, no heartbeat rises: without this a locked database would look like lost workers.
        try:
            await self.db.write(tasks.touch_active)
        except DatabaseUnavailable as error:
            self._was_blind = True
            if error.failure is Failure.BUSY and (ended := await self.db.end_stuck()):
                log.warning("frozen_connections_ended", connections=ended)  # which held up what all are watched by
            raise
        unserved_s = await self._look_at_workers()
        rows = await self.db.read(lambda c: [*tasks.active(c), *queue.pending(c, MAX_WAITING)])
        self.concurrent_tasks.set(sum(row.status in ACTIVE for row in rows))
        now = self.clock.monotonic()
        self._leave_out_unwatched(now)
        self._watches = {row.id: self._watches[row.id] for row in rows if row.id in self._watches}
        for row in rows:
            watch, actions = assess(
                self._watches.get(row.id), observe(row, unserved_s), now, self._limits, self._is_responsive(row)
            )
            for action in actions:
                log.info("monitor_action", action=action.value, task_id=row.id, attempt=row.attempt)
                await self._handlers[action](row)
            self._watches[row.id] = watch  # not before: what failed is tried again in the next round

    async def handle_timeout(self, task: TaskRow) -> None:
        """Fail the attempt, whose running time is over, and then end its process. `task` is the task's row."""
        hours = self.settings.current.long_running_failure_s / HOUR_S
        await self.event_writer.write(self._recovery.failed(task, "timeout", hours=hours))
        await self.worker_control.kill(task.id)

    async def _lost(self, row: TaskRow) -> None:
        """End the process first: no other attempt may begin while this one could still wake up."""
        await self.worker_control.kill(row.id)
        current = await self.db.read(lambda c: tasks.find(c, row.id))
        unit = self._recovery.resolve_lost(current, row.attempt)
        if unit is not None:
            await self.event_writer.write(unit)

    async def _warn_long_running(self, row: TaskRow) -> None:
        """Warn once in a run, over restarts of the server too."""
        hours = round(row.running_s / HOUR_S, 2)
        told = said(self.texts("long_running", hours=hours))
        warning = TaskWarning(code="long_running", duration_hours=hours, **told)
        await self.event_writer.write(self.lifecycle.warn(row.id, row.attempt, warning, once_since=row.run))

    async def _warn_stalled(self, row: TaskRow) -> None:
        told = said(self.texts("stalled", minutes=max(1, round(self.settings.current.stalled_after_s / 60))))
        await self.event_writer.write(self.lifecycle.warn(row.id, row.attempt, TaskWarning(code="stalled", **told)))

    async def _suspect(self, row: TaskRow) -> None:
        warning = TaskWarning(code="worker_suspect", **said(self.texts("worker_suspect")))
        changes = {"worker_state": "suspect"}
        await self.event_writer.write(self.lifecycle.warn(row.id, row.attempt, warning, changes=changes))

    async def _recovered(self, row: TaskRow) -> None:
        await self.db.write(lambda c: tasks.mark_worker(c, row.id, row.attempt, "alive"))

    async def _warn_waiting(self, row: TaskRow) -> None:
        """Say that the task waits for its turn."""
        position = await self.db.read(lambda c: queue.position(c, row)) or 1
        warning = TaskWarning(code="queued", **said(self.texts("queued", position=position)))
        await self._warn_pending(row, warning, once_since=row.attempt)

    async def _warn_no_worker(self, row: TaskRow) -> None:
        """Warn once in a run that no worker is available for the task."""
        warning = TaskWarning(code="no_worker", **said(self.texts("no_worker")))
        await self._warn_pending(row, warning, once_since=row.run)

    async def _warn_pending(self, row: TaskRow, warning: TaskWarning, *, once_since: int) -> None:
        only_if = (TaskStatus.PENDING,)
        unit = self.lifecycle.warn(row.id, row.attempt, warning, only_if=only_if, once_since=once_since)
        await self.event_writer.write(unit)

    async def _look_at_workers(self) -> float:
        """Forget workers that were lost a while ago; return for how long there has been none that takes scans."""
        if self.settings.current.embedded:
            return 0.0
        for worker_id in await self.db.write(lambda c: workers.forget_silent(c, FORGET_WORKER_S)):
            log.warning("worker_forgotten", worker_id=worker_id)
        silent_s = await self.db.read(lambda c: workers.silence(c, SCAN_QUEUE))
        now = self.clock.monotonic()
        if silent_s is not None:
            self._served_at = now - silent_s
        return now - self._served_at

    def _is_responsive(self, row: TaskRow) -> bool:
        """Return whether the process is at work; a heartbeat that stands is then the database's trouble."""
        return row.status in ACTIVE and self.worker_control.is_responsive(row.id)

    def _leave_out_unwatched(self, now: float) -> None:
        """Count nothing against a worker while the monitor itself did not look, or nobody could write."""
        was_blind, self._was_blind = self._was_blind, False
        interval_s = self.settings.current.monitor_interval_s
        unwatched_s = self._rounds.unwatched_s(
            now, interval_s=interval_s, pause_s=self._limits.pause_s, was_blind=was_blind
        )
        if unwatched_s > 0:
            log.warning("monitor_paused", seconds=round(unwatched_s, 1), blind=was_blind)
            self._watches = {task_id: watch.leave_out(unwatched_s) for task_id, watch in self._watches.items()}


def observe(row: TaskRow, unserved_s: float) -> Observation:
    """Return what the policy assesses. `unserved_s`: for how long nobody has been there who could take the task."""
    moved = (row.progress, row.stage_key, row.stages, row.statistics, row.violation_counts, row.finding_counts)
    return Observation(TaskStatus(row.status), row.attempt, row.heartbeat, row.running_s, moved, unserved_s)
