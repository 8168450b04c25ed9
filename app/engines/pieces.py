"""Reading what is long, so that the event loop goes on meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


async def pieces(items: Iterator[T], size: int) -> AsyncIterator[list[T]]:
    """Yield all items, `size` at a time. Each piece is read in a thread; nothing is read while one is looked at."""

    def read() -> list[T]:
        return list(islice(items, size))

    while found := await asyncio.to_thread(read):
        yield found
