"""What a running attempt reports, written in batches under the attempt's fence.

The scan's process is the only caller. A unit that returns None means that the attempt is stale or finished: the writer
stops, and no page or violation of it lands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, update

from app.core.clock import Clock
from app.domain.tasks import ACTIVE
from app.events.journal import Unit
from app.events.log import Draft, Head, Place, append_draft, append_known, draft
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
        self.attempt = attempt
        self.run = run
        self.clock = clock
        # The log's end after the last batch, whether that was committed or not; None before the first. The thread's
        # that writes.
        self.head: Head | None = None

    def record(self, events: Sequence[NewEvent], findings: Sequence[Finding] = ()) -> Unit:
        """Events in their order, with the rows of the violations among them, in one transaction."""
        return Record(self, events, findings)

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
        """The attempt is still ours."""
        return (t.attempt == self.attempt) & t.status.in_(sorted(ACTIVE))

    def row_of(self, finding: Finding) -> dict[str, Any]:
        """Return the finding as a row of `violations`."""
        return {
            "id": finding.violation_id,
            "task_id": self.task_id,
            "run": self.run,
            "attempt": self.attempt,
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
            "created_at": self.clock.now(),
        }


class Record:
    """One batch; fulfils `events.journal.PreparedUnit`.

    It is encoded and folded behind the head that the batch before it has left. When somebody else has written since (a
    warning of the monitor, a cancel), or that batch was not committed after all, the database does not match the draft,
    and all is done under the lock.
    """

    def __init__(self, recorder: Recorder, events: Sequence[NewEvent], findings: Sequence[Finding]) -> None:
        self._recorder = recorder
        self._events = events
        self._rows = [recorder.row_of(finding) for finding in findings]
        self._draft: Draft | None = None  # made by the first `prepare`; None when no head was known then
        self._was_tried = False

    def prepare(self) -> None:
        """Before the first try only: the head may be this batch's own afterwards, and then the batch would fit behind
        itself.
        """
        recorder = self._recorder
        if recorder.head is not None and not self._was_tried:
            self._draft = draft(recorder.task_id, recorder.head, self._events, recorder.clock.now())

    def __call__(self, connection: Connection) -> Place | None:
        recorder = self._recorder
        self._was_tried = True
        written = self._write(connection)
        if written is None:
            return None
        place, recorder.head = written
        if self._rows:
            connection.execute(insert(violations), self._rows)
        return place

    def _write(self, connection: Connection) -> tuple[Place, Head] | None:
        recorder = self._recorder
        if self._draft is not None:
            written = append_draft(connection, recorder.task_id, self._draft, where=recorder.owned())
            if written is not None:
                return written
        now = recorder.clock.now()
        return append_known(connection, recorder.task_id, self._events, now=now, where=recorder.owned())
