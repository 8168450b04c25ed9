"""`compliance backup` and `compliance restore`: beside a running server or without one."""

import sys
import time
from pathlib import Path
from typing import Final

from app.cli import exit_codes
from app.compose.storage import open_captures
from app.core.clock import SystemClock
from app.core.config import Settings, load_settings
from app.core.data_folder import InUse, ServerLocks, prepare_folder
from app.core.errors import ConfigurationError
from app.core.logging import configure_logging
from app.core.pending_restore import is_restore_pending, previous_data_folder
from app.domain.messages import MessageCatalog
from app.maintenance.backup import Backup
from app.maintenance.restore import Restore
from app.maintenance.startup import finish_restore

TAKE_UP_S: Final = 120.0  # a server looks every second, and lets its scans leave their checkpoints before it ends
LOOK_EVERY_S: Final = 0.1


def run_backup(file: Path, texts: MessageCatalog, *, data_dir: Path | None) -> int:
    """Write the backup and say what it holds. Raises ConfigurationError."""
    settings = _settings(data_dir)
    clock = SystemClock()
    backup = Backup(
        database=database_file(settings, texts),
        data_dir=settings.data_dir,
        captures=open_captures(settings),
        clock=clock,
    )
    done = backup.write(file.absolute())
    size = f"{done.size / (1 << 20):.1f}"
    said = texts("cli.copied", file=done.path, size=size, scans=done.scans, captures=done.captures)
    sys.stdout.write(f"{said}\n")
    for name in done.missing:
        sys.stderr.write(f"compliance: {texts('cli.copied_missing', file=settings.data_dir / name)}\n")
    return exit_codes.CLEAN


def run_restore(file: Path, texts: MessageCatalog, *, data_dir: Path | None) -> int:
    """Put the backup in place, through the running server if there is one.

    Raises ConfigurationError; nothing has changed then, except where it says so.
    """
    settings = _settings(data_dir)
    folder = settings.data_dir
    database = database_file(settings, texts)
    if not settings.keeps_database:
        raise ConfigurationError(texts("cli.restore_elsewhere", folder=folder))
    prepare_folder(folder)
    elsewhere = None if settings.captures_url is None else open_captures(settings)
    manifest = Restore(data_dir=folder, clock=SystemClock(), elsewhere=elsewhere).prepare(file)
    kept = previous_data_folder(folder)
    try:
        lock = ServerLocks(folder, database)
    except InUse as error:
        _await_server(folder, error.holder, texts)
    else:
        finish_restore(folder)
        lock.release()
    sys.stdout.write(f"{texts('cli.restored', time=manifest.made_at)}\n")
    if kept is not None and kept.exists():
        sys.stdout.write(f"{texts('cli.restored_kept', folder=kept)}\n")
    return exit_codes.CLEAN


def database_file(settings: Settings, texts: MessageCatalog) -> Path:
    """Return the SQLite file of the settings. Raises ConfigurationError when the database is none."""
    if settings.database_file is None:
        raise ConfigurationError(texts("cli.no_embedded"))
    return settings.database_file.absolute()


def _await_server(folder: Path, holder: str, texts: MessageCatalog) -> None:
    """Wait until the server that holds the folder has finished the restore. Raises ConfigurationError."""
    sys.stderr.write(f"{texts('cli.restore_waits', process=holder)}\n")
    deadline = time.monotonic() + TAKE_UP_S
    while is_restore_pending(folder):
        if time.monotonic() >= deadline:
            raise ConfigurationError(texts("cli.restore_not_taken", folder=folder, process=holder))
        time.sleep(LOOK_EVERY_S)


def _settings(data_dir: Path | None) -> Settings:
    settings = load_settings(data_dir=data_dir)
    configure_logging(settings.log_level, settings.log_format)
    return settings
