"""Recovery of an attempt whose worker is lost. Pure: a row in, the unit of work that recovers it out."""

from typing import Final

from app.domain.messages import MessageCatalog
from app.domain.projection import WORKER_LOST
from app.domain.task_row import TaskRow
from app.domain.tasks import TaskStatus
from app.events.types import ErrorInfo, Statistics
from app.events.writer import UnitOfWork
from app.scans.lifecycle import Lifecycle

_COUNTED: Final = ("total_subdomains", "total_pages_crawled", "total_third_party_domains", "total_violations")


class LostAttemptRecovery:
    """Decides between requeue, failure and cancellation."""

    def __init__(self, *, lifecycle: Lifecycle, texts: MessageCatalog, max_requeues: int) -> None:
        self._lifecycle = lifecycle
        self._texts = texts
        self._max_requeues = max_requeues

    def resolve_lost(self, row: TaskRow | None, attempt: int, *, counts: bool = True) -> UnitOfWork | None:
        """Return the unit of work that ends `attempt`, whose worker is gone; None if there is nothing to recover.

        Running is requeued, or failed after too many times; cancelling becomes cancelled. `counts=False`: a restart
        of the server does not count.
        """
        if row is None or row.attempt != attempt:
            return None
        match TaskStatus(row.status):
            case TaskStatus.CANCELLING:
                return self._lifecycle.cancelled(row.id, attempt, statistics_of(row))
            case TaskStatus.RUNNING if not counts or row.requeues < self._max_requeues:
                return self._lifecycle.requeue(row.id, attempt, counts=counts)
            case TaskStatus.RUNNING:
                return self.failed(row, WORKER_LOST)
            case _:
                return None

    def failed(self, row: TaskRow, code: str, **values: object) -> UnitOfWork:
        """Return what fails the attempt; `code` is also the key of its message."""
        error = ErrorInfo.told(code, self._texts(code, **values), retryable=True)
        unfinished = (TaskStatus.PENDING, TaskStatus.RUNNING)
        return self._lifecycle.fail(row.id, row.attempt, error, statistics_of(row), only_if=unfinished)


def statistics_of(row: TaskRow) -> Statistics:
    """Return the final numbers as far as the row knows them."""
    counted = {name: row.statistics.get(name, 0) for name in _COUNTED}
    return Statistics(**counted, execution_duration=int(row.running_s))
