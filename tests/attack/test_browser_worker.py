"""What a page that took over its browser would find around it: nothing that signs tokens or opens accounts."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest
import redis

from app.compose.browser_role import grant_browser_role
from app.core.db import Database
from tests.docs.markdown import read
from tests.docs.test_deploy import assignments
from tests.support import sample_database
from tests.support.cluster import (
    EXECUTED,
    PASSWORD,
    PATIENCE_S,
    SECRET,
    Deployment,
    Person,
    running_deployment,
    wait_until,
    with_tables,
)
from tests.support.postgres import Cluster
from tests.support.redis_users import BROWSER_PASSWORD, SOURCES, USERS_FILE, redis_with_users
from tests.support.redis_users import PASSWORD as REDIS_PASSWORD
from tests.support.sample_database import BROWSER_ROLE, ROLE, browser_variables, connect, database_of_the_samples

pytestmark = pytest.mark.system
TARGET = "blog.corp.test"
START = f"https://{TARGET}/2020/14/"
SCANS = 4
TERMINAL = {"completed", "failed", "cancelled"}
KEYS = {"COMPLIANCE_SECRET_KEY": None, "COMPLIANCE_ADMIN_PASSWORD": None}
GIVEN_BY_TESTS = {"COMPLIANCE_DATA_DIR", "COMPLIANCE_LANGUAGE"}  # the first by a word of the unit


def below(pid: int) -> set[int]:
    """The process and all that it started; those that end meanwhile may be left out."""
    found = {pid}
    with suppress(OSError):
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


def rendered_pictures(person: Person, database: str, meanwhile: Callable[[], None] = lambda: None) -> int:
    """Scan until a page was rendered. On a machine with too much to do a scan does not wait for a browser to start."""
    query = """SELECT count(*) FROM scan_captures JOIN scan_stores ON id = store
        WHERE task_id = %s AND screenshot_sha256 <> ''"""

    def is_over(task: str) -> bool:
        meanwhile()
        return person.task(task)["status"] in TERMINAL

    for _ in range(SCANS):
        task = person.create(TARGET, screenshots=True, max_pages=3, start_urls=[START])
        wait_until(partial(is_over, task), within_s=5 * PATIENCE_S)
        assert person.task(task)["status"] == "completed"
        with psycopg.connect(database.replace("+psycopg", "")) as connection:
            if found := connection.execute(query, (task,)).fetchone()[0]:
                return found
    return 0


def test_a_browser_worker_renders_without_the_key_and_the_password(tmp_path, postgres):
    """With the settings that its sample names, beside a server and a worker that have all."""
    assert not KEYS.keys() & assignments(read("deploy/compliance-browser.env")).keys()
    known: set[bytes] = set()
    with running_deployment(tmp_path, postgres) as deployment:
        person = deployment.person(deployment.serve("--testnet")[1])
        deployment.work("--testnet", COMPLIANCE_CHROMIUM_PATH="/nowhere/chromium")
        rendering = deployment.work("--testnet", "--queues", "browser", entry=EXECUTED, **KEYS)

        def look() -> None:
            known.update(map(known_to, below(rendering.process.pid)))

        assert rendered_pictures(person, deployment.database_url, look) > 0, rendering.said()
        assert any(b"--type=renderer" in words for words in known)
        assert "Traceback" not in rendering.said()
    for key in (SECRET, PASSWORD):
        assert not any(key.encode() in words for words in known)


@pytest.fixture(scope="module")
def samples() -> Iterator[Cluster]:
    """A database whose roles and rights are those of the samples."""
    with database_of_the_samples() as cluster:
        yield cluster


def test_a_browser_worker_renders_with_the_environment_of_its_sample_alone(tmp_path, samples):
    """Its user of Redis can access its queue alone, its role in PostgreSQL little but the pages to be rendered."""
    with redis_with_users(USERS_FILE) as redis_server:
        deployment = Deployment(tmp_path, sample_database.url(samples), redis_server)
        deployment.change(redis_url=redis_server.url("compliance", REDIS_PASSWORD))
        ports = {"database_port": samples.port, "redis_port": redis_server.port}
        given, in_container = (browser_variables(source, **ports) for source in sample_database.SOURCES)
        assert given == in_container
        try:
            for words in sample_database.migrate_words():
                deployment.run(*words)
            person = deployment.person(deployment.serve("--testnet")[1])
            deployment.work("--testnet", COMPLIANCE_CHROMIUM_PATH="/nowhere/chromium")
            forget = {name: None for name in deployment.variables if name not in GIVEN_BY_TESTS}
            rendering = deployment.work("--testnet", "--queues", "browser", entry=EXECUTED, **{**forget, **given})
            assert rendered_pictures(person, deployment.database_url) > 0, rendering.said()
            said = rendering.said()
            assert rendering.end(within_s=60) == 0
        finally:
            deployment.stop()
        assert "compliance.render_pages" in said  # woken by a message, not by its own look alone
        for trouble in ("Traceback", "bus_", "permission denied", "configuration_not_read", "worker_beat_missed"):
            assert trouble not in said
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


def test_the_role_of_the_samples_owns_its_database_and_nothing_else(samples):
    query = """SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls,
        rolpassword IS NOT NULL FROM pg_authid WHERE rolcanlogin ORDER BY rolname"""
    with samples.connection() as connection:
        assert connection.execute(query).fetchall() == [
            ("compliance", False, True),
            ("compliance_browser", False, True),
            ("postgres", True, False),
        ]
    with_tables(sample_database.url(samples))
    with connect(samples, ROLE, REDIS_PASSWORD) as connection:
        assert connection.execute("SELECT count(*) FROM users WHERE username = 'nobody'").fetchone() == (0,)
        for forbidden in ("CREATE ROLE other", "CREATE DATABASE other", "COPY users TO PROGRAM 'cat'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


# What a browser worker may do with tables; of others it sees not a row. Columns: of a table that is not meant whole.
RIGHTS_OF_BROWSERS = {
    ("alembic_version", "SELECT"): None,
    ("scan_drawings", "DELETE"): None,
    ("scan_drawings", "SELECT"): (
        "attempt held_until holder host id logs needs_document outcome queued_at store timeout_s tries url"
    ),
    ("scan_drawings", "UPDATE"): "document final_url held_until holder log outcome reason screenshot title tries",
    ("scan_stores", "SELECT"): "attempt id run task_id",
    ("scan_tasks", "SELECT"): "attempt id run status",
    ("workers", "DELETE"): None,
    ("workers", "INSERT"): None,
    ("workers", "SELECT"): None,
    ("workers", "UPDATE"): "heartbeat_at",
}
READ_BY_NOBODY_ELSE = (
    *("users", "sessions", "api_keys", "scan_links", "tickets", "audit_log", "channels", "deliveries"),
    *("configuration_versions", "local_readers", "findings", "violations", "decisions", "assignments"),
    *("task_events", "task_logs", "outbox", "event_log", "scan_pages", "scan_captures", "scan_checkpoints", "sites"),
)
_OF_TABLES = """SELECT relname, wish, has_table_privilege(%(role)s, c.oid, wish) FROM pg_class AS c,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS wish
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')"""
_OF_COLUMNS = """SELECT table_name, privilege_type, string_agg(column_name, ' ' ORDER BY column_name)
    FROM information_schema.column_privileges WHERE grantee = %(role)s GROUP BY 1, 2"""


