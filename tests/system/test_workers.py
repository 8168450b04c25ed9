"""What a deployment knows of its workers, which are real processes."""

import signal
import socket

import pytest

from app.core.db import Database
from app.core.program import program_version
from app.scans.queries import workers
from tests.support.cluster import running_deployment, wait_until

pytestmark = pytest.mark.system


@pytest.fixture
def deployment(tmp_path, postgres):
    with running_deployment(tmp_path, postgres, heartbeat_interval_s=0.2, worker_suspect_after_s=3) as deployment:
        yield deployment


@pytest.fixture
def known(deployment):
    database = Database(deployment.database_url)
    yield lambda: database.read_sync(workers.known)
    database.close_sync()


def test_each_worker_has_a_row_that_it_renews_and_takes_with_it(deployment, known):
    first, second = deployment.work("--concurrency", "3"), deployment.work()
    before = {worker.id: worker for worker in known()}
    assert len(before) == 2
    for worker in before.values():
        assert (worker.host, worker.version, worker.queues) == (socket.gethostname(), program_version(), ("scan",))
        assert worker.silent_s < 60
    assert 3 in {worker.concurrency for worker in before.values()}
    assert first.end(signal.SIGTERM, within_s=30) == 0
    (left,) = known()
    assert left.heartbeat_at > before[left.id].heartbeat_at
    second.kill()
    assert [worker.id for worker in known()] == [left.id]


def test_an_administrator_sees_each_worker_what_it_runs_and_that_it_was_lost(deployment):
    _, url = deployment.serve("--testnet")
    person = deployment.person(url)

    def listed():
        return person.client.get("/api/v1/admin/workers").json()["items"]

    assert listed() == []
    first = deployment.work("--testnet", "--concurrency", "1")
    task = person.create("corp.test")
    wait_until(lambda: person.task(task)["status"] == "running", first)
    (worker,) = listed()
    assert (worker["host"], worker["queues"], worker["concurrency"]) == (socket.gethostname(), ["scan"], 1)
    assert [(run["task_id"], run["attempt"], run["status"]) for run in worker["runs"]] == [(task, 1, "running")]
    first.kill()
    wait_until(lambda: listed()[0]["state"] == "silent", within_s=40)
    second = deployment.work("--testnet")
    wait_until(lambda: [found["state"] for found in listed()] == ["silent", "alive"], second)
    assert second.end(signal.SIGTERM, within_s=30) == 0
    assert [found["id"] for found in listed()] == [worker["id"]]
