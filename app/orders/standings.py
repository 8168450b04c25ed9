"""The scans of an order, each with the results that stand for it."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.domain.orders import Standing
from app.domain.task_row import TaskRow
from app.orders import queries
from app.scans.queries import runs
from app.site_counts.summary import Counts, open_counts_of_tasks


@dataclass(frozen=True, slots=True)
class OrderedScan:
    """`task` as it is; `shown` as the run left it whose results stand for it (`scans.shown_run`). `open_counts`: of
    its findings that nobody has dismissed.
    """

    task: TaskRow
    shown: TaskRow
    open_counts: Counts

    @property
    def dismissed(self) -> int:
        return self.shown.finding_counts.get("total", 0) - self.open_counts["total"]

    @property
    def standing(self) -> Standing:
        return Standing(
            target_domain=self.task.target_domain,
            status=self.task.status,
            verdict=self.shown.verdict,
            finding_counts=self.shown.finding_counts,
            open_counts=self.open_counts,
        )


def read_scans(connection: Connection, order_id: str) -> list[OrderedScan]:
    """Return those that are not deleted, the worst first (`Standing.urgency`)."""
    rows = queries.tasks_of(connection, order_id)
    attempts = runs.shown_attempts(connection, rows)
    shown = [_shown(connection, row, attempts[row.id]) for row in rows]
    open_counts = open_counts_of_tasks(connection, shown)
    scans = [OrderedScan(row, run, open_counts[row.id]) for row, run in zip(rows, shown, strict=True)]
    return sorted(scans, key=lambda scan: scan.standing.urgency())


def _shown(connection: Connection, row: TaskRow, attempt: int) -> TaskRow:
    """Only a task that was tried again has another run to be looked for."""
    found = None if attempt == row.attempt else runs.containing(connection, row, attempt)
    return row if found is None else found.task
