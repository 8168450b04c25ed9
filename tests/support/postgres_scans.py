"""A running task whose scan is stored in PostgreSQL."""

from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from app.core.clock import SystemClock
from app.core.db import Database
from app.domain.messages import MessageCatalog
from app.events.tables import scan_tasks
from app.scans.lifecycle import Lifecycle
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.postgres.store import Attempt, PostgresScanStore
from app.scanstore.postgres.stores import PostgresScanStores
from tests.support.rows import add_user

TASK = "task-1"


class PostgresScan:
    """A task in its first attempt and run, claimed by a worker. `task_id`: another task beside it."""

    def __init__(self, url: str, folder: Path, task_id: str = TASK, *, busy_timeout_s: float = 2) -> None:
        self.folder = folder
        self.task_id = task_id
        self.attempt = 1
        self.stores = PostgresScanStores(url, busy_timeout_s=busy_timeout_s)
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT")
        database = Database(url, busy_timeout_s=2)
        clock = SystemClock()
        life = Lifecycle(clock=clock, texts=MessageCatalog("en"))
        user = add_user(database, clock, f"of-{task_id}")
        database.write_sync(life.create(task_id, user_id=user, target_domain="a.test", config={}))
        database.write_sync(life.claim(task_id, 1, "worker", "a.test"))
        database.close_sync()

    def open(self, attempt: int | None = None) -> PostgresScanStore:
        return self.stores.place(Attempt(self.task_id, 1, attempt or self.attempt), self.folder).open()

    def reader(self) -> EvidenceReader:
        return self.stores.reader(self.task_id, 1)

    def change_task(self, **columns: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(scan_tasks.update().where(scan_tasks.c.id == self.task_id).values(**columns))

    def requeue(self) -> None:
        """The attempt is taken for lost, and the next one has been claimed."""
        self.attempt += 1
        self.change_task(attempt=self.attempt)

    def ask(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), parameters)]

    def close(self) -> None:
        self.stores.close()
        self.engine.dispose()
