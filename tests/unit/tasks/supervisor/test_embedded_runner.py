"""The runner with processes that are scripts; real scans are in tests/integration and tests/fault."""

import asyncio
import sqlite3
import sys
from collections import Counter

import orjson
import pytest

from app.core.config import Settings
from app.tasks import process_tree
from app.tasks.process_protocol import EXIT_NO_RESOURCES
from app.tasks.supervisor import worker_handle as module
from app.tasks.supervisor.embedded_runner import EmbeddedRunner
from tests.support.rows import add_user
from tests.unit.tasks.worker.test_scan_job import until

BEGINS = """import sys, time; print('{"tick":0}', flush=True); """
SLEEP = BEGINS + "time.sleep(60)"
UNTIL_EOF = BEGINS + "sys.stdin.read()"
STARTS = "import time; time.sleep(60)"  # and has not begun yet
STARVES = f"import sys; sys.exit({EXIT_NO_RESOURCES})"


@pytest.fixture
def watched():
    """Tasks that somebody follows."""
    return set()


@pytest.fixture
def verdicts():
    """Pages that the local reader has read, by effect."""
    return Counter()


@pytest.fixture
def rechecks():
    """How rechecks have ended."""
    return Counter()


@pytest.fixture
def load():
    """Of the machine."""
    return [0.0]


@pytest.fixture
async def make_runner(backend, tmp_path, monkeypatch, watched, verdicts, rechecks, load):
    """A started runner whose processes run this code; stopped at the end."""
    runners = []

    async def make(code, **settings):
        monkeypatch.setattr(module, "COMMAND", (sys.executable, "-c", code))
        runners.append(
            EmbeddedRunner(
                db=backend.db,
                event_writer=backend.event_writer,
                bus=backend.bus,
                lifecycle=backend.lifecycle,
                texts=backend.texts,
                clock=backend.clock,
                settings=Settings(data_dir=tmp_path, **settings),
                is_watched=watched.__contains__,
                count_verdicts=lambda effect, count: verdicts.update({effect: count}),
                count_rechecks=lambda outcome, count: rechecks.update({outcome: count}),
                load=lambda: load[0],
            )
        )
        await runners[-1].start()
        await runners[-1].start()
        return runners[-1]

    yield make
    for runner in runners:
        await runner.stop()
        await runner.stop()


async def test_the_oldest_come_first_and_at_most_so_many_at_once(backend, make_runner):
    for number in range(4):
        backend.create(f"task-{number}")
    runner = await make_runner(UNTIL_EOF, max_concurrent_scans=2)
    await until(lambda: len(backend.types("task-3")) == 2)
    assert list(runner._workers) == ["task-0", "task-1"]
    assert [backend.types(f"task-{n}") for n in (0, 1)] == [["task_created"]] * 2
    assert '"text_key":"queued","params":{"position":1}' in backend.events("task-2")[-1].body
    assert '"text_key":"queued","params":{"position":2}' in backend.events("task-3")[-1].body


async def test_a_hundred_tasks_of_one_user_leave_room_for_anybody_elses_first(backend, make_runner):
    other = add_user(backend.db, backend.clock, "li")
    for number in range(100):
        backend.create(f"hog-{number:02}")
    runner = await make_runner(UNTIL_EOF, max_concurrent_scans=3, scans_per_user=2)
    await until(lambda: len(runner._workers) == 2)
    backend.create("first", user_id=other)
    runner.wake()
    await until(lambda: "first" in runner._workers)
    assert sorted(runner._workers) == ["first", "hog-00", "hog-01"]
    backend.create("second", user_id=other)
    runner.wake()
    await until(lambda: len(backend.types("second")) == 2)
    assert '"text_key":"queued","params":{"position":1}' in backend.events("second")[-1].body  # before ninety-eight


async def test_a_process_that_ends_without_a_word_was_lost(backend, make_runner):
    backend.create()
    runner = await make_runner(UNTIL_EOF, max_requeues=0)
    await until_begun(runner)
    backend.claim()
    assert runner.is_responsive("task-1")
    assert await runner.kill("task-1")
    assert (backend.row().status, backend.row().error["code"]) == ("failed", "worker_lost")
    assert not runner.is_responsive("task-1")
    assert not await runner.kill("task-1")


async def test_a_cancelling_one_that_was_lost_is_cancelled(backend, make_runner):
    backend.create()
    runner = await make_runner(UNTIL_EOF)
    await until(lambda: "task-1" in runner._workers)
    backend.claim()
    backend.write(backend.lifecycle.request_cancel("task-1", by="user"))
    runner.cancel("task-1")
    runner.cancel("no-such-task")
    await runner.kill("task-1")
    assert backend.row().status == "cancelled"


async def test_a_server_that_stops_settles_nothing(backend, make_runner):
    backend.create()
    runner = await make_runner(UNTIL_EOF)
    await until(lambda: "task-1" in runner._workers)
    backend.claim()
    await runner.stop()
    assert backend.row().status == "running"
    assert runner._workers == {}


