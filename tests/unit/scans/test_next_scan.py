"""Which scan a worker gets: the next in the queue, nobody else's, and not too many of one user."""

import threading

import pytest

from app.core.clock import SystemClock
from app.core.db import Database
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.writer import EventWriter
from app.scans.lifecycle import Lifecycle
from app.scans.next_scan import claim_next
from tests.support.databases import create_tables
from tests.support.rows import add_user

WORKERS = 6


@pytest.fixture
async def hall(database_url):
    db = Database(database_url, busy_timeout_s=20)
    if db.is_sqlite:
        create_tables(db)
    yield Hall(db)
    await db.close()


class Hall:
    def __init__(self, db):
        self.db = db
        self.lifecycle = Lifecycle(clock=SystemClock(), texts=MessageCatalog("en"))
        self.writer = EventWriter(db=db, bus=MemoryBus())
        self.users = {name: add_user(db, SystemClock(), name) for name in ("mei", "li")}

    def create(self, *tasks):
        for task in tasks:
            unit = self.lifecycle.create(
                task, user_id=self.users[task.partition("-")[0]], target_domain="example.org", config={}
            )
            self.writer.write_sync(unit)

    def claim(self, *, worker="w", scans_per_user=2):
        claimed = self.writer.write_sync(claim_next(self.lifecycle, worker, scans_per_user=scans_per_user))
        return None if claimed is None else claimed.task_id


def test_users_take_turns_and_none_has_more_at_once_than_allowed(hall):
    hall.create("mei-1", "mei-2", "mei-3", "li-1")
    assert [hall.claim() for _ in range(4)] == ["mei-1", "li-1", "mei-2", None]


def test_a_claim_is_running_and_says_whose_it_is(hall):
    hall.create("mei-1")
    claimed = hall.writer.write_sync(claim_next(hall.lifecycle, "worker-7", scans_per_user=1))
    assert (claimed.status, claimed.attempt, claimed.user_id) == ("running", 1, hall.users["mei"])
    assert [event.type for event in claimed.events] == ["task_started"]
    assert "worker-7" in claimed.events[0].body


def test_workers_that_look_at_the_same_time_get_different_scans_and_keep_the_limit(hall):
    """Messages that were doubled or delivered to all of them."""
    hall.create(*(f"mei-{number}" for number in range(5)), "li-1", "li-2")
    found, start = [], threading.Barrier(WORKERS)

    def work(number):
        start.wait()
        found.append(hall.claim(worker=f"w{number}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = sorted(task for task in found if task is not None)
    assert [task.partition("-")[0] for task in taken] == ["li", "li", "mei", "mei"]
    assert len(set(taken)) == 4


def test_run_again_after_a_commit_nobody_heard_of_it_claims_nothing_else(hall):
    hall.create("mei-1", "mei-2")
    unit = claim_next(hall.lifecycle, "worker-7", scans_per_user=2)
    assert hall.writer.write_sync(unit).task_id == "mei-1"
    again = hall.writer.write_sync(unit)
    assert (again.task_id, [event.seq for event in again.events]) == ("mei-1", [2])
    assert hall.claim() == "mei-2"


def test_run_again_after_a_commit_that_failed_it_claims_what_is_next(hall):
    hall.create("mei-1", "li-1")
    unit = claim_next(hall.lifecycle, "worker-7", scans_per_user=2)

    def fail(connection):
        unit(connection)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        hall.db.write_sync(fail)
    assert hall.claim(worker="worker-8") == "mei-1"  # which was quicker then
    assert hall.writer.write_sync(unit).task_id == "li-1"
