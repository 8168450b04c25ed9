"""Units of work, and who waits how long for the write lock."""

import asyncio
import gc
import sqlite3
import threading

import pytest
from sqlalchemy import text

from app.core.db import MAX_WAITING_PER_USER, READ_THREADS, REQUESTS_PER_USER, Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.errors import LimitReached
from app.core.pending_write import REQUEST_CLIENT, RequestClient
from app.core.reader import READER, Reader, note_reader


async def test_a_database_without_a_folder_is_not_reachable(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/none/main.db")
    with pytest.raises(DatabaseUnavailable):
        database.read_sync(lambda c: c.execute(text("SELECT 1")))
    await database.close()


class Held:
    """A database whose write lock another connection holds, and a table to write to."""

    def __init__(self, path, busy_timeout_s):
        self.database = Database(f"sqlite:///{path}", busy_timeout_s=busy_timeout_s)
        self.database.write_sync(lambda c: c.execute(text("CREATE TABLE t (id INTEGER)")))
        self.holder = sqlite3.connect(path, isolation_level=None)
        self.holder.execute("BEGIN IMMEDIATE")

    def add(self, number):
        return self.database.write(lambda c: c.execute(text(f"INSERT INTO t VALUES ({number})")))

    async def let_go(self):
        """What is in the table once everything that could still come has come."""
        self.holder.execute("ROLLBACK")
        await self.add(99)
        return self.database.read_sync(lambda c: c.execute(text("SELECT id FROM t ORDER BY id")).scalars().all())

    async def close(self):
        self.holder.close()
        await self.database.close()


async def test_queued_writes_are_all_refused_within_the_busy_timeout_and_none_is_done_later(tmp_path):
    """Ten that wait one behind the other used to wait ten times as long; and those behind were done in the end."""
    held = Held(tmp_path / "main.db", 1.0)
    outcomes = await asyncio.wait_for(asyncio.gather(*map(held.add, range(10)), return_exceptions=True), 8.0)
    assert [type(outcome) for outcome in outcomes] == [DatabaseUnavailable] * 10
    assert await held.let_go() == [99]
    await held.close()


async def test_writes_that_have_the_lock_in_time_are_done_in_their_order(tmp_path):
    held = Held(tmp_path / "main.db", 30)
    waiting = [asyncio.ensure_future(held.add(number)) for number in range(5)]
    await asyncio.sleep(0.1)
    assert await held.let_go() == [0, 1, 2, 3, 4, 99]
    await asyncio.gather(*waiting)
    await held.close()


async def test_a_write_whose_caller_was_cancelled_while_it_waited_is_not_done(tmp_path):
    held = Held(tmp_path / "main.db", 30)
    waiting = [asyncio.ensure_future(held.add(number)) for number in range(3)]
    await asyncio.sleep(0.1)
    for future in waiting:
        future.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await held.let_go() == [99]
    await held.close()


async def test_a_write_whose_client_has_gone_while_it_waited_is_not_done(tmp_path):
    held = Held(tmp_path / "main.db", 30)
    gone = False
    token = REQUEST_CLIENT.set(RequestClient(lambda: gone))
    waiting = asyncio.ensure_future(held.add(1))
    REQUEST_CLIENT.reset(token)
    await asyncio.sleep(0.1)
    gone = True
    assert await held.let_go() == [99]
    with pytest.raises(DatabaseUnavailable):
        await waiting
    await held.close()


async def test_a_write_that_has_begun_is_done_whoever_waits_for_it(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/main.db")
    database.write_sync(lambda c: c.execute(text("CREATE TABLE t (id INTEGER)")))
    begun, go_on = threading.Event(), threading.Event()

    def work(connection):
        begun.set()
        go_on.wait(10)
        connection.execute(text("INSERT INTO t VALUES (1)"))

    writing = asyncio.ensure_future(database.write(work))
    await asyncio.to_thread(begun.wait, 10)
    writing.cancel()
    await asyncio.wait([writing])
    go_on.set()
    await database.write(lambda _: None)
    assert database.read_sync(lambda c: c.execute(text("SELECT id FROM t")).scalars().all()) == [1]
    await database.close()


async def test_a_write_that_fails_when_its_caller_has_gone_is_nobodys_error(tmp_path):
    """Also one that began, and took longer than anybody waits for a turn."""
    unheard = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
    database = Database(f"sqlite:///{tmp_path}/main.db", busy_timeout_s=0.5)
    begun, release = threading.Event(), threading.Event()

    def fail(_connection):
        begun.set()
        release.wait(10)
        raise DatabaseUnavailable(Failure.FULL)

    writing = asyncio.create_task(database.write(fail))
    assert await asyncio.to_thread(begun.wait, 10)
    await asyncio.wait({writing}, timeout=0.7)  # beyond the busy timeout
    writing.cancel()
    await asyncio.wait({writing})
    release.set()
    await database.close()
    await asyncio.wait({asyncio.create_task(asyncio.sleep(0))})
    del writing
    gc.collect()
    assert unheard == []


def test_the_reason_in_a_log_is_words_alone():
    assert repr(DatabaseUnavailable(Failure.BUSY).message) == "'the database is busy'"


class Replaced(Exception):
    pass


async def test_a_guarded_database_writes_nothing_that_its_guard_refuses_and_reads_as_ever(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'main.db'}")
    await db.write(lambda c: c.exec_driver_sql("CREATE TABLE things (name TEXT)") and None)
    allowed = [True]

    def guard(connection):
        assert connection.exec_driver_sql("SELECT count(*) FROM things").scalar_one() >= 0
        if not allowed[0]:
            raise Replaced

    guarded = db.guarded(guard)

    def add(connection):
        connection.exec_driver_sql("INSERT INTO things VALUES ('one')")

    def count(connection):
        return connection.exec_driver_sql("SELECT count(*) FROM things").scalar_one()

    await guarded.write(add)
    allowed[0] = False
    for write in (guarded.write, guarded.write_timed):
        with pytest.raises(Replaced):
            await write(add)
    with pytest.raises(Replaced):
        guarded.write_sync(add)
    assert await guarded.read(count) == await db.read(count) == 1
    await db.write(add)
    assert await db.read(count) == 2
    await db.close()


class Flood:
    """Many requests of one user, whose reads last until they are told to end."""

    def __init__(self, database):
        self._database = database
        self._go_on = threading.Event()
        self.running, self.most, self.done = 0, 0, 0
        self.gone: set[int] = set()
        self._lock = threading.Lock()

    def work(self, _connection):
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self._go_on.wait(30)
        with self._lock:
            self.running -= 1
            self.done += 1

    async def ask(self, number, user_id="mei"):
        token = READER.set(Reader(lambda: number in self.gone))
        note_reader(user_id)
        try:
            await self._database.read(self.work)
        finally:
            READER.reset(token)

    async def until_full(self):
        while self.running < REQUESTS_PER_USER:  # noqa: ASYNC110 - a thread says when
            await asyncio.sleep(0.001)

    def end(self):
        self._go_on.set()


@pytest.fixture
async def flood(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/main.db")
    flood = Flood(database)
    yield flood
    flood.end()
    await database.close()


async def test_however_much_a_user_reads_others_and_the_process_itself_find_a_thread(flood):
    asked = [asyncio.create_task(flood.ask(number)) for number in range(50)]
    await flood.until_full()
    database = flood._database
    own = [database.read(lambda _: "process") for _ in range(2 * READ_THREADS)]
    assert await asyncio.wait_for(asyncio.gather(*own), 30) == ["process"] * (2 * READ_THREADS)
    assert await asyncio.wait_for(database.read(lambda _: "li", user_id="li"), 30) == "li"
    assert flood.most == REQUESTS_PER_USER
    flood.end()
    await asyncio.gather(*asked)
    assert (flood.most, flood.done) == (REQUESTS_PER_USER, 50)


async def test_a_read_whose_client_has_gone_while_it_waited_is_not_done(flood):
    asked = [asyncio.create_task(flood.ask(number)) for number in range(10)]
    await flood.until_full()
    flood.gone = set(range(2, 8))
    flood.end()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [*[type(None)] * 2, *[DatabaseUnavailable] * 6, *[type(None)] * 2]
    assert flood.done == 4


async def test_a_turn_is_over_when_the_thread_is_free_and_not_when_nobody_waits_any_more(flood):
    asked = [asyncio.create_task(flood.ask(number)) for number in range(REQUESTS_PER_USER)]
    await flood.until_full()
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    waiting = asyncio.create_task(flood.ask(99))
    await flood._database.read(lambda _: None)
    assert not waiting.done()
    flood.end()
    await waiting
    assert flood.most == REQUESTS_PER_USER


async def test_of_one_user_so_many_reads_wait_and_the_next_is_refused(flood):
    asked = [asyncio.create_task(flood.ask(number)) for number in range(REQUESTS_PER_USER + MAX_WAITING_PER_USER)]
    await flood.until_full()
    with pytest.raises(LimitReached):
        await flood.ask(999)
    flood.end()
    await asyncio.gather(*asked)


async def test_a_read_that_the_end_of_the_process_finds_waiting_or_that_comes_later_is_refused_and_no_mistake(tmp_path):
    """It had been a traceback: a cancellation that nobody had asked for, or threads that take no more work."""
    database = Database(f"sqlite:///{tmp_path}/main.db")
    database.write_sync(lambda _: None)  # many that make the file at once take it for another's
    go_on = threading.Event()
    busy = [asyncio.create_task(database.read(lambda _: go_on.wait(30))) for _ in range(READ_THREADS)]
    waiting = asyncio.create_task(database.read(lambda _: None))
    await database.read(lambda _: None, user_id="li")  # which begins after those
    database._readers.shutdown(wait=False, cancel_futures=True)
    go_on.set()
    await database.close()
    assert await asyncio.gather(*busy) == [True] * READ_THREADS
    attempts = [waiting, database.read(lambda _: None), database.read(lambda _: None, user_id="li")]
    attempts += [database.write(lambda _: None), database.checkpoint()]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DatabaseUnavailable] * 5
