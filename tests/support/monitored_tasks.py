"""A task monitor over a real database, with a clock that the test moves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from app.core.config import Settings
from app.core.db import Database
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.tables import scan_tasks, task_events
from app.events.writer import EventWriter, UnitOfWork
from app.identity.tables import users
from app.monitor.service import TaskMonitor
from app.scans.lifecycle import Lifecycle
from tests.support.databases import create_tables


class HandClock:
    """Both clocks move only by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)
        self.ticks = 1_000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.ticks

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.ticks += seconds
        self.moment += timedelta(seconds=seconds)


@dataclass
class FakeWorkerControl:
    killed: list[str] = field(default_factory=list)
    responsive: set[str] = field(default_factory=set)

    def is_responsive(self, task_id: str) -> bool:
        return task_id in self.responsive

    async def kill(self, task_id: str) -> bool:
        self.killed.append(task_id)
        return False


class FakeRetention:
    def __init__(self) -> None:
        self.calls = 0

    async def purge(self) -> None:
        self.calls += 1


class Number:
    """Gauge and counter."""

    def __init__(self) -> None:
        self.value = 0.0

    def set(self, value: float) -> None:
        self.value = value

    def inc(self, amount: float = 1) -> None:
        self.value += amount


@dataclass
class MonitoredTasks:
    """A task monitor with its database, and a clock that the test moves."""

    db: Database
    event_writer: EventWriter
    lifecycle: Lifecycle
    clock: HandClock
    monitor: TaskMonitor
    worker_control: FakeWorkerControl
    retention: FakeRetention
    concurrent: Number
    errors: Number

    def write(self, unit: UnitOfWork) -> Any:
        return self.event_writer.write_sync(unit)

    def create(self, task_id: str = "task-1") -> None:
        self.write(self.lifecycle.create(task_id, user_id="user", target_domain="corp.example", config={}))

    def claim(self, task_id: str = "task-1", attempt: int = 1) -> None:
        assert self.write(self.lifecycle.claim(task_id, attempt, "worker", "corp.example"))

    def beat(self, running_s: float = 0.0, **columns: Any) -> None:
        t = scan_tasks.c
        values = {"heartbeat": t.heartbeat + 1, "running_s": t.running_s + running_s, **columns}
        self.db.write_sync(lambda c: c.execute(scan_tasks.update().values(**values)))

    async def rounds(self, count: int, *, every_s: float = 10.0, beating: bool = True, moving: bool = False) -> None:
        for number in range(count):
            if beating:
                self.beat(every_s, **({"progress": number % 100} if moving else {}))
            await self.monitor.check_running_tasks()
            self.clock.advance(every_s)

    def row(self, task_id: str = "task-1") -> Any:
        return self.db.read_sync(lambda c: c.execute(select(scan_tasks).where(scan_tasks.c.id == task_id)).one())

    def codes(self) -> list[str]:
        query = select(task_events).where(task_events.c.type == "task_warning").order_by(task_events.c.seq)
        rows = self.db.read_sync(lambda c: list(c.execute(query)))
        return [row.body.split('"')[3] for row in rows]

    def types(self) -> list[str]:
        query = select(task_events.c.type).order_by(task_events.c.seq)
        return self.db.read_sync(lambda c: list(c.execute(query).scalars()))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, language="en")


@pytest.fixture
def monitored(database_url: str, settings: Settings) -> Iterator[MonitoredTasks]:
    # A test locks SQLite and waits for the refusal; PostgreSQL is to be waited for, however slow the machine is.
    db = Database(database_url, busy_timeout_s=0.3 if database_url.startswith("sqlite") else 30)
    create_tables(db)
    clock = HandClock()
    user = {
        "id": "user",
        "username": "user",
        "email": "user@example.org",
        "password_hash": "x",
        "role": "user",
        "is_active": True,
        "token_version": 0,
        "created_at": clock.now(),
    }
    db.write_sync(lambda c: c.execute(insert(users).values(**user)))
    texts, event_writer = MessageCatalog("en"), EventWriter(db=db, bus=MemoryBus())
    lifecycle = Lifecycle(clock=clock, texts=texts)
    worker_control, retention, concurrent, errors = FakeWorkerControl(), FakeRetention(), Number(), Number()
    monitor = TaskMonitor(
        db=db,
        event_writer=event_writer,
        lifecycle=lifecycle,
        texts=texts,
        clock=clock,
        settings=settings,
        worker_control=worker_control,
        retention=retention,
        concurrent_tasks=concurrent,
        monitoring_errors=errors,
    )
    yield MonitoredTasks(db, event_writer, lifecycle, clock, monitor, worker_control, retention, concurrent, errors)
    db.close_sync()
