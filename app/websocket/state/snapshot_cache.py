"""Snapshots shared between those who ask at about the same time."""

from typing import Final

from app.core.clock import Clock
from app.core.db import Database
from app.core.single_flight import CachedRead, SingleFlightCache
from app.domain.messages import Language
from app.events.epoch import LogEpoch
from app.websocket.state.state_reader import Snapshot, StateReader

# Where somebody watches the task, a snapshot this old is still right: what came after it is read from the log.
FRESH_S: Final = 0.25
# One that stands at the task's newest event differs from a new one by the time of a heartbeat, or by a place in the
# queue: in a storm of reconnections it serves everybody.
SAME_SEQ_S: Final = 10.0
MAX_KEPT: Final = 64


class SnapshotCache:
    """One read for everybody who wants the same task and tail within FRESH_S, or while nothing happens."""

    def __init__(self, *, db: Database, reader: StateReader, clock: Clock, epoch: LogEpoch) -> None:
        self._epoch = epoch
        self._db = db
        self._reader = reader
        self._kept: SingleFlightCache[tuple[str, int, Language, str], Snapshot | None] = SingleFlightCache(
            clock=clock, ttl_s=SAME_SEQ_S, max_entries=MAX_KEPT
        )

    async def get(self, task_id: str, log_tail: int, language: Language, *, at_least: int = 0) -> Snapshot | None:
        """Return a snapshot at seq `at_least` or above, or None if the task is missing or deleted.

        `at_least` is of an event that was seen: a snapshot below it means that the log has gone back. Raises
        DatabaseUnavailable.
        """
        key = (task_id, log_tail, language, self._epoch.value)
        kept = self._kept.find(key)
        if kept is None or not self._serves(kept, at_least):
            read = self._db.read(
                self._epoch.watching(lambda connection: self._reader.snapshot(connection, task_id, log_tail, language))
            )
            kept = self._kept.start(key, read, version=at_least)
        return await kept.answer()

    def _serves(self, kept: "CachedRead[Snapshot | None]", at_least: int) -> bool:
        if not kept.task.done():
            return kept.version >= at_least  # it has at least what was seen before it began
        snapshot = kept.task.result()
        if snapshot is None or not at_least:  # where nobody knows the newest event, only a read that ends later does
            return False
        if self._kept.age_s(kept) <= FRESH_S:
            return snapshot.seq >= at_least
        return snapshot.seq == at_least
