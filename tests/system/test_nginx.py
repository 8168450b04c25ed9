"""Behind nginx with the configuration of `deploy/nginx`: handshake, address, following, resuming after the proxy's
death, event streams, and what it logs.
"""

import asyncio
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.compose.services import build_services
from app.events.event import NewEvent
from app.events.types import TaskWarning
from app.findings.recorder import Recorder
from app.server import serve
from tests.docs.markdown import ROOT
from tests.support.backend import ADMIN_PASSWORD, FakeMonitor, FakeRunner, cheap_passwords, make_settings
from tests.support.frames import read_frame, read_until, subscribe
from tests.support.ports import free_port
from tests.support.realtime import until

pytestmark = pytest.mark.system

TASK = "behind-nginx"
CLIENT = "127.0.0.9"  # whom the application has to see, and not the proxy
DEPLOYED = ROOT / "deploy" / "nginx"
SECRET = "a-token-that-no-log-may-hold"
MAIN = """\
{user}
daemon off;
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  gzip on;  # as Debian has it, and for more than HTML
  gzip_types *;
  include {folder}/conf.d/*.conf;
}}
"""


def deployed(folder: Path, port: int, plain: int, application: int) -> Iterator[tuple[str, str]]:
    """The files of `deploy/nginx` with our ports, certificate and folder; everything else is as it is shipped."""
    ours = {
        r"server 127\.0\.0\.1:8000 max_fails=0;": f"server 127.0.0.1:{application} max_fails=0;",
        r"listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        r"listen 80;": f"listen 127.0.0.1:{plain};",
        r"listen \[::\].*;": "",
        r"/etc/compliance/tls/fullchain\.pem": f"{folder}/chain.pem",
        r"/etc/compliance/tls/privkey\.pem": f"{folder}/key.pem",
        r"/var/log/nginx/": f"{folder}/",
    }
    for path in sorted(DEPLOYED.glob("*.conf")):
        text = path.read_text("utf-8")
        for pattern, replacement in ours.items():
            text = re.sub(pattern, replacement, text)
        yield path.name, text


class Front:
    """nginx in the foreground, with its own configuration and port."""

    def __init__(self, folder: Path, application: int) -> None:
        self.folder = folder
        self.port, self.plain = free_port(), free_port()
        folder.mkdir(exist_ok=True)
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        certificate.cert_chain_pems[0].write_to_path(folder / "chain.pem")
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        user = "user root;" if os.geteuid() == 0 else ""  # the folder is ours alone
        (folder / "nginx.conf").write_text(MAIN.format(user=user, folder=folder))
        (folder / "conf.d").mkdir()
        for name, text in deployed(folder, self.port, self.plain, application):
            (folder / "conf.d" / name).write_text(text, "utf-8")

    def logs(self) -> str:
        return "".join(path.read_text("utf-8") for path in self.folder.glob("*.log"))

    @contextmanager
    def running(self) -> Iterator[None]:
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [binary, "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c", "nginx.conf"]
        with subprocess.Popen([*command[:-1], str(self.folder / "nginx.conf")]) as process:
            try:
                yield
            finally:
                process.terminate()  # a fast shutdown: connections are cut
                process.wait(90)

    async def answers(self) -> None:
        async with asyncio.timeout(90):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                await writer.wait_closed()
                return


class Backend:
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
        return int((await self.services.event_writer.write(recorder.record([event]))).last_seq)


@pytest.fixture
async def backend(tmp_path) -> AsyncIterator[Backend]:
    timing = {"ws_ping_after_s": 1, "sweep_interval_s": 60}
    settings = make_settings(tmp_path / "data", port=0, trusted_proxies=("127.0.0.1",), **timing)
    services = build_services(settings, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor())
    async with asyncio.timeout(150), serve(settings, services=services) as (serving, _):
        token = (await services.auth.login("admin", ADMIN_PASSWORD)).access_token
        user = await services.auth.authenticate(token)
        lifecycle, event_writer = services.lifecycle, services.event_writer
        await event_writer.write(lifecycle.create(TASK, user_id=user.user_id, target_domain="x.example", config={}))
        await event_writer.write(lifecycle.claim(TASK, 1, "w", "x.example"))
        (tmp_path / "nginx").mkdir()
        yield Backend(services, Front(tmp_path / "nginx", int(serving.url.rpartition(":")[2])), token)


@asynccontextmanager
async def behind(backend: Backend) -> AsyncIterator[None]:
    with backend.front.running():
        await backend.front.answers()
        yield


async def test_a_client_is_followed_by_its_own_address_and_gets_everything(backend):
    async with behind(backend), backend.follow() as link:
        subscriber = await subscribe(link, TASK)
        (connection,) = backend.services.manager.registry.all()
        assert connection.address == CLIENT
        first = subscriber.last
        for number in range(100):
            last = await backend.say(f"{number}")
        await read_until(link, subscriber, TASK, last)
        assert list(subscriber.events) == list(range(first + 1, last + 1))
        assert subscriber.gaps == 0


