"""Every legal transition happens once; every other writes nothing."""

import itertools
from dataclasses import replace

import pytest

from app.core.db import Database
from app.core.ids import new_id
from app.domain.messages import MessageCatalog
from app.domain.stages import STAGES
from app.domain.tasks import TERMINAL, TO_NEXT_ATTEMPT, TaskStatus, may_become
from app.events.bus.memory import MemoryBus
from app.events.event import NewEvent
from app.events.log import read_after
from app.events.types import ErrorInfo, Statistics, TaskStage
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.scans.lifecycle import Lifecycle
from app.scans.queries import tasks
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.rows import add_user
from tests.support.said import said

LOST = ErrorInfo(code="worker_lost", message="lost", retryable=True)
S = TaskStatus
STAGE_KEYS = [spec.key for spec in STAGES]


class World:
    def __init__(self, database_url):
        self.clock = FakeClock()
        self.db = Database(database_url)
        create_tables(self.db)
        self.event_writer = EventWriter(db=self.db, bus=MemoryBus())
        self.lifecycle = Lifecycle(clock=self.clock, texts=MessageCatalog("en"))
        self.user_id = add_user(self.db, self.clock, "u")

    def row(self, task_id):
        return self.db.read_sync(lambda c: tasks.find(c, task_id))

    def types(self, task_id):
        return [e.type for e in self.db.read_sync(lambda c: read_after(c, task_id, 0, limit=100))]

    def lines(self, task_id):
        return [(line.level, line.message) for line in self.db.read_sync(lambda c: tasks.log_tail(c, task_id, 100))]

    def write(self, unit):
        return self.event_writer.write_sync(unit)

    def beat(self, task_id, *, attempt, running_s):
        recorder = Recorder(task_id=task_id, attempt=attempt, run=1, clock=self.clock)
        assert self.db.write_sync(lambda c: recorder.heartbeat(c, running_s)) is not None

    def task_in(self, status):
        task_id, cycle = new_id(), self.lifecycle
        self.write(cycle.create(task_id, user_id=self.user_id, target_domain="example.org", config={}))
        way = {
            S.PENDING: [],
            S.RUNNING: ["claim"],
            S.CANCELLING: ["claim", "cancel"],
            S.COMPLETED: ["claim", "complete"],
            S.FAILED: ["claim", "fail"],
            S.CANCELLED: ["claim", "cancel", "cancelled"],
        }
        for step in way[status]:
            assert self.write(self.unit(step, task_id)) is not None
        assert self.row(task_id).status == status
        return task_id

    def unit(self, step, task_id, attempt=1):
        cycle = self.lifecycle
        return {
            "claim": lambda: cycle.claim(task_id, attempt, "w", "example.org"),
            "cancel": lambda: cycle.request_cancel(task_id, by="u"),
            "cancel_pending": lambda: cycle.cancel_pending(task_id, by="u"),
            "complete": lambda: cycle.complete(task_id, attempt, Statistics()),
            "cancelled": lambda: cycle.cancelled(task_id, attempt, Statistics()),
            "fail": lambda: cycle.fail(task_id, attempt, LOST, Statistics()),
            "retry": lambda: cycle.retry(task_id, by="u"),
            "requeue": lambda: cycle.requeue(task_id, attempt),
            "delete": lambda: cycle.delete(task_id, by="u"),
        }[step]()


@pytest.fixture
def world(database_url):
    world = World(database_url)
    yield world
    world.db.close_sync()


LEADS_TO = {
    "claim": (S.RUNNING, {S.PENDING}),
    "cancel": (S.CANCELLING, {S.RUNNING}),
    "cancel_pending": (S.CANCELLED, {S.PENDING}),
    "complete": (S.COMPLETED, {S.RUNNING}),
    "cancelled": (S.CANCELLED, {S.CANCELLING}),
    "fail": (S.FAILED, {S.PENDING, S.RUNNING, S.CANCELLING}),
}


@pytest.mark.parametrize(("step", "status"), list(itertools.product(LEADS_TO, S)))
def test_a_transition_happens_only_from_where_it_is_legal(world, step, status):
    target, sources = LEADS_TO[step]
    assert all(may_become(source, target) for source in sources)
    task_id = world.task_in(status)
    before = world.row(task_id)
    result = world.write(world.unit(step, task_id))
    if status in sources:
        assert (world.row(task_id).status, result.status) == (target, target)
    else:
        assert result is None
        assert world.row(task_id) == before


@pytest.mark.parametrize("status", list(S))
def test_a_retry_starts_clean_from_every_terminal_status(world, status):
    task_id = world.task_in(status)
    result = world.write(world.unit("retry", task_id))
    if status not in TERMINAL:
        assert result is None
        return
    row = world.row(task_id)
    assert (row.status, row.attempt, row.run, row.progress, row.requeues) == (S.PENDING, 2, 2, 0, 0)
    event = result.events[0]
    assert (event.attempt, event.payload()["next_attempt"]) == (1, 2)


def test_a_retry_forgets_how_the_run_before_it_went(world):
    task_id = world.task_in(S.RUNNING)
    world.write(world.unit("requeue", task_id))
    world.write(world.unit("claim", task_id, attempt=2))
    world.beat(task_id, attempt=2, running_s=90.0)
    world.write(world.lifecycle.request_cancel(task_id, by="u", reason="too slow"))
    world.write(world.unit("cancelled", task_id, attempt=2))
    row = world.row(task_id)
    assert (row.requeues, row.running_s, row.cancel_by, row.cancel_reason) == (1, 90.0, "u", "too slow")
    world.write(world.unit("retry", task_id))
    row = world.row(task_id)
    assert (row.requeues, row.running_s, row.cancel_by, row.cancel_reason) == (0, 0.0, None, None)
    assert (row.started_at, row.completed_at) == (None, None)


