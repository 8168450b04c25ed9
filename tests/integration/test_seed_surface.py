"""Every name of the user's own document is importable from its path, and does what the document says."""

import asyncio
import importlib
import inspect

import pytest
from prometheus_client import generate_latest

from app.api.v1.websocket import router
from app.core.config import Settings
from app.core.metrics import Metrics
from app.domain.log_entry import LogEntry
from app.domain.stages import StageKey
from app.domain.violations import RiskLevel, ViolationKey
from app.events.log import read_after
from app.events.types import ErrorInfo, Statistics
from app.scans.queries import tasks
from app.websocket.handlers import TaskMonitorHandler
from app.websocket.messages.frames import AdminBroadcast
from tests.support.interface import openapi_document
from tests.support.realtime import open_client

NAMES = {
    "app.websocket.manager": {
        "ConnectionInfo": [],
        "WebSocketManager": [
            "connect",
            "disconnect",
            "subscribe_to_task",
            "broadcast_to_user",
            "broadcast_to_task_subscribers",
            "handle_client_message",
            "stats",
        ],
    },
    "app.websocket.handlers": {
        "TaskMonitorHandler": [
            "notify_task_created",
            "notify_task_started",
            "notify_task_progress",
            "notify_task_completed",
            "notify_task_error",
            "notify_violation_detected",
            "send_task_logs",
            "_monitor_tasks_loop",
            "_check_running_tasks",
            "_handle_timeout_task",
        ]
    },
    "app.core.dependencies": {"get_current_user_websocket": []},
    "app.engines.scan_executor": {"ScanExecutor": []},
    "app.tasks.scan_tasks": {"run_scan": [], "execute_scan_task": []},
    "app.api.v1.tasks": {"router": []},
    "app.api.v1.websocket": {"router": []},
}
METRICS = [
    "active_users_count",
    "websocket_connections_total",
    "websocket_messages_sent_total",
    "websocket_connection_duration_count",
    "concurrent_tasks_count",
    "task_notifications_sent_total",
    "task_monitoring_errors_total",
]


@pytest.mark.parametrize("path", NAMES)
def test_every_name_is_at_its_path(path):
    module = importlib.import_module(path)
    for name, members in NAMES[path].items():
        found = getattr(module, name)
        for member in members:
            assert callable(getattr(found, member)), f"{path}.{name}.{member}"


def test_main_offers_the_application_without_making_it_at_import():
    assert "app" not in vars(importlib.import_module("main"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("WS", "/monitor/ws"),
        ("GET", "/monitor/ws/stats"),
        ("POST", "/monitor/ws/broadcast"),
        ("GET", "/monitor/tasks/{task_id}/status"),
        ("GET", "/monitor/tasks/{task_id}/logs"),
    ],
)
def test_every_endpoint_of_the_seed_is_routed(method, path):
    routes = {(verb, route.path) for route in router.routes for verb in getattr(route, "methods", None) or {"WS"}}
    assert (method, f"/api/v1{path}") in {(verb, f"/api/v1{own}") for verb, own in routes}
    assert {"/api/v1/monitor/ws/stats", "/api/v1/tasks"} <= set(openapi_document()["paths"])


def test_the_seven_metrics_are_exported_under_their_names():
    metrics = Metrics()
    metrics.notifications_sent.labels("task_progress").inc()
    text = generate_latest(metrics.registry).decode()
    for name in METRICS:
        assert any(line.startswith((f"{name} ", f"{name}{{")) for line in text.splitlines()), name


class Watch:
    """Remembers what the handler asks of the monitor."""

    def __init__(self):
        self.calls = []

    async def start(self):
        self.calls.append("start")

    async def stop(self):
        self.calls.append("stop")

    async def run(self):
        self.calls.append("run")

    async def check_running_tasks(self):
        self.calls.append("check")

    async def handle_timeout(self, task):
        self.calls.append(("timeout", task.id))


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def handler(stack, watch):
    return TaskMonitorHandler(
        db=stack.db,
        event_writer=stack.event_writer,
        lifecycle=stack.lifecycle,
        monitor=watch,
        clock=stack.clock,
        language="zh-CN",
    )


