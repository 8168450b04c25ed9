"""Runs the application under uvicorn: our WebSocket protocol, our socket, our logging, an orderly end."""

import asyncio
import errno
import gc
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from app.api.proxy_headers import ProxyHeaders
from app.compose.services import Services, build_services
from app.core.aio import report_briefly
from app.core.config import Settings
from app.core.deployment import require_packages
from app.core.errors import ConfigurationError
from app.core.hard_stop import HardStop
from app.core.heap import settle_heap
from app.core.logging import configure_logging
from app.core.pending_restore import is_restore_pending
from app.core.system_errors import reason_of
from app.core.tracing import configure_tracing, end_tracing
from app.factory import Announce, announce_password, create_app
from app.maintenance.start_wait import await_database
from app.transport.graceful_server import GracefulServer
from app.transport.http import make_http_protocol
from app.transport.http_limits import HttpConnectionLimits
from app.transport.websocket import make_socket_protocol

BACKLOG: Final = 2_048
LOOK_FOR_RESTORE_S: Final = 1.0
GRACE_S: Final = 10  # for requests under way when the server ends and its sockets are closed
MAX_FILES: Final = 1 << 16  # more than 5,000 connections, their files and a scan's need

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers. `stop` asks it to end."""

    services: Services
    url: str
    stop: Callable[[], None]


def run_server(
    settings: Settings,
    *,
    announce: Announce | None = None,
    beside: Callable[[Serving], Awaitable[None]] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, or until `beside` returns, which runs once the server answers.

    Raises:
        ConfigurationError: the port or the data folder is taken, or something is set up wrong.
    """
    configure_logging(settings.log_level, settings.log_format)
    require_packages(settings)
    configure_tracing(settings.traces_url, process="server")
    raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        while runner.run(_run(settings, announce, beside)):
            log.info("starting_again_with_restored_data")
            gc.unfreeze()  # what the ended one has made may go
    end_tracing()


async def _run(
    settings: Settings, announce: Announce | None, beside: Callable[[Serving], Awaitable[None]] | None
) -> bool:
    """Whether it has ended only to take up a restore: the start that follows finishes that."""
    report_briefly(asyncio.get_running_loop())
    await await_database(settings)
    hard_stop = HardStop(after_s=settings.stop_within_s)
    try:
        async with serve(settings, announce=announce, on_end=hard_stop.begin) as (serving, ended):
            log.info("serving", url=serving.url)
            settle_heap()
            return await _until_ended(settings, serving, ended, beside)
    finally:
        hard_stop.cancel()


async def _until_ended(
    settings: Settings,
    serving: Serving,
    ended: asyncio.Event,
    beside: Callable[[Serving], Awaitable[None]] | None,
) -> bool:
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(_await_restore(settings, serving), name="await-restore")
        warm_up = serving.services.report_process.warm_up(serving.services.clock)
        tasks = [watch, group.create_task(warm_up, name="warm-up-reports")]
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
    while not (settings.keeps_database and is_restore_pending(settings.data_dir)):  # noqa: ASYNC110 - another process lays it
        await asyncio.sleep(LOOK_FOR_RESTORE_S)
    serving.stop()


async def _until_done(beside: Callable[[Serving], Awaitable[None]], serving: Serving) -> None:
    await beside(serving)
    serving.stop()


@asynccontextmanager
async def serve(
    settings: Settings,
    *,
    announce: Announce | None = None,
    services: Services | None = None,
    on_end: Callable[[], None] = lambda: None,
) -> AsyncIterator[tuple[Serving, asyncio.Event]]:
    """A server that answers, and the event of its end. Everything is stopped when the block is left.

    `on_end` is called when it begins to end.
    """
    listener = open_listener(settings)
    try:
        services = services or build_services(settings)
        generated = await services.start()
    except BaseException:
        listener.close()
        raise
    try:
        if generated is not None:
            (announce or partial(announce_password, language=settings.language))(generated)
        async with _running(settings, services, listener, on_end) as pair:
            if services.lock is not None:
                services.lock.announce(settings.public_url or pair[0].url)
            yield pair
    finally:
        listener.close()
        await services.stop()


@asynccontextmanager
async def _running(
    settings: Settings, services: Services, listener: socket.socket, on_end: Callable[[], None]
) -> AsyncIterator[tuple[Serving, asyncio.Event]]:
    manager = services.manager
    limits = HttpConnectionLimits(settings=settings, metrics=services.metrics)

    async def drain(hurry: Callable[[], bool]) -> None:
        on_end()
        limits.closing = True
        await manager.drain(hurry)

    server = GracefulServer(build_config(settings, services, limits), drain=drain, close=manager.stop)
    url = url_of(settings.host, listener)
    ended = asyncio.Event()

    def stop() -> None:
        server.should_exit = True

    async def run() -> None:
        try:
            await server.serve(sockets=[listener])
        finally:
            ended.set()
            server.answering.set()  # those who wait for the start of a server that failed

    # No TaskGroup: when the block fails, the server is to end in order, not to be cancelled.
    running = asyncio.create_task(run(), name="uvicorn")
    try:
        await server.answering.wait()
        yield Serving(services, url, stop), ended
    finally:
        stop()
        await asyncio.wait([running])
    running.result()


def build_config(settings: Settings, services: Services, limits: HttpConnectionLimits | None = None) -> uvicorn.Config:
    """Uvicorn's part of the settings. Liveness of sockets is ours: its keep-alive pings are off."""
    if limits is None:
        limits = HttpConnectionLimits(settings=settings, metrics=services.metrics)
    return uvicorn.Config(
        _behind_proxies(create_app(settings, services), settings),
        http=make_http_protocol(limits),
        ws=make_socket_protocol(settings),
        ws_max_size=settings.ws_max_frame_bytes,
        ws_ping_interval=None,
        ws_ping_timeout=None,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # ours are around the application
        backlog=BACKLOG,
        timeout_keep_alive=settings.http_keep_alive_s,
        timeout_graceful_shutdown=grace_s(settings),
    )


def _behind_proxies(application: ASGIApp, settings: Settings) -> ASGIApp:
    if not settings.trusted_proxies:
        return application
    key = None if settings.proxy_key is None else settings.proxy_key.get_secret_value()
    return ProxyHeaders(application, proxies=settings.trusted_proxies, key=key)


def grace_s(settings: Settings) -> int:
    """Seconds for requests under way: of what is left after the connections at most half, for the rest needs some."""
    return int(min(GRACE_S, max(1.0, (settings.stop_within_s - settings.drain_s) / 2)))


def open_listener(settings: Settings) -> socket.socket:
    """The listening socket. Its small send buffer, which accepted sockets inherit, bounds what a stuck client costs.

    Raises ConfigurationError when the address is taken or refused.
    """
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ConfigurationError(text="host_unknown", host=host) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.ws_send_buffer_bytes)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _refusal(host, port, error) from error
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


def _refusal(host: str, port: int, error: OSError) -> ConfigurationError:
    if error.errno == errno.EADDRINUSE:
        return ConfigurationError(text="port_taken", host=host, port=port)
    if error.errno == errno.EACCES:
        return ConfigurationError(text="port_needs_rights", port=port)
    return ConfigurationError(text="port_not_usable", host=host, port=port, reason=reason_of(error))
