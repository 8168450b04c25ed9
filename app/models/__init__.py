"""Tables. SQLAlchemy Core: rows are facts, not living objects."""

from app.models.decisions import decisions
from app.models.findings import findings
from app.models.records import idempotency_keys, violations
from app.models.tasks import event_log, scan_runs, scan_tasks, task_events, task_logs
from app.models.workers import workers

__all__ = [
    "decisions",
    "event_log",
    "findings",
    "idempotency_keys",
    "scan_runs",
    "scan_tasks",
    "task_events",
    "task_logs",
    "violations",
    "workers",
]
