"""The seed's `TaskMonitorHandler`: what happens to a task, told under the seed's names.

Everything here is durable: a `notify_*` call changes the task and writes its event in one transaction, and every
watcher gets it through the log, in whichever process it is connected. The scan's own process does the same through
`findings.recorder`; the watching itself is `monitor.service`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.domain.log_entry import LogEntry
from app.domain.stages import STAGE_BY_KEY, StageKey
from app.domain.task_row import TaskRow
from app.domain.violations import REVIEW_BELOW, Evidence, RiskLevel, ViolationFact
from app.events.event import NewEvent, PendingLogs
from app.events.event_body import EventBody
from app.events.log import AppendResult
from app.events.types import ErrorInfo, Statistics, TaskProgress
from app.events.writer import EventWriter, UnitOfWork
from app.findings.recorder import Recorder
from app.findings.run_findings import FindingChange, read_run_findings
from app.findings.violation_mapping import NewViolation
from app.monitor.service import TaskMonitor
from app.scans.lifecycle import Lifecycle
from app.scans.queries import tasks


@dataclass(kw_only=True, eq=False, repr=False)
class TaskMonitorHandler:
    """Raises NotFound for a task that is missing, Conflict when the task is not in a state for the event."""

    db: Database
    event_writer: EventWriter
    lifecycle: Lifecycle
    monitor: TaskMonitor
    clock: Clock
    language: str

    async def notify_task_created(
        self, *, user_id: str, target_domain: str, task_id: str | None = None
    ) -> AppendResult:
        """Create the task, pending, with its event."""
        unit = self.lifecycle.create(task_id or new_id(), user_id=user_id, target_domain=target_domain, config={})
        return await self._write(unit)

    async def notify_task_started(self, task_id: str, *, worker_id: str) -> AppendResult:
        """Record that the worker owns the task's attempt."""
        row = await self._find(task_id)
        return await self._write(self.lifecycle.claim(task_id, row.attempt, worker_id, row.target_domain))

    async def notify_task_progress(
        self, task_id: str, *, progress: int, stage_key: StageKey, stage_progress: int, message: str
    ) -> AppendResult:
        spec = STAGE_BY_KEY[stage_key]
        body = TaskProgress(
            progress=progress,
            stage=spec.name(self.language),
            message=message,
            stage_key=stage_key,
            stage_index=spec.index,
            stage_progress=stage_progress,
        )
        return await self._record(task_id, body)

    async def notify_task_completed(self, task_id: str, statistics: Statistics) -> AppendResult:
        row = await self._find(task_id)
        return await self._write(self.lifecycle.complete(task_id, row.attempt, statistics))

    async def notify_task_error(self, task_id: str, error: ErrorInfo) -> AppendResult:
        """Record the failure of the attempt: `task_error` and its completion."""
        row = await self._find(task_id)
        statistics = Statistics.model_validate(row.statistics)
        return await self._write(self.lifecycle.fail(task_id, row.attempt, error, statistics))

    async def notify_violation_detected(
        self,
        task_id: str,
        *,
        risk_level: RiskLevel,
        confidence_score: float,
        evidence: Sequence[Evidence] = (),
        **fields: Any,
    ) -> AppendResult:
        """Write the violation's row, its finding and their events. `fields` are the other ones of `ViolationFact`.

        One call at a time for a task: each counts what the calls before have written.
        """
        review = confidence_score < REVIEW_BELOW
        fact = ViolationFact(confidence_score=confidence_score, evidence=tuple(evidence), needs_review=review, **fields)
        row = await self._find(task_id)
        found = await self.db.read(lambda connection: read_run_findings(connection, row.id, row.run))
        violation, change = found.tell_stated(fact, risk_level)
        body = found.event(violation, self.language)
        return await self._record(task_id, body, *found.events(change), violations=[violation], findings=[change])

    async def send_task_logs(self, task_id: str, lines: Sequence[LogEntry]) -> AppendResult:
        """Send a group of log lines as one event."""
        return await self._record(task_id, PendingLogs(tuple(lines)))

    async def _monitor_tasks_loop(self) -> None:
        """Run the monitor every 10 s, until cancelled."""
        await self.monitor.run()

    async def _check_running_tasks(self) -> None:
        await self.monitor.check_running_tasks()

    async def _handle_timeout_task(self, task_id: str) -> None:
        """End a task that ran for too long."""
        await self.monitor.handle_timeout(await self._find(task_id))

    async def _record(
        self,
        task_id: str,
        *bodies: EventBody | PendingLogs,
        violations: Sequence[NewViolation] = (),
        findings: Sequence[FindingChange] = (),
    ) -> AppendResult:
        row = await self._find(task_id)
        recorder = Recorder(task_id=task_id, attempt=row.attempt, run=row.run, clock=self.clock)
        return await self._write(recorder.record([NewEvent(body) for body in bodies], violations, findings))

    async def _find(self, task_id: str) -> TaskRow:
        row = await self.db.read(lambda connection: tasks.find(connection, task_id))
        if row is None:
            raise NotFound(text="no_such_task")
        return row

    async def _write(self, unit: UnitOfWork) -> AppendResult:
        result = await self.event_writer.write(unit)
        if result is None:
            raise Conflict
        return result
