"""Checks of the data before a server starts, and the errors of a failed start with their remedy."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.errors import ConfigurationError
from app.core.pending_restore import apply_restore
from app.core.security import SECRET_FILE
from app.core.system_errors import reason_of
from app.domain.messages import Language, MessageCatalog, english
from app.events.epoch import COUNTER_FILE, ID_FILE
from app.migrations.runner import head_revision, migrate, read_revision

TRACES: Final = (SECRET_FILE, COUNTER_FILE, ID_FILE)  # made after the database, at the first start
_ADVICE: Final = {
    Failure.BUSY: "busy",
    Failure.FULL: "full",
    Failure.DAMAGED: "damaged",
    Failure.REFUSED: "refused",
}


def require_database(settings: Settings) -> None:
    """Refuse an empty database beside traces of an earlier one: the earlier one was lost.

    Raises ConfigurationError.
    """
    found = traces_of_lost_database(settings)
    if found:
        raise ConfigurationError(
            text="database_lost",
            path=settings.database_file,
            trace=found[0],
            traces=MessageCatalog(Language.EN).join_terms(map(str, found)),
        )


def traces_of_lost_database(settings: Settings) -> list[Path]:
    """Files that tell of a database that is not there any more; none when it is there, or never was."""
    database = settings.database_file
    if database is None or (database.exists() and not _is_empty(database)):
        return []
    return [path for name in TRACES if (path := settings.data_dir / name).exists()]


def prepare_new_database(settings: Settings, db: Database, clock: Clock) -> None:
    """Before the signing key of a first start is made: a key without a database means that the database was lost.

    Raises ConfigurationError.
    """
    if settings.embedded and settings.secret_key is None and not (settings.data_dir / SECRET_FILE).exists():
        try:
            migrate(db, clock=clock)
        except DatabaseUnavailable as error:
            raise explain(error, settings) from error


def prepare_database(settings: Settings, db: Database, clock: Clock) -> None:
    """Blocking. Raises ConfigurationError, DatabaseUnavailable."""
    if settings.embedded:
        migrate(db, clock=clock)
    elif read_revision(db) != head_revision():
        raise ConfigurationError(text="database_not_migrated")


def finish_restore(data_dir: Path) -> Path | None:
    """What a restore has laid ready takes its place; returns where the old data is now. The caller holds the lock.

    Raises ConfigurationError when the disk refuses; the next start goes on.
    """
    try:
        return apply_restore(data_dir)
    except OSError as error:
        raise ConfigurationError(
            text="restore_not_finished", folder=data_dir, path=error.filename, reason=reason_of(error)
        ) from error


def explain(error: DatabaseUnavailable | OSError, settings: Settings) -> ConfigurationError:
    """Why the service does not start, with the path and what to do."""
    if isinstance(error, OSError):
        where = error.filename or settings.data_dir
        return ConfigurationError(text="start_file", path=where, reason=reason_of(error))
    where = settings.database_file or "COMPLIANCE_DATABASE_URL"
    advice = english(f"start_advice.{_ADVICE.get(error.failure, 'other')}")
    return ConfigurationError(
        text="start_database", path=where, reason=english(f"failure.{error.failure.key}"), advice=advice
    )


def _is_empty(database: Path) -> bool:
    """No table at all. What is no database, or cannot be read, is not empty."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])
    except sqlite3.Error:
        return False
