"""The data folder and the database. Read only: nothing is made, nothing migrated."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from app.captures.port import ContentsUnavailable
from app.cli.display.formatting import labelled
from app.cli.doctor.result import ENGLISH, CheckResult, degraded, failed, ok
from app.cli.doctor.services import read_server_revision
from app.compose.storage import open_captures
from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.core.file_permissions import open_mode
from app.core.security import SECRET_FILE
from app.core.system_errors import reason_of
from app.domain.messages import MessageCatalog
from app.maintenance.result_files import compare, list_results
from app.maintenance.startup import traces_of_lost_database
from app.migrations import runner

MIB: Final = 1 << 20
LITTLE_MIB: Final = 1_024  # a large scan's pages and pictures take hundreds of MiB
TOO_LITTLE_MIB: Final = 64  # the database, its journal and a backup before a migration
BUSY_TIMEOUT_S: Final = 2.0
_RUNS: Final = "SELECT id, run, started_at IS NOT NULL AND deleted_at IS NULL FROM scan_tasks"
_ENDED_RUNS: Final = (
    "SELECT r.task_id, r.run FROM scan_runs r JOIN scan_tasks t ON t.id = r.task_id "
    "WHERE r.started_at IS NOT NULL AND r.results_removed_at IS NULL AND t.deleted_at IS NULL"
)


def check_folder(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> CheckResult:
    """Tell whether the folder can be written to; one that is missing is judged by where it would be made."""
    folder = settings.data_dir.absolute()
    if folder.exists() and not folder.is_dir():
        return failed("data_folder", texts("doctor.no_folder", folder=folder), texts("doctor.no_start"))
    there = folder
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK):
        return failed("data_folder", texts("doctor.not_writable", folder=there), texts("doctor.no_start"))
    said = str(folder) if there == folder else texts("doctor.will_be_made", path=folder)
    key = folder / SECRET_FILE
    if settings.secret_key is None and key.exists() and key.stat().st_mode & 0o077:
        means = texts("doctor.key_readable_means", file=key)
        return failed("data_folder", texts("doctor.key_readable", file=key), means)
    mode = open_mode(folder)
    if mode:
        said = texts("doctor.folder_open", folder=folder, mode=f"{mode:04o}")
        return degraded("data_folder", said, texts("doctor.folder_open_means", folder=folder))
    return ok("data_folder", said)


def check_space(settings: Settings, free_bytes: int | None = None, *, texts: MessageCatalog = ENGLISH) -> CheckResult:
    there = settings.data_dir.absolute()
    while not there.exists():
        there = there.parent
    free = (shutil.disk_usage(there).free if free_bytes is None else free_bytes) // MIB
    if free < TOO_LITTLE_MIB:
        return failed("free_space", f"{free} MiB", texts("doctor.space_none"))
    if free < LITTLE_MIB:
        return degraded("free_space", f"{free} MiB", texts("doctor.space_little"))
    return ok("free_space", f"{free / 1_024:.1f} GiB")


def check_captures(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> list[CheckResult]:
    """Ask the object storage of captures, where there is one, with one request."""
    if settings.captures_url is None:
        return []
    try:
        next(open_captures(settings).list_all(), None)
    except ConfigurationError as error:
        return [failed("captures", error.text_in(texts.language), texts("doctor.no_start"))]
    except ContentsUnavailable as error:
        return [degraded("captures", f"{settings.captures_url}: {error}", texts("doctor.captures_away"))]
    return [ok("captures", texts("doctor.captures_answer", url=settings.captures_url))]


def check_database(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> CheckResult:
    """Tell whether the database is there, readable and of a revision that this program knows."""
    url = make_url(settings.resolved_database_url)
    if not settings.embedded:
        found = read_server_revision(settings, texts)
        return found if isinstance(found, CheckResult) else _judge(url.render_as_string(), found, texts)
    if not url.database:
        return failed("database", url.render_as_string(), texts("error.database_url_unknown"))
    path = Path(url.database)
    lost = traces_of_lost_database(settings)
    if lost:
        said = texts("doctor.database_lost", file=path, trace=lost[0])
        return failed("database", said, texts("doctor.database_lost_means"))
    if not path.exists():
        own_place = path.parent == settings.data_dir.absolute()  # made with the folder, which is looked at by itself
        if own_place or os.access(path.parent, os.W_OK | os.X_OK):
            return ok("database", texts("doctor.will_be_made", path=path))
        return failed("database", texts("doctor.cannot_be_made", file=path), texts("doctor.cannot_be_made_means"))
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            revision = _revision(connection)
            fault = _find_fault(connection)
    except sqlite3.Error as error:
        return failed("database", labelled(str(path), texts.adopt(reason_of(error)), texts), texts("doctor.put_backup"))
    if fault is not None:
        said = texts("doctor.damaged", file=path, fault=fault)
        return failed("database", said, texts("doctor.damaged_means"))
    return _judge(str(path), revision, texts)


def check_results(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> CheckResult:
    """Tell whether each scan that has begun has its file, and each file its scan."""
    database, folder = settings.database_file, settings.data_dir / "scans"
    if database is None or not database.exists():
        return ok("results", texts("doctor.no_scans"))
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            rows = connection.execute(_RUNS).fetchall()
            ended = connection.execute(_ENDED_RUNS).fetchall()
        there = list_results(folder)
    except (sqlite3.Error, OSError) as error:
        said = texts("doctor.not_compared", reason=texts.adopt(reason_of(error)))
        return degraded("results", said, texts("doctor.not_compared_means"))
    missing, unknown = compare(rows, ended, there)
    if missing:
        said = texts("doctor.results_missing", missing=len(missing), scans=len(rows), first=missing[0])
        return failed("results", said, texts("doctor.results_missing_means", folder=folder))
    if unknown:
        said = texts("doctor.results_unknown", count=len(unknown), first=min(unknown))
        return degraded("results", said, texts("doctor.results_unknown_means", folder=folder))
    return ok("results", texts("doctor.results", scans=len(rows)))


def _judge(path: str, revision: str | None, texts: MessageCatalog) -> CheckResult:
    head = runner.head_revision()
    known = runner.known_revisions()
    if revision is None:
        said = texts("doctor.no_revision", file=path)
        return failed("database", said, texts("doctor.no_revision_means"))
    if revision not in known:
        said = texts("doctor.at_revision", file=path, revision=revision)
        means = "doctor.unreleased_revision" if runner.is_before_first(revision) else "doctor.newer_revision"
        return failed("database", said, texts(means))
    if revision != head:
        said = texts("doctor.at_revision", file=path, revision=revision)
        return ok("database", said, texts("doctor.older_revision", head=head))
    return ok("database", texts("doctor.newest_revision", file=path, revision=revision))


def _find_fault(connection: sqlite3.Connection) -> str | None:
    """Return the first fault of SQLite's own check, which reads every page: a second for some hundred MiB."""
    found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return None if found == "ok" else " ".join(found.split())


def _revision(connection: sqlite3.Connection) -> str | None:
    """Return the revision, if there is one. Raises sqlite3.Error for what is no database."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "alembic_version" not in tables:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