async def test_what_ran_when_the_last_server_ended_is_requeued_without_counting(backend, make_runner):
    for task in ("task-1", "task-2"):
        backend.create(task)
        backend.claim(task)
    backend.write(backend.lifecycle.request_cancel("task-2", by="user"))
    await make_runner(UNTIL_EOF)
    await until(lambda: backend.row("task-2").status == "cancelled" and backend.row("task-1").status == "pending")
    assert (backend.row("task-1").attempt, backend.row("task-1").requeues) == (2, 0)


async def test_a_locked_database_delays_the_recovery(backend, make_runner, database_path):
    backend.create()
    backend.claim()
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await make_runner(UNTIL_EOF)
    await asyncio.sleep(0.5)
    other.execute("ROLLBACK")
    other.close()
    await until(lambda: backend.row().status == "pending")


async def test_a_silent_process_is_killed_only_while_writes_are_blocked(
    backend, make_runner, database_path, monkeypatch
):
    monkeypatch.setattr("app.tasks.supervisor.embedded_runner.SILENT_AFTER_S", 0.0)
    backend.create()
    runner = await make_runner(SLEEP, blocked_writes_kill_s=3.0)  # a busy disk holds a write up for less
    await until_begun(runner)
    backend.claim()
    runner.wake()
    await asyncio.sleep(1.2)
    assert backend.row().status == "running"
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    process = runner._workers["task-1"]._process
    await asyncio.wait_for(process.wait(), 30)
    other.execute("ROLLBACK")
    other.close()
    await until(lambda: backend.row().attempt == 2)


async def until_begun(runner, task_id="task-1"):
    await until(lambda: task_id in runner._workers and runner._workers[task_id].begun, within_s=60)


async def test_one_that_starts_is_not_silent_however_long_it_takes_and_whatever_blocks_writes(
    backend, make_runner, database_path, monkeypatch
):
    """On an overloaded machine the imports took longer than anybody may be silent, and writes came through late."""
    monkeypatch.setattr("app.tasks.supervisor.embedded_runner.SILENT_AFTER_S", 0.0)
    backend.create()
    runner = await make_runner(STARTS, blocked_writes_kill_s=0.1)
    await until(lambda: "task-1" in runner._workers and runner._workers["task-1"]._process is not None, within_s=60)
    mark = runner._workers["task-1"].mark
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        await runner._kill_writer_blockers()
    assert runner._blocked_since is None
    assert runner.is_responsive("task-1")
    other.execute("ROLLBACK")
    other.close()
    assert process_tree.members(mark)


@pytest.mark.parametrize(("limit", "code"), [("CPU_S", "while True: pass"), ("WALL_S", "import time; time.sleep(60)")])
async def test_a_start_has_a_limit_of_its_own_and_counts_for_nothing(backend, make_runner, monkeypatch, limit, code):
    monkeypatch.setattr(f"app.tasks.supervisor.start_limits.{limit}", 0.2)
    monkeypatch.setattr("app.tasks.supervisor.embedded_runner.ROUND_S", 0.05)
    monkeypatch.setattr("app.tasks.supervisor.start_backoff.SHORTAGE_PAUSES_S", (0.01,))
    begun = []
    count_starts(monkeypatch, begun)
    backend.create()
    await make_runner(code, max_requeues=0)
    await until(lambda: len(begun) == 3, within_s=60)
    assert (backend.row().status, backend.row().attempt, backend.row().requeues) == ("pending", 1, 0)


async def test_an_attempt_that_was_killed_before_it_began_does_not_count(backend, make_runner, monkeypatch):
    """As the system does when memory is short."""
    monkeypatch.setattr("app.tasks.supervisor.start_backoff.SHORTAGE_PAUSES_S", (0.01,))
    begun = []
    count_starts(monkeypatch, begun)
    backend.create()
    await make_runner("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", max_requeues=0)
    await until(lambda: len(begun) == 3, within_s=60)
    assert (backend.row().status, backend.row().requeues) == ("pending", 0)


async def test_on_a_machine_that_has_too_much_to_do_scans_start_one_after_the_other(backend, make_runner, load):
    for number in range(3):
        backend.create(f"task-{number}")
    load[0] = 1_000.0
    runner = await make_runner(STARTS, max_concurrent_scans=3, scans_per_user=3)
    await until(lambda: len(backend.types("task-2")) == 2, within_s=60)  # it is told that it waits
    assert list(runner._workers) == ["task-0"]
    runner._workers["task-0"].begun = True
    runner.wake()
    await until(lambda: "task-1" in runner._workers, within_s=60)
    load[0] = 0.0
    runner.wake()
    await until(lambda: "task-2" in runner._workers, within_s=60)


async def test_a_round_that_fails_is_not_the_last(backend, make_runner, monkeypatch):
    monkeypatch.setattr("app.scans.queries.queue.pending", lambda *_: 1 / 0)
    runner = await make_runner(UNTIL_EOF)
    await asyncio.sleep(0.05)
    monkeypatch.undo()
    monkeypatch.setattr(module, "COMMAND", (sys.executable, "-c", UNTIL_EOF))
    backend.create()
    runner.wake()
    await until(lambda: "task-1" in runner._workers)


