"""A worker with processes that are scripts; real ones are in tests/system/test_distributed.py."""

import asyncio
import contextlib
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.errors import Unavailable
from app.events.bus.memory import MemoryBus
from app.events.event import Event
from app.events.writer import EventWriter
from app.scans.queries import tasks, workers
from app.scans.queries.workers import WorkerDescription
from app.scans.worker_presence import WorkerPresence
from app.tasks.process_protocol import BROWSER_LINE, EXIT_NO_RESOURCES
from app.tasks.supervisor import scan_worker as module
from app.tasks.supervisor import worker_handle
from app.tasks.supervisor.scan_worker import ScanWorker
from app.tasks.supervisor.worker_thread import WorkerThread
from tests.support.commit_proxy import commit_proxy
from tests.support.rows import add_user
from tests.unit.tasks.worker.test_scan_job import until

DESCRIBED = WorkerDescription("worker-1", "host", "1.0", ("scan",), 2)
ENDS = "import sys; sys.stdin.readline()"
UNTIL_EOF = "import sys; sys.stdin.read()"
UNTIL_CANCEL = "import sys; [sys.exit() for line in sys.stdin if 'cancel' in line]"
STARVES = f"import sys; sys.exit({EXIT_NO_RESOURCES})"
HANGS = "import time; time.sleep(60)"
DIES = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
WANTS_A_BROWSER = f"import sys; sys.stdout.buffer.write({BROWSER_LINE!r}); sys.stdin.readline()"
WRITES_ITS_ORDER = "import sys, pathlib; pathlib.Path('{path}').write_text(sys.stdin.readline())"


class Wakeups:
    def __init__(self):
        self.sent = self.browsers = 0
        self.away = False

    def send(self, count):
        if self.away:
            raise Unavailable(text="queue_unavailable")
        self.sent += count

    def wake_browser(self):
        self.browsers += 1
        if self.away:
            raise Unavailable(text="queue_unavailable")

    def count_waiting(self):
        return self.sent


class Following(MemoryBus):
    """Writes down who is followed."""

    def __init__(self):
        super().__init__()
        self.users = []

    def follow(self, user_id):
        self.users.append(user_id)

    def unfollow(self, user_id):
        self.users.remove(user_id)


@pytest.fixture
def load():
    """Of the machine."""
    return [0.0]


@pytest.fixture
def make_worker(backend, tmp_path, monkeypatch, load):
    monkeypatch.setattr(module, "SHORTAGE_PAUSE_S", 0.05)
    monkeypatch.setattr(module, "ROUND_S", 0.05)

    def make(code, **settings):
        monkeypatch.setattr(worker_handle, "COMMAND", (sys.executable, "-c", code))
        bus = Following()
        return ScanWorker(
            worker_id="worker-1",
            db=backend.db,
            event_writer=EventWriter(db=backend.db, bus=bus),
            bus=bus,
            lifecycle=backend.lifecycle,
            texts=backend.texts,
            clock=backend.clock,
            settings=Settings(data_dir=tmp_path, **settings),
            wakeups=Wakeups(),
            presence=WorkerPresence(db=backend.db, clock=backend.clock, worker=DESCRIBED, interval_s=5.0),
            load=lambda: load[0],
        )

    return make


@contextlib.asynccontextmanager
async def started(worker):
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()
        await worker.stop()


async def test_a_slot_runs_what_waits_one_after_the_other(backend, make_worker, tmp_path):
    backend.create("task-1")
    async with started(make_worker(WRITES_ITS_ORDER.format(path=tmp_path / "order"), max_requeues=0)) as worker:
        backend.create("task-2")
        assert await worker.run_waiting() == 2
        assert await worker.run_waiting() == 0
        order = json.loads((tmp_path / "order").read_text())
        assert (order["job"]["task_id"], order["job"]["claimed"], order["job"]["worker_id"]) == (
            "task-2",
            True,
            "worker-1",
        )
        assert worker.bus.users == []
    # Neither process has ended its attempt: it is lost, and nothing may be tried again.
    assert [backend.row(task).status for task in ("task-1", "task-2")] == ["failed", "failed"]


async def test_others_see_a_worker_while_it_is_there(backend, make_worker):
    async with started(make_worker(ENDS)):
        assert [worker.id for worker in await backend.db.read(workers.known)] == ["worker-1"]
    assert await backend.db.read(workers.known) == []


async def test_a_process_that_is_lost_is_requeued_and_others_are_woken(backend, make_worker):
    backend.create("task-1")
    async with started(make_worker(ENDS, max_requeues=1)) as worker:
        assert await worker.run_waiting() == 2
        row = backend.row("task-1")
        assert (row.status, row.attempt, row.requeues, worker.wakeups.sent) == ("failed", 2, 1, 1)


