"""The services inside this process, without a server: what `scan` works with, and what `demo` looks through."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

from app.client.events import Event
from app.core.clock import to_wire
from app.core.db import DatabaseUnavailable
from app.core.errors import ConfigurationError
from app.events import log
from app.events.bus.base import Hint, TaskHint
from app.services.scans import Actor
from app.wiring import Services

SWEEP_S: Final = 1.0  # a lost hint costs so much time, and nothing else
BATCH: Final = 500
USERS_LOOKED_AT: Final = 1_000


async def local_admin(services: Services) -> Actor:
    """Whoever sits at the machine acts as an administrator: the data folder is theirs.

    Raises ConfigurationError when the database has no active one.
    """
    users, _ = await services.users.list_page(page=1, page_size=USERS_LOOKED_AT)
    admin = next((user for user in users if user.role == "admin" and user.is_active), None)
    if admin is None:
        raise ConfigurationError("The database has no active administrator; make one with `compliance create-admin`.")
    return Actor(admin.id, admin.username, is_admin=True)


async def follow(services: Services, task_id: str) -> AsyncGenerator[Event, None]:
    """Every event of the task from the first on, as soon as it is committed. Endless; ends with the caller."""
    woken = asyncio.Event()

    def listen(hint: Hint) -> None:
        if isinstance(hint, TaskHint) and hint.task_id == task_id:
            woken.set()

    unsubscribe = services.bus.subscribe(listen)
    try:
        seq = 0
        while True:
            woken.clear()
            events = await _read(services, task_id, seq)
            for event in events:
                yield event
                seq = event.seq or seq
            if not events:
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), SWEEP_S)
    finally:
        unsubscribe()


async def _read(services: Services, task_id: str, seq: int) -> list[Event]:
    try:
        found = await services.db.read(lambda connection: log.read_after(connection, task_id, seq, limit=BATCH))
    except DatabaseUnavailable:
        return []  # busy: the next look will do
    return [
        Event.of(
            {
                "type": event.type,
                "task_id": task_id,
                "seq": event.seq,
                "attempt": event.attempt,
                "timestamp": to_wire(event.created_at),
                **event.payload(),
            }
        )
        for event in found
    ]
