"""`compliance migrate` against a real PostgreSQL."""

import asyncio
import os
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from app.compose.tables import metadata
from app.core.db import Database
from app.migrations.runner import head_revision, read_revision

pytestmark = pytest.mark.system
PATIENCE_S = 60


def run(folder, url, *words):
    variables = {
        "COMPLIANCE_DATABASE_URL": url,
        "COMPLIANCE_REDIS_URL": "redis://127.0.0.1:1/0",  # a migration needs none that answers
        "COMPLIANCE_SECRET_KEY": "kX3-v9Qp7_zR1mB8cW5tY2uJ6hN4sD0f",
        "COMPLIANCE_DATA_DIR": str(folder),
    }
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "--lang", "en", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, **variables},
    )


def is_of_the_models(name, kind, _parents):
    """Partitions and the stores of scans are PostgreSQL's alone, and have tests of their own."""
    return kind != "table" or name in metadata.tables


def test_the_command_makes_the_tables_once_and_they_are_those_of_the_models(tmp_path, postgres):
    with postgres.new_database() as url:
        refused = run(tmp_path, url, "serve", "--port", "0")
        assert (refused.returncode, "compliance migrate" in refused.stderr) == (2, True), refused.stderr
        first = run(tmp_path, url, "migrate")
        assert first.returncode == 0, first.stderr
        assert head_revision() in first.stdout
        assert run(tmp_path, url, "migrate").returncode == 0
        db = Database(url)
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"include_name": is_of_the_models})
            differing = compare_metadata(context, metadata)
        # Keys and indexes of partitioned tables are not those of SQLite's; plans of all queries are read elsewhere.
        others = ("add_index", "remove_index", "add_constraint", "remove_constraint")
        assert [change for change in differing if change[0] not in others] == []
        assert read_revision(db) == head_revision()
        asyncio.run(db.close())


def test_migrations_at_the_same_time_wait_for_each_other(tmp_path, postgres):
    with postgres.new_database() as url:
        both = [
            subprocess.Popen(
                [sys.executable, "-c", MIGRATE, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        ended = [(process.communicate(timeout=PATIENCE_S), process.returncode) for process in both]
        assert [code for _, code in ended] == [0, 0], ended


MIGRATE = """
import sys
from app.core.clock import SystemClock
from app.core.db import Database
from app.migrations.runner import migrate
migrate(Database(sys.argv[1]), clock=SystemClock())
"""
