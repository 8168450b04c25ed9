"""Marks for tests that are about one kind of database, and a database that need not be migrated again."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory

import pytest

from app.compose.tables import metadata
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.data_folder import prepare_folder
from app.core.db import Database
from app.core.file_permissions import make_private_file
from app.migrations import runner
from app.migrations.runner import migrate

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
postgres_only = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.system)], indirect=True
)
files_only = pytest.mark.parametrize("scan", ["sqlite"], indirect=True)


def lay_database(settings: Settings) -> None:
    """Give a new data folder a migrated database without a row: what a first start would make, at its own pace.

    Nothing happens when the folder is there already, or when the database is elsewhere.
    """
    if settings.data_dir.exists() or not settings.keeps_database or settings.database_file is None:
        return
    prepare_folder(settings.data_dir)
    make_private_file(settings.database_file)
    settings.database_file.write_bytes(_migrated())


def create_tables(db: Database) -> None:
    """Give a database the tables that the code knows; a new file becomes a copy of one that has them.

    Making them takes twenty milliseconds, and a thousand tests begin with that.
    """
    path = db.engine.url.database if db.is_sqlite else None
    if not path or path == ":memory:" or Path(path).exists():
        metadata.create_all(db.engine)
        return
    make_private_file(Path(path))
    Path(path).write_bytes(_with_tables())


def with_one_more_revision(folder: Path, head: str) -> Path:
    """Return the place of the history of the next version, for `runner.HERE`: 9999 adds a column to the tasks."""
    versions = folder / "versions"
    copytree(runner.HERE / "versions", versions, ignore=ignore_patterns("__pycache__"))
    (versions / "9999_more.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        f"revision = '9999'\ndown_revision = '{head}'\nbranch_labels = depends_on = None\n\n"
        "def upgrade():\n    op.add_column('scan_tasks', sa.Column('more', sa.Integer()))\n"
    )
    return folder


@cache
def _migrated() -> bytes:
    """The file, made once for each process of tests."""
    return _made(lambda db: migrate(db, clock=SystemClock()))


@cache
def _with_tables() -> bytes:
    """The same with what the code knows, where a revision is not what matters."""
    return _made(lambda db: metadata.create_all(db.engine))


def _made(fill: Callable[[Database], object]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        db = Database(f"sqlite:///{path}")
        fill(db)
        db.close_sync()  # its last connection takes the journal into the file
        return path.read_bytes()
