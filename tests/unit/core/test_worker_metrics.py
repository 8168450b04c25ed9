"""A worker's numbers are a registry of their own, under names that alerts and dashboards ask for."""

from prometheus_client import generate_latest

from app.core.worker_metrics import WorkerMetrics


def test_two_workers_in_one_process_count_for_themselves():
    one, other = WorkerMetrics(), WorkerMetrics()
    one.started.inc()
    one.ended.labels("done").inc()
    assert one.registry.get_sample_value("worker_scans_started_total") == 1
    assert one.registry.get_sample_value("worker_scans_ended_total", {"reason": "done"}) == 1
    assert other.registry.get_sample_value("worker_scans_started_total") == 0


def test_all_are_exported_from_the_beginning():
    text = generate_latest(WorkerMetrics().registry).decode()
    for name in ("worker_scan_slots", "worker_scans_running", "worker_scans_started_total", "event_bus_healthy"):
        assert f"\n{name} 0.0\n" in text
