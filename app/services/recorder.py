"""What a running attempt reports, written in batches under the attempt's fence.

The scan's process is the only caller. A unit that returns None means that the attempt is stale or finished: the writer
stops, and no page or violation of it lands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, update

from app.core.clock import Clock
from app.domain.tasks import ACTIVE
from app.events.journal import Unit
from app.events.log import Place, append
from app.events.types import NewEvent
from app.models import scan_tasks, violations

t = scan_tasks.c


@dataclass(frozen=True, slots=True)
class Finding:
    """The row of a violation, beside its event."""

    violation_id: str
    domain: str
    violation_key: str
    risk_level: str
    confidence_score: float
    description: str
    evidence: Sequence[dict[str, Any]]
    needs_review: bool
    url: str
    found_on: str


@dataclass(frozen=True, slots=True)
class Ownership:
    """What a heartbeat tells the worker."""

    cancel_requested: bool


class Recorder:
    """Units of one attempt."""

    def __init__(self, *, task_id: str, attempt: int, run: int, clock: Clock) -> None:
        self.task_id = task_id
        self._attempt = attempt
        self._run = run
        self._clock = clock

    def record(self, events: Sequence[NewEvent], findings: Sequence[Finding] = ()) -> Unit:
        """Events in their order, with the rows of the violations among them, in one transaction."""

        def unit(connection: Connection) -> Place | None:
            place = append(connection, self.task_id, events, now=self._clock.now(), where=self._owned())
            if place is not None and findings:
                self._insert(connection, findings)
            return place

        return unit

    def heartbeat(self, connection: Connection, running_s: float, capture_bytes: int = 0) -> Ownership | None:
        """Raise the counter, add `running_s` seconds of running time and so many bytes of captures. None: the attempt
        is no longer ours.
        """
        row = connection.execute(
            update(scan_tasks)
            .where(t.id == self.task_id, t.deleted_at.is_(None), self._owned())
            .values(
                heartbeat=t.heartbeat + 1,
                heartbeat_at=self._clock.now(),
                running_s=t.running_s + running_s,
                capture_bytes=t.capture_bytes + capture_bytes,
            )
            .returning(t.status)
        ).one_or_none()
        return None if row is None else Ownership(cancel_requested=row.status == "cancelling")

    def _owned(self) -> Any:
        return (t.attempt == self._attempt) & t.status.in_(sorted(ACTIVE))

    def _insert(self, connection: Connection, findings: Sequence[Finding]) -> None:
        connection.execute(
            insert(violations),
            [
                {
                    "id": finding.violation_id,
                    "task_id": self.task_id,
                    "run": self._run,
                    "attempt": self._attempt,
                    "domain": finding.domain,
                    "violation_key": finding.violation_key,
                    "risk_level": finding.risk_level,
                    "confidence_score": finding.confidence_score,
                    "description": finding.description,
                    "evidence": list(finding.evidence),
                    "needs_review": finding.needs_review,
                    "url": finding.url,
                    "found_on": finding.found_on,
                    "dismissed": False,
                    "created_at": self._clock.now(),
                }
                for finding in findings
            ],
        )
