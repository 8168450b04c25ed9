"""What becomes of an attempt whose worker is gone. Pure: a row in, the unit that settles it out."""

from typing import Any, Final

from app.domain.tasks import TaskStatus
from app.events.journal import Unit
from app.events.state import WORKER_LOST
from app.events.types import ErrorInfo, Statistics
from app.services.lifecycle import Lifecycle
from app.services.texts import Texts

_COUNTED: Final = ("total_subdomains", "total_pages_crawled", "total_third_party_domains", "total_violations")


class Settlement:
    """Knows how often an attempt may be lost before its task fails."""

    def __init__(self, *, lifecycle: Lifecycle, texts: Texts, max_requeues: int) -> None:
        self._lifecycle = lifecycle
        self._texts = texts
        self._max_requeues = max_requeues

    def of_lost(self, row: Any, attempt: int, *, counts: bool = True) -> Unit | None:
        """For a worker of `attempt` that is certainly gone. None: the attempt left nothing to settle.

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

    def failed(self, row: Any, code: str, **values: object) -> Unit:
        """The attempt ends here; `code` is also the key of its text."""
        error = ErrorInfo(code=code, message=self._texts(code, **values), retryable=True)
        unfinished = (TaskStatus.PENDING, TaskStatus.RUNNING)
        return self._lifecycle.fail(row.id, row.attempt, error, statistics_of(row), only_if=unfinished)


def statistics_of(row: Any, extra_s: float = 0.0) -> Statistics:
    """The final numbers as far as the row knows them."""
    counted = {name: row.statistics.get(name, 0) for name in _COUNTED}
    return Statistics(**counted, execution_duration=int(row.running_s + extra_s))
