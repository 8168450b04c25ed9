"""The embedded runner: a process per scan under the server's supervision.

The exit of a process decides: whoever ends without a terminal state was lost, and its attempt is settled. Hints from
the processes go to the bus; the database is asked what waits, at a `wake` and every second anyway.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.private import make_private_folder
from app.domain.tasks import TaskStatus
from app.events.bus.base import Bus, TaskHint
from app.events.journal import Journal, Unit
from app.events.state import WORKER_LOST
from app.events.types import TaskWarning
from app.monitor.settlement import Settlement
from app.repositories import tasks
from app.scanstore.errors import StoreUnavailable
from app.services.lifecycle import Lifecycle
from app.services.texts import Texts
from app.tasks import family
from app.tasks.child import STARVED, Child, ProcessNotStarted
from app.tasks.choice import Choice, QueueNotices, read_queue
from app.tasks.scan_job import JobSpec
from app.tasks.starts import Starts
from app.tasks.store_files import await_store, store_path

LOOK_EVERY_S: Final = 1.0
STOP_PATIENCE_S: Final = 5.0  # for the checkpoints; then the processes are killed
KILL_PATIENCE_S: Final = 5.0
SILENT_AFTER_S: Final = 2.5  # a process ticks every second
log = structlog.get_logger(__name__)


class EmbeddedRunner:
    """Fulfils `services.ports.ScanRunner`, and `monitor.service.Killer`. Event loop only."""

    def __init__(
        self,
        *,
        db: Database,
        journal: Journal,
        bus: Bus,
        lifecycle: Lifecycle,
        texts: Texts,
        clock: Clock,
        settings: Settings,
        is_watched: Callable[[str], bool],
    ) -> None:
        """`is_watched(task_id)`: whether somebody follows the task now; asked every second for each that runs."""
        self._db = db
        self._journal = journal
        self._bus = bus
        self._lifecycle = lifecycle
        self._texts = texts
        self._clock = clock
        self._settings = settings
        self._is_watched = is_watched
        self._settlement = Settlement(lifecycle=lifecycle, texts=texts, max_requeues=settings.max_requeues)
        self._children: dict[str, Child] = {}  # by task; at most max_concurrent_scans
        self._choice = Choice(per_user=settings.scans_per_user)
        self._notices = QueueNotices(journal=journal, lifecycle=lifecycle, texts=texts)
        self._starts = Starts()
        self._blocked_since: float | None = None  # monotonic; since when no write came through
        self._woken = asyncio.Event()
        self._recovered = asyncio.Event()  # set once what ran when the last server ended is settled
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    # The port

    def wake(self) -> None:
        self._woken.set()

    def cancel(self, task_id: str) -> None:
        if child := self._children.get(task_id):
            child.cancel()

    async def start(self) -> None:
        make_private_folder(self._settings.data_dir / "scans")
        if self._running is None:
            self._running = asyncio.create_task(self._supervise(), name="embedded-runner")

    async def stop(self) -> None:
        self._stopping.set()
        self._recovered.set()
        self._woken.set()
        for child in self._children.values():
            child.let_go()
        await self._await_settled(STOP_PATIENCE_S)
        for child in self._children.values():
            child.kill()
        await self._await_settled(KILL_PATIENCE_S)
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
            self._running = None

    async def kill(self, task_id: str) -> bool:
        """Ends the task's process and waits until its attempt is settled. False: there is no such process.

        What the last server left running is not judged by others before the start has looked after it.
        """
        await self._recovered.wait()
        child = self._children.get(task_id)
        if child is None:
            return False
        child.kill()
        with suppress(TimeoutError):
            await asyncio.wait_for(child.settled.wait(), KILL_PATIENCE_S)
        return True

    def hears(self, task_id: str) -> bool:
        """Whether the task's process says, over its pipe, that it is at work: that needs no database."""
        child = self._children.get(task_id)
        return child is not None and not self._is_silent(child)

    # Supervision

    async def _supervise(self) -> None:
        async with asyncio.TaskGroup() as group:
            await self._until_done(self._recover)
            self._recovered.set()
            while not self._stopping.is_set():
                self._woken.clear()
                try:
                    await self._look(group)
                except DatabaseUnavailable as error:
                    log.warning("runner_waits", reason=error.message)
                except Exception:
                    log.exception("runner_round_failed")  # the next one comes
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), LOOK_EVERY_S)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        self._force_cancels()
        self._tell_watched()
        await self._judge_silent()
        full = self._choice.full()
        waiting, eligible = await self._db.read(lambda c: read_queue(c, full))
        self._starts.keep({row.id for row in (*waiting, *eligible)} | self._children.keys())
        ready = [row for row in eligible if self._may_start(row)]
        free = self._settings.max_concurrent_scans - len(self._children)
        starting = self._choice.take(ready, free=free)
        for row in starting:
            self._children[row.id] = child = self._make_child(row)
            group.create_task(self._care_for(child), name=f"scan-{row.id}")
        started = {row.id for row in starting} | self._children.keys()
        await self._notices.tell([row for row in waiting if row.id not in started])

    def _may_start(self, row: Any) -> bool:
        return row.id not in self._children and self._starts.may_start(row.id, self._clock.monotonic())

    def _make_child(self, row: Any) -> Child:
        worker_id = f"embedded-{row.id[-8:]}-{row.attempt}"
        spec = JobSpec(row.id, row.attempt, row.run, worker_id, row.target_domain, row.config)
        return Child(spec=spec, settings=self._settings, monotonic=self._clock.monotonic)

    async def _care_for(self, child: Child) -> None:
        """From start to settlement. A boundary: one scan's trouble is not the other's."""
        starved = await self._run(child)
        if starved:
            self._starts.short(child.spec.task_id, self._clock.monotonic())
        try:
            await self._until_done(lambda: self._settle(child, starved=starved))
        except Exception:
            log.exception("scan_not_settled", task_id=child.spec.task_id)
        finally:
            self._children.pop(child.spec.task_id, None)
            self._choice.leave(child.spec.task_id)
            self._starts.ended(child.spec.task_id)
            child.settled.set()
            self._woken.set()

    async def _run(self, child: Child) -> bool:
        """Whether it ended for want of a resource, ours to start it or its own to begin."""
        try:
            return await child.run(self._hear) == STARVED
        except ProcessNotStarted as error:
            log.warning("scan_process_not_started", task_id=child.spec.task_id, reason=str(error))
            return True
        except Exception:
            log.exception("scan_process_not_run", task_id=child.spec.task_id)
            return False

    def _hear(self, hint: TaskHint) -> None:
        """The first hint of a process tells of its claim; further ones change nothing."""
        self._starts.claimed(hint.task_id)
        self._bus.publish(hint)

    async def _settle(self, child: Child, *, starved: bool) -> None:
        """After the process is gone. A server that stops leaves this to the next start."""
        if self._stopping.is_set():
            return
        task_id, attempt = child.spec.task_id, child.spec.attempt
        row = await self._db.read(lambda c: tasks.find(c, task_id))
        unit: Unit | None = None
        if row is None or row.attempt != attempt or row.status != TaskStatus.PENDING:
            unit = self._settlement.of_lost(row, attempt, counts=not starved)
        elif starved:
            await self._say_starved(row)
        else:
            unit = self._start_failed(row)
        if unit is not None:
            await self._journal.write(unit)

    def _start_failed(self, row: Any) -> Unit | None:
        """The process ended before it claimed the task: tried again a little later, but not for ever."""
        failures = self._starts.lost(row.id, self._clock.monotonic())
        log.warning("scan_process_did_not_claim", task_id=row.id, failures=failures)
        return None if failures <= self._settings.max_requeues else self._settlement.failed(row, WORKER_LOST)

    async def _say_starved(self, row: Any) -> None:
        """One `no_resources` warning per attempt; where even that finds no room, with the next start that fails."""
        warning = TaskWarning(code="no_resources", message=self._texts("no_resources"))
        unit = self._lifecycle.warn(row.id, row.attempt, warning, only_if=(TaskStatus.PENDING,), once_since=row.attempt)
        try:
            await self._journal.write(unit)
        except DatabaseUnavailable as error:
            log.warning("warning_not_written", task_id=row.id, reason=error.message)

    def _tell_watched(self) -> None:
        for task_id, child in self._children.items():
            child.set_watched(watched=self._is_watched(task_id))

    # Processes that do not do as they should

    def _force_cancels(self) -> None:
        limit = self._clock.monotonic() - self._settings.cancel_force_after_s
        for child in self._children.values():
            if child.cancelled_at is not None and child.cancelled_at <= limit:
                log.warning("scan_cancel_forced", task_id=child.spec.task_id)
                child.kill()

    async def _judge_silent(self) -> None:
        """A process that is frozen inside a write transaction blocks every writer. Whether writes are blocked is only
        asked while one is silent, by an empty write; then the silent ones go, and never those that tick.
        """
        now = self._clock.monotonic()
        silent = [child for child in self._children.values() if self._is_silent(child)]
        if not silent:
            self._blocked_since = None
            return
        self._blocked_since = since = self._blocked_since or now
        with suppress(TimeoutError, DatabaseUnavailable):
            await asyncio.wait_for(self._db.write(lambda _: None), LOOK_EVERY_S)
            self._blocked_since = None
            return
        if self._clock.monotonic() - since >= self._settings.blocked_writes_kill_s:
            for child in silent:
                log.error("scan_blocks_writes", task_id=child.spec.task_id)
                child.kill()

    def _is_silent(self, child: Child) -> bool:
        return self._clock.monotonic() - child.heard_at > SILENT_AFTER_S

    # Start

    async def _recover(self) -> None:
        """What was running when the last server ended is requeued, from its checkpoint and without counting."""
        rows = await self._db.read(tasks.active)
        async with asyncio.TaskGroup() as group:
            for row in rows:
                group.create_task(self._recover_one(row))

    async def _recover_one(self, row: Any) -> None:
        await await_store(store_path(self._settings.data_dir, row.id, row.run), self._clock)
        family.kill(family.mark_of(row.id, row.attempt))
        unit = self._settlement.of_lost(row, row.attempt, counts=False)
        if unit is not None:
            log.info("scan_recovered", task_id=row.id, attempt=row.attempt)
            await self._journal.write(unit)

    async def _until_done(self, step: Any) -> None:
        """Repeats the step while the database or a scan's lock cannot be reached; gives up when the runner stops."""
        while not self._stopping.is_set():
            try:
                await step()
            except* (DatabaseUnavailable, StoreUnavailable) as error:
                log.warning("runner_waits", reason=str(error.exceptions[0]))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY_S)
            else:
                return

    async def _await_settled(self, patience_s: float) -> None:
        waiters = [asyncio.ensure_future(child.settled.wait()) for child in self._children.values()]
        if waiters:
            await asyncio.wait(waiters, timeout=patience_s)
        for waiter in waiters:
            waiter.cancel()
