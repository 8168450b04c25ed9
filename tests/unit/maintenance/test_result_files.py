"""Database and `scans/` that do not belong together."""

import pytest

from app.core.clock import SystemClock
from app.core.db import Database
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.types import Statistics
from app.events.writer import EventWriter
from app.maintenance.result_files import CHUNK, ResultFileCheck, compare
from app.scans.lifecycle import Lifecycle
from app.scans.queries import runs
from tests.support.databases import create_tables
from tests.support.logs import captured_log
from tests.support.rows import add_user


@pytest.fixture
async def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/test.db")
    create_tables(db)
    yield db
    await db.close()


def add_tasks(db, *names, begun=True):
    owner = add_user(db, SystemClock(), f"owner-{names[0]}")
    event_writer = EventWriter(db=db, bus=MemoryBus())
    lifecycle = Lifecycle(clock=SystemClock(), texts=MessageCatalog("en"))
    for name in names:
        event_writer.write_sync(lifecycle.create(name, user_id=owner, target_domain="a.org", config={}))
        if begun:
            event_writer.write_sync(lifecycle.claim(name, 1, "w", "a.org"))


async def check(db, folder):
    files = ResultFileCheck(db=db, scans_dir=folder)
    with captured_log() as said:
        await files.check()
    return files, said.getvalue()


async def test_scans_that_have_begun_and_have_no_file_are_missing(db, tmp_path):
    add_tasks(db, "a", "b")
    add_tasks(db, "waits", begun=False)
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a-1.db").touch()
    (tmp_path / "scans" / "a-1.db-wal").touch()
    files, said = await check(db, tmp_path / "scans")
    assert (files.missing, files.unknown) == (1, 0)
    assert "results_missing" in said
    assert "b-1.db" in said


async def test_a_folder_that_is_away_misses_them_all(db, tmp_path):
    add_tasks(db, "a", "b")
    files, _ = await check(db, tmp_path / "scans")
    assert files.missing == 2


async def test_files_of_tasks_that_the_database_does_not_know_are_named(db, tmp_path):
    add_tasks(db, "a")
    (tmp_path / "scans").mkdir()
    for name in ("a-1.db", "a-0.db", "later-1.db"):
        (tmp_path / "scans" / name).touch()
    files, said = await check(db, tmp_path / "scans")
    assert (files.missing, files.unknown) == (0, 1)
    assert "results_of_unknown_tasks" in said
    assert "later-1.db" in said


async def test_what_belongs_together_is_not_spoken_of(db, tmp_path):
    add_tasks(db, "a")
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a-1.db").touch()
    files, said = await check(db, tmp_path / "scans")
    assert (files.missing, files.unknown, said) == (0, 0, "")


async def test_more_tasks_than_one_read_holds_are_all_looked_at(db, tmp_path):
    add_tasks(db, *(f"t{number:05}" for number in range(CHUNK + 1)), begun=False)
    add_tasks(db, "z")
    files, _ = await check(db, tmp_path / "scans")
    assert files.missing == 1


async def test_the_file_of_an_earlier_attempt_is_missed_unless_its_results_were_removed(db, tmp_path):
    add_tasks(db, "a")
    writer, life = EventWriter(db=db, bus=MemoryBus()), Lifecycle(clock=SystemClock(), texts=MessageCatalog("en"))
    for unit in (life.complete("a", 1, Statistics()), life.retry("a", by="u"), life.claim("a", 2, "w", "a.org")):
        writer.write_sync(unit)
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a-2.db").touch()
    files, said = await check(db, tmp_path / "scans")
    assert (files.missing, files.unknown) == (1, 0)
    assert "a-1.db" in said
    db.write_sync(lambda c: runs.mark_results_removed(c, "a", 1, SystemClock().now()))
    files, _ = await check(db, tmp_path / "scans")
    assert files.missing == 0


def test_every_run_counts_that_should_have_its_file():
    assert compare([("a", 2, True)], [("a", 1)], {"a-1.db"}) == (["a-2.db"], [])
    assert compare([("a", 2, False)], [("a", 1)], {"b-1.db"}) == (["a-1.db"], ["b-1.db"])
