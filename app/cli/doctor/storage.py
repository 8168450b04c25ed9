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
from app.services.presence import compare, list_results
from app.services.startup import witnesses_of_loss

MIB: Final = 1 << 20
LITTLE_MIB: Final = 1_024  # a large scan's pages and pictures take hundreds of MiB
TOO_LITTLE_MIB: Final = 64  # the database, its journal and a backup before a migration
BUSY_TIMEOUT_S: Final = 2.0
_RUNS: Final = "SELECT id, run, started_at IS NOT NULL AND deleted_at IS NULL FROM scan_tasks"


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
    lost = witnesses_of_loss(settings)
    if lost:
        means = "The service does not start. Put a backup in its place, or remove that file to begin anew."
        return bad("database", f"{path} is missing or empty, and {lost[0]} tells that there was one", means)
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
            fault = _find_fault(connection)
    except sqlite3.Error as error:
        return bad("database", f"{path}: {error}", "The service does not start. Put a backup in its place.")
    if fault is not None:
        means = "Parts of it cannot be read any more, and the service is not ready. Put a backup in its place."
        return bad("database", f"{path} is damaged: {fault}", means)
    return _judge(str(path), revision)


def check_results(settings: Settings) -> Finding:
    """Whether each scan that has begun has its file, and each file its scan."""
    database, folder = settings.database_file, settings.data_dir / "scans"
    if database is None or not database.exists():
        return ok("results", "no scans yet")
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            rows = connection.execute(_RUNS).fetchall()
        there = list_results(folder)
    except (sqlite3.Error, OSError) as error:
        return less("results", f"not compared: {error}", "See what is said of the database and the data folder.")
    missing, unknown = compare(rows, there)
    if missing:
        means = f"Their lists and reports are answered with 503. Put {folder} back from the backup of the database."
        return bad("results", f"{len(missing)} of {len(rows)} scans have no file, such as {missing[0]}", means)
    if unknown:
        means = f"They are of no use: the database in their place is older than {folder}, or another one."
        return less("results", f"{len(unknown)} files belong to no scan, such as {min(unknown)}", means)
    return ok("results", f"of {len(rows)} scans")


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


def _find_fault(connection: sqlite3.Connection) -> str | None:
    """The first that SQLite's own check finds; it reads every page, a second for some hundred MiB."""
    found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return None if found == "ok" else " ".join(found.split())


def _revision(connection: sqlite3.Connection) -> str | None:
    """Raises sqlite3.Error for what is no database."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "alembic_version" not in tables:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
