"""One trace over all processes of a distributed deployment: the request, the claim, the scan and its stages."""

import pytest
from websockets.sync.client import connect

from tests.support.cluster import running_deployment, wait_until
from tests.support.span_receiver import ancestors, running_collector

pytestmark = pytest.mark.system

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def collector():
    with running_collector() as collector:
        yield collector


@pytest.fixture
def deployment(tmp_path, postgres, collector, monkeypatch):
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")  # milliseconds between two batches
    with running_deployment(tmp_path, postgres, traces_url=collector.url) as deployment:
        yield deployment


def test_a_scan_is_one_trace_from_the_request_to_the_sockets_of_another_process(deployment, collector):
    worker = deployment.work("--testnet")
    (_, first), (server, second) = deployment.serve("--testnet"), deployment.serve("--testnet")
    person, watcher = deployment.person(first), deployment.person(second)
    person.client.headers["traceparent"] = f"00-{TRACE}-{SPAN}-01"
    address = f"{second.replace('http', 'ws')}/api/v1/monitor/ws?token={watcher.token}"
    with connect(address, proxy=None) as socket:
        task = person.create("blog.corp.test", max_pages=3)
        socket.send(f'{{"type": "subscribe_task", "task_id": "{task}"}}')
        for message in socket:
            if '"task_completed"' in message:
                break
    worker.end()
    server.end()
    wait_until(lambda: any(span.name == "scan" for span in collector.spans(TRACE)))
    spans = collector.spans(TRACE)
    by_name = {span.name: span for span in spans}
    services = {
        "POST /api/v1/tasks": "compliance-server",
        "ScanService.create_once": "compliance-server",
        "claim": "compliance-worker",
        "scan": "compliance-scan",
        "stage page_crawl": "compliance-scan",
        "stage ai_analysis": "compliance-scan",
        "socket write": "compliance-server",
    }
    assert {name: by_name[name].service for name in services} == services
    ordered = ("ScanService.create_once", "POST /api/v1/tasks")
    for name in ("claim", "scan"):
        assert tuple(ancestors(by_name[name], spans)) == (name, *ordered)
    paths = {tuple(ancestors(span, spans)) for span in spans}
    assert ("stage page_crawl", "scan", *ordered) in paths
    assert ("database write", "scan", *ordered) in paths
    assert ("socket write", "deliver", "bus publish", "scan", *ordered) in paths
    # What all processes wrote into their logs about it can be found by one id.
    assert TRACE in worker.said()
    (line,) = [line for line in worker.said().splitlines() if "scan_process_ended" in line]
    assert TRACE in line
    assert "Traceback" not in worker.said() + server.said()
