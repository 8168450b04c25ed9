"""The life of a task: every change of status, each a compare-and-set on (status, attempt) with its event.

All methods return units of work that `EventWriter.write` runs, so that a caller decides between a coroutine and a
thread, and may run the same unit again after an unknown outcome. A unit that returns None found its guard broken:
somebody else was first, and nothing was written.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, literal, select
from sqlalchemy.sql.elements import ColumnElement

from app.core.clock import Clock
from app.core.ids import new_id
from app.core.trace_context import current
from app.domain.coverage import Coverage
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.projection import WORKER_LOST
from app.domain.tasks import ACTIVE, TERMINAL, TO_NEXT_ATTEMPT, TaskStatus, may_become
from app.domain.translation import said
from app.domain.verdict import Result, Verdict, completion_message, reach_verdict
from app.events.event import NewEvent, PendingLogs
from app.events.log import AppendResult, append, begin_all, lock_task
from app.events.tables import OBSERVED, scan_tasks, task_events
from app.events.types import (
    ErrorInfo,
    Statistics,
    TaskCancelling,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskError,
    TaskRetrying,
    TaskStarted,
    TaskWarning,
    VerdictInfo,
)
from app.events.writer import UnitOfTasks, UnitOfWork
from app.scans.new_task import NewTask, new_rows
from app.scans.queries import holds, queue, runs
from app.scans.stage_closing import StageClosing
from app.site_counts.service import recount

t = scan_tasks.c
LOG_MODULE = "scan"  # of log lines about the life of the task
NO_WORKER: Mapping[str, Any] = {"worker_id": None, "worker_state": None}


class Lifecycle:
    """Makes a unit of work for every transition of `domain.tasks`. Display texts are in the deployment's language."""

    def __init__(self, *, clock: Clock, texts: MessageCatalog) -> None:
        self._clock = clock
        self._texts = texts

    def create(self, task_id: str, *, user_id: str, target_domain: str, config: Mapping[str, Any]) -> UnitOfWork:
        """Make a pending task with attempt 1, and its `task_created`."""
        event, new, trace = self._created(target_domain), NewTask(task_id, target_domain), current().header()

        def unit(connection: Connection) -> AppendResult | None:
            now = self._clock.now()
            if connection.execute(select(t.id).where(t.id == task_id)).first():  # a retry after an unknown outcome
                return append(connection, task_id, [event], now=now, where=t.attempt == 1)
            (row,) = new_rows(connection, [new], user_id=user_id, config=config, now=now, trace=trace)
            (result,) = begin_all(connection, [row], [event], now=now)
            return result

        return unit

    def create_all(self, new: Sequence[NewTask], *, user_id: str, config: Mapping[str, Any]) -> UnitOfTasks:
        """Make pending tasks, each with attempt 1 and its `task_created`. The caller knows that none is there."""
        events = [self._created(new_task.target_domain) for new_task in new]
        trace = current().header()

        def unit(connection: Connection) -> Sequence[AppendResult]:
            now = self._clock.now()
            rows = new_rows(connection, new, user_id=user_id, config=config, now=now, trace=trace)
            return begin_all(connection, rows, events, now=now)

        return unit

    def _created(self, target_domain: str) -> NewEvent:
        return NewEvent(TaskCreated(target_domain=target_domain, **said(self._texts("task_created"))))

    def claim(self, task_id: str, attempt: int, worker_id: str, target_domain: str) -> UnitOfWork:
        """Pending to running: this worker owns the attempt now."""
        told = said(self._texts("task_started"))
        event = NewEvent(TaskStarted(target_domain=target_domain, worker_id=worker_id, **told))

        def unit(connection: Connection) -> AppendResult | None:
            now = self._clock.now()
            changes = {
                "status": TaskStatus.RUNNING,
                "worker_id": worker_id,
                "worker_state": "alive",
                "heartbeat": t.heartbeat + 1,
                "heartbeat_at": now,
                # Set once per run: a resumed attempt keeps it, so that no evidence is older than its scan.
                "started_at": func.coalesce(t.started_at, literal(now, t.started_at.type)),
            }
            where = (t.status == TaskStatus.PENDING) & (t.attempt == attempt)
            return append(connection, task_id, [event], now=now, where=where, changes=changes)

        return unit

    def request_cancel(self, task_id: str, *, by: str, reason: str | None = None) -> UnitOfWork:
        """Running to cancelling. The worker sees it with its next heartbeat, or sooner by the hint."""
        events = [NewEvent(TaskCancelling(by=by, reason=reason)), self._cancel_line(by)]

        def unit(connection: Connection) -> AppendResult | None:
            changes = {"status": TaskStatus.CANCELLING, "cancel_by": by, "cancel_reason": reason}
            where = t.status == TaskStatus.RUNNING
            return append(connection, task_id, events, now=self._clock.now(), where=where, changes=changes)

        return unit

    def cancel_pending(self, task_id: str, *, by: str) -> UnitOfWork:
        """Pending to cancelled: nobody works on it, so it ends at once."""
        completion = self._completion("cancelled", Statistics(), None)
        ways, lead = (TaskStatus.PENDING,), [NewEvent(TaskCancelling(by=by)), self._cancel_line(by)]
        return self._end(task_id, None, ways, TaskStatus.CANCELLED, lead, [NewEvent(completion)], {"cancel_by": by})

    def _cancel_line(self, by: str) -> NewEvent:
        return NewEvent(PendingLogs((LogEntry("WARNING", LOG_MODULE, self._texts("cancelled_by", by=by)),)))

    def complete(
        self,
        task_id: str,
        attempt: int,
        statistics: Statistics,
        lead: Sequence[NewEvent] = (),
        *,
        verdict: Verdict | None = None,
    ) -> UnitOfWork:
        """Running to completed. None after a cancel was accepted: then call `cancelled`.

        A scan that gives no verdict of its own has shown nothing but its violations.
        """
        verdict = verdict or reach_verdict(Coverage(), statistics.total_violations)
        info = VerdictInfo(result=verdict.result, reasons=verdict.reasons, counts=dict(verdict.counts) or None)
        told = said(completion_message(verdict, self._texts))
        completed = NewEvent(TaskCompleted(status="completed", statistics=statistics, verdict=info, **told))
        conclusive = verdict.result is not Result.INCONCLUSIVE
        ways = (TaskStatus.RUNNING,)
        return self._end(task_id, attempt, ways, TaskStatus.COMPLETED, lead, [completed], conclusive=conclusive)

    def cancelled(
        self, task_id: str, attempt: int, statistics: Statistics, lead: Sequence[NewEvent] = ()
    ) -> UnitOfWork:
        """Cancelling to cancelled."""
        completed = NewEvent(self._completion("cancelled", statistics, None))
        return self._end(task_id, attempt, (TaskStatus.CANCELLING,), TaskStatus.CANCELLED, lead, [completed])

    def fail(
        self,
        task_id: str,
        attempt: int,
        error: ErrorInfo,
        statistics: Statistics,
        *,
        lead: Sequence[NewEvent] = (),
        only_if: tuple[TaskStatus, ...] = (TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.CANCELLING),
    ) -> UnitOfWork:
        """To failed: `task_error` and `task_completed` in one transaction."""
        failed = TaskError(error=error.code, lang=self._texts.language, **error.model_dump())
        events = [NewEvent(failed), NewEvent(self._completion("failed", statistics, error))]
        return self._end(task_id, attempt, only_if, TaskStatus.FAILED, lead, events)

    def retry(self, task_id: str, *, by: str) -> UnitOfWork:
        """(terminal, n) to (pending, n + 1), from the beginning."""
        return self._next_attempt(task_id, None, TERMINAL, by=by, reason=None)

    def requeue(self, task_id: str, attempt: int, *, counts: bool = True) -> UnitOfWork:
        """(running, n) to (pending, n + 1) of a lost worker, going on from the checkpoint.

        `counts`: toward the limit of automatic requeues (a restart of the server does not).
        """
        return self._next_attempt(
            task_id, attempt, frozenset({TaskStatus.RUNNING}), by="system", reason=WORKER_LOST, counts=counts
        )

    def warn(
        self,
        task_id: str,
        attempt: int,
        warning: TaskWarning,
        *,
        only_if: Collection[TaskStatus] = ACTIVE,
        changes: Mapping[str, Any] | None = None,
        once_since: int | None = None,
    ) -> UnitOfWork:
        """Warn, with `changes` of ownership columns.

        `once_since`: not when that attempt or a later one was warned with the same code.
        """
        event = NewEvent(warning)

        def unit(connection: Connection) -> AppendResult | None:
            if once_since is not None and _was_warned(connection, task_id, warning.code, once_since):
                return None
            where = t.status.in_(sorted(only_if)) & (t.attempt == attempt)
            return append(connection, task_id, [event], now=self._clock.now(), where=where, changes=changes)

        return unit

    def delete(self, task_id: str, *, by: str) -> UnitOfWork:
        """Mark the task as deleted, with its event, unless it is being worked on or held. Its rows go later."""
        event = NewEvent(TaskDeleted(by=by))

        def unit(connection: Connection) -> AppendResult | None:
            now = self._clock.now()
            where = t.status.not_in(sorted(ACTIVE)) & holds.FREE
            row = lock_task(connection, task_id)
            result = append(connection, task_id, [event], now=now, where=where, changes={"deleted_at": now})
            if result is not None and row is not None:
                recount(connection, (row.user_id, row.target_domain), now=now)
            return result

        return unit

    def _completion(self, status: Any, statistics: Statistics, error: ErrorInfo | None) -> TaskCompleted:
        told = said(self._texts(f"task_{status}"))
        return TaskCompleted(status=status, statistics=statistics, error=error, **told)

    def _end(
        self,
        task_id: str,
        attempt: int | None,
        from_statuses: tuple[TaskStatus, ...],
        to_status: TaskStatus,
        lead: Sequence[NewEvent],
        events: Sequence[NewEvent],
        more: Mapping[str, Any] | None = None,
        *,
        conclusive: bool = False,
    ) -> UnitOfWork:
        """Write `lead`, the ends of the stages that still ran, and `events`; keep what the run has left."""
        assert all(may_become(status, to_status) for status in from_statuses)
        closing = StageClosing(to_status, self._texts.language)

        def unit(connection: Connection) -> AppendResult | None:
            now = self._clock.now()
            where: ColumnElement[bool] = t.status.in_(from_statuses)
            if attempt is not None:
                where = where & (t.attempt == attempt)
            changes = {"status": to_status, "completed_at": now, **NO_WORKER, **(more or {})}
            row = lock_task(connection, task_id)
            closed = closing.events([] if row is None else row.stages, lead)
            result = append(connection, task_id, [*lead, *closed, *events], now=now, where=where, changes=changes)
            if result is not None and row is not None:
                runs.keep(connection, task_id, conclusive=conclusive)
                recount(connection, (row.user_id, row.target_domain), now=now)
            return result

        return unit

    def _next_attempt(
        self,
        task_id: str,
        attempt: int | None,
        from_statuses: frozenset[TaskStatus],
        *,
        by: str,
        reason: str | None,
        counts: bool = False,
    ) -> UnitOfWork:
        assert from_statuses <= TO_NEXT_ATTEMPT
        clean = reason is None
        event_id = new_id()
        trace = current().header()

        def unit(connection: Connection) -> AppendResult | None:
            now = self._clock.now()
            row = lock_task(connection, task_id)
            if row is None:
                return None
            changes = _columns_of_next(row.attempt, clean=clean, counts=counts, now=now)
            if clean:
                changes |= {
                    "turn": queue.next_turn(connection, row.user_id),
                    "rank": queue.rank_of_new(connection, row.user_id),
                    "trace": trace,
                }
            event = NewEvent(TaskRetrying(by=by, reason=reason, next_attempt=row.attempt + 1), event_id)
            where = t.status.in_(sorted(from_statuses)) & (t.attempt == (attempt or row.attempt))
            result = append(
                connection, task_id, [event], now=now, where=where, changes=changes, event_attempt=row.attempt
            )
            if result is not None and clean:  # it is no completed scan any more
                recount(connection, (row.user_id, row.target_domain), now=now)
            return result

        return unit


def _was_warned(connection: Connection, task_id: str, code: str, since_attempt: int) -> bool:
    e = task_events.c
    said = select(e.seq).where(
        e.task_id == task_id,
        e.type == TaskWarning.type,
        OBSERVED,
        e.attempt >= since_attempt,
        e.body.contains(f'"code":"{code}"', autoescape=True),
    )
    return connection.execute(said.limit(1)).first() is not None


def _columns_of_next(attempt: int, *, clean: bool, counts: bool, now: Any) -> dict[str, Any]:
    changes: dict[str, Any] = {
        **NO_WORKER,
        "status": TaskStatus.PENDING,
        "attempt": attempt + 1,
        "queued_at": now,
        "completed_at": None,
        "cancel_by": None,
        "cancel_reason": None,
    }
    if clean:
        return {**changes, "run": attempt + 1, "requeues": 0, "running_s": 0.0, "started_at": None}
    return {**changes, "requeues": t.requeues + 1} if counts else changes
