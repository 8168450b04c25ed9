"""Runs the application under uvicorn: our WebSocket protocol, our socket, our logging, an orderly end."""

import asyncio
import errno
import gc
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import structlog
import uvicorn
import uvloop

from app.api.lobby import Lobby
from app.api.transport import make_protocol
from app.core.aio import report_briefly
from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.core.logging import configure_logging
from app.core.replacement import lies_ready
from app.factory import Announce, announce_password, create_app
from app.websocket.transport import make_socket_protocol
from app.wiring import Services, build_services

BACKLOG: Final = 2_048
LOOK_FOR_RESTORE_S: Final = 1.0
GRACE_S: Final = 10  # for requests under way when the server ends
MAX_FILES: Final = 1 << 16  # more than 5,000 connections, their files and a scan's need

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers. `stop` asks it to end."""

    services: Services
    url: str
    stop: Callable[[], None]


class Server(uvicorn.Server):
    """Ends in the house's order, and leaves it to the caller to go on after a signal."""

    def __init__(self, config: uvicorn.Config, *, services: Services) -> None:
        super().__init__(config)
        self._services = services
        self.answering = asyncio.Event()  # set when connections are accepted

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Send the clients away, stop accepting, let the rest know when to come back, then what uvicorn does."""
        await self._services.manager.drain(hurry=lambda: self.force_exit)
        for server in self.servers:
            server.close()
        await self._services.manager.stop()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn raises a signal once more when it has ended: that would cut off the stop of all the rest."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def run_server(
    settings: Settings,
    *,
    announce: Announce = announce_password,
    beside: Callable[[Serving], Awaitable[None]] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, or until `beside` returns, which runs once the server answers.

    Raises:
        ConfigurationError: the port or the data folder is taken, or something is set up wrong.
    """
    configure_logging(settings.log_level)
    raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        while runner.run(_run(settings, announce, beside)):
            log.info("starting_again_with_restored_data")
            gc.unfreeze()  # what the ended one has made may go


async def _run(settings: Settings, announce: Announce, beside: Callable[[Serving], Awaitable[None]] | None) -> bool:
    """Whether it has ended only to take up a restore: the start that follows finishes that."""
    report_briefly(asyncio.get_running_loop())
    async with serve(settings, announce=announce) as (serving, ended):
        log.info("serving", url=serving.url)
        settle_heap()
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(_await_restore(settings, serving), name="await-restore")
            tasks = [watch]
            if beside is not None:
                tasks.append(group.create_task(_until_done(beside, serving), name="beside-server"))
            await ended.wait()
            restoring = watch.done()
            for task in tasks:
                task.cancel()
    return restoring


async def _await_restore(settings: Settings, serving: Serving) -> None:
    """Until `compliance restore` has laid data ready for us; then the server is asked to end. With a database outside
    of the folder that is not for us, and waits.
    """
    while not (settings.keeps_database and lies_ready(settings.data_dir)):  # noqa: ASYNC110 - another process lays it
        await asyncio.sleep(LOOK_FOR_RESTORE_S)
    serving.stop()


def settle_heap() -> None:
    """What the start has made stays: from now on the garbage collector leaves it alone. A full collection stops every
    socket, for 0.1 s when it looks through all modules, for 0.01 s without them (docs/performance.md).
    """
    gc.collect()
    gc.freeze()


async def _until_done(beside: Callable[[Serving], Awaitable[None]], serving: Serving) -> None:
    await beside(serving)
    serving.stop()


@asynccontextmanager
async def serve(
    settings: Settings, *, announce: Announce = announce_password, services: Services | None = None
) -> AsyncIterator[tuple[Serving, asyncio.Event]]:
    """A server that answers, and the event of its end. Everything is stopped when the block is left."""
    listener = open_listener(settings)
    try:
        services = services or build_services(settings)
        generated = await services.start()
    except BaseException:
        listener.close()
        raise
    try:
        if generated is not None:
            announce(generated)
        async with _running(settings, services, listener) as pair:
            yield pair
    finally:
        listener.close()
        await services.stop()


@asynccontextmanager
async def _running(
    settings: Settings, services: Services, listener: socket.socket
) -> AsyncIterator[tuple[Serving, asyncio.Event]]:
    server = Server(build_config(settings, services), services=services)
    url = url_of(settings.host, listener)
    ended = asyncio.Event()

    def stop() -> None:
        server.should_exit = True

    async def run() -> None:
        try:
            await server.serve(sockets=[listener])
        finally:
            ended.set()
            server.answering.set()  # whoever waits for the start of a server that failed

    # No TaskGroup: when the block fails, the server is to end in order, not to be cancelled.
    running = asyncio.create_task(run(), name="uvicorn")
    try:
        await server.answering.wait()
        yield Serving(services, url, stop), ended
    finally:
        stop()
        await asyncio.wait([running])
    running.result()


def build_config(settings: Settings, services: Services) -> uvicorn.Config:
    """Uvicorn's part of the settings. Liveness of sockets is ours: its keep-alive pings are off."""
    return uvicorn.Config(
        create_app(settings, services),
        http=make_protocol(Lobby(settings=settings, metrics=services.metrics)),
        ws=make_socket_protocol(settings),
        ws_max_size=settings.ws_max_frame_bytes,
        ws_ping_interval=None,
        ws_ping_timeout=None,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        backlog=BACKLOG,
        timeout_keep_alive=settings.http_keep_alive_s,
        timeout_graceful_shutdown=GRACE_S,
    )


def open_listener(settings: Settings) -> socket.socket:
    """The listening socket. Its small send buffer, which accepted sockets inherit, bounds what a stuck client costs.

    Raises ConfigurationError when the address cannot be had.
    """
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ConfigurationError(f"The host {host} is no address of this machine.") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.ws_send_buffer_bytes)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ConfigurationError(_why_not(host, port, error)) from error
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """Where a browser on this machine finds the server."""
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - only read
    return f"http://{shown}:{port}"


def raise_file_limit(wanted: int = MAX_FILES) -> int:
    """Each connection is a file. Raises our limit as far as the system lets us; returns what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= possible:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    return possible


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken; end what uses it, or choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights; choose one above 1023."
    return f"{host}:{port} cannot be used: {error.strerror}."
