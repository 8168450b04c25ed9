"""Tables. SQLAlchemy Core: rows are facts, not living objects."""

from app.models.base import metadata
from app.models.identity import known_addresses, sessions, users
from app.models.records import audit_log, idempotency_keys, marks, violations
from app.models.tasks import event_log, scan_tasks, task_events, task_logs

__all__ = [
    "audit_log",
    "event_log",
    "idempotency_keys",
    "known_addresses",
    "marks",
    "metadata",
    "scan_tasks",
    "sessions",
    "task_events",
    "task_logs",
    "users",
    "violations",
]
