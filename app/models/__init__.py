"""Tables. SQLAlchemy Core: rows are facts, not living objects."""

from app.models.decisions import decisions
from app.models.findings import findings
from app.models.records import broadcasts, idempotency_keys, marks, violations
from app.models.servers import open_connections, servers
from app.models.tasks import event_log, scan_runs, scan_tasks, task_events, task_logs
from app.models.workers import workers

__all__ = [
    "broadcasts",
    "decisions",
    "event_log",
    "findings",
    "idempotency_keys",
    "marks",
    "open_connections",
    "scan_runs",
    "scan_tasks",
    "servers",
    "task_events",
    "task_logs",
    "violations",
    "workers",
]
