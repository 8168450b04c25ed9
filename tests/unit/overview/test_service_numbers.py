"""Numbers at a glance: what is counted, and what is said when there is nothing to count."""

import pytest

from app.core.metrics import Metrics
from app.domain.close_codes import CloseCode
from app.events.types import ErrorInfo, Statistics
from app.overview import service_numbers
from app.overview.service_numbers import ServiceNumbers


@pytest.fixture
def numbers(monitored):
    return ServiceNumbers(db=monitored.db, clock=monitored.clock, metrics=Metrics())


async def test_counters_with_labels_are_added_up(numbers):
    metrics = numbers.metrics
    metrics.notified("task_progress").inc(4)
    metrics.notified("task_log").inc(2)
    metrics.stream_events.inc()
    metrics.closes.labels(str(int(CloseCode.TOO_SLOW))).inc(3)
    metrics.closes.labels("1000").inc(9)
    metrics.open_connections.set(7)
    server = (await numbers.read())["server"]
    assert (server["events_sent"], server["too_slow"], server["connections"]) == (7, 3, 7)


@pytest.mark.parametrize(
    ("observed", "bound"),
    [({}, None), ({0.003: 1}, 0.005), ({0.003: 98, 0.3: 2}, 0.5), ({0.003: 99, 9: 1}, 0.005), ({9: 5}, None)],
)
async def test_a_quantile_is_the_bound_of_its_bucket(numbers, observed, bound):
    for seconds, times in observed.items():
        numbers.metrics.delivery_latency.observe_times(seconds, times)
    assert (await numbers.read())["server"]["delivery_p99_s"] == bound


async def test_durations_are_of_completed_scans_and_failures_are_counted(numbers, monitored, monkeypatch):
    for number, seconds in enumerate((600, 10, 20, 60)):
        monitored.create(f"task-{number}")
        monitored.claim(f"task-{number}")
        monitored.clock.advance(1)
        monitored.write(monitored.lifecycle.complete(f"task-{number}", 1, Statistics(execution_duration=seconds)))
    monitored.create("task-9")
    monitored.claim("task-9")
    monitored.clock.advance(1)
    monitored.write(monitored.lifecycle.fail("task-9", 1, ErrorInfo(code="timeout", message="m"), Statistics()))
    scans = (await numbers.read())["scans"]
    assert (scans["ended"], scans["completed"], scans["failed"]) == (5, 4, 1)
    assert (scans["median_duration_s"], scans["longest_duration_s"]) == (40, 600)
    monkeypatch.setattr(service_numbers, "NEWEST", 4)
    assert (await numbers.read())["scans"]["longest_duration_s"] == 60


async def test_without_scans_there_are_no_durations(numbers):
    scans = (await numbers.read())["scans"]
    assert (scans["ended"], scans["median_duration_s"], scans["longest_duration_s"]) == (0, None, None)
