"""What a page that took over its browser would find around it: nothing that signs tokens or opens accounts."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
import redis

from tests.docs.markdown import ROOT, read
from tests.docs.test_deploy import assignments
from tests.support.cluster import PASSWORD, PATIENCE_S, SECRET, running_deployment, wait_until, with_tables
from tests.support.postgres import running_cluster
from tests.support.redis_users import BROWSER_PASSWORD, SOURCES, USERS_FILE, redis_with_users
from tests.support.redis_users import PASSWORD as REDIS_PASSWORD

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


def pictures_in(deployment, postgres) -> int:
    with postgres.connection(deployment.database_url.rpartition("/")[2]) as connection:
        query = "SELECT count(*) FROM scan_captures WHERE screenshot_sha256 <> ''"
        return connection.execute(query).fetchone()[0]


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
        assert pictures_in(deployment, postgres) > 0
    for key in (SECRET, PASSWORD):
        assert key.encode() not in known


def test_a_browser_worker_renders_with_a_user_of_redis_that_can_access_its_queue_alone(tmp_path, postgres):
    with redis_with_users(USERS_FILE) as redis_server, running_deployment(tmp_path, postgres) as deployment:
        deployment.change(redis_url=redis_server.url("compliance", REDIS_PASSWORD))
        person = deployment.person(deployment.serve("--testnet")[1])
        deployment.work("--testnet", COMPLIANCE_CHROMIUM_PATH="/nowhere/chromium")
        url = redis_server.url("compliance-browser", BROWSER_PASSWORD)
        rendering = deployment.work("--testnet", "--queues", "browser", **KEYS, COMPLIANCE_REDIS_URL=url)
        task = person.create(TARGET, screenshots=True, max_pages=3, start_urls=[START])
        wait_until(lambda: person.task(task)["status"] in TERMINAL, within_s=5 * PATIENCE_S)
        assert person.task(task)["status"] == "completed"
        assert pictures_in(deployment, postgres) > 0
        assert "compliance.render_pages" in rendering.said()  # woken by a message, not by its own look alone
        assert rendering.end(within_s=60) == 0
        assert "Traceback" not in rendering.said()
        assert "bus_" not in rendering.said()
        with redis_server.client() as watcher:
            assert watcher.acl_log() == []


SCAN_QUEUE = "compliance:queue:scan"
REFUSED = (
    ("PUBLISH", "compliance:hints:1", "forged"),
    ("PUBLISH", "compliance:broadcasts", "forged"),
    ("SPUBLISH", "compliance:broadcasts", "forged"),
    ("SUBSCRIBE", "compliance:broadcasts"),
    ("SSUBSCRIBE", "compliance:broadcasts"),
    ("PSUBSCRIBE", "compliance:*"),
    ("PSUBSCRIBE", "*"),
    ("PUBSUB", "CHANNELS"),
    ("KEYS", "*"),
    ("SCAN", "0"),
    ("RANDOMKEY",),
    ("DBSIZE",),
    ("CONFIG", "GET", "*"),
    ("CONFIG", "SET", "maxmemory", "1"),
    ("ACL", "LIST"),
    ("ACL", "WHOAMI"),
    ("ACL", "SETUSER", "compliance-browser", "+@all"),
    ("EVAL", f"return redis.call('lrange', '{SCAN_QUEUE}', 0, -1)", "0"),
    ("EVAL", "return 1", "0"),
    ("EVALSHA", "0" * 40, "1", SCAN_QUEUE),
    ("SCRIPT", "LOAD", "return 1"),
    ("FUNCTION", "LIST"),
    ("MONITOR",),
    ("CLIENT", "LIST"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("INFO",),
    ("FLUSHALL",),
    ("SHUTDOWN",),
    ("REPLICAOF", "127.0.0.1", "1"),
    ("SELECT", "1"),
    ("LLEN", SCAN_QUEUE),
    ("LRANGE", SCAN_QUEUE, "0", "-1"),
    ("BRPOP", SCAN_QUEUE, "1"),
    ("BRPOP", "compliance:queue:browser", SCAN_QUEUE, "1"),
    ("RPOP", SCAN_QUEUE),
    ("LPUSH", SCAN_QUEUE, "forged"),
    ("LMOVE", SCAN_QUEUE, "compliance:queue:browser", "LEFT", "LEFT"),
    ("COPY", SCAN_QUEUE, "compliance:queue:browser"),
    ("DUMP", SCAN_QUEUE),
    ("DEL", SCAN_QUEUE),
    ("HGETALL", "compliance:queue:unacked"),
    ("SADD", "compliance:queue:_kombu.binding.scan", "forged"),
    ("GET", "other"),
    ("SET", "other", "forged"),
)


@pytest.mark.parametrize("source", SOURCES)
def test_the_user_of_browser_workers_is_refused_everything_but_its_queue(source):
    with redis_with_users(source) as server, server.client() as watcher:
        watcher.lpush(SCAN_QUEUE, "waits")
        watcher.hset("compliance:queue:unacked", "tag", "taken")
        with server.client("compliance-browser", BROWSER_PASSWORD) as client:
            for words in REFUSED:
                with pytest.raises(redis.exceptions.NoPermissionError):
                    client.execute_command(*words)
            assert client.lpush("compliance:queue:browser", "wake") == 1
            assert client.brpop("compliance:queue:browser", timeout=1) == (b"compliance:queue:browser", b"wake")
        assert watcher.lrange(SCAN_QUEUE, 0, -1) == [b"waits"]
        with server.client("compliance", BROWSER_PASSWORD) as client, pytest.raises(redis.AuthenticationError):
            client.ping()


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
