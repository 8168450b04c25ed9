"""Checks whether the database accepts writes. Callers need no sign-in, so it writes at most once a second."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Unavailable
from app.identity import accounts

FRESH_S: Final = 1.0  # a good answer counts for so long; a bad one is looked at again
WITHIN_S: Final = 10.0  # above the database's own busy timeout


@dataclass(kw_only=True, eq=False, repr=False)
class DatabaseProbe:
    """One check at a time: concurrent callers share its result."""

    db: Database
    clock: Clock
    _good_until: float | None = field(default=None, init=False)  # monotonic; None before the first good trial
    _trial: asyncio.Task[bool] | None = field(default=None, init=False)  # set while one is under way

    async def is_writable(self) -> bool:
        if self._good_until is not None and self.clock.monotonic() < self._good_until:
            return True
        if self._trial is None or self._trial.done():
            self._trial = asyncio.create_task(self._try(), name="readiness")
        return await asyncio.shield(self._trial)

    async def _try(self) -> bool:
        now = self.clock.now()
        try:
            async with asyncio.timeout(WITHIN_S):
                await self.db.write(lambda connection: accounts.prove_writable(connection, now))
        except (Unavailable, TimeoutError):
            return False
        self._good_until = self.clock.monotonic() + FRESH_S
        return True
