import sqlite3
import threading

from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.findings.recorder import Recorder
from app.tasks.sink.reporter import StopReason
from app.tasks.worker.capture_quota import LimitedCaptureQuota
from app.tasks.worker.heartbeat import WorkerHeartbeat
from app.tasks.worker.loop_watchdog import LOOP_SILENCE_S, LoopWatchdog
from tests.support.logs import captured_log


class Ticks:
    """A monotonic clock that the test moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Unreadable(Database):
    """A database that takes writes and can, while `away`, not be read: descriptors are used up, for example."""

    away = True

    def read_sync(self, work):
        if self.away:
            raise DatabaseUnavailable(Failure.UNREACHABLE)
        return super().read_sync(work)


def make_heartbeat(backend, ticks, told, interval_s=0.01, *, db=None, quota=None):
    return WorkerHeartbeat(
        db=db or backend.db,
        quota=quota,
        recorder=Recorder(task_id="task-1", attempt=1, run=1, clock=backend.clock),
        watchdog=LoopWatchdog(ticks),
        interval_s=interval_s,
        stop_job=told.append,
        monotonic=ticks,
    )


def test_a_beat_raises_the_counter_and_adds_the_running_time(backend):
    backend.create()
    backend.claim()
    ticks, told = Ticks(), []
    heartbeat = make_heartbeat(backend, ticks, told)
    before = backend.row().heartbeat
    ticks.now += 5
    assert heartbeat.beat()
    ticks.now += 2
    assert heartbeat.beat()
    assert (backend.row().heartbeat, backend.row().running_s) == (before + 2, 7.0)


def test_a_cancel_is_seen_once(backend):
    backend.create()
    backend.claim()
    backend.write(backend.lifecycle.request_cancel("task-1", by="user"))
    told = []
    heartbeat = make_heartbeat(backend, Ticks(), told)
    assert heartbeat.beat()
    assert heartbeat.beat()
    assert told == [StopReason.CANCELLED]


def test_a_lost_attempt_ends_the_heartbeat(backend):
    backend.create()
    backend.claim()
    backend.write(backend.lifecycle.requeue("task-1", 1))
    told = []
    heartbeat = make_heartbeat(backend, Ticks(), told)
    heartbeat.start()
    heartbeat.join(60)
    assert told == [StopReason.LOST]


def test_a_locked_database_costs_a_beat_and_no_running_time(backend, database_path):
    backend.create()
    backend.claim()
    ticks = Ticks()
    heartbeat = make_heartbeat(backend, ticks, [])
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ticks.now += 5
    assert heartbeat.beat()
    other.execute("ROLLBACK")
    other.close()
    ticks.now += 1
    assert heartbeat.beat()
    assert backend.row().running_s == 6.0


class Surprising(Database):
    """A database whose first write fails as nobody has thought of."""

    def __init__(self, url):
        super().__init__(url)
        self.surprised = False
        self.written = threading.Event()

    def write_sync(self, work):
        if not self.surprised:
            self.surprised = True
            raise RuntimeError("unheard of")
        value = super().write_sync(work)
        self.written.set()
        return value


def test_an_error_that_nobody_has_thought_of_costs_one_beat_and_no_attempt(backend, database_path):
    backend.create()
    backend.claim()
    told, before = [], backend.row().heartbeat
    db = Surprising(f"sqlite:///{database_path}")
    heartbeat = make_heartbeat(backend, Ticks(), told, db=db)
    with captured_log() as said:
        heartbeat.start()
        assert db.written.wait(30)
    heartbeat.stop()
    heartbeat.join(30)
    assert backend.row().heartbeat > before
    assert said.getvalue().count("heartbeat_failed") == 1
    assert told == []


def test_a_loop_that_hangs_stops_the_heartbeat(backend):
    backend.create()
    backend.claim()
    ticks = Ticks()
    before = backend.row().heartbeat
    heartbeat = make_heartbeat(backend, ticks, [])
    ticks.now += LOOP_SILENCE_S + 1
    heartbeat.start()
    threading.Event().wait(0.1)
    assert backend.row().heartbeat == before
    heartbeat.stop()
    heartbeat.join(5)


async def test_what_was_committed_is_not_counted_again_when_the_read_behind_it_fails(backend, database_path, tmp_path):
    backend.create()
    backend.claim()
    ticks, db = Ticks(), Unreadable(f"sqlite:///{database_path}")
    quota = LimitedCaptureQuota(folder=tmp_path, settings=Settings(data_dir=tmp_path))
    heartbeat = make_heartbeat(backend, ticks, [], db=db, quota=quota)
    assert quota.take(100)
    ticks.now += 5
    assert heartbeat.beat()
    assert quota.take(10)
    ticks.now += 2
    assert heartbeat.beat()
    db.away = False
    assert heartbeat.beat()
    await db.close()
    assert (backend.row().running_s, backend.row().capture_bytes) == (7.0, 110)
    assert quota.unreported() == 0
