import sqlite3
import threading

from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.services.recorder import Recorder
from app.tasks.capture_room import LimitedRoom
from app.tasks.heart import Heart
from app.tasks.pulse import LOOP_SILENCE_S, LoopPulse


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
            raise DatabaseUnavailable("the database is not reachable")
        return super().read_sync(work)


def make_heart(house, ticks, told, interval_s=0.01, *, db=None, room=None):
    return Heart(
        db=db or house.db,
        room=room,
        recorder=Recorder(task_id="task-1", attempt=1, run=1, clock=house.clock),
        pulse=LoopPulse(ticks),
        interval_s=interval_s,
        on_cancel=lambda: told.append("cancel"),
        on_lost=lambda: told.append("lost"),
        monotonic=ticks,
    )


def test_a_beat_raises_the_counter_and_adds_the_running_time(house):
    house.create()
    house.claim()
    ticks, told = Ticks(), []
    heart = make_heart(house, ticks, told)
    before = house.row().heartbeat
    ticks.now += 5
    assert heart.beat()
    ticks.now += 2
    assert heart.beat()
    assert (house.row().heartbeat, house.row().running_s) == (before + 2, 7.0)


def test_a_cancel_is_seen_once(house):
    house.create()
    house.claim()
    house.write(house.lifecycle.request_cancel("task-1", by="user"))
    told = []
    heart = make_heart(house, Ticks(), told)
    assert heart.beat()
    assert heart.beat()
    assert told == ["cancel"]


def test_a_lost_attempt_ends_the_heart(house):
    house.create()
    house.claim()
    house.write(house.lifecycle.requeue("task-1", 1))
    told = []
    heart = make_heart(house, Ticks(), told)
    heart.start()
    heart.join(5)
    assert told == ["lost"]


def test_a_locked_database_costs_a_beat_and_no_running_time(house, database_path):
    house.create()
    house.claim()
    ticks = Ticks()
    heart = make_heart(house, ticks, [])
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ticks.now += 5
    assert heart.beat()
    other.execute("ROLLBACK")
    other.close()
    ticks.now += 1
    assert heart.beat()
    assert house.row().running_s == 6.0


def test_a_loop_that_hangs_stops_the_heart(house):
    house.create()
    house.claim()
    ticks = Ticks()
    before = house.row().heartbeat
    heart = make_heart(house, ticks, [])
    ticks.now += LOOP_SILENCE_S + 1
    heart.start()
    threading.Event().wait(0.1)
    assert house.row().heartbeat == before
    heart.stop()
    heart.join(5)


async def test_what_was_committed_is_not_counted_again_when_the_read_behind_it_fails(house, database_path, tmp_path):
    house.create()
    house.claim()
    ticks, db = Ticks(), Unreadable(f"sqlite:///{database_path}")
    room = LimitedRoom(folder=tmp_path, settings=Settings(data_dir=tmp_path))
    heart = make_heart(house, ticks, [], db=db, room=room)
    assert room.take(100)
    ticks.now += 5
    assert heart.beat()
    assert room.take(10)
    ticks.now += 2
    assert heart.beat()
    db.away = False
    assert heart.beat()
    await db.close()
    assert (house.row().running_s, house.row().capture_bytes) == (7.0, 110)
    assert room.unreported() == 0
