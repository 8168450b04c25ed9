"""`compliance migrate`: the database without a server, or beside one."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.compose.storage import open_database
from app.core.clock import SystemClock
from app.core.config import Settings, load_settings
from app.core.data_folder import ServerLocks
from app.core.db import Database, DatabaseUnavailable
from app.core.logging import configure_logging
from app.domain.messages import MessageCatalog
from app.maintenance.startup import explain
from app.migrations.runner import Migration, migrate


def run_migrate(texts: MessageCatalog, browser_role: str | None = None) -> int:
    """Migrate and say from where to where; give the role of browser workers its rights, where there is one.

    Raises ConfigurationError, also beside a server: it has migrated itself.
    """
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    if browser_role is not None:
        return _migrate_with_role(settings, browser_role, texts)
    with database_of(settings) as db:
        sys.stdout.write(describe_migration(migrate_alone(settings, db), texts))
    return 0


def _migrate_with_role(settings: Settings, role: str, texts: MessageCatalog) -> int:
    from app.compose.browser_role import grant_browser_role, require_postgres  # and much that others do not need

    require_postgres(settings)
    with database_of(settings) as db:
        sys.stdout.write(describe_migration(migrate_alone(settings, db), texts))
        try:
            grant_browser_role(db, role)
        except DatabaseUnavailable as error:
            raise explain(error, settings) from error
    sys.stdout.write(f"{texts('cli.browser_role_granted', role=role)}\n")
    return 0


def describe_migration(done: Migration, texts: MessageCatalog) -> str:
    """Return lines for people."""
    if not done.changed:
        return f"{texts('cli.migrated_already', after=done.after)}\n"
    copy = f"{texts('cli.migrated_copy', file=done.backup)}\n" if done.backup is not None else ""
    if done.before is None:
        return f"{texts('cli.migrated_empty', after=done.after)}\n{copy}"
    return f"{texts('cli.migrated', before=done.before, after=done.after)}\n{copy}"


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    db = open_database(settings)
    try:
        yield db
    finally:
        asyncio.run(db.close())


def migrate_alone(settings: Settings, db: Database) -> Migration:
    """Migrate while no server can start with the database. Raises ConfigurationError when one runs already."""
    lock = ServerLocks(settings.data_dir, settings.database_file) if settings.embedded else None
    try:
        return migrate(db, clock=SystemClock())
    finally:
        if lock is not None:
            lock.release()
