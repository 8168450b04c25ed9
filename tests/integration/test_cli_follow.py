"""The client against the real real-time core: cuts without a close frame, a restart, the end of a right."""

import asyncio
import random
from contextlib import aclosing, asynccontextmanager

import pytest
from websockets.asyncio.client import connect

from app.client.endpoint import open_socket
from app.client.errors import SignInFailed, Stopped, TaskLost
from app.client.monitor import MonitorClient
from app.client.taskview import TaskView
from app.core.errors import Unauthenticated
from app.events.bus.base import AccessHint
from app.events.types import Statistics, TaskProgress
from tests.support.realtime import Stack, open_client, until, warning

CUTS = 100


class Cutter:
    """Opens real sockets, and cuts them without a word."""

    def __init__(self):
        self.opened = 0
        self.socket = None

    @asynccontextmanager
    async def open(self, uri):
        async with connect(uri, proxy=None, close_timeout=0.1) as socket:
            self.socket, self.opened = socket, self.opened + 1
            yield socket

    def cut(self):
        if self.socket is not None:
            self.socket.transport.abort()


def subscriber_of(stack, user, cutter=None, **options):
    """Tickets are tokens here, and nobody gives them out; test_client_identity.py has the real ones."""

    async def token(*, renew):
        return user

    async def ticket(_address, token):
        try:
            await stack.auth.authenticate(token)
        except Unauthenticated as refused:
            raise SignInFailed(refused.message, code=refused.code) from refused
        return token

    opened = open_socket if cutter is None else cutter.open
    return MonitorClient(stack.url, token, open_socket=opened, ask_ticket=ticket, chance=lambda: 0.0, **options)


def progress(percent):
    return TaskProgress(
        progress=percent,
        stage="页面爬取",
        message="crawling",
        stage_key="page_crawl",
        stage_index=2,
        stage_progress=percent,
    )


async def read_until_end(client, task, view):
    """Every event once and in order; ends with `task_completed`. Returns the seqs that came as events."""
    seqs = []
    async with asyncio.timeout(60), aclosing(client.follow(task)) as events:
        async for event in events:
            view.apply(event)
            if event.type == "task_snapshot":
                assert event.seq >= (seqs[-1] if seqs else 0)
            elif event.seq is not None:
                seqs.append(event.seq)
            if view.ended:
                break
    assert seqs == sorted(set(seqs))
    return seqs


async def complete(stack, task):
    await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics(total_pages_crawled=7)))


async def assert_equals_a_fresh_look(stack, user, task, view):
    fresh = TaskView(task)
    await read_until_end(subscriber_of(stack, user), task, fresh)
    for name in ("seq", "status", "progress", "stage_key", "stages", "statistics", "violation_counts", "warnings"):
        assert getattr(view, name) == getattr(fresh, name), name


async def test_a_watcher_that_is_cut_again_and_again_has_seen_everything_once(tmp_path):
    async with Stack(tmp_path, ws_handshakes_per_s_per_address=10_000).serve() as stack:
        user = stack.add_user("a")
        task = await stack.add_task(user)
        view, cutter, chance = TaskView(task), Cutter(), random.Random(7)
        reading = asyncio.create_task(read_until_end(subscriber_of(stack, user, cutter), task, view))
        for number in range(CUTS):
            await until(lambda number=number: cutter.opened > number)
            last = 0
            for _ in range(chance.randrange(4)):
                last = await stack.say(task, progress(number), warning(str(number)), stack.lines("one", "two"))
            if chance.random() < 0.5:  # else the cut may hit the welcome, the answer or the replay
                await until(lambda last=last: view.seq >= last)
            cutter.cut()
        await complete(stack, task)
        seqs = await reading
        assert view.statistics["total_pages_crawled"] == 7
        assert seqs == list(range(seqs[0], seqs[-1] + 1))  # after the first snapshot nothing was left out
        await assert_equals_a_fresh_look(stack, user, task, view)


async def test_a_watcher_follows_through_a_restart_of_the_server(tmp_path):
    first = Stack(tmp_path)
    states = []
    async with first.serve():
        user = first.add_user("a")
        task = await first.add_task(user)
        client = subscriber_of(first, user, on_state=states.append)
        view = TaskView(task)
        reading = asyncio.create_task(read_until_end(client, task, view))
        await first.say(task, warning("before"))
        await until(lambda: view.seq == 3)
    second = Stack(tmp_path)
    second.port = first.port
    await second.say(task, warning("while it was away"))
    async with second.serve():
        await second.say(task, warning("after"))
        await complete(second, task)
        seqs = await reading
        assert seqs[-3:] == [4, 5, 6]
        assert [said["message"] for said in view.warnings] == ["before", "while it was away", "after"]
        assert sum(type(state).__name__ == "Live" for state in states) >= 2
        await assert_equals_a_fresh_look(second, user, task, view)


async def test_more_was_missed_than_is_replayed_then_a_snapshot_covers_it(tmp_path):
    async with Stack(tmp_path, replay_max_events=3).serve() as stack:
        user = stack.add_user("a")
        task = await stack.add_task(user)
        for number in range(9):
            await stack.say(task, progress(number))
        async with asyncio.timeout(30), aclosing(subscriber_of(stack, user).follow(task, last_seq=1)) as events:
            first = await anext(events)
        assert (first.type, first.seq) == ("task_snapshot", 11)


async def test_a_known_position_is_replayed_from(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    for number in range(3):
        await stack.say(task, warning(str(number)))
    async with asyncio.timeout(30), aclosing(subscriber_of(stack, user).follow(task, last_seq=3)) as events:
        assert [(await anext(events)).seq for _ in range(2)] == [4, 5]


async def test_a_foreign_task_is_lost(stack):
    task = await stack.add_task(stack.add_user("owner"))
    with pytest.raises(TaskLost) as lost:
        await anext(subscriber_of(stack, stack.add_user("other")).follow(task))
    assert lost.value.code == "not_found"


async def test_a_bad_token_and_a_logout_stop_it(stack):
    with pytest.raises(Stopped) as stopped:
        await anext(subscriber_of(stack, "bad").follow("x"))
    assert stopped.value.code == "invalid_token"
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with asyncio.timeout(30), aclosing(subscriber_of(stack, user).follow(task)) as events:
        await anext(events)
        stack.auth.endings[user] = "logged_out"
        stack.bus.publish(AccessHint(user))
        with pytest.raises(Stopped) as stopped:
            await anext(events)
    assert (stopped.value.code, stopped.value.close_code) == ("logged_out", 4500)


async def test_nothing_is_left_behind_when_one_stops_looking(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with asyncio.timeout(30), aclosing(subscriber_of(stack, user).follow(task)) as events:
        await anext(events)
    await until(lambda: stack.manager.stats()["connections"] == 0)
    async with open_client(stack, user) as client:  # and the server is as it was
        await client.follow(task)