@pytest.fixture
def granted(samples: Cluster) -> Cluster:
    with_tables(sample_database.url(samples))
    db = Database(sample_database.url(samples))  # as `compliance migrate` does, which takes a process
    grant_browser_role(db, BROWSER_ROLE)
    db.close_sync()
    return samples


def test_the_role_of_browser_workers_has_these_rights_and_no_other(granted):
    with granted.connection(sample_database.DATABASE) as connection:
        tables = connection.execute(_OF_TABLES, {"role": BROWSER_ROLE}).fetchall()
        found = {(table, wish): None for table, wish, is_granted in tables if is_granted}
        for table, wish, columns in connection.execute(_OF_COLUMNS, {"role": BROWSER_ROLE}).fetchall():
            found.setdefault((table, wish), columns)
        assert found == RIGHTS_OF_BROWSERS
        asked = "SELECT pg_has_role(%s, %s, 'MEMBER'), has_schema_privilege(%s, 'public', 'CREATE')"
        assert connection.execute(asked, (BROWSER_ROLE, ROLE, BROWSER_ROLE)).fetchone() == (False, False)
        sequences = """SELECT sequencename FROM pg_sequences
            WHERE has_sequence_privilege(%s, quote_ident(sequencename), 'USAGE, SELECT, UPDATE')"""
        assert connection.execute(sequences, (BROWSER_ROLE,)).fetchall() == []


