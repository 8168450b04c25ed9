"""Notifications over two servers with PostgreSQL and Redis: told and read at one, known at the other."""

import asyncio
import re
from contextlib import asynccontextmanager

import orjson
import pytest
from websockets.asyncio.client import connect

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.ids import new_id
from app.domain.messages import MessageCatalog
from app.domain.verdict import Result, Verdict
from app.events.bus.memory import MemoryBus
from app.events.types import Statistics
from app.events.writer import EventWriter
from app.scans.lifecycle import Lifecycle
from tests.support.cluster import PATIENCE_S, running_deployment
from tests.support.feeds import FeedSubscriber
from tests.support.frames import read_frame

pytestmark = pytest.mark.system
RULE = {"name": "all", "kinds": ["scan_completed"], "channel_ids": []}


async def scan(deployment, user_id):
    """A scan of a worker that tells no server: whichever looks at the outbox first makes the notification."""
    db, clock = Database(deployment.database_url), SystemClock()
    lifecycle, writer = Lifecycle(clock=clock, texts=MessageCatalog("en")), EventWriter(db=db, bus=MemoryBus())
    task_id = new_id()
    await writer.write(lifecycle.create(task_id, user_id=user_id, target_domain="corp.example", config={}))
    await writer.write(lifecycle.claim(task_id, 1, "w", "corp.example"))
    await writer.write(lifecycle.complete(task_id, 1, Statistics(), verdict=Verdict(Result.CLEAN)))
    await db.close()


class Reader:
    """Somebody's socket at one server."""

    def __init__(self, socket):
        self.socket = socket
        self.rule = FeedSubscriber()

    async def subscribe(self):
        await self.socket.send(orjson.dumps({"type": "subscribe", "topic": "notifications"}).decode())
        await self.until(lambda rule: rule.unread is not None)

    async def until(self, condition):
        async with asyncio.timeout(PATIENCE_S):
            while not condition(self.rule):
                self.rule.take(read_frame(await self.socket.recv()))


def follow(person):
    address = f"{person.url.replace('http', 'ws')}/api/v1/monitor/ws?token={person.token}"
    return connect(address, proxy=None)


def repairs_of(people):
    """How often the sweeps of the servers had to bring what no hint had said."""
    texts = [person.client.get("/metrics").text for person in people]
    return sum(
        float(found)
        for text in texts
        for found in re.findall(r"^websocket_sweep_repairs_total (.+)$", text, re.MULTILINE)
    )


@asynccontextmanager
async def followed_at_both(deployment):
    """The administrator at two servers, and their socket at each."""
    people = [deployment.person(deployment.serve()[1]) for _ in range(2)]
    assert people[0].client.post("/api/v1/rules", json=RULE).status_code == 201
    async with follow(people[0]) as one, follow(people[1]) as other:
        readers = [Reader(one), Reader(other)]
        for reader in readers:
            await reader.subscribe()
        yield people, readers


async def tell_and_read(deployment, people, readers):
    """One of the servers makes the notification, and it is marked as read at the first."""
    await scan(deployment, people[0].client.get("/api/v1/auth/me").json()["id"])
    for reader in readers:
        await reader.until(lambda rule: rule.unread == 1)
    answer = await asyncio.to_thread(people[0].client.post, "/api/v1/notifications/read", json={"up_to": 1})
    assert answer.json()["unread"] == 0
    for reader in readers:
        await reader.until(lambda rule: rule.unread == 0)
        assert reader.rule.seqs == [1]


async def test_hints_bring_it_to_the_other_server(tmp_path, postgres):
    with running_deployment(tmp_path, postgres, sweep_interval_s=60) as deployment:
        async with followed_at_both(deployment) as (people, readers):
            await tell_and_read(deployment, people, readers)
            assert repairs_of(people) == 0


async def test_without_redis_the_sweep_brings_it(tmp_path, postgres):
    with running_deployment(tmp_path, postgres) as deployment:
        async with followed_at_both(deployment) as (people, readers):
            deployment.redis.stop()
            await tell_and_read(deployment, people, readers)
            assert repairs_of(people) >= 1
