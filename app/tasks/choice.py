"""Which of the waiting scans are started, and what those are told that go on waiting."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.tasks import TaskStatus
from app.events.journal import Journal
from app.events.types import TaskWarning
from app.repositories import queue
from app.services.lifecycle import Lifecycle
from app.services.texts import Texts

MAX_QUEUE_LOOK: Final = 200  # waiting tasks looked at in one round; the others are behind them anyway


class Choice:
    """Users take turns (`repositories.queue`), and none has more than `per_user` scans running."""

    def __init__(self, *, per_user: int) -> None:
        self._per_user = per_user
        self._owners: dict[str, str] = {}  # of the tasks that run

    def full(self) -> list[str]:
        """Users who have all that they may have."""
        return [owner for owner, count in Counter(self._owners.values()).items() if count >= self._per_user]

    def take(self, ready: Sequence[Any], *, free: int) -> list[Any]:
        """The first of these rows for so many places; they count as running until `leave`."""
        counts = Counter(self._owners.values())
        taken: list[Any] = []
        for row in ready:
            if len(taken) >= free:
                break
            if counts[row.user_id] < self._per_user:
                counts[row.user_id] += 1
                self._owners[row.id] = row.user_id
                taken.append(row)
        return taken

    def leave(self, task_id: str) -> None:
        self._owners.pop(task_id, None)


def read_queue(connection: Connection, full: Sequence[str]) -> tuple[list[Any], list[Any]]:
    """What waits, and what of it is not of these users: that may stand far behind."""
    waiting = queue.pending(connection, MAX_QUEUE_LOOK)
    return waiting, queue.pending(connection, MAX_QUEUE_LOOK, besides=full) if full else waiting


class QueueNotices:
    """One `queued` warning per attempt, with the position."""

    def __init__(self, *, journal: Journal, lifecycle: Lifecycle, texts: Texts) -> None:
        self._journal = journal
        self._lifecycle = lifecycle
        self._texts = texts
        self._told: set[tuple[str, int]] = set()  # (task, attempt)

    async def tell(self, rows: Sequence[Any]) -> None:
        """`rows` are all that waits, in their order. Raises DatabaseUnavailable."""
        for position, row in enumerate(rows, start=1):
            if (row.id, row.attempt) in self._told:
                continue
            warning = TaskWarning(code="queued", message=self._texts("queued", position=position))
            await self._journal.write(
                self._lifecycle.warn(
                    row.id, row.attempt, warning, only_if=(TaskStatus.PENDING,), once_since=row.attempt
                )
            )
            self._told.add((row.id, row.attempt))
        self._told &= {(row.id, row.attempt) for row in rows}
