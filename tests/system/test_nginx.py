"""Behind nginx, which ends TLS: handshake, address, following, resuming after the proxy's death, event streams."""

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.events.types import NewEvent, TaskWarning
from app.server import serve
from app.services.recorder import Recorder
from app.wiring import build_services
from tests.support.frames import read_frame, read_until, subscribe
from tests.support.house import ADMIN_PASSWORD, FakeMonitor, FakeRunner, cheap_passwords, make_settings
from tests.support.realtime import until

pytestmark = pytest.mark.system

TASK = "behind-nginx"
CLIENT = "127.0.0.9"  # whom the application has to see, and not the proxy
CONFIG = """\
{user}
daemon off;
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/chain.pem;
    ssl_certificate_key {folder}/key.pem;
    location / {{
      proxy_pass http://127.0.0.1:{application};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_read_timeout 90s;  # longer than the silence after which the application pings
    }}
  }}
}}
"""


class Front:
    """nginx in the foreground, with its own configuration and port."""

    def __init__(self, folder: Path, application: int) -> None:
        self.folder = folder
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        certificate.cert_chain_pems[0].write_to_path(folder / "chain.pem")
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        user = "user root;" if os.geteuid() == 0 else ""  # the folder is ours alone
        config = CONFIG.format(user=user, folder=folder, port=self.port, application=application)
        (folder / "nginx.conf").write_text(config)

    @contextmanager
    def running(self) -> Iterator[None]:
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [binary, "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c", "nginx.conf"]
        with subprocess.Popen([*command[:-1], str(self.folder / "nginx.conf")]) as process:
            try:
                yield
            finally:
                process.terminate()  # a fast shutdown: connections are cut
                process.wait(10)

    async def answers(self) -> None:
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                await writer.wait_closed()
                return


class House:
    """The application, its proxy and a running task."""

    def __init__(self, services: Any, front: Front, token: str) -> None:
        self.services = services
        self.front = front
        self.token = token

    def follow(self, **options: Any) -> Any:
        url = f"wss://127.0.0.1:{self.front.port}/api/v1/monitor/ws?token={self.token}"
        return connect(url, ssl=self.front.trust, proxy=None, ping_interval=None, local_addr=(CLIENT, 0), **options)

    async def say(self, message: str) -> int:
        recorder = Recorder(task_id=TASK, attempt=1, run=1, clock=self.services.clock)
        event = NewEvent(TaskWarning(code="partial", message=message))
        return int((await self.services.journal.write(recorder.record([event]))).last_seq)


@pytest.fixture
async def house(tmp_path) -> AsyncIterator[House]:
    settings = make_settings(tmp_path / "data", port=0, trusted_proxies=("127.0.0.1",), ws_ping_after_s=1)
    services = build_services(settings, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor())
    async with asyncio.timeout(60), serve(settings, services=services) as (serving, _):
        token = (await services.auth.login("admin", ADMIN_PASSWORD)).access_token
        user = await services.auth.authenticate(token)
        lifecycle, journal = services.lifecycle, services.journal
        await journal.write(lifecycle.create(TASK, user_id=user.user_id, target_domain="x.example", config={}))
        await journal.write(lifecycle.claim(TASK, 1, "w", "x.example"))
        (tmp_path / "nginx").mkdir()
        yield House(services, Front(tmp_path / "nginx", int(serving.url.rpartition(":")[2])), token)


@asynccontextmanager
async def behind(house: House) -> AsyncIterator[None]:
    with house.front.running():
        await house.front.answers()
        yield


async def test_a_client_is_followed_by_its_own_address_and_gets_everything(house):
    async with behind(house), house.follow() as link:
        follower = await subscribe(link, TASK)
        (connection,) = house.services.manager.registry.all()
        assert connection.address == CLIENT
        first = follower.last
        for number in range(100):
            last = await house.say(f"{number}")
        await read_until(link, follower, TASK, last)
        assert list(follower.events) == list(range(first + 1, last + 1))
        assert follower.gaps == 0


async def test_after_the_death_of_the_proxy_it_resumes_with_nothing_missing(house):
    async with behind(house):
        link = await house.follow()
        follower = await subscribe(link, TASK)
        await read_until(link, follower, TASK, await house.say("before"))
    with pytest.raises(ConnectionClosed):
        await link.recv()
    for number in range(50):
        last = await house.say(f"meanwhile {number}")
    async with behind(house), house.follow() as link:
        again = await subscribe(link, TASK, follower.last)
        await read_until(link, again, TASK, last)
        assert list(again.events) == list(range(follower.last + 1, last + 1))
        assert again.gaps == 0


async def test_a_page_of_the_proxy_s_origin_may_connect_and_a_foreign_one_may_not(house):
    async with behind(house):
        own = f"https://127.0.0.1:{house.front.port}"
        async with house.follow(origin=own) as link:
            assert read_frame(await link.recv())["type"] == "connection_established"
        with pytest.raises(InvalidStatus) as refused:
            async with house.follow(origin="https://evil.example"):
                pass
        assert refused.value.response.status_code == 403


async def test_pings_of_the_application_pass_the_proxy_both_ways(house):
    async with behind(house), house.follow() as link:
        await subscribe(link, TASK)
        (connection,) = house.services.manager.registry.all()
        opened = connection.peer.last_received
        # A pong, as the client says nothing else.
        await until(lambda: connection.peer.last_received >= opened + 1)


async def test_an_event_stream_is_not_held_back_by_the_proxy(house):
    url = f"https://127.0.0.1:{house.front.port}/api/v1/monitor/tasks/{TASK}/events"
    headers = {"Authorization": f"Bearer {house.token}"}
    async with (
        behind(house),
        httpx.AsyncClient(verify=house.front.trust, timeout=10, trust_env=False) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        lines = response.aiter_lines()
        assert response.status_code == 200
        while not (await anext(lines)).startswith("event: task_snapshot"):
            pass
        seq = await house.say("through the proxy at once")
        async with asyncio.timeout(2):
            while await anext(lines) != f"id: {house.services.manager.epoch.value}:{seq}":
                pass
