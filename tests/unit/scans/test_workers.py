"""Who runs scans: the workers that have a row, or the server itself."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from app.core.deployment import QUEUES
from app.scans.queries import workers
from app.scans.queries.workers import WorkerDescription
from app.scans.tables import workers as table
from app.scans.workers import EMBEDDED_ID, WorkerService

DISTRIBUTED = {"database_url": SecretStr("postgresql+psycopg://x/y"), "redis_url": SecretStr("redis://127.0.0.1:1/0")}
BUSY = WorkerDescription("worker", "host-a", "1.0", ("scan",), 2)  # whose name the fixture's claims have
IDLE = WorkerDescription("worker-2", "host-b", "1.0", ("scan",), 4)


@pytest.fixture
def distributed(monitored, settings):
    chosen = settings.model_copy(update=DISTRIBUTED)
    return WorkerService(db=monitored.db, clock=monitored.clock, settings=chosen)


def arrive(monitored, worker, silent_s=0.0):
    monitored.db.write_sync(lambda c: workers.beat(c, worker, None))
    at = datetime.now(UTC) - timedelta(seconds=silent_s)
    query = table.update().where(table.c.id == worker.id).values(heartbeat_at=at)
    monitored.db.write_sync(lambda c: c.execute(query) and None)


async def test_a_worker_is_listed_with_what_it_runs(monitored, distributed):
    arrive(monitored, BUSY)
    arrive(monitored, IDLE)
    for task_id in ("task-1", "task-2", "task-3"):
        monitored.create(task_id)
    monitored.claim("task-1")
    monitored.claim("task-2")
    monitored.write(monitored.lifecycle.request_cancel("task-2", by="mei"))
    busy, idle = await distributed.list_all()
    assert (busy.row.id, busy.state, busy.row.concurrency) == ("worker", "alive", 2)
    assert {(row.id, row.status) for row in busy.runs} == {("task-1", "running"), ("task-2", "cancelling")}
    assert (idle.row.id, list(idle.runs)) == ("worker-2", [])


async def test_one_that_misses_its_heartbeats_is_silent(monitored, distributed, settings):
    arrive(monitored, BUSY, silent_s=settings.worker_suspect_after_s + 1)
    arrive(monitored, IDLE, silent_s=settings.worker_suspect_after_s - 10)
    assert [worker.state for worker in await distributed.list_all()] == ["silent", "alive"]


async def test_a_deployment_without_workers_has_none(distributed):
    assert await distributed.list_all() == []


async def test_an_embedded_server_is_its_own_only_worker(monitored, settings):
    service = WorkerService(db=monitored.db, clock=monitored.clock, settings=settings)
    began = monitored.clock.now()
    monitored.clock.advance(60)
    monitored.create()
    monitored.claim()
    (server,) = await service.list_all()
    assert (server.row.id, server.state, server.row.queues) == (EMBEDDED_ID, "alive", QUEUES)
    assert (server.row.started_at, server.row.heartbeat_at) == (began, monitored.clock.now())
    assert [row.id for row in server.runs] == ["task-1"]
