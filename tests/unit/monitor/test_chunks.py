import time

import pytest

from app.monitor.chunks import MAX_ROWS, MIN_ROWS, TARGET_S, Chunks


class TimedDatabase:
    """Claims for each row the time that the test says."""

    def __init__(self, row_s):
        self.row_s = row_s
        self.held = []

    async def write_timed(self, work):
        rows = work(None)
        self.held.append(rows * self.row_s)
        return rows, self.held[-1]


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
    value, held_s = await post.db.write_timed(lambda _: time.sleep(0.05) or "done")
    assert value == "done"
    assert held_s >= 0.05
