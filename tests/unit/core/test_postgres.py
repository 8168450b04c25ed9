"""Transactions of a real PostgreSQL: what others do to them is not seen by who asked."""

import asyncio
import contextlib
import threading

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import postgres as module
from app.core.db import Database, DatabaseUnavailable, OutcomeUnknown
from app.core.db_backend import Failure

pytestmark = pytest.mark.system


@pytest.fixture
async def db(postgres):
    with postgres.new_database() as url:
        database = Database(url, busy_timeout_s=30)
        database.write_sync(lambda c: c.execute(text("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)")))
        database.write_sync(lambda c: c.execute(text("INSERT INTO t VALUES (1, 0), (2, 0)")))
        yield database
        await database.close()


def numbers(connection):
    return connection.execute(text("SELECT n FROM t ORDER BY id")).scalars().all()


def add(connection, key, amount=1):
    connection.execute(text("UPDATE t SET n = n + :amount WHERE id = :key"), {"key": key, "amount": amount})


async def test_a_read_sees_one_moment_and_cannot_write(db):
    read, written = threading.Event(), threading.Event()

    def look_twice(connection):
        first = numbers(connection)
        read.set()
        written.wait(60)
        return first, numbers(connection)

    looking = asyncio.ensure_future(db.read(look_twice))
    await asyncio.to_thread(read.wait, 10)
    await db.write(lambda c: add(c, 1))
    written.set()
    assert await looking == ([0, 0], [0, 0])
    assert await db.read(numbers) == [1, 0]
    with pytest.raises(DatabaseUnavailable):
        await db.read(lambda c: add(c, 1))
    assert await db.read(numbers) == [1, 0]


async def test_writers_of_one_row_wait_for_each_other_and_none_is_lost(db):
    await asyncio.gather(*(db.write(lambda c: add(c, 1)) for _ in range(100)))
    assert await db.read(numbers) == [100, 0]


async def test_of_two_that_wait_for_each_other_both_are_done(db):
    met = threading.Barrier(2, timeout=60)
    runs = []

    def cross(first, second):
        def work(connection):
            runs.append(first)
            add(connection, first)
            if len(runs) <= 2:
                met.wait()
            add(connection, second)

        return work

    await asyncio.gather(db.write(cross(1, 2)), db.write(cross(2, 1)))
    assert await db.read(numbers) == [2, 2]
    assert len(runs) == 3  # PostgreSQL ended one of them, which ran again


async def test_a_unit_that_looks_before_it_inserts_sees_who_was_quicker(db):
    looked = threading.Barrier(2, timeout=60)
    outcomes = []

    def insert_once(connection):
        known = connection.execute(text("SELECT 1 FROM t WHERE id = 3")).first()
        if known is None:
            if len(outcomes) < 2:
                outcomes.append("absent")
                looked.wait()
            connection.execute(text("INSERT INTO t VALUES (3, 0)"))
        return known is None

    assert sorted(await asyncio.gather(db.write(insert_once), db.write(insert_once))) == [False, True]


async def test_an_insert_that_can_never_be_is_a_mistake_and_not_a_busy_database(db):
    with pytest.raises(IntegrityError):
        await db.write(lambda c: c.execute(text("INSERT INTO t VALUES (1, 5)")))


async def test_a_connection_that_breaks_before_its_commit_is_nobodys_trouble(db, postgres):
    broken = []

    def work(connection):
        add(connection, 1)
        if not broken:
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            broken.append(pid)
            with postgres.connection() as other:
                other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        add(connection, 2)

    await db.write(work)
    assert await db.read(numbers) == [1, 1]


def cut_off(connection, postgres):
    """Nothing but the COMMIT is left to do."""
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with postgres.connection() as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
            continue


