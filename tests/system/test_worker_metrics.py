"""A worker's own process shows what it has run, to Prometheus and nobody else."""

import httpx
import pytest

from tests.support.cluster import PATIENCE_S, running_deployment, wait_until
from tests.support.ports import free_port

pytestmark = pytest.mark.system

TOKEN = "kX3-v9Qp7_zR1mB8cW5tY2uJ6hN4sD0f"
TARGET = "blog.corp.test"


@pytest.fixture(scope="module")
def running(tmp_path_factory, postgres):
    """A deployment with a server, and its address."""
    with running_deployment(tmp_path_factory.mktemp("metrics"), postgres, metrics_token=TOKEN) as deployment:
        yield deployment, deployment.serve("--testnet")[1]


@pytest.fixture
def deployment(running):
    """No worker is there before, and none is left."""
    deployment, _ = running
    yield deployment
    deployment.end_workers()


@pytest.fixture
def url(running):
    return running[1]


def test_a_worker_counts_its_scans_on_a_port_of_its_own(deployment, url):
    port = free_port()
    address = f"http://127.0.0.1:{port}/metrics"
    worker = deployment.work("--testnet", "--concurrency", "3", "--metrics-port", str(port))

    def numbers():
        return httpx.get(address, timeout=60, headers={"Authorization": f"Bearer {TOKEN}"}).text

    assert httpx.get(address, timeout=60).status_code == 401
    assert "worker_scan_slots 3.0" in numbers()
    assert "worker_scans_started_total 0.0" in numbers()
    person = deployment.person(url)
    task = person.create(TARGET, max_pages=2)
    wait_until(lambda: person.task(task)["status"] == "completed")
    wait_until(lambda: 'worker_scans_ended_total{reason="done"} 1.0' in numbers())
    assert "worker_scans_running 0.0" in numbers()
    assert "event_bus_healthy 1.0" in numbers()
    of_server = httpx.get(f"{url}/metrics", timeout=60, headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert "websocket_open_connections" in of_server
    assert "worker_scans" not in of_server
    assert worker.end() == 0
    assert "Traceback" not in worker.said()
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, timeout=60)


def test_a_worker_that_renders_alone_counts_pages_and_has_no_slots_for_scans(deployment, url):
    port = free_port()
    address = f"http://127.0.0.1:{port}/metrics"
    deployment.work("--testnet", COMPLIANCE_CHROMIUM_PATH="/nowhere/chromium")
    rendering = deployment.work("--testnet", "--queues", "browser", "--metrics-port", str(port))

    def numbers():
        return httpx.get(address, timeout=60, headers={"Authorization": f"Bearer {TOKEN}"}).text

    assert httpx.get(address, timeout=60).status_code == 401
    assert "worker_scan_slots 0.0" in numbers()
    assert "worker_render_processes_running 0.0" in numbers()
    person = deployment.person(url)
    task = person.create(TARGET, screenshots=True, max_pages=3)
    wait_until(lambda: 'worker_pages_answered_total{outcome="rendered"}' in numbers(), within_s=5 * PATIENCE_S)
    wait_until(lambda: person.task(task)["status"] == "completed", within_s=5 * PATIENCE_S)
    wait_until(lambda: 'worker_render_processes_ended_total{reason="done"}' in numbers(), within_s=PATIENCE_S)
    assert rendering.end() == 0
    assert "Traceback" not in rendering.said()
