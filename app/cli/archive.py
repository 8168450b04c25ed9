"""`compliance backup` and `compliance restore`: beside a running server or without one."""

import sys
import time
from pathlib import Path
from typing import Final

from app.cli import exits
from app.core.clock import SystemClock
from app.core.config import Settings, load_settings
from app.core.errors import ConfigurationError
from app.core.folder import InUse, Ownership, prepare_folder
from app.core.logging import configure_logging
from app.core.replacement import kept_folder, lies_ready
from app.services.archive.backup import Backup
from app.services.archive.restore import Restore
from app.wiring import finish_restore

TAKE_UP_S: Final = 120.0  # a server looks every second, and lets its scans leave their checkpoints before it ends
LOOK_EVERY_S: Final = 0.1


def run_backup(file: Path, *, data_dir: Path | None) -> int:
    """Raises ConfigurationError."""
    settings = _settings(data_dir)
    clock = SystemClock()
    done = Backup(database=database_file(settings), data_dir=settings.data_dir, clock=clock).write(file.absolute())
    sys.stdout.write(
        f"{done.path}: {done.size / (1 << 20):.1f} MiB, {done.scans} results, {done.captures} captures. "
        "Keep it as private as the data folder.\n"
    )
    for name in done.missing:
        sys.stderr.write(f"compliance: {settings.data_dir / name} is missing, and so it is in the backup.\n")
    return exits.CLEAN


def run_restore(file: Path, *, data_dir: Path | None) -> int:
    """Raises ConfigurationError; nothing has changed then, except where it says so."""
    settings = _settings(data_dir)
    folder = settings.data_dir
    database = database_file(settings)
    if not settings.keeps_database:
        raise ConfigurationError(
            f"COMPLIANCE_DATABASE_URL names a database outside of {folder}: restore into a data folder of its own."
        )
    prepare_folder(folder)
    manifest = Restore(data_dir=folder, clock=SystemClock()).prepare(file)
    kept = kept_folder(folder)
    try:
        lock = Ownership(folder, database)
    except InUse as error:
        _await_server(folder, error.holder)
    else:
        finish_restore(folder)
        lock.release()
    sys.stdout.write(f"The backup of {manifest.made_at} is in its place.\n")
    if kept is not None and kept.exists():
        sys.stdout.write(f"What was there before is in {kept}; remove it when you need it no longer.\n")
    return exits.CLEAN


def database_file(settings: Settings) -> Path:
    """Raises ConfigurationError for what is no SQLite file."""
    if settings.database_file is None:
        raise ConfigurationError("Backups are made of the embedded database; yours has tools of its own.")
    return settings.database_file.absolute()


def _await_server(folder: Path, holder: str) -> None:
    """The server that holds the folder ends, finishes the restore, and goes on. Raises ConfigurationError."""
    sys.stderr.write(f"The server (process {holder}) starts again with the restored data ...\n")
    deadline = time.monotonic() + TAKE_UP_S
    while lies_ready(folder):
        if time.monotonic() >= deadline:
            raise ConfigurationError(
                f"The backup lies ready in {folder}, and process {holder} has not taken it up: restart the service, "
                "which finishes the restore when it starts."
            )
        time.sleep(LOOK_EVERY_S)


def _settings(data_dir: Path | None) -> Settings:
    settings = load_settings(data_dir=data_dir)
    configure_logging(settings.log_level)
    return settings
