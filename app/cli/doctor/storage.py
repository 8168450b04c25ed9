"""The data folder and the database. Read only: nothing is made, nothing migrated."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from app.cli.doctor.finding import Finding, bad, less, ok
from app.core.config import Settings
from app.core.private import open_mode
from app.core.security import SECRET_FILE
from app.migrations import runner

MIB: Final = 1 << 20
LITTLE_MIB: Final = 1_024  # a large scan's pages and pictures take hundreds of MiB
TOO_LITTLE_MIB: Final = 64  # the database, its journal and a backup before a migration
BUSY_TIMEOUT_S: Final = 2.0


def check_folder(settings: Settings) -> Finding:
    """Whether it can be written to; one that is not there yet is judged by where it would be made."""
    folder = settings.data_dir.absolute()
    if folder.exists() and not folder.is_dir():
        return bad("data_folder", f"{folder} is no folder", "The service does not start.")
    there = folder
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK):
        return bad("data_folder", f"{there} cannot be written to", "The service does not start.")
    said = str(folder) if there == folder else f"{folder} (will be made)"
    key = folder / SECRET_FILE
    if settings.secret_key is None and key.exists() and key.stat().st_mode & 0o077:
        return bad("data_folder", f"others may read {key}", f"The service does not start; chmod 600 {key}")
    mode = open_mode(folder)
    if mode:
        return less("data_folder", f"others may look into {folder} ({mode:04o})", f"Better: chmod 700 {folder}")
    return ok("data_folder", said)


def check_space(settings: Settings, free_bytes: int | None = None) -> Finding:
    there = settings.data_dir.absolute()
    while not there.exists():
        there = there.parent
    free = (shutil.disk_usage(there).free if free_bytes is None else free_bytes) // MIB
    if free < TOO_LITTLE_MIB:
        return bad("free_space", f"{free} MiB", "Scans stop and wait until there is room; nothing new is kept.")
    if free < LITTLE_MIB:
        return less("free_space", f"{free} MiB", "Enough to start. A large scan may fill it, and then waits.")
    return ok("free_space", f"{free / 1_024:.1f} GiB")


def check_database(settings: Settings) -> Finding:
    """Whether it is there, readable and of a revision that this program knows."""
    url = make_url(settings.resolved_database_url)
    if not url.drivername.startswith("sqlite") or not url.database:
        return bad("database", url.render_as_string(), "Only SQLite is supported so far.")
    path = Path(url.database)
    if not path.exists():
        own_place = path.parent == settings.data_dir.absolute()  # made with the folder, which is looked at by itself
        if own_place or os.access(path.parent, os.W_OK | os.X_OK):
            return ok("database", f"{path} (will be made)")
        return bad(
            "database", f"{path} cannot be made", "The service does not start; make the folder, or name another."
        )
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            revision = _revision(connection)
    except sqlite3.Error as error:
        return bad("database", f"{path}: {error}", "The service does not start. Put a backup in its place.")
    return _judge(str(path), revision)


def _judge(path: str, revision: str | None) -> Finding:
    head = runner.head_revision()
    known = runner.known_revisions()
    if revision is None:
        return bad("database", f"{path} has no revision", "It is not ours: the service refuses it. Use another folder.")
    if revision not in known:
        means = "A newer version of this program made it; this one refuses to start with it."
        return bad("database", f"{path} at {revision}", means)
    if revision != head:
        return ok("database", f"{path} at {revision}", f"`serve` copies it and brings it to {head}.")
    return ok("database", f"{path} at {revision}, the newest")


def _revision(connection: sqlite3.Connection) -> str | None:
    """Raises sqlite3.Error for what is no database."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "alembic_version" not in tables:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
