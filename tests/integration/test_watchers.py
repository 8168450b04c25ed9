"""A hundred watchers on one busy task: each of them complete. How fast, bench/realtime.py says."""

import asyncio

import pytest
from sqlalchemy import select

from app.events.event import NewEvent
from app.events.tables import task_events
from app.events.types import Statistics, TaskProgress
from app.findings.recorder import Recorder
from tests.support.realtime import Stack, open_client, warning
from tests.support.violations import event_of, new_violation

WATCHERS = 100
ROUNDS = 60
# The limits of protocol.md, section 6, are for people at browsers.
LIMITS = {
    "ws_max_connections_per_user": 2 * WATCHERS,
    "ws_max_connections_per_address": 2 * WATCHERS,
    "ws_handshakes_per_s_per_address": 1_000,
}


def progress(percent):
    return TaskProgress(
        progress=percent,
        stage="页面爬取",
        message=f"{percent} pages",
        stage_key="page_crawl",
        stage_index=2,
        stage_progress=percent,
    )


def violation(number):
    """The event and its row."""
    violation = new_violation(f"bad{number}.example", description="-")
    return event_of(violation, "zh-CN"), violation


async def scan(stack, task, *, pace):
    """A scan's events as its process writes them: lines, progress, warnings, violations; then the end."""
    recorder = Recorder(task_id=task, attempt=1, run=1, clock=stack.clock)
    for number in range(ROUNDS):
        found, row = violation(number)
        bodies = [stack.lines(*(f"page {number}.{line}" for line in range(5))), progress(number), found]
        if number % 10 == 0:
            bodies.append(warning(f"round {number}"))
        assert await stack.event_writer.write(recorder.record([NewEvent(body) for body in bodies], [row]))
        await pace(number)
    assert await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics(total_violations=ROUNDS)))


async def logged(stack, task):
    """Type of every event in the log, by seq."""
    e = task_events.c
    rows = await stack.db.read(lambda c: c.execute(select(e.seq, e.type).where(e.task_id == task)).all())
    return dict(rows)


def is_over(subscriber):
    """The end came as an event, or the snapshot of a late one shows it."""
    shown = subscriber.snapshots and subscriber.snapshots[-1]["status"] == "completed"
    return bool(shown) or subscriber.events.get(subscriber.last, {}).get("type") == "task_completed"


def check_complete(subscriber, log):
    """Every durable event above the position it started from, once; of progress at least the newest."""
    start = subscriber.snapshots[0]["seq"] if subscriber.snapshots else 2
    owed = {seq for seq in log if seq > start}
    optional = {seq for seq in owed if log[seq] == "task_progress"}
    seen = set(subscriber.events)
    assert owed - optional <= seen <= owed
    newest = max(optional, default=None)
    assert newest is None or newest in seen
    assert (subscriber.gaps, subscriber.duplicates, subscriber.dropped_logs) == (0, 0, [])
    assert {seq: frame["type"] for seq, frame in subscriber.events.items()} == {seq: log[seq] for seq in seen}


@pytest.fixture
async def crowd(tmp_path):
    async with Stack(tmp_path, **LIMITS).serve() as stack:
        yield stack


async def test_each_of_a_hundred_watchers_gets_every_event_of_a_busy_task(crowd):
    """A third is there before, a third comes during the scan, a third comes back with a position."""
    user = crowd.add_user("mei")
    task = await crowd.add_task(user)
    started = [asyncio.Event() for _ in range(ROUNDS)]
    following = asyncio.Semaphore(0)

    async def pace(number):
        """The scan begins to run ahead once the first ones follow; the others join wherever it is then."""
        started[number].set()
        if number == 0:
            for _ in range(WATCHERS // 3):
                await following.acquire()

    async def watch(number):
        join_at = 0 if number % 3 == 0 else number * ROUNDS // WATCHERS
        if number % 3:
            await started[join_at].wait()
        async with open_client(crowd, user) as client:
            await client.follow(task, **({"last_seq": 2} if number % 3 == 2 else {}))
            following.release()
            while not is_over(client.tasks[task]):
                await client.receive(timeout_s=30)
            return client.tasks[task]

    async with asyncio.TaskGroup() as group:
        watchers = [group.create_task(watch(number)) for number in range(WATCHERS)]
        group.create_task(scan(crowd, task, pace=pace))
    log = await logged(crowd, task)
    assert sorted(log) == list(range(1, max(log) + 1))
    for watcher in watchers:
        check_complete(watcher.result(), log)
    assert any(watcher.result().snapshots for watcher in watchers)
    assert any(not watcher.result().snapshots for watcher in watchers)
