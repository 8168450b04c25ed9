"""What the services of a deployment say: its database (revision, workers, lists of hosts and URLs), and Redis."""

import asyncio
from functools import partial
from importlib.util import find_spec

from sqlalchemy.engine import make_url

from app.cli.doctor.result import ENGLISH, CheckResult, degraded, failed, ok
from app.configuration.watch import read_at_start
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.deployment import POSTGRESQL, SCAN_QUEUE, require_packages
from app.core.errors import ConfigurationError
from app.core.redact import redact
from app.domain.messages import MessageCatalog, Text
from app.domain.reputation_lists import ListFault
from app.lists.service import ListState, list_states
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


def check_lists(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> list[CheckResult]:
    """Say what is in effect of each list; nothing without lists, nor while the database cannot say (another check)."""
    states = _read_lists(settings)
    if not states:
        return []
    said = texts.join_clauses(_say_list(state, texts) for state in states)
    if all(state.version is not None and state.last is not None and state.last.fault is None for state in states):
        return [ok("lists", said)]
    return [degraded("lists", said, texts("doctor.lists_old"))]


def _read_lists(settings: Settings) -> list[ListState]:
    file = settings.database_file
    if file is not None and not file.exists():
        return []
    try:
        require_packages(settings)
        db = Database(settings.resolved_database_url, busy_timeout_s=TIMEOUT_S)
    except ConfigurationError:
        return []
    try:
        if runner.read_revision(db) != runner.head_revision():
            return []
        entries = read_at_start(db, settings).current.reputation_lists
        return db.read_sync(partial(list_states, entries=entries))
    except DatabaseUnavailable:
        return []
    finally:
        asyncio.run(db.close())


def _say_list(state: ListState, texts: MessageCatalog) -> Text:
    name, version, last = state.definition.name, state.version, state.last
    if last is not None and last.fault is not None:
        fault = texts(f"list_fault.{ListFault(last.fault)}", detail=last.detail)
        return texts("doctor.list_faulty", name=name, fault=fault)
    if version is None:
        return texts("doctor.list_none", name=name)
    return texts("doctor.list_fine", name=name, entries=version.entries, date=version.list_date)
