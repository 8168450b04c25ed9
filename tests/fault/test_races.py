"""Two writers of one task at the same moment, as a scan's process and the server are: each race five hundred times."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core.db import Database
from app.events.log import read_after
from app.events.types import ErrorInfo, Statistics
from app.events.writer import EventWriter
from app.scans.queries import tasks
from tests.support.realtime import Stack

RACES = 500
TIMEOUT = ErrorInfo(code="timeout", message="too long", retryable=True)


class Race:
    """The database of two processes: connections, threads and locks of their own."""

    def __init__(self, stack):
        self.stack = stack
        self.lifecycle = stack.lifecycle
        other = Database(stack.db.url)
        self.databases = (stack.db, other)
        self.event_writers = (stack.event_writer, EventWriter(db=other, bus=stack.bus))

    def run(self, first, second):
        """What became of two units that began at the same moment: the place of each, or None."""
        start = threading.Barrier(2)

        def write(event_writer, unit):
            start.wait()
            return event_writer.write_sync(unit)

        with ThreadPoolExecutor(2) as threads:
            tries = [
                threads.submit(write, event_writer, unit)
                for event_writer, unit in zip(self.event_writers, (first, second), strict=True)
            ]
            return [tried.result() for tried in tries]

    def outcome(self, task):
        """(status of the row, types of its events, statuses of its completions). The log has no hole."""
        row, events = self.stack.db.read_sync(lambda c: (tasks.find(c, task), read_after(c, task, 0, limit=1_000)))
        assert [event.seq for event in events] == list(range(1, row.last_seq + 1))
        ended = [event.payload()["status"] for event in events if event.type == "task_completed"]
        return row.status, [event.type for event in events], ended


@pytest.fixture
async def race(tmp_path):
    stack = Stack(tmp_path)
    running = Race(stack)
    yield running
    for database in running.databases:
        await database.close()


async def test_a_scan_that_finishes_while_its_time_is_up_ends_once(race):
    user, won = race.stack.add_user("a"), Counter()
    for number in range(RACES):
        task = await race.stack.add_task(user)
        finish = race.lifecycle.complete(task, 1, Statistics())
        timeout = race.lifecycle.fail(task, 1, TIMEOUT, Statistics())
        pair = (finish, timeout) if number % 2 else (timeout, finish)
        places = race.run(*pair)
        assert sum(place is not None for place in places) == 1
        status, _, ended = race.outcome(task)
        assert ended == [status]
        assert status == ("completed" if (places[0] is not None) == (pair[0] is finish) else "failed")
        won[status] += 1
    assert min(won["completed"], won["failed"]) > 0, won


async def test_a_cancel_that_was_accepted_is_never_overtaken_by_a_completion(race):
    user, won = race.stack.add_user("a"), Counter()
    for number in range(RACES):
        task = await race.stack.add_task(user)
        cancel = race.lifecycle.request_cancel(task, by="a")
        finish = race.lifecycle.complete(task, 1, Statistics())
        pair = (cancel, finish) if number % 2 else (finish, cancel)
        places = dict(zip(("cancel", "finish") if number % 2 else ("finish", "cancel"), race.run(*pair), strict=True))
        assert (places["cancel"] is None) != (places["finish"] is None)
        if places["finish"] is None:  # as the scan's process does then
            assert race.event_writers[1].write_sync(race.lifecycle.cancelled(task, 1, Statistics())) is not None
        status, kinds, ended = race.outcome(task)
        assert ended == [status]
        assert (status == "cancelled") == ("task_cancelling" in kinds) == (places["cancel"] is not None)
        won[status] += 1
    assert min(won["completed"], won["cancelled"]) > 0, won


async def test_a_waiting_task_that_is_cancelled_while_a_worker_claims_it_goes_one_way(race):
    user, won = race.stack.add_user("a"), Counter()
    for number in range(RACES):
        task = await race.stack.add_task(user, running=False)
        cancel = race.lifecycle.cancel_pending(task, by="a")
        claim = race.lifecycle.claim(task, 1, "worker", "example.org")
        pair = (cancel, claim) if number % 2 else (claim, cancel)
        assert sum(place is not None for place in race.run(*pair)) == 1
        status, kinds, ended = race.outcome(task)
        assert (status, kinds[-1], ended) in (
            ("running", "task_started", []),
            ("cancelled", "task_completed", ["cancelled"]),
        )
        won[status] += 1
    assert min(won["running"], won["cancelled"]) > 0, won
