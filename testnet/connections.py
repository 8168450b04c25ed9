"""Open stream connections of a server, so that its end closes each of them instead of cancelling it half-way."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CLOSE_TIMEOUT_S = 2.0


class Connections:
    """Wraps a conversation into a handler for `asyncio.start_server`. A broken connection ends it quietly."""

    def __init__(self, talk: Talk, *, changed: Callable[[int], None] = lambda _count: None) -> None:
        self._talk = talk
        self._changed = changed  # told the number of open connections after each change
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        self._changed(len(self._open))
        try:
            with suppress(OSError, ValueError, asyncio.IncompleteReadError, TimeoutError):
                await self._talk(reader, writer)
        finally:
            writer.close()
            del self._open[task]
            self._changed(len(self._open))

    async def close(self) -> None:
        """Closes what is still open and waits for the conversations to notice, 2 s at most."""
        for writer in self._open.values():
            writer.close()
        await self.settle()

    async def settle(self) -> None:
        """Waits for the conversations to end by themselves, 2 s at most."""
        if self._open:
            await asyncio.wait(list(self._open), timeout=CLOSE_TIMEOUT_S)