async def test_a_worker_that_ends_gives_its_scan_back_without_counting_that(backend, make_worker):
    backend.create("task-1")
    worker = make_worker(UNTIL_EOF)
    await worker.start()
    running = asyncio.create_task(worker.run_waiting())
    await until(lambda: backend.row("task-1").status == "running" and worker._handles)
    worker.wakeups.away = True
    await worker.stop()
    assert await running == 1
    row = backend.row("task-1")
    assert (row.status, row.attempt, row.requeues) == ("pending", 2, 0)
    assert await worker.run_waiting() == 0


async def test_a_cancel_is_heard_on_the_bus(backend, make_worker):
    backend.create("task-1")
    async with started(make_worker(UNTIL_CANCEL)) as worker:
        running = asyncio.create_task(worker.run_waiting())
        await until(lambda: worker._handles)
        assert worker.bus.users == ["user"]
        await worker.event_writer.write(backend.lifecycle.request_cancel("task-1", by="mei"))
        assert await asyncio.wait_for(running, 60) == 1
        assert backend.row("task-1").status == "cancelled"


async def test_a_process_that_ignores_a_cancel_is_killed(backend, make_worker):
    backend.create("task-1")
    async with started(make_worker(HANGS, cancel_force_after_s=0.2)) as worker:
        running = asyncio.create_task(worker.run_waiting())
        await until(lambda: worker._handles)
        await worker.event_writer.write(backend.lifecycle.request_cancel("task-1", by="mei"))
        assert await asyncio.wait_for(running, 60) == 1
        assert backend.row("task-1").status == "cancelled"


async def test_a_process_that_does_not_notice_that_its_attempt_is_over_is_killed(backend, make_worker, monkeypatch):
    monkeypatch.setattr(module, "LOOK_S", 0.05)
    monkeypatch.setattr(module, "OVER_PATIENCE_S", 0.2)
    backend.create("task-1")
    backend.create("task-2")
    async with started(make_worker(UNTIL_EOF)) as worker:
        others = [asyncio.create_task(worker.run_waiting()) for _ in range(2)]
        await until(lambda: len(worker._handles) == 2)
        worker.stop_taking()
        await worker.event_writer.write(backend.lifecycle.requeue("task-1", 1, counts=True))
        done, running = await asyncio.wait(others, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result() for task in done] == [1]
        assert (len(running), backend.row("task-2").status) == (1, "running")
        # What was taken over is not taken back.
        assert (backend.row("task-1").status, backend.row("task-1").attempt) == ("pending", 2)


async def test_while_a_process_starts_its_worker_beats_for_it(backend, make_worker, monkeypatch):
    """On a machine with too much to do a start takes longer than the silence after which an attempt is lost."""
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    backend.create("task-1")
    async with started(make_worker(HANGS)) as worker:
        running = asyncio.create_task(worker.run_waiting())
        await until(lambda: worker._handles, within_s=60)
        before = backend.row("task-1")
        await until(lambda: backend.row("task-1").heartbeat >= before.heartbeat + 3, within_s=60)
        assert backend.row("task-1").running_s == before.running_s
        (handle,) = worker._handles.values()
        handle.begun = True  # from now on it beats itself
        await worker._beat_for_those_starting()
        known = backend.row("task-1").heartbeat
        await worker._beat_for_those_starting()
        assert backend.row("task-1").heartbeat == known
        worker.stop_taking()
        handle.kill()
        await running


@pytest.mark.parametrize("code", [DIES, "while True: pass"])
async def test_an_attempt_that_never_began_is_given_back_without_counting_that(backend, make_worker, monkeypatch, code):
    monkeypatch.setattr("app.tasks.supervisor.start_limits.CPU_S", 0.2)
    backend.create("task-1")
    async with started(make_worker(code, max_requeues=0)) as worker:
        running = asyncio.create_task(worker.run_waiting())
        await until(lambda: backend.row("task-1").attempt >= 3, within_s=60)
        assert backend.row("task-1").requeues == 0
        worker.stop_taking()
        await worker.stop()
        await running


