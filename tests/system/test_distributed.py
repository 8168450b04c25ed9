"""Servers and workers on PostgreSQL and Redis: what one does, all see, and what one leaves, another goes on with."""

import asyncio
import signal

import pytest
from websockets.asyncio.client import connect

from tests.support.cluster import PATIENCE_S, running_deployment, wait_until
from tests.support.frames import Subscriber, read_frame

pytestmark = pytest.mark.system
TARGET = "corp.test"
TERMINAL = {"completed", "failed", "cancelled"}


@pytest.fixture
def deployment(tmp_path, postgres):
    with running_deployment(tmp_path, postgres) as deployment:
        yield deployment


async def follow(url, token, task):
    """Everything that a client written from the seed sees of a task, by the rule of the protocol."""
    subscriber = Subscriber()
    address = url.replace("http", "ws") + f"/api/v1/monitor/ws?token={token}"
    async with asyncio.timeout(PATIENCE_S * 3), connect(address, proxy=None) as socket:
        await socket.send(f'{{"type": "subscribe_task", "task_id": "{task}"}}')
        async for message in socket:
            frame = read_frame(message)
            subscriber.take(frame)
            if frame["type"] == "task_completed" or (frame["type"] == "task_snapshot" and frame["status"] in TERMINAL):
                return subscriber
    raise AssertionError("the socket was closed")


async def test_a_scan_of_one_worker_is_watched_through_both_servers(deployment):
    (_, first), (_, second) = deployment.serve("--testnet"), deployment.serve("--testnet")
    one, other = deployment.person(first), deployment.person(second)
    task = one.create(TARGET, max_pages=40)
    assert other.task(task)["status"] == "pending"
    watching = asyncio.gather(follow(first, one.token, task), follow(second, other.token, task))
    await asyncio.to_thread(deployment.work, "--testnet")
    seen = await watching
    assert other.task(task)["status"] == "completed"
    assert [found.last for found in seen] == [one.task(task)["last_seq"]] * 2
    assert "Traceback" not in "".join(process.said() for process in deployment.processes)


def test_a_worker_that_is_asked_to_end_leaves_its_scan_to_the_other(deployment):
    _, url = deployment.serve("--testnet")
    first = deployment.work("--testnet", "--concurrency", "1")
    person = deployment.person(url)
    task = person.create(TARGET)
    wait_until(lambda: person.task(task)["progress"] > 2)
    second = deployment.work("--testnet")
    assert first.end(signal.SIGTERM, within_s=30) == 0
    wait_until(lambda: person.task(task)["status"] in TERMINAL, second, within_s=3 * PATIENCE_S)
    ended = person.task(task)
    assert (ended["status"], ended["attempt"]) == ("completed", 2)
    assert "Traceback" not in first.said() + second.said()
