"""Key figures of this server and of all scans, from the metrics of `/metrics`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Connection

from app.core.clock import Clock, to_wire
from app.core.db import Database
from app.core.metrics import Metrics
from app.domain.close_codes import CloseCode
from app.domain.tasks import TaskStatus
from app.scans.queries import queue, tasks
from app.scans.serialisers import Json

NEWEST: Final = 100  # scans that have ended, of which is said how that went


@dataclass(kw_only=True, eq=False, repr=False)
class ServiceNumbers:
    """Of one server since its start; the scans are those of all servers."""

    db: Database
    clock: Clock
    metrics: Metrics

    def __post_init__(self) -> None:
        self._since = self.clock.now()

    async def read(self) -> Json:
        """Return `overview.schemas.service_numbers.ServiceNumbers` without the workers. Raises DatabaseUnavailable."""
        scans = await self.db.read(_scans)
        at, since = to_wire(self.clock.now()), to_wire(self._since)
        return {"at": at, "since": since, "server": _server(self.metrics), "scans": scans}


def _server(metrics: Metrics) -> Json:
    return {
        "connections": int(_value(metrics.open_connections)),
        "users": int(_value(metrics.active_users)),
        "event_streams": int(_value(metrics.open_streams)),
        "backlog_bytes": int(_value(metrics.backlog_bytes)),
        "sweep_lag_s": _value(metrics.sweep_lag),
        "bus_healthy": bool(_value(metrics.bus_healthy)),
        "events_sent": int(_total(metrics.notifications_sent) + _total(metrics.stream_events)),
        "delivery_p99_s": _quantile(metrics.delivery_latency, 0.99),
        "refused": int(_total(metrics.refused)),
        "too_slow": int(_total(metrics.closes, {"code": str(int(CloseCode.TOO_SLOW))})),
        "http_cut": int(_total(metrics.http_cut)),
        "monitoring_errors": int(_total(metrics.monitoring_errors)),
    }


def _scans(connection: Connection) -> Json:
    newest = tasks.newest_ended(connection, NEWEST)
    durations = sorted(duration for status, duration in newest if status == TaskStatus.COMPLETED)
    return {
        "waiting": queue.count(connection, [TaskStatus.PENDING]),
        "running": queue.count(connection, [TaskStatus.RUNNING, TaskStatus.CANCELLING]),
        "ended": len(newest),
        "completed": len(durations),
        "failed": sum(status == TaskStatus.FAILED for status, _ in newest),
        "median_duration_s": _median(durations),
        "longest_duration_s": durations[-1] if durations else None,
    }


def _median(durations: Sequence[int]) -> float | None:
    return median(durations) if durations else None


def _value(gauge: Gauge) -> float:
    return sum(sample.value for family in gauge.collect() for sample in family.samples)


def _total(counter: Counter, labels: Mapping[str, str] | None = None) -> float:
    """Return the sum over all labels, or over those that have these."""
    samples = (sample for family in counter.collect() for sample in family.samples if sample.name.endswith("_total"))
    return sum(sample.value for sample in samples if labels is None or labels.items() <= sample.labels.items())


def _quantile(histogram: Histogram, share: float) -> float | None:
    """Return the upper bound of the bucket that this share of all observations reaches; None: there are none, or it is
    above all bounds.
    """
    samples = [sample for family in histogram.collect() for sample in family.samples if sample.name.endswith("_bucket")]
    buckets = [(float(sample.labels["le"]), sample.value) for sample in samples]
    if not buckets or buckets[-1][1] == 0:
        return None
    bound = next(bound for bound, count in buckets if count >= share * buckets[-1][1])
    return None if bound == float("inf") else bound
