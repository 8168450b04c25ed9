"""Brings a database to the newest revision. Run by the program itself: there is no alembic.ini and no env.py.

All revisions of one call are one transaction: an upgrade happens or does not. An older SQLite file is copied first:
that copy is the way back, and revisions have no other.

On PostgreSQL the program may be at work meanwhile. One of several callers upgrades, the others wait for it. No lock is
waited for longer than a moment, since all that come later wait behind it: the upgrade is given up and begun anew until
it gets through. What a revision may do beside programs of the version before it is said in CONTRIBUTING.md.
"""

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.errors import ConfigurationError
from app.core.file_permissions import make_private_file
from app.core.system_errors import reason_of
from app.core.tables import metadata
from app.migrations.collation import compare_bytes
from app.migrations.partitions import make_ahead

T = TypeVar("T")

HERE: Final = Path(__file__).parent
PATIENCE_S: Final = 60.0  # for locks that a running program holds, and for somebody else's upgrade
PAUSE_S: Final = 0.5  # between two tries, on average: what waited behind the first one has gone on by then
_LOCK: Final = 0x636F6D706C79  # of everybody who upgrades, among the advisory locks of a PostgreSQL database
_BESIDE_OTHERS: Final = (
    "SET LOCAL lock_timeout = '200ms'",
    "SET LOCAL statement_timeout = 0",  # an index of a large table takes its time
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    f"SELECT pg_advisory_xact_lock({_LOCK})",
)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """What was done. `before` None: the database was empty. `backup` None: none was needed, or it is no SQLite file."""

    before: str | None
    after: str
    backup: Path | None = None

    @property
    def changed(self) -> bool:
        return self.before != self.after


def migrate(db: Database, *, clock: Clock) -> Migration:
    """Upgrades to the newest revision; nothing happens when the database has it. Blocking.

    Raises:
        ConfigurationError: a newer program wrote the database, or one from before the first revision that this program
            has, or it holds tables that are not ours.
        DatabaseUnavailable: busy, full or down; nothing has changed.
    """
    scripts = _scripts(HERE)
    head = scripts.get_current_head()
    assert head is not None
    before = db.read_sync(lambda connection: _read_ours(connection, db))
    if before == head:
        return Migration(before, head)
    backup = _back_up(db, before, clock) if before else None
    if db.is_sqlite:
        db.write_sync(lambda connection: _upgrade(connection, scripts, head))
    elif not _upgrade_beside_others(db, scripts, head, clock):
        return Migration(head, head)
    log.info("database_migrated", before=before, after=head, backup=str(backup) if backup else None)
    return Migration(before, head, backup)


def current_revision(connection: Connection) -> str | None:
    """The database's revision; None when it never had one."""
    return MigrationContext.configure(connection).get_current_revision()


def read_revision(db: Database) -> str | None:
    """Return the current revision, in a transaction of its own. Blocking."""
    return db.read_sync(current_revision)


def head_revision() -> str:
    """The revision that this program works with."""
    return _scripts(HERE).get_current_head() or ""


def known_revisions() -> set[str]:
    """All that this program can bring to the newest one, and that one."""
    return {script.revision for script in _scripts(HERE).walk_revisions()}


def is_before_first(revision: str) -> bool:
    """Whether a revision that is not known is older than all that are. Those before the first had lower numbers."""
    return revision < (_scripts(HERE).get_base() or "")


@cache
def _scripts(folder: Path) -> ScriptDirectory:
    """Return the revisions in the folder, read once for each process: a start needs them several times."""
    return ScriptDirectory(folder)


def _read_ours(connection: Connection, db: Database) -> str | None:
    """Return the revision, in the snapshot in which the tables are looked at. Raises ConfigurationError."""
    revision = current_revision(connection)
    if revision is None:
        if set(inspect(connection).get_table_names()) & set(metadata.tables):
            raise ConfigurationError(text="database_foreign", path=db.engine.url.database)
    elif revision not in known_revisions():
        if is_before_first(revision):
            raise ConfigurationError(text="database_older", path=db.engine.url.database, revision=revision)
        raise ConfigurationError(text="database_newer", path=db.engine.url.database, revision=revision)
    return revision


def _upgrade_beside_others(db: Database, scripts: ScriptDirectory, head: str, clock: Clock) -> bool:
    """Upgrade a PostgreSQL database; False: somebody else has. Raises DatabaseUnavailable."""

    def unit(connection: Connection) -> bool:
        if current_revision(connection) == head:
            return False
        _upgrade(connection, scripts, head)
        compare_bytes(connection)
        make_ahead(connection, clock.now())
        return True

    return beside_others(db, unit)


def beside_others(db: Database, unit: Callable[[Connection], T]) -> T:
    """Change tables of PostgreSQL in one transaction, one caller at a time, while the program may be at work. Blocking.

    Raises DatabaseUnavailable.
    """

    def begun(connection: Connection) -> T:
        for statement in _BESIDE_OTHERS:
            connection.exec_driver_sql(statement)
        return unit(connection)

    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return db.write_sync(begun)
        except DatabaseUnavailable as error:
            if error.failure is not Failure.BUSY or time.monotonic() >= deadline:
                raise
        time.sleep(PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311 - so that two do not meet again


def _upgrade(connection: Connection, scripts: ScriptDirectory, head: str) -> None:
    def steps(revision: Any, _context: MigrationContext) -> Any:
        return scripts._upgrade_revs(head, revision)  # noqa: SLF001 - alembic.command does the same; nothing public does

    config = Config()
    with EnvironmentContext(config, scripts, fn=steps) as environment:
        environment.configure(connection=connection, target_metadata=metadata)
        environment.run_migrations()


def _back_up(db: Database, revision: str, clock: Clock) -> Path | None:
    """A complete copy beside the file, made with SQLite's own backup: correct whatever is in the WAL."""
    path = db.engine.url.database
    if not db.is_sqlite or not path or path == ":memory:":
        return None
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    copy = Path(f"{path}.{revision}.{stamp}.backup")
    try:
        make_private_file(copy)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except (sqlite3.Error, OSError) as error:
        copy.unlink(missing_ok=True)
        raise ConfigurationError(text="database_not_copied", path=copy, reason=reason_of(error)) from error
    return copy
