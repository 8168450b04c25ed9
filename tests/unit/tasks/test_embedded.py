"""The runner with processes that are scripts; real scans are in tests/integration and tests/fault."""

import asyncio
import sqlite3
import sys

import orjson
import pytest

from app.core.config import Settings
from app.tasks import child as module
from app.tasks.child import STARVED
from app.tasks.embedded import EmbeddedRunner
from tests.support.rows import add_user
from tests.unit.tasks.test_scan_job import until

SLEEP = "import sys, time; time.sleep(60)"
UNTIL_EOF = "import sys; sys.stdin.read()"
STARVES = f"import sys; sys.exit({STARVED})"


@pytest.fixture
def watched():
    """Tasks that somebody follows."""
    return set()


@pytest.fixture
async def make_runner(house, tmp_path, monkeypatch, watched):
    """A started runner whose processes run this code; stopped at the end."""
    runners = []

    async def make(code, **settings):
        monkeypatch.setattr(module, "COMMAND", (sys.executable, "-c", code))
        runners.append(
            EmbeddedRunner(
                db=house.db,
                journal=house.journal,
                bus=house.bus,
                lifecycle=house.lifecycle,
                texts=house.texts,
                clock=house.clock,
                settings=Settings(data_dir=tmp_path, **settings),
                is_watched=watched.__contains__,
            )
        )
        await runners[-1].start()
        await runners[-1].start()
        return runners[-1]

    yield make
    for runner in runners:
        await runner.stop()
        await runner.stop()


async def test_the_oldest_come_first_and_at_most_so_many_at_once(house, make_runner):
    for number in range(4):
        house.create(f"task-{number}")
    runner = await make_runner(UNTIL_EOF, max_concurrent_scans=2)
    await until(lambda: len(house.types("task-3")) == 2)
    assert list(runner._children) == ["task-0", "task-1"]
    assert [house.types(f"task-{n}") for n in (0, 1)] == [["task_created"]] * 2
    assert '"message":"Waiting in the queue at position 1"' in house.events("task-2")[-1].body
    assert '"message":"Waiting in the queue at position 2"' in house.events("task-3")[-1].body


async def test_a_hundred_tasks_of_one_user_leave_room_for_anybody_elses_first(house, make_runner):
    other = add_user(house.db, house.clock, "li")
    for number in range(100):
        house.create(f"hog-{number:02}")
    runner = await make_runner(UNTIL_EOF, max_concurrent_scans=3, scans_per_user=2)
    await until(lambda: len(runner._children) == 2)
    house.create("first", user_id=other)
    runner.wake()
    await until(lambda: "first" in runner._children)
    assert sorted(runner._children) == ["first", "hog-00", "hog-01"]
    house.create("second", user_id=other)
    runner.wake()
    await until(lambda: len(house.types("second")) == 2)
    assert '"message":"Waiting in the queue at position 1"' in house.events("second")[-1].body  # before ninety-eight


async def test_a_process_that_ends_without_a_word_was_lost(house, make_runner):
    house.create()
    runner = await make_runner(UNTIL_EOF, max_requeues=0)
    await until(lambda: "task-1" in runner._children)
    house.claim()
    assert runner.hears("task-1")
    assert await runner.kill("task-1")
    assert (house.row().status, house.row().error["code"]) == ("failed", "worker_lost")
    assert not runner.hears("task-1")
    assert not await runner.kill("task-1")


async def test_a_cancelling_one_that_was_lost_is_cancelled(house, make_runner):
    house.create()
    runner = await make_runner(UNTIL_EOF)
    await until(lambda: "task-1" in runner._children)
    house.claim()
    house.write(house.lifecycle.request_cancel("task-1", by="user"))
    runner.cancel("task-1")
    runner.cancel("no-such-task")
    await runner.kill("task-1")
    assert house.row().status == "cancelled"


async def test_a_server_that_stops_settles_nothing(house, make_runner):
    house.create()
    runner = await make_runner(UNTIL_EOF)
    await until(lambda: "task-1" in runner._children)
    house.claim()
    await runner.stop()
    assert house.row().status == "running"
    assert runner._children == {}


async def test_what_ran_when_the_last_server_ended_is_requeued_without_counting(house, make_runner):
    for task in ("task-1", "task-2"):
        house.create(task)
        house.claim(task)
    house.write(house.lifecycle.request_cancel("task-2", by="user"))
    await make_runner(UNTIL_EOF)
    await until(lambda: house.row("task-2").status == "cancelled" and house.row("task-1").status == "pending")
    assert (house.row("task-1").attempt, house.row("task-1").requeues) == (2, 0)


async def test_a_locked_database_delays_the_recovery(house, make_runner, database_path):
    house.create()
    house.claim()
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await make_runner(UNTIL_EOF)
    await asyncio.sleep(0.5)
    other.execute("ROLLBACK")
    other.close()
    await until(lambda: house.row().status == "pending")


