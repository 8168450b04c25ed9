"""Brings a database to the newest revision. Run by the program itself: there is no alembic.ini and no env.py.

All revisions of one call are one transaction: an upgrade happens or does not. An older SQLite file is copied first:
that copy is the way back, and revisions have no other.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import ConfigurationError
from app.core.private import make_private_file
from app.models import metadata

HERE: Final = Path(__file__).parent
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
        ConfigurationError: a newer program wrote the database, or it holds tables that are not ours.
        DatabaseUnavailable: busy, full or down; nothing has changed.
    """
    scripts = ScriptDirectory(HERE)
    head = scripts.get_current_head()
    assert head is not None
    before = read_revision(db)
    _refuse_foreign(db, before)
    if before == head:
        return Migration(before, head)
    backup = _back_up(db, before, clock) if before else None
    db.write_sync(lambda connection: _upgrade(connection, scripts, head))
    log.info("database_migrated", before=before, after=head, backup=str(backup) if backup else None)
    return Migration(before, head, backup)


def current_revision(connection: Connection) -> str | None:
    """The database's revision; None when it never had one."""
    return MigrationContext.configure(connection).get_current_revision()


def read_revision(db: Database) -> str | None:
    """As `current_revision`, in a transaction of its own. Blocking."""
    return db.read_sync(current_revision)


def head_revision() -> str:
    """The revision that this program works with."""
    return ScriptDirectory(HERE).get_current_head() or ""


def known_revisions() -> set[str]:
    """All that this program can bring to the newest one, and that one."""
    return {script.revision for script in ScriptDirectory(HERE).walk_revisions()}


def _refuse_foreign(db: Database, before: str | None) -> None:
    if before is None:
        tables = db.read_sync(lambda connection: inspect(connection).get_table_names())
        if set(tables) & set(metadata.tables):
            raise ConfigurationError(
                f"The database {db.engine.url.database} holds tables that were not made by `migrate`; choose another."
            )
    elif before not in known_revisions():
        raise ConfigurationError(
            f"The database {db.engine.url.database} (revision {before}) was made by a newer version of this program: "
            "install that one, or put a backup of this version back (`compliance restore FILE`)."
        )


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
        raise ConfigurationError(f"The database could not be copied to {copy}: {error}") from error
    return copy
