"""A fixed number of workers over many items."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, workers: int) -> None:
    """Calls `work` for every item, `workers` at a time, taking items only as they are needed.

    The first error cancels the rest and comes out as TaskGroup's exception group.
    """
    shared = iter(items)
    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(_work_off(shared, work))


async def _work_off(items: Iterator[T], work: Callable[[T], Awaitable[None]]) -> None:
    for item in items:
        await work(item)
