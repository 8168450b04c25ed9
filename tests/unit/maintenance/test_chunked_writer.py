import shutil
import sqlite3
import time
from contextlib import closing

import pytest

from app.core.db import Hold
from app.maintenance.chunked_writer import MAX_ROWS, MIN_ROWS, TARGET_S, ChunkedWriter
from tests.support.databases import sqlite_only


class TimedDatabase:
    """Claims for each row the time that the test says."""

    def __init__(self, row_s, commit_s=0.0):
        self.row_s = row_s
        self.commit_s = commit_s
        self.held = []
        self.checkpoints = 0

    async def checkpoint(self):
        self.checkpoints += 1

    async def write_timed(self, work):
        rows = work(None)
        self.held.append(rows * self.row_s)
        return rows, Hold(self.held[-1], self.held[-1] + self.commit_s)


@pytest.mark.parametrize("row_s", [0.000_001, 0.000_05, 0.002])
async def test_it_learns_how_many_rows_fit_into_its_time(monitored, row_s):
    db = TimedDatabase(row_s)
    chunks = ChunkedWriter(db=db, clock=monitored.clock)
    for _ in range(40):
        await chunks.write(lambda _, rows: rows)
    assert MIN_ROWS <= chunks.rows <= MAX_ROWS
    assert all(held <= TARGET_S * 1.5 for held in db.held[10:])
    assert chunks.rows == MAX_ROWS or db.held[-1] >= TARGET_S / 3


async def test_between_two_chunks_the_lock_is_free_for_as_long_as_it_was_held(monitored):
    chunks = ChunkedWriter(db=TimedDatabase(0.000_5), clock=monitored.clock)
    await chunks.write(lambda _, rows: rows)
    assert monitored.clock.slept == [pytest.approx(chunks.longest_s)]


async def test_the_database_measures_from_the_lock_to_the_commit(monitored):
    value, hold = await monitored.db.write_timed(lambda _: time.sleep(0.05) or "done")
    assert value == "done"
    assert hold.all_s >= hold.work_s >= 0.05


async def test_a_slow_disk_makes_no_smaller_chunks(monitored):
    """A commit waits for the disk as long for one row as for a thousand: many small ones would take for ever."""
    chunks = ChunkedWriter(db=TimedDatabase(0.000_05, commit_s=0.04), clock=monitored.clock)
    for _ in range(20):
        await chunks.write(lambda _, rows: rows)
    assert chunks.rows * 0.000_05 >= TARGET_S / 3


async def test_one_that_was_unlucky_halves_the_next_at_most(monitored):
    chunks = ChunkedWriter(db=TimedDatabase(0.000_05), clock=monitored.clock)
    for _ in range(20):
        await chunks.write(lambda _, rows: rows)
    before = chunks.rows
    chunks.learn(Hold(3.0, 3.0))
    assert chunks.rows == before // 2


@sqlite_only
async def test_what_a_chunk_wrote_is_brought_into_the_file_outside_of_its_commit(monitored, tmp_path):
    """A commit that has to do it keeps every write of the server waiting: 85 ms were measured."""
    chunks = ChunkedWriter(db=monitored.db, clock=monitored.clock)
    await chunks.write(lambda c, _: c.exec_driver_sql("INSERT INTO marks VALUES ('chunk', '2026-01-01 00:00:00')"))
    file_alone = tmp_path / "without-its-log.db"
    shutil.copy(monitored.db.url.removeprefix("sqlite:///"), file_alone)
    with closing(sqlite3.connect(file_alone)) as raw:
        assert raw.execute("SELECT count(*) FROM marks WHERE name = 'chunk'").fetchone() == (1,)


async def test_the_log_is_brought_into_the_file_after_every_chunk(monitored):
    db = TimedDatabase(0.000_5)
    chunks = ChunkedWriter(db=db, clock=monitored.clock)
    for _ in range(3):
        await chunks.write(lambda _, rows: rows)
    assert db.checkpoints == 3
