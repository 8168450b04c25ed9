"""A client that knows the user's document (seed.md) and nothing else, before a deployment of many machines.

It connects, is told of a task that somebody orders at another server, follows it, and sees the whole of a scan that a
Celery worker runs.

Its frames are read by the names and shapes that the document prints; what the document does not know is passed over, as
its JavaScript would.
"""

import asyncio
import json
import os
from datetime import datetime
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.support.cluster import EXECUTED, PATIENCE_S, running_deployment

pytestmark = pytest.mark.system
TARGET = "corp.test"
STAGES = ["子域名发现", "页面爬取", "第三方域名识别", "内容抓取", "AI分析"]
VIOLATION = {
    "domain": str,
    "violation_type": str,
    "risk_level": str,
    "confidence_score": float,
    "description": str,
}
STATISTICS = {"total_subdomains", "total_pages_crawled", "total_violations", "execution_duration"}
# Runs first in every process of the deployment, and notes which of the seed's functions are called there.
NOTES = """
import functools, os
import app.tasks.scan_tasks as seed

def noted(function):
    @functools.wraps(function)
    def call(*arguments, **named):
        with open({file!r}, "a") as notes:
            notes.write(f"{{function.__name__}} {{os.getpid()}}\\n")
        return function(*arguments, **named)
    return call

seed.run_scan = noted(seed.run_scan)
seed.execute_scan_task = noted(seed.execute_scan_task)
"""


class SeedClient:
    """What the document's JavaScript holds at the end: of each type that it prints, the messages that came."""

    def __init__(self, url, token):
        self._address = f"{url.replace('http', 'ws')}/api/v1/monitor/ws?token={token}"
        self._socket = None
        self.messages = {}  # by type, in order

    async def __aenter__(self):
        self._socket = await connect(self._address, proxy=None)
        return self

    async def __aexit__(self, *_):
        await self._socket.close()

    async def send(self, kind, **fields):
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def until(self, kind):
        async with asyncio.timeout(3 * PATIENCE_S):
            while True:
                message = json.loads(await self._socket.recv())
                self.messages.setdefault(message["type"], []).append(message)
                if message["type"] == kind:
                    return message


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """The file in which processes that are started from now on note the seed's functions, as they are called."""
    folder, file = tmp_path / "site", tmp_path / "notes"
    folder.mkdir()
    file.touch()
    (folder / "sitecustomize.py").write_text(NOTES.format(file=str(file)))
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{Path(__file__).parents[2]}")
    return file


def called(notes, name):
    return {line.split()[1] for line in notes.read_text().splitlines() if line.split()[0] == name}


async def test_a_client_written_from_the_seed_sees_a_whole_scan_that_celery_runs(tmp_path, postgres, notes):
    with running_deployment(tmp_path, postgres, language="zh-CN") as deployment:
        (_, first), (_, second) = (deployment.serve("--testnet", entry=EXECUTED) for _ in range(2))
        reader, orderer = deployment.person(first), deployment.person(second)
        async with SeedClient(first, reader.token) as client:
            await client.until("connection_established")
            await client.send("ping")
            await client.until("pong")
            task = await asyncio.to_thread(orderer.create, TARGET, max_pages=40)
            assert (await client.until("task_created"))["task_id"] == task
            await client.send("subscribe_task", task_id=task)
            assert (await client.until("subscription_result"))["success"] is True
            worker = await asyncio.to_thread(deployment.work, "--testnet", entry=EXECUTED)
            end = await client.until("task_completed")
        check_whole_scan(client.messages, task, end)
        shown = orderer.client.get(f"/api/v1/tasks/{task}/findings", params={"page_size": 100}).json()
        assert end["statistics"]["total_violations"] == shown["total"]
    assert called(notes, "execute_scan_task") == {str(worker.process.pid)}
    (scan,) = called(notes, "run_scan")
    assert scan != str(worker.process.pid)
    assert "Traceback" not in "".join(process.said() for process in deployment.processes)


def check_whole_scan(messages, task, end):
    """The flow of the document: started, five stages, violations the moment they are found, lines, one end."""
    assert [one["task_id"] for one in messages["task_started"]] == [task]
    progress = messages["task_progress"]
    for one in progress:
        assert one["task_id"] == task
        assert isinstance(one["progress"], int)
        assert one["stage"] in STAGES
        assert one["message"]
    percents = [one["progress"] for one in progress]
    assert percents == sorted(percents)
    assert 0 <= percents[0] <= percents[-1] <= 100
    assert {STAGES[1], STAGES[-1]} <= {one["stage"] for one in progress}  # a newer one may stand for one in between
    stages = [one["stage"] for one in messages["task_stage"] if one["status"] == "completed"]
    assert stages == STAGES
    for one in messages["violation_detected"]:
        assert {name: type(one["violation"][name]) for name in VIOLATION} == VIOLATION
        assert 0 < one["violation"]["confidence_score"] <= 1
    found = {(one["violation"]["domain"], one["violation"]["violation_type"]) for one in messages["violation_detected"]}
    assert len(found) == len(messages["violation_detected"]) == end["statistics"]["total_violations"] > 0
    assert messages["task_logs"]
    assert (end["task_id"], end["status"]) == (task, "completed")
    assert end["statistics"].keys() >= STATISTICS
    assert all(isinstance(number, int) for number in end["statistics"].values())
    for kind in ("task_progress", "violation_detected", "task_completed"):
        assert all(datetime.fromisoformat(one["timestamp"]).utcoffset() is not None for one in messages[kind])