def test_a_scan_that_is_resumed_began_when_its_first_attempt_did_and_a_retry_begins_anew(world):
    task_id = world.task_in(S.RUNNING)
    began = world.row(task_id).started_at
    for step, attempt in (("requeue", 1), ("claim", 2), ("fail", 2)):
        world.clock.advance(60)
        world.write(world.unit(step, task_id, attempt=attempt))
        assert world.row(task_id).started_at == began
    world.write(world.unit("retry", task_id, attempt=2))
    world.write(world.unit("claim", task_id, attempt=3))
    assert world.row(task_id).started_at > began


@pytest.mark.parametrize("status", list(S))
def test_a_requeue_keeps_the_run_and_counts(world, status):
    task_id = world.task_in(status)
    result = world.write(world.unit("requeue", task_id))
    if status is not S.RUNNING:
        assert result is None
        return
    assert status in TO_NEXT_ATTEMPT
    row = world.row(task_id)
    assert (row.status, row.attempt, row.run, row.requeues) == (S.PENDING, 2, 1, 1)
    assert result.events[0].payload()["reason"] == "worker_lost"


def test_a_restart_of_the_server_does_not_count_as_a_requeue(world):
    task_id = world.task_in(S.RUNNING)
    world.write(world.lifecycle.requeue(task_id, 1, counts=False))
    assert world.row(task_id).requeues == 0


def test_a_failed_attempt_is_error_and_completion_in_one_transaction(world):
    task_id = world.task_in(S.RUNNING)
    result = world.write(world.unit("fail", task_id))
    assert [event.type for event in result.events] == ["task_error", "task_completed"]
    assert result.events[1].payload()["error"] == {"code": "worker_lost", "message": "lost", "retryable": True}


@pytest.mark.parametrize(("step", "status"), [("cancelled", S.CANCELLED), ("fail", S.FAILED)])
def test_an_attempt_that_ends_early_closes_its_stages_before_it_is_completed(world, step, status):
    task_id = world.task_in(S.RUNNING)
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=world.clock)
    begun = [NewEvent(TaskStage(stage_key=key, stage="s", status="running")) for key in STAGE_KEYS[:2]]
    done = NewEvent(TaskStage(stage_key=STAGE_KEYS[0], stage="s", status="completed"))
    world.write(recorder.record([*begun, done]))
    if step == "cancelled":
        world.write(world.unit("cancel", task_id))
    unit = world.unit(step, task_id)
    first = world.write(unit)
    assert (first.events[0].type, first.events[-1].type) == ("task_stage", "task_completed")
    assert first.events[0].payload()["status"] == status
    stages = world.row(task_id).stages
    assert [stage["status"] for stage in stages] == ["completed", status, "pending", "pending", "pending"]
    assert stages[1]["finished_at"] is not None
    assert world.write(unit).last_seq == first.last_seq  # run again after an unknown outcome


def test_each_attempt_has_at_most_one_completion_and_the_last_exactly_one(world):
    task_id = world.task_in(S.RUNNING)
    world.write(world.unit("requeue", task_id))
    world.write(world.unit("claim", task_id, 2))
    assert world.write(world.unit("complete", task_id, 1)) is None
    world.write(world.unit("complete", task_id, 2))
    assert world.types(task_id).count("task_completed") == 1


@pytest.mark.parametrize("status", list(S))
def test_only_a_task_that_nobody_works_on_can_be_deleted(world, status):
    task_id = world.task_in(status)
    result = world.write(world.unit("delete", task_id))
    if status in (S.RUNNING, S.CANCELLING):
        assert result is None
        assert world.row(task_id) is not None
    else:
        assert result.events[-1].type == "task_deleted"
        assert world.row(task_id) is None
        assert world.write(world.unit("retry", task_id)) is None


@pytest.mark.parametrize("step", ["claim", "cancel", "complete", "fail", "retry", "requeue", "delete"])
def test_a_missing_task_writes_nothing(world, step):
    assert world.write(world.unit(step, "no-such-task")) is None


def test_creating_the_same_task_again_after_an_unknown_outcome_adds_nothing(world):
    task_id = new_id()
    unit = world.lifecycle.create(task_id, user_id=world.user_id, target_domain="example.org", config={})
    first = world.write(unit)
    assert_landed_as(world.write(unit), first)


def test_a_retry_asked_for_twice_with_the_same_unit_is_one_retry(world):
    task_id = world.task_in(S.COMPLETED)
    unit = world.unit("retry", task_id)
    first = world.write(unit)
    assert_landed_as(world.write(unit), first)
    assert world.row(task_id).attempt == 2


def assert_landed_as(again, first):
    """What was in the log already is where it was; the number of its commit is only known to be no less."""
    assert again.commits >= first.commits
    assert replace(again, commits=first.commits) == first


@pytest.mark.parametrize(("status", "step"), [(S.RUNNING, "cancel"), (S.PENDING, "cancel_pending")])
def test_the_log_says_who_cancelled_a_scan(world, status, step):
    task_id = world.task_in(status)
    assert world.write(world.unit(step, task_id)) is not None
    assert world.lines(task_id) == [("WARNING", said("cancelled_by", by="u"))]
