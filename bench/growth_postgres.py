"""A PostgreSQL of the bench's own, as it is on disks that matter, and rows written into it with COPY."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final

import psycopg

from app.core.clock import SystemClock
from app.core.db import Database
from app.migrations.partitions import make_ahead
from app.migrations.runner import migrate
from tests.support.ports import free_port
from tests.support.postgres import Cluster

DATABASE: Final = "growth"
# A commit waits for the disk, and tables are cleaned up, as where people work.
SETTINGS: Final = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 512MB
max_wal_size = 4GB
maintenance_work_mem = 256MB
"""


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The URL of the database in the folder, which is made when it is not there."""
    home = folder / "postgres"
    is_new = not home.exists()
    home.mkdir(exist_ok=True)
    for path in (folder, home):  # the server runs as another user when this is root
        path.chmod(0o755)
    cluster = Cluster(home, configuration=SETTINGS)
    if is_new:
        cluster.create()
    else:
        cluster.port = free_port()
        with (cluster.data / "postgresql.conf").open("a") as configuration:
            configuration.write(f"port = {cluster.port}\n")
    cluster.start()
    try:
        if is_new:
            with cluster.connection() as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")
        yield cluster.url(DATABASE)
    finally:
        cluster.stop("fast")


class PostgresFill:
    """Writes rows fast: no key to another table is looked at."""

    def __init__(self, url: str, since: datetime) -> None:
        db = Database(url)
        migrate(db, clock=SystemClock())
        at = since
        while at < datetime.now(UTC):
            db.write_sync(lambda c: make_ahead(c, at))  # noqa: B023 - run at once
            at += timedelta(days=28)
        db.engine.dispose()
        self._connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        self._connection.execute("SET session_replication_role = replica")
        self._connection.execute("SET timezone = 'UTC'")

    def insert(self, table: str, rows: Iterator[dict[str, Any]]) -> None:
        first = next(rows)
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} ({','.join(first)}) FROM STDIN") as copy:
            for row in chain([first], rows):
                copy.write_row(tuple(row.values()))

    def finish(self) -> None:
        self._connection.execute("VACUUM ANALYZE")
        self._connection.execute("CHECKPOINT")
        self._connection.close()


def megabytes(url: str) -> int:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT pg_database_size(current_database()) >> 20").fetchone()
        assert row is not None
        return int(row[0])
