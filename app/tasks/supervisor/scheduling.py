"""Which of the waiting scans are started, and the warnings of those that go on waiting."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from app.domain.messages import MessageCatalog
from app.domain.task_row import TaskRow
from app.domain.tasks import TaskStatus
from app.domain.translation import said
from app.events.types import TaskWarning
from app.events.writer import EventWriter
from app.scans.lifecycle import Lifecycle
from app.scans.queries import queue

MAX_QUEUE_LOOK: Final = 200  # waiting tasks looked at in one round; the others are behind them anyway


class UserConcurrencyLimit:
    """Lets each user have at most `per_user` scans running. The order is the queue's (`scans.queries.queue`)."""

    def __init__(self, *, per_user: int) -> None:
        self.per_user = per_user  # may change; what runs already goes on
        self._owners: dict[str, str] = {}  # of the tasks that run

    def users_at_limit(self) -> list[str]:
        """Return the users who may start nothing more."""
        return [owner for owner, count in Counter(self._owners.values()).items() if count >= self.per_user]

    def take(self, ready: Sequence[TaskRow], *, free: int) -> list[TaskRow]:
        """Return the first `free` rows whose users may start them; they count as running until `leave`."""
        counts = Counter(self._owners.values())
        taken: list[TaskRow] = []
        for row in ready:
            if len(taken) >= free:
                break
            if counts[row.user_id] < self.per_user:
                counts[row.user_id] += 1
                self._owners[row.id] = row.user_id
                taken.append(row)
        return taken

    def leave(self, task_id: str) -> None:
        """Note that the task does not run any more."""
        self._owners.pop(task_id, None)


def read_queue(connection: Connection, at_limit: Sequence[str]) -> tuple[list[TaskRow], list[TaskRow]]:
    """Return the first tasks that wait, and the first that are of no user at the limit, which may stand far behind."""
    waiting = queue.pending(connection, MAX_QUEUE_LOOK)
    return waiting, queue.pending(connection, MAX_QUEUE_LOOK, besides=at_limit) if at_limit else waiting


class QueueWarnings:
    """Writes one `queued` warning per attempt, with the position."""

    def __init__(self, *, event_writer: EventWriter, lifecycle: Lifecycle, texts: MessageCatalog) -> None:
        self._event_writer = event_writer
        self._lifecycle = lifecycle
        self._texts = texts
        self._warned: set[tuple[str, int]] = set()  # (task, attempt)

    async def warn(self, rows: Sequence[TaskRow]) -> None:
        """Warn those that were not warned yet; `rows` are all that wait, in order. Raises DatabaseUnavailable."""
        for position, row in enumerate(rows, start=1):
            if (row.id, row.attempt) in self._warned:
                continue
            warning = TaskWarning(code="queued", **said(self._texts("queued", position=position)))
            await self._event_writer.write(
                self._lifecycle.warn(
                    row.id, row.attempt, warning, only_if=(TaskStatus.PENDING,), once_since=row.attempt
                )
            )
            self._warned.add((row.id, row.attempt))
        self._warned &= {(row.id, row.attempt) for row in rows}
