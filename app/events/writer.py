"""Writes events and then tells the bus, so that nothing leaves before COMMIT."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol, runtime_checkable

import structlog
from sqlalchemy import Connection

from app.core import tracing
from app.core.db import Database, OutcomeUnknown
from app.core.tracing import span
from app.events.bus.base import Publisher, TaskHint
from app.events.log import AlreadyCommitted, AppendResult

MAX_INLINE_BYTES = 16_384  # of event bodies in one hint: bigger batches are read from the log

MAX_AGAIN: Final = 3  # further runs of a unit whose COMMIT may have succeeded
log = structlog.get_logger(__name__)

UnitOfWork = Callable[[Connection], AppendResult | None]
UnitOfTasks = Callable[[Connection], Sequence[AppendResult]]  # writes the events of several tasks


@runtime_checkable
class PreparedUnitOfWork(Protocol):
    """A unit that does what it can before the write lock is asked for."""

    def prepare(self) -> None:
        """Do what needs no lock. Called before each try by the one that runs the unit."""
        ...

    def __call__(self, connection: Connection) -> AppendResult | None: ...


class EventWriter:
    """Runs units of work that write events: the only way by which events come into being."""

    def __init__(self, *, db: Database, bus: Publisher) -> None:
        self._db = db
        self._bus = bus

    async def write(self, unit: UnitOfWork) -> AppendResult | None:
        """Run `unit` in one write transaction, then publish the hint. None: its guard did not match.

        A COMMIT that may or may not have succeeded is found out by running the unit again: its `event_id`s make sure
        that it adds nothing twice. Raises DatabaseUnavailable; the caller may run the same unit again for that reason,
        too.
        """
        for number in range(MAX_AGAIN):
            try:
                return await self._write_once(unit)
            except OutcomeUnknown:
                log.warning("commit_unknown", runs=number + 1)
        return await self._write_once(unit)

    async def write_all(self, unit: UnitOfTasks) -> Sequence[AppendResult]:
        """Run a unit that writes events of several tasks in one write transaction, then publish the hint of each.

        After a COMMIT whose outcome is unknown the unit runs again: it finds by itself what is there already, and
        returns nothing of that, so that sweeps alone tell of it. The event loop gets its turn between hints.
        """
        results = await self._write_all(unit)
        for result in results:
            self._published(result)
            await asyncio.sleep(0)
        return results

    async def _write_all(self, unit: UnitOfTasks) -> Sequence[AppendResult]:
        for number in range(MAX_AGAIN):
            try:
                return await self._db.write(unit)
            except OutcomeUnknown:
                log.warning("commit_unknown", runs=number + 1)
        return await self._db.write(unit)

    def write_sync(self, unit: UnitOfWork) -> AppendResult | None:
        """Do the same in a thread."""
        for number in range(MAX_AGAIN):
            try:
                return self._write_once_sync(unit)
            except OutcomeUnknown:
                log.warning("commit_unknown", runs=number + 1)
        return self._write_once_sync(unit)

    async def _write_once(self, unit: UnitOfWork) -> AppendResult | None:
        try:
            result = await self._db.write(unit)
        except AlreadyCommitted as known:
            result = known.result
        return self._published(result)

    def _write_once_sync(self, unit: UnitOfWork) -> AppendResult | None:
        try:
            result = self._db.write_sync(unit)
        except AlreadyCommitted as known:
            result = known.result
        return self._published(result)

    def _published(self, result: AppendResult | None) -> AppendResult | None:
        if result is not None and result.events:
            with span("bus publish", kind="producer"):
                self._bus.publish(hint_of(result))
        return result


def hint_of(result: AppendResult) -> TaskHint:
    """Return the hint for a committed batch, with its bodies when they are small."""
    small = sum(len(event.body) for event in result.events) <= MAX_INLINE_BYTES
    return TaskHint(
        result.task_id,
        result.user_id,
        result.last_seq,
        result.status,
        result.events if small else (),
        result.commits,
        tracing.header(),
    )
