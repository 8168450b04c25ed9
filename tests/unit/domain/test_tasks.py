from typing import get_args

import pytest

from app.domain.stages import StageStatus
from app.domain.tasks import ACTIVE, TERMINAL, TO_NEXT_ATTEMPT, UNFINISHED, WITHIN_ATTEMPT, TaskStatus, may_become
from app.events import types
from app.websocket.messages import frames


def test_every_status_has_its_transitions_and_what_is_terminal_has_none():
    assert set(WITHIN_ATTEMPT) == set(TaskStatus)
    assert {status for status, following in WITHIN_ATTEMPT.items() if not following} == TERMINAL
    assert set(TaskStatus) == TERMINAL | UNFINISHED


@pytest.mark.parametrize("status", [TaskStatus.PENDING, TaskStatus.CANCELLING, *sorted(TERMINAL)])
def test_only_what_runs_completes(status):
    assert not may_become(status, TaskStatus.COMPLETED)
    assert may_become(TaskStatus.RUNNING, TaskStatus.COMPLETED)


def test_an_accepted_cancel_is_not_overtaken():
    assert WITHIN_ATTEMPT[TaskStatus.CANCELLING] == {TaskStatus.CANCELLED, TaskStatus.FAILED}
    assert TaskStatus.CANCELLING not in TO_NEXT_ATTEMPT


def test_nothing_goes_back_to_waiting_within_an_attempt():
    assert not any(may_become(status, TaskStatus.PENDING) for status in TaskStatus)
    assert TERMINAL | {TaskStatus.RUNNING} == TO_NEXT_ATTEMPT
    assert {TaskStatus.RUNNING, TaskStatus.CANCELLING} == ACTIVE


def test_the_wire_has_these_statuses():
    def statuses(model):
        return set(get_args(model.model_fields["status"].annotation))

    assert statuses(frames.TaskState) == set(TaskStatus)
    assert statuses(types.TaskCompleted) == TERMINAL
    assert statuses(frames.SnapshotStage) == set(StageStatus)
    assert statuses(types.TaskStage) == set(StageStatus) - {StageStatus.PENDING}
