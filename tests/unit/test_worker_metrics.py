"""A worker's numbers: to those who have the token, on a port that nobody holds up."""

import socket
import threading

import httpx
import pytest

from app.core.errors import ConfigurationError
from app.core.worker_metrics import WorkerMetrics
from app.worker_metrics import MetricsServer
from tests.support.backend import make_settings
from tests.support.logs import captured_log, records
from tests.support.said import refused

TOKEN = "kX3-v9Qp7_zR1mB8cW5tY2uJ6hN4sD0f"


def port_of(log):
    (port,) = [line["port"] for line in records(log) if line["event"] == "metrics_served"]
    return port


@pytest.fixture
def metrics():
    return WorkerMetrics()


@pytest.fixture
def client(tmp_path, metrics):
    settings = make_settings(tmp_path, worker_metrics_port=0, metrics_token=TOKEN, http_head_timeout_s=2)
    server = MetricsServer(settings, metrics)
    with captured_log("INFO") as log:
        server.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{port_of(log)}", timeout=10) as client:
            yield client
        server.stop()
    assert "Traceback" not in log.getvalue()
    assert not any(thread.name == "metrics" for thread in threading.enumerate())


def test_who_has_the_token_reads_the_numbers(client, metrics):
    metrics.slots.set(4)
    metrics.ended.labels("died").inc()
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "worker_scan_slots 4.0" in answer.text
    assert 'worker_scans_ended_total{reason="died"} 1.0' in answer.text


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer no"}, {"Authorization": TOKEN}])
def test_others_do_not(client, header):
    answer = client.get("/metrics", headers=header)
    assert (answer.status_code, answer.text) == (401, "")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_whether_it_lives_is_no_secret_and_there_is_nothing_else(client):
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.post("/livez", content=b"x").status_code == 405
    assert client.get("/api/v1/tasks").status_code == 404


def test_a_client_that_renders_its_request_out_is_cut_off_and_counted(client, metrics):
    place = client.base_url
    with socket.create_connection((place.host, place.port), timeout=10) as drip:
        drip.sendall(b"GET /metrics HTTP/1.1\r\nHos")
        assert drip.recv(4_096).startswith(b"HTTP/1.1 408")
    assert metrics.registry.get_sample_value("http_connections_cut_total", {"reason": "head_timeout"}) == 1


def test_without_a_port_nothing_is_opened(tmp_path, metrics):
    server = MetricsServer(make_settings(tmp_path), metrics)
    server.start()
    assert not any(thread.name == "metrics" for thread in threading.enumerate())
    server.stop()


def test_a_port_without_a_token_and_one_that_is_taken_are_said_in_plain_words(tmp_path, metrics):
    with pytest.raises(ConfigurationError, match="requires COMPLIANCE_METRICS_TOKEN"):
        MetricsServer(make_settings(tmp_path, worker_metrics_port=0), metrics)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = MetricsServer(make_settings(tmp_path, worker_metrics_port=port, metrics_token=TOKEN), metrics)
        with refused("metrics_port_not_usable", port=port):
            server.start()
