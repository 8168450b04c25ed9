import asyncio

import pytest
from pydantic import SecretStr

from app.cli.doctor.result import CheckStatus
from app.cli.doctor.services import check_bus, check_workers
from app.cli.doctor.storage import check_database
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.migrations.runner import head_revision, migrate
from app.scans.queries import workers
from app.scans.queries.workers import WorkerDescription
from tests.support.ports import free_port
from tests.support.redis_server import running_redis


def distributed(folder, database_url, redis_url="redis://127.0.0.1:1/0"):
    return Settings(data_dir=folder, database_url=database_url, redis_url=SecretStr(redis_url))


def test_a_server_that_is_away_is_bad_and_its_password_is_not_shown(tmp_path):
    url = f"postgresql+psycopg://me:hidden@127.0.0.1:{free_port()}/x"
    found = check_database(distributed(tmp_path, url))
    assert (found.state, "hidden" in found.found) == (CheckStatus.FAILED, False)


def test_a_bus_that_is_away_only_degrades_and_an_embedded_deployment_has_none(tmp_path):
    settings = distributed(tmp_path, "postgresql+psycopg://x/y", f"redis://:hidden@127.0.0.1:{free_port()}/0")
    (found,) = check_bus(settings)
    assert (found.state, "hidden" in found.found) == (CheckStatus.DEGRADED, False)
    assert check_bus(Settings(data_dir=tmp_path)) == []


@pytest.mark.system
def test_services_that_answer_are_fine(tmp_path, postgres):
    with postgres.new_database() as url, running_redis() as redis:
        settings = distributed(tmp_path, url, redis.url)
        assert check_database(settings).state is CheckStatus.FAILED  # no revision yet
        db = Database(url)
        migrate(db, clock=SystemClock())
        asyncio.run(db.close())
        found = check_database(settings)
        assert (found.state, head_revision() in found.found) == (CheckStatus.OK, True)
        assert check_bus(settings)[0].state is CheckStatus.OK


@pytest.mark.system
def test_a_deployment_in_which_no_worker_takes_scans_is_less_than_fine(tmp_path, postgres_database):
    settings = distributed(tmp_path, postgres_database)
    (found,) = check_workers(settings)
    assert (found.state, found.found) == (CheckStatus.DEGRADED, "0 active recently")
    db = Database(postgres_database)
    for name, queues in (("worker-1", ("browser",)), ("worker-2", ("scan",))):
        worker = WorkerDescription(name, "host", "1.0", queues, 2)
        db.write_sync(lambda c, worker=worker: workers.beat(c, worker, None))
        states = [found.state for found in check_workers(settings)]
        assert states == [CheckStatus.OK if "scan" in queues else CheckStatus.DEGRADED]
    asyncio.run(db.close())


def test_of_workers_nothing_is_said_where_there_are_none_or_nobody_knows(tmp_path):
    assert check_workers(Settings(data_dir=tmp_path)) == []
    assert check_workers(distributed(tmp_path, f"postgresql+psycopg://me@127.0.0.1:{free_port()}/x")) == []
