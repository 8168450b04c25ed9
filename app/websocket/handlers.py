"""The seed's `TaskMonitorHandler`: what happens to a task, told under the seed's names.

Everything here is durable: a `notify_*` call changes the task and writes its event in one transaction, and whoever
watches gets it through the log, in whichever process they are connected. The scan's own process does the same through
`services.recorder`; the watching itself is `monitor.service`.
"""

from collections.abc import Sequence

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.domain.stages import STAGE_BY_KEY, StageKey
from app.domain.violations import REVIEW_BELOW, RiskLevel, ViolationKey, violation_name
from app.events.journal import Journal, Unit
from app.events.log import Place
from app.events.types import (
    ErrorInfo,
    EventBody,
    LogLevel,
    NewEvent,
    PendingLine,
    PendingLogs,
    Statistics,
    TaskProgress,
    Violation,
    ViolationDetected,
)
from app.repositories import tasks
from app.services.lifecycle import Lifecycle
from app.services.ports import Monitor
from app.services.recorder import Finding, Recorder


class TaskMonitorHandler:
    """Raises NotFound for a task that is missing, Conflict when the task is not in a state for the event."""

    def __init__(
        self,
        *,
        db: Database,
        journal: Journal,
        lifecycle: Lifecycle,
        monitor: Monitor,
        clock: Clock,
        language: str,
    ) -> None:
        self._db = db
        self._journal = journal
        self._lifecycle = lifecycle
        self._monitor = monitor
        self._clock = clock
        self._language = language

    async def notify_task_created(self, *, user_id: str, target_domain: str, task_id: str | None = None) -> Place:
        """Create the task, pending, with its event."""
        unit = self._lifecycle.create(task_id or new_id(), user_id=user_id, target_domain=target_domain, config={})
        return await self._write(unit)

    async def notify_task_started(self, task_id: str, *, worker_id: str) -> Place:
        """The worker owns the task's attempt from now on."""
        row = await self._find(task_id)
        return await self._write(self._lifecycle.claim(task_id, row.attempt, worker_id, row.target_domain))

    async def notify_task_progress(
        self, task_id: str, *, progress: int, stage_key: StageKey, stage_progress: int, message: str
    ) -> Place:
        spec = STAGE_BY_KEY[stage_key]
        body = TaskProgress(
            progress=progress,
            stage=spec.name(self._language),
            message=message,
            stage_key=stage_key,
            stage_index=spec.index,
            stage_progress=stage_progress,
        )
        return await self._record(task_id, body)

    async def notify_task_completed(self, task_id: str, statistics: Statistics) -> Place:
        row = await self._find(task_id)
        return await self._write(self._lifecycle.complete(task_id, row.attempt, statistics))

    async def notify_task_error(self, task_id: str, error: ErrorInfo) -> Place:
        """The attempt has failed: `task_error` and its completion."""
        row = await self._find(task_id)
        statistics = Statistics.model_validate(row.statistics)
        return await self._write(self._lifecycle.fail(task_id, row.attempt, error, statistics))

    async def notify_violation_detected(
        self,
        task_id: str,
        *,
        domain: str,
        violation_key: ViolationKey,
        risk_level: RiskLevel,
        confidence_score: float,
        description: str,
        evidence: Sequence[dict[str, object]] = (),
        url: str = "",
        found_on: str = "",
    ) -> Place:
        """The violation's row and its event. `confidence_score` is 0..1."""
        finding = Finding(
            violation_id=new_id(),
            domain=domain,
            violation_key=violation_key,
            risk_level=risk_level,
            confidence_score=confidence_score,
            description=description,
            evidence=[dict(entry) for entry in evidence],
            needs_review=confidence_score < REVIEW_BELOW,
            url=url,
            found_on=found_on,
        )
        body = ViolationDetected(
            violation=Violation(
                domain=domain,
                violation_type=violation_name(violation_key, self._language),
                risk_level=risk_level,
                confidence_score=confidence_score,
                description=description,
            ),
            violation_id=finding.violation_id,
            violation_key=violation_key,
            needs_review=finding.needs_review,
            url=url or None,
            found_on=found_on or None,
        )
        return await self._record(task_id, body, [finding])

    async def send_task_logs(self, task_id: str, lines: Sequence[tuple[LogLevel, str, str]]) -> Place:
        """Lines as (level, module, message); one group is one event."""
        now = self._clock.now()
        return await self._record(task_id, PendingLogs(tuple(PendingLine(*line, now) for line in lines)))

    async def _monitor_tasks_loop(self) -> None:
        """The watching, every 10 s, until cancelled."""
        await self._monitor.run()

    async def _check_running_tasks(self) -> None:
        await self._monitor.check_running_tasks()

    async def _handle_timeout_task(self, task_id: str) -> None:
        """End a task that ran for too long."""
        await self._monitor.handle_timeout(await self._find(task_id))

    async def _record(self, task_id: str, body: EventBody | PendingLogs, findings: Sequence[Finding] = ()) -> Place:
        row = await self._find(task_id)
        recorder = Recorder(task_id=task_id, attempt=row.attempt, run=row.run, clock=self._clock)
        return await self._write(recorder.record([NewEvent(body)], findings))

    async def _find(self, task_id: str) -> tasks.TaskRow:
        row = await self._db.read(lambda connection: tasks.find(connection, task_id))
        if row is None:
            raise NotFound("There is no such task.")
        return row

    async def _write(self, unit: Unit) -> Place:
        place = await self._journal.write(unit)
        if place is None:
            raise Conflict("The task is not in a state for this.")
        return place