async def test_a_write_whose_connection_is_lost_during_commit_is_not_repeated_and_says_so(db, postgres):
    runs = []

    def work(connection):
        runs.append(1)
        add(connection, 1)
        cut_off(connection, postgres)

    with pytest.raises(OutcomeUnknown):
        await db.write(work)
    assert len(runs) == 1


async def test_a_read_whose_connection_is_lost_at_its_end_is_repeated(db, postgres):
    runs = []

    def work(connection):
        runs.append(1)
        found = numbers(connection)
        if len(runs) == 1:
            cut_off(connection, postgres)
        return found

    assert await db.read(work) == [0, 0]
    assert len(runs) == 2


async def test_after_a_restart_of_the_server_old_connections_are_not_noticed(db, postgres):
    await asyncio.gather(*(db.read(numbers) for _ in range(8)))
    postgres.stop("fast")
    postgres.start()
    assert await asyncio.gather(*(db.read(numbers) for _ in range(8))) == [[0, 0]] * 8
    await db.write(lambda c: add(c, 1))
    assert await db.read(numbers) == [1, 0]


async def test_a_role_that_lacks_a_privilege_is_said_to_lack_it(db):
    def unit(connection):
        connection.execute(text("SET LOCAL ROLE pg_monitor"))
        connection.execute(text("CREATE TABLE other (id int)"))

    with pytest.raises(DatabaseUnavailable) as refused:
        await db.write(unit)
    assert refused.value.failure is Failure.REFUSED


async def test_a_server_that_is_away_is_said_to_be(db, postgres):
    postgres.stop("fast")
    try:
        with pytest.raises(DatabaseUnavailable, match="not reachable"):
            await db.read(numbers)
    finally:
        postgres.start()
    assert await db.read(numbers) == [0, 0]


async def test_a_row_that_somebody_holds_is_waited_for_as_long_as_the_busy_timeout(postgres):
    with postgres.new_database() as url:
        patient, holder = Database(url, busy_timeout_s=0.3), Database(url)
        holder.write_sync(lambda c: c.execute(text("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)")))
        holder.write_sync(lambda c: c.execute(text("INSERT INTO t VALUES (1, 0)")))
        held, release = threading.Event(), threading.Event()

        def hold(connection):
            add(connection, 1)
            held.set()
            release.wait(10)

        holding = asyncio.ensure_future(holder.write(hold))
        await asyncio.to_thread(held.wait, 10)
        with pytest.raises(DatabaseUnavailable, match="busy"):
            await asyncio.to_thread(patient.write_sync, lambda c: add(c, 1, 10))
        release.set()
        await holding
        assert await patient.read(numbers) == [1]
        await patient.close()
        await holder.close()


@contextlib.contextmanager
def frozen_in_a_pipeline(db, key):
    """Somebody whose process stands still after one of many updates: PostgreSQL is told nothing more."""
    connection = db.engine.raw_connection()
    try:
        raw = connection.driver_connection
        with contextlib.suppress(psycopg.OperationalError), raw.pipeline():
            raw.execute("UPDATE t SET n = 99 WHERE id = %s", (key,))
            raw.pgconn.send_flush_request()
            raw.pgconn.flush()
            yield raw
            raise psycopg.OperationalError("it does not go on")
    finally:
        connection.invalidate()


async def test_who_froze_in_the_middle_of_a_pipeline_is_ended_and_others_are_not(db, monkeypatch):
    impatient = Database(db.url, busy_timeout_s=0.3)
    with frozen_in_a_pipeline(db, 1):
        with pytest.raises(DatabaseUnavailable, match="busy"):
            await asyncio.to_thread(impatient.write_sync, lambda c: add(c, 1))
        assert await db.end_stuck() == 0  # not yet: it may be on its way
        monkeypatch.setattr(module, "IDLE_IN_TRANSACTION_S", 0)
        assert await db.end_stuck() == 1
        await db.write(lambda c: add(c, 1))
        assert await db.end_stuck() == 0
    await impatient.close()
    assert await db.read(numbers) == [1, 0]
