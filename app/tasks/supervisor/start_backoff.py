"""When a scan whose process did not start is started again. Pure; time comes in as monotonic seconds."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

# Pauses after starts that failed for want of a resource; the last one repeats.
SHORTAGE_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0)


@dataclass(slots=True)
class _Failures:
    """Of one task."""

    lost: int = 0  # processes that ended before they claimed the task, for no reason that we know
    short: int = 0  # starts in a row for which a resource was missing
    not_before: float = 0.0


@dataclass(slots=True)
class StartBackoff:
    """Delays starts after a lost process, and after a shortage of resources; only the former are counted.

    A shortage is the machine's, so it also delays the starts of all other tasks, for a shorter time: the task that was
    tried first must not keep those behind it from being tried once.
    """

    _failures: dict[str, _Failures] = field(default_factory=dict)  # by task; forgotten when it was claimed
    _at_work: set[str] = field(default_factory=set)  # tasks whose process has claimed them, and has not ended
    _short: int = 0  # shortages in a row, of whichever task
    _not_before: float = 0.0  # for all

    def may_start(self, task_id: str, now: float) -> bool:
        failures = self._failures.get(task_id)
        return now >= self._not_before and (failures is None or now >= failures.not_before)

    def record_lost(self, task_id: str, now: float) -> int:
        """Note that a process ended before it claimed the task; return how many did."""
        failures = self._failures.setdefault(task_id, _Failures())
        failures.lost += 1
        failures.not_before = now + failures.lost
        return failures.lost

    def record_shortage(self, task_id: str, now: float) -> float:
        """Note that a resource was missing; return the seconds until this task is tried again."""
        failures = self._failures.setdefault(task_id, _Failures())
        failures.short += 1
        self._short += 1
        pause_s = _pause_s(failures.short)
        failures.not_before = now + pause_s
        self._not_before = now + min(_pause_s(self._short), pause_s) / 2
        return pause_s

    def record_claim(self, task_id: str) -> None:
        """Note that the task was claimed: no resource is missing any more. Further calls change nothing."""
        if task_id in self._at_work:
            return
        self._at_work.add(task_id)
        self._failures.pop(task_id, None)
        self._short, self._not_before = 0, 0.0

    def record_exit(self, task_id: str) -> None:
        """Note that the task's process is gone."""
        self._at_work.discard(task_id)

    def keep(self, task_ids: Collection[str]) -> None:
        """Forget all other tasks: they wait no longer."""
        self._failures = {key: failures for key, failures in self._failures.items() if key in task_ids}


def _pause_s(failures: int) -> float:
    return SHORTAGE_PAUSES_S[min(failures, len(SHORTAGE_PAUSES_S)) - 1]
