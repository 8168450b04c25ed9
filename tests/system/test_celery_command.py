"""`celery -A app.worker worker`, as the documents name it, and Celery's monitoring where a deployment wants it."""

import json
import subprocess
import sys
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from app.core.deployment import QUEUES
from app.tasks.dispatch.celery_app import TASK, make_celery
from tests.docs.markdown import ROOT, codes, read, section
from tests.support.cluster import running_deployment, wait_until

pytestmark = pytest.mark.system

CELERY = ("celery", "-A", "app.worker")
REPLY_S = 10  # within which workers answer a command of the monitoring


@pytest.fixture
def deployment(tmp_path, postgres):
    with running_deployment(tmp_path, postgres) as deployment:
        yield deployment


@contextmanager
def test_internet():
    """The variables of processes that reach the bundled test internet, as long as it runs."""
    with subprocess.Popen([sys.executable, "-m", "app.cli", "testnet"], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        told.pop("demo_target")
        try:
            yield {f"COMPLIANCE_{name.upper()}": variable(value) for name, value in told.items()}
        finally:
            process.terminate()


test_internet.__test__ = False


def variable(value):
    if isinstance(value, dict):
        value = [f"{name}={item}" for name, item in value.items()]
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def test_celery_s_own_command_carries_out_a_scan_and_ends_when_it_is_told_to(deployment):
    assert "celery -A app.worker worker" in codes(section(read("docs/cli.md"), "worker"))
    with test_internet() as variables:
        _, url = deployment.serve(**variables)
        worker = deployment.work("--queues", "scan", "--concurrency", "1", entry=CELERY, **variables)
        person = deployment.person(url)
        task = person.create("corp.test", max_pages=3, cloaking=False)
        wait_until(lambda: person.task(task)["status"] in ("completed", "failed"), worker)
        assert person.task(task)["status"] == "completed"
        assert person.task(task)["statistics"]["total_pages_crawled"] >= 1
        assert worker.end() == 0
    assert "Traceback" not in worker.said()


def test_without_queues_celery_s_own_command_serves_all_of_them(deployment):
    worker = deployment.work(entry=CELERY)
    _, url = deployment.serve()
    (listed,) = deployment.person(url).client.get("/api/v1/admin/workers").json()["items"]
    assert set(listed["queues"]) == set(QUEUES)
    assert worker.end() == 0


def monitoring(deployment):
    """What a monitor such as Flower has: the application, at the broker of the deployment."""
    return make_celery(
        Settings(
            database_url=deployment.database_url, redis_url=SecretStr(deployment.redis.url), celery_monitoring=True
        )
    )


@pytest.mark.parametrize("entry", [("app.cli",), CELERY], ids=["compliance", "celery"])
def test_a_monitor_sees_workers_and_tasks_where_a_deployment_wants_it(deployment, entry):
    deployment.change(celery_monitoring="true")
    worker = deployment.work("--queues", "scan", entry=entry)
    celery = monitoring(deployment)
    names = []
    wait_until(lambda: names.extend(celery.control.inspect(timeout=1, limit=1).ping() or ()) or names, worker)
    name = names[0]
    assert TASK in celery.control.inspect([name], timeout=REPLY_S, limit=1).registered()[name]
    seen = set()

    def note(event):
        if event["type"] == "worker-heartbeat" and event["type"] not in seen:  # from here on all is heard
            celery.send_task(TASK, queue="scan")
        seen.add(event["type"])
        receiver.should_stop = {"worker-heartbeat", "task-received", "task-succeeded"} <= seen

    with celery.connection() as connection:
        receiver = celery.events.Receiver(connection, handlers={"*": note})
        receiver.capture(limit=None, timeout=60, wakeup=True)
    assert worker.end() == 0


def test_by_itself_a_worker_answers_no_monitor(deployment):
    """The message is carried out all the same; nobody is told."""
    worker = deployment.work("--queues", "scan")
    assert monitoring(deployment).control.inspect(timeout=2).ping() is None
    assert worker.end() == 0
