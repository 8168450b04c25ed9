"""What a page that took over its browser would find around it: nothing that signs tokens or opens accounts."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.docs.markdown import ROOT, read
from tests.docs.test_deploy import assignments
from tests.support.cluster import PASSWORD, PATIENCE_S, SECRET, running_deployment, wait_until, with_tables
from tests.support.postgres import running_cluster

pytestmark = pytest.mark.system
TARGET = "blog.corp.test"
START = f"https://{TARGET}/2020/14/"
TERMINAL = {"completed", "failed", "cancelled"}
KEYS = {"COMPLIANCE_SECRET_KEY": None, "COMPLIANCE_ADMIN_PASSWORD": None}


def below(pid: int) -> set[int]:
    """The process and all that it started."""
    found = {pid}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found |= below(int(child))
    return found


def known_to(pid: int) -> bytes:
    """The environment and the words of a process; nothing of one that has ended."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_browser_worker_renders_without_the_key_and_the_password(tmp_path, postgres):
    """With the settings that its sample names, beside a server and a worker that have all."""
    assert not KEYS.keys() & assignments(read("deploy/compliance-browser.env")).keys()
    known = b""
    with running_deployment(tmp_path, postgres) as deployment:
        person = deployment.person(deployment.serve("--testnet")[1])
        deployment.work("--testnet", COMPLIANCE_CHROMIUM_PATH="/nowhere/chromium")
        rendering = deployment.work("--testnet", "--queues", "browser", **KEYS)
        task = person.create(TARGET, screenshots=True, max_pages=3, start_urls=[START])

        def is_rendering() -> bool:
            nonlocal known
            known += b"".join(map(known_to, below(rendering.process.pid)))
            return b"--type=renderer" in known

        wait_until(is_rendering, rendering, within_s=3 * PATIENCE_S)
        wait_until(lambda: person.task(task)["status"] in TERMINAL, within_s=5 * PATIENCE_S)
        assert person.task(task)["status"] == "completed"
        assert "Traceback" not in rendering.said()
        database = deployment.database_url.rpartition("/")[2]
        with postgres.connection(database) as connection:
            query = "SELECT count(*) FROM scan_captures WHERE screenshot_sha256 <> ''"
            (pictures,) = connection.execute(query).fetchone()
    assert pictures > 0
    for key in (SECRET, PASSWORD):
        assert key.encode() not in known


def test_the_role_of_the_samples_owns_its_database_and_nothing_else():
    with running_cluster() as cluster:
        environment = {
            **os.environ,
            "POSTGRES_USER": cluster.superuser,
            "POSTGRES_PASSWORD": "it's letters",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(cluster.port),
        }
        subprocess.run(["sh", ROOT / "deploy/docker/postgres-init.sh"], env=environment, check=True, timeout=60)
        query = """SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls,
            rolpassword IS NOT NULL FROM pg_authid WHERE rolcanlogin ORDER BY rolname"""
        with cluster.connection() as connection:
            assert connection.execute(query).fetchall() == [("compliance", False, True), ("postgres", True, False)]
        with_tables(f"postgresql+psycopg://compliance@127.0.0.1:{cluster.port}/compliance")
        with psycopg.connect(
            host="127.0.0.1", port=cluster.port, user="compliance", dbname="compliance", autocommit=True
        ) as connection:
            assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
            for forbidden in ("CREATE ROLE other", "CREATE DATABASE other", "COPY users TO PROGRAM 'cat'"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(forbidden)
