"""Checks whether the capture storage responds. Without it, scans continue with a warning."""

import asyncio
import hashlib
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from app.captures.port import ContentDamaged, ContentMissing, ContentStorage
from app.core.aio import call_on_loop
from app.core.clock import Clock

EVERY_S: Final = 15.0
WITHIN_S: Final = 5.0  # a storage that takes longer counts as away
NOBODYS: Final = hashlib.sha256(b"is anybody there?").hexdigest()  # no capture has this content
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class CapturesProbe:
    """Checks every few seconds, in a thread; callers get the last result. Event loop only."""

    storage: ContentStorage
    clock: Clock
    within_s: float = WITHIN_S
    answers: bool = field(default=True, init=False)  # before the first look: as if it did
    _looking: asyncio.Future[bool] | None = field(default=None, init=False)  # one thread at most waits for it

    async def keep_looking(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self.clock.sleep(EVERY_S)

    async def look(self) -> bool:
        if self._looking is None or self._looking.done():
            self._looking = looking = asyncio.get_running_loop().create_future()
            threading.Thread(target=self._try, args=(looking,), name="captures-probe", daemon=True).start()
        answers = False
        with suppress(TimeoutError):
            answers = await asyncio.wait_for(asyncio.shield(self._looking), self.within_s)
        if answers != self.answers:
            log.warning("captures_away") if not answers else log.info("captures_back")
        self.answers = answers
        return answers

    def _try(self, looking: "asyncio.Future[bool]") -> None:
        """In a thread that the end of the process does not wait for."""
        try:
            self.storage.read(NOBODYS)
        except (ContentMissing, ContentDamaged):
            answers = True
        except OSError:
            answers = False
        else:
            answers = True
        call_on_loop(looking.get_loop(), looking.set_result, answers)
