import asyncio
from types import SimpleNamespace

import pytest

from app.transport.port import TRANSPORT_KEY
from tests.support.frames import Subscriber, read_frame
from tests.support.realtime import Stack
from tests.support.transports import FakeTransport


class Watcher:
    """A connection over a fake transport, with what it received."""

    def __init__(self, connection, transport):
        self.connection = connection
        self.transport = transport
        self.subscriber = Subscriber()
        self.read = 0

    def frames(self):
        """Those that came since the last look."""
        found = [read_frame(payload) for payload in self.transport.wire[self.read :]]
        self.read = len(self.transport.wire)
        for frame in found:
            if "task_id" in frame:
                self.subscriber.take(frame)
        return found

    def kinds(self):
        return [frame["type"] for frame in self.frames()]


class Desk:
    """A manager that nobody started: its loops are turned by hand, and nothing listens on a port."""

    def __init__(self, stack):
        self.stack = stack
        self.manager = stack.manager
        self.dispatcher = stack.manager.dispatcher
        self.bus_is_dead = False
        stack.bus.subscribe(lambda hint: None if self.bus_is_dead else self.manager.on_hint(hint))

    async def connect(self, user_id):
        transport = FakeTransport()
        transport.last_received = transport.last_sent = asyncio.get_running_loop().time()
        principal = await self.stack.auth.authenticate(user_id)
        websocket = SimpleNamespace(scope={"extensions": {TRANSPORT_KEY: transport}})
        watcher = Watcher(await self.manager.connect(websocket, principal, address="a"), transport)
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
        while len(self.manager.background):  # noqa: ASYNC110 - tasks come and go
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
