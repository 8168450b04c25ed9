"""The rights of browser workers in PostgreSQL: a role of their own, which renders pages and can do nothing else.

Beside them run the pages of strangers. So their role sees which pages wait and whether their scans still run, answers
them, and says that its worker is there; it reads no account, no key, no secret and no result, and writes none.
`compliance migrate --browser-role` gives it these rights after each upgrade, and takes whatever else it had.
"""

from typing import Final

from sqlalchemy import Connection, text

from app.configuration import browser_settings
from app.core.changeable_settings import CHANGEABLE
from app.core.config import Settings
from app.core.db import Database
from app.core.deployment import BROWSER_QUEUE
from app.core.errors import ConfigurationError
from app.migrations.runner import beside_others
from app.tasks.render_protocol import RENDER_SETTINGS

# As `scanstore.postgres.renders` and `scans.queries.workers` ask for them; a test renders with these alone.
RIGHTS: Final = (
    "SELECT ON alembic_version",
    "SELECT (id, run, attempt, status) ON scan_tasks",
    "SELECT (id, task_id, run, attempt) ON scan_stores",
    "SELECT (id, store, attempt, url, host, needs_document, timeout_s, logs, queued_at) ON scan_drawings",
    "SELECT (tries, holder, held_until, outcome) ON scan_drawings",
    "UPDATE (tries, holder, held_until, outcome, reason, final_url, title, screenshot, document, log) ON scan_drawings",
    "DELETE ON scan_drawings",  # of attempts that are over
    "SELECT, INSERT, UPDATE (heartbeat_at), DELETE ON workers",
)
_OWN_ROWS: Final = f"queues::text = '[\"{BROWSER_QUEUE}\"]'"  # of workers that render, and do nothing else
# All others see and change all rows; the role changes those of browser workers alone.
_POLICIES: Final = (
    ("everybody", "FOR ALL TO PUBLIC USING (true)"),
    ("browser_inserts", "AS RESTRICTIVE FOR INSERT TO {role} WITH CHECK ({own})"),
    ("browser_updates", "AS RESTRICTIVE FOR UPDATE TO {role} USING ({own})"),
    ("browser_deletes", "AS RESTRICTIVE FOR DELETE TO {role} USING ({own})"),
)
_ABOUT: Final = text("""
SELECT current_schema() AS schema, current_database() AS database, r.oid IS NOT NULL AS is_known,
    coalesce(r.rolsuper OR r.rolcreaterole OR r.rolbypassrls OR r.rolreplication OR r.rolname = current_user
        OR EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = r.oid)
        OR EXISTS (SELECT FROM pg_database AS d WHERE d.datdba = r.oid)
        OR EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspowner = r.oid)
        OR EXISTS (SELECT FROM pg_class AS c WHERE c.relowner = r.oid), false) AS is_powerful
FROM (SELECT) AS one LEFT JOIN pg_roles AS r ON r.rolname = :role
""")


def require_postgres(settings: Settings) -> None:
    """Raise ConfigurationError where the database is a file: it has no roles."""
    if settings.embedded:
        raise ConfigurationError(text="browser_role_needs_postgres")


def grant_browser_role(db: Database, role: str) -> None:
    """Give the role the rights of a browser worker, and no others. PostgreSQL only; blocking, beside whatever runs.

    Raises ConfigurationError, DatabaseUnavailable.
    """
    beside_others(db, lambda connection: _grant(connection, role))


def _grant(connection: Connection, role: str) -> None:
    about = connection.execute(_ABOUT, {"role": role}).one()
    if not about.is_known:
        raise ConfigurationError(text="browser_role_unknown", role=role)
    if about.is_powerful:
        raise ConfigurationError(text="browser_role_not_limited", role=role)
    quote = connection.dialect.identifier_preparer.quote
    quoted, schema, database = quote(role), quote(about.schema), quote(about.database)
    all_tables, all_sequences = (f"ALL {kind} IN SCHEMA {schema}" for kind in ("TABLES", "SEQUENCES"))
    for what in (all_tables, all_sequences, f"SCHEMA {schema}", f"DATABASE {database}"):
        connection.exec_driver_sql(f"REVOKE ALL ON {what} FROM {quoted}")
    connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {database} TO {quoted}")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {quoted}")
    for right in RIGHTS:
        connection.exec_driver_sql(f"GRANT {right} TO {quoted}")
    _limit_presence(connection, quoted)
    names = RENDER_SETTINGS & CHANGEABLE.keys()
    browser_settings.offer(connection, schema=schema, role=quoted, names=names)


def _limit_presence(connection: Connection, role: str) -> None:
    connection.exec_driver_sql("ALTER TABLE workers ENABLE ROW LEVEL SECURITY")
    for name, rule in _POLICIES:
        connection.exec_driver_sql(f"DROP POLICY IF EXISTS {name} ON workers")
        connection.exec_driver_sql(f"CREATE POLICY {name} ON workers {rule.format(role=role, own=_OWN_ROWS)}")
