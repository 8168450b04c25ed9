"""Numbers of one server and of all scans, as administrators see them."""

from typing import Annotated

from pydantic import Field

from app.core.schema_fields import described
from app.overview.schemas.overview import WorkerCounts
from app.rest.schemas import Count, ResponseBody

Seconds = Annotated[float, Field(ge=0)]


class ServerCounts(ResponseBody):
    """Of this server alone. What is counted begins at 0 when it is started."""

    connections: Count = described("Open WebSockets.", 12)
    users: Count = described("Users who have one.", 5)
    event_streams: Count = described("Open event streams.", 1)
    waiting_bytes: Count = described("What waits for slow connections, in bytes.", 0)
    sweep_lag_s: Seconds = described("Seconds since the last sweep; 0 before the first one.", 0.4)
    bus_healthy: bool = described("Hints arrive at once; without them events arrive within two seconds.", True)
    events_sent: Count = described("Events of tasks that were handed to connections and streams.", 120_000)
    delivery_p99_s: Seconds | None = described(
        "99 of 100 events were there within so many seconds; null: none was sent, or it took longer than 5 s.", 0.05
    )
    refused: Count = described("Connections that were refused.", 3)
    too_slow: Count = described("Connections that were closed because they read too slowly.", 0)
    http_cut: Count = described("HTTP connections that were ended for going beyond a limit.", 0)
    monitoring_errors: Count = described("Rounds of the task monitor that failed.", 0)


class ScanCounts(ResponseBody):
    """Of all users. `ended` and what follows are of the newest 100 that have ended."""

    waiting: Count = described("Scans that wait, counted up to 100,000.", 2)
    running: Count = described("Scans that run or are being cancelled.", 2)
    ended: Count = described("How many of the newest that have ended are looked at.", 100)
    completed: Count = described("Of these, how many were completed.", 93)
    failed: Count = described("Of these, how many failed.", 2)
    median_duration_s: Seconds | None = described("How long half of the completed ones took at most.", 840)
    longest_duration_s: Seconds | None = described("How long the longest of them took.", 5_400)


class ServiceNumbers(ResponseBody):
    at: str = described("When this was read.", "2026-01-01T00:12:00.000Z")
    since: str = described("When this server was started.", "2026-01-01T00:00:00.000Z")
    server: ServerCounts = described("This server.")
    scans: ScanCounts = described("All scans.")
    workers: WorkerCounts = described("Who runs scans.")
