"""On a PostgreSQL whose tasks are made at the times that the tests say: a task's id tells when it was made."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from app.core.config import Settings
from app.core.db import Database
from app.core.ids import first_id_of
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.epoch import LogEpoch
from app.events.event import NewEvent, PendingLogs
from app.events.tables import scan_tasks, task_events, task_logs
from app.events.types import Statistics
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.identity.tables import audit_log, users
from app.maintenance.partition_keeper import PartitionKeeper, _drop_if_due
from app.maintenance.queries.partitions import raise_min_seqs
from app.maintenance.retention import RetentionService
from app.migrations import partitions
from app.migrations.partitions import AUDIT, EVENTS, LINES
from app.migrations.runner import migrate
from app.scans.lifecycle import Lifecycle
from app.scans.queries import holds
from app.websocket.messages.codes import SnapshotReason
from app.websocket.messages.topics import ALL_TOPICS
from app.websocket.state.state_reader import NoReplay, StateReader
from tests.support.database_locks import until_locked_out
from tests.support.monitored_tasks import HandClock

pytestmark = pytest.mark.system
DAY = timedelta(days=1)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday
USER = {
    "id": "user",
    "username": "user",
    "email": "user@example.org",
    "password_hash": "x",
    "role": "user",
    "is_active": True,
    "token_version": 0,
    "created_at": BEGAN,
}


class World:
    """A database whose time the test moves."""

    def __init__(self, url: str, folder) -> None:
        self.db = Database(url, busy_timeout_s=2)
        self.clock = HandClock()
        self.db.write_sync(lambda c: c.execute(insert(users).values(**USER)) and None)
        self.keeper = PartitionKeeper(db=self.db)
        self.writer = EventWriter(db=self.db, bus=MemoryBus())
        self.life = Lifecycle(clock=self.clock, texts=MessageCatalog("en"))
        self.retention = RetentionService(
            db=self.db,
            clock=self.clock,
            settings=Settings(data_dir=folder, language="en"),
            remove_files=lambda *_, **__: None,
        )

    def create(self, number: int = 1) -> str:
        task_id = f"{first_id_of(self.clock.now())}-7000-8000-{number:012}"
        self.writer.write_sync(self.life.create(task_id, user_id="user", target_domain="corp.example", config={}))
        return task_id

    def finish(self, task_id: str, attempt: int = 1) -> None:
        self.writer.write_sync(self.life.claim(task_id, attempt, "worker", "corp.example"))
        lines = NewEvent(PendingLogs((LogEntry("INFO", "m", "x", self.clock.now()),)))
        self.writer.write_sync(
            Recorder(task_id=task_id, attempt=attempt, run=attempt, clock=self.clock).record([lines])
        )
        self.writer.write_sync(self.life.complete(task_id, attempt, Statistics()))

    def row(self, task_id):
        return self.db.read_sync(lambda c: c.execute(select(scan_tasks).where(scan_tasks.c.id == task_id)).one())

    def count(self, table) -> int:
        return self.db.read_sync(lambda c: c.execute(select(func.count()).select_from(table)).scalar_one())

    def partitions(self, of) -> list[str]:
        return [one.name for one in self.db.read_sync(lambda c: partitions.existing(c, of))]

    async def pass_days(self, days: int, *, every: int = 1) -> None:
        """Retention looks each day, or `every` few, of which partitions are made ahead, too."""
        for _ in range(days // every):
            self.clock.advance((every * DAY).total_seconds())
            await self.retention.purge_all()


def as_it_began(url: str) -> None:
    """Make the tables at the time at which a world begins."""
    db = Database(url)
    migrate(db, clock=HandClock())
    asyncio.run(db.close())


@pytest.fixture
def world(postgres, tmp_path) -> Iterator[World]:
    with postgres.new_database(as_it_began) as url:
        world = World(url, tmp_path)
        yield world
        asyncio.run(world.db.close())


def where_is(world, table):
    query = text(f"SELECT DISTINCT tableoid::regclass::text FROM {table} ORDER BY 1")
    return world.db.read_sync(lambda c: list(c.execute(query).scalars()))


async def test_partitions_are_there_before_their_time_and_rows_go_to_their_own(world):
    assert world.partitions(EVENTS) == ["task_events_20260101", "task_events_20260201", "task_events_20260301"]
    assert world.partitions(LINES) == ["task_logs_20251229", "task_logs_20260105", "task_logs_20260112"]
    assert world.partitions(AUDIT) == ["audit_log_20260101", "audit_log_20260201", "audit_log_20260301"]
    world.finish(world.create())
    world.clock.advance((33 * DAY).total_seconds())
    await world.keeper.make_ahead(world.clock.now())
    world.finish(world.create())
    assert where_is(world, "task_events") == ["task_events_20260101", "task_events_20260201"]
    assert where_is(world, "task_logs") == ["task_logs_20251229", "task_logs_20260202"]
    assert world.partitions(EVENTS)[-1] == "task_events_20260401"


async def test_what_has_no_partition_is_kept_and_that_partition_is_not_made_any_more(world):
    world.clock.advance((200 * DAY).total_seconds())
    world.finish(world.create())
    assert where_is(world, "task_events") == ["task_events_other"]
    await world.keeper.make_ahead(world.clock.now())
    assert world.partitions(EVENTS)[-2:] == ["task_events_20260801", "task_events_20260901"]
    assert "task_events_20260701" not in world.partitions(EVENTS)
    await world.pass_days(41)
    assert world.count(task_logs) == 0
    assert world.count(task_events) == 3


async def test_lines_go_with_their_week_and_events_with_their_month(world):
    world.finish(world.create(1))
    await world.pass_days(3)  # Sunday
    late = world.create(2)
    world.finish(late)
    await world.pass_days(29)
    assert world.count(task_logs) == 2  # of the first one they are due; the week is not
    assert world.count(task_events) == 3 + 4  # without the event that says them
    await world.pass_days(2)
    assert world.count(task_logs) == 0
    assert "task_logs_20251229" not in world.partitions(LINES)
    await world.pass_days(365, every=5)
    assert "task_events_20260101" not in world.partitions(EVENTS)
    assert world.count(task_events) == 0
    assert world.row(late).min_seq == world.row(late).last_seq + 1


async def test_a_position_in_a_month_that_was_dropped_gets_a_snapshot_and_what_comes_later_is_contiguous(world):
    task = world.create()
    world.finish(task)
    seen = world.row(task).last_seq
    await world.pass_days(400, every=5)
    world.writer.write_sync(world.life.retry(task, by="user"))
    assert where_is(world, "task_events") == ["task_events_other"]
    assert world.row(task).min_seq == seen + 1 == world.row(task).last_seq
    reader = StateReader(clock=world.clock, max_snapshot_bytes=1 << 18, epoch=LogEpoch(db=world.db))
    limits = {"epoch": None, "max_events": 100, "max_bytes": 1 << 18}
    behind = world.db.read_sync(lambda c: reader.replay(c, task, seen - 1, ALL_TOPICS, **limits))
    assert behind == NoReplay("user", SnapshotReason.HISTORY_PRUNED)
    assert world.db.read_sync(lambda c: reader.replay(c, task, seen, ALL_TOPICS, **limits)).count == 1


async def test_a_task_that_runs_keeps_its_week_and_only_what_is_long_due_goes_row_by_row(world):
    world.finish(world.create(1))
    running = world.create(2)
    world.writer.write_sync(world.life.claim(running, 1, "worker", "corp.example"))
    await world.pass_days(31)
    assert world.count(task_logs) == 1
    await world.pass_days(9)
    assert world.count(task_logs) == 0
    assert "task_logs_20251229" in world.partitions(LINES)


async def test_a_task_under_a_legal_hold_keeps_its_partitions(world):
    held = world.create(1)
    world.finish(held)
    world.db.write_sync(lambda c: holds.place(c, held, at=world.clock.now(), by="admin", reason="Case 1"))
    await world.pass_days(460, every=5)
    assert (world.count(task_logs), world.count(task_events)) == (1, 4)
    assert world.row(held).min_seq == 1
    world.db.write_sync(lambda c: holds.release(c, held))
    await world.pass_days(5)
    assert (world.count(task_logs), world.count(task_events)) == (0, 0)


async def test_a_hold_waits_for_a_drop_and_keeps_the_partitions_that_are_there_then(world):
    held = world.create(1)
    world.finish(held)
    world.clock.advance((400 * DAY).total_seconds())
    now = world.clock.now()
    place = partial(holds.place, task_id=held, at=now, by="admin", reason="Case 1")
    lines, events = [world.db.read_sync(lambda c, of=of: partitions.existing(c, of))[0] for of in (LINES, EVENTS)]
    with world.db.engine.connect() as dropping, dropping.begin():
        assert _drop_if_due(dropping, lines, now)
        holding = asyncio.create_task(world.db.write(place))
        await until_locked_out(world.db)
        assert not holding.done()
    assert await holding
    assert world.db.write_sync(lambda c: raise_min_seqs(c, events, 500)) == 0
    assert world.row(held).min_seq == 1
    world.db.write_sync(lambda c: holds.release(c, held))
    assert world.db.write_sync(lambda c: raise_min_seqs(c, events, 500)) == 1
    with world.db.engine.connect() as holding, holding.begin():
        place(holding)
        await world.keeper.drop_old(EVENTS, now)
    await world.keeper.drop_old(EVENTS, now)
    assert events.name in world.partitions(EVENTS)


async def test_a_task_that_was_tried_again_meanwhile_keeps_the_partition(world):
    task = world.create()
    world.finish(task)
    await world.pass_days(29)
    world.writer.write_sync(world.life.retry(task, by="user"))
    world.finish(task, 2)
    await world.pass_days(8)
    assert world.count(task_logs) == 2
    assert "task_logs_20251229" in world.partitions(LINES)


async def test_audit_rows_go_with_their_month(world):
    row = {"at": world.clock.now(), "action": "ws.connect", "outcome": "ok", "detail": {}}
    world.db.write_sync(lambda c: c.execute(insert(audit_log), [row] * 3) and None)
    await world.pass_days(390, every=5)
    await world.pass_days(4)
    assert world.count(audit_log) == 3
    await world.pass_days(3)
    assert world.count(audit_log) == 0
    assert "audit_log_20260101" not in world.partitions(AUDIT)


async def test_who_holds_a_table_is_not_waited_for_and_the_next_round_drops_it(world):
    world.finish(world.create())
    world.clock.advance((40 * DAY).total_seconds())
    due = world.clock.now() - 30 * DAY
    with world.db.engine.connect() as reader, reader.begin():
        reader.execute(select(task_logs)).all()
        before = asyncio.get_running_loop().time()
        await world.keeper.drop_old(LINES, due)
        assert asyncio.get_running_loop().time() - before < 2
        assert "task_logs_20251229" in world.partitions(LINES)
    await world.keeper.drop_old(LINES, due)
    assert "task_logs_20251229" not in world.partitions(LINES)


async def test_while_a_table_is_held_a_partition_is_made_later(world):
    soon = world.clock.now() + 40 * DAY
    with world.db.engine.connect() as reader, reader.begin():
        reader.execute(select(task_events)).all()
        await world.keeper.make_ahead(soon)
        assert world.partitions(EVENTS)[-1] == "task_events_20260301"
    await world.keeper.make_ahead(soon)
    assert world.partitions(EVENTS)[-1] == "task_events_20260401"


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 4, "event_id": "new", "type": "task_stage"},  # the number of another event
        {"seq": 9, "event_id": None},  # the same event once more
        {"seq": 9, "event_id": "new", "type": "task_completed"},  # a second end of the attempt
    ],
)
def test_the_database_itself_refuses_a_number_an_event_or_an_end_twice(world, change):
    task = world.create()
    world.finish(task)
    events = world.db.read_sync(lambda c: c.execute(select(task_events).order_by(task_events.c.seq)).all())
    row = {**events[-1]._asdict(), **change}
    row["event_id"] = row["event_id"] or events[-1].event_id
    with pytest.raises(IntegrityError):
        world.db.write_sync(lambda c: c.execute(insert(task_events).values(**row)))
    row |= {"seq": 9, "event_id": "new", "type": "task_stage"}
    world.db.write_sync(lambda c: c.execute(insert(task_events).values(**row)) and None)
