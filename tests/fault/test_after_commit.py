"""What was committed and not said: subscribers get it from the log, once."""

import asyncio
import contextlib
import sys

import httpx
from websockets.asyncio.client import connect

from app.compose.services import build_services
from app.server import serve
from app.tasks.supervisor import worker_handle
from tests.support.backend import ADMIN_PASSWORD, cheap_passwords, make_settings
from tests.support.realtime import Client
from tests.support.scan_backend import CALM


@contextlib.asynccontextmanager
async def whole_server(folder, world):
    """A server with the real runner: an HTTP client that is signed in, and a welcomed socket."""
    settings = make_settings(folder, port=0, **{**CALM, **world.settings})
    services = build_services(settings, passwords=cheap_passwords())
    async with (
        serve(settings, services=services) as (serving, _),
        httpx.AsyncClient(base_url=f"{serving.url}/api/v1", timeout=30, trust_env=False) as http,
    ):
        answer = await http.post("/auth/login", json={"username": "admin", "password": ADMIN_PASSWORD})
        token = answer.json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        url = f"{serving.url.replace('http', 'ws')}/api/v1/monitor/ws?token={token}"
        async with connect(url, proxy=None, ping_interval=None) as link:
            client = Client(link)
            await client.until("connection_established")
            yield http, client


async def test_a_scan_killed_after_commit_and_before_its_hint_loses_and_doubles_nothing(world, tmp_path, monkeypatch):
    monkeypatch.setattr(worker_handle, "COMMAND", (sys.executable, "-m", "tests.fault.dying_scan"))
    async with whole_server(tmp_path, world) as (http, client):
        config = {"use_passive_sources": False, "screenshots": False}
        answer = await http.post("/tasks", json={"target_domain": "corp.example", "config": config})
        task_id = answer.json()["id"]
        await client.follow(task_id)
        async with asyncio.timeout(60):
            completed = await client.until("task_completed", timeout_s=60, task_id=task_id)
        subscriber = client.tasks[task_id]
    assert (completed["status"], completed["attempt"]) == ("completed", 2)
    assert (subscriber.gaps, subscriber.duplicates) == (0, 0)
    first = min(subscriber.events)
    assert sorted(subscriber.events) == list(range(first, completed["seq"] + 1))
    said = [event for event in subscriber.events.values() if event["type"] == "violation_detected"]
    retrying = next(event for event in subscriber.events.values() if event["type"] == "task_retrying")
    assert any(event["seq"] < retrying["seq"] for event in said)  # committed, and the process was dead
    found = [(event["violation"]["domain"], event["violation_key"]) for event in said]
    assert len(found) == len(set(found)) == 3
