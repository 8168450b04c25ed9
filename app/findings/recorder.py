"""Writes what a running attempt reports, in batches, and only while the attempt is ours.

The scan's process is the only caller. A unit that returns None means that the attempt is stale or finished: the writer
stops, and no page or violation of it lands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, update

from app.core.clock import Clock
from app.domain.tasks import ACTIVE
from app.events import outbox
from app.events.event import NewEvent
from app.events.log import AppendResult, Draft, LogHead, append, append_draft, draft
from app.events.tables import scan_tasks
from app.events.writer import UnitOfWork
from app.findings.queries import findings, violations
from app.findings.run_findings import FindingChange
from app.findings.tables import violations as violation_table
from app.findings.violation_mapping import NewViolation

t = scan_tasks.c


@dataclass(frozen=True, slots=True)
class Ownership:
    """What a heartbeat learns."""

    cancel_requested: bool


class Recorder:
    """Makes the units of work of one attempt."""

    def __init__(self, *, task_id: str, attempt: int, run: int, clock: Clock) -> None:
        self.task_id = task_id
        self.attempt = attempt
        self.run = run
        self.clock = clock
        # The log's end after the last batch, whether that was committed or not; None before the first. The thread's
        # that writes.
        self.head: LogHead | None = None

    def record(
        self,
        events: Sequence[NewEvent],
        violations: Sequence[NewViolation] = (),
        findings: Sequence[FindingChange] = (),
    ) -> UnitOfWork:
        """Return what writes events in their order, with the rows that they tell of, in one transaction.

        There need be no event if findings have changed silently.
        """
        return Record(self, events, violations, findings)

    def heartbeat(self, connection: Connection, running_s: float, capture_bytes: int = 0) -> Ownership | None:
        """Raise the counter, add `running_s` seconds of running time and so many bytes of captures. None: the attempt
        is no longer ours.
        """
        row = connection.execute(
            update(scan_tasks)
            .where(t.id == self.task_id, t.deleted_at.is_(None), self.owned())
            .values(
                heartbeat=t.heartbeat + 1,
                heartbeat_at=self.clock.now(),
                running_s=t.running_s + running_s,
                capture_bytes=t.capture_bytes + capture_bytes,
            )
            .returning(t.status)
        ).one_or_none()
        return None if row is None else Ownership(cancel_requested=row.status == "cancelling")

    def owned(self) -> ColumnElement[bool]:
        """Return the guard: the attempt is still ours."""
        return (t.attempt == self.attempt) & t.status.in_(sorted(ACTIVE))


class Record:
    """One batch; fulfils `events.writer.PreparedUnitOfWork`.

    It is encoded and folded behind the head that the batch before it has left. When somebody else has written since (a
    warning of the monitor, a cancel), or that batch was not committed after all, the database does not match the draft,
    and all is done under the lock.
    """

    def __init__(
        self,
        recorder: Recorder,
        events: Sequence[NewEvent],
        violations: Sequence[NewViolation],
        findings: Sequence[FindingChange],
    ) -> None:
        self._recorder = recorder
        self._events = events
        self._violations = violations
        self._findings = findings
        self._draft: Draft | None = None  # made by the first `prepare`; None when no head was known then
        self._was_tried = False

    def prepare(self) -> None:
        """Before the first try only: the head may be this batch's own afterwards, and then the batch would fit behind
        itself.
        """
        recorder = self._recorder
        if self._events and recorder.head is not None and not self._was_tried:
            self._draft = draft(recorder.task_id, recorder.head, self._events, recorder.clock.now())

    def __call__(self, connection: Connection) -> AppendResult | None:
        self._was_tried = True
        result = self._append(connection) if self._events else self._lock(connection)
        if result is not None:
            self._recorder.head = result.head
            if self._violations:
                connection.execute(insert(violation_table), self._rows(result))
            self._write_findings(connection, result)
        return result

    def _write_findings(self, connection: Connection, result: AppendResult) -> None:
        """Write each finding as the last of the changes has it."""
        run, at = self._recorder.run, result.events[0].created_at if result.events else self._recorder.clock.now()
        gone = [name for change in self._findings for name in change.gone]
        findings.remove(connection, result.task_id, run, gone)
        last = {violation.finding.id: violation.finding for violation in self._violations}
        last |= {finding.id: finding for change in self._findings for finding in change.findings}
        for name in gone:
            last.pop(name, None)
        findings.put(connection, result.task_id, run, list(last.values()), at)
        # A hidden link may have become part of the finding of another violation.
        violations.name_causes(connection, result.task_id, run, [item for item in last.values() if len(item.kinds) > 1])
        changed = [item.violation_id for change in self._findings for item in change.changed if item.needs_review]
        violations.mark_for_review(connection, changed)
        if any(change.is_silent for change in self._findings):  # a rule may have reopened what was dismissed
            outbox.put(connection, outbox.Kind.FOUND, result.task_id, result.attempt, now=at)

    def _rows(self, result: AppendResult) -> list[dict[str, Any]]:
        """A row has the time of its event: so a snapshot and the event say the same."""
        ids = {"task_id": result.task_id, "run": self._recorder.run, "attempt": result.attempt}
        created_at = result.events[0].created_at
        return [{**violation.row(), **ids, "created_at": created_at} for violation in self._violations]

    def _lock(self, connection: Connection) -> AppendResult | None:
        """Take the lock of the task's row under the guard, as `append` does."""
        recorder = self._recorder
        mine = (t.id == recorder.task_id, t.deleted_at.is_(None), recorder.owned())
        locked = update(scan_tasks).where(*mine).values(last_seq=t.last_seq)
        row = connection.execute(locked.returning(t.user_id, t.attempt, t.status)).one_or_none()
        if row is None:
            return None
        return AppendResult(recorder.task_id, row.user_id, row.attempt, row.status, (), head=recorder.head)

    def _append(self, connection: Connection) -> AppendResult | None:
        recorder, where = self._recorder, self._recorder.owned()
        if self._draft is not None:
            result = append_draft(connection, recorder.task_id, self._draft, where=where)
            if result is not None:
                return result
        return append(connection, recorder.task_id, self._events, now=recorder.clock.now(), where=where)