async def test_each_notification_reaches_a_watcher_as_the_seed_prints_it(stack, handler):
    user = stack.add_user("a")
    async with open_client(stack, user) as client:
        created = await handler.notify_task_created(user_id=user, target_domain="example.org")
        task = created.task_id
        assert (await client.until("task_created"))["target_domain"] == "example.org"
        await client.follow(task)
        await handler.notify_task_started(task, worker_id="w1")
        assert (await client.until("task_started"))["worker_id"] == "w1"
        await handler.notify_task_progress(
            task, progress=75, stage_key=StageKey.AI_ANALYSIS, stage_progress=10, message="正在分析第三方域名内容"
        )
        frame = await client.until("task_progress")
        assert {key: frame[key] for key in ("task_id", "progress", "stage", "message")} == {
            "task_id": task,
            "progress": 75,
            "stage": "AI分析",
            "message": "正在分析第三方域名内容",
        }
        await handler.send_task_logs(task, [LogEntry("INFO", "crawl", "one"), LogEntry("ERROR", "crawl", "two")])
        assert [line["log_seq"] for line in (await client.until("task_logs"))["logs"]] == [1, 2]
        await handler.notify_violation_detected(
            task,
            domain="example.com",
            violation_key=ViolationKey.ADULT,
            risk_level=RiskLevel.HIGH,
            confidence_score=0.85,
            description="检测到高风险违规内容",
        )
        assert (await client.until("violation_detected"))["violation"] == {
            "domain": "example.com",
            "violation_type": "色情内容",
            "risk_level": "high",
            "confidence_score": 0.85,
            "description": "检测到高风险违规内容",
        }
        numbers = {
            "total_subdomains": 15,
            "total_pages_crawled": 45,
            "total_third_party_domains": 9,
            "total_violations": 3,
            "execution_duration": 1200,
        }
        await handler.notify_task_completed(task, Statistics(**numbers))
        frame = await client.until("task_completed")
        assert (frame["status"], frame["statistics"]) == ("completed", numbers)


async def test_an_error_is_told_before_the_failed_completion(stack, handler):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with open_client(stack, user) as client:
        await client.follow(task)
        await handler.notify_task_error(task, ErrorInfo(code="internal", message="broken", retryable=True))
        assert (await client.until("task_error"))["code"] == "internal"
        assert (await client.receive())["status"] == "failed"
    events = await stack.db.read(lambda c: read_after(c, task, 0, limit=100))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


async def test_the_handler_watches_through_the_monitor(stack, handler, watch):
    task = await stack.add_task(stack.add_user("a"))
    await handler._monitor_tasks_loop()
    await handler._check_running_tasks()
    await handler._handle_timeout_task(task)
    assert watch.calls == ["run", "check", ("timeout", task)]


async def test_what_is_not_possible_says_so(stack, handler):
    from app.core.errors import Conflict, NotFound

    with pytest.raises(NotFound):
        await handler.notify_task_started("no-such-task", worker_id="w")
    task = await stack.add_task(stack.add_user("a"))
    with pytest.raises(Conflict):
        await handler.notify_task_started(task, worker_id="w")


async def test_the_managers_methods_work_by_connection_id(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    manager = stack.manager
    async with open_client(stack, user) as client:
        (connection,) = manager.registry.of_user(user)
        assert await manager.subscribe_to_task(connection.connection_id, task)
        await client.until("task_snapshot")
        assert connection.subscriptions == {task}
        frame = AdminBroadcast(
            broadcast_id="b", message="hi", level="info", sender="s", timestamp="2026-01-01T00:00:00.000Z"
        )
        assert await manager.broadcast_to_user(user, frame) == 1
        assert await manager.broadcast_to_task_subscribers(task, frame) == 1
        await manager.handle_client_message(connection, '{"type":"ping"}')
        await client.until("pong")
        stats = manager.stats()
        assert (stats["connections"], stats["users"], stats["subscriptions"]) == (1, 1, 1)
        assert await manager.unsubscribe_from_task(connection.connection_id, task)
        await manager.disconnect(connection.connection_id)
        assert manager.stats()["connections"] == 0
    assert not await manager.subscribe_to_task("gone", task)


async def test_the_amounts_of_the_metrics_are_exact(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    metrics = stack.metrics
    async with open_client(stack, user) as one, open_client(stack, user):
        await one.follow(task)
        await one.until("task_snapshot")
        assert metrics.active_users._value.get() == 1
        assert metrics.connections._value.get() == 2
        await stack.say(task, stack.lines("x"))
        await one.until("task_logs")
        # Two welcomes, a result, a snapshot, one log frame; the other connection gets no notice of logs.
        assert metrics.messages_sent._value.get() == 5
        assert metrics.notifications_sent.labels("task_logs")._value.get() == 1
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        while metrics.open_connections._value.get():  # noqa: ASYNC110 - the server's side of the close
            await asyncio.sleep(0.01)
    assert metrics.active_users._value.get() == 0
    assert metrics.connection_duration._sum.get() > 0
    assert sum(bucket.get() for bucket in metrics.connection_duration._buckets) == 2


async def test_indexes_do_not_keep_a_connection_alive(stack):
    import gc
    import weakref

    user = stack.add_user("a")
    async with open_client(stack, user):
        (connection,) = stack.manager.registry.of_user(user)
        gone = weakref.ref(connection)
        del connection
    async with asyncio.timeout(30):
        while gone() is not None:
            gc.collect()
            await asyncio.sleep(0.01)
    assert len(stack.manager.registry) == 0


def test_the_monitors_times_are_those_of_the_seed():
    settings = Settings()
    assert (settings.ws_idle_timeout_s, settings.monitor_interval_s) == (60, 10)
    assert (settings.long_running_warning_s, settings.long_running_failure_s) == (6 * 3_600, 12 * 3_600)
    assert Settings.model_fields["ws_check_interval_s"].default <= 30


def test_the_repositories_filter_by_owner():
    assert "principal" in inspect.signature(tasks.find).parameters
