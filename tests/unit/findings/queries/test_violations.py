from datetime import timedelta

import pytest

from app.core.db import Database
from app.core.ids import new_id
from app.domain.projection import TaskProjection
from app.events.tables import scan_tasks
from app.findings.queries import findings
from app.findings.queries import violations as found
from app.findings.tables import violations
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.rows import add_user
from tests.support.violations import new_violation


@pytest.fixture
async def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'a.db'}")
    create_tables(db)
    yield db
    await db.close()


def add_task(db, user_id, at, **values):
    row = {
        "id": new_id(),
        "user_id": user_id,
        "target_domain": "example.com",
        "config": {},
        "status": "pending",
        "attempt": 1,
        "run": 1,
        "last_seq": 1,
        "min_seq": 1,
        "heartbeat": 0,
        "requeues": 0,
        "running_s": 0.0,
        "created_at": at,
        "queued_at": at,
        **TaskProjection().to_columns(),
        **values,
    }
    db.write_sync(lambda c: c.execute(scan_tasks.insert().values(**row)) and None)
    return row["id"]


def test_violations_are_read_in_chunks_and_pages_by_time(db):
    clock = FakeClock()
    task_id = add_task(db, add_user(db, clock, "mei"), clock.now())
    rows = [
        {
            **new_violation(f"{number}.example").row(),
            "task_id": task_id,
            "run": 1,
            "attempt": 1,
            "created_at": clock.now() + timedelta(seconds=number % 40),
        }
        for number in range(2 * found.CHUNK)
    ]
    assessed = [new_violation(row["domain"]).finding for row in rows]
    db.write_sync(lambda c: c.execute(violations.insert(), rows) and None)
    db.write_sync(lambda c: findings.put(c, task_id, 1, assessed, clock.now()))

    def read(connection):
        chunks, last = [], None
        while chunk := found.chunk_after(connection, task_id, 1, last):
            chunks.append(chunk)
            last = chunk[-1]
        page, total = found.list_page(connection, task_id, 1, limit=10_000)
        return chunks, page, total, found.newest(connection, task_id, 1, 7)

    chunks, page, total, newest = db.read_sync(read)
    kept = sorted((row["created_at"], row["id"]) for row in rows)
    assert [(row.created_at, row.id) for chunk in chunks for row in chunk] == kept
    assert [(row.created_at, row.id) for row in page] == kept
    assert total == len(kept)
    assert [(row.created_at, row.id) for row in newest] == kept[::-1][:7]
