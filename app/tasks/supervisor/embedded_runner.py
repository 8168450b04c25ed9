"""The embedded runner: a process per scan under the server's supervision.

Each round, once a second and at a `wake`:

1. Kill the processes that do not end after a cancel, those that block all writers, and those that hang at their start.
2. Tell each process whether somebody follows its task.
3. Read what waits in the queue, start as many as may run and as the machine's load allows, and warn those that go on
   waiting.

The exit of a process decides: an attempt that left no terminal state is lost, and is recovered. Hints from the
processes go to the bus.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from app.core.aio import OnFailure, count_nothing, keep_running
from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.file_permissions import make_private_folder
from app.core.live_settings import SettingsSource
from app.domain.messages import MessageCatalog
from app.domain.task_row import TaskRow
from app.events.bus.base import Publisher, TaskHint
from app.events.writer import EventWriter
from app.scans.lifecycle import Lifecycle
from app.scanstore.errors import StoreUnavailable
from app.tasks.process_protocol import EXIT_NO_RESOURCES, JobSpec
from app.tasks.process_start import ProcessNotStarted, ProcessStarter
from app.tasks.supervisor.attempt_recovery import AttemptRecovery
from app.tasks.supervisor.overdue import kill_overdue
from app.tasks.supervisor.scheduling import QueueWarnings, UserConcurrencyLimit, read_queue
from app.tasks.supervisor.start_backoff import StartBackoff
from app.tasks.supervisor.start_limits import machine_load, starts_at_once
from app.tasks.supervisor.worker_handle import CountRechecks, CountVerdicts, WorkerHandle

ROUND_S: Final = 1.0
STOP_PATIENCE_S: Final = 5.0  # for the checkpoints; then the processes are killed
KILL_PATIENCE_S: Final = 5.0
SILENT_AFTER_S: Final = 2.5  # a process ticks every second
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class EmbeddedRunner:
    """Fulfils `scans.ports.ScanRunner`, and `monitor.service.WorkerControl`. Event loop only."""

    db: Database
    event_writer: EventWriter
    bus: Publisher
    lifecycle: Lifecycle
    texts: MessageCatalog
    clock: Clock
    settings: SettingsSource
    is_watched: Callable[[str], bool]  # whether somebody follows the task; asked every second for each that runs
    count_verdicts: CountVerdicts = lambda _, __: None
    count_rechecks: CountRechecks = lambda _, __: None
    starter: ProcessStarter | None = None  # of the scans' processes; None: they are executed
    on_failure: OnFailure = count_nothing
    load: Callable[[], float] = machine_load

    def __post_init__(self) -> None:
        self._workers: dict[str, WorkerHandle] = {}  # by task; at most max_concurrent_scans
        self._concurrency = UserConcurrencyLimit(per_user=self.settings.current.scans_per_user)
        self._queue_warnings = QueueWarnings(event_writer=self.event_writer, lifecycle=self.lifecycle, texts=self.texts)
        self._backoff = StartBackoff()
        self._recovery = AttemptRecovery(
            db=self.db,
            event_writer=self.event_writer,
            lifecycle=self.lifecycle,
            texts=self.texts,
            clock=self.clock,
            settings=self.settings.current,
            backoff=self._backoff,
        )
        self._blocked_since: float | None = None  # monotonic; since when no write came through
        self._woken = asyncio.Event()
        self._recovered = asyncio.Event()  # set once what ran when the last server ended is recovered
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    # The port

    def wake(self) -> None:
        self._woken.set()

    def cancel(self, task_id: str) -> None:
        if worker := self._workers.get(task_id):
            worker.cancel()

    async def start(self) -> None:
        make_private_folder(self.settings.current.data_dir / "scans")
        if self._running is None:
            supervising = keep_running(self._supervise, name="embedded-runner", on_failure=self.on_failure)
            self._running = asyncio.create_task(supervising, name="embedded-runner")

    async def stop(self) -> None:
        self._stopping.set()
        self._recovered.set()
        self._woken.set()
        for worker in self._workers.values():
            worker.close_input()
        await self._await_finished(STOP_PATIENCE_S)
        for worker in self._workers.values():
            worker.kill()
        await self._await_finished(KILL_PATIENCE_S)
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
            self._running = None
        if self.starter is not None:
            await self.starter.close()

    async def kill(self, task_id: str) -> bool:
        """End the task's process and wait until its attempt is recovered. False: there is no such process.

        What the last server left running must be recovered first: no other may decide about it before.
        """
        await self._recovered.wait()
        worker = self._workers.get(task_id)
        if worker is None:
            return False
        worker.kill()
        with suppress(TimeoutError):
            await asyncio.wait_for(worker.finished.wait(), KILL_PATIENCE_S)
        return True

    def is_responsive(self, task_id: str) -> bool:
        """Whether the task's process ticks on its pipe: that needs no database."""
        worker = self._workers.get(task_id)
        return worker is not None and not self._is_silent(worker)

    # Rounds

    async def _supervise(self) -> None:
        async with asyncio.TaskGroup() as group:
            await self._until_done(self._recovery.after_restart)
            self._recovered.set()
            while not self._stopping.is_set():
                self._woken.clear()
                try:
                    await self._run_round(group)
                except DatabaseUnavailable as error:
                    log.warning("runner_waits", reason=error.message)
                except Exception:
                    log.exception("runner_round_failed")  # the next one comes
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), ROUND_S)

    async def _run_round(self, group: asyncio.TaskGroup) -> None:
        self._kill_overdue()
        await self._kill_writer_blockers()
        for task_id, worker in self._workers.items():
            worker.set_watched(watched=self.is_watched(task_id))
        await self._start_waiting(group)

    async def _start_waiting(self, group: asyncio.TaskGroup) -> None:
        settings = self.settings.current
        self._concurrency.per_user = settings.scans_per_user
        at_limit = self._concurrency.users_at_limit()
        waiting, eligible = await self.db.read(lambda c: read_queue(c, at_limit))
        self._backoff.keep({row.id for row in (*waiting, *eligible)} | self._workers.keys())
        ready = [row for row in eligible if self._may_start(row)]
        free = min(settings.max_concurrent_scans - len(self._workers), self._starts_left())
        for row in self._concurrency.take(ready, free=free):
            self._workers[row.id] = worker = self._make_worker(row)
            group.create_task(self._run_worker(worker), name=f"scan-{row.id}")
        await self._queue_warnings.warn([row for row in waiting if row.id not in self._workers])

    def _starts_left(self) -> int:
        """Return how many more processes may begin to start on a machine that has so much to do."""
        most = self.settings.current.max_concurrent_scans
        starting = sum(not worker.begun for worker in self._workers.values())
        return starts_at_once(most, load=self.load(), processors=os.cpu_count() or 1) - starting

    def _may_start(self, row: TaskRow) -> bool:
        return row.id not in self._workers and self._backoff.may_start(row.id, self.clock.monotonic())

    def _make_worker(self, row: TaskRow) -> WorkerHandle:
        worker_id = f"embedded-{row.id[-8:]}-{row.attempt}"
        spec = JobSpec(row.id, row.attempt, row.run, worker_id, row.target_domain, row.config, trace=row.trace)
        return WorkerHandle(
            spec=spec, settings=self.settings.current, monotonic=self.clock.monotonic, starter=self.starter
        )

    async def _run_worker(self, worker: WorkerHandle) -> None:
        """Run a process from its start to the recovery of its attempt. What fails here ends no other scan."""
        task_id = worker.spec.task_id
        no_resources = await self._run_process(worker)
        if no_resources:
            self._backoff.record_shortage(task_id, self.clock.monotonic())
        try:
            await self._until_done(lambda: self._recovery.after_exit(worker.spec, no_resources=no_resources))
        except Exception:
            log.exception("attempt_not_recovered", task_id=task_id)
        finally:
            self._workers.pop(task_id, None)
            self._concurrency.leave(task_id)
            self._backoff.record_exit(task_id)
            worker.finished.set()
            self._woken.set()

    async def _run_process(self, worker: WorkerHandle) -> bool:
        """Return whether it ended for want of a resource, ours to start it or its own to begin."""
        try:
            code = await worker.run(self._publish, on_verdicts=self.count_verdicts, on_rechecks=self.count_rechecks)
            return code == EXIT_NO_RESOURCES or worker.was_killed_at_start(code)
        except ProcessNotStarted as error:
            log.warning("scan_process_not_started", task_id=worker.spec.task_id, reason=str(error))
            return True
        except Exception:
            log.exception("scan_process_not_run", task_id=worker.spec.task_id)
            return False

    def _publish(self, hint: TaskHint) -> None:
        """Pass a process's hint on; the first one tells that it has claimed its task."""
        self._backoff.record_claim(hint.task_id)
        self.bus.publish(hint)

    # Processes that do not do as they should

    def _kill_overdue(self) -> None:
        limit_s = self.settings.current.cancel_force_after_s
        kill_overdue(self._workers.values(), now=self.clock.monotonic(), cancel_force_after_s=limit_s)

    async def _kill_writer_blockers(self) -> None:
        """Kill processes that are silent while no write comes through, and never those that tick.

        One that is frozen inside a write transaction blocks every writer. An empty write shows whether writes are
        blocked; it is made only while a process is silent.
        """
        now = self.clock.monotonic()
        silent = [worker for worker in self._workers.values() if self._is_silent(worker)]
        if not silent:
            self._blocked_since = None
            return
        self._blocked_since = since = self._blocked_since or now
        with suppress(TimeoutError, DatabaseUnavailable):
            await asyncio.wait_for(self.db.write(lambda _: None), ROUND_S)
            self._blocked_since = None
            return
        if self.clock.monotonic() - since >= self.settings.current.blocked_writes_kill_s:
            for worker in silent:
                log.error("scan_blocks_writes", task_id=worker.spec.task_id)
                worker.kill()

    def _is_silent(self, worker: WorkerHandle) -> bool:
        """Whether it has begun, and says nothing any more: one that starts has touched nothing yet."""
        return worker.begun and self.clock.monotonic() - worker.heard_at > SILENT_AFTER_S

    async def _until_done(self, step: Callable[[], Awaitable[None]]) -> None:
        """Repeat the step while the database or a scan's lock cannot be reached. A server that stops leaves it to the
        next start.
        """
        while not self._stopping.is_set():
            try:
                await step()
            except* (DatabaseUnavailable, StoreUnavailable) as error:
                log.warning("runner_waits", reason=str(error.exceptions[0]))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), ROUND_S)
            else:
                return

    async def _await_finished(self, patience_s: float) -> None:
        waiters = [asyncio.ensure_future(worker.finished.wait()) for worker in self._workers.values()]
        if waiters:
            await asyncio.wait(waiters, timeout=patience_s)
        for waiter in waiters:
            waiter.cancel()
