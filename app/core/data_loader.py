"""Batches look-ups of single keys into one read."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MAX_KEYS: Final = 500  # of one read
BATCH_PAUSE_S: Final = 0.005


class DataLoader(Generic[K, V]):
    """Looks keys up; those that are asked for while a read is under way share the next one.

    Alone, a key is read at once. Behind a read that answered several the next one waits for BATCH_PAUSE_S, so that it
    answers more: in a storm of reconnections the reads would be half of the work. A read that answers a `get` began
    after it. One per event loop.
    """

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._read = read
        self._asked: dict[K, asyncio.Future[V | None]] = {}
        self._running: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """Return the value; None if the read did not find it. Raises what the read raises."""
        answer = self._asked.get(key)
        if answer is None:
            loop = asyncio.get_running_loop()
            answer = self._asked[key] = loop.create_future()
            if self._running is None or self._running.done():
                self._running = loop.create_task(self._run(), name="batched reads")
        # Shielded: one that gives up must not take the answer from the others.
        return await asyncio.shield(answer)

    async def _run(self) -> None:
        while self._asked:
            keys = list(self._asked)[:MAX_KEYS]
            answers = {key: self._asked.pop(key) for key in keys}
            try:
                found = await self._read(keys)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is theirs who asked
                for answer in answers.values():
                    answer.set_exception(error)
                    answer.exception()  # the asker may be gone: then nobody needs to hear of it
            except BaseException:
                for answer in answers.values():
                    answer.cancel()
                raise
            else:
                for key, answer in answers.items():
                    answer.set_result(found.get(key))
            if self._asked and 1 < len(keys) < MAX_KEYS:
                await asyncio.sleep(BATCH_PAUSE_S)
