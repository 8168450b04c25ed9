"""Work that waits, and workers that do it: in order of finding, until nothing waits and nothing can come."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class WorkQueue(Generic[T]):
    """Bounded by the caller that adds (here the `CaptureSelector`, which counts what it leaves out). Adding never
    waits, because the workers themselves may add. Nothing is dropped but by `give_up`, and that is counted.
    """

    def __init__(self) -> None:
        self._waiting: deque[T] = deque()
        self._in_flight: list[T] = []
        self._changed = asyncio.Event()
        self._closed = False  # nothing more will be found, except by what is under way
        self._gave_up = False
        # How many are through.
        self.done = 0
        # How many were left out when the time was over.
        self.left_out = 0

    @property
    def total(self) -> int:
        return self.done + len(self._waiting) + len(self._in_flight)

    @property
    def is_idle(self) -> bool:
        """Nothing waits or is under way."""
        return not self._waiting and not self._in_flight

    def unfinished(self) -> Iterator[T]:
        """What waits or is under way."""
        yield from self._waiting
        yield from self._in_flight

    def add(self, items: Iterable[T], *, first: bool = False) -> None:
        """`first`: before all that waits."""
        found = list(items)
        if self._gave_up:
            self.left_out += len(found)
            return
        if first:
            self._waiting.extendleft(reversed(found))
        else:
            self._waiting.extend(found)
        self._changed.set()

    def count_done(self) -> None:
        """One that an earlier attempt has done."""
        self.done += 1

    def redo(self, item: T) -> None:
        """One that is through has to be done again."""
        self.done -= 1
        self.add([item])

    def close(self) -> None:
        """Nothing more will be found, except by what is still under way."""
        self._closed = True
        self._changed.set()

    def give_up(self) -> None:
        """The time is over: what waits, and what will still be added, is left out."""
        self._gave_up = True
        self.left_out += len(self._waiting)
        self._waiting.clear()
        self._changed.set()

    def drop(self, condition: Callable[[T], bool]) -> list[T]:
        """Take away what waits and meets the condition."""
        dropped = [item for item in self._waiting if condition(item)]
        self._waiting = deque(item for item in self._waiting if not condition(item))
        self._changed.set()
        return dropped

    async def work(self, handle: Callable[[T], Awaitable[None]], *, workers: int) -> None:
        """Handles everything with so many workers side by side; returns when it is closed and all is done."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(handle))

    async def drained(self) -> None:
        """Return when nothing waits or is under way; more may be added afterwards."""
        while not self.is_idle:
            self._changed.clear()
            await self._changed.wait()

    async def _work(self, handle: Callable[[T], Awaitable[None]]) -> None:
        while (await self._wait()) and self._waiting:
            item = self._waiting.popleft()
            self._in_flight.append(item)
            try:
                await handle(item)
            finally:
                self._in_flight.remove(item)
                self._changed.set()
            self.done += 1

    async def _wait(self) -> bool:
        """True: something waits. False: nothing ever will."""
        while not self._waiting:
            if self._closed and not self._in_flight:
                return False
            self._changed.clear()
            await self._changed.wait()
        return True
