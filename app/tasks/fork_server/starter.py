"""Starts processes: has those forked that a fork server knows, and executes the others; all when there is no server."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from app.tasks.fork_server.client import ForkServer, ForkServerLost, NotForked
from app.tasks.fork_server.forked_process import fork
from app.tasks.process_start import (
    DEFAULT_LINE_LIMIT,
    ExecutingStarter,
    ProcessStarter,
    StartedProcess,
    command_of,
    processes_have_descriptors,
)

LONGEST_PAUSE_S: Final = 60.0  # between two starts of a server that does not live
FORKED: Final = "forked"
EXECUTED: Final = "executed"
log = structlog.get_logger(__name__)


class ForkingStarter:
    """Fulfils `ProcessStarter`. The first start waits for the fork server, which takes as long as an interpreter does.

    A server that is lost is followed by another: at once when it has forked something, else after a pause that doubles.
    """

    def __init__(
        self,
        modules: Sequence[str],
        *,
        count: Callable[[str], None] = lambda _: None,
        executing: ProcessStarter | None = None,
        make_server: Callable[[Sequence[str]], ForkServer] = ForkServer,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`modules` may be forked. `count` is told of each start whether it was forked or executed."""
        self._modules = {command_of(module): module for module in modules}
        self._count = count
        self._executing = executing or ExecutingStarter()
        self._make_server = make_server
        self._monotonic = monotonic
        self._starting = asyncio.Lock()
        self._server: ForkServer | None = None
        self._failures = 0  # servers in a row that have forked nothing
        self._not_before = 0.0  # is a server started
        self._is_over = not processes_have_descriptors()

    @property
    def server_pid(self) -> int | None:
        """Of the fork server that is there; None: there is none."""
        return self._server.pid if self._server is not None and self._server.is_there else None

    async def start(
        self, command: Sequence[str], *, mark: str | None = None, line_limit: int = DEFAULT_LINE_LIMIT
    ) -> StartedProcess:
        module = self._modules.get(tuple(command))
        if module is not None and (process := await self._fork(module, mark, line_limit)) is not None:
            self._count(FORKED)
            return process
        process = await self._executing.start(command, mark=mark, line_limit=line_limit)
        self._count(EXECUTED)
        return process

    async def close(self) -> None:
        """Leave no fork server behind; from now on all is executed. What it has forked goes on."""
        self._is_over = True
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    async def _fork(self, module: str, mark: str | None, line_limit: int) -> StartedProcess | None:
        """Return None when that does not work."""
        server = await self._ready_server()
        if server is None:
            return None
        try:
            process = await fork(server, module, mark=mark, line_limit=line_limit)
        except (ForkServerLost, NotForked) as error:
            log.warning("process_not_forked", module=module, reason=str(error))
            return None
        self._failures, self._not_before = 0, 0.0
        return process

    async def _ready_server(self) -> ForkServer | None:
        """Return None for as long as there is none, and none is to be started."""
        async with self._starting:
            if self._server is not None and self._server.is_there:
                return self._server
            if self._is_over or self._monotonic() < self._not_before:
                return None
            self._failures += 1
            self._not_before = self._monotonic() + min(2.0**self._failures, LONGEST_PAUSE_S)
            self._server = server = self._make_server(tuple(self._modules.values()))
            with suppress(ForkServerLost):
                await server.start()
            return server if server.is_there else None
