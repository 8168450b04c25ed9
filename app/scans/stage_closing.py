"""Closes the stages of an attempt that is cancelled or fails: one that has ended has no stage that runs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.domain.messages import Language
from app.domain.stages import STAGES, StageKey, StageStatus
from app.domain.tasks import TaskStatus
from app.events.event import NewEvent
from app.events.types import TaskStage

_CLOSED_AS: Final[Mapping[TaskStatus, Any]] = {TaskStatus.CANCELLED: "cancelled", TaskStatus.FAILED: "failed"}


class StageClosing:
    """The `task_stage` events that the end of one attempt may need, made once: a unit of work that is run again after
    an unknown outcome writes the same ones.
    """

    def __init__(self, end: TaskStatus, language: str) -> None:
        status = _CLOSED_AS.get(end)  # None: of a complete scan every stage has ended by itself
        self._events = {
            spec.key: NewEvent(
                TaskStage(stage_key=spec.key, stage=spec.name(language), status=status, lang=Language(language))
            )
            for spec in STAGES
            if status is not None
        }

    def events(self, stages: Sequence[Mapping[str, Any]], lead: Sequence[NewEvent]) -> list[NewEvent]:
        """Return those of the stages that have begun and not ended, by the row's column and the events before."""
        return [self._events[key] for key in _unfinished(stages, lead) if key in self._events]


def _unfinished(stages: Sequence[Mapping[str, Any]], lead: Sequence[NewEvent]) -> Iterator[StageKey]:
    """Begun are also those that wait for the next attempt after a lost process."""
    statuses = {stage["key"]: stage["status"] for stage in stages}
    waiting = {stage["key"] for stage in stages if stage["status"] == StageStatus.PENDING and stage["started_at"]}
    statuses |= dict.fromkeys(waiting, StageStatus.RUNNING)
    bodies = (event.body for event in lead)
    statuses |= {body.stage_key: body.status for body in bodies if isinstance(body, TaskStage)}
    return (StageKey(key) for key, status in statuses.items() if status == StageStatus.RUNNING)
