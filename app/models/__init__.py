"""Tables. SQLAlchemy Core: rows are facts, not living objects."""

from app.core.tables import metadata
from app.models.configuration import configuration_versions
from app.models.decisions import decisions
from app.models.findings import findings
from app.models.identity import known_addresses, sessions, users
from app.models.lists import list_parts, list_states, list_versions
from app.models.local_readers import local_readers
from app.models.orders import order_tasks, scan_orders
from app.models.records import audit_log, broadcasts, idempotency_keys, marks, sign_in_counters, tickets, violations
from app.models.servers import open_connections, servers
from app.models.sites import open_counts, site_changes, sites
from app.models.tasks import event_log, scan_runs, scan_tasks, task_events, task_logs
from app.models.workers import workers

__all__ = [
    "audit_log",
    "broadcasts",
    "configuration_versions",
    "decisions",
    "event_log",
    "findings",
    "idempotency_keys",
    "known_addresses",
    "list_parts",
    "list_states",
    "list_versions",
    "local_readers",
    "marks",
    "metadata",
    "open_connections",
    "open_counts",
    "order_tasks",
    "scan_orders",
    "scan_runs",
    "scan_tasks",
    "servers",
    "sessions",
    "sign_in_counters",
    "site_changes",
    "sites",
    "task_events",
    "task_logs",
    "tickets",
    "users",
    "violations",
    "workers",
]