async def test_a_silent_process_is_killed_only_while_writes_are_blocked(house, make_runner, database_path, monkeypatch):
    monkeypatch.setattr("app.tasks.embedded.SILENT_AFTER_S", 0.0)
    house.create()
    runner = await make_runner(SLEEP, blocked_writes_kill_s=0.5)
    await until(lambda: "task-1" in runner._children and runner._children["task-1"]._process is not None)
    house.claim()
    runner.wake()
    await asyncio.sleep(1.2)
    assert house.row().status == "running"
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    process = runner._children["task-1"]._process
    await asyncio.wait_for(process.wait(), 10)
    other.execute("ROLLBACK")
    other.close()
    await until(lambda: house.row().attempt == 2)


async def test_a_round_that_fails_is_not_the_last(house, make_runner, monkeypatch):
    monkeypatch.setattr("app.repositories.queue.pending", lambda *_: 1 / 0)
    runner = await make_runner(UNTIL_EOF)
    await asyncio.sleep(0.05)
    monkeypatch.undo()
    monkeypatch.setattr(module, "COMMAND", (sys.executable, "-c", UNTIL_EOF))
    house.create()
    runner.wake()
    await until(lambda: "task-1" in runner._children)


async def test_starts_that_lack_a_resource_wait_and_never_count_as_lost(house, make_runner, monkeypatch):
    monkeypatch.setattr("app.tasks.starts.SHORTAGE_PAUSES_S", (0.01,))
    begun = []
    count_starts(monkeypatch, begun)
    for number in range(3):
        house.create(f"task-{number}")
    await make_runner(STARVES, max_requeues=0, max_concurrent_scans=2)
    await until(lambda: len(begun) >= 12 and set(begun) == {"task-0", "task-1", "task-2"}, within_s=20)
    for number in range(3):
        row = house.row(f"task-{number}")
        assert (row.status, row.attempt, row.requeues) == ("pending", 1, 0)
    codes = [event.body for event in house.events("task-0") if event.type == "task_warning"]
    assert sum('"no_resources"' in body for body in codes) == 1


async def test_a_process_that_cannot_be_started_for_want_of_a_resource_is_no_lost_one(
    house, make_runner, monkeypatch, tmp_path
):
    monkeypatch.setattr("app.tasks.starts.SHORTAGE_PAUSES_S", (0.01,))
    (tmp_path / "python").touch(mode=0o600)  # may not be executed: EACCES
    runner = await make_runner(UNTIL_EOF, max_requeues=0)
    monkeypatch.setattr(module, "COMMAND", (str(tmp_path / "python"),))
    house.create()
    runner.wake()
    await until(lambda: any('"no_resources"' in event.body for event in house.events()))
    assert (house.row().status, house.row().attempt) == ("pending", 1)
    monkeypatch.setattr(module, "COMMAND", (sys.executable, "-c", UNTIL_EOF))
    await until(lambda: "task-1" in runner._children and runner._children["task-1"]._process is not None)


async def test_an_attempt_that_starves_after_its_claim_is_requeued_without_counting(house, make_runner):
    house.create()
    runner = await make_runner("import sys; sys.stdin.read(); sys.exit(4)", max_requeues=0)
    await until(lambda: "task-1" in runner._children)
    house.claim()
    runner._children["task-1"].let_go()
    await until(lambda: house.row().attempt == 2)
    assert (house.row().status, house.row().requeues) == ("pending", 0)


def count_starts(monkeypatch, begun):
    run = module.Child.run

    async def counted(child, on_hint):
        begun.append(child.spec.task_id)
        return await run(child, on_hint)

    monkeypatch.setattr(module.Child, "run", counted)


async def test_a_task_that_is_deleted_while_its_process_starts_is_left_alone(house, make_runner, monkeypatch):
    begun = []
    count_starts(monkeypatch, begun)
    house.create("task-1")
    runner = await make_runner(UNTIL_EOF, max_concurrent_scans=1)
    await until(lambda: "task-1" in runner._children)
    assert house.write(house.lifecycle.delete("task-1", by="user")) is not None
    house.create("task-2")
    assert house.claim("task-1") is None  # what its process meets
    runner._children["task-1"].let_go()
    await until(lambda: "task-2" in runner._children)
    assert begun == ["task-1", "task-2"]
    assert house.types("task-1") == ["task_created", "task_deleted"]


async def test_a_process_is_told_whether_somebody_watches_when_that_changes(house, make_runner, watched, tmp_path):
    said = tmp_path / "said"
    house.create()
    runner = await make_runner(
        f"import sys\nsys.stdin.readline()\nfor line in sys.stdin: open({str(said)!r}, 'a').write(line)"
    )
    await until(lambda: "task-1" in runner._children)
    house.claim()

    def lines():
        return said.read_text().splitlines() if said.exists() else []

    watched.add("task-1")
    await until(lambda: len(lines()) == 1)
    watched.clear()
    await until(lambda: len(lines()) == 2)
    assert [orjson.loads(line)["value"] for line in lines()] == [True, False]
