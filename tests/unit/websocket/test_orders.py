"""Things that happen in an unlucky order: commands during a catch-up, a log that changes under a reader."""

import asyncio
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, update

from app.core.db import DatabaseUnavailable
from app.events.types import Statistics
from app.models import scan_tasks, task_events
from app.websocket.peer import PEER_KEY
from tests.support.frames import read_frame
from tests.support.peers import FakePeer
from tests.support.realtime import warning


async def turns(count=50):
    """Let what is under way go on, as far as it can without the socket."""
    for _ in range(count):
        await asyncio.sleep(0.001)


async def test_a_catch_up_ends_when_the_task_is_no_longer_followed(desk):
    stack, user, task = await desk.open_task()
    await stack.say(task, *[warning(str(number)) for number in range(8)])
    watcher = await desk.connect(user)
    watcher.follower.last = 2
    assert await desk.manager.subscribe_to_task(watcher.connection, task, last_seq=2)
    watcher.peer.stalled = True
    await turns()
    assert watcher.peer.paused
    watcher.frames()
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)
    watcher.peer.drain()
    await desk.settle()
    frames = watcher.frames()
    assert frames[0]["type"] == "subscription_result"
    assert not [frame for frame in frames if "prev_seq" in frame]


async def test_what_still_waited_for_a_follower_comes_as_notices_after_unsubscribing(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    watcher.peer.stalled = True
    await stack.say(task, warning("fills the socket"))
    await desk.settle()
    await stack.say(task, warning("waits"))
    await desk.settle()
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)
    watcher.peer.drain()
    await desk.settle()
    kinds = [(frame["type"], frame.get("message"), "prev_seq" in frame) for frame in watcher.frames()]
    assert kinds == [
        ("task_warning", "fills the socket", True),
        ("subscription_result", None, False),
        ("task_warning", "waits", False),
    ]


async def test_unsubscribing_far_behind_sends_all_notices_between(desk):
    stack, user, task = await desk.open_task()
    watcher, other = await desk.connect(user), await desk.connect(user)
    await desk.follow(other, task)
    await desk.follow(watcher, task)
    desk.delivery.feeds[task].hold(watcher.connection.followers[task])  # as one that is still catching up
    for _ in range(5):
        await stack.say(task, *[warning() for _ in range(90)])
    await desk.settle()
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)
    notices = [frame["seq"] for frame in watcher.frames() if frame["type"] == "task_warning"]
    assert notices == list(range(3, 453))


async def test_a_slow_peer_that_empties_its_transport_again_and_again_is_not_stuck(desk):
    stack = desk.stack
    user = stack.add_user("a")
    watcher = await desk.connect(user)
    connection, check = watcher.connection, desk.manager.liveness.check

    class Slow(type(watcher.peer)):
        unsent = 0
        unsent_bytes = property(lambda self: self.unsent)

    watcher.peer.__class__ = Slow
    start = watcher.peer.last_received
    for second in range(1, 30):
        watcher.peer.last_received = start + second  # pings all the time
        watcher.peer.drain()  # takes all that the transport held
        watcher.peer.stalled = True
        connection.send(b'{"type":"pong"}')
        watcher.peer.unsent = 100 + second  # and of the next frame not quite as much as last time
        check(connection, start + second)
    assert not watcher.peer.closed


