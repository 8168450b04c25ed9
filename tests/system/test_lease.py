"""Two servers of which one removes what is old: it freezes in the middle, is replaced, and thaws."""

import signal
import time
from uuid import uuid4

import psycopg
import pytest

from tests.support.cluster import running_deployment, wait_until

pytestmark = pytest.mark.system
TASKS = 400
# Whoever writes rows that retention removes leaves its connection's name, as PGAPPNAME says it, and takes its time.
WITNESS = """
CREATE TABLE witness (at timestamptz DEFAULT clock_timestamp(), name text DEFAULT current_setting('application_name'));
CREATE TABLE pace (seconds float8);
INSERT INTO pace VALUES (0.05);
CREATE FUNCTION testify() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep((SELECT seconds FROM pace)); INSERT INTO witness DEFAULT VALUES; RETURN NULL; END $$;
CREATE TRIGGER testify AFTER DELETE OR UPDATE ON scan_tasks FOR EACH ROW EXECUTE FUNCTION testify();
CREATE TRIGGER testify_lease AFTER INSERT OR UPDATE ON marks FOR EACH ROW
    WHEN (NEW.name <> 'lease.monitor') EXECUTE FUNCTION testify();
"""
COPY_TASK = """
INSERT INTO scan_tasks SELECT (r).* FROM (
    SELECT jsonb_populate_record(t, jsonb_build_object('id', %(id)s::text, 'deleted_at', now() - interval '1 day')) AS r
    FROM scan_tasks AS t WHERE t.id = %(task)s) AS copied
"""


@pytest.fixture
def deployment(tmp_path, postgres):
    with running_deployment(tmp_path, postgres, monitor_interval_s=1.0) as deployment:
        yield deployment


@pytest.fixture
def database(deployment):
    with psycopg.connect(deployment.database_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def freeze_between_transactions(server, name, database):
    """A transaction that stands still would be ended by PostgreSQL, and the round with it; its locks would make
    the other one wait, for too long to go on with its round.
    """
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND xact_start IS NOT NULL"
    while True:
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(0.2)  # what PostgreSQL is just doing ends
        if database.execute(query, (name,)).fetchone()[0] == 0:
            return
        server.process.send_signal(signal.SIGCONT)
        time.sleep(0.03)


def test_a_holder_that_was_replaced_while_it_was_frozen_writes_and_removes_nothing(deployment, database):
    first, url = deployment.serve(PGAPPNAME="first")
    wait_until(lambda: "lease_taken" in first.said(), first)  # after it answers
    task = deployment.person(url).create("corp.test")
    second, _ = deployment.serve(PGAPPNAME="second")
    database.execute(WITNESS)
    for _ in range(TASKS):
        database.execute(COPY_TASK, {"id": str(uuid4()), "task": task})

    def tasks():
        return database.execute("SELECT count(*) FROM scan_tasks WHERE deleted_at IS NOT NULL").fetchone()[0]

    def writes_of(name, since):
        query = "SELECT count(*) FROM witness WHERE name = %s AND at > %s"
        return database.execute(query, (name, since)).fetchone()[0]

    wait_until(lambda: 0 < tasks() < TASKS, first)  # it is in the middle
    freeze_between_transactions(first, "first", database)
    wait_until(lambda: "lease_taken" in second.said(), second)
    freeze_between_transactions(second, "second", database)  # who would remove the rest itself
    (taken_at,) = database.execute("SELECT at FROM marks WHERE name = 'lease.monitor'").fetchone()
    left = tasks()
    assert 0 < left < TASKS
    first.process.send_signal(signal.SIGCONT)
    wait_until(lambda: "retention_replaced" in first.said(), first)
    time.sleep(2)  # in which it would have gone on
    assert writes_of("first", taken_at) == 0
    second.process.send_signal(signal.SIGCONT)
    database.execute("UPDATE pace SET seconds = 0")
    wait_until(lambda: tasks() == 0, second)
    assert "Traceback" not in first.said() + second.said()
