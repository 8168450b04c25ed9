import asyncio

import pytest

from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.identity.queries import audit
from app.maintenance.database_probe import DatabaseProbe
from tests.support.backend import HandClock
from tests.support.databases import create_tables


class CountingDatabase(Database):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.writes = 0
        self.refuses = False

    async def write(self, work):
        self.writes += 1
        if self.refuses:
            raise DatabaseUnavailable(Failure.FULL)
        return await super().write(work)


@pytest.fixture
async def db(tmp_path):
    db = CountingDatabase(f"sqlite:///{tmp_path / 'a.db'}")
    create_tables(db)
    yield db
    await db.close()


async def test_a_good_answer_counts_for_a_second_and_leaves_no_row(db):
    clock = HandClock()
    database_probe = DatabaseProbe(db=db, clock=clock)
    assert [await database_probe.is_writable() for _ in range(3)] == [True] * 3
    assert db.writes == 1
    clock.seconds = 1.0
    assert await database_probe.is_writable()
    assert db.writes == 2
    assert await db.read(lambda c: audit.newest(c, 10)) == []


async def test_a_bad_answer_is_looked_at_again(db):
    database_probe = DatabaseProbe(db=db, clock=HandClock())
    db.refuses = True
    assert not await database_probe.is_writable()
    db.refuses = False
    assert await database_probe.is_writable()


async def test_a_crowd_that_asks_at_once_costs_one_write(db):
    database_probe = DatabaseProbe(db=db, clock=HandClock())
    assert await asyncio.gather(*(database_probe.is_writable() for _ in range(50))) == [True] * 50
    assert db.writes == 1
