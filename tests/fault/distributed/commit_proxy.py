"""Stands before PostgreSQL, and cuts connections during COMMIT: the client never learns what became of it."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from tests.fault.distributed.background import running_background

COMMIT: Final = b"Q\0\0\0\x0bCOMMIT\0"  # a simple query, as psycopg sends it
READY: Final = b"Z\0\0\0\x05"  # PostgreSQL has done what it was asked for; the state of the transaction follows
CHUNK: Final = 1 << 16


class CommitProxy:
    """`every`: of so many COMMITs one is cut; None: none. In turn the answer is swallowed, and the COMMIT itself."""

    def __init__(self, port: int) -> None:
        self.every: int | None = None
        self.answers_cut = 0  # committed, and nobody was told
        self.commits_cut = 0  # never committed
        self._real_port = port
        self._seen = 0
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            link = Link(reader, writer, *await asyncio.open_connection("127.0.0.1", self._real_port))
        except OSError:
            writer.close()
            return
        await link.run(self)

    def cuts(self) -> bool:
        """Whether the COMMIT that has just come is one of those."""
        self._seen += 1
        return self.every is not None and self._seen % self.every == 0

    def swallows_answer(self) -> bool:
        """Which of the two it is this time."""
        answer = self.answers_cut <= self.commits_cut
        self.answers_cut += answer
        self.commits_cut += not answer
        return answer


class Link:
    """One connection of a client, and ours to PostgreSQL behind it."""

    def __init__(
        self,
        from_client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self._from_client = from_client
        self._to_client = to_client
        self._from_server = from_server
        self._to_server = to_server
        self._swallows = False

    async def run(self, proxy: CommitProxy) -> None:
        """Until one side ends, or it is cut."""
        ways = [asyncio.create_task(self._pass_on(proxy)), asyncio.create_task(self._answer())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._to_client.close()
            self._to_server.close()

    async def _pass_on(self, proxy: CommitProxy) -> None:
        while data := await self._from_client.read(CHUNK):
            if data.endswith(COMMIT) and proxy.cuts():
                if not proxy.swallows_answer():
                    return
                self._swallows = True
            self._to_server.write(data)
            await self._to_server.drain()

    async def _answer(self) -> None:
        while data := await self._from_server.read(CHUNK):
            if not self._swallows:
                self._to_client.write(data)
                await self._to_client.drain()
            elif READY in data:
                return


@contextlib.contextmanager
def running_commit_proxy(port: int) -> Iterator[CommitProxy]:
    with running_background() as background:
        proxy = CommitProxy(port)
        background.run(proxy.start())
        try:
            yield proxy
        finally:
            background.run(end_of(proxy))


async def end_of(proxy: CommitProxy) -> None:
    assert proxy._server is not None
    proxy._server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
