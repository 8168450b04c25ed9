"""The end of a server: what is under way is finished, streams say when to come back, and a limit holds for it all."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import httpx
from argon2 import PasswordHasher

from app.compose.services import build_services
from app.core.config import Settings
from app.core.hard_stop import HARD_STOP_CODE
from app.core.security import Passwords
from app.server import grace_s, serve
from tests.support.backend import ADMIN_PASSWORD, FakeMonitor, FakeRunner, cheap_passwords, make_settings
from tests.support.logs import captured_log
from tests.support.realtime import until

BODY = b'{"username": "admin", "password": "%s"}' % ADMIN_PASSWORD.encode()
HEAD = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
JSON = {"Content-Type": "application/json"}
GET = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
HANGING = """\
import sys, time
from app.core.config import load_settings
from app.server import run_server
from app.compose.services import Services

async def stop(self):
    time.sleep(600)  # the whole event loop hangs

Services.stop = stop
run_server(load_settings(stop_within_s=1, port=0))
"""


SERVING = """\
from app.core.config import load_settings
from app.server import run_server

run_server(load_settings(port=0))
"""


def environment_of(folder):
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("COMPLIANCE_")},
        "COMPLIANCE_DATA_DIR": str(folder / "data"),
        "COMPLIANCE_LANGUAGE": "en",
    }


class HeldHasher(PasswordHasher):
    """Takes as long as the test wants."""

    def __init__(self):
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.is_held = False
        self.busy = 0
        self.go_on = threading.Event()

    def verify(self, hash, password):  # noqa: A002 - the library's name
        self.busy += 1
        if self.is_held:
            self.go_on.wait(30)
        return super().verify(hash, password)


def serving(settings):
    services = build_services(settings, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor())
    return serve(settings, services=services)


async def connection_to(url):
    place = httpx.URL(url)
    return await asyncio.open_connection(place.host, place.port)


async def refused(url):
    """Returns when no connection is accepted any more."""
    while True:
        try:
            _, writer = await connection_to(url)
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue  # it was waiting for the server when that closed its socket
        writer.close()
        await asyncio.sleep(0.05)


async def answer(reader):
    """Head and body of one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = [int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")]
    return head.lower(), await reader.readexactly(length)


async def test_a_request_under_way_is_finished_and_its_connection_is_not_used_again(tmp_path):
    settings = make_settings(tmp_path, port=0, ws_drain_s=3)
    async with asyncio.timeout(90), serving(settings) as (server, ended):
        reader, writer = await connection_to(server.url)
        writer.write(GET)
        head, _ = await answer(reader)
        assert b"connection: close" not in head
        writer.write(HEAD % len(BODY) + BODY[:10])
        await writer.drain()
        other_reader, other_writer = await connection_to(server.url)
        server.stop()
        await until(lambda: server.services.manager.stopping)
        other_writer.write(GET)  # while clients are sent away one by one, others are still answered
        head, body = await answer(other_reader)
        assert (head[:12], body) == (b"http/1.1 200", b'{"status":"ok"}')
        assert b"connection: close" in head
        assert await other_reader.read() == b""
        await refused(server.url)
        writer.write(BODY[10:])
        head, body = await answer(reader)
        assert head.startswith(b"http/1.1 200")
        assert b"access_token" in body
        assert await reader.read() == b""
        await ended.wait()
        for left in (writer, other_writer):
            left.close()
            with suppress(ConnectionError):
                await left.wait_closed()


async def test_a_stream_is_told_when_to_come_back_and_no_new_one_is_opened(tmp_path):
    settings = make_settings(tmp_path, port=0, ws_drain_s=5)
    async with asyncio.timeout(90), serving(settings) as (server, ended):
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            signed_in = await client.post("/api/v1/auth/login", content=BODY, headers=JSON)
            client.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
            task = (await client.post("/api/v1/tasks", json={"target_domain": "example.com"})).json()["id"]
            path = f"/api/v1/monitor/tasks/{task}/events"
            async with client.stream("GET", path) as stream:
                lines = stream.aiter_lines()
                while await anext(lines) != "event: task_snapshot":
                    pass
                server.stop()
                await until(lambda: server.services.manager.stopping)
                assert (await client.get("/readyz")).status_code == 503
                refused = await client.get(path)
                assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
                assert "retry-after" in refused.headers
                rest = [line async for line in lines]
        assert ": restart" in rest
        assert "event: reconnect_advice" in rest
        await ended.wait()


async def test_a_request_without_end_is_cut_off_and_leaves_no_traceback(tmp_path):
    settings = make_settings(tmp_path, port=0, stop_within_s=2)
    with captured_log("INFO") as log:
        async with asyncio.timeout(30), serving(settings) as (server, ended):
            reader, writer = await connection_to(server.url)
            writer.write(HEAD % len(BODY) + BODY[:10])
            await writer.drain()
            await asyncio.sleep(0.2)
            server.stop()
            await ended.wait()
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
    assert "Traceback" not in log.getvalue()
    assert "graceful shutdown exceeded" not in log.getvalue()


def test_a_second_interrupt_ends_at_once_and_leaves_no_traceback(tmp_path):
    """As with the page open in a browser: its connections are waited for until Ctrl-C is pressed again."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVING], env=environment_of(tmp_path), stderr=subprocess.PIPE, text=True
    ) as process:
        said, opened = [], None
        for line in process.stderr:
            said.append(line)
            if '"serving"' in line:
                place = httpx.URL(json.loads(line)["url"])
                opened = socket.create_connection((place.host, place.port))
                opened.sendall(HEAD % len(BODY) + BODY[:10])
                time.sleep(0.5)  # the request has begun
                process.send_signal(signal.SIGINT)
            if "Waiting for connections to close" in line:
                process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        opened.close()
    assert "Waiting for connections to close" in "".join(said)
    assert "Traceback" not in "".join(said)
    assert not any('"level":"error"' in line for line in said)


async def test_logins_that_an_end_meets_leave_no_traceback(tmp_path):
    """They are cut off while they wait: for the thread that checks their password, or for their turn."""
    settings = make_settings(tmp_path, port=0, stop_within_s=2)
    hasher = HeldHasher()
    services = build_services(settings, passwords=Passwords(hasher), runner=FakeRunner(), monitor=FakeMonitor())
    with captured_log("INFO") as log:
        async with asyncio.timeout(30), serve(settings, services=services) as (server, ended):
            hasher.is_held = True
            connections = [await connection_to(server.url) for _ in range(2 * Passwords.THREADS)]
            for _, writer in connections:
                writer.write(HEAD % len(BODY) + BODY)
                await writer.drain()
            while hasher.busy < Passwords.MAX_UNKNOWN:  # noqa: ASYNC110 - a thread says when
                await asyncio.sleep(0.001)
            server.stop()
            await ended.wait()
            for _, writer in connections:
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()
        hasher.go_on.set()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=20)
    assert "request_cut_off" in log.getvalue()
    assert "Traceback" not in log.getvalue()


def test_an_end_that_hangs_is_cut_off(tmp_path):
    command = [sys.executable, "-c", HANGING]
    with subprocess.Popen(command, env=environment_of(tmp_path), stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "serving" in line:
                process.send_signal(signal.SIGTERM)
                break
        said = process.stderr.read()
        assert process.wait(20) == HARD_STOP_CODE
    assert "hard_stop" in said


def test_one_of_several_servers_takes_ten_seconds_and_the_only_one_none():
    distributed = Settings(database_url="postgresql+psycopg://a/b", redis_url="redis://a")
    assert (distributed.drain_s, grace_s(distributed)) == (10, 10)
    assert (Settings().drain_s, grace_s(Settings())) == (0, 10)
    short = Settings(database_url="postgresql+psycopg://a/b", redis_url="redis://a", stop_within_s=9)
    assert (short.drain_s, grace_s(short)) == (3, 3)
    assert Settings(ws_drain_s=4).drain_s == 4
    assert grace_s(Settings(ws_drain_s=30)) == 1
