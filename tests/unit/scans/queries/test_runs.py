"""What the runs of a task have left behind."""

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.core.ids import new_id
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.verdict import Result, Verdict
from app.events.bus.memory import MemoryBus
from app.events.event import NewEvent, PendingLogs
from app.events.tables import RUN_COLUMNS, scan_tasks
from app.events.types import Statistics
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.scans.lifecycle import Lifecycle
from app.scans.queries import runs, tasks
from tests.support.backend import HandClock
from tests.support.databases import create_tables
from tests.support.rows import add_user

TASK = new_id()


class World:
    def __init__(self, folder):
        self.clock = HandClock()
        self.db = Database(f"sqlite:///{folder}/test.db")
        create_tables(self.db)
        self.writer = EventWriter(db=self.db, bus=MemoryBus())
        self.life = Lifecycle(clock=self.clock, texts=MessageCatalog("en"))
        user_id = add_user(self.db, self.clock, "u")
        self.write(self.life.create(TASK, user_id=user_id, target_domain="example.org", config={}))

    def write(self, unit):
        assert self.writer.write_sync(unit) is not None

    def read(self, work):
        return self.db.read_sync(work)

    def row(self):
        return self.read(lambda c: tasks.find(c, TASK))

    def run_once(self, attempt, *, lines=0, capture_bytes=0, result=Result.CLEAN):
        """An attempt that writes something and is completed."""
        if attempt > 1:
            self.write(self.life.retry(TASK, by="u"))
        self.write(self.life.claim(TASK, attempt, "w", "example.org"))
        recorder = Recorder(task_id=TASK, attempt=attempt, run=attempt, clock=self.clock)
        if lines:
            entries = tuple(LogEntry("INFO", "m", f"line {number}") for number in range(lines))
            self.write(recorder.record([NewEvent(PendingLogs(entries))]))
        self.db.write_sync(lambda c: recorder.heartbeat(c, 1.0, capture_bytes))
        self.write(self.life.complete(TASK, attempt, Statistics(total_pages_crawled=attempt), verdict=Verdict(result)))


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.db.close_sync()


def test_the_row_that_is_kept_is_the_tasks_own_when_the_run_ended(world):
    world.run_once(1, lines=2)
    ended = world.row()
    world.run_once(2)
    kept = world.read(lambda c: runs.containing(c, world.row(), 1)).task
    assert [getattr(kept, name) for name in RUN_COLUMNS] == [getattr(ended, name) for name in RUN_COLUMNS]
    assert world.read(lambda c: runs.containing(c, world.row(), 2)) == runs.Run(world.row())
    assert world.read(lambda c: runs.containing(c, world.row(), 3)) is None


@pytest.mark.parametrize(
    ("offset", "limit", "expected"), [(0, 50, [4, 3, 2, 1]), (0, 1, [4]), (1, 2, [3, 2]), (3, 5, [1]), (4, 5, [])]
)
def test_runs_come_in_pages_the_newest_first(world, offset, limit, expected):
    for attempt in (1, 2, 3):
        world.run_once(attempt)
    world.write(world.life.retry(TASK, by="u"))
    found, total = world.read(lambda c: runs.page(c, world.row(), offset=offset, limit=limit))
    assert [run.task.attempt for run in found] == expected
    assert total == 4


def test_each_run_knows_where_its_log_begins_and_ends(world):
    world.run_once(1, lines=2)
    world.run_once(2)
    world.run_once(3, lines=1)
    found, _ = world.read(lambda c: runs.page(c, world.row(), offset=0, limit=9))
    first = [world.read(lambda c, row=run.task: runs.first_log_seq(c, row)) for run in found]
    assert [(begin, run.task.last_log_seq) for begin, run in zip(first, found, strict=True)] == [(3, 3), (3, 2), (1, 2)]


def test_each_run_keeps_its_own_part_of_the_captures(world):
    for attempt, size in ((1, 100), (2, 20), (3, 3)):
        world.run_once(attempt, capture_bytes=size)
    assert world.row().capture_bytes == 123
    world.db.write_sync(lambda c: runs.mark_results_removed(c, TASK, 2, world.clock.now()))
    assert world.row().capture_bytes == 103
    world.db.write_sync(lambda c: runs.mark_results_removed(c, TASK, 2, world.clock.now()))  # once is enough
    assert world.row().capture_bytes == 103
    world.run_once(4, capture_bytes=7)
    world.db.write_sync(lambda c: runs.mark_results_removed(c, TASK, 4, world.clock.now()))
    assert world.row().capture_bytes == 103


@pytest.mark.parametrize(("inconclusive", "expected"), [((), 3), ((3,), 2), ((2, 3), 1), ((1, 2, 3), 3)])
def test_the_run_that_stands_for_a_task_is_the_same_in_a_query_and_of_its_row(world, inconclusive, expected):
    for attempt in (1, 2, 3):
        world.run_once(attempt, result=Result.INCONCLUSIVE if attempt in inconclusive else Result.CLEAN)
    some = select(scan_tasks.c.id, scan_tasks.c.run).subquery()
    queries = [select(runs.shown_run(tasks)).select_from(tasks) for tasks in (scan_tasks, some)]
    assert [world.read(lambda c, query=query: c.execute(query).scalar_one()) for query in queries] == [expected] * 2
    assert world.read(lambda c: runs.shown_attempts(c, [world.row()])) == {TASK: expected}
