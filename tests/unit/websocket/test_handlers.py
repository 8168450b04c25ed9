"""What happens to a task, told under the names of the original design: durable, and only where it is legal."""

import pytest

from app.core.errors import Conflict, NotFound
from app.domain.log_entry import LogEntry
from app.domain.stages import StageKey
from app.domain.violations import RiskLevel, ViolationKey
from app.events.types import ErrorInfo, Statistics
from app.websocket.handlers import TaskMonitorHandler


@pytest.fixture
async def scene(desk):
    """(handler, its task, a connection that follows it)"""
    stack, user, task = await desk.open_task()
    handler = TaskMonitorHandler(
        db=stack.db,
        event_writer=stack.event_writer,
        lifecycle=stack.lifecycle,
        monitor=None,
        clock=stack.clock,
        language="en",
    )
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    return handler, task, watcher


async def test_each_notification_is_an_event_in_order(desk, scene):
    handler, task, watcher = scene
    await handler.notify_task_progress(
        task, progress=30, stage_key=StageKey.PAGE_CRAWL, stage_progress=50, message="half"
    )
    await handler.send_task_logs(task, [LogEntry("INFO", "crawl", "a line")])
    await handler.notify_violation_detected(
        task,
        domain="bets.example",
        violation_key=ViolationKey.GAMBLING,
        risk_level=RiskLevel.HIGH,
        confidence_score=0.7,
        description="a gambling site",
    )
    await handler.notify_task_completed(task, Statistics())
    await desk.settle()
    frames = watcher.frames()
    assert [frame["type"] for frame in frames] == ["task_progress", "task_logs", "violation_detected", "task_completed"]
    assert [frame["prev_seq"] for frame in frames] == [frame["seq"] - 1 for frame in frames]
    assert frames[2]["needs_review"]


async def test_content_behind_a_hidden_link_is_told_with_the_finding_that_both_are_now(desk, scene):
    handler, task, watcher = scene
    for key in (ViolationKey.HIDDEN_LINK, ViolationKey.GAMBLING):
        await handler.notify_violation_detected(
            task,
            domain="bets.example",
            violation_key=key,
            risk_level=RiskLevel.HIGH,
            confidence_score=0.9,
            description="why",
        )
    await desk.settle()
    frames = watcher.frames()
    assert [frame["type"] for frame in frames] == ["violation_detected", "violation_detected", "finding_changed"]
    changed = frames[-1]
    assert (changed["finding_id"], changed["kinds"]) == ("gambling.bets.example", ["gambling", "hidden_link"])
    assert (changed["finding_counts"]["total"], changed["violation_counts"]["total"]) == (1, 2)


async def test_an_error_ends_the_attempt(desk, scene):
    handler, task, watcher = scene
    await handler.notify_task_error(task, ErrorInfo(code="internal", message="broken", retryable=True))
    await desk.settle()
    assert watcher.kinds() == ["task_error", "task_completed"]


async def test_a_task_that_is_over_takes_nothing_more(scene):
    handler, task, _ = scene
    await handler.notify_task_completed(task, Statistics())
    with pytest.raises(Conflict):
        await handler.notify_task_completed(task, Statistics())


async def test_a_missing_task_is_not_found(scene):
    handler, _, _ = scene
    with pytest.raises(NotFound):
        await handler.notify_task_started("gone", worker_id="w")
