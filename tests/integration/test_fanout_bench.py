"""The bench's server is the real application: what a subscriber there sees, and that nothing of it is lost."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.support.frames import Subscriber, read_frame
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "bench"


@pytest.fixture(scope="module")
def port():
    number = free_port()
    command = [sys.executable, str(BENCH / "fanout_server.py"), "--port", str(number)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            wait_for(number)
            yield number
        finally:
            process.terminate()
            assert process.wait(20) == 0


def wait_for(port):
    """Until it answers: it listens before it has tables, and who connects then waits for them."""
    deadline = time.monotonic() + 240
    while True:
        with suppress(httpx.TransportError):
            assert httpx.get(f"http://127.0.0.1:{port}/livez", timeout=30, trust_env=False).is_success
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@asynccontextmanager
async def following(port, token, last_seq=None, task="bench"):
    """A subscriber, the types of the frames that welcomed it, and the link."""
    async with (
        asyncio.timeout(20),
        connect(f"ws://127.0.0.1:{port}/api/v1/monitor/ws?token={token}", proxy=None) as link,
    ):
        subscriber, types = Subscriber(), [read_frame(await link.recv())["type"]]
        position = {} if last_seq is None else {"last_seq": last_seq}
        await link.send(json.dumps({"type": "subscribe_task", "task_id": task, **position}))
        while subscriber.last is None:
            frame = read_frame(await link.recv())
            types.append(frame["type"])
            if frame.get("recovered"):
                subscriber.last = last_seq
            subscriber.take(frame)
        yield link, subscriber, types


async def publish(port, **query):
    async with httpx.AsyncClient(timeout=20) as client:
        return (await client.post(f"http://127.0.0.1:{port}/bench/publish", params=query)).json()


async def read_until(link, subscriber, seq):
    """The frames as they came."""
    frames = []
    while subscriber.last < seq:
        frames.append(await link.recv())
        subscriber.take(read_frame(frames[-1]))
    return frames


@pytest.mark.parametrize("how", [{}, {"k": 32}, {"rate": 200}, {"rate": 200, "k": 7, "commit": True}])
async def test_a_subscriber_is_welcomed_and_gets_what_is_published(port, how):
    async with following(port, "anybody") as (link, subscriber, types):
        assert types == ["connection_established", "subscription_result", "task_snapshot"]
        first, before = subscriber.last, time.monotonic_ns()
        said = await publish(port, m=40, **how)
        frames = await read_until(link, subscriber, said["seq"])
        assert list(subscriber.events) == list(range(first + 1, said["seq"] + 1))
        assert subscriber.gaps == 0
        for frame in frames[-40:]:  # a snapshot may be a moment old: then what came before is repeated
            event = json.loads(frame)
            assert (event["type"], event["code"], event["task_id"]) == ("task_warning", "partial", "bench")
            assert before < int(event["message"].partition("@t=")[2]) < time.monotonic_ns()
            assert 180 <= len(frame) <= 220


async def test_what_was_published_is_in_the_log_for_whoever_comes_back(port):
    async with following(port, "one") as (_, subscriber, _):
        position = subscriber.last
    said = await publish(port, m=300)
    async with following(port, "one", position) as (link, again, _):
        await read_until(link, again, said["seq"])
        assert list(again.events) == list(range(position + 1, said["seq"] + 1))


async def test_many_tasks_get_each_their_own(port):
    async with following(port, "a", task="bench-0") as (link, first, _), following(port, "b", task="bench-2") as two:
        await publish(port, m=10, k=3, tasks=3)
        await read_until(link, first, first.last + 10)
        await read_until(two[0], two[1], two[1].last + 10)
        assert first.gaps == two[1].gaps == 0
        assert {event["task_id"] for event in two[1].events.values()} == {"bench-2"}


@pytest.mark.system
def test_the_measuring_client_counts_stalls_and_resumes(port, tmp_path):
    compiler = shutil.which("cc")
    assert compiler is not None, "there is no C compiler"
    program = tmp_path / "limit"
    subprocess.run([compiler, "-O2", "-Wall", "-Werror", "-o", str(program), str(BENCH / "limit.c")], check=True)
    command = [str(program), "follow", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:

        def ask(line):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        assert json.loads(process.stdout.readline()) == {"ready": True}
        assert ask("open 20 8 0")["opened"] == 20
        ask("stall 5")
        ask("arm 100")
        said = asyncio.run(publish(port, m=100, k=10))
        seen = ask("wait 10")
        assert (seen["complete"], seen["readers"], seen["frames"], seen["gaps"]) == (15, 15, 1_500, 0)
        assert 0 < seen["p50_ms"] <= seen["p99_ms"] <= seen["max_ms"]
        back = ask(f"rejoin 8 {said['seq']}")
        assert (back["level"], back["gaps"]) == (5, 0)
        ask("cut")
        said = asyncio.run(publish(port, m=50))
        resumed = ask(f"resume 8 {said['seq']}")
        assert (resumed["level"], resumed["replayed"], resumed["snapshots"], resumed["gaps"]) == (20, 1_000, 0, 0)
        ask("forget")
        assert ask(f"resume 8 {said['seq']}")["snapshots"] == 20
        assert ask("report")["connections"] == 20
        process.stdin.close()
