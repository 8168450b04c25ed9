"""Rows of the workers of a deployment on PostgreSQL. All times are by the database's clock: no worker's is asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from app.core.tables import UtcDateTime
from app.scans.tables import workers

w = workers.c
MAX_LISTED: Final = 1_000
_NOW: Final[Any] = func.now(type_=UtcDateTime())


@dataclass(frozen=True, slots=True)
class WorkerDescription:
    """What a worker says of itself."""

    id: str  # as tasks name it
    host: str
    version: str  # of the program
    queues: tuple[str, ...]
    concurrency: int


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker as it was last heard of."""

    id: str
    host: str
    version: str
    queues: tuple[str, ...]
    concurrency: int
    started_at: datetime
    heartbeat_at: datetime
    silent_s: float  # since then


def beat(connection: Connection, worker: WorkerDescription, started_at: datetime | None) -> datetime:
    """Renew the worker's row, or make it when it is new (`started_at` None) or was forgotten; return when it began."""
    renewed = update(workers).where(w.id == worker.id).values(heartbeat_at=_NOW).returning(w.started_at)
    known: datetime | None = connection.execute(renewed).scalar_one_or_none()
    if known is not None:
        return known
    values = {
        "id": worker.id,
        "host": worker.host,
        "version": worker.version,
        "queues": list(worker.queues),
        "concurrency": worker.concurrency,
        "started_at": _NOW if started_at is None else started_at,
        "heartbeat_at": _NOW,
    }
    made: datetime = connection.execute(insert(workers).values(**values).returning(w.started_at)).scalar_one()
    return made


def leave(connection: Connection, worker_id: str) -> None:
    """Remove the row of a worker that ends."""
    connection.execute(delete(workers).where(w.id == worker_id))


def known(connection: Connection) -> list[WorkerRow]:
    """Return the workers that have a row, by machine and start, at most MAX_LISTED."""
    query = select(workers, _NOW.label("now")).order_by(w.id).limit(MAX_LISTED)
    found = [
        WorkerRow(
            id=row.id,
            host=row.host,
            version=row.version,
            queues=tuple(row.queues),
            concurrency=row.concurrency,
            started_at=row.started_at,
            heartbeat_at=row.heartbeat_at,
            silent_s=max(0.0, (row.now - row.heartbeat_at).total_seconds()),
        )
        for row in connection.execute(query)
    ]
    return sorted(found, key=lambda worker: (worker.host, worker.started_at, worker.id))


def silence(connection: Connection, queue: str) -> float | None:
    """Return the seconds since a worker of that queue was last heard of; None: no such worker has a row."""
    return min((worker.silent_s for worker in known(connection) if queue in worker.queues), default=None)


def forget_silent(connection: Connection, after_s: float) -> list[str]:
    """Remove the rows of workers that have said nothing for so long, and return their ids."""
    now: datetime = connection.execute(select(_NOW)).scalar_one()
    gone = delete(workers).where(w.heartbeat_at < now - timedelta(seconds=after_s)).returning(w.id)
    return list(connection.execute(gone).scalars())
