"""Lists of hosts and URLs that the deployment names, as the database has them."""

import asyncio
from functools import partial

from app.cli.doctor.result import ENGLISH, CheckResult, degraded, ok
from app.configuration.watch import read_at_start
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.deployment import require_packages
from app.core.errors import ConfigurationError
from app.domain.messages import MessageCatalog, Text
from app.domain.reputation_lists import ListFault
from app.lists.service import ListState, list_states
from app.migrations import runner

TIMEOUT_S = 2.0


def check_lists(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> list[CheckResult]:
    """Say what is in effect of each list; nothing without lists, nor while the database cannot say (another check)."""
    states = _read(settings)
    if not states:
        return []
    said = texts.join_clauses(_said(state, texts) for state in states)
    if all(state.version is not None and state.last is not None and state.last.fault is None for state in states):
        return [ok("lists", said)]
    return [degraded("lists", said, texts("doctor.lists_old"))]


def _read(settings: Settings) -> list[ListState]:
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


def _said(state: ListState, texts: MessageCatalog) -> Text:
    name, version, last = state.definition.name, state.version, state.last
    if last is not None and last.fault is not None:
        fault = texts(f"list_fault.{ListFault(last.fault)}", detail=last.detail)
        return texts("doctor.list_faulty", name=name, fault=fault)
    if version is None:
        return texts("doctor.list_none", name=name)
    return texts("doctor.list_fine", name=name, entries=version.entries, date=version.list_date)
