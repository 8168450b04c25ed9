"""Whose scan is next."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from app.core.db import Database
from app.core.ids import new_id
from app.domain.messages import MessageCatalog
from app.events.tables import scan_tasks
from app.events.types import Statistics
from app.scans.lifecycle import Lifecycle
from app.scans.queries import queue
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.rows import add_user

USERS = ("mei", "li", "an")


class Line:
    """Users who ask for scans, and a server that does them in the order of the queue."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FakeClock()
        self.lifecycle = Lifecycle(clock=self.clock, texts=MessageCatalog("en"))
        self.users = {name: add_user(db, self.clock, name) for name in USERS}
        self.names: dict[str, str] = {}  # of tasks: "mei 0", "mei 1", ...
        self.counts: Counter[str] = Counter()
        self.running: list[str] = []

    def ask(self, user: str, count: int = 1) -> None:
        for _ in range(count):
            self.clock.advance(1)
            task_id = new_id()
            self.names[task_id] = f"{user} {self.counts[user]}"
            self.counts[user] += 1
            create = self.lifecycle.create(task_id, user_id=self.users[user], target_domain="a.example", config={})
            self.db.write_sync(create)

    def waiting(self) -> list[str]:
        return [self.names[row.id] for row in self._rows()]

    def positions(self) -> list[int | None]:
        return self.db.read_sync(lambda c: [queue.position(c, row) for row in queue.pending(c, 1_000)])

    def start(self) -> str:
        row = self._rows()[0]
        assert self.db.write_sync(self.lifecycle.claim(row.id, row.attempt, "w", "a.example")) is not None
        self.running.append(row.id)
        return self.names[row.id]

    def end(self, place: int = 0) -> str:
        task_id = self.running.pop(place)
        row = self.row(task_id)
        assert self.db.write_sync(self.lifecycle.complete(task_id, row.attempt, Statistics())) is not None
        return self.names[task_id]

    def row(self, task_id: str):
        return self.db.read_sync(lambda c: c.execute(scan_tasks.select().where(scan_tasks.c.id == task_id)).one())

    def named(self, name: str) -> str:
        return next(task_id for task_id, known in self.names.items() if known == name)

    def _rows(self):
        return self.db.read_sync(lambda c: queue.pending(c, 1_000))


@pytest.fixture
async def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'a.db'}")
    create_tables(db)
    yield db
    await db.close()


@pytest.fixture
def line(db):
    return Line(db)


def test_the_first_of_anybody_goes_before_the_second_of_somebody_with_a_hundred(line):
    line.ask("mei", 100)
    assert [line.start(), line.start()] == ["mei 0", "mei 1"]
    line.ask("li", 3)
    assert line.waiting()[:6] == ["li 0", "mei 2", "li 1", "mei 3", "li 2", "mei 4"]
    line.ask("an")
    assert line.waiting()[:3] == ["li 0", "an 0", "mei 2"]
    assert line.positions() == list(range(1, 103))
    line.end()
    assert line.start() == "li 0"


def test_with_one_place_users_alternate(line):
    line.ask("mei", 4)
    order = [line.start()]
    line.ask("li", 3)
    for _ in range(6):
        line.end()
        order.append(line.start())
    assert order == ["mei 0", "li 0", "mei 1", "li 1", "mei 2", "li 2", "mei 3"]


def test_who_asks_again_and_again_keeps_nobody_waiting_for_ever(line):
    line.ask("mei", 10)
    line.start()
    line.ask("li")
    order = []
    for _ in range(12):
        line.end()
        order.append(line.start())
        if order[-1].startswith("li"):
            line.ask("li")
    assert order.count("mei 9") == 0
    assert {name[:2] for name in order[:2]} == {"me", "li"}
    assert sum(name.startswith("mei") for name in order) == 6


def test_an_empty_queue_begins_at_the_first_round_again(line):
    line.ask("mei", 5)
    for _ in range(5):
        line.start()
        line.end()
    line.ask("li")
    assert line.row(line.named("li 0")).turn == 0


def test_what_goes_on_keeps_its_turn_and_a_retry_gets_a_new_one(line):
    line.ask("mei", 3)
    line.start()
    line.ask("li", 2)
    lost = line.named("mei 0")
    assert line.db.write_sync(line.lifecycle.requeue(lost, 1)) is not None
    assert line.waiting() == ["li 0", "mei 0", "mei 1", "li 1", "mei 2"]
    line.running.clear()
    line.start()
    line.start()
    line.end(1)
    assert line.db.write_sync(line.lifecycle.retry(lost, by="mei")) is not None
    assert line.waiting()[-1] == "mei 0"


def test_users_can_be_left_out(line):
    line.ask("mei", 3)
    line.ask("li", 1)
    rows = line.db.read_sync(lambda c: queue.pending(c, 10, besides=[line.users["mei"]]))
    assert [line.names[row.id] for row in rows] == ["li 0"]
    assert line.db.read_sync(lambda c: queue.position(c, line.row(line.named("mei 1")))) == 3
    line.start()
    assert line.db.read_sync(lambda c: queue.position(c, line.row(line.named("mei 0")))) is None


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["ask", "start", "end"]), st.sampled_from(USERS)), max_size=60))
def test_who_waits_with_nothing_running_is_never_passed_twice_by_the_same_user(line, steps):
    line.db.write_sync(lambda c: c.execute(delete(scan_tasks)) and None)
    line.running.clear()
    passed: dict[str, Counter[str]] = {}  # by a user who waits and has nothing running: who was started meanwhile
    for step, user in steps:
        waiting = {name.split()[0] for name in line.waiting()}
        at_work = {line.names[task_id].split()[0] for task_id in line.running}
        passed = {name: passed.get(name, Counter()) for name in waiting - at_work}
        if step == "ask":
            line.ask(user)
        elif step == "start" and waiting:
            started = line.start().split()[0]
            for name, others in passed.items():
                others[started] += name != started
                assert others[started] <= 2, (name, others)
        elif step == "end" and line.running:
            line.end()
