"""Statuses of a scan task and the one table of legal transitions (ADR 0002, delivery rule 6)."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class TaskStatus(StrEnum):
    """Status of a task on the wire and in the database."""

    PENDING = "pending"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL: Final = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})
ACTIVE: Final = frozenset({TaskStatus.RUNNING, TaskStatus.CANCELLING})  # somebody may be working on it
UNFINISHED: Final = ACTIVE | {TaskStatus.PENDING}

# Within one attempt. From `cancelling` a task never becomes `completed`: an accepted cancel is not overtaken.
WITHIN_ATTEMPT: Final = MappingProxyType(
    {
        TaskStatus.PENDING: frozenset({TaskStatus.RUNNING, TaskStatus.CANCELLED, TaskStatus.FAILED}),
        TaskStatus.RUNNING: frozenset({TaskStatus.CANCELLING, TaskStatus.COMPLETED, TaskStatus.FAILED}),
        TaskStatus.CANCELLING: frozenset({TaskStatus.CANCELLED, TaskStatus.FAILED}),
        TaskStatus.COMPLETED: frozenset[TaskStatus](),
        TaskStatus.FAILED: frozenset[TaskStatus](),
        TaskStatus.CANCELLED: frozenset[TaskStatus](),
    }
)
# To `pending` of the next attempt: a retry by a user from a terminal status, a requeue of a lost running one.
TO_NEXT_ATTEMPT: Final = TERMINAL | {TaskStatus.RUNNING}


def may_become(old: TaskStatus, new: TaskStatus) -> bool:
    """Return whether the transition from `old` to `new` is legal within one attempt."""
    return new in WITHIN_ATTEMPT[old]
