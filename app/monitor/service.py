"""The loop that watches tasks. Decisions are `policy`'s; here they become events, kills and requeues."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

import structlog

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.domain.tasks import ACTIVE, TaskStatus
from app.events.journal import Journal
from app.events.types import TaskWarning
from app.monitor.policy import Action, Limits, Sight, Watch, judge
from app.monitor.settlement import Settlement
from app.repositories import queue, tasks
from app.services.lifecycle import Lifecycle
from app.services.texts import Texts

MAX_WAITING: Final = 1_000  # pending tasks looked at in one round
HOUR_S: Final = 3_600
log = structlog.get_logger(__name__)


class Killer(Protocol):
    """Ends the process of a task (`tasks.embedded`)."""

    async def kill(self, task_id: str) -> bool:
        """SIGKILL; returns when it is gone. False: no process of that task is known here."""
        ...

    def hears(self, task_id: str) -> bool:
        """Whether a process of that task says that it is at work, by a way that needs no database."""
        ...


class Gauge(Protocol):
    def set(self, value: float) -> None: ...


class Counter(Protocol):
    def inc(self, amount: float = 1) -> None: ...


class Purger(Protocol):
    """Removes what is old enough (`monitor.purge`)."""

    async def purge(self) -> None: ...


class TaskMonitor:
    """Fulfils `services.ports.Monitor`. One acts per database: the embedded server holds its data folder's lock."""

    def __init__(
        self,
        *,
        db: Database,
        journal: Journal,
        lifecycle: Lifecycle,
        texts: Texts,
        clock: Clock,
        settings: Settings,
        killer: Killer,
        purger: Purger,
        concurrent_tasks: Gauge,
        monitoring_errors: Counter,
    ) -> None:
        self._db = db
        self._journal = journal
        self._lifecycle = lifecycle
        self._texts = texts
        self._clock = clock
        self._settings = settings
        self._killer = killer
        self._purger = purger
        self._concurrent_tasks = concurrent_tasks
        self._monitoring_errors = monitoring_errors
        self._limits = Limits.of(settings)
        self._settlement = Settlement(lifecycle=lifecycle, texts=texts, max_requeues=settings.max_requeues)
        self._watches: dict[str, Watch] = {}
        self._looked_at: float | None = None  # monotonic; the last round that saw anything
        self._was_blind = False  # the last round could not write
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
                Action.FORCE_CANCEL: self._lost,
            }
        )

    async def start(self) -> None:
        if not self._running:
            self._running = {
                asyncio.create_task(self.run(), name="task-monitor"),
                asyncio.create_task(self.keep_house(), name="housekeeping"),
            }

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        self._running = set()

    async def run(self) -> None:
        """Every 10 s (setting), until cancelled. A round that fails is logged and counted; the next one comes."""
        while True:
            try:
                await self.check_running_tasks()
            except DatabaseUnavailable as error:
                self._monitoring_errors.inc()
                log.warning("monitor_waits", reason=error.message)
            except Exception:
                self._monitoring_errors.inc()
                log.exception("monitor_round_failed")
            await self._clock.sleep(self._settings.monitor_interval_s)

    async def keep_house(self) -> None:
        """Remove what is old enough, until cancelled: beside `run`, so that nobody is watched less meanwhile."""
        while True:
            try:
                await self._purger.purge()
            except DatabaseUnavailable as error:
                log.warning("housekeeping_waits", reason=error.message)
            except Exception:
                self._monitoring_errors.inc()
                log.exception("housekeeping_failed")
            await self._clock.sleep(self._settings.monitor_interval_s)

    async def check_running_tasks(self) -> None:
        """One round. Raises DatabaseUnavailable: the round then does not count as a look at anything."""
        # While nobody can write, a heart cannot beat either: without this a locked database would look like lost
        # workers.
        try:
            await self._db.write(tasks.touch_active)
        except DatabaseUnavailable:
            self._was_blind = True
            raise
        rows = await self._db.read(lambda c: [*tasks.active(c), *queue.pending(c, MAX_WAITING)])
        self._concurrent_tasks.set(sum(row.status in ACTIVE for row in rows))
        now = self._clock.monotonic()
        self._start_over_after_pause(now)
        self._watches = {row.id: self._watches[row.id] for row in rows if row.id in self._watches}
        for row in rows:
            watch, actions = judge(self._watches.get(row.id), sight_of(row), now, self._limits, self._hears(row))
            for action in actions:
                log.info("monitor_acts", action=action.value, task_id=row.id, attempt=row.attempt)
                await self._handlers[action](row)
            self._watches[row.id] = watch  # not before: what failed is tried again in the next round

    async def handle_timeout(self, task: Any) -> None:
        """The running time is over: the attempt fails, and then its process really ends. `task` is the task's row."""
        hours = self._settings.long_running_failure_s / HOUR_S
        await self._journal.write(self._settlement.failed(task, "timeout", hours=hours))
        await self._killer.kill(task.id)

    async def _lost(self, row: Any) -> None:
        """The process is ended first: nobody else may begin while it could still wake up."""
        await self._killer.kill(row.id)
        current = await self._db.read(lambda c: tasks.find(c, row.id))
        unit = self._settlement.of_lost(current, row.attempt)
        if unit is not None:
            await self._journal.write(unit)

    async def _warn_long_running(self, row: Any) -> None:
        """Once in a run, whoever watched before."""
        hours = round(row.running_s / HOUR_S, 2)
        message = self._texts("long_running", hours=hours)
        warning = TaskWarning(code="long_running", message=message, duration_hours=hours)
        await self._journal.write(self._lifecycle.warn(row.id, row.attempt, warning, once_since=row.run))

    async def _warn_stalled(self, row: Any) -> None:
        message = self._texts("stalled", minutes=self._settings.stalled_after_s / 60)
        await self._journal.write(
            self._lifecycle.warn(row.id, row.attempt, TaskWarning(code="stalled", message=message))
        )

    async def _suspect(self, row: Any) -> None:
        warning = TaskWarning(code="worker_suspect", message=self._texts("worker_suspect"))
        changes = {"worker_state": "suspect"}
        await self._journal.write(self._lifecycle.warn(row.id, row.attempt, warning, changes=changes))

    async def _recovered(self, row: Any) -> None:
        await self._db.write(lambda c: tasks.mark_worker(c, row.id, row.attempt, "alive"))

    async def _warn_waiting(self, row: Any) -> None:
        """Embedded it waits for a place in the queue, else for a worker to come."""
        if self._settings.embedded:
            position = await self._db.read(lambda c: queue.position(c, row)) or 1
            warning = TaskWarning(code="queued", message=self._texts("queued", position=position))
        else:
            warning = TaskWarning(code="no_worker", message=self._texts("no_worker"))
        only_if = (TaskStatus.PENDING,)
        unit = self._lifecycle.warn(row.id, row.attempt, warning, only_if=only_if, once_since=row.attempt)
        await self._journal.write(unit)

    def _hears(self, row: Any) -> bool:
        """A heart that stands while its process is at work is the database's trouble, not the worker's."""
        return row.status in ACTIVE and self._killer.hears(row.id)

    def _start_over_after_pause(self, now: float) -> None:
        looked_at, self._looked_at = self._looked_at, now
        was_blind, self._was_blind = self._was_blind, False
        allowed_s = max(self._limits.pause_s, 2 * self._settings.monitor_interval_s)
        if looked_at is not None and (was_blind or now - looked_at > allowed_s):
            log.warning("monitor_paused", seconds=round(now - looked_at, 1), blind=was_blind)
            self._watches = {task_id: watch.start_over(now) for task_id, watch in self._watches.items()}


def sight_of(row: Any) -> Sight:
    """What the policy looks at."""
    moved = (row.progress, row.stage_key, row.stages, row.statistics, row.violation_counts)
    return Sight(TaskStatus(row.status), row.attempt, row.heartbeat, row.running_s, moved)
