"""What the public predecessor of the seed got wrong: each mistake is tried here and shown to be impossible."""

import ast
import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.core.config import Settings, load_settings
from app.core.errors import ConfigurationError
from app.domain.stages import STAGES
from app.domain.tasks import TaskStatus
from app.domain.violations import VIOLATION_FROM
from app.events.bus.base import AccessHint
from app.events.event import NewEvent
from app.events.types import Statistics, TaskProgress, Violation, ViolationDetected
from app.findings.recorder import Recorder
from app.monitor.policy import Action, Limits, Observation, assess
from tests.support.frames import read_frame
from tests.support.realtime import Stack, open_client, warning

ROOT = Path(__file__).parents[2]
WRITE_FROM_ANOTHER_PROCESS = """
import sys
from app.core.clock import SystemClock
from app.core.db import Database
from app.events.bus.memory import MemoryBus
from app.events.writer import EventWriter
from app.events.types import TaskProgress
from app.events.event import NewEvent, PendingLogs
from app.domain.log_entry import LogEntry
from app.findings.recorder import Recorder
url, task_id = sys.argv[1:]
clock = SystemClock()
recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=clock)
progress = TaskProgress(progress=5, stage="s", message="m", stage_key="page_crawl", stage_index=2, stage_progress=5)
lines = PendingLogs((LogEntry("INFO", "crawl", "from another process", clock.now()),))
event_writer = EventWriter(db=Database(url), bus=MemoryBus())
event_writer.write_sync(recorder.record([NewEvent(progress), NewEvent(lines)]))
"""


async def test_what_another_process_writes_reaches_the_browser_progress_and_logs_too(tmp_path):
    async with Stack(tmp_path, sweep_interval_s=0.2).serve() as stack:
        user = stack.add_user("a")
        task = await stack.add_task(user)
        async with open_client(stack, user) as client:
            await client.follow(task)
            command = [sys.executable, "-c", WRITE_FROM_ANOTHER_PROCESS, stack.db.url, task]
            process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
            assert await process.wait() == 0
            assert (await client.until("task_progress"))["progress"] == 5
            assert (await client.until("task_logs"))["logs"][0]["message"] == "from another process"


