"""Lists of tasks, the queue and the violations of a run, as their indexes give them."""

from datetime import timedelta

import pytest

from app.core.db import Database
from app.core.ids import new_id
from app.events.state import TaskState
from app.models import metadata, scan_tasks, violations
from app.repositories import listing, queue, tasks
from app.repositories import violations as found
from app.repositories.tasks import SORTABLE, Viewer
from tests.support.clock import FakeClock
from tests.support.rows import add_user

ADMIN = Viewer("nobody", is_admin=True)


@pytest.fixture
async def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'a.db'}")
    metadata.create_all(db.engine)
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
        **TaskState().to_columns(),
        **values,
    }
    db.write_sync(lambda c: c.execute(scan_tasks.insert().values(**row)) and None)
    return row["id"]


@pytest.fixture
def filled(db):
    """Tasks of two users with every status, some deleted."""
    clock = FakeClock()
    owners = [add_user(db, clock, name) for name in ("mei", "li")]
    statuses = ("pending", "running", "completed", "failed", "cancelled", "cancelling")
    for number in range(36):
        at = clock.now() + timedelta(seconds=number // 2)  # two each at the same time
        ended = at + timedelta(hours=1) if statuses[number % 6] in ("completed", "failed", "cancelled") else None
        deleted = at if number % 7 == 3 else None
        values = {"status": statuses[number % 6], "completed_at": ended, "deleted_at": deleted}
        add_task(db, owners[number % 2], at, target_domain=f"{number % 5}.example", **values)
    return db, owners


@pytest.mark.parametrize("sort", [*SORTABLE, *(f"-{name}" for name in SORTABLE)])
@pytest.mark.parametrize("status", [None, "completed", "pending"])
@pytest.mark.parametrize("domain", [None, "1.ex"])
@pytest.mark.parametrize("admin", [True, False])
def test_pages_of_a_list_are_what_sorting_everything_gives(filled, sort, status, domain, admin):
    db, owners = filled
    viewer = ADMIN if admin else Viewer(owners[0])

    def read(connection):
        pages = [
            tasks.list_page(connection, viewer, offset=offset, limit=4, status=status, domain=domain, sort=sort)
            for offset in range(0, 40, 4)
        ]
        return [row for rows, _ in pages for row in rows], pages[0][1], connection.execute(scan_tasks.select()).all()

    rows, total, everything = db.read_sync(read)
    wanted = [
        row
        for row in everything
        if row.deleted_at is None
        and (admin or row.user_id == owners[0])
        and (status is None or row.status == status)
        and (domain is None or domain in row.target_domain)
    ]
    assert sorted(row.id for row in rows) == sorted(row.id for row in wanted)
    assert total == len(wanted)
    name = sort.removeprefix("-")
    values = [str(getattr(row, name) or "") for row in rows]
    assert values == sorted(values, reverse=sort.startswith("-"))


def test_a_place_in_the_queue_counts_who_waits_longer(filled):
    db, _ = filled

    def read(connection):
        waiting = queue.pending(connection, 100)
        places = queue.positions(connection, waiting)
        assert [places[row.id] for row in waiting] == list(range(1, len(waiting) + 1))
        return waiting, [queue.position(connection, row) for row in waiting]

    waiting, positions = db.read_sync(read)
    assert [(row.queued_at, row.id) for row in waiting] == sorted((row.queued_at, row.id) for row in waiting)
    assert all(row.deleted_at is None for row in waiting)
    assert positions == list(range(1, len(waiting) + 1))


def test_a_total_is_counted_up_to_a_bound(filled):
    db, _ = filled
    query = scan_tasks.select()
    assert db.read_sync(lambda c: listing.count_up_to(c, query)) == 36
    assert db.read_sync(lambda c: listing.count_up_to(c, query, at_most=10)) == 10


def test_heads_name_a_task_once_that_is_asked_for_twice(filled):
    db, owners = filled
    named = db.read_sync(lambda c: [row.id for row in c.execute(scan_tasks.select())])
    heads = db.read_sync(lambda c: tasks.heads(c, named, owners))
    assert sorted(head.task_id for head in heads) == sorted(named)
    unfinished = db.read_sync(lambda c: tasks.heads(c, [], owners[:1]))
    counted = db.read_sync(lambda c: tasks.count_unfinished(c, owners[0]))
    assert len(unfinished) == counted > 0


def test_violations_are_read_in_chunks_and_pages_by_time(db):
    clock = FakeClock()
    task_id = add_task(db, add_user(db, clock, "mei"), clock.now())
    rows = [
        {
            "id": new_id(),
            "task_id": task_id,
            "run": 1,
            "attempt": 1,
            "domain": f"{number}.example",
            "violation_key": "gambling",
            "risk_level": "high",
            "confidence_score": 0.9,
            "description": "d",
            "evidence": [],
            "needs_review": False,
            "url": "",
            "found_on": "",
            "dismissed": number % 3 == 0,
            "created_at": clock.now() + timedelta(seconds=number % 40),
        }
        for number in range(2 * found.CHUNK)
    ]
    db.write_sync(lambda c: c.execute(violations.insert(), rows) and None)

    def read(connection):
        chunks, last = [], None
        while chunk := found.chunk_after(connection, task_id, 1, last):
            chunks.append(chunk)
            last = chunk[-1]
        page, total = found.list_page(connection, task_id, 1, limit=10_000)
        return chunks, page, total, found.newest(connection, task_id, 1, 7)

    chunks, page, total, newest = db.read_sync(read)
    kept = sorted((row["created_at"], row["id"]) for row in rows if not row["dismissed"])
    assert [(row.created_at, row.id) for chunk in chunks for row in chunk] == kept
    assert [(row.created_at, row.id) for row in page] == kept
    assert total == len(kept)
    assert [(row.created_at, row.id) for row in newest] == kept[::-1][:7]
