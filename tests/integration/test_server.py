"""The real server on a real port: start, stop, what it logs, and what it refuses."""

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.compose.services import build_services
from app.core.errors import ConfigurationError
from app.server import open_listener, raise_file_limit, run_server, serve, url_of
from tests.support.backend import (
    ADMIN_PASSWORD,
    FakeMonitor,
    FakeRunner,
    cheap_passwords,
    make_settings,
)
from tests.support.logs import captured_log
from tests.support.ports import free_port
from tests.support.said import refused

ROOT = Path(__file__).parents[2]


@pytest.fixture
def log():
    with captured_log() as stream:
        yield stream


def quiet_services(settings):
    """Real sockets, no scans."""
    return build_services(settings, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor())


async def sign_in(url: str, password: str = ADMIN_PASSWORD) -> str:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        body = {"username": "admin", "password": password}
        return str((await client.post("/api/v1/auth/login", json=body)).json()["access_token"])


async def test_a_watcher_sees_a_task_and_no_secret_gets_into_the_log(tmp_path, log):
    settings = make_settings(tmp_path, port=0)
    async with serve(settings, services=quiet_services(settings)) as (serving, _):
        token = await sign_in(serving.url)
        place = serving.url.replace("http", "ws") + f"/api/v1/monitor/ws?token={token}"
        async with asyncio.timeout(30), connect(place) as watcher:
            assert json.loads(await watcher.recv())["type"] == "connection_established"
            async with httpx.AsyncClient(
                base_url=serving.url, timeout=60, headers={"Authorization": f"Bearer {token}"}
            ) as client:
                task = (await client.post("/api/v1/tasks", json={"target_domain": "example.com"})).json()
                notice = json.loads(await watcher.recv())
                assert (notice["type"], notice["task_id"]) == ("task_created", task["id"])
                await client.get(f"/api/v1/tasks?token={token}")
                # The logout ends the socket at once.
                assert (await client.post("/api/v1/auth/logout")).status_code == 204
            with pytest.raises(ConnectionClosed) as closed:
                await watcher.recv()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4500, "logged_out")
        async with asyncio.timeout(30), connect(place) as refused:
            assert json.loads(await refused.recv())["code"] == "invalid_token"
    said = log.getvalue()
    for secret in (token, token.rpartition(".")[2], ADMIN_PASSWORD):
        assert secret not in said


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
async def test_who_sends_far_too_much_hears_that_it_is_too_much(tmp_path, log, announced):
    """A client that reads only when all is sent: a connection closed at once would be reset, and the answer lost."""
    block = b"x" * 65_536
    head = f"content-length: {160 * len(block)}" if announced else "transfer-encoding: chunked"
    settings = make_settings(tmp_path, port=0)
    async with asyncio.timeout(20), serve(settings, services=quiet_services(settings)) as (serving, _):
        url = httpx.URL(serving.url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(f"POST /api/v1/auth/login HTTP/1.1\r\nhost: {url.host}\r\n{head}\r\n\r\n".encode())
        for _ in range(160):
            writer.write(block if announced else b"%x\r\n%b\r\n" % (len(block), block))
            await writer.drain()
        if not announced:
            writer.write(b"0\r\n\r\n")
        answer = await reader.read()  # to the end: the server closes
        writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"too_large"' in answer


async def test_stopping_tells_the_watchers_to_come_back(tmp_path, log):
    settings = make_settings(tmp_path, port=0)
    async with asyncio.timeout(20):
        async with serve(settings, services=quiet_services(settings)) as (serving, ended):
            token = await sign_in(serving.url)
            watcher = await connect(serving.url.replace("http", "ws") + f"/api/v1/monitor/ws?token={token}")
            assert json.loads(await watcher.recv())["type"] == "connection_established"
            serving.stop()
            assert json.loads(await watcher.recv())["type"] == "reconnect_advice"
            with pytest.raises(ConnectionClosed) as closed:
                await watcher.recv()
            assert closed.value.rcvd.code == 1012
            await ended.wait()
    assert "Traceback" not in log.getvalue()
    build_services(settings, passwords=cheap_passwords()).release()  # the folder is free again


async def test_behind_a_balancer_the_watchers_go_one_by_one_and_nobody_new_comes_in(tmp_path):
    settings = make_settings(tmp_path, port=0, ws_drain_s=4)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(30), serve(settings, services=quiet_services(settings)) as (serving, ended):
        token = await sign_in(serving.url)
        place = serving.url.replace("http", "ws") + f"/api/v1/monitor/ws?token={token}"
        watchers = [await connect(place) for _ in range(8)]

        async def see_it_end(watcher):
            kinds = []
            with suppress(ConnectionClosed):
                while True:
                    kinds.append(json.loads(await watcher.recv())["type"])
            return kinds, watcher.close_code, loop.time()

        ends = [asyncio.create_task(see_it_end(watcher)) for watcher in watchers]
        began = loop.time()
        serving.stop()
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        async with httpx.AsyncClient(base_url=serving.url, timeout=60) as client:
            ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "stopping")
        with pytest.raises(InvalidStatus) as refused:
            await connect(place)
        assert refused.value.response.status_code == 503
        found = await asyncio.gather(*ends)
        await ended.wait()
    assert [(kinds, code) for kinds, code, _ in found] == [(["connection_established", "reconnect_advice"], 1012)] * 8
    times = sorted(at - began for _, _, at in found)
    assert times[-1] - times[0] > 1


