"""Rows after a position, what was pruned before them, and pages that many share."""

import asyncio

import pytest
from sqlalchemy import delete, update

from app.events.tables import scan_tasks, task_events
from app.websocket.state.log_reader import LogReader
from tests.support.clock import FakeClock
from tests.support.realtime import Stack, warning


@pytest.fixture
async def log(tmp_path):
    """(stack, a task whose log ends at 7, a reader)"""
    stack = Stack(tmp_path)
    task = await stack.add_task(stack.add_user("a"))
    await stack.say(task, *[warning(str(number)) for number in range(5)])
    yield stack, task, LogReader(db=stack.db, clock=FakeClock(), epoch=stack.manager.epoch)
    await stack.db.close()


def prune(stack, below):
    def work(connection):
        connection.execute(delete(task_events).where(task_events.c.seq < below))
        connection.execute(update(scan_tasks).values(min_seq=below))

    stack.db.write_sync(work)


async def test_a_page_follows_its_position(log):
    _, task, reader = log
    page = await reader.page(task, 2, limit=3)
    assert [event.seq for event in page.events] == [3, 4, 5]
    assert page.follows(2)


async def test_at_the_end_there_is_nothing_and_nothing_is_missing(log):
    _, task, reader = log
    page = await reader.page(task, 7)
    assert (page.events, page.follows(7)) == ([], True)


@pytest.mark.parametrize("below", [5, 8])
async def test_what_was_pruned_is_missing(log, below):
    stack, task, reader = log
    prune(stack, below)
    page = await reader.page(task, 2)
    assert not page.follows(2)
    assert page.first_kept == below


async def test_a_task_that_is_gone_misses_nothing(log):
    _, _, reader = log
    page = await reader.page("gone", 2)
    assert (page.events, page.follows(2)) == ([], True)


async def test_many_at_the_same_place_share_one_read(log):
    _, task, reader = log
    pages = await asyncio.gather(*(reader.shared_rows(task, 2) for _ in range(10)))
    assert all(page is pages[0] for page in pages)
    assert [encoded.event.seq for encoded in pages[0]] == [3, 4, 5, 6, 7]


async def test_an_empty_page_is_not_kept(log):
    stack, task, reader = log
    assert await reader.shared_rows(task, 7) == []
    await stack.say(task, warning("new"))
    assert [encoded.event.seq for encoded in await reader.shared_rows(task, 7)] == [8]
