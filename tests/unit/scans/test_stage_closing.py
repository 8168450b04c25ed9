"""Stages of attempts that do not come to their end."""

import pytest

from app.domain.stages import STAGES, StageKey
from app.domain.tasks import TaskStatus
from app.events.event import NewEvent
from app.events.types import TaskStage
from app.scans.stage_closing import StageClosing

DISCOVERY, CRAWL, THIRD_PARTY, CAPTURE, ANALYSIS = (spec.key for spec in STAGES)


def stage(key: StageKey, status: str, *, begun: bool = True) -> dict[str, object]:
    return {"key": key.value, "status": status, "started_at": "2026-01-01T00:00:00.000Z" if begun else None}


ROW = [
    stage(DISCOVERY, "completed"),
    stage(CRAWL, "running"),
    stage(THIRD_PARTY, "pending"),  # a process was lost while it ran
    stage(CAPTURE, "failed"),
    stage(ANALYSIS, "pending", begun=False),
]


def told(events: list[NewEvent]) -> list[tuple[str, str, str]]:
    bodies = [event.body for event in events]
    return [(body.stage_key.value, body.status, body.stage) for body in bodies if isinstance(body, TaskStage)]


@pytest.mark.parametrize(("end", "status"), [(TaskStatus.CANCELLED, "cancelled"), (TaskStatus.FAILED, "failed")])
def test_what_has_begun_and_not_ended_ends_as_its_attempt_does(end, status):
    closed = told(StageClosing(end, "en").events(ROW, []))
    assert [(key, said) for key, said, _ in closed] == [("page_crawl", status), ("third_party", status)]
    assert closed[0][2] == "Page crawl"


def test_of_a_complete_attempt_nothing_is_closed():
    assert StageClosing(TaskStatus.COMPLETED, "en").events(ROW, []) == []


def test_what_is_written_just_before_counts():
    lead = [
        NewEvent(TaskStage(stage_key=CRAWL, stage="s", status="completed")),
        NewEvent(TaskStage(stage_key=ANALYSIS, stage="s", status="running")),
    ]
    closed = told(StageClosing(TaskStatus.FAILED, "en").events(ROW, lead))
    assert [key for key, _, _ in closed] == ["third_party", "ai_analysis"]


def test_asked_again_it_gives_the_same_events():
    closing = StageClosing(TaskStatus.FAILED, "en")
    assert closing.events(ROW, []) == closing.events(ROW, [])
