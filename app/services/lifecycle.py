"""The life of a task: every change of status, each a compare-and-set on (status, attempt) with its event.

All methods return the units that `Journal.write` runs, so that a caller decides between a coroutine and a thread, and
may run the same unit again after an unknown outcome. A unit that returns None found its guard broken: somebody else
was first, and nothing was written.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.sql.elements import ColumnElement

from app.core.clock import Clock
from app.core.ids import new_id
from app.domain.coverage import Coverage
from app.domain.tasks import ACTIVE, TERMINAL, TO_NEXT_ATTEMPT, TaskStatus, may_become
from app.domain.verdict import Verdict, judge
from app.events.journal import Unit
from app.events.log import Place, append
from app.events.state import WORKER_LOST, TaskState
from app.events.types import (
    ErrorInfo,
    NewEvent,
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
from app.models import scan_tasks, task_events
from app.models.tasks import OBSERVED
from app.repositories import queue
from app.services.texts import Texts

t = scan_tasks.c
NOBODY: Mapping[str, Any] = {"worker_id": None, "worker_state": None}


class Lifecycle:
    """Units for every transition of `domain.tasks`. Display texts come in the deployment's language."""

    def __init__(self, *, clock: Clock, texts: Texts) -> None:
        self._clock = clock
        self._texts = texts

    def create(self, task_id: str, *, user_id: str, target_domain: str, config: Mapping[str, Any]) -> Unit:
        """A pending task with attempt 1 and its `task_created`."""
        event = NewEvent(TaskCreated(target_domain=target_domain, message=self._texts("task_created")))

        def unit(connection: Connection) -> Place | None:
            now = self._clock.now()
            if connection.execute(select(t.id).where(t.id == task_id)).first():  # a retry after an unknown outcome
                return append(connection, task_id, [event], now=now, where=t.attempt == 1)
            connection.execute(
                insert(scan_tasks).values(
                    id=task_id,
                    user_id=user_id,
                    target_domain=target_domain,
                    config=dict(config),
                    status=TaskStatus.PENDING,
                    attempt=1,
                    run=1,
                    last_seq=0,
                    min_seq=1,
                    heartbeat=0,
                    requeues=0,
                    running_s=0.0,
                    created_at=now,
                    queued_at=now,
                    turn=queue.next_turn(connection, user_id),
                    **TaskState().to_columns(),
                )
            )
            return append(connection, task_id, [event], now=now, where=t.attempt == 1)

        return unit

    def claim(self, task_id: str, attempt: int, worker_id: str, target_domain: str) -> Unit:
        """Pending to running: this worker owns the attempt now."""
        event = NewEvent(
            TaskStarted(target_domain=target_domain, message=self._texts("task_started"), worker_id=worker_id)
        )

        def unit(connection: Connection) -> Place | None:
            now = self._clock.now()
            changes = {
                "status": TaskStatus.RUNNING,
                "worker_id": worker_id,
                "worker_state": "alive",
                "heartbeat": t.heartbeat + 1,
                "heartbeat_at": now,
                "started_at": now,
            }
            where = (t.status == TaskStatus.PENDING) & (t.attempt == attempt)
            return append(connection, task_id, [event], now=now, where=where, changes=changes)

        return unit

    def request_cancel(self, task_id: str, *, by: str, reason: str | None = None) -> Unit:
        """Running to cancelling. The worker sees it with its next heartbeat, or sooner by the hint."""
        event = NewEvent(TaskCancelling(by=by, reason=reason))

        def unit(connection: Connection) -> Place | None:
            changes = {"status": TaskStatus.CANCELLING, "cancel_by": by, "cancel_reason": reason}
            where = t.status == TaskStatus.RUNNING
            return append(connection, task_id, [event], now=self._clock.now(), where=where, changes=changes)

        return unit

    def cancel_pending(self, task_id: str, *, by: str) -> Unit:
        """Pending to cancelled: nobody works on it, so it ends at once."""
        completion = self._completion("cancelled", Statistics(), None)
        events = [NewEvent(TaskCancelling(by=by)), NewEvent(completion)]
        return self._end(task_id, None, (TaskStatus.PENDING,), TaskStatus.CANCELLED, events, {"cancel_by": by})

    def complete(
        self,
        task_id: str,
        attempt: int,
        statistics: Statistics,
        lead: Sequence[NewEvent] = (),
        *,
        verdict: Verdict | None = None,
    ) -> Unit:
        """Running to completed. None after a cancel was accepted: then call `cancelled`.

        A scan that gives no verdict of its own has shown nothing but its violations.
        """
        verdict = verdict or judge(Coverage(), statistics.total_violations)
        events = [*lead, NewEvent(self._verdict_completion(statistics, verdict))]
        return self._end(task_id, attempt, (TaskStatus.RUNNING,), TaskStatus.COMPLETED, events)

    def cancelled(self, task_id: str, attempt: int, statistics: Statistics, lead: Sequence[NewEvent] = ()) -> Unit:
        """Cancelling to cancelled."""
        events = [*lead, NewEvent(self._completion("cancelled", statistics, None))]
        return self._end(task_id, attempt, (TaskStatus.CANCELLING,), TaskStatus.CANCELLED, events)

    def fail(
        self,
        task_id: str,
        attempt: int,
        error: ErrorInfo,
        statistics: Statistics,
        *,
        lead: Sequence[NewEvent] = (),
        only_if: tuple[TaskStatus, ...] = (TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.CANCELLING),
    ) -> Unit:
        """To failed: `task_error` and `task_completed` in one transaction."""
        failed = TaskError(code=error.code, error=error.code, message=error.message, retryable=error.retryable)
        events = [*lead, NewEvent(failed), NewEvent(self._completion("failed", statistics, error))]
        return self._end(task_id, attempt, only_if, TaskStatus.FAILED, events)

    def retry(self, task_id: str, *, by: str) -> Unit:
        """(terminal, n) to (pending, n + 1), from the beginning."""
        return self._next_attempt(task_id, None, TERMINAL, by=by, reason=None)

    def requeue(self, task_id: str, attempt: int, *, counts: bool = True) -> Unit:
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
    ) -> Unit:
        """A warning by an observer, with `changes` of ownership columns.

        `once_since`: not when the same code was said in that attempt or a later one.
        """
        event = NewEvent(warning)

        def unit(connection: Connection) -> Place | None:
            if once_since is not None and _was_warned(connection, task_id, warning.code, once_since):
                return None
            where = t.status.in_(sorted(only_if)) & (t.attempt == attempt)
            return append(connection, task_id, [event], now=self._clock.now(), where=where, changes=changes)

        return unit

    def delete(self, task_id: str, *, by: str) -> Unit:
        """A tombstone and its event; only a task that nobody works on. The rows go later."""
        event = NewEvent(TaskDeleted(by=by))

        def unit(connection: Connection) -> Place | None:
            now = self._clock.now()
            where = t.status.not_in(sorted(ACTIVE))
            return append(connection, task_id, [event], now=now, where=where, changes={"deleted_at": now})

        return unit

    def _completion(self, status: Any, statistics: Statistics, error: ErrorInfo | None) -> TaskCompleted:
        message = self._texts(f"task_{status}")
        return TaskCompleted(status=status, statistics=statistics, message=message, error=error)

    def _verdict_completion(self, statistics: Statistics, verdict: Verdict) -> TaskCompleted:
        info = VerdictInfo(result=verdict.result, reasons=verdict.reasons)
        message = self._texts.completion(verdict)
        return TaskCompleted(status="completed", statistics=statistics, message=message, verdict=info)

    def _end(
        self,
        task_id: str,
        attempt: int | None,
        from_statuses: tuple[TaskStatus, ...],
        to_status: TaskStatus,
        events: Sequence[NewEvent],
        more: Mapping[str, Any] | None = None,
    ) -> Unit:
        assert all(may_become(status, to_status) for status in from_statuses)

        def unit(connection: Connection) -> Place | None:
            now = self._clock.now()
            where: ColumnElement[bool] = t.status.in_(from_statuses)
            if attempt is not None:
                where = where & (t.attempt == attempt)
            changes = {"status": to_status, "completed_at": now, **NOBODY, **(more or {})}
            return append(connection, task_id, events, now=now, where=where, changes=changes)

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
    ) -> Unit:
        assert from_statuses <= TO_NEXT_ATTEMPT
        clean = reason is None
        event_id = new_id()

        def unit(connection: Connection) -> Place | None:
            now = self._clock.now()
            row = connection.execute(
                scan_tasks.update()
                .where(t.id == task_id)
                .values(last_seq=t.last_seq)  # takes the lock, so that the attempt read here is the one changed below
                .returning(t.attempt, t.user_id)
            ).one_or_none()
            if row is None:
                return None
            changes = _fresh(row.attempt, clean=clean, counts=counts, now=now)
            if clean:
                changes["turn"] = queue.next_turn(connection, row.user_id)
            event = NewEvent(TaskRetrying(by=by, reason=reason, next_attempt=row.attempt + 1), event_id)
            where = t.status.in_(sorted(from_statuses)) & (t.attempt == (attempt or row.attempt))
            return append(
                connection,
                task_id,
                [event],
                now=now,
                where=where,
                changes=changes,
                event_attempt=row.attempt,
            )

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


def _fresh(attempt: int, *, clean: bool, counts: bool, now: Any) -> dict[str, Any]:
    changes: dict[str, Any] = {
        **NOBODY,
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
