"""`compliance import-embedded`: the data of an embedded service, moved into the PostgreSQL of the settings."""

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path

from app.captures.folder import FolderStorage
from app.cli import exit_codes
from app.compose.storage import open_captures, open_database
from app.core.clock import SystemClock
from app.core.config import load_settings
from app.core.data_folder import ServerLocks
from app.core.db import Database
from app.core.errors import ConfigurationError
from app.core.logging import configure_logging
from app.core.pending_restore import DATABASE
from app.core.system_errors import reason_of
from app.domain.messages import MessageCatalog
from app.scanstore.errors import ScanStoreError
from app.scanstore.files import captures_dir


def run_import(folder: Path, texts: MessageCatalog) -> int:
    """Import and say how much. Raises ConfigurationError; the tables are as they were then."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    if settings.embedded:
        raise ConfigurationError(texts("cli.import_no_target"))
    path = folder / DATABASE
    if not path.exists():
        raise ConfigurationError(texts("cli.import_no_source", folder=folder))
    target = open_database(settings)
    # Its package is there, since the settings name such a database.
    from app.maintenance.embedded_import import EmbeddedImport, TableRefused
    from app.scanstore.postgres.file_import import CountsDiffer

    with ExitStack() as stack:
        stack.callback(lambda: asyncio.run(target.close()))
        stack.callback(ServerLocks(folder, path).release)
        source = Database(f"sqlite:///{path}")
        stack.callback(lambda: asyncio.run(source.close()))
        moving = EmbeddedImport(
            data_dir=folder,
            source=source,
            target=target,
            captures_from=FolderStorage(captures_dir(folder)),
            captures_to=open_captures(settings),
            clock=SystemClock(),
        )
        try:
            done = moving.run()
        except CountsDiffer as error:
            counted = {"table": error.table, "before": error.before, "after": error.after}
            raise ConfigurationError(texts("cli.import_differs", **counted)) from error
        except TableRefused as error:
            raise ConfigurationError(texts("cli.import_refused", table=error.table, reason=error.reason)) from error
        except ScanStoreError as error:
            raise ConfigurationError(texts("cli.import_store", reason=str(error))) from error
        except OSError as error:
            raise ConfigurationError(texts("cli.import_files", reason=reason_of(error))) from error
    for table, rows in done.rows.items():
        sys.stdout.write(f"{table:<20}{rows:>12}\n")
    sys.stdout.write(f"{texts('cli.imported', stores=done.stores, captures=done.captures)}\n")
    return exit_codes.CLEAN