async def test_on_a_machine_that_has_too_much_to_do_the_next_is_claimed_when_the_one_before_has_begun(
    backend, make_worker, load
):
    for number in (1, 2):
        backend.create(f"task-{number}")
    load[0] = 1_000.0
    async with started(make_worker(HANGS)) as worker:
        slots = [asyncio.create_task(worker.run_waiting()) for _ in range(2)]
        await until(lambda: worker._handles, within_s=60)
        await asyncio.wait(slots, timeout=0.5)  # longer than between two looks
        assert list(worker._handles) == [("task-1", 1)]
        assert backend.row("task-2").status == "pending"
        worker._handles["task-1", 1].begun = True
        await until(lambda: len(worker._handles) == 2, within_s=60)
        worker.stop_taking()
        for handle in worker._handles.values():
            handle.kill()
        await asyncio.wait(slots)


async def test_a_worker_takes_over_from_itself(backend, make_worker):
    """Its own process hangs, the monitor has given the task back, and another slot claims it."""
    backend.create("task-1")
    async with started(make_worker(UNTIL_EOF)) as worker:
        first = asyncio.create_task(worker.run_waiting())
        await until(lambda: worker._handles)
        await worker.event_writer.write(backend.lifecycle.requeue("task-1", 1, counts=True))
        second = asyncio.create_task(worker.run_waiting())
        await until(lambda: len(worker._handles) == 2)
        worker.stop_taking()
        await worker.stop()
        assert await asyncio.gather(first, second) == [1, 1]
        assert worker._handles == {}
    assert (backend.row("task-1").status, backend.row("task-1").attempt) == ("pending", 3)


@pytest.fixture
def through_proxy(postgres_database, make_worker, backend):
    """A worker whose database is behind a proxy, which it has used already; and the database without the proxy."""
    with commit_proxy(postgres_database) as (proxy, url):
        direct, db = Database(postgres_database), Database(url)
        user_id = add_user(direct, backend.clock, "mei")
        bus = Following()
        for number in (1, 2, 3):
            create = backend.lifecycle.create(
                f"task-{number}", user_id=user_id, target_domain="corp.example", config={}
            )
            EventWriter(db=direct, bus=bus).write_sync(create)
        worker = replace(
            make_worker(UNTIL_EOF),
            db=db,
            event_writer=EventWriter(db=db, bus=bus),
            presence=WorkerPresence(db=direct, clock=backend.clock, worker=DESCRIBED, interval_s=5.0),
        )
        db.write_sync(lambda c: c.exec_driver_sql("SELECT 1") and None)
        yield proxy, worker, direct
        for one in (direct, db):
            one.close_sync()


def active(db):
    return {row.id for row in db.read_sync(tasks.active)}


@pytest.mark.system
async def test_a_claim_whose_answer_is_lost_is_gone_on_with_at_once(through_proxy):
    proxy, worker, direct = through_proxy
    async with started(worker):
        proxy.swallow()
        began = time.monotonic()
        running = asyncio.create_task(worker.run_waiting())
        await until(lambda: worker._handles)
        assert time.monotonic() - began < 30
        assert proxy.swallowed.is_set()
        assert {task_id for task_id, _ in worker._handles} == active(direct) == {"task-1"}
        worker.stop_taking()
        await worker.stop()
        assert await running == 1


@pytest.mark.system
async def test_a_claim_of_another_slot_is_not_taken_for_a_lost_one(through_proxy):
    proxy, worker, direct = through_proxy
    async with started(worker):
        proxy.swallow()
        slots = [asyncio.create_task(worker.run_waiting()) for _ in range(2)]
        await until(lambda: len(worker._handles) == 2)
        assert active(direct) == {task_id for task_id, _ in worker._handles}
        assert len(active(direct)) == 2  # and not one more that nobody runs
        worker.stop_taking()
        await worker.stop()
        assert await asyncio.gather(*slots) == [1, 1]


async def test_a_database_that_is_away_is_waited_for(backend, make_worker):
    backend.create("task-1")
    worker = make_worker(ENDS, max_requeues=0)
    refused = []

    class Away(Database):
        async def write(self, work):
            if len(refused) < 2:
                refused.append(work)
                raise DatabaseUnavailable(Failure.UNREACHABLE)
            return await super().write(work)

    away = Away(backend.db.url)
    async with started(replace(worker, event_writer=EventWriter(db=away, bus=worker.bus))) as worker:
        assert await worker.run_waiting() == 1
    assert len(refused) == 2
    await away.close()


async def test_want_of_a_resource_counts_for_nothing(backend, make_worker):
    backend.create("task-1")
    async with started(make_worker(STARVES)) as worker:
        running = asyncio.create_task(worker.run_waiting())
        await until(lambda: backend.row("task-1").attempt >= 3)
        worker.stop_taking()
        await running
        assert backend.row("task-1").requeues == 0


