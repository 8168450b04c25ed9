"""Notifications of servers that are killed, and whose databases go away: all arrive, none of what was not, and doubles
have one id.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.core.ids import new_id
from app.notifications.tables import channels, deliveries, rules
from tests.fault.notifying import AFTER_COMMIT, AFTER_SENDING, BEFORE_SENDING, build
from tests.support.network_link import open_link
from tests.support.receivers import HttpReceiver, http_receiver
from tests.support.redis_server import running_redis
from tests.support.rows import add_user

ROOT = Path(__file__).resolve().parents[2]
SECRET = "kX3-v9Qp7_zR1mB8cW5tY2uJ6hN4sD0f"
WAIT_S = 200  # stops a test that would hang, on a busy machine as well


@dataclass
class Server:
    """A process of `tests.fault.notifying`."""

    settings: dict[str, Any]
    process: asyncio.subprocess.Process = field(init=False)

    async def start(self, die: str = "") -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.fault.notifying",
            json.dumps({**self.settings, "die": die}),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert await self.said() == "ready"

    async def scan(self, target: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{target}\n".encode())
        await self.process.stdin.drain()

    async def said(self) -> str:
        assert self.process.stdout is not None
        return (await asyncio.wait_for(self.process.stdout.readline(), WAIT_S)).decode().strip()

    async def died(self) -> None:
        assert await asyncio.wait_for(self.process.wait(), WAIT_S) == -signal.SIGKILL

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@contextlib.asynccontextmanager
async def prepared(settings: dict[str, Any], url: str) -> AsyncIterator[dict[str, Any]]:
    """A user with a webhook and a rule; the settings of their servers."""
    services = build(dict(settings))
    await services.start()
    user_id = add_user(services.db, services.clock, "mei")
    channel_id = new_id()
    channel = {
        "id": channel_id,
        "user_id": user_id,
        "name": "c",
        "kind": "webhook",
        "language": "en",
        "shown": "",
        "sealed": services.notifications.channels.seal.seal({"url": url, "secret": "whsec_c2VjcmV0"}, channel_id),
        "is_enabled": True,
        "created_at": services.clock.now(),
        "failures": 0,
    }
    rule = {
        "id": new_id(),
        "user_id": user_id,
        "name": "r",
        "is_enabled": True,
        "kinds": ["scan_completed"],
        "min_risk": "high",
        "targets": [],
        "all_users": False,
        "channel_ids": [channel_id],
        "timing": {},
        "created_at": services.clock.now(),
    }
    services.db.write_sync(lambda c: c.execute(channels.insert().values(**channel)) and None)
    services.db.write_sync(lambda c: c.execute(rules.insert().values(**rule)) and None)
    await services.stop()
    yield {**settings, "user_id": user_id}


def arrived(receiver: HttpReceiver) -> dict[str, set[str]]:
    """The ids under which each target's end has arrived."""
    ids = defaultdict(set)
    for request in list(receiver.received):
        for item in request.document["data"]["items"]:
            ids[item["target_domain"]].add(request.headers["webhook-id"])
    return dict(ids)


async def until_all_arrived(receiver: HttpReceiver, targets: list[str]) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            if arrived(receiver).keys() >= set(targets):
                return
            await asyncio.sleep(0.05)


async def until_all_sent(url: str, count: int) -> None:
    db = Database(url)
    async with asyncio.timeout(WAIT_S):
        while True:
            found = await db.read(lambda c: list(c.execute(select(deliveries.c.status)).scalars()))
            if found == ["sent"] * count:
                break
            await asyncio.sleep(0.05)
    await db.close()


def each_once(receiver: HttpReceiver, targets: list[str]) -> None:
    found = arrived(receiver)
    assert sorted(found) == sorted(targets)  # and none of a scan whose end was rolled back, which had the same
    assert {target: len(ids) for target, ids in found.items()} == dict.fromkeys(targets, 1)
    assert len({next(iter(ids)) for ids in found.values()}) == len(targets)


@pytest.fixture
def receiver():
    with http_receiver() as running:
        yield running


async def test_servers_killed_between_commit_and_sending_and_while_sending_lose_nothing(tmp_path, receiver):
    async with prepared({"data_dir": str(tmp_path / "data")}, receiver.url) as settings:
        url = f"sqlite:///{tmp_path}/data/compliance.db"
        targets = []
        for number, when in enumerate((AFTER_COMMIT, BEFORE_SENDING, AFTER_SENDING, AFTER_COMMIT)):
            server = Server(settings)
            await server.start(die=when)
            targets.append(f"corp{number}.example")
            await server.scan(targets[-1])
            await server.died()
        last = Server(settings)
        await last.start()
        try:
            await until_all_arrived(receiver, targets)
            await until_all_sent(url, len(targets))
        finally:
            await last.kill()
    each_once(receiver, targets)
    assert len(receiver.received) > len(targets)  # one had died with a request sent and not noted


async def test_a_server_killed_while_the_receiver_takes_its_time_sends_it_again(tmp_path, receiver):
    hanging = asyncio.Event()
    loop = asyncio.get_running_loop()
    released = threading.Event()

    def slowly(_request):
        loop.call_soon_threadsafe(hanging.set)
        released.wait(WAIT_S)
        return 200, {}, b""

    receiver.script = [slowly]
    async with prepared({"data_dir": str(tmp_path / "data")}, receiver.url) as settings:
        first, second = Server(settings), Server(settings)
        await first.start()
        await first.scan("corp.example")
        await asyncio.wait_for(hanging.wait(), WAIT_S)
        await first.kill()
        released.set()
        await second.start()
        try:
            await until_all_sent(f"sqlite:///{tmp_path}/data/compliance.db", 1)
        finally:
            await second.kill()
    each_once(receiver, ["corp.example"])
    assert len(receiver.received) == 2


@pytest.mark.system
async def test_many_servers_without_postgresql_and_redis_for_a_while_lose_and_double_nothing(
    tmp_path, receiver, postgres_database
):
    port = int(postgres_database.rpartition(":")[2].partition("/")[0])
    with running_redis() as redis:
        async with open_link(port) as link:
            settings = {
                "data_dir": str(tmp_path / "data"),
                "database_url": postgres_database,
                "redis_url": redis.url,
                "secret_key": SECRET,
                "database_busy_timeout_s": 2,
            }
            async with prepared(settings, receiver.url) as shared:
                shared["database_url"] = postgres_database.replace(f":{port}/", f":{link.port}/")
                servers = [Server({**shared, "data_dir": str(tmp_path / f"data{number}")}) for number in range(2)]
                for server in servers:
                    await server.start()
                targets = [f"corp{number}.example" for number in range(12)]
                try:
                    await run_through_cuts(servers, targets, link, redis)
                    await until_all_arrived(receiver, targets)
                    await until_all_sent(postgres_database, len(targets))
                finally:
                    for server in servers:
                        await server.kill()
    each_once(receiver, targets)


async def run_through_cuts(servers, targets, link, redis):
    """Scans end on both servers, while the database is cut off twice, Redis is stopped, and a server is killed."""
    for number, target in enumerate(targets):
        server = servers[number % 2]
        await server.scan(target)
        if number in (3, 7):
            link.cut()
            link.reset()
            await asyncio.sleep(0)
            link.restore()
        if number == 5:
            redis.stop()
        assert await server.said() == target
        if number == 8:
            await servers[0].kill()
            await servers[0].start()
    redis.start()
