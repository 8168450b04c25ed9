"""A real PostgreSQL with the roles that the samples of `deploy/` make, which need their passwords as there."""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator

import psycopg

from tests.docs.markdown import ROOT, read
from tests.docs.test_deploy import services_of, unit
from tests.support.cluster import wait_until
from tests.support.postgres import Cluster, running_cluster
from tests.support.redis_users import BROWSER_PASSWORD, PASSWORD

DATABASE = "compliance"
ROLE = "compliance"
BROWSER_ROLE = "compliance_browser"
COMPOSE = "deploy/docker/compose.yaml"
BROWSER_FILE = "deploy/compliance-browser.env"
SOURCES = (BROWSER_FILE, COMPOSE)
_PLACEHOLDERS = {
    "${POSTGRES_PASSWORD:?}": PASSWORD,
    "${POSTGRES_BROWSER_PASSWORD:?}": BROWSER_PASSWORD,
    "${REDIS_BROWSER_PASSWORD:?}": BROWSER_PASSWORD,
    ":BROWSER_PASSWORD@": f":{BROWSER_PASSWORD}@",
}
_WITH_PASSWORDS = f"host all {ROLE},{BROWSER_ROLE} 127.0.0.1/32 scram-sha-256\n"


def browser_variables(source: str, *, database_port: int, redis_port: int) -> dict[str, str]:
    """All that a sample gives a browser worker, with the passwords and the ports of a test."""
    if source == COMPOSE:
        found = {name: str(value) for name, value in services_of(source)["browser"]["environment"].items()}
        lines = read(BROWSER_FILE).splitlines()  # what the container is given before it
    else:
        found, lines = {}, read(source).splitlines()
    listed = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: _filled_in(value, database_port, redis_port) for name, value in (listed | found).items()}


def migrate_words() -> tuple[list[str], list[str]]:
    """What the samples call the program with to upgrade the database: systemd's, and Docker's."""
    (started,) = [value for key, value in unit("deploy/systemd/compliance-migrate.service") if key == "ExecStart"]
    return started.split()[1:], services_of(COMPOSE)["migrate"]["command"]


def _filled_in(value: str, database_port: int, redis_port: int) -> str:
    for name, password in _PLACEHOLDERS.items():
        value = value.replace(name, password)
    port = database_port if value.startswith("postgresql") else redis_port
    return re.sub(r"@(127\.0\.0\.1|postgres|redis)/", f"@127.0.0.1:{port}/", value)


def url(cluster: Cluster) -> str:
    """Where servers and workers find their database."""
    return f"postgresql+psycopg://{ROLE}:{PASSWORD}@127.0.0.1:{cluster.port}/{DATABASE}"


def connect(cluster: Cluster, role: str, password: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(
        host="127.0.0.1", port=cluster.port, user=role, password=password, dbname=DATABASE, autocommit=True
    )


@contextlib.contextmanager
def database_of_the_samples() -> Iterator[Cluster]:
    """Roles and an empty database, made by the script of the sample."""
    with running_cluster() as cluster:
        environment = {
            **os.environ,
            "POSTGRES_USER": cluster.superuser,
            "POSTGRES_PASSWORD": PASSWORD,
            "POSTGRES_BROWSER_PASSWORD": BROWSER_PASSWORD,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(cluster.port),
        }
        subprocess.run(["sh", ROOT / "deploy/docker/postgres-init.sh"], env=environment, check=True, timeout=60)
        access = cluster.data / "pg_hba.conf"
        access.write_text(_WITH_PASSWORDS + access.read_text("utf-8"), "utf-8")
        with cluster.connection() as connection:
            connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: not _is_let_in(cluster, "wrong"))
        yield cluster


def _is_let_in(cluster: Cluster, password: str) -> bool:
    try:
        connect(cluster, ROLE, password).close()
    except psycopg.OperationalError:
        return False
    return True
