"""Waits at the start of a process until PostgreSQL is available, without a time limit, and logs it at intervals.

The embedded deployment's file is not waited for: nobody but us brings it. Nor is Redis, without which all goes on by
the sweep and by the workers' own looks; the bus says that it is away.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure

LOOK_EVERY_S: Final = 1.0
SAY_EVERY_S: Final = 10.0
LOOK_TIMEOUT_S: Final = 1.0  # beside the five seconds that a connection may take to be made
MAX_REASON: Final = 300  # characters of what the driver says
log = structlog.get_logger(__name__)


async def await_database(settings: Settings, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Return when it answers. Each look blocks the loop, on which nothing else runs yet."""
    for pause_s in pauses_before(settings):
        await sleep(pause_s)


def pauses_before(settings: Settings) -> Iterator[float]:
    """Yield how long to wait before each next look, in seconds, until PostgreSQL answers. A look blocks."""
    if settings.embedded:
        return
    db = Database(settings.resolved_database_url, busy_timeout_s=LOOK_TIMEOUT_S)
    try:
        yield from pauses_until(lambda: _trouble_with(db))
    finally:
        db.close_sync()


def pauses_until(look: Callable[[], str | None], *, monotonic: Callable[[], float] = time.monotonic) -> Iterator[float]:
    """`look` returns what is wrong; None: nothing."""
    said_at: float | None = None
    while (reason := look()) is not None:
        now = monotonic()
        if said_at is None or now - said_at >= SAY_EVERY_S:
            log.warning("database_awaited", reason=reason)
            said_at = now
        yield LOOK_EVERY_S
    if said_at is not None:
        log.info("database_answers")


def _trouble_with(db: Database) -> str | None:
    """Return why it cannot be reached. Whatever else is wrong with it, the start says."""
    try:
        db.read_sync(lambda connection: connection.execute(text("SELECT 1")))
    except DatabaseUnavailable as error:
        return _reason_of(error) if error.failure is Failure.UNREACHABLE else None
    return None


def _reason_of(error: DatabaseUnavailable) -> str:
    """Return the driver's words: where it was looked for, and that the password is wrong. They have no password."""
    cause = error.__cause__
    while cause is not None and not isinstance(cause, DBAPIError):
        cause = cause.__cause__
    said = "" if cause is None else " ".join(str(cause.orig).split())
    return said[:MAX_REASON] or error.message
