"""Whether the database takes writes. Everybody may ask, so it is really tried at most once a second."""

import asyncio
from typing import Final

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Unavailable
from app.repositories import audit

FRESH_S: Final = 1.0  # a good answer counts for so long; a bad one is looked at again
WITHIN_S: Final = 10.0  # above the database's own busy timeout


class Readiness:
    """One trial at a time: whoever asks meanwhile gets its outcome."""

    def __init__(self, *, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._good_until: float | None = None  # monotonic; None before the first good trial
        self._trial: asyncio.Task[bool] | None = None  # set while one is under way

    async def database_takes_writes(self) -> bool:
        if self._good_until is not None and self._clock.monotonic() < self._good_until:
            return True
        if self._trial is None or self._trial.done():
            self._trial = asyncio.create_task(self._try(), name="readiness")
        return await asyncio.shield(self._trial)

    async def _try(self) -> bool:
        now = self._clock.now()
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._db.write(lambda connection: audit.prove_writable(connection, now))
        except (Unavailable, TimeoutError):
            return False
        self._good_until = self._clock.monotonic() + FRESH_S
        return True
