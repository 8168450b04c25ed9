"""Writes events and tells the bus, in this order: nothing leaves before COMMIT."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection

from app.core.db import Database
from app.events.bus.base import Bus, TaskHint
from app.events.log import AlreadyCommitted, Place

MAX_INLINE_BYTES = 16_384  # of event bodies in one hint: bigger batches are read from the log

Unit = Callable[[Connection], Place | None]


@runtime_checkable
class PreparedUnit(Protocol):
    """A unit that does what it can before the write lock is asked for."""

    def prepare(self) -> None:
        """Called before each try, by whoever runs the unit (`tasks.writer`)."""
        ...

    def __call__(self, connection: Connection) -> Place | None: ...


class Journal:
    """The one door through which events come into being."""

    def __init__(self, *, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus

    async def write(self, unit: Unit) -> Place | None:
        """Run `unit` in one write transaction, then publish the hint. None: its guard did not match.

        Raises DatabaseUnavailable; the outcome is then unknown, and the same unit may be run again: its `event_id`s
        make sure that it adds nothing twice.
        """
        try:
            place = await self._db.write(unit)
        except AlreadyCommitted as known:
            place = known.place
        return self._published(place)

    def write_sync(self, unit: Unit) -> Place | None:
        """The same for a thread."""
        try:
            place = self._db.write_sync(unit)
        except AlreadyCommitted as known:
            place = known.place
        return self._published(place)

    def _published(self, place: Place | None) -> Place | None:
        if place is not None:
            self._bus.publish(hint_of(place))
        return place


def hint_of(place: Place) -> TaskHint:
    """The hint for a committed batch, with its bodies when they are small."""
    small = sum(len(event.body) for event in place.events) <= MAX_INLINE_BYTES
    return TaskHint(
        place.task_id, place.user_id, place.last_seq, place.status, place.events if small else (), place.commits
    )