async def test_there_are_five_stages_in_the_snapshot(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with open_client(stack, user) as client:
        await client.follow(task)
        snapshot = await client.until("task_snapshot")
    assert [stage["key"] for stage in snapshot["stages"]] == [spec.key for spec in STAGES]
    assert [stage["name"] for stage in snapshot["stages"]] == [
        "子域名发现",
        "页面爬取",
        "第三方域名识别",
        "内容抓取",
        "AI分析",
    ]


async def test_a_violation_of_0_5_is_pushed_the_moment_it_is_committed_with_a_score_of_0_to_1(tmp_path):
    assert VIOLATION_FROM == 0.5
    found = Violation(domain="d", violation_type="t", risk_level="low", confidence_score=0.5, description="x")
    counts = {"total": 1, "low": 1}
    body = ViolationDetected(
        violation=found,
        violation_id="v",
        finding_id="fraud.d",
        violation_key="fraud",
        needs_review=True,
        violation_counts=counts,
        finding_counts=counts,
    )
    async with Stack(tmp_path, sweep_interval_s=60).serve() as stack:
        user = stack.add_user("a")
        task = await stack.add_task(user)
        async with open_client(stack, user) as client:
            await client.follow(task)
            await stack.say(task, body)
            frame = await client.until("violation_detected", timeout_s=30)  # before the sweep comes
    assert (frame["violation"]["confidence_score"], frame["needs_review"]) == (0.5, True)
    with pytest.raises(ValidationError):
        Violation(domain="d", violation_type="t", risk_level="low", confidence_score=85.0, description="x")


async def test_every_time_on_the_wire_has_its_zone(stack):
    user = stack.add_user("a")
    async with open_client(stack, user) as client:
        task = await stack.add_task(user)
        await client.follow(task)
        await client.until("task_snapshot")
        for frame in client.frames:
            for name, value in frame.items():
                if name.endswith(("_at", "timestamp", "server_time")) and value is not None:
                    assert value.endswith("Z"), (frame["type"], name)


def test_there_is_no_default_signing_key_and_known_ones_are_refused():
    assert Settings().secret_key is None
    for key in ("short", "your-secret-key-change-in-production-please", "a" * 64):
        with pytest.raises(ConfigurationError):
            load_settings({"COMPLIANCE_SECRET_KEY": key})
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        load_settings({"COMPLIANCE_DATABASE_URL": "postgresql://x/y"})


@pytest.mark.parametrize("token", ["", "bad"])
async def test_a_refusal_is_never_1006(stack, token):
    async with connect(f"{stack.url}?token={token}", proxy=None) as socket:
        assert read_frame(await socket.recv())["type"] == "error"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd.code == 1008


async def test_a_token_is_checked_again_while_connected(stack):
    user = stack.add_user("a")
    async with open_client(stack, user) as client:
        stack.auth.endings[user] = "logged_out"
        stack.bus.publish(AccessHint(user))
        with pytest.raises(ConnectionClosed):
            await client.receive()


async def test_without_any_hint_a_logout_still_closes_the_socket(tmp_path):
    async with Stack(tmp_path, access_recheck_s=0.1).serve() as stack:
        user = stack.add_user("a")
        async with open_client(stack, user) as client:
            stack.auth.endings[user] = "logged_out"
            with pytest.raises(ConnectionClosed) as closed:
                await client.receive()
    assert closed.value.rcvd.code == 4500


async def test_a_foreign_origin_does_not_get_in(stack):
    with pytest.raises(InvalidStatus):
        async with connect(f"{stack.url}?token={stack.add_user('a')}", proxy=None, origin="https://evil.example"):
            pass


def test_the_six_hour_warning_comes_once_and_the_twelve_hour_end_is_reached():
    limits = Limits.of(Settings())
    watch, actions = None, []
    for seconds in range(0, 13 * 3_600, 10):
        observation = Observation(TaskStatus.RUNNING, 1, seconds, float(seconds), seconds // 60)
        watch, told = assess(watch, observation, float(seconds), limits)
        actions += [action for action in told if action in (Action.WARN_LONG_RUNNING, Action.FAIL_TIMEOUT)]
        if Action.FAIL_TIMEOUT in told:
            break
    assert actions == [Action.WARN_LONG_RUNNING, Action.FAIL_TIMEOUT]


async def test_an_accepted_cancel_is_not_overwritten_by_the_worker(stack):
    task = await stack.add_task(stack.add_user("a"))
    assert await stack.event_writer.write(stack.lifecycle.request_cancel(task, by="a"))
    assert await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics())) is None
    place = await stack.event_writer.write(stack.lifecycle.cancelled(task, 1, Statistics()))
    assert place.status == "cancelled"


async def test_a_retry_does_not_mix_two_attempts(stack):
    task = await stack.add_task(stack.add_user("a"))
    await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics()))
    await stack.event_writer.write(stack.lifecycle.retry(task, by="a"))
    await stack.event_writer.write(stack.lifecycle.claim(task, 2, "w2", "example.org"))
    old = Recorder(task_id=task, attempt=1, run=1, clock=stack.clock)
    assert await stack.event_writer.write(old.record([NewEvent(warning())])) is None


def test_importing_the_job_touches_nothing():
    """The predecessor's Celery module purged the broker's queues when it was imported."""
    code = (
        "import sys, app.tasks.scan_tasks; print(sorted(m for m in sys.modules if m in {'celery', 'redis', 'kombu'}))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_no_module_does_anything_at_import():
    """No call at module level may open, connect, purge or start something."""
    forbidden = {"connect", "purge", "start", "run", "open", "create_engine", "mkdir", "get_event_loop"}
    for path in (ROOT / "app").rglob("*.py"):
        for statement in ast.parse(path.read_text()).body:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                called = statement.value.func
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                assert name not in forbidden, f"{path}:{statement.lineno}"


def test_no_ten_minute_limit_ends_a_scan():
    limit = Settings.model_fields["long_running_failure_s"].default
    assert limit == 12 * 3_600


async def test_progress_does_not_fall_within_an_attempt(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)

    def at(percent):
        return TaskProgress(
            progress=percent, stage="s", message="m", stage_key="page_crawl", stage_index=2, stage_progress=percent
        )

    await stack.say(task, at(50), at(40))
    async with open_client(stack, user) as client:
        await client.follow(task)
        assert (await client.until("task_snapshot"))["progress"] == 50
