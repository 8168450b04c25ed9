"""On PostgreSQL: the log gets a new epoch when an older state of it was put back, and at no other time."""

import asyncio
import shutil
import threading
import time
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.ids import new_id
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.epoch import LogEpoch
from app.events.event import NewEvent
from app.events.log import append
from app.events.log_identity import FIRST_EPOCH, read_commits, read_identity
from app.events.tables import scan_tasks
from app.events.types import TaskWarning
from app.events.writer import EventWriter
from app.migrations.runner import migrate
from app.scans.lifecycle import Lifecycle
from tests.support.ports import free_port
from tests.support.postgres import Cluster, running_cluster
from tests.support.rows import add_user

pytestmark = pytest.mark.system
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Process:
    """A process on the database, as far as the log is concerned."""

    def __init__(self, url, *, busy_timeout_s=2):
        self.db = Database(url, busy_timeout_s=busy_timeout_s)
        self.writer = EventWriter(db=self.db, bus=MemoryBus())
        self.epoch = LogEpoch(db=self.db)
        migrate(self.db, clock=SystemClock())
        self.epoch.open()

    def add_task(self):
        task_id = new_id()
        owner = add_user(self.db, SystemClock(), f"owner{task_id[-12:]}")
        lifecycle = Lifecycle(clock=SystemClock(), texts=MessageCatalog("en"))
        create = lifecycle.create(task_id, user_id=owner, target_domain="a.org", config={})
        self.epoch.seen(self.writer.write_sync(create).commits)
        return task_id

    def say(self, task_id):
        result = self.writer.write_sync(lambda connection: said(connection, task_id))
        self.epoch.seen(result.commits)
        return result

    def goes_on(self):
        """What the sweep asks."""
        return self.db.read_sync(read_identity).goes_on_from(self.epoch.identity)

    def close(self):
        asyncio.run(self.db.close())


def said(connection, task_id):
    event = NewEvent(TaskWarning(code="partial", message="w"))
    return append(connection, task_id, [event], now=NOW, where=scan_tasks.c.attempt >= 1)


def epoch_of(url):
    """Of a process that begins now."""
    with closing(Process(url)) as process:
        return process.epoch.value


def database_of(url):
    return url.rpartition("/")[2]


@pytest.fixture
def url(postgres):
    with postgres.new_database() as url:
        yield url


@pytest.fixture
def dump(postgres, url):
    """Makes a dump of the database as it is now; returns its file."""
    path = postgres.data.parent / f"{database_of(url)}.dump"

    def make():
        postgres.run("pg_dump", *postgres.address, "-Fc", "-f", path, database_of(url))
        return path

    yield make
    path.unlink(missing_ok=True)


def test_a_new_log_has_the_first_epoch_in_every_process_and_life(url):
    with closing(Process(url)) as first:
        first.say(first.add_task())
        assert epoch_of(url) == first.epoch.value == FIRST_EPOCH
        assert first.goes_on()
    assert epoch_of(url) == FIRST_EPOCH


