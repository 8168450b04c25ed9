"""TLS in the server itself: everything goes through the transport, and the promises are the same."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import trustme
import uvloop
from websockets.asyncio.client import connect

from app.compose.services import build_services
from app.events.event import NewEvent
from app.events.types import TaskWarning
from app.findings.recorder import Recorder
from app.server import build_config, open_listener
from app.transport.graceful_server import GracefulServer
from tests.support.backend import ADMIN_PASSWORD, FakeMonitor, FakeRunner, cheap_passwords, make_settings
from tests.support.frames import Subscriber, read_until, subscribe
from tests.support.realtime import until

LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
TASK = "tls"
HEALTHY = 4
END = "the end"


@dataclass
class Secured:
    services: Any
    port: int
    token: str
    trust: ssl.SSLContext

    @property
    def url(self) -> str:
        return f"wss://127.0.0.1:{self.port}/api/v1/monitor/ws?token={self.token}"

    async def say(self, message: str) -> int:
        recorder = Recorder(task_id=TASK, attempt=1, run=1, clock=self.services.clock)
        place = await self.services.event_writer.write(
            recorder.record([NewEvent(TaskWarning(code="partial", message=message))])
        )
        return int(place.last_seq)

    def connections(self) -> list[Any]:
        return list(self.services.manager.registry.all())


@asynccontextmanager
async def secured(folder, **values) -> AsyncIterator[Secured]:
    """The application behind a certificate, with a running task."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    settings = make_settings(folder / "data", port=0, **values)
    services = build_services(settings, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor())
    config = build_config(settings, services)
    with (
        certificate.private_key_pem.tempfile(dir=str(folder)) as key,
        certificate.cert_chain_pems[0].tempfile(dir=str(folder)) as chain,
    ):
        config.ssl_keyfile, config.ssl_certfile = key, chain
        config.load()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    listener = open_listener(settings)
    await services.start()
    server = GracefulServer(config, drain=services.manager.drain, close=services.manager.stop)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.serve(sockets=[listener]))
        try:
            await server.answering.wait()
            token = (await services.auth.login("admin", ADMIN_PASSWORD)).access_token
            user = await services.auth.authenticate(token)
            create = services.lifecycle.create(TASK, user_id=user.user_id, target_domain="x.example", config={})
            await services.event_writer.write(create)
            await services.event_writer.write(services.lifecycle.claim(TASK, 1, "w", "x.example"))
            yield Secured(services, listener.getsockname()[1], token, trust)
        finally:
            server.should_exit = True
            await running
    await services.stop()


@asynccontextmanager
async def following(
    backend: Secured, *, last_seq: int | None = None, **options: Any
) -> AsyncIterator[tuple[Any, Subscriber]]:
    """A client that stands at a snapshot, or asks for a replay."""
    async with connect(backend.url, ssl=backend.trust, proxy=None, ping_interval=None, **options) as link:
        subscriber = await subscribe(link, TASK, last_seq)
        assert last_seq is None or subscriber.last == last_seq  # else a snapshot came instead
        yield link, subscriber


def run(loop: str, work: Any) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(200):
            await work

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(bounded())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_subscriber_over_tls_gets_everything_in_order(tmp_path, loop):
    async def work() -> None:
        async with secured(tmp_path) as backend, following(backend) as (link, subscriber):
            (connection,) = backend.connections()
            assert connection.transport.fd == -1  # nothing is written beside the encryption
            first = subscriber.last
            for number in range(50):
                last = await backend.say(f"{number}")
            await read_until(link, subscriber, TASK, last)
            assert list(subscriber.events) == list(range(first + 1, last + 1))
            assert subscriber.gaps == 0

    run(loop, work())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_slow_one_over_tls_is_set_aside_harms_nobody_and_catches_up(tmp_path, loop):
    async def work() -> None:
        async with secured(tmp_path, ws_stuck_after_s=60) as backend:
            slow_socket = socket.socket()
            slow_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            slow_socket.setblocking(False)
            await asyncio.get_running_loop().sock_connect(slow_socket, ("127.0.0.1", backend.port))
            options = {"sock": slow_socket, "max_queue": 1, "server_hostname": "127.0.0.1"}
            async with following(backend, **options) as (slow, behind):
                (stuck,) = backend.connections()
                async with asyncio.TaskGroup() as group:
                    healthy = [group.create_task(keep_up(backend)) for _ in range(HEALTHY)]
                    await until(lambda: sum(len(one.followed) for one in backend.connections()) == 1 + HEALTHY)
                    while len(stuck.outbox) < 20:
                        await backend.say("x" * 4_000)
                    assert not stuck.drained
                    assert stuck.followed[TASK].group is None
                    last = await backend.say(END)
                    async with asyncio.timeout(60):
                        assert [await task for task in healthy] == [last] * HEALTHY
                # What waited leaves now, in order and complete.
                await read_until(slow, behind, TASK, last)
                assert behind.gaps == 0
                assert stuck.drained
                last = await backend.say("level again")
                await read_until(slow, behind, TASK, last)
                assert stuck.followed[TASK].group is not None

    run(loop, work())


async def keep_up(backend: Secured) -> int:
    """Follow to the last event; its seq."""
    async with following(backend) as (link, subscriber):
        while subscriber.last not in subscriber.events or subscriber.events[subscriber.last]["message"] != END:
            await read_until(link, subscriber, TASK, (subscriber.last or 0) + 1)
        assert subscriber.gaps == 0
        return int(subscriber.last or 0)


@pytest.mark.parametrize("loop", LOOPS)
def test_one_that_is_cut_off_over_tls_resumes_complete(tmp_path, loop):
    async def work() -> None:
        async with secured(tmp_path) as backend:
            async with following(backend) as (link, subscriber):
                last = await backend.say("before")
                await read_until(link, subscriber, TASK, last)
                link.transport.abort()
            for number in range(30):
                last = await backend.say(f"{number}")
            async with following(backend, last_seq=subscriber.last) as (link, again):
                await read_until(link, again, TASK, last)
                assert list(again.events) == list(range(subscriber.last + 1, last + 1))
                assert again.gaps == 0

    run(loop, work())
