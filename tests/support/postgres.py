"""A real PostgreSQL for tests: a cluster of its own in a folder, on a free port, gone afterwards."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from tests.support.ports import free_port

PATIENCE_S = 240
SHARED = "shared"
CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
autovacuum = off
max_connections = 100
log_min_messages = warning
"""

_CUT_OFF_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_EMPTY_ALL = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica; -- no foreign key is looked at
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND NOT relispartition AND relname <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
END $$
"""


def binaries() -> Path:
    """The folder of the programs: what TEST_POSTGRES_PROGRAMS names (`tests.postgres.run`), else the newest that Debian
    has installed. Raises FileNotFoundError.
    """
    if chosen := os.environ.get("TEST_POSTGRES_PROGRAMS"):
        if not (Path(chosen) / "postgres").exists():
            raise FileNotFoundError(f"TEST_POSTGRES_PROGRAMS: no PostgreSQL in {chosen}")
        return Path(chosen)
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise FileNotFoundError("PostgreSQL is missing; on Debian: apt-get install postgresql")
    return found[-1].parent


class Cluster:
    """One server with its data. It refuses to run as root: root hands it to the user that Debian made for it."""

    def __init__(self, folder: Path, *, configuration: str = CONFIGURATION) -> None:
        self.data = folder / "data"
        self.log = folder / "log"
        self.port = free_port()
        self._configuration = configuration
        self._bin = binaries()
        self._templates: set[str] = set()  # databases that others are copied from
        self._is_prepared = False  # the shared database has its tables
        self._as_user = [] if os.geteuid() else ["runuser", "-u", "postgres", "--"]
        if self._as_user:
            shutil.chown(folder, "postgres")

    @property
    def superuser(self) -> str:
        return "postgres"

    @property
    def address(self) -> tuple[object, ...]:
        """What pg_dump and others need to know of the server."""
        return "-h", "127.0.0.1", "-p", self.port, "-U", self.superuser

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{self.superuser}@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        self.run("initdb", "-D", self.data, "-U", self.superuser, "--auth=trust", "--no-sync", "--encoding=UTF8")
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(f"{self._configuration}port = {self.port}\n")

    def start(self) -> None:
        self.run("pg_ctl", "-D", self.data, "-l", self.log, "-w", "-t", PATIENCE_S, "start")

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    @contextlib.contextmanager
    def connection(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=self.superuser, dbname=database, autocommit=True
        ) as connection:
            yield connection

    @contextlib.contextmanager
    def new_database(self, prepare: Callable[[str], None] | None = None) -> Iterator[str]:
        """A database; its URL. Takes half a second. It is empty, or a copy of one that `prepare` has made."""
        name, template = f"test_{time.monotonic_ns()}", "template1"
        if prepare is not None:
            template = f"like_{prepare.__name__}"
            self._prepare_once(template, prepare)
        with self.connection() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            with self.connection() as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _prepare_once(self, name: str, prepare: Callable[[str], None]) -> None:
        if name in self._templates:
            return
        with self.connection() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        prepare(self.url(name))
        self._templates.add(name)

    @contextlib.contextmanager
    def emptied_database(self, prepare: Callable[[str], None]) -> Iterator[str]:
        """One database for many tests: `prepare` made its tables once, and a test leaves them without a row."""
        if not self._is_prepared:
            with self.connection() as connection:
                connection.execute(f"CREATE DATABASE {SHARED}")
            prepare(self.url(SHARED))
            self._is_prepared = True
        try:
            yield self.url(SHARED)
        finally:
            with self.connection(SHARED) as connection:
                connection.execute(_CUT_OFF_OTHERS)
                connection.execute(_EMPTY_ALL)

    def run(self, program: str, *arguments: object) -> None:
        """Run one of PostgreSQL's programs as the user that the server runs as."""
        command = [*self._as_user, str(self._bin / program), *map(str, arguments)]
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
        )
        assert done.returncode == 0, f"{command}: {done.stdout}"


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="compliance-postgres-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder))
        cluster.create()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
