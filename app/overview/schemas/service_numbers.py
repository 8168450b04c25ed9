"""Numbers of one server and of all scans, as administrators see them."""

from typing import Annotated

from pydantic import Field

from app.core.schema_fields import described
from app.overview.schemas.overview import WorkerCounts
from app.rest.schemas import Count, ResponseBody

Seconds = Annotated[float, Field(ge=0)]


class ServerCounts(ResponseBody):
    """Data of this server. Counters start at 0 when it starts."""

    connections: Count = described("Number of open WebSockets.", 12)
    users: Count = described("Number of users with an open WebSocket.", 5)
    event_streams: Count = described("Number of open event streams.", 1)
    backlog_bytes: Count = described("Bytes queued for slow connections.", 0)
    sweep_lag_s: Seconds = described("Seconds since the last sweep; 0 before the first one.", 0.4)
    bus_healthy: bool = described(
        "Hints are delivered immediately; without them events arrive within two seconds.", True
    )
    events_sent: Count = described("Number of task events that were sent to connections and streams.", 120_000)
    delivery_p99_s: Seconds | None = described(
        "99 of 100 events arrived within this many seconds; null: none was sent, or it took longer than 5 s.", 0.05
    )
    refused: Count = described("Number of refused connections.", 3)
    too_slow: Count = described("Number of connections closed for reading too slowly.", 0)
    http_cut: Count = described("Number of HTTP connections closed for exceeding a limit.", 0)
    monitoring_errors: Count = described("Number of failed rounds of the task monitor.", 0)


class ScanCounts(ResponseBody):
    """Of all users. `ended` and the following fields cover the 100 scans that ended last."""

    waiting: Count = described("Number of waiting scans, counted up to 100,000.", 2)
    running: Count = described("Number of running or cancelling scans.", 2)
    ended: Count = described("Number of recently ended scans that are counted.", 100)
    completed: Count = described("Number of these that completed.", 93)
    failed: Count = described("Number of these that failed.", 2)
    median_duration_s: Seconds | None = described("Median duration of the completed ones.", 840)
    longest_duration_s: Seconds | None = described("Longest duration of them.", 5_400)


class ServiceNumbers(ResponseBody):
    at: str = described("Time of the data.", "2026-01-01T00:12:00.000Z")
    since: str = described("Start time of this server.", "2026-01-01T00:00:00.000Z")
    server: ServerCounts = described("Data of this server.")
    scans: ScanCounts = described("All scans.")
    workers: WorkerCounts = described("Workers.")
