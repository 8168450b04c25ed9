"""The database's file: it holds password hashes, and is nobody else's to read."""

import asyncio
import gc
import os
import sqlite3
import stat
import sys
import threading

import pytest
from sqlalchemy import text

from app.core.db import Database, DatabaseUnavailable
from app.core.waiting import CALLER, Caller
from tests.support.logs import captured_log


@pytest.fixture
def usual_mask():
    """Files are readable for everybody unless somebody says otherwise."""
    before = os.umask(0o022)
    yield
    os.umask(before)


async def test_a_new_database_and_its_log_are_ours_alone(tmp_path, usual_mask):
    database = Database(f"sqlite:///{tmp_path}/main.db")
    database.write_sync(lambda c: c.execute(text("CREATE TABLE t (id INTEGER)")))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    await database.close()
    assert modes == {"main.db": 0o600, "main.db-wal": 0o600, "main.db-shm": 0o600}


async def test_a_database_that_is_there_keeps_the_mode_that_its_owner_gave_it(tmp_path):
    (tmp_path / "main.db").touch(mode=0o640)
    (tmp_path / "main.db").chmod(0o640)
    database = Database(f"sqlite:///{tmp_path}/main.db")
    database.write_sync(lambda c: c.execute(text("CREATE TABLE t (id INTEGER)")))
    await database.close()
    assert stat.S_IMODE((tmp_path / "main.db").stat().st_mode) == 0o640


async def test_a_database_without_a_folder_is_not_reachable(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/none/main.db")
    with pytest.raises(DatabaseUnavailable):
        database.read_sync(lambda c: c.execute(text("SELECT 1")))
    await database.close()


async def test_a_database_in_memory_makes_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    database = Database("sqlite://")
    database.read_sync(lambda c: c.execute(text("SELECT 1")))
    await database.close()
    assert list(tmp_path.iterdir()) == []


WRITE_FROM_ANOTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("INSERT INTO t VALUES (2)")
connection.commit()
connection.close()
"""


async def test_another_process_that_comes_and_goes_leaves_our_log_alone(tmp_path):
    """A second connection of ours must not drop the locks of the first: the last one out deletes the WAL."""
    database = Database(f"sqlite:///{tmp_path}/main.db")
    database.write_sync(lambda c: c.execute(text("CREATE TABLE t (id INTEGER)")))
    database.read_sync(lambda _: database.write_sync(lambda c: c.execute(text("INSERT INTO t VALUES (1)"))))
    command = [sys.executable, "-c", WRITE_FROM_ANOTHER_PROCESS, str(tmp_path / "main.db")]
    process = await asyncio.create_subprocess_exec(*command)
    assert await process.wait() == 0
    assert (tmp_path / "main.db-wal").exists()
    database.write_sync(lambda c: c.execute(text("INSERT INTO t VALUES (3)")))
    assert database.read_sync(lambda c: c.execute(text("SELECT id FROM t")).scalars().all()) == [1, 2, 3]
    await database.close()
    with sqlite3.connect(tmp_path / "main.db") as plain:
        assert plain.execute("SELECT count(*) FROM t").fetchone() == (3,)
    plain.close()


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
    held = Held(tmp_path / "main.db", 0.3)
    outcomes = await asyncio.wait_for(asyncio.gather(*map(held.add, range(10)), return_exceptions=True), 2.0)
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
    token = CALLER.set(Caller(lambda: gone))
    waiting = asyncio.ensure_future(held.add(1))
    CALLER.reset(token)
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


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_was_moved_away_takes_nothing_until_it_is_back(tmp_path, replaced):
    """What is written to it would be gone with it."""
    path = tmp_path / "main.db"
    database = Database(f"sqlite:///{path}")
    database.write_sync(lambda c: c.execute(text("CREATE TABLE t (id INTEGER)")))
    path.rename(tmp_path / "away.db")
    if replaced:
        path.touch()
    with captured_log() as said:
        for work in (database.read_sync, database.write_sync):
            with pytest.raises(DatabaseUnavailable, match="moved or replaced"):
                work(lambda c: c.execute(text("SELECT 1")))
    assert said.getvalue().count("database_displaced") == 1
    (tmp_path / "away.db").rename(path)
    database.write_sync(lambda c: c.execute(text("INSERT INTO t VALUES (1)")))
    await database.close()


async def test_a_write_that_fails_when_its_caller_has_gone_is_nobodys_error(tmp_path):
    """Also one that began, and took longer than anybody waits for a turn."""
    unheard = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
    database = Database(f"sqlite:///{tmp_path}/main.db", busy_timeout_s=0.05)
    begun, release = threading.Event(), threading.Event()

    def fail(_connection):
        begun.set()
        release.wait()
        raise DatabaseUnavailable("the disk is full")

    writing = asyncio.create_task(database.write(fail))
    await asyncio.to_thread(begun.wait)
    await asyncio.wait({writing}, timeout=0.2)  # beyond the busy timeout
    writing.cancel()
    await asyncio.wait({writing})
    release.set()
    await database.close()
    await asyncio.wait({asyncio.create_task(asyncio.sleep(0))})
    del writing
    gc.collect()
    assert unheard == []
