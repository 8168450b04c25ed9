"""What administrators say: to all who are here, once, and to those who come while it is kept."""

import asyncio
from dataclasses import replace

import pytest

from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.errors import LimitReached
from app.websocket.delivery.broadcasts import MAX_KEPT, NEWS_S
from app.websocket.tables import broadcasts
from tests.support.live import TurnedClock
from tests.support.realtime import Stack
from tests.unit.websocket.conftest import Desk


def messages(watcher):
    return [frame["message"] for frame in watcher.frames() if frame["type"] == "admin_broadcast"]


async def say(desk, message, **to):
    return (await desk.manager.broadcast(message=message, sender="root", **to))["delivered"]


@pytest.fixture
async def pair(tmp_path):
    """Two processes with one database, which hear nothing of each other."""
    desks = [Desk(Stack(tmp_path)) for _ in range(2)]
    yield desks
    for desk in desks:
        await desk.manager.background.close()
        await desk.stack.db.close()


async def test_it_reaches_who_is_here_and_without_an_end_nobody_who_comes_later(desk):
    user = desk.stack.add_user("a")
    here = await desk.connect(user)
    assert await say(desk, "now") == 1
    later = await desk.connect(user)
    await desk.manager.broadcasts._look()
    assert (messages(here), messages(later)) == (["now"], [])


async def test_one_that_is_kept_reaches_those_whom_it_concerns_behind_their_welcome(desk):
    one, other = desk.stack.add_user("one"), desk.stack.add_user("other")
    await say(desk, "all", expires_in_s=60)
    await say(desk, "one", user_ids=[one], expires_in_s=60)
    first, second = await connect_and_read(desk, one), await connect_and_read(desk, other)
    assert first == ["connection_established", "all", "one"]
    assert second == ["connection_established", "all"]


async def test_what_is_said_to_a_user_is_not_for_their_key_of_a_group(desk, monkeypatch):
    user, authenticate = desk.stack.add_user("a"), desk.stack.auth.authenticate

    async def with_key(token):
        return replace(await authenticate(token), key_id="k", group="North")

    monkeypatch.setattr(desk.stack.auth, "authenticate", with_key)
    here = await desk.connect(user)
    assert await say(desk, "to a user", user_ids=[user], expires_in_s=60) == 0
    assert await say(desk, "to all", expires_in_s=60) == 1
    assert messages(here) == ["to all"]
    assert await connect_and_read(desk, user) == ["connection_established", "to all"]


async def connect_and_read(desk, user):
    watcher = await desk.connect(user)
    watcher.read = 0
    return [
        frame.get("message", "") if frame["type"] == "admin_broadcast" else frame["type"] for frame in watcher.frames()
    ]


async def test_who_follows_a_task_gets_it_once_even_if_they_come_and_go(desk):
    _, user, task = await desk.open_task()
    early, late = await desk.connect(user), await desk.connect(user)
    await desk.follow(early, task)
    assert await say(desk, "task", task_id=task, expires_in_s=60) == 1
    assert (messages(early), messages(late)) == (["task"], [])
    for _ in range(2):
        await desk.manager.subscribe_to_task(late.connection, task)
        await desk.manager.unsubscribe_from_task(late.connection, task)
        await desk.manager.subscribe_to_task(early.connection, task)
    assert (messages(early), messages(late)) == ([], ["task"])


async def test_another_process_learns_of_it_when_it_looks_and_hands_it_out_once(pair):
    one, other = pair
    watcher = await other.connect(one.stack.add_user("a"))
    assert await say(one, "everywhere") == 0
    await asyncio.gather(*(other.manager.broadcasts._look() for _ in range(3)))
    assert messages(watcher) == ["everywhere"]


async def test_what_was_kept_is_there_after_a_restart_until_it_expires(tmp_path):
    async def run(*, wait_s):
        stack = Stack(tmp_path)
        desk = Desk(stack)
        clock = TurnedClock()
        desk.manager.broadcasts.clock = clock
        await desk.manager.broadcasts._look()
        clock.turned_s = wait_s
        seen = await connect_and_read(desk, user)
        await stack.db.close()
        return seen[1:]

    first = Desk(Stack(tmp_path))
    user = first.stack.add_user("a")
    await say(first, "kept", expires_in_s=NEWS_S)
    await first.stack.db.close()
    assert await run(wait_s=0) == ["kept"]
    assert await run(wait_s=NEWS_S) == []


async def test_what_has_ended_is_removed_with_the_next_one(desk):
    await say(desk, "short", expires_in_s=0.001)
    await asyncio.sleep(1.1)  # SQLite's clock counts whole seconds
    await say(desk, "next", expires_in_s=60)
    await desk.manager.broadcasts._look()
    rows = await desk.stack.db.read(lambda c: c.execute(broadcasts.select()).all())
    assert len(rows) == len(desk.manager.broadcasts._known) == 1


async def test_no_more_is_kept_than_everybody_who_comes_can_be_sent(desk):
    for number in range(MAX_KEPT):
        await say(desk, f"{number}", expires_in_s=60)
    with pytest.raises(LimitReached):
        await say(desk, "one more", expires_in_s=60)
    await say(desk, "news are not kept")


async def test_no_larger_ones_are_kept_either(desk):
    large = {"data": {"text": "x" * 200_000}, "expires_in_s": 60}
    await say(desk, "large", **large)
    with pytest.raises(LimitReached):
        await say(desk, "another", **large)


async def test_a_database_that_is_away_delays_it_and_ends_nothing(pair, monkeypatch):
    async def away(_self, _work):
        raise DatabaseUnavailable(Failure.UNREACHABLE)

    one, other = pair
    watcher = await other.connect(one.stack.add_user("a"))
    await say(one, "late")
    with monkeypatch.context() as patch:
        patch.setattr(Database, "read", away)
        await other.manager.broadcasts._look()
    assert messages(watcher) == []
    await other.manager.broadcasts._look()
    assert messages(watcher) == ["late"]
