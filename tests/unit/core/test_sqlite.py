"""The database's file: it holds password hashes, and is nobody else's to read."""

import asyncio
import os
import sqlite3
import stat
import sys

import pytest
from sqlalchemy import text

from app.core.db import Database, DatabaseUnavailable
from app.core.sqlite import SqliteBackend
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


def test_a_file_that_appears_while_it_is_looked_for_was_not_moved_away(tmp_path, monkeypatch):
    """Threads of a new database look at the same time, and each may be the one that makes it."""
    path = tmp_path / "main.db"
    backend = SqliteBackend(f"sqlite:///{path}", busy_timeout_s=1.0, read_threads=1)
    find = backend._find_file

    def find_late():
        found = find()
        if not path.exists():
            path.touch()
            assert backend.displacement() is None, "the other thread"
        return found

    monkeypatch.setattr(backend, "_find_file", find_late)
    assert backend.displacement() is None
    path.rename(tmp_path / "away.db")
    monkeypatch.undo()
    assert backend.displacement() == str(path)