async def test_addresses_are_forwarded_by_trusted_proxies_only(tmp_path):
    for trusted, expected in (((), "127.0.0.1"), (("127.0.0.1/32",), "198.51.100.9")):
        settings = make_settings(tmp_path, port=0, trusted_proxies=trusted)
        services = quiet_services(settings)
        async with serve(settings, services=services) as (serving, _):
            async with httpx.AsyncClient(base_url=serving.url, timeout=60) as client:
                body = {"username": "admin", "password": "wrong"}
                headers = {"X-Forwarded-For": "198.51.100.9"}
                await client.post("/api/v1/auth/login", json=body, headers=headers)
            assert services.audit._waiting[-1].address == expected


def test_a_port_that_is_taken_is_said_in_plain_words(tmp_path):
    with closing(open_listener(make_settings(tmp_path, port=0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} on 127.0.0.1 is in use"):
            open_listener(make_settings(tmp_path, port=port))


def test_a_host_that_is_not_ours_is_said_in_plain_words(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be used"):
        open_listener(make_settings(tmp_path, host="192.0.2.1", port=0))
    with refused("host_unknown", host="no such host.invalid"):
        open_listener(make_settings(tmp_path, host="no such host.invalid", port=0))


def test_accepted_sockets_have_the_small_send_buffer(tmp_path):
    settings = make_settings(tmp_path, port=0, ws_send_buffer_bytes=32_768)
    with closing(open_listener(settings)) as listener, closing(socket.create_connection(listener.getsockname())):
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with closing(accepted):
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * 32_768  # Linux doubles it


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("127.0.0.5", "127.0.0.5")])
def test_the_address_that_is_shown_can_be_opened(tmp_path, host, shown):
    with closing(open_listener(make_settings(tmp_path, port=0))) as listener:
        assert url_of(host, listener) == f"http://{shown}:{listener.getsockname()[1]}"


def test_the_limit_of_files_is_raised_as_far_as_it_goes():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
        assert raise_file_limit(300) == 300
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 300
        assert raise_file_limit(250) == 300  # never lowered
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    "command", [["main.py"], ["-m", "uvicorn", "--port", "{port}", "main:app"]], ids=["main", "uvicorn"]
)
def test_the_entry_starts_shows_the_password_once_and_ends_in_order(tmp_path, command):
    port = free_port()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("COMPLIANCE_")},
        "COMPLIANCE_DATA_DIR": str(tmp_path / "data"),
        "COMPLIANCE_PORT": str(port),
        "COMPLIANCE_LANGUAGE": "en",
    }
    arguments = [sys.executable, *(part.format(port=port) for part in command)]
    with subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            lines = read_until(process, "password")
            password = lines[-1].partition("password ")[2].split()[0]
            token = asyncio.run(sign_in_soon(f"http://127.0.0.1:{port}", password))
            assert token.count(".") == 2
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in rest
    assert password not in rest


def read_until(process, word: str) -> list[str]:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if word in line:
            break
    return lines


async def sign_in_soon(url: str, password: str) -> str:
    """The password is shown a moment before the port answers."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await sign_in(url, password)
            except httpx.ConnectError:
                await asyncio.sleep(0.05)


async def test_a_companion_runs_beside_the_server_and_ends_it(tmp_path, log):
    """As `compliance demo` does."""
    settings = make_settings(tmp_path, port=0, admin_password=None)
    told: list[str] = []
    seen: list[int] = []

    async def beside(serving) -> None:
        async with httpx.AsyncClient(base_url=serving.url, timeout=60) as client:
            seen.append((await client.get("/readyz")).status_code)
            body = {"username": "admin", "password": told[0]}
            seen.append((await client.post("/api/v1/auth/login", json=body)).status_code)

    async with asyncio.timeout(30):
        await asyncio.to_thread(run_server, settings, announce=told.append, beside=beside)
    assert seen == [200, 200]
    assert told[0] not in log.getvalue()


async def test_a_companion_that_fails_takes_the_server_down(tmp_path, log):
    async def beside(serving) -> None:
        raise LookupError("nothing to do")

    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.to_thread(run_server, make_settings(tmp_path, port=0), beside=beside)
    assert caught.group_contains(LookupError)
    build_services(make_settings(tmp_path), passwords=cheap_passwords()).release()


async def test_a_server_that_cannot_start_leaves_nothing_behind(tmp_path):
    settings = make_settings(tmp_path, port=0)
    services = build_services(settings, passwords=cheap_passwords())
    with pytest.raises(ConfigurationError, match="in use"):
        async with serve(settings):
            pass
    services.release()
