import asyncio
from types import SimpleNamespace

import pytest

from app.websocket.peer import PEER_KEY
from tests.support.frames import Follower, read_frame
from tests.support.peers import FakePeer
from tests.support.realtime import Stack


class Watcher:
    """A connection over a fake peer, with what it received."""

    def __init__(self, connection, peer):
        self.connection = connection
        self.peer = peer
        self.follower = Follower()
        self.read = 0

    def frames(self):
        """Those that came since the last look."""
        found = [read_frame(payload) for payload in self.peer.wire[self.read :]]
        self.read = len(self.peer.wire)
        for frame in found:
            self.follower.take(frame)
        return found

    def kinds(self):
        return [frame["type"] for frame in self.frames()]


class Desk:
    """A manager that nobody started: its loops are turned by hand, and nothing listens on a port."""

    def __init__(self, stack):
        self.stack = stack
        self.manager = stack.manager
        self.delivery = stack.manager.delivery
        self.bus_is_dead = False
        stack.bus.subscribe(lambda hint: None if self.bus_is_dead else self.manager._on_hint(hint))

    async def connect(self, user_id):
        peer = FakePeer()
        peer.last_received = peer.last_sent = asyncio.get_running_loop().time()
        identity = await self.stack.auth.authenticate(user_id)
        websocket = SimpleNamespace(scope={"extensions": {PEER_KEY: peer}})
        watcher = Watcher(await self.manager.connect(websocket, identity, address="a"), peer)
        watcher.frames()
        return watcher

    async def open_task(self):
        """(stack, its user, a running task of theirs)"""
        user = self.stack.add_user("a")
        return self.stack, user, await self.stack.add_task(user)

    async def follow(self, watcher, task, **fields):
        """Subscribe; the reply and the snapshot or replay are read."""
        assert await self.manager.subscribe_to_task(watcher.connection, task, **fields)
        await self.settle()
        watcher.frames()

    async def settle(self):
        """Until nothing is under way."""
        while len(self.manager._background):  # noqa: ASYNC110 - tasks come and go
            await asyncio.sleep(0.001)
        for _ in range(3):  # a hint, its delivery, the flush at the end of that turn
            await asyncio.sleep(0)


@pytest.fixture
async def desk(tmp_path):
    stack = Stack(tmp_path, ws_fanout_share=1)  # nothing waits for a machine that is slow at the moment
    desk = Desk(stack)
    yield desk
    await stack.manager.stop()
    await stack.db.close()
