import time

import pytest

from app.core.db import Hold
from app.monitor.chunks import MAX_ROWS, MIN_ROWS, TARGET_S, Chunks


class TimedDatabase:
    """Claims for each row the time that the test says."""

    def __init__(self, row_s, commit_s=0.0):
        self.row_s = row_s
        self.commit_s = commit_s
        self.held = []

    async def write_timed(self, work):
        rows = work(None)
        self.held.append(rows * self.row_s)
        return rows, Hold(self.held[-1], self.held[-1] + self.commit_s)


@pytest.mark.parametrize("row_s", [0.000_001, 0.000_05, 0.002])
async def test_it_learns_how_many_rows_fit_into_its_time(post, row_s):
    db = TimedDatabase(row_s)
    chunks = Chunks(db=db, clock=post.clock)
    for _ in range(40):
        await chunks.write(lambda _, rows: rows)
    assert MIN_ROWS <= chunks.rows <= MAX_ROWS
    assert all(held <= TARGET_S * 1.5 for held in db.held[10:])
    assert chunks.rows == MAX_ROWS or db.held[-1] >= TARGET_S / 3


async def test_between_two_chunks_the_lock_is_free_for_as_long_as_it_was_held(post):
    chunks = Chunks(db=TimedDatabase(0.000_5), clock=post.clock)
    await chunks.write(lambda _, rows: rows)
    assert post.clock.slept == [pytest.approx(chunks.longest_s)]


async def test_the_database_measures_from_the_lock_to_the_commit(post):
    value, hold = await post.db.write_timed(lambda _: time.sleep(0.05) or "done")
    assert value == "done"
    assert hold.all_s >= hold.work_s >= 0.05


async def test_a_slow_disk_makes_no_smaller_chunks(post):
    """A commit waits for the disk as long for one row as for a thousand: many small ones would take for ever."""
    chunks = Chunks(db=TimedDatabase(0.000_05, commit_s=0.04), clock=post.clock)
    for _ in range(20):
        await chunks.write(lambda _, rows: rows)
    assert chunks.rows * 0.000_05 >= TARGET_S / 3


async def test_one_that_was_unlucky_halves_the_next_at_most(post):
    chunks = Chunks(db=TimedDatabase(0.000_05), clock=post.clock)
    for _ in range(20):
        await chunks.write(lambda _, rows: rows)
    before = chunks.rows
    chunks.learn(Hold(3.0, 3.0))
    assert chunks.rows == before // 2
