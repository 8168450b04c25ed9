"""What one may have sent for little: the most bytes for the fewest (protocol.md: limits)."""

import asyncio
import time
from collections import Counter

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

MIB = 1 << 20
COST_BYTES = 16_384  # what a small snapshot counts
PULL_BYTES_PER_S = 256 << 10  # a sixteenth of the default, so that the pace shows in few bytes
ATTACK_S = 6.0


def create_task(service, headers):
    answer = service.http.post("/api/v1/tasks", json={"target_domain": "example.com"}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def attack(service, headers, command, times):
    """What the command brings within ATTACK_S when it is said so often at once: types of frames, codes of refusals."""
    token = headers["Authorization"].removeprefix("Bearer ")
    kinds: Counter[str] = Counter()
    url = f"ws://127.0.0.1:{service.port}/api/v1/monitor/ws?token={token}"
    try:
        async with connect(url, proxy=None, ping_interval=None) as link, asyncio.timeout(ATTACK_S):
            for _ in range(times):
                await link.send(orjson.dumps(command).decode())
            while True:
                frame = orjson.loads(await link.recv())
                kinds[frame["type"] if frame.get("success") is not False else frame["error"]["code"]] += 1
    except (TimeoutError, ConnectionClosed):
        return kinds


def test_one_task_named_a_hundred_times_brings_its_snapshot_once_a_command(service):
    headers = service.add_user("naming")
    task = create_task(service, headers)
    command = {"type": "subscribe_tasks", "items": [{"task_id": task}] * 100, "log_tail": 1_000}
    kinds = asyncio.run(attack(service, headers, command, 30))
    assert 1 <= kinds["task_snapshot"] <= 3  # 300 items, and then no more
    assert kinds["invalid_field"] == 99 * kinds["task_snapshot"]
    assert kinds["error"] >= 1  # rate_limited
    assert service.is_healthy()


def test_snapshots_leave_at_the_pace_of_their_connection(run_service):
    with run_service(ws_pull_bytes_per_s=PULL_BYTES_PER_S) as service:
        headers = service.sign_in()
        command = {"type": "subscribe_task", "task_id": create_task(service, headers)}
        began = time.monotonic()
        kinds = asyncio.run(attack(service, headers, command, 290))
        elapsed_s = time.monotonic() - began
        assert 20 < kinds["task_snapshot"] <= (MIB + PULL_BYTES_PER_S * elapsed_s) / COST_BYTES + 1
        assert kinds["task_snapshot"] < 290
        assert service.is_healthy()
