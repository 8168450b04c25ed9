"""Who is let in, who gives way, and what comes first."""

import asyncio
from types import SimpleNamespace

import pytest

from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.transport.port import TRANSPORT_KEY
from tests.support.frames import read_frame
from tests.support.transports import FakeTransport


async def turns(count=50):
    """Let what is under way go on, as far as it can without the socket."""
    for _ in range(count):
        await asyncio.sleep(0.001)


async def test_the_welcome_is_the_first_frame_whatever_is_broadcast_meanwhile(desk, monkeypatch):
    stack = desk.stack
    user = stack.add_user("a")
    reads, held = stack.db.read, asyncio.Event()

    async def wait_with_the_result(work):
        result = await reads(work)
        await held.wait()
        return result

    monkeypatch.setattr(stack.db, "read", wait_with_the_result)
    transport = FakeTransport()
    websocket = SimpleNamespace(scope={"extensions": {TRANSPORT_KEY: transport}})
    principal = await stack.auth.authenticate(user)
    connecting = asyncio.create_task(desk.manager.connect(websocket, principal, address="a"))
    await turns(5)
    assert (await desk.manager.broadcast(message="hear", sender="admin"))["delivered"] == 0
    held.set()
    await connecting
    await desk.manager.broadcast(message="hear", sender="admin")
    assert [read_frame(frame)["type"] for frame in transport.wire] == ["connection_established", "admin_broadcast"]


async def test_who_gives_way_before_the_welcome_was_never_there(desk):
    stack = desk.stack
    user = stack.add_user("a")
    most = stack.settings.ws_max_connections_per_user
    watchers = await asyncio.gather(*(desk.connect(user) for _ in range(most + 3)))
    here = [watcher for watcher in watchers if not watcher.transport.closed]
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
        raise DatabaseUnavailable(Failure.BUSY)

    with monkeypatch.context() as broken:
        broken.setattr(stack.db, "read", lose)
        with pytest.raises(DatabaseUnavailable):
            await desk.connect(user)
    assert not [watcher for watcher in watchers if watcher.transport.closed]
    await desk.connect(user)
    assert [watcher.transport.closed_with for watcher in watchers if watcher.transport.closed] == [
        (4503, "connection_limit")
    ]
    assert watchers[0].transport.closed
