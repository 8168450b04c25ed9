"""The services of a distributed deployment: PostgreSQL at its revision, and Redis."""

import asyncio
from importlib.util import find_spec

from sqlalchemy.engine import make_url

from app.cli.doctor.result import ENGLISH, CheckResult, degraded, failed, ok
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.deployment import POSTGRESQL, SCAN_QUEUE, require_packages
from app.core.errors import ConfigurationError
from app.core.redact import redact
from app.domain.messages import MessageCatalog
from app.migrations import runner
from app.scans.queries import workers

TIMEOUT_S = 5.0


def read_server_revision(settings: Settings, texts: MessageCatalog) -> str | CheckResult | None:
    """Return the revision of a database that is a server's, or why it cannot be had."""
    url = settings.resolved_database_url
    shown = make_url(url).render_as_string()
    if not url.startswith(POSTGRESQL):
        return failed("database", shown, texts("error.database_url_unknown"))
    try:
        require_packages(settings)
    except ConfigurationError as error:
        return failed("database", shown, error.text_in(texts.language))
    db = Database(url, busy_timeout_s=TIMEOUT_S)
    try:
        return runner.read_revision(db)
    except DatabaseUnavailable as error:
        return failed("database", f"{shown}: {error.message}", texts("doctor.no_start"))
    finally:
        asyncio.run(db.close())


def check_bus(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> list[CheckResult]:
    """Tell whether Redis answers; of an embedded deployment nothing."""
    if settings.redis_url is None or find_spec("redis") is None:
        return []
    from redis import Redis, RedisError

    url = settings.redis_url.get_secret_value()
    shown = redact(url)
    try:
        with Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S) as client:
            client.ping()
    except (RedisError, OSError, ValueError) as error:
        return [degraded("bus", f"{shown}: {type(error).__name__}", texts("doctor.bus_away"))]
    return [ok("bus", shown)]


def check_workers(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> list[CheckResult]:
    """Tell whether workers take scans; of an embedded deployment nothing, nor while the database says nothing."""
    if settings.embedded or read_server_revision(settings, texts) != runner.head_revision():
        return []
    db = Database(settings.resolved_database_url, busy_timeout_s=TIMEOUT_S)
    try:
        known = db.read_sync(workers.known)
    except DatabaseUnavailable as error:
        return [failed("workers", error.message, texts("doctor.no_start"))]
    finally:
        asyncio.run(db.close())
    heard_of = [worker for worker in known if worker.silent_s < settings.worker_lost_after_s]
    if not any(SCAN_QUEUE in worker.queues for worker in heard_of):
        return [degraded("workers", texts("doctor.workers", count=len(heard_of)), texts("doctor.workers_missing"))]
    return [ok("workers", texts("doctor.workers", count=len(heard_of)))]
