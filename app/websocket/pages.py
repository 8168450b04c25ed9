"""Pages of the log for those who are behind: read and encoded once for all who stand at the same place."""

from typing import Final

from app.core.clock import Clock
from app.core.db import Database
from app.core.kept import KeptReads
from app.events.epoch import LogEpoch
from app.events.log import read_after
from app.websocket.protocol import EncodedEvent

ROWS: Final = 200  # of one page
# Rows never change. A page may have grown, or have been pruned, since: whoever took it goes on after its last row.
FRESH_S: Final = 0.5
MAX_KEPT: Final = 16


class LogPages:
    """After a cut a thousand followers come back at nearly the same place, and miss the same events."""

    def __init__(self, *, db: Database, clock: Clock, epoch: LogEpoch) -> None:
        self._epoch = epoch
        self._db = db
        self._kept: KeptReads[tuple[str, int, str], list[EncodedEvent]] = KeptReads(
            clock=clock, keep_s=FRESH_S, max_kept=MAX_KEPT
        )

    async def after(self, task_id: str, seq: int) -> list[EncodedEvent]:
        """The rows that follow `seq`; empty when there are none. Raises DatabaseUnavailable."""
        key = task_id, seq, self._epoch.value
        kept = self._kept.find(key)
        if kept is None or (kept.task.done() and not kept.task.result()):
            kept = self._kept.start(key, self._read(task_id, seq))
        return await kept.answer()

    async def _read(self, task_id: str, seq: int) -> list[EncodedEvent]:
        events = await self._db.read(
            self._epoch.watching(lambda connection: read_after(connection, task_id, seq, limit=ROWS))
        )
        return [EncodedEvent(event) for event in events]