def test_of_many_that_open_a_new_log_at_once_all_have_the_same_epoch(url):
    with closing(Process(url)) as process:
        process.db.write_sync(lambda c: c.execute(text("UPDATE event_log SET folder_id = 'elsewhere'")) and None)
    epochs = []
    threads = [threading.Thread(target=lambda: epochs.append(epoch_of(url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(epochs) == 4
    assert len(set(epochs)) == 1
    assert epochs[0] != FIRST_EPOCH


def test_a_dump_in_a_new_database_is_another_log_from_its_first_start_on(postgres, url, dump):
    with closing(Process(url)) as process:
        process.say(process.add_task())
        path = dump()
        with postgres.new_database() as other:
            postgres.run("pg_restore", *postgres.address, "-d", database_of(other), path)
            epoch = epoch_of(other)
            assert epoch != FIRST_EPOCH
            assert epoch_of(other) == epoch
        assert process.goes_on()


@pytest.mark.parametrize("way", ["everything", "a row alone"])
def test_a_dump_in_the_same_database_is_noticed_by_who_runs_and_who_begins(postgres, url, dump, way):
    with closing(Process(url)) as running, closing(Process(url)) as other:
        task = running.add_task()
        path = dump()
        running.say(task)
        emptied = "DROP SCHEMA public CASCADE; CREATE SCHEMA public" if way == "everything" else "TRUNCATE event_log"
        running.db.write_sync(lambda c: c.execute(text(emptied)) and None)
        only = ("--data-only", "-t", "event_log") if way == "a row alone" else ()
        postgres.run("pg_restore", *postgres.address, *only, "-d", database_of(url), path)
        assert not running.goes_on()
        asyncio.run(running.epoch.renew())
        assert running.epoch.value != FIRST_EPOCH
        assert running.goes_on()
        assert not other.goes_on()
        asyncio.run(other.epoch.renew())
        assert other.epoch.value == running.epoch.value == epoch_of(url)
        assert other.goes_on()


def test_a_log_with_tasks_that_never_had_an_incarnation_gets_an_epoch_once(url):
    with closing(Process(url)) as process:
        process.add_task()
        process.db.write_sync(lambda c: c.execute(text("UPDATE event_log SET folder_id = NULL")) and None)
    epoch = epoch_of(url)
    assert epoch != FIRST_EPOCH
    assert epoch_of(url) == epoch


def test_writers_of_different_tasks_do_not_wait_for_each_other(url):
    """One holds its transaction open; with a counter of all commits the other would wait for it."""
    with closing(Process(url, busy_timeout_s=30)) as process:
        slow, quick = process.add_task(), process.add_task()
        with process.db.engine.connect() as connection, connection.begin():
            said(connection, slow)
            began = time.monotonic()
            assert process.say(quick) is not None
            assert time.monotonic() - began < 20  # one that waits does so for 30


def test_the_number_of_a_commit_is_reached_as_soon_as_it_is_seen(url):
    with closing(Process(url)) as process:
        task = process.add_task()
        numbers = []
        for _ in range(20):
            numbers.append(process.say(task).commits)
            assert process.db.read_sync(read_commits) >= numbers[-1]
            assert process.goes_on()
        assert numbers == sorted(set(numbers))


# What happens to the whole server


@pytest.fixture
def own():
    """A server of the test's own, which it may stop."""
    with running_cluster() as cluster:
        with cluster.connection() as connection:
            connection.execute("CREATE DATABASE scans")
        yield cluster


def test_a_crash_of_the_server_is_no_restore(own):
    with closing(Process(own.url("scans"))) as process:
        task = process.add_task()
        for _ in range(50):
            process.say(task)
        own.stop("immediate")
        own.start()
        assert goes_on_after_all(process)
        assert epoch_of(own.url("scans")) == FIRST_EPOCH


def goes_on_after_all(process):
    """The pool's connections are broken once."""
    for _ in range(10):
        with suppress(Exception):
            return process.goes_on()
        time.sleep(0.2)
    return process.goes_on()


def test_files_that_were_put_back_are_noticed_by_who_has_seen_more(own):
    with closing(Process(own.url("scans"))) as process:
        task = process.add_task()
        own.stop("fast")
        copy = own.data.with_name("copy")
        shutil.copytree(own.data, copy)
        own.start()
        for _ in range(50):
            with suppress(Exception):
                process.say(task)
        own.stop("fast")
        put_back(copy, own.data)
        own.start()
        assert not goes_on_after_all(process)


def put_back(copy: Path, data: Path):
    owner = data.stat()
    shutil.rmtree(data)
    copy.rename(data)
    for path in (data, *data.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)


def test_a_standby_that_takes_over_is_another_log(own):
    """It may lack what the first one has acknowledged."""
    with closing(Process(own.url("scans"))) as process:
        process.say(process.add_task())
        with standby_of(own) as standby:
            standby.run("pg_ctl", "-D", standby.data, "-w", "promote")
            epoch = epoch_of(standby.url("scans"))
            assert epoch != FIRST_EPOCH
            assert epoch_of(standby.url("scans")) == epoch
        assert process.goes_on()


@contextmanager
def standby_of(cluster):
    standby = Cluster(cluster.data.parent)
    standby.data, standby.log, standby.port = (
        cluster.data.with_name("standby"),
        cluster.log.with_name("log2"),
        free_port(),
    )
    cluster.run("pg_basebackup", *cluster.address, "-D", standby.data, "-R", "-X", "stream", "-c", "fast")
    with (standby.data / "postgresql.conf").open("a") as configuration:
        configuration.write(f"port = {standby.port}\n")
    standby.start()
    try:
        until = time.monotonic() + 30
        while not has_database(standby) and time.monotonic() < until:
            time.sleep(0.1)
        yield standby
    finally:
        standby.stop()


def has_database(cluster):
    with suppress(psycopg.Error), cluster.connection() as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = 'scans'").fetchone() is not None
    return False