async def test_after_the_death_of_the_proxy_it_resumes_with_nothing_missing(backend):
    async with behind(backend):
        link = await backend.follow()
        subscriber = await subscribe(link, TASK)
        await read_until(link, subscriber, TASK, await backend.say("before"))
    with pytest.raises(ConnectionClosed):
        await link.recv()
    for number in range(50):
        last = await backend.say(f"meanwhile {number}")
    async with behind(backend), backend.follow() as link:
        again = await subscribe(link, TASK, subscriber.last)
        await read_until(link, again, TASK, last)
        assert list(again.events) == list(range(subscriber.last + 1, last + 1))
        assert again.gaps == 0


async def test_a_page_of_the_proxy_s_origin_may_connect_and_a_foreign_one_may_not(backend):
    async with behind(backend):
        own = f"https://127.0.0.1:{backend.front.port}"
        async with backend.follow(origin=own) as link:
            assert read_frame(await link.recv())["type"] == "connection_established"
        with pytest.raises(InvalidStatus) as refused:
            async with backend.follow(origin="https://evil.example"):
                pass
        assert refused.value.response.status_code == 403


async def test_pings_of_the_application_pass_the_proxy_both_ways(backend):
    async with behind(backend), backend.follow() as link:
        await subscribe(link, TASK)
        (connection,) = backend.services.manager.registry.all()
        opened = connection.transport.last_received
        # A pong, as the client says nothing else.
        await until(lambda: connection.transport.last_received >= opened + 1)


async def test_an_event_stream_is_not_held_back_by_the_proxy(backend):
    url = f"https://127.0.0.1:{backend.front.port}/api/v1/monitor/tasks/{TASK}/events"
    headers = {"Authorization": f"Bearer {backend.token}"}
    async with (
        behind(backend),
        httpx.AsyncClient(verify=backend.front.trust, timeout=60, trust_env=False) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        lines = response.aiter_lines()
        assert response.status_code == 200
        while not (await anext(lines)).startswith("event: task_snapshot"):
            pass
        seq = await backend.say("through the proxy at once")
        async with asyncio.timeout(30):  # half of what the sweep takes to bring it
            while await anext(lines) != f"id: {backend.services.manager.epoch.value}:{seq}":
                pass


async def test_texts_are_compressed_by_the_service_and_tokens_by_nobody(backend):
    headers = {"Authorization": f"Bearer {backend.token}", "Accept-Encoding": "gzip, br"}
    url = f"https://127.0.0.1:{backend.front.port}"
    async with behind(backend), httpx.AsyncClient(verify=backend.front.trust, timeout=90, trust_env=False) as client:
        settings = await client.get(f"{url}/api/v1/admin/configuration", headers=headers)
        document = await client.get(f"{url}/openapi.json", headers=headers)
        sign_in = {"username": "admin", "password": ADMIN_PASSWORD}
        token = await client.post(f"{url}/api/v1/auth/login", json=sign_in, headers=headers)
        refused = await client.get(f"{url}/api/v1/tasks/{'x' * 60}", headers={"Accept-Encoding": "gzip"})
    assert [answer.headers.get("content-encoding") for answer in (settings, document)] == ["gzip", "gzip"]
    assert settings.headers["vary"] == document.headers["vary"].rpartition(", ")[2] == "Accept-Encoding"
    assert settings.json()["settings"]
    assert [answer.status_code for answer in (token, refused)] == [200, 401]
    assert [answer.headers.get("content-encoding") for answer in (token, refused)] == [None, None]


async def test_no_query_string_gets_into_a_log_even_when_the_service_is_away(backend):
    front = backend.front
    gone = Front(front.folder.parent / "away", application=1)  # nothing listens there
    for there, paths in ((front, ("/livez", "/nothing")), (gone, ("/livez", "/api/v1/monitor/ws"))):
        with there.running():
            await there.answers()
            async with httpx.AsyncClient(verify=there.trust, timeout=90, trust_env=False) as client:
                for path in paths:
                    address = f"https://127.0.0.1:{there.port}{path}?token={SECRET}"
                    last = await client.get(address, headers={"Referer": address})
                await client.get(f"http://127.0.0.1:{there.plain}{paths[0]}?token={SECRET}")
        said = there.logs()
        assert said.count(f"GET {paths[0]} HTTP") == 2
        assert SECRET not in said
    assert last.status_code == 502


async def test_plain_http_leads_to_tls_and_numbers_are_not_passed_on(backend):
    async with (
        behind(backend),
        httpx.AsyncClient(verify=backend.front.trust, timeout=90, trust_env=False) as client,
    ):
        plain = await client.get(f"http://127.0.0.1:{backend.front.plain}/docs?lang=en", headers={"Host": "s.example"})
        assert (plain.status_code, plain.headers["Location"]) == (301, "https://s.example/docs?lang=en")
        authorised = {"Authorization": f"Bearer {backend.token}"}
        numbers = await client.get(f"https://127.0.0.1:{backend.front.port}/metrics", headers=authorised)
        assert numbers.status_code == 404
        page = await client.get(f"https://127.0.0.1:{backend.front.port}/")
        assert page.status_code == 200
        assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