async def test_starts_that_lack_a_resource_wait_and_never_count_as_lost(backend, make_runner, monkeypatch):
    pauses = (0.01, 0.1, 1.0, 3.0)  # the third has its turn when the others wait for longer than a round takes
    monkeypatch.setattr("app.tasks.supervisor.start_backoff.SHORTAGE_PAUSES_S", pauses)
    begun = []
    count_starts(monkeypatch, begun)
    for number in range(3):
        backend.create(f"task-{number}")
    await make_runner(STARVES, max_requeues=0, max_concurrent_scans=2)
    await until(lambda: len(begun) >= 12 and set(begun) == {"task-0", "task-1", "task-2"}, within_s=60)
    for number in range(3):
        row = backend.row(f"task-{number}")
        assert (row.status, row.attempt, row.requeues) == ("pending", 1, 0)
    codes = [event.body for event in backend.events("task-0") if event.type == "task_warning"]
    assert sum('"no_resources"' in body for body in codes) == 1


async def test_a_process_that_cannot_be_started_for_want_of_a_resource_is_no_lost_one(
    backend, make_runner, monkeypatch, tmp_path
):
    monkeypatch.setattr("app.tasks.supervisor.start_backoff.SHORTAGE_PAUSES_S", (0.01,))
    (tmp_path / "python").touch(mode=0o600)  # may not be executed: EACCES
    runner = await make_runner(UNTIL_EOF, max_requeues=0)
    monkeypatch.setattr(module, "COMMAND", (str(tmp_path / "python"),))
    backend.create()
    runner.wake()
    await until(lambda: any('"no_resources"' in event.body for event in backend.events()))
    assert (backend.row().status, backend.row().attempt) == ("pending", 1)
    monkeypatch.setattr(module, "COMMAND", (sys.executable, "-c", UNTIL_EOF))
    await until(lambda: "task-1" in runner._workers and runner._workers["task-1"]._process is not None)


async def test_an_attempt_that_starves_after_its_claim_is_requeued_without_counting(backend, make_runner):
    backend.create()
    runner = await make_runner("import sys; sys.stdin.read(); sys.exit(4)", max_requeues=0)
    await until(lambda: "task-1" in runner._workers)
    backend.claim()
    runner._workers["task-1"].close_input()
    await until(lambda: backend.row().attempt == 2)
    assert (backend.row().status, backend.row().requeues) == ("pending", 0)


def count_starts(monkeypatch, begun):
    run = module.WorkerHandle.run

    async def counted(worker, *listeners, **others):
        begun.append(worker.spec.task_id)
        return await run(worker, *listeners, **others)

    monkeypatch.setattr(module.WorkerHandle, "run", counted)


async def test_a_task_that_is_deleted_while_its_process_starts_is_left_alone(backend, make_runner, monkeypatch):
    begun = []
    count_starts(monkeypatch, begun)
    backend.create("task-1")
    runner = await make_runner(UNTIL_EOF, max_concurrent_scans=1)
    await until(lambda: "task-1" in runner._workers)
    assert backend.write(backend.lifecycle.delete("task-1", by="user")) is not None
    backend.create("task-2")
    assert backend.claim("task-1") is None  # what its process meets
    runner._workers["task-1"].close_input()
    await until(lambda: len(begun) == 2)
    assert begun == ["task-1", "task-2"]
    assert backend.types("task-1") == ["task_created", "task_deleted"]


async def test_a_process_is_told_whether_somebody_watches_when_that_changes(backend, make_runner, watched, tmp_path):
    said = tmp_path / "said"
    backend.create()
    runner = await make_runner(
        f"import sys\nsys.stdin.readline()\nfor line in sys.stdin: open({str(said)!r}, 'a').write(line)"
    )
    await until(lambda: "task-1" in runner._workers)
    backend.claim()

    def lines():
        return said.read_text().splitlines() if said.exists() else []

    watched.add("task-1")
    await until(lambda: len(lines()) == 1)
    watched.clear()
    await until(lambda: len(lines()) == 2)
    assert [orjson.loads(line)["value"] for line in lines()] == [True, False]


async def test_what_the_local_reader_changed_is_counted(backend, make_runner, verdicts):
    backend.create("task-1")
    line = '{"verdicts":{"suppressed":2,"unchanged":30}}'
    await make_runner(f"import sys; sys.stdin.readline(); print({line!r}, flush=True); sys.stdin.read()")
    await until(lambda: verdicts)
    assert verdicts == {"suppressed": 2, "unchanged": 30}


async def test_how_rechecks_have_ended_is_counted(backend, make_runner, rechecks):
    backend.create("task-1")
    line = '{"rechecks":{"confirmed":2,"dropped_limit":30}}'
    await make_runner(f"import sys; sys.stdin.readline(); print({line!r}, flush=True); sys.stdin.read()")
    await until(lambda: rechecks)
    assert rechecks == {"confirmed": 2, "dropped_limit": 30}
