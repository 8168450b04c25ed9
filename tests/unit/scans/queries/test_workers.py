"""The rows of workers, by the clock of a PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, update

from app.core.db import Database
from app.scans.queries import workers
from app.scans.queries.workers import WorkerDescription
from app.scans.tables import workers as table

pytestmark = pytest.mark.system
ONE = WorkerDescription("worker-1", "host-b", "1.0", ("scan",), 2)
OTHER = WorkerDescription("worker-2", "host-a", "1.0", ("scan", "browser"), 4)


@pytest.fixture
async def db(postgres_database):
    db = Database(postgres_database)
    yield db
    await db.close()


def make_silent(db, worker, seconds):
    long_ago = func.now() - timedelta(seconds=seconds)
    query = update(table).where(table.c.id == worker.id)
    db.write_sync(lambda c: c.execute(query.values(heartbeat_at=long_ago)) and None)


def test_a_worker_is_known_from_its_first_beat_until_it_leaves(db):
    started_at = db.write_sync(lambda c: workers.beat(c, ONE, None))
    db.write_sync(lambda c: workers.beat(c, OTHER, None))
    other, one = db.read_sync(workers.known)
    assert (one.id, one.host, one.version, one.queues, one.concurrency) == ("worker-1", "host-b", "1.0", ("scan",), 2)
    assert (one.started_at, other.queues) == (started_at, ("scan", "browser"))
    assert 0 <= one.silent_s < 60
    db.write_sync(lambda c: workers.leave(c, "worker-2"))
    assert [worker.id for worker in db.read_sync(workers.known)] == ["worker-1"]


def test_a_beat_renews_the_row_and_one_that_was_forgotten_comes_back_as_old_as_it_was(db):
    started_at = db.write_sync(lambda c: workers.beat(c, ONE, None))
    make_silent(db, ONE, 700)
    assert db.write_sync(lambda c: workers.beat(c, ONE, started_at)) == started_at
    assert db.read_sync(workers.known)[0].silent_s < 60
    make_silent(db, ONE, 700)
    assert db.write_sync(lambda c: workers.forget_silent(c, 600)) == ["worker-1"]
    assert db.read_sync(workers.known) == []
    assert db.write_sync(lambda c: workers.beat(c, ONE, started_at)) == started_at


def test_those_that_were_heard_of_lately_are_not_forgotten(db):
    for worker, seconds in ((ONE, 500), (OTHER, 700)):
        db.write_sync(lambda c, worker=worker: workers.beat(c, worker, None))
        make_silent(db, worker, seconds)
    assert db.write_sync(lambda c: workers.forget_silent(c, 600)) == ["worker-2"]
    assert [worker.id for worker in db.read_sync(workers.known)] == ["worker-1"]


def test_a_queue_is_as_silent_as_the_worker_of_it_that_was_heard_of_last(db):
    assert db.read_sync(lambda c: workers.silence(c, "scan")) is None
    for worker, seconds in ((ONE, 300), (OTHER, 20), (replace(OTHER, id="worker-3", queues=("scan",)), 100)):
        db.write_sync(lambda c, worker=worker: workers.beat(c, worker, None))
        make_silent(db, worker, seconds)
    assert 20 <= db.read_sync(lambda c: workers.silence(c, "scan")) < 80
    make_silent(db, OTHER, 200)
    assert 100 <= db.read_sync(lambda c: workers.silence(c, "scan")) < 160
    assert 200 <= db.read_sync(lambda c: workers.silence(c, "browser")) < 260
