"""The way between two machines, which can be cut as networks are: nobody is told, and nothing arrives meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

CHUNK_BYTES: Final = 65_536


class NetworkLink:
    """Forwards the connections to one port of this machine. What is sent during a cut arrives after it, as over TCP."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._is_up = asyncio.Event()
        self._is_up.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """From now on nothing passes, and new connections get no further than here."""
        self._is_up.clear()

    def reset(self) -> None:
        """Break the connections that there are, as a change of networks does."""
        for writer in self._writers:
            writer.transport.abort()

    def restore(self) -> None:
        self._is_up.set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.restore()
        self.reset()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._kept(writer), contextlib.suppress(ConnectionError):
            await self._is_up.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            with self._kept(far_writer):
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._pump(reader, far_writer))
                    tasks.create_task(self._pump(far_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(CHUNK_BYTES):
                await self._is_up.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    @contextlib.contextmanager
    def _kept(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            writer.close()


@contextlib.asynccontextmanager
async def open_link(target_port: int) -> AsyncIterator[NetworkLink]:
    link = NetworkLink(target_port)
    await link.start()
    try:
        yield link
    finally:
        await link.stop()
