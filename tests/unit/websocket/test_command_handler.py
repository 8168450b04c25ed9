"""What commands cost, and how much their answers may bring at once (protocol.md, section 6)."""

import time

import orjson
import pytest

from app.domain.messages import Language, MessageCatalog
from app.websocket.connections.connection import PULL_BURST_BYTES, SNAPSHOT_COST_BYTES
from tests.support.clock import FakeClock
from tests.support.realtime import warning

LINES, LINE_BYTES = 50, 4_000  # of a snapshot that is nearly as large as one may be


async def say(desk, watcher, **command):
    await desk.manager.handle_client_message(watcher.connection, orjson.dumps(command).decode())
    await desk.settle()
    return watcher.frames()


async def add_large_task(stack, user):
    task = await stack.add_task(user)
    await stack.say(task, stack.lines(*["x" * LINE_BYTES for _ in range(LINES)]))
    return task


@pytest.fixture
async def scene(desk):
    """(desk, user, a connection whose clock moves only while it waits)"""
    user = desk.stack.add_user("a")
    watcher = await desk.connect(user)
    watcher.connection.clock = FakeClock()
    return desk, user, watcher


def elapsed_s(watcher):
    return watcher.connection.clock.seconds - FakeClock().seconds


async def test_a_task_named_a_hundred_times_brings_one_snapshot(scene):
    desk, user, watcher = scene
    task = await desk.stack.add_task(user)
    frames = await say(desk, watcher, type="subscribe_tasks", items=[{"task_id": task}] * 100, id="c")
    results = [frame for frame in frames if frame["type"] == "subscription_result"]
    assert [frame["type"] for frame in frames].count("task_snapshot") == 1
    assert [result["success"] for result in results] == [True] + [False] * 99
    assert {result["error"]["code"] for result in results[1:]} == {"invalid_field"}


async def test_an_item_costs_as_much_as_a_command_of_its_own(scene):
    desk, _, watcher = scene
    desk.manager.command_handler.clock = clock = FakeClock()
    clock.seconds = time.monotonic()  # what the connection was opened at
    command = {"type": "subscribe_tasks", "items": [{"task_id": f"t{number}"} for number in range(100)]}
    for _ in range(3):
        frames = await say(desk, watcher, **command)
        assert len(frames) == 100
    clock.advance(0.15)  # room for the frame, not for its items
    (refused,) = await say(desk, watcher, **command, id="fourth")
    assert (refused["code"], refused["id"]) == ("rate_limited", "fourth")
    assert 9_000 < refused["retry_after_ms"] <= 9_901
    assert await say(desk, watcher, **command, id="fifth") == []  # said once a second


async def test_large_snapshots_leave_at_their_connections_pace(scene):
    desk, user, watcher = scene
    for _ in range(20):
        task = await add_large_task(desk.stack, user)
        assert await desk.manager.subscribe_to_task(watcher.connection, task)
    sent = sum(map(len, watcher.transport.wire))
    assert sent > 3 * PULL_BURST_BYTES
    assert sent <= PULL_BURST_BYTES + desk.stack.settings.ws_pull_bytes_per_s * elapsed_s(watcher) + (1 << 19)


async def test_small_snapshots_are_bounded_by_their_number(scene):
    desk, user, watcher = scene
    task = await desk.stack.add_task(user)
    for _ in range(300):
        assert await desk.manager.subscribe_to_task(watcher.connection, task, log_tail=0)
    allowed = PULL_BURST_BYTES + desk.stack.settings.ws_pull_bytes_per_s * elapsed_s(watcher)
    assert allowed >= (300 - 1) * SNAPSHOT_COST_BYTES


async def test_replays_leave_at_the_same_pace(scene):
    desk, user, watcher = scene
    task = await desk.stack.add_task(user)
    await desk.stack.say(task, *[warning("x" * 4_000) for _ in range(200)])
    await desk.follow(watcher, task)
    before = sum(map(len, watcher.transport.wire))
    for _ in range(10):
        await say(desk, watcher, type="resume", task_id=task, last_seq=2)
    sent = sum(map(len, watcher.transport.wire)) - before
    assert sent > 10 * 200 * 4_000
    assert sent <= PULL_BURST_BYTES + desk.stack.settings.ws_pull_bytes_per_s * elapsed_s(watcher) + (1 << 18)


@pytest.mark.parametrize("language", Language)
async def test_an_error_is_told_in_the_readers_language(scene, language):
    desk, _, watcher = scene
    watcher.connection.language = language
    texts = MessageCatalog(language)
    (error,) = await say(desk, watcher, type="subscribe_task", id="c1")
    assert (error["code"], error["id"]) == ("missing_field", "c1")
    assert error["message"] == texts("frame.field_missing", field="task_id")
    (refused,) = await say(desk, watcher, type="subscribe_task", task_id="none")
    assert refused["error"] == {"code": "not_found", "message": texts("frame.not_found")}
    twice, again = await say(desk, watcher, type="subscribe_tasks", items=[{"task_id": "x"}, {"task_id": "x"}])
    assert twice["error"]["message"] == texts("frame.not_found")
    assert again["error"]["message"] == texts("frame.item_twice")