def test_the_role_of_browser_workers_reads_no_account_no_key_and_no_result_and_writes_none(granted):
    with connect(granted, BROWSER_ROLE, BROWSER_PASSWORD) as connection:
        for table in READ_BY_NOBODY_ELSE:
            for forbidden in (
                f"SELECT 1 FROM {table}",
                f"INSERT INTO {table} DEFAULT VALUES",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(forbidden)
        for forbidden in (
            "SELECT target_domain FROM scan_tasks",
            "SELECT config FROM scan_tasks",
            "UPDATE scan_tasks SET status = 'completed'",
            "UPDATE scan_stores SET attempt = 99",
            "SELECT screenshot FROM scan_drawings",
            "UPDATE scan_drawings SET url = 'http://other.test/'",
            "INSERT INTO scan_drawings (id, store, attempt) VALUES ('a', 1, 1)",
            "UPDATE workers SET queues = '[]'",
            "SET ROLE compliance",
            "SET SESSION AUTHORIZATION compliance",
            "ALTER ROLE compliance_browser SUPERUSER",
            "CREATE TABLE others (id int)",
            "CREATE FUNCTION other() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "COPY workers TO PROGRAM 'cat'",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT rolpassword FROM pg_authid",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


PRESENT = "INSERT INTO workers VALUES (%s, 'host', '1', %s, 1, now(), now())"


def test_the_role_of_browser_workers_changes_the_presence_of_browser_workers_alone(granted):
    with connect(granted, ROLE, REDIS_PASSWORD) as connection:
        connection.execute("DELETE FROM workers")
        connection.execute(PRESENT, ("of-scans", '["scan"]'))
        connection.execute(PRESENT, ("of-both", '["scan", "browser"]'))
    with connect(granted, BROWSER_ROLE, BROWSER_PASSWORD) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(PRESENT, ("invented", '["scan"]'))
        connection.execute(PRESENT, ("of-browsers", '["browser"]'))
        beaten = connection.execute("UPDATE workers SET heartbeat_at = now() RETURNING id").fetchall()
        assert beaten == [("of-browsers",)]
        assert connection.execute("DELETE FROM workers RETURNING id").fetchall() == [("of-browsers",)]
    with connect(granted, ROLE, REDIS_PASSWORD) as connection:  # the program's own role goes on as before
        assert connection.execute("UPDATE workers SET heartbeat_at = now()").rowcount == 2


def test_the_role_of_browser_workers_reads_of_the_stored_settings_what_rendering_needs(granted):
    with connect(granted, ROLE, REDIS_PASSWORD) as connection:
        connection.execute("DELETE FROM configuration_versions")
        stored = (
            '{"blocked_targets": ["oa.corp.test"], "host_busy_s": 7, "reading_model_url": "https://letters.example"}'
        )
        add = """INSERT INTO configuration_versions (version, mark, at, username, stored, changes)
            VALUES (%s, 'm', now(), 'admin', %s, '[]')"""
        connection.execute(add, (1, "{}"))
        connection.execute(add, (2, stored))
    with connect(granted, BROWSER_ROLE, BROWSER_PASSWORD) as connection:
        found = connection.execute("SELECT version, stored FROM settings_of_browser_workers()").fetchall()
    assert found == [(2, {"blocked_targets": ["oa.corp.test"], "host_busy_s": 7})]
