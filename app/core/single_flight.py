"""Shares one read among concurrent callers with the same key, and caches its result briefly."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.core.aio import ignore_result
from app.core.clock import Clock

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CachedRead(Generic[V]):
    """A read, under way or done."""

    began_at: float  # monotonic
    task: asyncio.Task[V]
    version: int  # what the first asker knew then; its meaning is theirs

    @property
    def failed(self) -> bool:
        return self.task.done() and (self.task.cancelled() or self.task.exception() is not None)

    async def answer(self) -> V:
        # Shielded: one that gives up must not take the answer from the others.
        return await asyncio.shield(self.task)


class SingleFlightCache(Generic[K, V]):
    """Reads by key: at most `max_entries`, each until `ttl_s` after it began. Who asks decides what is good enough."""

    def __init__(self, *, clock: Clock, ttl_s: float, max_entries: int) -> None:
        self._clock = clock
        self._ttl_s = ttl_s
        self._max_entries = max_entries
        self._entries: dict[K, CachedRead[V]] = {}

    def find(self, key: K) -> CachedRead[V] | None:
        """Return a read that has not failed and is not too old. A running one is never too old."""
        entry = self._entries.get(key)
        return None if entry is None or self._is_over(entry) else entry

    def start(self, key: K, read: Coroutine[Any, Any, V], *, version: int = 0) -> CachedRead[V]:
        self._entries = {key: entry for key, entry in self._entries.items() if not self._is_over(entry)}
        while len(self._entries) >= self._max_entries:
            del self._entries[next(iter(self._entries))]
        task = asyncio.get_running_loop().create_task(read)
        task.add_done_callback(ignore_result)  # a failure is for those who asked; some may be left, or nobody
        entry = CachedRead(self._clock.monotonic(), task, version)
        self._entries.pop(key, None)
        self._entries[key] = entry
        return entry

    def age_s(self, entry: CachedRead[V]) -> float:
        return self._clock.monotonic() - entry.began_at

    def _is_over(self, entry: CachedRead[V]) -> bool:
        return entry.failed or (entry.task.done() and self.age_s(entry) > self._ttl_s)
