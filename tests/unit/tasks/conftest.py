"""A real database in a temporary folder, with a user and the pieces that write events."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from app.core.clock import SystemClock
from app.core.db import Database
from app.domain.messages import MessageCatalog
from app.events.bus.base import Hint
from app.events.log import AppendResult
from app.events.tables import scan_tasks, task_events, task_logs
from app.events.writer import EventWriter, UnitOfWork
from app.findings.tables import violations
from app.identity.tables import users
from app.scans.lifecycle import Lifecycle
from app.tasks import process_tree
from tests.support.databases import create_tables


class SilentBus:
    """Keeps what was published."""

    healthy = True

    def __init__(self) -> None:
        self.hints: list[Hint] = []

    def publish(self, hint: Hint) -> None:
        self.hints.append(hint)

    def subscribe(self, listener: Any) -> Any:
        return lambda: None


@pytest.fixture(autouse=True)
def _own_marks(monkeypatch):
    """Many tests have a task-1, and run at the same time: what one of them kills by its mark is its own."""
    monkeypatch.setattr(process_tree, "mark_of", lambda task_id, attempt: f"{task_id}-{attempt}-{os.getpid()}")


@dataclass
class Backend:
    """The main database as a scan sees it."""

    db: Database
    event_writer: EventWriter
    lifecycle: Lifecycle
    texts: MessageCatalog
    clock: SystemClock
    bus: SilentBus

    def write(self, unit: UnitOfWork) -> AppendResult | None:
        return self.event_writer.write_sync(unit)

    def create(self, task_id: str = "task-1", *, user_id: str = "user", **config: Any) -> str:
        self.write(self.lifecycle.create(task_id, user_id=user_id, target_domain="corp.example", config=config))
        return task_id

    def claim(self, task_id: str = "task-1", attempt: int = 1) -> AppendResult | None:
        return self.write(self.lifecycle.claim(task_id, attempt, "worker", "corp.example"))

    def row(self, task_id: str = "task-1") -> Any:
        return self.db.read_sync(lambda c: c.execute(select(scan_tasks).where(scan_tasks.c.id == task_id)).one())

    def events(self, task_id: str = "task-1") -> list[Any]:
        query = select(task_events).where(task_events.c.task_id == task_id).order_by(task_events.c.seq)
        return self.db.read_sync(lambda c: list(c.execute(query)))

    def types(self, task_id: str = "task-1") -> list[str]:
        return [event.type for event in self.events(task_id)]

    def lines(self) -> list[Any]:
        return self.db.read_sync(lambda c: list(c.execute(select(task_logs).order_by(task_logs.c.log_seq))))

    def violations(self) -> list[Any]:
        return self.db.read_sync(lambda c: list(c.execute(select(violations))))


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    return tmp_path / "compliance.db"


@pytest.fixture
def backend(database_path: Path) -> Iterator[Backend]:
    db = Database(f"sqlite:///{database_path}", busy_timeout_s=0.2)
    create_tables(db)
    user = {
        "id": "user",
        "username": "user",
        "email": "user@example.org",
        "password_hash": "x",
        "role": "user",
        "is_active": True,
        "token_version": 0,
        "created_at": datetime.now(UTC),
    }
    db.write_sync(lambda c: c.execute(insert(users).values(**user)))
    clock, texts, bus = SystemClock(), MessageCatalog("en"), SilentBus()
    yield Backend(db, EventWriter(db=db, bus=bus), Lifecycle(clock=clock, texts=texts), texts, clock, bus)
    db.close_sync()
