"""The server under the application: it ends in order, and leaves signals to its caller."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

CUT_BEFORE_S: Final = 0.5  # uvicorn cancels what it has waited for long enough, and logs a traceback of each

Drain = Callable[[Callable[[], bool]], Awaitable[None]]  # gets a function that says whether to hurry


class GracefulServer(uvicorn.Server):
    """Sends the clients away, stops accepting, lets the rest know when to come back, then does what uvicorn does."""

    def __init__(self, config: uvicorn.Config, *, drain: Drain, close: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain
        self._close = close
        self.answering = asyncio.Event()  # set when connections are accepted

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._drain(lambda: self.force_exit)
        for server in self.servers:
            server.close()
        await self._close()
        await super().shutdown(sockets)
        if self.force_exit:
            await self._end_at_once()

    async def _end_at_once(self) -> None:
        """After a second signal uvicorn leaves requests and the lifespan to be cancelled, each with a traceback."""
        self._cut()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=CUT_BEFORE_S)
        await self.lifespan.shutdown()

    async def _wait_tasks_to_complete(self) -> None:
        """Clients whose requests take too long are cut off: the application hears it as when they leave."""
        limit_s = self.config.timeout_graceful_shutdown
        cut = None
        if limit_s is not None:
            cut = asyncio.get_running_loop().call_later(max(0.0, limit_s - CUT_BEFORE_S), self._cut)
        try:
            await super()._wait_tasks_to_complete()
        finally:
            if cut is not None:
                cut.cancel()

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn raises a signal once more when it has ended: that would cut off the stop of all the rest."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()
