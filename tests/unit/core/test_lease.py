"""One of several processes has the lease; the next one gets it when the holder is gone or silent."""

import asyncio
import threading
import time

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.pool import Pool

from app.core.lease import LeaseLost, PostgresLease, SoleProcess
from tests.support.logs import captured_log, records

OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


async def until(condition, within_s=60.0):
    deadline = time.monotonic() + within_s
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_the_only_process_has_it():
    lease = SoleProcess()
    assert await lease.is_held()
    await lease.release()
    assert await lease.is_held()


async def test_without_a_database_nobody_has_it():
    lease = PostgresLease("postgresql+psycopg://nobody@127.0.0.1:1/x", name="monitor", silence_s=1)
    assert not await lease.is_held()
    await lease.release()


@pytest.fixture
def database(postgres_database):
    return postgres_database


@pytest.fixture
def engine(database):
    engine = create_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture
async def make(database):
    leases = []

    def make(name="monitor", *, silence_s=30):
        leases.append(PostgresLease(database, name=name, silence_s=silence_s))
        return leases[-1]

    yield make
    for lease in leases:
        await lease.release()


@pytest.mark.system
async def test_one_holds_it_until_it_lets_go(make):
    one, other, unrelated = make(), make(), make("something else")
    assert [await one.is_held(), await other.is_held(), await one.is_held()] == [True, False, True]
    assert await unrelated.is_held()
    await one.release()
    await one.release()
    assert [await other.is_held(), await one.is_held()] == [True, False]


@pytest.mark.system
async def test_who_lets_go_while_a_look_is_under_way_that_was_cancelled_keeps_no_connection(make, engine):
    lease = make(silence_s=600)
    connecting, go_on = threading.Event(), threading.Event()

    def hold(*_):
        connecting.set()
        go_on.wait(60)

    async def is_alone():
        with engine.connect() as connection:
            return connection.execute(OTHERS).scalar_one() == 0

    event.listen(Pool, "connect", hold)
    try:
        look = asyncio.create_task(lease.is_held())
        await asyncio.to_thread(connecting.wait, 60)
        look.cancel()
        await asyncio.wait([look])
        released = asyncio.create_task(lease.release())
        await asyncio.wait([released], timeout=0.5)
        go_on.set()
        await released
        await until(is_alone)
    finally:
        event.remove(Pool, "connect", hold)


@pytest.mark.system
async def test_a_holder_whose_connection_ends_has_lost_it_and_knows(make, database):
    one, other = make(), make()
    assert await one.is_held()
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
    engine.dispose()
    await until(other.is_held)
    with captured_log() as log:
        assert not await one.is_held()
        assert not await one.is_held()
    assert [line["event"] for line in records(log)] == ["lease_lost"]


@pytest.mark.system
async def test_a_holder_that_is_frozen_loses_it_to_the_next_one(make):
    frozen, other = make(silence_s=0.5), make()
    assert await frozen.is_held()
    began = time.monotonic()
    await until(other.is_held)
    assert time.monotonic() - began < 60
    assert not await frozen.is_held()


@pytest.mark.system
async def test_who_does_not_hold_it_begins_no_transaction_under_it(make, engine):
    one, other = make(), make()
    with engine.connect() as connection, pytest.raises(LeaseLost):
        one.guard(connection)
    assert await one.is_held()
    with engine.connect() as connection:
        one.guard(connection)
        with pytest.raises(LeaseLost):
            other.guard(connection)


@pytest.mark.system
async def test_who_has_let_go_begins_no_transaction_though_nobody_has_taken_it(make, engine):
    one = make()
    assert await one.is_held()
    await one.release()
    with engine.connect() as connection, pytest.raises(LeaseLost):
        one.guard(connection)


@pytest.mark.system
async def test_a_holder_that_does_not_know_yet_that_it_was_replaced_begins_nothing_more(make, engine):
    frozen, other = make(silence_s=0.5), make()
    assert await frozen.is_held()
    await until(other.is_held)
    with engine.connect() as connection:
        other.guard(connection)
        with pytest.raises(LeaseLost):
            frozen.guard(connection)
    await other.release()
    assert await frozen.is_held() or await frozen.is_held()  # the first look finds that it was lost
    with engine.connect() as connection:
        frozen.guard(connection)


@pytest.mark.system
async def test_taking_waits_for_what_the_holder_before_has_begun(make, engine):
    frozen, other = make(silence_s=0.5), make()
    assert await frozen.is_held()
    with engine.connect() as connection:
        frozen.guard(connection)
        connection.execute(text("INSERT INTO marks (name, at) VALUES ('begun', now())"))
        deadline = time.monotonic() + 3
        taking = asyncio.create_task(until(other.is_held))
        while time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            assert not taking.done()
        connection.commit()
    await taking


async def test_the_only_process_begins_what_it_likes():
    SoleProcess().guard(None)