async def test_a_follower_that_needs_a_snapshot_of_a_deleted_task_is_told(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    feed, follower = desk.delivery.feeds[task], watcher.connection.followers[task]
    feed.hold(follower)
    follower.needs_snapshot = True  # as after its rows were pruned
    await stack.journal.write(stack.lifecycle.complete(task, 1, Statistics()))
    await stack.journal.write(stack.lifecycle.delete(task, by="a"))
    await desk.settle()
    for _ in range(2):
        await desk.delivery.sweep()
        await desk.settle()
    assert [frame["type"] for frame in watcher.frames()] == ["task_deleted"]
    assert watcher.connection.subscriptions == set()


async def test_a_follower_that_is_behind_when_the_rows_of_a_deleted_task_go_is_told(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    desk.delivery.feeds[task].hold(watcher.connection.followers[task])  # as one that is still catching up
    await stack.journal.write(stack.lifecycle.complete(task, 1, Statistics()))
    await stack.journal.write(stack.lifecycle.delete(task, by="a"))
    await desk.settle()
    stack.db.write_sync(lambda c: c.execute(delete(scan_tasks)) and None)
    await desk.delivery.sweep()
    await desk.settle()
    assert [frame["type"] for frame in watcher.frames()] == ["task_deleted"]
    assert watcher.connection.subscriptions == set()


async def test_who_follows_a_log_that_went_back_before_the_sweep_saw_it_gets_few_snapshots(desk):
    stack, user, task = await desk.open_task()
    watcher, late = await desk.connect(user), await desk.connect(user)
    await desk.follow(watcher, task)
    await stack.say(task, *[warning() for _ in range(5)])
    await desk.settle()
    watcher.frames()

    def restore(connection):
        connection.execute(delete(task_events).where(task_events.c.seq > 3))
        connection.execute(update(scan_tasks).values(last_seq=3))

    stack.db.write_sync(restore)
    assert await desk.manager.subscribe_to_task(late.connection, task)
    await turns(100)
    assert 1 <= late.kinds().count("task_snapshot") <= 2
    assert watcher.kinds() == ["task_snapshot"]
    await stack.say(task, warning("goes on"))
    await desk.settle()
    for each in (watcher, late):
        (frame,) = each.frames()
        assert (frame["seq"], frame["prev_seq"]) == (4, 3)


async def test_rows_pruned_to_the_end_under_a_live_follower_become_a_snapshot(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    desk.bus_is_dead = True
    last = await stack.say(task, *[warning() for _ in range(5)])

    def prune(connection):
        connection.execute(delete(task_events))
        connection.execute(update(scan_tasks).values(min_seq=last + 1))

    stack.db.write_sync(prune)
    await desk.delivery.sweep()
    await desk.settle()
    assert watcher.kinds() == ["task_snapshot"]
    assert watcher.follower.last == last


async def test_a_snapshot_that_was_begun_before_an_event_is_not_given_as_one_after_it(desk):
    stack, _user, task = await desk.open_task()
    snapshots = desk.delivery._snapshots
    reads, held = stack.db.read, asyncio.Event()

    async def wait_with_the_result(work):
        result = await reads(work)
        await held.wait()
        return result

    stack.db.read = wait_with_the_result
    early = asyncio.create_task(snapshots.get(task, 0, at_least=2))
    await turns(5)
    last = await stack.say(task, warning())
    late = asyncio.create_task(snapshots.get(task, 0, at_least=last))
    await turns(5)
    held.set()
    assert ((await early).seq, (await late).seq) == (2, last)
    stack.db.read = reads


async def test_the_greeting_is_the_first_frame_whatever_is_broadcast_meanwhile(desk, monkeypatch):
    stack = desk.stack
    user = stack.add_user("a")
    reads, held = stack.db.read, asyncio.Event()

    async def wait_with_the_result(work):
        result = await reads(work)
        await held.wait()
        return result

    monkeypatch.setattr(stack.db, "read", wait_with_the_result)
    peer = FakePeer()
    websocket = SimpleNamespace(scope={"extensions": {PEER_KEY: peer}})
    identity = await stack.auth.authenticate(user)
    connecting = asyncio.create_task(desk.manager.connect(websocket, identity, address="a"))
    await turns(5)
    assert (await desk.manager.broadcast(message="hear", sender="admin"))["delivered"] == 0
    held.set()
    await connecting
    await desk.manager.broadcast(message="hear", sender="admin")
    assert [read_frame(frame)["type"] for frame in peer.wire] == ["connection_established", "admin_broadcast"]


async def test_who_gives_way_before_the_greeting_was_never_there(desk):
    stack = desk.stack
    user = stack.add_user("a")
    most = stack.settings.ws_max_connections_per_user
    watchers = await asyncio.gather(*(desk.connect(user) for _ in range(most + 3)))
    here = [watcher for watcher in watchers if not watcher.peer.closed]
    assert len(here) == len(desk.manager.registry) == most
    assert all(watcher.connection.ready for watcher in here)
    kinds = [row["action"] for row in stack.audit.rows if row["outcome"] == "ok"]
    assert kinds.count("ws.connect") - kinds.count("ws.close") == most
    for index, kind in enumerate(kinds):
        assert kind != "ws.close" or kinds[:index].count("ws.connect") > kinds[:index].count("ws.close")


async def test_nobody_gives_way_to_a_connection_that_comes_to_nothing(desk, monkeypatch):
    stack = desk.stack
    user = stack.add_user("a")
    watchers = [await desk.connect(user) for _ in range(stack.settings.ws_max_connections_per_user)]

    async def lose(_work):
        raise DatabaseUnavailable("the database is busy")

    with monkeypatch.context() as broken:
        broken.setattr(stack.db, "read", lose)
        with pytest.raises(DatabaseUnavailable):
            await desk.connect(user)
    assert not [watcher for watcher in watchers if watcher.peer.closed]
    await desk.connect(user)
    assert [watcher.peer.closed_with for watcher in watchers if watcher.peer.closed] == [(4503, "connection_limit")]
    assert watchers[0].peer.closed
