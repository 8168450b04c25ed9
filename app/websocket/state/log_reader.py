"""Reads the rows of the log that come after a position."""

from typing import Final, NamedTuple

from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database
from app.core.single_flight import SingleFlightCache
from app.events.epoch import LogEpoch
from app.events.event import Event
from app.events.log import read_after
from app.scans.queries import tasks
from app.websocket.messages.encoded_event import EncodedEvent

ROWS: Final = 200  # of one page
# Rows never change. A page may have grown, or have been pruned, since: the next one begins after its last row.
FRESH_S: Final = 0.5
MAX_KEPT: Final = 16


class LogPage(NamedTuple):
    """Rows after a position, in order and without a hole."""

    events: list[Event]  # empty when there are none
    first_kept: int  # no row below it is in the log any more; 0 for a task that is gone

    def follows(self, seq: int) -> bool:
        """Return whether no row is missing between `seq` and this page; otherwise the rows were pruned."""
        return self.first_kept <= seq + 1


class LogReader:
    """Every read of the log behind sockets and event streams. All methods raise DatabaseUnavailable."""

    def __init__(self, *, db: Database, clock: Clock, epoch: LogEpoch) -> None:
        self._db = db
        self._epoch = epoch
        self._kept: SingleFlightCache[tuple[str, int, str], list[EncodedEvent]] = SingleFlightCache(
            clock=clock, ttl_s=FRESH_S, max_entries=MAX_KEPT
        )

    async def page(self, task_id: str, after: int, *, limit: int = ROWS) -> LogPage:
        """Return the next rows, and the start of the kept log."""
        return await self._db.read(
            self._epoch.watching(lambda connection: _read_page(connection, task_id, after, limit))
        )

    async def shared_rows(self, task_id: str, after: int) -> list[EncodedEvent]:
        """Return the next rows, read and encoded once for all readers at the same position.

        After a cut a thousand subscribers come back at nearly the same place, and have missed the same events.
        """
        key = task_id, after, self._epoch.value
        kept = self._kept.find(key)
        if kept is None or (kept.task.done() and not kept.task.result()):
            kept = self._kept.start(key, self._encode(task_id, after))
        return await kept.answer()

    async def _encode(self, task_id: str, after: int) -> list[EncodedEvent]:
        return [EncodedEvent(event) for event in (await self.page(task_id, after)).events]


def _read_page(connection: Connection, task_id: str, after: int, limit: int) -> LogPage:
    events = read_after(connection, task_id, after, limit=limit)
    if events:
        return LogPage(events, events[0].seq)
    heads = tasks.heads(connection, [task_id], [])
    return LogPage([], heads[0].min_seq if heads else 0)
