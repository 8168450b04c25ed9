"""A server and a worker that start before PostgreSQL and Redis do, as after the power was away."""

import signal

import pytest

from tests.support.cluster import PATIENCE_S, answers, running_deployment, wait_until
from tests.support.postgres import running_cluster
from tests.support.said import said

pytestmark = pytest.mark.system


def test_a_worker_that_cannot_start_says_why_in_one_line(tmp_path, postgres):
    with running_deployment(tmp_path, postgres) as deployment, postgres.new_database() as empty:
        worker = deployment.begin_to_work(COMPLIANCE_DATABASE_URL=empty)
        assert worker.process.wait(PATIENCE_S) == 2
    assert said("error.database_not_migrated") in worker.said()
    assert "Traceback" not in worker.said()


@pytest.fixture
def own_postgres():
    with running_cluster() as cluster:
        yield cluster


def test_they_wait_say_so_and_begin_when_the_services_are_there(tmp_path, own_postgres):
    with running_deployment(tmp_path, own_postgres) as deployment:
        own_postgres.stop("fast")
        deployment.redis.stop()
        try:
            server, url = deployment.begin_to_serve()
            worker = deployment.begin_to_work()
            impatient, _ = deployment.begin_to_serve()
            other = deployment.begin_to_work()
            for process in (server, worker, impatient, other):
                wait_until(lambda said=process.said: "database_awaited" in said(), process)
            assert impatient.end(signal.SIGTERM) == -signal.SIGTERM
            assert other.end(signal.SIGTERM) == 0
        finally:
            own_postgres.start()
        wait_until(lambda: answers(f"{url}/readyz"), server)  # without Redis it is slower, and no less
        wait_until(lambda: "worker_started" in worker.said(), worker)
        wait_until(lambda: "Cannot connect to redis" in worker.said(), worker)
        deployment.redis.start()
        wait_until(lambda: "ready." in worker.said(), worker)
        wait_until(lambda: "bus_sends_again" in server.said(), server)
        person = deployment.person(url)
        task = person.create("nothing.test")
        wait_until(lambda: person.task(task)["status"] != "pending", worker)
        for process in (server, worker, impatient, other):
            assert "Traceback" not in process.said()