async def test_hints_of_the_process_reach_the_bus(backend, make_worker):
    backend.create("task-1")
    event = Event("task-1", 9, 1, "task_warning", "{}", backend.clock.now())
    line = json.dumps({"hint": ["task-1", "user", 9, "running", [], 1, ""]})
    async with started(make_worker(f"print('{line}', flush=True)", max_requeues=0)) as worker:
        heard = []
        worker.bus.subscribe(heard.append)
        await worker.run_waiting()
        await until(lambda: event.seq in [hint.seq for hint in heard])


def test_threads_wait_for_the_loop_of_the_worker(backend, make_worker):
    backend.create("task-1")
    scans = WorkerThread(lambda *_: make_worker(ENDS, max_requeues=0))
    assert scans.run_waiting() == 0  # not started yet
    scans.start(queues=["scan"], concurrency=2)
    assert scans.run_waiting() == 1
    scans.stop()
    scans.stop()
    assert scans.run_waiting() == 0
    assert backend.row("task-1").status == "failed"


def test_no_thread_waits_any_longer_when_the_worker_has_ended(backend, make_worker, monkeypatch):
    worker = make_worker(ENDS)
    waiting = threading.Event()

    async def wait_for_ever():
        waiting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(worker, "run_waiting", wait_for_ever)
    scans = WorkerThread(lambda *_: worker)
    scans.start(queues=["scan"], concurrency=2)
    with ThreadPoolExecutor(1) as threads:
        ran = threads.submit(scans.run_waiting)
        assert waiting.wait(10)
        scans.stop()
        assert ran.result(10) == 0


@pytest.mark.parametrize("away", [False, True])
async def test_a_scan_whose_pages_wait_wakes_a_browser_worker(backend, make_worker, away):
    backend.create("task-1")
    async with started(make_worker(WANTS_A_BROWSER, max_requeues=0)) as worker:
        worker.wakeups.away = away
        assert await worker.run_waiting() == 1
        await until(lambda: worker.wakeups.browsers == 1)


class Renders:
    """The part of a worker that renders."""

    def __init__(self):
        self.told = []

    async def start(self):
        self.told.append("start")

    async def stop(self):
        self.told.append("stop")

    def wake(self):
        self.told.append("wake")


def test_a_worker_that_renders_is_woken_and_ended_with_it(make_worker):
    worker = make_worker(ENDS)
    worker.renders = Renders()
    thread = WorkerThread(lambda _queues, _concurrency: worker)
    thread.wake_browser()  # before it has started
    thread.start(queues=["browser"], concurrency=1)
    thread.wake_browser()
    thread.stop()
    thread.wake_browser()  # and after its end
    assert worker.renders.told == ["start", "wake", "stop"]


def test_a_worker_that_renders_nothing_is_woken_in_vain(make_worker):
    thread = WorkerThread(lambda _queues, _concurrency: make_worker(ENDS))
    thread.start(queues=["scan"], concurrency=1)
    thread.wake_browser()
    thread.stop()


@pytest.mark.parametrize(
    ("code", "reason"),
    [("", "done"), (f"exit({EXIT_NO_RESOURCES})", "no_resources"), ("exit(3)", "checkpoint"), ("exit(1)", "died")],
)
async def test_what_a_process_came_to_is_counted(backend, make_worker, code, reason):
    backend.create("task-1")
    async with started(make_worker(code, max_requeues=0)) as worker:
        running = asyncio.create_task(worker.run_waiting())
        numbers = worker.metrics.registry
        await until(lambda: numbers.get_sample_value("worker_scans_ended_total", {"reason": reason}))
        worker.stop_taking()
        await running
        started_in_all = numbers.get_sample_value("worker_scans_started_total")
        assert numbers.get_sample_value("worker_scan_duration_seconds_count") == started_in_all >= 1
        assert numbers.get_sample_value("worker_scans_running") == 0


@pytest.mark.parametrize(
    ("line", "counter", "labels"),
    [
        ('{"verdicts":{"suppressed":2}}', "local_reader_verdicts_total", {"effect": "suppressed"}),
        ('{"rechecks":{"not_confirmed":2}}', "scan_rechecks_total", {"outcome": "not_confirmed"}),
    ],
)
async def test_what_a_scan_says_of_its_results_is_counted(backend, make_worker, line, counter, labels):
    backend.create("task-1")
    async with started(make_worker(f"print({line!r})", max_requeues=0)) as worker:
        running = asyncio.create_task(worker.run_waiting())
        numbers = worker.metrics.registry
        await until(lambda: numbers.get_sample_value(counter, labels) == 2)
        worker.stop_taking()
        await running
