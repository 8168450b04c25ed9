"""The review models: which LLM is configured, and whether the enabled local classifier can be read."""

import asyncio
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError

from app.cli.doctor.result import ENGLISH, CheckResult, degraded, ok
from app.configuration import in_effect
from app.core.changeable_settings import SettingsRefused, merge
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.domain.local_reading import StoredModel
from app.domain.messages import MessageCatalog
from app.engines.local_reader.model import UnusableModel, read_model

TIMEOUT_S: Final = 5.0
Found = tuple[StoredModel | None, Mapping[str, Any]]  # what is switched on, and what administrators have set
_NOTHING: Final[Found] = (None, {})


def check_readers(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> CheckResult:
    """Tell which readers there are. Of a database that says nothing another check tells."""
    stored, changed = _read(settings)
    try:
        settings = merge(settings, changed)
    except SettingsRefused:
        changed = {}
    none = texts("doctor.reader_none")
    model = settings.reading_model_name if settings.reading_model_url else None
    local = none if stored is None else texts("doctor.reader_version", version=stored.version)
    said = texts("doctor.readers", model=model or none, local=local)
    if stored is None:
        return ok("readers", said)
    try:
        read_model(stored)
    except UnusableModel as error:
        fault = texts(f"model_fault.{error.fault}")
        return degraded("readers", said, texts("doctor.reader_unusable", fault=fault))
    return ok("readers", said)


def _read(settings: Settings) -> Found:
    try:
        return _read_file(settings) if settings.embedded else _read_server(settings)
    except (DBAPIError, DatabaseUnavailable):
        return _NOTHING


def _read_file(settings: Settings) -> Found:
    """Read it without making or changing anything."""
    path = settings.database_file
    if path is None or not path.exists():
        return _NOTHING
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=TIMEOUT_S)
    )
    try:
        with engine.connect() as connection:
            return _found(connection)
    finally:
        engine.dispose()


def _read_server(settings: Settings) -> Found:
    db = Database(settings.resolved_database_url, busy_timeout_s=TIMEOUT_S)
    try:
        return db.read_sync(_found)
    finally:
        asyncio.run(db.close())


def _found(connection: Connection) -> Found:
    row, newest = in_effect.find_enabled(connection), in_effect.newest(connection)
    model = None if row is None else StoredModel(row.version, row.data, row.sha256)
    return model, {} if newest is None else newest.stored
