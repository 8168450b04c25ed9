"""Answers that are kept for a moment, so that many who ask the same are answered by one read."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.core.aio import disregard
from app.core.clock import Clock

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Kept(Generic[V]):
    """A read, under way or done."""

    began_at: float  # monotonic
    task: asyncio.Task[V]
    mark: int  # what whoever began it knew then; its meaning is theirs

    @property
    def failed(self) -> bool:
        return self.task.done() and (self.task.cancelled() or self.task.exception() is not None)

    async def answer(self) -> V:
        # Shielded: one that gives up must not take the answer from the others.
        return await asyncio.shield(self.task)


class KeptReads(Generic[K, V]):
    """Reads by key: at most `max_kept`, each until `keep_s` after it began. Who asks decides what is good enough."""

    def __init__(self, *, clock: Clock, keep_s: float, max_kept: int) -> None:
        self._clock = clock
        self._keep_s = keep_s
        self._max_kept = max_kept
        self._kept: dict[K, Kept[V]] = {}

    def find(self, key: K) -> Kept[V] | None:
        """One that has not failed and is not too old. One under way is never too old."""
        kept = self._kept.get(key)
        return None if kept is None or self._is_over(kept) else kept

    def start(self, key: K, read: Coroutine[Any, Any, V], *, mark: int = 0) -> Kept[V]:
        self._kept = {key: kept for key, kept in self._kept.items() if not self._is_over(kept)}
        while len(self._kept) >= self._max_kept:
            del self._kept[next(iter(self._kept))]
        task = asyncio.get_running_loop().create_task(read)
        task.add_done_callback(disregard)  # a failure is for those who asked; some may be left, or nobody
        kept = Kept(self._clock.monotonic(), task, mark)
        self._kept.pop(key, None)
        self._kept[key] = kept
        return kept

    def age_s(self, kept: Kept[V]) -> float:
        return self._clock.monotonic() - kept.began_at

    def _is_over(self, kept: Kept[V]) -> bool:
        return kept.failed or (kept.task.done() and self.age_s(kept) > self._keep_s)
