"""What must hold of the data before a server starts, and how a start that fails says what to do."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import BUSY, FULL, Database, DatabaseDamaged, DatabaseUnavailable
from app.core.errors import ConfigurationError
from app.core.security import SECRET_FILE
from app.events.epoch import COUNTER_FILE, ID_FILE
from app.migrations.runner import head_revision, migrate, read_revision

WITNESSES: Final = (SECRET_FILE, COUNTER_FILE, ID_FILE)  # made after the database, at the first start
_ADVICE: Final = {
    BUSY: "another program holds it: end that one",
    FULL: "make room on its disk",
}


def require_database(settings: Settings) -> None:
    """An empty database beside what tells of an earlier one was lost: a new one would look as if nothing ever was.

    Raises ConfigurationError.
    """
    found = witnesses_of_loss(settings)
    if found:
        raise ConfigurationError(
            f"The database {settings.database_file} is missing or empty, and {found[0]} tells that there was one. Put "
            f"it back (`compliance restore FILE`); to begin anew, remove {', '.join(map(str, found))} first."
        )


def witnesses_of_loss(settings: Settings) -> list[Path]:
    """Files that tell of a database that is not there any more; none when it is there, or never was."""
    database = settings.database_file
    if database is None or (database.exists() and not _is_empty(database)):
        return []
    return [path for name in WITNESSES if (path := settings.data_dir / name).exists()]


def prepare_new_database(settings: Settings, db: Database, clock: Clock) -> None:
    """Before the signing key of a first start is made: a key without a database means that the database was lost."""
    if settings.embedded and settings.secret_key is None and not (settings.data_dir / SECRET_FILE).exists():
        migrate(db, clock=clock)


def prepare_database(settings: Settings, db: Database, clock: Clock) -> None:
    """Blocking. Raises ConfigurationError, DatabaseUnavailable."""
    if settings.embedded:
        migrate(db, clock=clock)
    elif read_revision(db) != head_revision():
        raise ConfigurationError("The database is not at this version's revision: run `compliance migrate`.")


def explain(error: DatabaseUnavailable | OSError, settings: Settings) -> ConfigurationError:
    """Why the service does not start, with the path and what to do."""
    if isinstance(error, OSError):
        where = error.filename or settings.data_dir
        return ConfigurationError(f"{where} cannot be used: {error.strerror}; make room or rights, and start again.")
    where = settings.database_file or "of COMPLIANCE_DATABASE_URL"
    if isinstance(error, DatabaseDamaged):
        advice = "put a backup in its place (`compliance restore FILE`)"
    else:
        advice = _ADVICE.get(error.message, "see that it and its folder can be written to")
    return ConfigurationError(
        f"The database {where} cannot be used: {error.message}; {advice}, and start again (`compliance doctor` looks "
        "at it)."
    )


def _is_empty(database: Path) -> bool:
    """No table at all. What is no database, or cannot be read, is not empty."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])
    except sqlite3.Error:
        return False
